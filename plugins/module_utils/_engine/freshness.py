# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait until the figures of the exchange certainly include every known move.

The history may show a repayment before the debt has fallen, and likewise an adjustment or a transfer. A run that acts on such a stale
figure would move the amount twice. Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._journal.intent import BASELINE_REACH_MS, Intent
from .._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from .._loans.subject import Subject
from .._reconcile.evidence import margin_without_ledger_ms, seen_in_level
from .._times import CLOCK_SLACK_MS


class Freshness(t.NamedTuple):
    """What one reading passes on to the next.

    :ivar late_until_ms: Until when the figures may be late because a move became final, by the monotonic clock.
    :ivar final_ids: The recent moves that were already final at the last reading.
    """

    late_until_ms: int = 0
    final_ids: frozenset[str] = frozenset()

    def invalidated(self, now_ms: int, margin_ms: int) -> Freshness:
        """Return that the figures may be late again, because a move became final, possibly just now."""
        return self._replace(late_until_ms=now_ms + margin_ms)


class Snapshot(t.NamedTuple):
    """When the figures were read, and the history that was read after them.

    :ivar entries: The moves that change the figures.
    :ivar is_any_open: Whether an accepted move was not confirmed yet after the history was read.
    :ivar begun_ms: When the reading began, by the monotonic clock; C(ended_ms) is when it ended.
    :ivar exchange_time_ms: A time that the exchange's clock had reached when the reading began (UTC, ms).
    """

    entries: t.Sequence[HistoryEntry]
    is_any_open: bool
    begun_ms: int
    ended_ms: int
    exchange_time_ms: int


class FreshnessCheck(t.NamedTuple):
    """Whether a snapshot can be trusted.

    :ivar pause_ms: How long to wait before the next reading, zero to read again at once; none if the snapshot can be trusted.
    :ivar freshness: What to pass on to the next reading.
    """

    pause_ms: int | None
    freshness: Freshness


def check_freshness(snapshot: Snapshot, before: Freshness, margin_ms: int) -> FreshnessCheck:
    """Return how long to wait until the figures include all known moves.

    :param before: What the previous reading passed on.
    :param margin_ms: How late the figures may be at most.
    """
    if snapshot.is_any_open or any(entry.status == PROCESSING for entry in snapshot.entries):
        # A move shows in the figures only after it was processed, however old it is.
        return FreshnessCheck(margin_ms or CLOCK_SLACK_MS, before.invalidated(snapshot.ended_ms, margin_ms))
    made = [entry for entry in snapshot.entries if entry.status != FAILED]
    newest_ms = max((entry.latest_ms for entry in made), default=0)
    remaining_ms = max(newest_ms + margin_ms + 1 - snapshot.exchange_time_ms, before.late_until_ms - snapshot.begun_ms)
    # A move may have become final between the figures and the history, so the figures are read once more.
    recent = {entry.repay_id for entry in made if entry.time_ms > snapshot.exchange_time_ms - BASELINE_REACH_MS}
    after = before._replace(final_ids=before.final_ids | recent)
    if remaining_ms > 0:
        return FreshnessCheck(remaining_ms - 1 + CLOCK_SLACK_MS, after)
    return FreshnessCheck(None if recent <= before.final_ids else 0, after)


def newly_confirmed(
    unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], subject: Subject, now_ms: int, margin_ms: int
) -> list[Intent]:
    """Return the accepted moves that both the history and the figures show, so that the journal can forget them.

    :param unconfirmed: All moves that were not confirmed before, the oldest first.
    :param subject: As it was read before the history.
    :param now_ms: The exchange's time (UTC, ms).
    """
    final = {entry.repay_id for entry in entries if entry.status == SUCCESS}
    seen = seen_in_level(unconfirmed, entries, subject)
    # After so long, the figures must include a move even if nothing else confirms that.
    longest_ms = margin_without_ledger_ms(margin_ms)
    return [i for i in unconfirmed if i.repay_id in final and (i in seen or now_ms > i.window_end_ms + longest_ms)]


def newly_failed(unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], now_ms: int, margin_ms: int) -> list[Intent]:
    """Return the accepted moves that failed on the exchange so long ago that their status will not change anymore."""
    failed = {entry.repay_id for entry in entries if entry.status == FAILED}
    longest_ms = margin_without_ledger_ms(margin_ms)
    return [intent for intent in unconfirmed if intent.repay_id in failed and now_ms > intent.window_end_ms + longest_ms]


def is_confirmed_alone(
    intent: Intent, unconfirmed: t.Sequence[Intent], entries: t.Sequence[HistoryEntry], subject: Subject
) -> bool:
    """Return whether the figures include a move, and no other unconfirmed move can explain them.

    :param unconfirmed: All accepted moves that were not confirmed before.
    :param entries: The history, read before the subject.
    """
    others = [other for other in unconfirmed if other.intent_id != intent.intent_id]
    return not others and bool(seen_in_level([intent], entries, subject))
