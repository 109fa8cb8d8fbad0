# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the exchange shows of what was sent, and what each piece says: clocks, history, levels, and the money.

Each question has one function, so that C(judge) reads as a list of them. Pure: no I/O. This module util is private to the
collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, total
from .._goal import REPAY, TAKE_BACK, TO_FUND
from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from .._loans.position import Pledged
from .._loans.subject import Levels, Subject
from .._loans.wallet import Movement, Payment
from .._times import DAY_MS, HISTORY_REACH_DAYS, SECOND_MS

# How many times settle_margin must pass when no wallet ledger can be read, because the exchange may hide what is in process.
_FACTOR_WITHOUT_LEDGER = 60
# The exchange may show an amount rounded, or after a fee.
_NEARLY = Decimal("0.99")


class Observation(t.NamedTuple):
    """What one read of the history and of what the operation changes showed.

    :ivar at_ms: A time that the exchange's clock had certainly reached before the read; none if unknown.
    :ivar away_ms: How long before the read the request had certainly left, by this machine's monotonic clock.
    :ivar entries: The history of the target.
    :ivar subject: What the operation changes; none when the exchange did not list it.
    """

    at_ms: int | None
    away_ms: int
    entries: list[HistoryEntry]
    subject: Subject | None


class Funds(t.NamedTuple):
    """What happened to the money: in the Funding wallet, or in the collateral that is sold.

    :ivar moved: What left the wallet while the request could be executed, or came in if that is what was sent, by its ledger; none if that
        cannot be read.
    :ivar balance: What the wallet holds now; none when that cannot be read.
    :ivar net: What came into the wallet since the request was sent, less what left, by the ledger; none when it cannot be read.
    :ivar pledged: What is pledged now, by coin.
    :ivar unified: What the UNIFIED wallet can give away now; none when the money does not come from there, or when that cannot be read.
    :ivar ledger_gap: Why no ledger can rule out that the money has moved, as a clause; empty when the ledger can.
    """

    moved: Decimal | None = None
    balance: Decimal | None = None
    net: Decimal | None = None
    pledged: Pledged = ()
    ledger_gap: str = ""
    unified: Decimal | None = None

    def gap(self, intent: Intent) -> str:
        """Return why neither the ledger nor the wallet that pays can rule out that the money has moved, as a clause; empty when they can."""
        if self.ledger_gap or intent.goal.move != TO_FUND:
            return self.ledger_gap
        before = intent.baseline.unified
        if before is None or self.unified is None:
            return "the transferable balance of the UNIFIED wallet could not be read"
        # A transfer in process has left there already.
        has_fallen = difference(before, self.unified) >= multiply(intent.amount, _NEARLY)
        return f"the transferable balance of the UNIFIED wallet was {plain(before)} {intent.coin} before and is {plain(self.unified)} now" if has_fallen else ""


# Clocks.


def margin_without_ledger_ms(settle_margin_ms: int) -> int:
    """Return how long history and debt must show nothing when no wallet ledger can be read."""
    return settle_margin_ms * _FACTOR_WITHOUT_LEDGER


def is_window_closed(intent: Intent, observation: Observation) -> bool:
    """Return whether the exchange can no longer accept the repayment."""
    return has_passed(intent, observation, 0)


def is_margin_over(intent: Intent, observation: Observation, settle_margin_ms: int) -> bool:
    """Return whether history and debt must show the repayment by now if it was executed."""
    return has_passed(intent, observation, settle_margin_ms)


def has_passed(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    """Return whether a margin has passed since the acceptance window closed, by both clocks."""
    return has_passed_at_exchange(intent, observation, margin_ms) and has_passed_here(intent, observation, margin_ms)


def has_passed_at_exchange(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    return observation.at_ms is not None and observation.at_ms > intent.window_end_ms + margin_ms


def has_passed_here(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    return observation.away_ms > intent.open_for_ms + margin_ms


def is_beyond_history(intent: Intent, observation: Observation) -> bool:
    """Return whether the repayment is too old for the history to show it."""
    return observation.at_ms is not None and observation.at_ms - intent.sent_at_ms > HISTORY_REACH_DAYS * DAY_MS


# History.


def new_entries(intent: Intent, observation: Observation, others: frozenset[str]) -> list[HistoryEntry]:
    """Return the entries that were made after the request was signed and are not known to be of another one, or the one with its own ID."""
    if intent.goal.has_own_id:
        return [entry for entry in observation.entries if entry.repay_id == intent.intent_id]
    return [
        entry for entry in observation.entries
        if entry.move == intent.goal.move
        and entry.repay_id not in others and not was_listed_before(entry, intent) and not was_made_before(entry, intent)
    ]


def was_listed_before(entry: HistoryEntry, intent: Intent) -> bool:
    return entry.repay_id in {known.repay_id for known in intent.baseline.entries}


def was_made_before(entry: HistoryEntry, intent: Intent) -> bool:
    return entry.latest_ms <= intent.earliest_ms


def looks_like(entry: HistoryEntry, intent: Intent, is_loan_closed: bool) -> bool:
    """Return whether an entry shows what the request was meant to do."""
    if intent.goal.has_own_id:
        return entry.repay_id == intent.intent_id
    if entry.by_user is False or (entry.coin and entry.coin != intent.coin):
        return False
    return entry.amount == intent.amount or is_price_of_whole_loan(entry, intent, is_loan_closed)


def is_price_of_whole_loan(entry: HistoryEntry, intent: Intent, is_loan_closed: bool) -> bool:
    """Return whether an entry of another amount can be the repayment of a whole loan, whose amount the exchange calculates."""
    # It is not less than what was owed, unless a part was paid in the meantime.
    return intent.is_whole and (is_loan_closed or entry.amount > intent.amount)


def ambiguous_entries(new: t.Sequence[HistoryEntry], intent: Intent, settle_margin_ms: int) -> list[HistoryEntry]:
    """Return the new entries that may show the repayment: rounded, without interest, after a fee, or in part."""
    latest_ms = intent.window_end_ms + margin_without_ledger_ms(settle_margin_ms)
    return [entry for entry in new if entry.status != FAILED and entry.time_ms <= latest_ms]


def is_accepted_without_trace(intent: Intent, failed: t.Sequence[HistoryEntry]) -> bool:
    """Return whether the exchange has accepted the repayment, and its history shows neither that nor a failure."""
    return intent.accepted_at_ms is not None and not failed


# Levels: the debt, or what is pledged.


def unexplained_change(intent: Intent, observation: Observation, settle_margin_ms: int) -> Decimal:
    """Return by how much more a level has changed as the request would than the history explains; zero if it has not, or if it is unknown."""
    subject = observation.subject
    changes = [] if subject is None else level_changes(intent, subject.levels)
    if subject is None or not changes:
        return Decimal(0)
    before = {entry.repay_id: entry for entry in intent.baseline.entries}
    explained = Decimal(0)
    for entry in observation.entries:
        known = before.get(entry.repay_id)
        if known is None:
            counts = entry.time_ms > intent.earliest_ms - BASELINE_REACH_MS
        else:
            # The level may not have shown yet what was in process, or was made within the margin.
            is_late = known.status == PROCESSING or known.time_ms > intent.earliest_ms - settle_margin_ms
            counts = is_late and entry.move == intent.goal.move
        if counts and entry.status != FAILED:
            explained = total(explained, entry.amount if entry.move == intent.goal.move else -entry.amount)
    # Closing a loan waives what is below the coin's smallest unit; that does not indicate a repayment.
    waived = Decimal(0) if subject.is_open else intent.amount / 2
    missing = difference(max(changes), explained)
    return missing if missing > waived else Decimal(0)


def level_changes(intent: Intent, levels: Levels) -> list[Decimal]:
    """Return by how much each level has changed as the request would; accrued interest hides a fall of the debt, but not one of the principal."""
    now, sign = dict(levels), Decimal(1 if intent.goal.raises_level else -1)
    return [multiply(sign, difference(now[name], before)) for name, before in intent.baseline.levels if name in now]


def borrowed_since(intent: Intent, subject: Subject) -> Decimal:
    """Return by how much the principal has risen; zero or less if nothing was borrowed."""
    before, now = dict(intent.baseline.levels), dict(subject.levels)
    return difference(now["principal"], before["principal"]) if "principal" in now and "principal" in before else Decimal(0)


def seen_in_level(intents: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], subject: Subject) -> list[Intent]:
    """Return which of some moves the exchange shows in the figures that they change, as far as that can be known.

    :param intents: What was moved, the oldest first.
    :param entries: The history of the target; the figures must show what others have moved since, too.
    """
    if not intents:
        return []
    movements = subject.movements
    if movements is not None:
        return _seen_in_ledger(intents, movements)
    if not subject.is_open:
        return list(intents)
    first = intents[0]
    changes = level_changes(first, subject.levels)
    if not changes:
        return []
    known = {intent.repay_id for intent in intents} | {entry.repay_id for entry in first.baseline.entries}
    others = [r for r in entries if r.repay_id not in known and r.latest_ms > first.earliest_ms and r.status != FAILED]
    needed = total(*(_as(first, r.move, r.amount) for r in others))
    if len({move.goal.move for move in intents} | {r.move for r in others}) > 1:
        # In both directions, only all of them together can be seen.
        wanted = total(needed, *(_as(first, intent.goal.move, intent.amount) for intent in intents))
        return list(intents) if changes[0] == wanted else []
    seen = []
    for intent in intents:
        # Interest may hide a part of it.
        if changes[0] >= total(needed, intent.amount / 2):
            seen.append(intent)
        needed = total(needed, intent.amount)
    return seen


def _as(first: Intent, move: str, amount: Decimal) -> Decimal:
    return amount if move == first.goal.move else -amount


def _seen_in_ledger(intents: t.Sequence[Intent], movements: t.Sequence[Movement]) -> list[Intent]:
    """Return the moves that have an entry in the wallet's ledger, each one of its own."""
    left, seen = list(movements), []
    for intent in intents:
        change = intent.amount if intent.goal.is_incoming else -intent.amount
        fitting = [m for m in left if m.amount == change and m.time_ms > intent.earliest_ms - SECOND_MS]
        if fitting:
            left.remove(fitting[0])
            seen.append(intent)
    return seen


# The money.


def has_moved(intent: Intent, funds: Funds) -> bool:
    """Return whether the wallet's ledger shows that about as much as was sent has moved."""
    return funds.moved is not None and funds.moved >= multiply(intent.amount, _NEARLY)


def has_balance_moved(intent: Intent, funds: Funds) -> bool:
    """Return whether the balance of the wallet has changed by about as much as was sent, and its ledger does not explain that."""
    before = intent.baseline.wallet
    if before is None or funds.balance is None:
        return False
    fallen = difference(total(before, funds.net or Decimal(0)), funds.balance)
    return (-fallen if intent.goal.is_incoming else fallen) >= multiply(intent.amount, _NEARLY)


def sold_collateral(intent: Intent, funds: Funds) -> tuple[str, Decimal, Decimal] | None:
    """Return the first coin of which less is pledged than before, with both amounts; none when there is no such coin."""
    pledged = dict(funds.pledged)
    for coin, before in intent.baseline.pledged:
        now = pledged.get(coin, Decimal(0))
        if now < before:
            return coin, before, now
    return None


def without_own(movements: t.Sequence[Movement], paid: t.Iterable[Payment]) -> list[Movement]:
    """Remove what the same process has moved before: one entry of the ledger for each."""
    left = list(movements)
    for payment in paid:
        # The ledger truncates its times to the second.
        fitting = [
            movement for movement in left
            if movement.amount == payment.change and payment.from_ms - 2 * SECOND_MS < movement.time_ms <= payment.to_ms
        ]
        if fitting:
            left.remove(fitting[0])
    return left


def moved_before(intent: Intent, entries: t.Sequence[HistoryEntry]) -> list[Payment]:
    """Return what other adjustments or transfers have moved before an intent was sent; a repayment need not be one from the wallet."""
    if intent.goal.move == REPAY:
        return []
    done = [r for r in entries if r.repay_id != intent.intent_id and r.status == SUCCESS]
    # An adjustment has no ID of ours, so it is another one only if it was there before.
    others = [r for r in done if was_listed_before(r, intent) or (intent.goal.has_own_id and r.time_ms < intent.sent_at_ms)]
    moved = [Payment(intent.coin, r.amount, r.time_ms, r.time_ms + SECOND_MS, r.move in (TO_FUND, TAKE_BACK)) for r in others]
    # What this process has moved is remembered already, and explains one movement only.
    return [p for p in moved if not any(_is_same(p, own) for own in intent.baseline.recent_payments)]


def _is_same(payment: Payment, own: Payment) -> bool:
    return payment.change == own.change and own.from_ms - 2 * SECOND_MS < payment.from_ms <= own.to_ms + SECOND_MS
