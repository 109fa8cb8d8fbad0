# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run may tell: each check returns the sentences that say what is wrong.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from . import excuses
from .facts import FAILED, KNOWN_SUCCESSES, OUTCOMES, SUCCESS, Entry, Facts, Run
from .truth import can_be_mistaken, is_in_doubt, something_failed, was_hidden

_KEYS = (
    "changed", "outcome", "repay_id", "amount", "order_id", "recovered", "intent", "earlier", "evidence", "since",
    "sent_at_ms", "gate_retries", "msg", "loan", "api_host",
)


def document(run: Run) -> list[str]:
    if run.result is None:
        if run.killed:
            return []
        return [f"no JSON document: {run.output[:500]!r} {run.errors[-1500:]!r}"]
    text = run.output + run.errors
    if "Traceback" in text or "An error inside" in text:
        return [f"an error inside: {text[-3000:]}"]
    missing = [key for key in _KEYS if key not in run.result]
    return [f"the result lacks {', '.join(missing)}"] if missing else []


def agreement(run: Run, facts: Facts) -> list[str]:
    result, outcome, wrong = run.result or {}, run.outcome, []
    failed = bool(result.get("failed"))
    if outcome not in OUTCOMES:
        return [f"outcome is {outcome!r}"]
    expected = {
        "changed": outcome in ("executed", "pending", "planned"), "failed": outcome in ("not_executed", "unknown"),
    }
    if {"changed": result["changed"], "failed": failed} != expected:
        wrong.append(f"outcome {outcome} with changed {result['changed']} and failed {failed}")
    if not run.killed and run.exit_code != int(failed):
        wrong.append(f"exit code {run.exit_code}")
    if (outcome in KNOWN_SUCCESSES and not result["repay_id"]) or (
        outcome in ("nothing_to_do", "planned") and result["repay_id"]
    ):
        wrong.append(f"outcome {outcome} with repay_id {result['repay_id']}")
    if outcome == "unknown" and not result["intent"]:
        wrong.append("unknown, but no intent is named")
    if outcome in ("executed", "pending", "nothing_to_do") and result["intent"]:
        wrong.append(f"outcome {outcome}, but intent {result['intent']} stays open")
    if outcome == "nothing_to_do" and Decimal(result["amount"]) != 0:
        wrong.append(f"nothing to do with amount {result['amount']}")
    if (outcome == "planned") and not run.plan.check:
        wrong.append("planned outside of check mode")
    answered_by_earlier = run.only_forgot or bool(result["recovered"]) and not run.posts
    is_closed = facts.is_closed(run.plan.goal.order_id)
    may_lack_since = answered_by_earlier or is_closed or outcome in ("not_executed", "unknown")
    if (result["since"] is not None) != run.since and not may_lack_since:
        wrong.append(f"since is {result['since']}")
    return wrong


def truth(run: Run, facts: Facts) -> list[str]:
    result = run.result or {}
    if run.outcome in KNOWN_SUCCESSES:
        return _told_success(run, result, facts)
    if run.outcome == "not_executed":
        return _told_failure(run, result, facts)
    if run.outcome == "unknown":
        return _told_doubt(run, result, facts)
    if run.outcome == "nothing_to_do":
        return _told_nothing(run, result, facts)
    return []


def earlier_repayment(earlier: dict[str, t.Any], run: Run, facts: Facts) -> list[str]:
    posts = facts.sent(run.plan.goal.order_id, earlier["sent_at_ms"], earlier["amount"])
    if not posts:
        return [f"tells of an earlier repayment that was never sent: {earlier}"]
    post = posts[-1]
    entry, wrong = facts.entry_of(post), []
    if post.amount != Decimal(earlier["amount"]):
        wrong.append(f"tells of an earlier repayment of {earlier['amount']}, but it was {post.amount}")
    if earlier["outcome"] in KNOWN_SUCCESSES:
        found = facts.ledger.get(earlier["repay_id"])
        if found is None or (found is not entry and not can_be_mistaken(found, facts)):
            wrong.append(f"tells of an earlier repayment {earlier['repay_id']}, but it led to {entry}")
        elif earlier["outcome"] == "executed" and found.status != SUCCESS:
            wrong.append(f"calls an earlier repayment executed, but it is {found}")
    elif earlier["outcome"] == "not_executed":
        if entry and entry.lives and not excuses.is_later_than_assumed(post, facts, run.plan.settle_margin):
            wrong.append(f"calls an earlier repayment not executed, but it is {entry}")
    return wrong


def _told_success(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    entry = facts.ledger.get(result["repay_id"])
    if entry is None:
        return [f"told {run.outcome}, but repayment {result['repay_id']} is not in the ledger"]
    wrong = _same_repayment(result["amount"], run, entry)
    post = next((post for post in facts.posts if post.repay_id == entry.repay_id), None)
    if post is None:
        if not can_be_mistaken(entry, facts):
            wrong.append(f"told {run.outcome}, but repayment {entry.repay_id} was made by {entry.source}")
    else:
        lost = post.run != run.index or not post.answered
        if bool(result["recovered"]) != lost:
            wrong.append(f"recovered is {result['recovered']}, but the answer was {'' if lost else 'not '}lost")
        if facts.runs[post.run].plan.goal != run.plan.goal:
            wrong.append("answered by the repayment of another goal")
    if run.outcome == "executed" and entry.status != SUCCESS:
        wrong.append(f"told executed, but repayment {entry.repay_id} has status {entry.status}")
    if run.outcome == "pending" and excuses.for_pending(run, entry, facts) is None:
        wrong.append(f"told pending, but could have seen that repayment {entry.repay_id} has status {entry.status}")
    goal = run.plan.goal
    if goal.since_ms is not None and not something_failed(goal.order_id, facts):
        paid = facts.paid_since(goal.order_id, goal.since_ms)
        if paid < Decimal(goal.amount):
            wrong.append(f"told {run.outcome}, but only {paid} has been paid for {goal}")
    if not run.since and Decimal(result["amount"]) != Decimal(run.plan.goal.amount):
        wrong.append(f"amount {result['amount']} for the goal {run.plan.goal}")
    return wrong


def _told_failure(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    wrong = []
    if result["repay_id"]:
        entry = facts.ledger.get(result["repay_id"])
        if entry is None or entry.status != FAILED:
            wrong.append(f"told not_executed, but repayment {result['repay_id']} is {entry}")
    for post in facts.posts:
        entry = facts.entry_of(post)
        ended_at = run.ended_at or 0
        same = facts.runs[post.run].plan.goal == run.plan.goal and post.run != run.index and post.sent_at < ended_at
        # Until a run has found out about it, nobody may hear that nothing was paid.
        if same and entry and entry.lives and run.reads and not result["intent"]:
            if is_in_doubt(post, facts, ended_at) and not was_hidden(entry, facts):
                wrong.append(f"told not_executed while repayment {entry.repay_id} of the same goal was in doubt")
    return wrong


def _told_doubt(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    posts = facts.sent(run.plan.goal.order_id, result["sent_at_ms"], result["amount"])
    if not posts:
        accepted = [p for p in facts.posts_on(run.plan.goal.order_id) if p.committed and p.run != run.index]
        if run.since and any(excuses.for_unknown(run, post, facts) == "late" for post in accepted):
            return []
        return [f"told unknown of a repayment that was sent at {result['sent_at_ms']}, but none was"]
    if excuses.for_unknown(run, posts[-1], facts) is None:
        return [f"told unknown without need ({result['msg']})"]
    return []


def _told_nothing(run: Run, result: dict[str, t.Any], facts: Facts) -> list[str]:
    goal = run.plan.goal
    if run.only_forgot:
        return ["sent something while it forgot"] if run.posts else []
    if facts.is_closed(goal.order_id):
        return []
    if goal.since_ms is None or result["since"] is None:
        return ["told nothing to do, but the loan is open"]
    paid, told = facts.paid_since(goal.order_id, goal.since_ms), Decimal(result["since"]["repaid"])
    if paid < Decimal(goal.amount) and not something_failed(goal.order_id, facts):
        return [f"told nothing to do, but only {paid} has been paid"]
    return [f"told that {told} has been repaid, but it is only {paid}"] if told < Decimal(goal.amount) else []


def _same_repayment(amount: str, run: Run, entry: Entry) -> list[str]:
    if (entry.order_id, entry.amount) == (run.plan.goal.order_id, Decimal(amount)):
        return []
    return [f"told an amount of {amount} on {run.plan.goal.order_id}, but the ledger holds {entry}"]
