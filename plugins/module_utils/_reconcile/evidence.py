# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the exchange shows about a request that was sent: the clocks, the history, and the levels that it changes.

Each question has one function, so that C(judge) reads as a list of questions. Pure: no I/O. This module util is private to the
collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, total
from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, HistoryEntry
from .._loans.subject import Levels, Subject
from .._loans.wallet import Movement
from .._times import DAY_MS, HISTORY_REACH_DAYS, SECOND_MS

# Without the wallet's ledger, settle_margin must pass this many times, because the exchange may hide a move that is in process.
_FACTOR_WITHOUT_LEDGER = 60


class Observation(t.NamedTuple):
    """What one read of the history and of the subject showed.

    :ivar at_ms: A time that the exchange's clock had certainly reached before the read (UTC, ms); none if unknown.
    :ivar away_ms: For how long the request had certainly been sent before the read, by this machine's monotonic clock.
    :ivar entries: The history of the target.
    :ivar subject: What the operation changes; none if the exchange did not list it.
    """

    at_ms: int | None
    away_ms: int
    entries: list[HistoryEntry]
    subject: Subject | None


# Clocks.


def margin_without_ledger_ms(settle_margin_ms: int) -> int:
    """Return for how long the history and the level must show nothing if the wallet's ledger cannot be read."""
    return settle_margin_ms * _FACTOR_WITHOUT_LEDGER


def is_window_closed(intent: Intent, observation: Observation) -> bool:
    """Return whether the exchange can no longer accept the request."""
    return has_passed(intent, observation, 0)


def is_margin_over(intent: Intent, observation: Observation, settle_margin_ms: int) -> bool:
    """Return whether the history and the level must show the move by now if it was executed."""
    return has_passed(intent, observation, settle_margin_ms)


def has_passed(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    """Return whether a margin has passed since the time window closed, by both clocks."""
    return has_passed_at_exchange(intent, observation, margin_ms) and has_passed_here(intent, observation, margin_ms)


def has_passed_at_exchange(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    return observation.at_ms is not None and observation.at_ms > intent.window_end_ms + margin_ms


def has_passed_here(intent: Intent, observation: Observation, margin_ms: int) -> bool:
    return observation.away_ms > intent.open_for_ms + margin_ms


def is_beyond_history(intent: Intent, observation: Observation) -> bool:
    """Return whether the request is too old for the history to show it."""
    return observation.at_ms is not None and observation.at_ms - intent.sent_at_ms > HISTORY_REACH_DAYS * DAY_MS


# History.


def new_entries(intent: Intent, observation: Observation, others: frozenset[str]) -> list[HistoryEntry]:
    """Return the entry with the ID of the request; if it has none, the entries that are new since then and not known to be another's."""
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
    """Return whether an entry shows what the request asked for."""
    if intent.goal.has_own_id:
        return entry.repay_id == intent.intent_id
    if entry.by_user is False or (entry.coin and entry.coin != intent.coin):
        return False
    return entry.amount == intent.amount or is_price_of_whole_loan(entry, intent, is_loan_closed)


def is_price_of_whole_loan(entry: HistoryEntry, intent: Intent, is_loan_closed: bool) -> bool:
    """Return whether an entry of another amount can be the repayment of a whole loan, whose amount the exchange calculates."""
    # A smaller amount means that a part was repaid in the meantime, and counts only if the loan is closed.
    return intent.is_whole and (is_loan_closed or entry.amount > intent.amount)


def ambiguous_entries(new: t.Sequence[HistoryEntry], intent: Intent, settle_margin_ms: int) -> list[HistoryEntry]:
    """Return the new entries that may show the request with another amount: rounded, without interest, after a fee, or in part."""
    latest_ms = intent.window_end_ms + margin_without_ledger_ms(settle_margin_ms)
    return [entry for entry in new if entry.status != FAILED and entry.time_ms <= latest_ms]


def is_accepted_without_trace(intent: Intent, failed: t.Sequence[HistoryEntry]) -> bool:
    """Return whether the exchange accepted the request, and its history shows no failure."""
    return intent.accepted_at_ms is not None and not failed


# Levels: the debt, the pledged collateral, or the balance.


def unexplained_change(intent: Intent, observation: Observation, settle_margin_ms: int) -> Decimal:
    """Return the part of a level's change in the direction of the request that the history does not explain; zero if none, or unknown."""
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
            # The level may not have included yet what was in process or newer than the margin.
            is_late = known.status == PROCESSING or known.time_ms > intent.earliest_ms - settle_margin_ms
            counts = is_late and entry.move == intent.goal.move
        if counts and entry.status != FAILED:
            explained = total(explained, entry.amount if entry.move == intent.goal.move else -entry.amount)
    # When a loan is closed, the exchange waives a remainder below the coin's smallest unit, which is no sign of a repayment.
    waived = Decimal(0) if subject.is_open else intent.amount / 2
    missing = difference(max(changes), explained)
    return missing if missing > waived else Decimal(0)


def level_changes(intent: Intent, levels: Levels) -> list[Decimal]:
    """Return how far each level has moved in the direction of the request; interest can hide a fall of the debt, but not of the principal."""
    now, sign = dict(levels), Decimal(1 if intent.goal.raises_level else -1)
    return [multiply(sign, difference(now[name], before)) for name, before in intent.baseline.levels if name in now]


def borrowed_since(intent: Intent, subject: Subject) -> Decimal:
    """Return by how much the principal rose; zero or less if nothing was borrowed."""
    before, now = dict(intent.baseline.levels), dict(subject.levels)
    return difference(now["principal"], before["principal"]) if "principal" in now and "principal" in before else Decimal(0)


def seen_in_level(intents: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], subject: Subject) -> list[Intent]:
    """Return the moves that the figures of the subject certainly include.

    :param intents: What was moved, the oldest first.
    :param entries: The history of the target; the figures must also include what others have moved since.
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
        # Moves in opposite directions cancel each other, so only all of them together can be recognized.
        wanted = total(needed, *(_as(first, intent.goal.move, intent.amount) for intent in intents))
        return list(intents) if changes[0] == wanted else []
    seen = []
    for intent in intents:
        # Accrued interest may hide a part of the amount.
        if changes[0] >= total(needed, intent.amount / 2):
            seen.append(intent)
        needed = total(needed, intent.amount)
    return seen


def _as(first: Intent, move: str, amount: Decimal) -> Decimal:
    return amount if move == first.goal.move else -amount


def _seen_in_ledger(intents: t.Sequence[Intent], movements: t.Sequence[Movement]) -> list[Intent]:
    """Return the moves that have their own entry in the wallet's ledger."""
    left, seen = list(movements), []
    for intent in intents:
        change = intent.amount if intent.goal.is_incoming else -intent.amount
        fitting = [m for m in left if m.amount == change and m.time_ms > intent.earliest_ms - SECOND_MS]
        if fitting:
            left.remove(fitting[0])
            seen.append(intent)
    return seen
