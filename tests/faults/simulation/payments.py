# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong payments and requests: the details of the oracle's laws, each of which returns sentences.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import Decimal

from . import forgeries, gate
from .asks import Asks
from .knowledge import counted_at, is_in_doubt
from .journals import Noted
from .ledger import FAILED
from .products import DEBT, HISTORY
from .recording import Recording
from .runs import Post, Run
from .shown import shown_at, twins
from .standin import UNIT

# The largest part of the debt that a run may believe to be interest.
_MOST_ACCRUED = Decimal("0.001")
# The steps of a run before and after it writes to an SQLite journal.
BEGIN, COMMIT = "sql BEGIN", "sql COMMIT"
# The number of rests below the coin's unit: one after the first repayment and one after the repayment of interest.
_MOST_DUST = 2


def paid_too_often(recording: Recording, asks: Asks) -> list[str]:
    wrong = []
    for goal in {ask.goal for ask in asks.all()}:
        posts = [post for post in recording.posts if recording.goal_of(post) == goal and not gate.why_believed(post, recording)]
        found = {entry.repay_id: entry for post in posts for entry in [recording.entry_of(post)] if entry and entry.is_paid}
        entries = list(found.values())
        if not goal.is_declarative and len(entries) > asks.count(goal):
            wrong.append(f"{len(entries)} repayments for {asks.count(goal)} asks for {goal}: {entries}")
        if goal.is_whole and len(entries) > 1:
            wrong.append(f"{goal.loan} was repaid {len(entries)} times: {entries}")
    return wrong


def paid_under_one_reference(recording: Recording) -> list[str]:
    wrong = []
    for reference in sorted({run.plan.goal.reference for run in recording.runs} - {""}):
        runs = recording.under(reference)
        posts = [post for run in runs for post in run.posts if not gate.why_believed(post, recording)]
        paid = [(post, entry) for post in posts for entry in [recording.entry_of(post)] if entry and entry.is_paid]
        for (first, entry), (then, again) in zip(paid, paid[1:]):
            if entry != again and recording.knows(recording.runs[first.run], recording.runs[then.run]):
                wrong.append(f"two repayments under {reference}: {entry}, {again}")
    return wrong


def executed_after_all(recording: Recording) -> list[str]:
    wrong = []
    for run in recording.runs:
        for post in run.posts if run.outcome == "not_executed" else []:
            entry = recording.entry_of(post)
            if entry and entry.is_paid and not gate.why_believed(post, recording):
                wrong.append(f"run {run.index} reported not_executed, but the ledger holds {entry}")
    return wrong


def sent_without_leave(run: Run) -> list[str]:
    if run.posts and (not run.plan.may_send or run.has_lost_journal):
        return ["sent a repayment although it must not"]
    return []


def sent_again(run: Run, recording: Recording) -> list[str]:
    if len(run.decided) < 2 or forgeries.DEBT in recording.forged:
        return []
    goal, (first, *more) = run.plan.goal, run.decided
    dust = [post for post in more if post.amount < UNIT]
    if goal.max_debt is None or len(more) > 1 + len(dust) or len(dust) > _MOST_DUST:
        return [f"sent again after {first}"]
    most = (first.amount + Decimal(goal.max_debt) + UNIT) * _MOST_ACCRUED
    return [f"sent {post.amount} as interest after {first}" for post in more if post not in dust and post.amount > most]


def uncounted_retries(run: Run) -> list[str]:
    if not run.posts or "gate_retries" not in run.details:
        return []
    retries = run.details["gate_retries"]
    # The gate also turns reads away, so there may be more retries than requests.
    if len(run.posts) - len(run.decided) > retries["clock_syncs"] + retries["rate_limits"]:
        return [f"sent {len(run.posts)} times, but reports {retries}"]
    return []


def beyond_cap(run: Run) -> list[str]:
    paid = sum((post.amount for post in run.posts if post.committed and not post.is_turned_away), Decimal(0))
    is_too_much = run.plan.at_most is not None and paid > Decimal(run.plan.at_most)
    return [f"paid {paid}, but at_most is {run.plan.at_most}"] if is_too_much else []


def sent_by_old_reads(run: Run) -> list[str]:
    wrong = []
    for first, then in zip(run.posts, run.posts[1:]):
        uses = {read.use for read in run.reads if first.sent_at < read.at < then.sent_at}
        if first.is_turned_away and not {DEBT, HISTORY} <= uses:
            wrong.append(f"sent again at {then.sent_at} by what was known before it was turned away at {first.sent_at}")
    return wrong


def sent_for_nobody(run: Run) -> list[str]:
    return [
        f"sent {post} though nobody was left to get its result, from step {run.orphaned_at} on"
        for post in run.posts
        if run.orphaned_at is not None and run.orphaned_at < _written_at(post, run)
    ]


def sent_unwritten(run: Run) -> list[str]:
    return [
        f"sent {post} without having written it down: {sorted(post.noted)}"
        for post in run.posts
        if Noted(post.loan, post.timestamp) not in post.noted and (run.lost_journal_at or 0) <= _committed_at(post, run)
    ]


def _committed_at(post: Post, run: Run) -> int:
    """Return the step of the run after which a request's intent was recorded."""
    return max((number for number, step in enumerate(run.steps[: post.step]) if step.startswith(COMMIT)), default=0)


def _written_at(post: Post, run: Run) -> int:
    """Return the step of the run before which recording a request's intent began."""
    number = post.step
    if not any(step.startswith(BEGIN) for step in run.steps):
        # Writing to a server is not a separate step; it comes before the connection to the exchange and the head.
        number -= 1
        return number - run.steps[number - 1].startswith("connect") if number > 0 else 0
    while number and not run.steps[number].startswith(BEGIN):
        number -= 1
    # Another run may have blocked this one.
    while number and run.steps[number - 1].startswith((BEGIN, "sleep")):
        number -= 1
    return number


def sent_beside_open_ones(run: Run, recording: Recording) -> list[str]:
    return [
        f"sent at {post.sent_at} while {other} was open" for post in run.posts for other in recording.posts_on(post.loan)
        if other.sent_at < post.sent_at and other.run != post.run and _is_open(other, post, run, recording)
    ]


def _is_open(other: Post, post: Post, run: Run, recording: Recording) -> bool:
    """Check whether nobody could know the outcome of an earlier request when a run sent this one."""
    if other.can_still_be_accepted(post.sent_at):
        return True
    if other.is_clear or other.gate_refusal or not is_in_doubt(other, recording, post.sent_at):
        return False
    entry = recording.entry_of(other)
    candidates = [*([entry] if entry else []), *twins(other, recording)]
    if any(shown_at(candidate, recording) <= post.sent_at for candidate in candidates):
        return False
    # A killed run may have found it out earlier, with its own margin.
    margins = [one.plan.settle_margin for one in recording.runs if other.run < one.index and one.began_at <= post.sent_at]
    return post.sent_at <= other.window_end + min([*margins, run.plan.settle_margin]) * 1000


def wrong_amounts(run: Run, recording: Recording) -> list[str]:
    return [sentence for post in run.posts for sentence in _wrong_amount(post, run, recording)]


def _wrong_amount(post: Post, run: Run, recording: Recording) -> list[str]:
    goal = run.plan.goal
    if post.move != goal.move:
        return [f"sent {post.move} for the goal {goal}"]
    if goal.is_of_debt:
        return []
    amount, cap = Decimal(goal.amount or 0), Decimal(run.plan.at_most or "Infinity")
    if goal.since_ms is None:
        return [] if post.amount == amount else [f"sent {post.amount} for the goal {goal}"]
    read_at = max((read.at for read in run.reads if read.use == HISTORY and read.at <= post.sent_at), default=run.began_at)
    if any(read_at <= at <= post.sent_at for at, loan in recording.owner_repaid if loan == goal.loan):
        return []
    if gate.hides(goal.loan, read_at, recording) or forgeries.AMOUNT in recording.forged:
        return []
    least = most = Decimal(0)
    for entry in recording.entries_on(goal.loan):
        if goal.since_ms <= entry.time < post.sent_at and counted_at(entry, post.sent_at, recording):
            shown = recording.amounts_of(entry)
            least, most = least + shown[0], most + shown[1]
    missing = min(max(Decimal(0), amount - least), cap)
    if least != most:
        # If the history may show several amounts, the one that it showed is between them.
        is_right = min(amount - most, cap) <= post.amount < missing + UNIT
        return [] if is_right else [f"sent {post.amount}, but {missing} was missing"]
    # An entry that failed between the read and the request was rightly counted.
    has_failed = any(e.status == FAILED and e.time >= goal.since_ms for e in recording.entries_on(goal.loan))
    if post.amount == missing or (has_failed and post.amount < missing):
        return []
    return [f"sent {post.amount} for the goal {goal}, but {missing} was missing"]
