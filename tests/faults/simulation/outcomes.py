# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong outcomes in reports: goals that are not met, unknown outcomes that are hidden, and needless ones.

The details of the oracle's laws, each of which returns sentences. Pure: no I/O.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from . import forgeries, levels
from .goals import Goal
from .knowledge import is_in_doubt, something_failed
from .ledger import FAILED, share_ltv
from .products import REPAID, TAKE_BACK
from .recording import Recording
from .runs import KNOWN_SUCCESSES, Post, Run
from .shown import processed_at

# The largest lateness of a debt in the schedules, its growth in that time, and the rest below a coin's unit.
_LATE_MS, _GROWTH, _DUST = 90_000, Decimal("1.001"), Decimal("0.0001")

# The goal.


def goal_not_reached(run: Run, recording: Recording) -> list[str]:
    if run.outcome == "nothing_to_do":
        return _something_to_do(run, recording)
    if run.outcome not in KNOWN_SUCCESSES or run.failed:
        return []
    goal, result, wrong = run.plan.goal, run.result or {}, []
    if goal.since_ms is not None and not something_failed(goal.loan, recording) and forgeries.AMOUNT not in recording.forged:
        paid = recording.shown_since(goal.loan, goal.since_ms)
        if paid < Decimal(goal.amount or 0) and not (run.plan.is_partial and result["goal_reached"] is False):
            wrong.append(f"reported {run.outcome}, but only {paid} has been paid for {goal}")
    if run.outcome == "executed" and result["goal_reached"]:
        wrong += _debt_above_goal(run, recording)
    return wrong


def _something_to_do(run: Run, recording: Recording) -> list[str]:
    goal = run.plan.goal
    if run.only_acknowledged:
        return ["sent something although it only had to acknowledge"] if run.posts else []
    if recording.is_closed(goal.loan):
        return []
    if goal.is_of_debt:
        return _debt_above_goal(run, recording)
    if goal.since_ms is None or run.details["since"] is None:
        return ["reported nothing to do, but the loan is open"]
    paid, reported = recording.shown_since(goal.loan, goal.since_ms), Decimal(run.details["since"]["repaid"])
    if forgeries.AMOUNT in recording.forged:
        return []
    if paid < Decimal(goal.amount or 0) and not something_failed(goal.loan, recording):
        return [f"reported nothing to do, but only {paid} has been paid"]
    return [f"reported that {reported} has been repaid, but it is only {paid}"] if reported < Decimal(goal.amount or 0) else []


def _debt_above_goal(run: Run, recording: Recording) -> list[str]:
    """Check a goal for the debt that was reported as met; some hours of interest may have accrued meanwhile."""
    goal, books = run.plan.goal, recording.books
    if goal.move != REPAID:
        return _level_missed(run, recording)
    if any(loan.product == goal.loan.product for at, loan in recording.borrowed if at >= run.began_at - _LATE_MS):
        return []
    if something_failed(goal.loan, recording) or forgeries.DEBT in recording.forged:
        return []
    if any(e.move == TAKE_BACK and share_ltv(e.loan, goal.loan) and e.time >= (run.ended_at or 0) for e in recording.ledger.values()):
        # The goal was met when the run ended.
        return []
    owed = recording.owed(goal.loan)
    if goal.is_whole and owed:
        return [f"reported that {goal} is met, but {owed} is owed"]
    if goal.max_debt is not None and owed > Decimal(goal.max_debt) * _GROWTH + _DUST:
        return [f"reported that {goal} is met, but {owed} is owed"]
    debt, collateral = books.ltv_of(goal.loan)
    if goal.max_ltv is not None and debt > Decimal(goal.max_ltv) * collateral * _GROWTH:
        return [f"reported that {goal} is met, but {debt} is owed for {collateral} USD of collateral"]
    return []


def _level_missed(run: Run, recording: Recording) -> list[str]:
    """Check a goal for collateral or a wallet that was reported as met, unless something else has changed the level meanwhile."""
    goal = run.plan.goal
    own = {post.repay_id for post in run.posts}
    # A wallet's ledger is never late, but an LTV may be.
    since = run.began_at if goal.ensure is not None else run.began_at - _LATE_MS
    beside = [e for e in recording.ledger.values() if e.repay_id not in own and levels.counts(e, goal)]
    others = [e for e in beside if max(e.time, processed_at(e, recording)) >= since]
    if others or any(at >= run.began_at - _LATE_MS for at, dummy in recording.borrowed) or _is_forged(goal, recording):
        return []
    if something_failed(goal.loan, recording) or (run.result or {})["goal_reached"] is False:
        return []
    missed = levels.below_level(goal, recording, _GROWTH)
    return [f"reported that {goal} is met, but {missed}"] if missed else []


def _is_forged(goal: Goal, recording: Recording) -> bool:
    return (forgeries.BALANCE if goal.ensure is not None else forgeries.DEBT) in recording.forged


def unsettled(goal: Goal, runs: list[Run], hour_turned: bool) -> list[str]:
    """Check the final runs for a goal, the last of which has to find nothing to do.

    :param hour_turned: Whether interest accrued meanwhile, so that one more run may have paid.
    """
    outcomes, wrong = [run.outcome for run in runs], []
    if set(outcomes) - {"executed", "nothing_to_do"} or outcomes[-1] != "nothing_to_do":
        wrong.append(f"in the end, the runs for {goal} reported {', '.join(map(str, outcomes))}")
    if sum(bool(run.posts) for run in runs) > 1 + hour_turned:
        wrong.append(f"in the end, {goal} was paid for by several runs")
    return wrong


# Unknown outcomes.


def hidden_doubts(run: Run, recording: Recording) -> list[str]:
    if run.outcome != "not_executed":
        return []
    result, wrong, ended_at = run.result or {}, [], run.ended_at or 0
    if result["repay_id"]:
        named = recording.entry_with_id(result["repay_id"])
        if named is None or named.status != FAILED:
            wrong.append(f"reported not_executed, but repayment {result['repay_id']} is {named}")
    for post in recording.posts:
        entry = recording.entry_of(post)
        is_same = recording.goal_of(post) == run.plan.goal and post.run != run.index and post.sent_at < ended_at
        # Until a run has found out the outcome, no run may report that nothing was paid.
        if is_same and entry and entry.is_paid and run.reads and not run.details["intent"] and not _is_beside(post, run):
            if is_in_doubt(post, recording, ended_at):
                wrong.append(f"reported not_executed while repayment {entry.repay_id} of the same goal was in doubt")
    return wrong


def _is_beside(post: Post, run: Run) -> bool:
    """Check whether a run cannot know about a request because another run was in progress at the same time."""
    return run.was_kept_out or (run.has_lost_lock and post.sent_at >= (run.locked_at or 0))


def needless_doubts(run: Run, recording: Recording, excuse: t.Callable[[Post], str | None]) -> list[str]:
    """Check an outcome that a run reports as unknown.

    :param excuse: Returns why the run cannot know the outcome of a request.
    """
    if run.outcome != "unknown":
        return []
    goal, (sent_at, amount) = run.plan.goal, run.subject
    if run.saw_no_journal and not run.details["intent"]:
        others = [one for one in recording.runs if one.index != run.index and one.plan.goal.loan == goal.loan]
        return [] if run.has_defect or run.has_lost_journal or run.lost_journal_at or others else ["reported unknown, but nothing can be noted of its loan"]
    posts = recording.sent(goal.loan, sent_at, amount)
    if not posts:
        accepted = [post for post in recording.posts_on(goal.loan) if post.committed and post.run != run.index]
        if goal.is_declarative and any(excuse(post) == "late" for post in accepted):
            return []
        return [f"reported unknown of a repayment that was sent at {sent_at}, but none was"]
    return [] if excuse(posts[-1]) else [f"reported unknown without need ({(run.result or {})['msg']})"]
