# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong reports: the details of the oracle's laws, each of which returns sentences.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from . import forgeries, gate
from .asks import Asks
from .knowledge import can_be_mistaken, was_mistaken
from .ledger import API, OWNER, SUCCESS, Entry
from .recording import Recording
from .runs import KNOWN_SUCCESSES, OUTCOMES, Run
from .shown import twins

_KEYS = ("changed", "outcome", "repay_id", "amount", "repayments", "goal_reached", "msg", "loan", "api_host", "details")
_DETAILS = (
    "recovered", "inferred", "intent", "earlier", "evidence", "since", "sent_at_ms", "gate_retries", "waits", "decision", "dust",
)

# The form of a result.


def missing(run: Run) -> list[str]:
    if run.result is None:
        return [] if run.killed else [f"no JSON document: {run.output[:500]!r} {run.errors[-1500:]!r}"]
    text = run.output + run.errors
    if ("Traceback" in text or "Internal error in treasury.bybit" in text) and not run.has_defect:
        return [f"an error inside: {text[-3000:]}"]
    lacking = [key for key in _KEYS if key not in run.result] + [key for key in _DETAILS if key not in run.details]
    return [f"the result lacks {', '.join(lacking)}"] if lacking else []


def contradictions(run: Run, recording: Recording) -> list[str]:
    result, outcome, wrong = run.result or {}, run.outcome, []
    if outcome not in OUTCOMES:
        return [f"outcome is {outcome!r}"]
    # A goal for the debt may take a second repayment, which can fail.
    may_fail = outcome in KNOWN_SUCCESSES and run.plan.goal.is_of_debt and bool(run.made)
    failed = outcome in ("not_executed", "unknown") or run.has_defect or (may_fail and run.failed)
    expected = {"changed": outcome == "planned" or bool(run.made), "failed": failed}
    if {"changed": result["changed"], "failed": run.failed} != expected:
        wrong.append(f"outcome {outcome} with changed {result['changed']} and failed {run.failed}")
    if not run.killed and run.exit_code != int(run.failed):
        wrong.append(f"exit code {run.exit_code}")
    if (outcome in KNOWN_SUCCESSES) > bool(run.made or run.is_answered) or (outcome == "not_executed" and run.made):
        wrong.append(f"outcome {outcome} with {len(run.made)} repayments")
    if (outcome in KNOWN_SUCCESSES and not result["repay_id"]) or (
        outcome in ("nothing_to_do", "planned") and (result["repay_id"] or run.made)
    ):
        wrong.append(f"outcome {outcome} with repay_id {result['repay_id']}")
    if outcome == "unknown" and not run.details["intent"] and not run.saw_no_journal:
        wrong.append("unknown, but no intent is named")
    if outcome in ("executed", "pending", "nothing_to_do") and run.details["intent"]:
        wrong.append(f"outcome {outcome}, but intent {run.details['intent']} stays open")
    if outcome == "nothing_to_do" and Decimal(result["amount"]) != 0:
        wrong.append(f"nothing to do with amount {result['amount']}")
    if outcome == "planned" and not run.plan.check:
        wrong.append("planned outside of check mode")
    answered_by_earlier = run.only_acknowledged or bool(run.details["recovered"]) and not run.posts
    is_closed = recording.is_closed(run.plan.goal.loan)
    may_lack_since = answered_by_earlier or is_closed or outcome in ("not_executed", "unknown")
    if (run.details["since"] is not None) != run.since and not may_lack_since:
        wrong.append(f"since is {run.details['since']}")
    return wrong


def unread_journal(run: Run) -> list[str]:
    if run.has_lost_journal and run.outcome != "unknown" and not run.was_kept_out:
        return [f"reported {run.outcome}, but what earlier runs have noted cannot be read"]
    return []


# The repayments that a run reports.


def wrong_repayments(run: Run, recording: Recording, excuse: t.Callable[[Entry], str | None]) -> list[str]:
    """Check each repayment that a run reports for its goal, and their sum.

    :param excuse: Returns why the run cannot know that a repayment is final.
    """
    if not run.made:
        return []
    result, answers = run.result or {}, [_answer_to(item, run, recording) for item in run.made]
    wrong = [sentence for item in run.made for sentence in _wrong_repayment(item, run, recording, excuse)]
    amount = sum((Decimal(item["amount"]) for item in run.made), Decimal(0))
    if (Decimal(result["amount"]), result["repay_id"]) != (amount, run.made[0]["repay_id"]):
        wrong.append(f"reported {result['amount']} and {result['repay_id']} of {run.made}")
    if None not in answers and bool(run.details["recovered"]) != ("lost" in answers):
        wrong.append(f"recovered is {run.details['recovered']}, but the answers were {answers}")
    if not run.details["inferred"] and "no id" in answers:
        wrong.append(f"not inferred, but the answers were {answers}")
    return wrong


def _wrong_repayment(
    item: dict[str, t.Any], run: Run, recording: Recording, excuse: t.Callable[[Entry], str | None]
) -> list[str]:
    entry, goal, outcome = recording.entry_with_id(item["repay_id"]), run.plan.goal, item["outcome"]
    if entry is None:
        is_forged = forgeries.ID in recording.forged
        return [] if is_forged else [f"reported {outcome}, but repayment {item['repay_id']} is not in the ledger"]
    wrong, post, amount = [], recording.post_of(entry), Decimal(item["amount"])
    is_right = recording.can_show(entry, amount) or forgeries.AMOUNT in recording.forged
    if entry.loan != goal.loan or not is_right:
        # The cost of a whole contract is known only when it is final.
        if outcome == "executed" or not goal.is_whole:
            wrong.append(f"reported an amount of {item['amount']} on {goal.loan}, but the ledger holds {entry}")
    if entry.move != goal.move:
        wrong.append(f"reported {outcome} for {goal}, but the ledger holds {entry}")
    if post is None:
        if not can_be_mistaken(entry, recording):
            wrong.append(f"reported {outcome}, but repayment {entry.repay_id} was made by {entry.source}")
    elif recording.goal_of(post) != goal:
        wrong.append("answered by the repayment of another goal")
    if outcome == "executed" and entry.status != SUCCESS:
        wrong.append(f"reported executed, but repayment {entry.repay_id} has status {entry.status}")
    if outcome == "pending" and excuse(entry) is None:
        wrong.append(f"reported pending, but could have seen that repayment {entry.repay_id} has status {entry.status}")
    if not goal.is_declarative and not is_right and amount != Decimal(goal.amount or 0):
        wrong.append(f"amount {item['amount']} for the goal {goal}")
    return wrong


def _answer_to(item: dict[str, t.Any], run: Run, recording: Recording) -> str | None:
    """Return how the exchange answered a run's own request; None for other requests and ambiguous answers."""
    entry = recording.entry_with_id(item["repay_id"])
    post = recording.post_of(entry) if entry else None
    if post is None or (post.run == run.index and post.changed):
        return None
    if post.run != run.index or not post.answered:
        return "lost"
    return "clear" if post.gives_id else "no id"


def wrong_answers(run: Run, recording: Recording, excuse: t.Callable[[Entry], str | None]) -> list[str]:
    """Check what a run says about its reference: an earlier use for the same step, or for something else.

    :param excuse: Returns why the run cannot know that a repayment is final.
    """
    goal, others = run.plan.goal, [one for one in recording.under(run.plan.goal.reference) if recording.knows(one, run)]
    if run.refusal_of_reference:
        is_other = run.refusal_of_reference == "something else"
        used = [one for one in others if (one.posts or one.is_cut_off) and (one.plan.goal != goal) is is_other]
        return [] if used and not run.posts else [f"refused {goal.reference} as used for {run.refusal_of_reference}, and sent {run.posts}"]
    if not run.is_answered:
        return []
    result, wrong = run.result or {}, [f"sent {post}, but was answered by its reference" for post in run.posts]
    entry = recording.entry_with_id(result["repay_id"])
    if entry is None:
        return wrong if forgeries.ID in recording.forged else [*wrong, f"was answered by repayment {result['repay_id']}, which is not in the ledger"]
    post = recording.post_of(entry)
    if post is None and not can_be_mistaken(entry, recording):
        wrong.append(f"was answered by a repayment that {entry.source} has made")
    if post is not None and recording.goal_of(post) != goal:
        wrong.append(f"was answered by the repayment of {recording.goal_of(post)}")
    if run.outcome == "executed" and entry.status != SUCCESS:
        wrong.append(f"was answered by an executed repayment, but it is {entry}")
    if run.outcome == "pending" and excuse(entry) is None:
        wrong.append(f"was answered by a pending repayment, but could have seen that it is {entry}")
    return wrong


def reported_again(recording: Recording) -> list[str]:
    first_reports: dict[str, Run] = {}
    wrong = []
    for run in sorted(recording.runs, key=lambda run: (run.ended_at or 0, run.index)):
        for item in run.made if not run.plan.check else []:
            repay_id, first = item["repay_id"], first_reports.get(item["repay_id"])
            if first is None or first.may_leave_open or run.has_lost_lock:
                # The first run could no longer close the intent, or both ran at the same time.
                pass
            elif not first.failed:
                wrong.append(f"runs {first.index} and {run.index} both reported repayment {repay_id}")
            elif run.result and not run.details["recovered"]:
                wrong.append(f"run {run.index} reported repayment {repay_id} as new, which run {first.index} had reported")
            if not run.killed and run.reached_user:
                first_reports[repay_id] = run
    return wrong


def wrong_earlier(run: Run, recording: Recording) -> list[str]:
    return [sentence for earlier in run.earlier for sentence in _wrong_earlier(earlier, run, recording)]


def _wrong_earlier(earlier: dict[str, t.Any], run: Run, recording: Recording) -> list[str]:
    posts = recording.sent(run.plan.goal.loan, earlier["sent_at_ms"], earlier["amount"])
    if not posts:
        return [f"reports an earlier repayment that was never sent: {earlier}"]
    post = posts[-1]
    entry, wrong, amount = recording.entry_of(post), [], Decimal(earlier["amount"])
    is_forged = forgeries.AMOUNT in recording.forged
    is_right = is_forged or amount == post.amount or (entry and recording.can_show(entry, amount))
    # For a whole contract, the requested amount is not known here, only the paid one.
    if not is_right and not run.plan.goal.is_whole:
        wrong.append(f"reports an earlier repayment of {earlier['amount']}, but it was {post.amount}")
    if earlier["outcome"] == "not_executed" and entry and entry.is_paid:
        wrong.append(f"calls an earlier repayment not executed, but it is {entry}")
    if earlier["outcome"] not in KNOWN_SUCCESSES:
        return wrong
    found = recording.entry_with_id(earlier["repay_id"])
    if found is None and forgeries.ID in recording.forged:
        return wrong
    if found is None or (found is not entry and not can_be_mistaken(found, recording)):
        wrong.append(f"reports an earlier repayment {earlier['repay_id']}, but it led to {entry}")
    elif earlier["outcome"] == "executed" and (found.status != SUCCESS or not (recording.can_show(found, amount) or is_forged)):
        wrong.append(f"calls an earlier repayment executed, but it is {found}")
    return wrong


# The disk, and the end.


def exposed(files: t.Iterable[tuple[str, int, bytes]], secrets: t.Iterable[str]) -> list[str]:
    wrong = []
    for name, mode, content in files:
        if mode != 0o600:
            wrong.append(f"the file {name} has mode {mode:o}")
        for secret in secrets:
            if secret.encode() in content or secret in name:
                wrong.append(f"the file {name} holds '{secret}'")
    return wrong


def unreported(recording: Recording, asks: Asks) -> list[str]:
    made = {entry.repay_id for entry in recording.ledger.values() if entry.source == API and entry.is_paid}
    for post in recording.posts:
        # An equal amount that the owner paid while the exchange hid our repayment may be mistaken for ours.
        mistaken = any(e.repay_id in asks.reported and was_mistaken(e, post, recording) for e in twins(post, recording))
        if mistaken or gate.why_believed(post, recording):
            made.discard(post.repay_id or "")
    known = [entry for entry in map(recording.entry_with_id, asks.reported) if entry is not None]
    # A user who was given a forged ID was told about a repayment as well.
    if forgeries.ID not in recording.forged:
        made -= {entry.repay_id for entry in known if entry.is_paid and entry.source != OWNER}
    else:
        made = set()
    wrong = [f"nobody was told of repayment {repay_id}" for repay_id in sorted(made)]
    return wrong + [f"the ask for {ask.goal} is still open" for ask in asks.open()]
