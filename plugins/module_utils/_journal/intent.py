# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of an operation that is written before the request is sent, so that a later run can find out the outcome.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._amounts import MAX_DECIMALS, parse_exchange_decimal, plain, plain_or_none, round_up
from .._goal import MOVES, Counted, Goal
from .._loans.history import PROCESSING, HistoryEntry
from .._loans.position import Pledged
from .._loans.subject import Levels, Subject, main_level
from .._loans.wallet import Payment
from .._redaction import quotable
from .._times import MINUTE_MS

_Value = t.TypeVar("_Value")

# The exchange accepts a timestamp that is less than a second in its future.
_CLOCK_AHEAD_MS = 1000
# How far back a baseline covers the history. An operation must appear in the history within this time.
BASELINE_REACH_MS = 60 * MINUTE_MS
# The wallet's ledger has whole seconds, so the time alone does not distinguish a payment from one made a few seconds earlier.
_PAID_REACH_MS = MINUTE_MS


class Baseline(t.NamedTuple):
    """The state right before a request was sent: the figures that the operation changes, its history, and the wallets.

    :ivar levels: The amounts that the operation changes, by name; empty if others change them, too.
    :ivar entries: The recent entries of the history, and those in process.
    :ivar wallet: The Funding wallet's balance of the coin; none if the operation does not change it, or if it cannot be read.
    :ivar unified: How much of the coin the UNIFIED wallet could give away; none if the operation does not take from it, or if it is unknown.
    :ivar pledged: How much was pledged of the coins that are sold, by coin; empty if the wallet pays.
    :ivar recent_payments: What this process had moved of the coin within the last minute.
    """

    levels: Levels
    entries: tuple[HistoryEntry, ...]
    wallet: Decimal | None = None
    pledged: Pledged = ()
    recent_payments: tuple[Payment, ...] = ()
    unified: Decimal | None = None

    @property
    def level(self) -> Decimal | None:
        """The main amount, such as the debt; none if others change it, too."""
        return main_level(self.levels)


def baseline_of(
    subject: Subject,
    entries: list[HistoryEntry],
    now_ms: int,
    wallet: Decimal | None,
    pledged: Pledged,
    payments: t.Iterable[Payment] = (),
) -> Baseline:
    """Return the baseline of an operation, with the recent part of its history and payments."""
    # Twice the reach, because the request may be signed later, and this machine's clock may be slow.
    young = tuple(r for r in entries if r.status == PROCESSING or r.time_ms > now_ms - 2 * BASELINE_REACH_MS)
    recent_payments = tuple(p for p in payments if p.coin == subject.coin and p.to_ms > now_ms - _PAID_REACH_MS)
    return Baseline(subject.levels, young, wallet, pledged, recent_payments)


@dataclasses.dataclass(frozen=True)
class Intent:
    """One repayment, adjustment of collateral, or transfer that is about to be sent, or was sent.

    :ivar intent_id: The ID by which a user can name it.
    :ivar amount: The amount that is sent, or the debt if the loan is repaid in full.
    :ivar sent_at_ms: The timestamp of the request (UTC, ms); the exchange accepts it for C(recv_window_ms) from then.
    :ivar repay_id: The exchange's ID of the operation, once known.
    :ivar reported: Whether a run has reported the outcome.
    :ivar is_whole: Whether the loan is repaid in full, so that the exchange calculates the amount.
    :ivar accepted_at_ms: When the exchange accepted it without returning an ID of its own (UTC, ms).
    :ivar sent_monotonic_ms: When it was signed, by this machine's monotonic clock, which starts at boot; none if the system does not
        identify its boots.
    :ivar boot_id: Identifies that boot of the machine.
    :ivar reported_at_ms: When a run wrote its result to an output that perhaps nobody read (UTC, ms); none if no run did.
    :ivar is_shown: Whether the figures that it changes have shown it; somebody else's operation may have caused that.
    :ivar reference: The reference of the step; none if it has none.
    :ivar counted: What it counts toward; none if it is not of a policy.
    """

    intent_id: str
    goal: Goal
    amount: Decimal
    coin: str
    baseline: Baseline
    sent_at_ms: int
    recv_window_ms: int
    repay_id: str | None = None
    reported: bool = False
    is_whole: bool = False
    accepted_at_ms: int | None = None
    sent_monotonic_ms: int | None = None
    boot_id: str = ""
    reported_at_ms: int | None = None
    reference: str | None = None
    is_shown: bool = False
    counted: Counted | None = None

    @property
    def earliest_ms(self) -> int:
        """A time (UTC, ms) at or before which the exchange cannot have executed it."""
        return self.sent_at_ms - _CLOCK_AHEAD_MS

    @property
    def window_end_ms(self) -> int:
        """The last moment (UTC, ms) at which the exchange may accept it, or when it did."""
        return self.sent_at_ms + self.recv_window_ms if self.accepted_at_ms is None else self.accepted_at_ms

    @property
    def open_for_ms(self) -> int:
        """How long (ms) after it was sent the exchange may accept it, however wrong both clocks are."""
        return self.recv_window_ms + _CLOCK_AHEAD_MS if self.accepted_at_ms is None else 0

    def as_document(self) -> dict[str, t.Any]:
        """Return the intent as JSON values, with amounts as decimal strings."""
        return {
            "intent": self.intent_id,
            "goal": self.goal.as_document(),
            "amount": plain(self.amount),
            "coin": self.coin,
            "sent_at_ms": self.sent_at_ms,
            "recv_window_ms": self.recv_window_ms,
            "repay_id": self.repay_id,
            "reported": self.reported,
            "is_whole": self.is_whole,
            "accepted_at_ms": self.accepted_at_ms,
            "sent_monotonic_ms": self.sent_monotonic_ms,
            "boot_id": self.boot_id,
            "reported_at_ms": self.reported_at_ms,
            "reference": self.reference,
            "is_shown": self.is_shown,
            "counted": None if self.counted is None else _counted_as_stored(self.counted),
            "baseline": {
                "levels": {name: plain(amount) for name, amount in self.baseline.levels},
                "entries": [_stored(entry) for entry in self.baseline.entries],
                "wallet": plain_or_none(self.baseline.wallet),
                "unified": plain_or_none(self.baseline.unified),
                "pledged": {coin: plain(amount) for coin, amount in self.baseline.pledged},
                "paid": [{**payment._asdict(), "amount": plain(payment.amount)} for payment in self.baseline.recent_payments],
            },
        }


def intent_from(document: t.Any) -> Intent:
    """Return the intent that C(as_document) stored.

    :raises ValueError: If the document is anything else.
    """
    try:
        baseline = document["baseline"]
        return Intent(
            intent_id=_checked(document["intent"], str),
            goal=_goal(document["goal"]),
            amount=_amount(document["amount"]),
            coin=_checked(document["coin"], str),
            baseline=Baseline(
                tuple((name, parse_exchange_decimal(amount)) for name, amount in _checked(baseline["levels"], dict).items()),
                tuple(_entry(entry) for entry in _checked(baseline["entries"], list)),
                None if baseline["wallet"] is None else parse_exchange_decimal(baseline["wallet"]),
                tuple((coin, parse_exchange_decimal(held)) for coin, held in _checked(baseline["pledged"], dict).items()),
                tuple(_payment(payment) for payment in _checked(baseline["paid"], list)),
                None if baseline["unified"] is None else parse_exchange_decimal(baseline["unified"]),
            ),
            sent_at_ms=_checked(document["sent_at_ms"], int),
            recv_window_ms=_checked(document["recv_window_ms"], int),
            repay_id=_optional(document["repay_id"], str),
            reported=_checked(document["reported"], bool),
            is_whole=_checked(document["is_whole"], bool),
            accepted_at_ms=_optional(document["accepted_at_ms"], int),
            sent_monotonic_ms=_optional(document["sent_monotonic_ms"], int),
            boot_id=_checked(document["boot_id"], str),
            reported_at_ms=_optional(document["reported_at_ms"], int),
            reference=_optional(document["reference"], str),
            is_shown=_checked(document["is_shown"], bool),
            # Missing in intents that were written with version 1 of the schema.
            counted=None if document.get("counted") is None else _counted(document["counted"]),
        )
    except (LookupError, TypeError) as error:
        raise ValueError(f"not an intent: {error}") from None


def _goal(document: t.Any) -> Goal:
    amount, max_debt, max_ltv, min_ltv, ensure = (document[name] for name in ("amount", "max_debt", "max_ltv", "min_ltv", "ensure"))
    if [amount, max_debt, max_ltv, min_ltv, ensure].count(None) != 4:
        raise ValueError("its goal is ambiguous")
    if document["move"] not in MOVES:
        raise ValueError("its move is unknown")
    return Goal(
        move=document["move"],
        amount=None if amount is None else _amount(amount),
        since_ms=_optional(document["since_ms"], int),
        max_debt=None if max_debt is None else parse_exchange_decimal(max_debt),
        max_ltv=None if max_ltv is None else _amount(max_ltv),
        min_ltv=None if min_ltv is None else _amount(min_ltv),
        ensure=None if ensure is None else _amount(ensure),
        collateral=tuple(_checked(coin, str) for coin in _checked(document["collateral"], list)),
    )


def _counted_as_stored(counted: Counted) -> dict[str, t.Any]:
    return {
        "shares": [{"rule": rule, "amount": _rounded(amount)} for rule, amount in counted.shares],
        "moved": [{"coin": coin, "amount": _rounded(amount)} for coin, amount in counted.moved],
        "usd": None if counted.usd is None else _rounded(counted.usd),
    }


def _rounded(amount: Decimal) -> str:
    # Up, so that caps count no less. A value in USD may have endless digits, and an intent that cannot be read back stops all runs.
    return plain(round_up(amount, MAX_DECIMALS))


def _counted(document: t.Any) -> Counted:
    usd = document["usd"]
    return Counted(
        tuple((_checked(share["rule"], str), parse_exchange_decimal(share["amount"])) for share in _checked(document["shares"], list)),
        tuple((_checked(moved["coin"], str), parse_exchange_decimal(moved["amount"])) for moved in _checked(document["moved"], list)),
        None if usd is None else parse_exchange_decimal(usd),
    )


def _stored(entry: HistoryEntry) -> dict[str, t.Any]:
    return {
        "repay_id": entry.repay_id,
        "amount": plain(entry.amount),
        "status": entry.status,
        "by_user": entry.by_user,
        "time_ms": entry.time_ms,
        "move": entry.move,
    }


def _entry(document: t.Any) -> HistoryEntry:
    return HistoryEntry(
        repay_id=_checked(document["repay_id"], str),
        amount=parse_exchange_decimal(document["amount"]),
        status=_checked(document["status"], str),
        by_user=_optional(document["by_user"], bool),
        time_ms=_checked(document["time_ms"], int),
        move=_checked(document["move"], str),
    )


def _payment(document: t.Any) -> Payment:
    return Payment(
        coin=_checked(document["coin"], str),
        amount=_amount(document["amount"]),
        from_ms=_checked(document["from_ms"], int),
        to_ms=_checked(document["to_ms"], int),
        is_incoming=_checked(document["is_incoming"], bool),
    )


def _amount(text: t.Any) -> Decimal:
    amount = parse_exchange_decimal(text)
    if not amount:
        raise ValueError("an amount is zero")
    return amount


def _optional(value: t.Any, kind: type[_Value]) -> _Value | None:
    return None if value is None else _checked(value, kind)


def _checked(value: t.Any, kind: type[_Value]) -> _Value:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{quotable(str(value), 40)} is not of type {kind.__name__}")
    return value
