# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reconcile one request that this run or an earlier one sent: find it, then follow it until it is final.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._amounts import plain
from .._api.errors import JournalUnusable
from .._journal.intent import Intent
from .._journal.journal import Journal
from .._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from .._outcomes import EXECUTED, NOT_EXECUTED, PENDING
from .._words import WORDS
from .judge import Reconciled, mismatch
from .poll import Followed, Poller


class Reconciler:
    """Finds out the outcomes of requests, and records them in the journal.

    :param wait: Whether to follow an accepted request until it is final.
    """

    def __init__(self, poller: Poller, journal: Journal, wait: bool) -> None:
        self._poller = poller
        self._journal = journal
        self._wait = wait

    def reconcile(self, intent: Intent, deadline_ms: int, shown: t.Sequence[HistoryEntry] | None = None) -> Reconciled:
        """Find out the outcome of an intent.

        :param deadline_ms: When to give up, by the monotonic clock.
        :param shown: The history as it was read after the request had left; none to read it.
        """
        others, doubt, failed_id = self._journal.repay_ids(), "", None
        if intent.repay_id is not None:
            warning = self.write_down(intent)
            followed = self._follow(intent, intent.repay_id, None, deadline_ms, shown)
            entry = followed.entry
            if entry is not None:
                doubt = mismatch(entry, intent)
            elif self._wait and not intent.goal.has_own_id:
                doubt = self._poller.target_of(intent.repay_id)
            if not doubt and (entry is None or entry.status != FAILED):
                return self._conclude(Reconciled(PENDING, intent, warning=warning, entries=followed.entries), entry, deadline_ms)
            if doubt:
                # The exchange accepted it, but the ID is not reliable, so look for the entry without it.
                others |= {intent.repay_id}
                doubt = f"the exchange gave it the ID {intent.repay_id}, but {doubt}; "
            else:
                # The history says that it failed; the level and the wallet must confirm that the money is still there.
                others, failed_id = others - {intent.repay_id}, intent.repay_id
            intent = dataclasses.replace(intent, repay_id=None, accepted_at_ms=intent.window_end_ms)
        failed: set[str] = set()
        while True:
            finding, evidence = self._poller.find_outcome(intent, others, deadline_ms)
            if finding.outcome != EXECUTED or finding.entry is None:
                if finding.outcome == NOT_EXECUTED:
                    self._journal.discard(intent, finding.reason)
                found = dataclasses.replace(intent, repay_id=failed_id)
                return Reconciled(finding.outcome, found, finding._replace(reason=doubt + finding.reason), evidence)
            entry = self._follow(intent, finding.entry.repay_id, finding.entry, deadline_ms).entry or finding.entry
            if entry.status != FAILED:
                found = dataclasses.replace(intent, repay_id=entry.repay_id)
                return self._conclude(Reconciled(PENDING, found, finding, evidence), entry, deadline_ms)
            # The failed entry may be another client's, so search on. If it comes back as a match, leave it out.
            others |= failed & {entry.repay_id}
            failed.add(entry.repay_id)

    def _follow(
        self, intent: Intent, repay_id: str, entry: HistoryEntry | None, deadline_ms: int, shown: t.Sequence[HistoryEntry] | None = None
    ) -> Followed:
        if self._wait and (entry is None or not entry.is_final):
            return self._poller.follow(intent, repay_id, deadline_ms, shown=shown)
        if entry is None and intent.goal.has_own_id:
            # The exchange may accept a transfer that then fails, so look once even without wait.
            return self._poller.follow(intent, repay_id, 0)
        return Followed(entry)

    def _conclude(self, found: Reconciled, entry: HistoryEntry | None, deadline_ms: int) -> Reconciled:
        """Return the end of a move that was executed, or is pending."""
        if entry is not None and not entry.amount:
            found = found._replace(warning=found.warning or _no_amount(found.intent, entry))
        elif entry is not None and not (found.intent.is_whole and entry.status == PROCESSING):
            # The amount in the history counts; for a whole loan, only the exchange knows it.
            if entry.amount != found.intent.amount and not found.intent.is_whole:
                found = found._replace(warning=found.warning or _other_amount(found.intent, entry))
            # An entry with our own ID is what we sent, whatever amount it shows.
            if not found.intent.goal.has_own_id:
                found = found._replace(intent=with_history_amount(found.intent, entry))
        if has_succeeded(entry) and (self._poller.tells_status or self._poller.await_arrival(found.intent, deadline_ms)):
            found = found._replace(outcome=EXECUTED, warning=found.warning or self.write_down(found.intent))
        # The figures that it changes may not include it yet.
        is_final = found.outcome == EXECUTED
        known = found.finding.reason if found.finding else "the history shows it as final" if is_final else "the exchange accepted it"
        self._journal.mark_made(found.intent, is_final, known)
        return found

    def write_down(self, intent: Intent) -> str:
        """Record the ID of a move for later runs; return an error as a warning, because the move itself did not fail."""
        if intent.repay_id in self._journal.repay_ids():
            return ""
        try:
            self._journal.note(intent)
        except JournalUnusable as error:
            return f"The ID of the {WORDS[intent.goal.move].entry} could not be recorded: {error}"
        return ""


def has_succeeded(entry: HistoryEntry | None) -> bool:
    """Return whether the history shows a move as successful."""
    return entry is not None and entry.status == SUCCESS


def with_history_amount(intent: Intent, entry: HistoryEntry) -> Intent:
    """Return an intent with the amount that the history shows for it."""
    return dataclasses.replace(intent, amount=entry.amount)


def _other_amount(intent: Intent, entry: HistoryEntry) -> str:
    """Warn that the exchange shows an amount other than the one that was sent."""
    reported = "amount that was sent" if intent.goal.has_own_id else "amounts in the history"
    return (
        f"{plain(intent.amount)} {intent.coin} was sent, but the exchange's history shows {plain(entry.amount)} for "
        f"{WORDS[intent.goal.move].entry} {entry.repay_id}. This collection reports the {reported}."
    )


def _no_amount(intent: Intent, entry: HistoryEntry) -> str:
    """Warn that the exchange shows a move without its amount."""
    return (
        f"{plain(intent.amount)} {intent.coin} was sent, but the exchange's history shows {WORDS[intent.goal.move].entry} {entry.repay_id} with an amount of "
        f"0. Totals of the history do not include it."
    )
