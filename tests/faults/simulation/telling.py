# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run may tell: each check returns the sentences that say what is wrong.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from . import excuses, lies
from .facts import Facts
from .ledger import FAILED, SUCCESS
from .runs import KNOWN_SUCCESSES, OUTCOMES, Post, Run
from .truth import can_be_mistaken, is_in_doubt, something_failed

_KEYS = ("changed", "outcome", "repay_id", "amount", "repayments", "goal_reached", "msg", "loan", "api_host", "details")
_DETAILS = (
    "recovered", "inferred", "intent", "earlier", "evidence", "since", "sent_at_ms", "gate_retries", "waits", "decision", "dust",
)

# As late as the schedules show a debt, and by how much it grows in that time; what is less than a coin's unit stays.
_LATE_MS, _GROWTH, _DUST = 90_000, Decimal("1.001"), Decimal("0.0001")


def document(run: Run) -> list[str]:
    if run.result is None:
        if run.killed:
            return []
        return [f"no JSON document: {run.output[:500]!r} {run.errors[-1500:]!r}"]
    text = run.output + run.errors
    if ("Traceback" in text or "An error inside" in text) and not run.has_defect:
        return [f"an error inside: {text[-3000:]}"]
    missing = [key for key in _KEYS if key not in run.result] + [key for key in _DETAILS if key not in run.details]
    return [f"the result lacks {', '.join(missing)}"] if missing else []


def agreement(run: Run, facts: Facts) -> list[str]:
    result, outcome, wrong = run.result or {}, run.outcome, []
    if outcome not in OUTCOMES:
        return [f"outcome is {outcome!r}"]
    # A goal of the debt may take a second repayment, and fail there.
    may_fail = outcome in KNOWN_SUCCESSES and run.plan.goal.is_of_debt and bool(run.made)
    failed = outcome in ("not_executed", "unknown") or run.has_defect or (may_fail and run.failed)
    expected = {"changed": outcome == "planned" or bool(run.made), "failed": failed}
    if {"changed": result["changed"], "failed": run.failed} != expected:
        wrong.append(f"outcome {outcome} with changed {result['changed']} and failed {run.failed}")
    if not run.killed and run.exit_code != int(run.failed):
        wrong.append(f"exit code {run.exit_code}")
    if (outcome in KNOWN_SUCCESSES) > bool(run.made) or (outcome == "not_executed" and run.made):
        wrong.append(f"outcome {outcome} with {len(run.made)} repayments")
    if (outcome in KNOWN_SUCCESSES and not result["repay_id"]) or (
        outcome in ("nothing_to_do", "planned") and (result["repay_id"] or run.made)
    ):
        wrong.append(f"outcome {outcome} with repay_id {result['repay_id']}")
    if outcome == "unknown" and not run.details["intent"] and not run.could_not_look:
        wrong.append("unknown, but no intent is named")
    if outcome in ("executed", "pending", "nothing_to_do") and run.details["intent"]:
        wrong.append(f"outcome {outcome}, but intent {run.details['intent']} stays open")
    if outcome == "nothing_to_do" and Decimal(result["amount"]) != 0:
        wrong.append(f"nothing to do with amount {result['amount']}")
    if (outcome == "planned") and not run.plan.check:
        wrong.append("planned outside of check mode")
    answered_by_earlier = run.only_forgot or bool(run.details["recovered"]) and not run.posts
    is_closed = facts.is_closed(run.plan.goal.loan)
    may_lack_since = answered_by_earlier or is_closed or outcome in ("not_executed", "unknown")
    if (run.details["since"] is not None) != run.since and not may_lack_since:
        wrong.append(f"since is {run.details['since']}")
    return wrong


def truth(run: Run, facts: Facts) -> list[str]:
    result, wrong = run.result or {}, []
    if run.has_lost_memory and run.outcome != "unknown" and not run.was_kept_out:
        wrong.append(f"told {run.outcome}, but what earlier runs have noted cannot be read")
    if run.made:
        wrong += _told_made(run, result, facts)
    if run.outcome in KNOWN_SUCCESSES and not run.failed:
        wrong += _told_success(run, result, facts)
    elif run.outcome == "not_executed":
        wrong += _told_failure(run, result, facts)
    elif run.outcome == "unknown":
        wrong += _told_doubt(run, result, facts)
    elif run.outcome == "nothing_to_do":
        wrong += _told_nothing(run, result, facts)
    return wrong


def earlier_repayment(earlier: dict[str, t.Any], run: Run, facts: Facts) -> list[str]:
    posts = facts.sent(run.plan.goal.loan, earlier["sent_at_ms"], earlier["amount"])
    if not posts:
        return [f"tells of an earlier repayment that was never sent: {earlier}"]
    post = posts[-1]
    entry, wrong = facts.entry_of(post), []
    # What was to be paid for a whole contract is not known here, only what was paid.
    amount = Decimal(earlier["amount"])
    is_right = lies.AMOUNT in facts.lies or amount == post.amount or (entry and facts.is_told_rightly(entry, amount))
    if not is_right and not run.plan.goal.is_whole:
        wrong.append(f"tells of an earlier repayment of {earlier['amount']}, but it was {post.amount}")
    if earlier["outcome"] in KNOWN_SUCCESSES:
        found = facts.named(earlier["repay_id"])
        if found is None and lies.ID in facts.lies:
            return wrong
        if found is None or (found is not entry and not can_be_mistaken(found, facts)):
            wrong.append(f"tells of an earlier repayment {earlier['repay_id']}, but it led to {entry}")
        elif earlier["outcome"] == "executed" and (
            found.status != SUCCESS
            or not (facts.is_told_rightly(found, amount) or lies.AMOUNT in facts.lies)
        ):
            wrong.append(f"calls an earlier repayment executed, but it is {found}")
    elif earlier["outcome"] == "not_executed":
        if entry and entry.lives:
            wrong.append(f"calls an earlier repayment not executed, but it is {entry}")
    return wrong


def _told_made(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    """Check each repayment that it says was made for its goal, and their sum."""
    wrong, answers = [], [_answer_to(item, run, facts) for item in run.made]
    for item in run.made:
        wrong += _told_one(item, run, facts)
    amount = sum((Decimal(item["amount"]) for item in run.made), Decimal(0))
    if (Decimal(result["amount"]), result["repay_id"]) != (amount, run.made[0]["repay_id"]):
        wrong.append(f"told {result['amount']} and {result['repay_id']} of {run.made}")
    if None not in answers and bool(run.details["recovered"]) != ("lost" in answers):
        wrong.append(f"recovered is {run.details['recovered']}, but the answers were {answers}")
    if not run.details["inferred"] and "no id" in answers:
        wrong.append(f"not inferred, but the answers were {answers}")
    return wrong


def _told_one(item: dict[str, t.Any], run: Run, facts: Facts) -> list[str]:
    entry, goal = facts.named(item["repay_id"]), run.plan.goal
    if entry is None:
        return [] if lies.ID in facts.lies else [f"told {item['outcome']}, but repayment {item['repay_id']} is not in the ledger"]
    wrong, post = [], facts.post_of(entry)
    amount = Decimal(item["amount"])
    is_right = facts.is_told_rightly(entry, amount) or lies.AMOUNT in facts.lies
    if entry.loan != goal.loan or not is_right:
        # What a whole contract has cost is known only when it is final.
        if item["outcome"] == "executed" or not goal.is_whole:
            wrong.append(f"told an amount of {item['amount']} on {goal.loan}, but the ledger holds {entry}")
    if post is None:
        if not can_be_mistaken(entry, facts):
            wrong.append(f"told {item['outcome']}, but repayment {entry.repay_id} was made by {entry.source}")
    elif facts.goal_of(post) != goal:
        wrong.append("answered by the repayment of another goal")
    if item["outcome"] == "executed" and entry.status != SUCCESS:
        wrong.append(f"told executed, but repayment {entry.repay_id} has status {entry.status}")
    if item["outcome"] == "pending" and excuses.for_pending(run, entry, facts) is None:
        wrong.append(f"told pending, but could have seen that repayment {entry.repay_id} has status {entry.status}")
    if not goal.is_declarative and not is_right and amount != Decimal(goal.amount or 0):
        wrong.append(f"amount {item['amount']} for the goal {goal}")
    return wrong


def _answer_to(item: dict[str, t.Any], run: Run, facts: Facts) -> str | None:
    """Say what the run itself heard of a repayment; none when it was somebody else's."""
    entry = facts.named(item["repay_id"])
    post = facts.post_of(entry) if entry else None
    if post is None:
        return None
    if post.run == run.index and post.changed:
        # It may be read as the exchange's answer, or as none.
        return None
    if post.run != run.index or not post.answered:
        return "lost"
    return "clear" if post.gives_id else "no id"


def _told_success(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    goal, wrong = run.plan.goal, []
    if goal.since_ms is not None and not something_failed(goal.loan, facts) and lies.AMOUNT not in facts.lies:
        paid = facts.told_since(goal.loan, goal.since_ms)
        if paid < Decimal(goal.amount or 0) and not (run.plan.is_partial and result["goal_reached"] is False):
            wrong.append(f"told {run.outcome}, but only {paid} has been paid for {goal}")
    if run.outcome == "executed" and result["goal_reached"]:
        wrong += _not_met(run, facts)
    return wrong


def _not_met(run: Run, facts: Facts) -> list[str]:
    """Check a goal of the debt that is said to be met; interest of some hours may have come to it meanwhile."""
    goal, books = run.plan.goal, facts.books
    if any(loan.product == goal.loan.product for at, loan in facts.borrowed if at >= run.began_at - _LATE_MS):
        return []
    if something_failed(goal.loan, facts) or lies.DEBT in facts.lies:
        return []
    owed = facts.owed(goal.loan)
    if goal.is_whole and owed:
        return [f"told that {goal} is met, but {owed} is owed"]
    if goal.max_debt is not None and owed > Decimal(goal.max_debt) * _GROWTH + _DUST:
        return [f"told that {goal} is met, but {owed} is owed"]
    debt, collateral = books.ltv_of(goal.loan)
    if goal.max_ltv is not None and debt > Decimal(goal.max_ltv) * collateral * _GROWTH:
        return [f"told that {goal} is met, but {debt} is owed for {collateral} USD of collateral"]
    return []


def _told_failure(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    wrong = []
    if result["repay_id"]:
        entry = facts.named(result["repay_id"])
        if entry is None or entry.status != FAILED:
            wrong.append(f"told not_executed, but repayment {result['repay_id']} is {entry}")
    for post in facts.posts:
        entry = facts.entry_of(post)
        ended_at = run.ended_at or 0
        same = facts.goal_of(post) == run.plan.goal and post.run != run.index and post.sent_at < ended_at
        # Until a run has found out about it, nobody may hear that nothing was paid.
        if same and entry and entry.lives and run.reads and not run.details["intent"] and not _kept_out(post, run):
            if is_in_doubt(post, facts, ended_at):
                wrong.append(f"told not_executed while repayment {entry.repay_id} of the same goal was in doubt")
    return wrong


def _kept_out(post: Post, run: Run) -> bool:
    """Tell whether a run cannot know of a request, because another run was under way beside it."""
    return run.was_kept_out or (run.has_lost_lock and post.sent_at >= (run.locked_at or 0))


def _told_doubt(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    goal, (sent_at, amount) = run.plan.goal, run.spoke_of
    if run.could_not_look and not run.details["intent"]:
        may_be_noted = run.has_defect or any(one.index != run.index and one.plan.goal.loan == goal.loan for one in facts.runs)
        return [] if may_be_noted else ["told unknown, but nothing can be noted of its loan"]
    posts = facts.sent(goal.loan, sent_at, amount)
    if not posts:
        accepted = [p for p in facts.posts_on(goal.loan) if p.committed and p.run != run.index]
        if goal.is_declarative and any(excuses.for_unknown(run, post, facts) == "late" for post in accepted):
            return []
        return [f"told unknown of a repayment that was sent at {sent_at}, but none was"]
    if excuses.for_unknown(run, posts[-1], facts) is None:
        return [f"told unknown without need ({result['msg']})"]
    return []


def _told_nothing(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    goal = run.plan.goal
    if run.only_forgot:
        return ["sent something while it forgot"] if run.posts else []
    if facts.is_closed(goal.loan):
        return []
    if goal.is_of_debt:
        return _not_met(run, facts)
    if goal.since_ms is None or run.details["since"] is None:
        return ["told nothing to do, but the loan is open"]
    paid, told = facts.told_since(goal.loan, goal.since_ms), Decimal(run.details["since"]["repaid"])
    if lies.AMOUNT in facts.lies:
        return []
    if paid < Decimal(goal.amount or 0) and not something_failed(goal.loan, facts):
        return [f"told nothing to do, but only {paid} has been paid"]
    return [f"told that {told} has been repaid, but it is only {paid}"] if told < Decimal(goal.amount or 0) else []
