# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait until a debt that was read can be believed to have every known repayment in it.

The exchange may show a repayment in its history before the debt has fallen by it. Paying what such a stale debt suggests would pay
it twice. Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from .._loans.loan import Loan
from .._reconcile.evidence import margin_without_ledger_ms, seen_in_debt
from .._times import CLOCK_SLACK_MS


class Freshness(t.NamedTuple):
    """What one reading leaves to the next.

    :ivar late_until_ms: Until when the debt may be late, by the monotonic clock, because a repayment has become final.
    :ivar final_ids: The repayments of the last time that were final when the history was read.
    """

    late_until_ms: int = 0
    final_ids: frozenset[str] = frozenset()

    def invalidated(self, now_ms: int, margin_ms: int) -> Freshness:
        """Return that the debt may be late again: a repayment became final, possibly just now, however long ago it was made."""
        return self._replace(late_until_ms=now_ms + margin_ms)


class DebtSnapshot(t.NamedTuple):
    """A debt as it was read, and the history that was read after it.

    :ivar entries: The repayments that lower it.
    :ivar is_any_open: Whether an accepted repayment was not confirmed yet when the history had been read.
    :ivar begun_ms: When the reading began, by the monotonic clock; C(ended_ms) is when it ended.
    :ivar exchange_time_ms: What the exchange's clock had reached when it began (UTC, ms).
    """

    entries: t.Sequence[HistoryEntry]
    is_any_open: bool
    begun_ms: int
    ended_ms: int
    exchange_time_ms: int


class FreshnessCheck(t.NamedTuple):
    """Whether a snapshot can be believed.

    :ivar pause_ms: How long to wait before it is read again, zero to read again at once; none when it can be believed.
    :ivar freshness: What is known by then.
    """

    pause_ms: int | None
    freshness: Freshness


def check_freshness(snapshot: DebtSnapshot, before: Freshness, margin_ms: int) -> FreshnessCheck:
    """Say how long to wait until what is read then has all known repayments in it.

    :param before: What the reading before this one has left.
    :param margin_ms: How late the debt may be at worst.
    """
    if snapshot.is_any_open or any(entry.status == PROCESSING for entry in snapshot.entries):
        # However long ago it was made, the debt falls only when it has been processed.
        return FreshnessCheck(margin_ms or CLOCK_SLACK_MS, before.invalidated(snapshot.ended_ms, margin_ms))
    made = [entry for entry in snapshot.entries if entry.status != FAILED]
    newest_ms = max((entry.latest_ms for entry in made), default=0)
    remaining_ms = max(newest_ms + margin_ms + 1 - snapshot.exchange_time_ms, before.late_until_ms - snapshot.begun_ms)
    # What was in process when the debt was read can be final when the history is, so the debt is read once more after that.
    recent = {entry.repay_id for entry in made if entry.time_ms > snapshot.exchange_time_ms - BASELINE_REACH_MS}
    after = before._replace(final_ids=before.final_ids | recent)
    if remaining_ms > 0:
        return FreshnessCheck(remaining_ms - 1 + CLOCK_SLACK_MS, after)
    return FreshnessCheck(None if recent <= before.final_ids else 0, after)


def newly_confirmed(
    unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], loan: Loan, now_ms: int, margin_ms: int
) -> list[Intent]:
    """Return which accepted repayments history and debt show, so that they need not be remembered any more.

    :param unconfirmed: All that were not confirmed before, the oldest first.
    :param loan: As it was read before the history.
    :param now_ms: The exchange's time (UTC, ms).
    """
    final = {entry.repay_id for entry in entries if entry.status == SUCCESS}
    in_debt = seen_in_debt(unconfirmed, entries, loan)
    # Even a debt that nothing else confirms must show a repayment after so long.
    longest_ms = margin_without_ledger_ms(margin_ms)
    return [i for i in unconfirmed if i.repay_id in final and (i in in_debt or now_ms > i.window_end_ms + longest_ms)]


def newly_failed(unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], now_ms: int, margin_ms: int) -> list[Intent]:
    """Return which accepted repayments have failed on the exchange, long enough ago for that to be its last word.

    :param unconfirmed: As above.
    """
    failed = {entry.repay_id for entry in entries if entry.status == FAILED}
    longest_ms = margin_without_ledger_ms(margin_ms)
    return [intent for intent in unconfirmed if intent.repay_id in failed and now_ms > intent.window_end_ms + longest_ms]


def is_confirmed_alone(
    intent: Intent, unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], loan: Loan
) -> bool:
    """Return whether the debt shows a final repayment, and no other one can be what it shows.

    :param unconfirmed: All accepted repayments that were not confirmed before.
    :param entries: The history, read before the loan.
    """
    others = [other for other in unconfirmed if other.intent_id != intent.intent_id]
    return not others and bool(seen_in_debt([intent], entries, loan))
