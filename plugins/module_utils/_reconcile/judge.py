# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge whether a request was executed, by the history, the levels, and the wallet that the exchange shows.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import multiply, plain
from .._journal.intent import Intent
from .._loans.history import FAILED, HistoryEntry
from .._outcomes import EXECUTED, NOT_EXECUTED, UNKNOWN
from .._times import HISTORY_REACH_DAYS, SECOND_MS, utc
from .._words import WORDS
from .evidence import (
    Observation,
    ambiguous_entries,
    borrowed_since,
    has_passed,
    is_accepted_without_trace,
    is_beyond_history,
    is_margin_over,
    is_window_closed,
    looks_like,
    margin_without_ledger_ms,
    new_entries,
    unexplained_change,
    was_listed_before,
    was_made_before,
)
from .money import Funds, has_balance_moved, has_moved, sold_collateral

FOUND = "the history shows it"
_WINDOW_OPEN = "wait_timeout expired before the time window of the request closed"
_MARGIN_OPEN = "wait_timeout expired before settle_margin had passed since the end of the request's time window"
_UNKNOWN_TYPE = "the history contains an entry that matches it, but this collection does not know its type"
# The exchange rounds, so it may show a little more than was sent.
_ROUNDED_UP = Decimal("1.01")


class Finding(t.NamedTuple):
    """The judgment.

    :ivar outcome: C(EXECUTED), C(NOT_EXECUTED), or C(UNKNOWN) as long as neither is proven.
    :ivar reason: Why, as a clause.
    :ivar entry: The entry that can be the request, if there is exactly one.
    :ivar candidates: All entries that match the request.
    """

    outcome: str
    reason: str
    entry: HistoryEntry | None = None
    candidates: tuple[HistoryEntry, ...] = ()


class Reconciled(t.NamedTuple):
    """What is known about a request now.

    :ivar outcome: C(EXECUTED), C(PENDING), C(NOT_EXECUTED), or C(UNKNOWN).
    :ivar intent: Its intent, with the C(repay_id) if it is known.
    :ivar finding: The judgment, if the answer was lost.
    :ivar evidence: What the judgment is based on, in the form of the result C(evidence).
    :ivar warning: What went wrong without changing the outcome.
    :ivar entries: The history as it was last read.
    """

    outcome: str
    intent: Intent
    finding: Finding | None = None
    evidence: dict[str, t.Any] | None = None
    warning: str = ""
    entries: tuple[HistoryEntry, ...] = ()


def judge(intent: Intent, observation: Observation, settle_margin_ms: int, others: frozenset[str]) -> Finding:
    """Judge by the history and the levels whether the request of an intent was executed.

    If the outcome is C(NOT_EXECUTED), C(confirm_not_executed) has to confirm it.

    :param settle_margin_ms: How late the history and the levels may be at most.
    :param others: The IDs that are known to belong to other requests.
    """
    if is_beyond_history(intent, observation):
        reach = f"it was sent more than {HISTORY_REACH_DAYS} days ago, and the history does not go back that far"
        return Finding(UNKNOWN, reach)
    new, word = new_entries(intent, observation, others), WORDS[intent.goal.move].entry
    is_loan_closed = observation.subject is not None and not observation.subject.is_open
    matching = [entry for entry in new if looks_like(entry, intent, is_loan_closed)]
    failed = [entry for entry in matching if entry.status == FAILED]
    not_failed = [entry for entry in matching if entry.status != FAILED]
    # An entry with the ID of the intent needs no other evidence.
    in_time = [r for r in not_failed if intent.goal.has_own_id or r.time_ms <= intent.window_end_ms + settle_margin_ms]
    if len(in_time) > 1:
        return Finding(UNKNOWN, f"{len(in_time)} {word}s in the history match it", None, tuple(in_time))
    if in_time:
        return _judge_entry(in_time[0], intent, observation, settle_margin_ms)
    if not_failed:
        later = f"the history shows a matching {word}, but at {utc(not_failed[0].time_ms)}, which is too late to be this one"
        return Finding(UNKNOWN, later, None, tuple(not_failed))
    ambiguous = ambiguous_entries(new, intent, settle_margin_ms)
    if ambiguous:
        shown = " and ".join(f"{plain(entry.amount)} ({entry.kind or 'user'})" for entry in ambiguous)
        return Finding(UNKNOWN, f"the history shows {shown} at about that time, which may be this {word}", None, tuple(ambiguous))
    if observation.at_ms is None:
        return Finding(UNKNOWN, "the exchange did not report its time")
    if not is_margin_over(intent, observation, settle_margin_ms):
        return Finding(UNKNOWN, _MARGIN_OPEN if is_window_closed(intent, observation) else _WINDOW_OPEN)
    return _judge_absence(intent, observation, settle_margin_ms, failed)


def confirm_not_executed(
    finding: Finding, funds: Funds, intent: Intent, observation: Observation, settle_margin_ms: int
) -> Finding:
    """Confirm a judgment that nothing was executed only if the money that would have paid is still there."""
    if finding.outcome != NOT_EXECUTED:
        return finding
    how = "came into" if intent.goal.is_incoming else "left"
    if has_moved(intent, funds):
        return _doubted(finding, f"{plain(funds.moved or Decimal(0))} {intent.coin} {how} the Funding wallet while it could have been executed")
    if has_balance_moved(intent, funds):
        before, now = intent.baseline.wallet or Decimal(0), funds.balance or Decimal(0)
        return _doubted(finding, f"the Funding wallet held {plain(before)} {intent.coin} before and holds {plain(now)} now")
    sold = sold_collateral(intent, funds)
    if sold is not None:
        coin, pledged_before, pledged_now = sold
        return _doubted(finding, f"{plain(pledged_before)} {coin} was pledged before, and {plain(pledged_now)} is pledged now")
    gap = funds.gap(intent)
    if not gap:
        return finding._replace(reason=f"{finding.reason}, and no such amount {how} the Funding wallet")
    margin_ms = margin_without_ledger_ms(settle_margin_ms)
    if not has_passed(intent, observation, margin_ms):
        shown = f"the history and the {WORDS[intent.goal.move].level}" if intent.baseline.levels else "the history"
        condition = f"it can be ruled out only once {shown} {'have' if intent.baseline.levels else 'has'} shown no trace of it for {margin_ms // SECOND_MS} s"
        return _doubted(finding, f"{gap}, so {condition}")
    return finding._replace(reason=f"{finding.reason} within {margin_ms // SECOND_MS} s; {gap}")


def mismatch(entry: HistoryEntry, intent: Intent) -> str:
    """Say why the entry with the ID that the exchange returned cannot be the request; empty if it can.

    A smaller amount is no contradiction: the history may show it rounded, without interest, or after a fee.
    """
    if intent.goal.has_own_id:
        return "" if entry.amount == intent.amount else f"its amount is {plain(entry.amount)}"
    if was_listed_before(entry, intent):
        return "it was already in the history"
    if was_made_before(entry, intent):
        return f"it was made at {utc(entry.time_ms)}, before this was sent"
    if entry.coin and entry.coin != intent.coin:
        return f"it is in {entry.coin}"
    if entry.move != intent.goal.move:
        return f"it is {WORDS[entry.move].a_noun}"
    if entry.by_user is False:
        return f"its type is {entry.kind}"
    if not intent.is_whole and entry.amount > multiply(intent.amount, _ROUNDED_UP):
        return f"its amount is {plain(entry.amount)}"
    return ""


def _judge_entry(entry: HistoryEntry, intent: Intent, observation: Observation, settle_margin_ms: int) -> Finding:
    """Judge when exactly one entry of the history can be the request."""
    if intent.goal.has_own_id and entry.amount != intent.amount:
        return Finding(UNKNOWN, f"the history shows it with an amount of {plain(entry.amount)}", None, (entry,))
    if intent.goal.has_own_id:
        return Finding(EXECUTED, FOUND, entry, (entry,))
    if not is_window_closed(intent, observation):
        return Finding(UNKNOWN, _WINDOW_OPEN, entry, (entry,))
    if observation.subject is None and not is_margin_over(intent, observation, settle_margin_ms):
        # Without the level, only time can rule out a second matching entry.
        return Finding(UNKNOWN, _MARGIN_OPEN, None, (entry,))
    if entry.by_user is None:
        return Finding(UNKNOWN, _UNKNOWN_TYPE, None, (entry,))
    missing = unexplained_change(intent, observation, settle_margin_ms)
    if missing:
        # The entry may be another client's, and ours may not be visible yet.
        return Finding(UNKNOWN, _changed_too_much(missing, intent), None, (entry,))
    return Finding(EXECUTED, FOUND, entry, (entry,))


def _judge_absence(intent: Intent, observation: Observation, settle_margin_ms: int, failed: list[HistoryEntry]) -> Finding:
    """Judge when the margin has passed and no entry of the history can be the request."""
    if observation.subject is None:
        return Finding(UNKNOWN, "the exchange no longer lists the loan")
    words = WORDS[intent.goal.move]
    missing = unexplained_change(intent, observation, settle_margin_ms)
    if missing:
        return Finding(UNKNOWN, _changed_too_much(missing, intent))
    borrowed = borrowed_since(intent, observation.subject)
    if borrowed > 0:
        return Finding(UNKNOWN, f"another {plain(borrowed)} {intent.coin} has been borrowed since, so the debt proves nothing")
    if is_accepted_without_trace(intent, failed):
        shown = f"neither its history nor the {words.level} shows" if intent.baseline.levels else "its history does not show"
        return Finding(UNKNOWN, f"the exchange accepted it, but {shown} it")
    trace = f"the history shows no such {words.entry}"
    if failed:
        trace = f"the only such {words.entry} in the history, {failed[0].repay_id}, has failed"
    if intent.baseline.levels:
        trace += f", the {words.level} did not {'rise' if intent.goal.raises_level else 'fall'} by that amount"
    return Finding(NOT_EXECUTED, f"its time window has closed, {trace}", None, tuple(failed))


def _doubted(finding: Finding, reason: str) -> Finding:
    return finding._replace(outcome=UNKNOWN, reason=f"the history does not show it, but {reason}")


def _changed_too_much(missing: Decimal, intent: Intent) -> str:
    how = "rose" if intent.goal.raises_level else "fell"
    return f"the {WORDS[intent.goal.move].level} {how} by {plain(missing)} more than the history explains"
