# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written down before a repayment is sent, so that whoever comes later can find out what became of it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import parse_exchange_decimal, plain
from ansible_collections.treasury.bybit.plugins.module_utils._loan import Loan
from ansible_collections.treasury.bybit.plugins.module_utils._record import PROCESSING, Record
from ansible_collections.treasury.bybit.plugins.module_utils._times import MINUTE_MS

_Value = t.TypeVar("_Value")

# The exchange accepts a timestamp of less than a second in its future.
_CLOCK_AHEAD_MS = 1000
# How far back a baseline knows the history; the exchange must not tell of a repayment later than that.
BASELINE_REACH_MS = 60 * MINUTE_MS


class Goal(t.NamedTuple):
    """What a run was asked for.

    :ivar amount: To be repaid once, or at least repaid since C(since_ms).
    :ivar since_ms: The moment of a declarative goal (UTC, ms); none for a plain repayment.
    """

    amount: Decimal
    since_ms: int | None = None


class Baseline(t.NamedTuple):
    """The loan and its history as they were before the repayment was sent.

    :ivar records: The entries of the history that were not much older than C(BASELINE_REACH_MS) or in process.
    """

    debt: Decimal
    principal: Decimal
    records: tuple[Record, ...]


def baseline_of(loan: Loan, records: list[Record], now_ms: int) -> Baseline:
    """Return what is worth remembering of a loan and its history."""
    # Twice the reach, because the request may be signed later, and by a clock that is slow.
    young = tuple(r for r in records if r.status == PROCESSING or r.time_ms > now_ms - 2 * BASELINE_REACH_MS)
    return Baseline(loan.debt, loan.principal, young)


@dataclasses.dataclass(frozen=True)
class Intent:
    """One repayment that is about to be sent, or was.

    :ivar intent_id: The name by which a user can speak of it.
    :ivar amount: What is sent: the goal's amount, or what was missing of it.
    :ivar sent_at_ms: Its timestamp (UTC, ms); the exchange accepts it for C(recv_window_ms) from then.
    :ivar repay_id: The exchange's id of it, once known.
    :ivar told: Whether a run has ended by telling the user what became of it.
    """

    intent_id: str
    goal: Goal
    amount: Decimal
    coin: str
    baseline: Baseline
    sent_at_ms: int
    recv_window_ms: int
    repay_id: str | None = None
    told: bool = False

    @property
    def earliest_ms(self) -> int:
        """The exchange cannot have executed it at this time or before."""
        return self.sent_at_ms - _CLOCK_AHEAD_MS

    @property
    def window_end_ms(self) -> int:
        """The last moment at which the exchange may accept it."""
        return self.sent_at_ms + self.recv_window_ms

    def as_document(self) -> dict[str, t.Any]:
        """Return what is stored: JSON values only, amounts as decimal strings."""
        return {
            "intent": self.intent_id,
            "goal": {"amount": plain(self.goal.amount), "since_ms": self.goal.since_ms},
            "amount": plain(self.amount),
            "coin": self.coin,
            "sent_at_ms": self.sent_at_ms,
            "recv_window_ms": self.recv_window_ms,
            "repay_id": self.repay_id,
            "told": self.told,
            "baseline": {
                "debt": plain(self.baseline.debt),
                "principal": plain(self.baseline.principal),
                "records": [{**r._asdict(), "amount": plain(r.amount)} for r in self.baseline.records],
            },
        }


def intent_from(document: t.Any) -> Intent:
    """Return the intent that C(as_document) stored.

    :raises ValueError: When it is anything else.
    """
    try:
        goal, baseline = document["goal"], document["baseline"]
        since_ms, repay_id = goal["since_ms"], document["repay_id"]
        return Intent(
            intent_id=_checked(document["intent"], str),
            goal=Goal(_amount(goal["amount"]), None if since_ms is None else _checked(since_ms, int)),
            amount=_amount(document["amount"]),
            coin=_checked(document["coin"], str),
            baseline=Baseline(
                parse_exchange_decimal(baseline["debt"]),
                parse_exchange_decimal(baseline["principal"]),
                tuple(_record(record) for record in _checked(baseline["records"], list)),
            ),
            sent_at_ms=_checked(document["sent_at_ms"], int),
            recv_window_ms=_checked(document["recv_window_ms"], int),
            repay_id=None if repay_id is None else _checked(repay_id, str),
            told=_checked(document["told"], bool),
        )
    except (LookupError, TypeError) as error:
        raise ValueError(f"not an intent: {error}") from None


def _record(document: t.Any) -> Record:
    return Record(
        repay_id=_checked(document["repay_id"], str),
        amount=parse_exchange_decimal(document["amount"]),
        status=_checked(document["status"], str),
        by_user=_checked(document["by_user"], bool),
        time_ms=_checked(document["time_ms"], int),
    )


def _amount(text: t.Any) -> Decimal:
    amount = parse_exchange_decimal(text)
    if not amount:
        raise ValueError("an amount of nothing")
    return amount


def _checked(value: t.Any, kind: type[_Value]) -> _Value:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{str(value)[:40]} is no {kind.__name__}")
    return value
