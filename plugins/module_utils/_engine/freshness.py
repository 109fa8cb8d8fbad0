# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait until what was read can be believed to have every known move in it.

The exchange may show a repayment in its history before the debt has fallen by it, and likewise an adjustment or a transfer. Moving what
such a stale figure suggests would move it twice. Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from .._loans.subject import Subject
from .._reconcile.evidence import margin_without_ledger_ms, seen_in_level
from .._times import CLOCK_SLACK_MS


class Freshness(t.NamedTuple):
    """What one reading leaves to the next.

    :ivar late_until_ms: Until when the figures may be late, by the monotonic clock, because a move has become final.
    :ivar final_ids: The moves of the last time that were final when the history was read.
    """

    late_until_ms: int = 0
    final_ids: frozenset[str] = frozenset()

    def invalidated(self, now_ms: int, margin_ms: int) -> Freshness:
        """Return that the figures may be late again: a move became final, possibly just now, however long ago it was made."""
        return self._replace(late_until_ms=now_ms + margin_ms)


class Snapshot(t.NamedTuple):
    """When something was read, and the history that was read after it.

    :ivar entries: The moves that change it.
    :ivar is_any_open: Whether an accepted move was not confirmed yet when the history had been read.
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


def check_freshness(snapshot: Snapshot, before: Freshness, margin_ms: int) -> FreshnessCheck:
    """Say how long to wait until what is read then has all known moves in it.

    :param before: What the reading before this one has left.
    :param margin_ms: How late the figures may be at worst.
    """
    if snapshot.is_any_open or any(entry.status == PROCESSING for entry in snapshot.entries):
        # However long ago it was made, it shows only when it has been processed.
        return FreshnessCheck(margin_ms or CLOCK_SLACK_MS, before.invalidated(snapshot.ended_ms, margin_ms))
    made = [entry for entry in snapshot.entries if entry.status != FAILED]
    newest_ms = max((entry.latest_ms for entry in made), default=0)
    remaining_ms = max(newest_ms + margin_ms + 1 - snapshot.exchange_time_ms, before.late_until_ms - snapshot.begun_ms)
    # What was in process when the figures were read can be final when the history is, so they are read once more after that.
    recent = {entry.repay_id for entry in made if entry.time_ms > snapshot.exchange_time_ms - BASELINE_REACH_MS}
    after = before._replace(final_ids=before.final_ids | recent)
    if remaining_ms > 0:
        return FreshnessCheck(remaining_ms - 1 + CLOCK_SLACK_MS, after)
    return FreshnessCheck(None if recent <= before.final_ids else 0, after)


def newly_confirmed(
    unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], subject: Subject, now_ms: int, margin_ms: int
) -> list[Intent]:
    """Return which accepted moves the history and the figures show, so that they need not be remembered any more.

    :param unconfirmed: All that were not confirmed before, the oldest first.
    :param subject: As it was read before the history.
    :param now_ms: The exchange's time (UTC, ms).
    """
    final = {entry.repay_id for entry in entries if entry.status == SUCCESS}
    seen = seen_in_level(unconfirmed, entries, subject)
    # Even figures that nothing else confirms must show a move after so long.
    longest_ms = margin_without_ledger_ms(margin_ms)
    return [i for i in unconfirmed if i.repay_id in final and (i in seen or now_ms > i.window_end_ms + longest_ms)]


def newly_failed(unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], now_ms: int, margin_ms: int) -> list[Intent]:
    """Return which accepted moves have failed on the exchange, long enough ago for that to be its last word.

    :param unconfirmed: As above.
    """
    failed = {entry.repay_id for entry in entries if entry.status == FAILED}
    longest_ms = margin_without_ledger_ms(margin_ms)
    return [intent for intent in unconfirmed if intent.repay_id in failed and now_ms > intent.window_end_ms + longest_ms]


def is_confirmed_alone(
    intent: Intent, unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], subject: Subject
) -> bool:
    """Return whether the figures show a final move, and no other one can be what they show.

    :param unconfirmed: All accepted moves that were not confirmed before.
    :param entries: The history, read before the subject.
    """
    others = [other for other in unconfirmed if other.intent_id != intent.intent_id]
    return not others and bool(seen_in_level([intent], entries, subject))
