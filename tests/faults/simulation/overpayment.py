# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a run paid more than a goal takes, or ended before the debt showed the repayment: details of the oracle's laws.

Pure: no I/O. For a requested amount, the number of repayments shows an overpayment; for a goal, only the debt does.
"""

from __future__ import annotations

from decimal import Decimal

from . import forgeries, gate, levels
from .doubts import SLACK_MS
from .goals import Goal
from .ledger import Entry, share_ltv
from .products import DEBT, HISTORY, LEGACY, REPAID, WALLETS
from .recording import Recording
from .runs import Post, Run
from .shown import lateness
from .standin import UNIT

# The exchange rounds an LTV and its parts, so a run pays for the worst case.
_LTV_SLACK, _LEGACY_LTV_SLACK = Decimal("0.5"), Decimal(24)


def beyond_goal(run: Run, recording: Recording) -> list[str]:
    return [sentence for post in run.posts for sentence in _beyond_goal(post, run, recording)]


def _beyond_goal(post: Post, run: Run, recording: Recording) -> list[str]:
    """Check that a repayment does not exceed its goal by a unit of the coin or more."""
    goal = run.plan.goal
    if not goal.is_of_debt or goal.is_whole or not post.committed or forgeries.DEBT in recording.forged:
        return []
    if goal.move != REPAID:
        beyond = levels.beyond_level(post, goal, recording)
        return [f"sent {post.amount} for the goal {goal}, but {beyond}"] if beyond and not _excuse(post, run, recording) else []
    needed, slack = _needed(post, goal, recording)
    if post.amount < max(needed, Decimal(0)) + slack or _excuse(post, run, recording):
        return []
    return [f"sent {post.amount} for the goal {goal}, but {needed} was needed"]


def left_too_early(run: Run, recording: Recording) -> list[str]:
    if not run.plan.goal.is_of_debt or run.outcome != "executed" or run.killed or run.failed:
        return []
    paid = [entry for post in run.decided for entry in [recording.entry_of(post)] if entry and entry.is_paid]
    ended_at = run.ended_at or 0
    if len(paid) != 1 or len(_near(run, recording)) > 1 or not _reads_well_after(paid[0].time, run):
        return []
    shown_at = paid[0].time + lateness(paid[0], recording)[1]
    if ended_at >= shown_at or ended_at + SLACK_MS >= run.decided[-1].sent_at + run.plan.wait_timeout * 1000:
        return []
    return [f"ended {shown_at - ended_at} ms before the debt showed {paid[0]}"]


def _needed(post: Post, goal: Goal, recording: Recording) -> tuple[Decimal, Decimal]:
    """Return what the goal took when the exchange accepted the repayment, and the allowed excess."""
    ours = [entry for entry in recording.ledger.values() if entry.repay_id != post.repay_id and recording.post_of(entry)]
    meanwhile = [e for e in ours if post.sent_at <= e.time <= (post.handled_at or post.sent_at)]
    if goal.max_debt is not None:
        paid = sum((entry.amount for entry in meanwhile if entry.loan == goal.loan), Decimal(0))
        return post.books.debts.get(goal.loan, Decimal(0)) - paid - Decimal(goal.max_debt), UNIT
    paid = sum((entry.amount for entry in meanwhile if _counts(entry, goal)), Decimal(0))
    debt, collateral = post.books.ltv_of(goal.loan)
    # The LTV of a legacy loan is shown with four decimal places, and this is the effect of four units of the last one.
    slack = _LEGACY_LTV_SLACK if goal.loan.product == LEGACY else _LTV_SLACK
    return debt - paid - Decimal(goal.max_ltv or 0) * collateral, slack


def _excuse(post: Post, run: Run, recording: Recording) -> str:
    """Return why the run could not know what the goal took; empty if it could."""
    reads = [read.at for read in run.reads if read.use == HISTORY and read.clean and read.at <= post.sent_at]
    read_at, taken_at = max(reads, default=0), post.handled_at or post.sent_at
    if any(gate.hides(loan, read_at, recording) for loan in {entry.loan for entry in recording.ledger.values()}):
        return "the gate's word"
    for entry in recording.ledger.values():
        if entry.repay_id == post.repay_id or not _counts(entry, run.plan.goal):
            continue
        if recording.post_of(entry) is None or entry.loan != post.loan:
            if read_at <= entry.time <= taken_at and not _must_know(entry, run, recording):
                return "somebody else repaid just then"
        copy = recording.post_of(entry)
        if copy and copy.is_turned_away and lateness(entry, recording)[1] > run.plan.settle_margin * 1000:
            # The copy counts as somebody else's repayment, for which a run expects the debt to be late by the margin at most.
            return "another copy, later than anybody has to expect"
        if entry.loan != post.loan and _is_hidden(entry, read_at, recording) and not _must_know(entry, run, recording):
            # A run need not know what another run has sent for another loan.
            return "another loan"
    return ""


def _counts(entry: Entry, goal: Goal) -> bool:
    if goal.loan.product == WALLETS:
        return levels.counts(entry, goal)
    return entry.loan == goal.loan or (goal.limit is not None and share_ltv(entry.loan, goal.loan))


def _must_know(entry: Entry, run: Run, recording: Recording) -> bool:
    """Check whether a run for an LTV must know what another run has changed, from the journal or because the margin is over."""
    post = recording.post_of(entry)
    sender = recording.runs[post.run] if post else None
    if run.plan.goal.limit is None or sender is None or not recording.knows(sender, run):
        return False
    is_late = lateness(entry, recording)[1] > run.plan.settle_margin * 1000
    return not (is_late or run.may_leave_open or sender.may_leave_open)


def _is_hidden(entry: Entry, moment: int, recording: Recording) -> bool:
    """Check whether the debt did not yet show a repayment at a moment."""
    return entry.time <= moment < entry.time + lateness(entry, recording)[1]


def _near(run: Run, recording: Recording) -> list[Entry]:
    """Return the repayments that may have lowered the debt in place of the run's own."""
    entries = [entry for entry in recording.entries_on(run.plan.goal.loan) if entry.time <= (run.ended_at or 0)]
    return [entry for entry in entries if entry.time + lateness(entry, recording)[1] >= run.began_at]


def _reads_well_after(moment: int, run: Run) -> bool:
    return all(read.clean for read in run.reads if read.at >= moment and read.use in (DEBT, HISTORY))
