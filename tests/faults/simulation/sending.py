# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run may send: each check returns the sentences that say what is wrong.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import Decimal

from . import excuses, lies, overpaying
from .facts import Facts
from .ledger import FAILED
from .products import DEBT, HISTORY
from .runs import Post, Run
from .standin import UNIT
from .truth import counted_at, is_in_doubt

# The part of the debt that interest can be, at most, as far as a run may believe.
_MOST_ACCRUED = Decimal("0.001")
# What the coin's decimal places leave, after the first repayment and after that of the interest.
_MOST_DUST = 2


def sending(run: Run, facts: Facts) -> list[str]:
    wrong = []
    if run.posts and (not run.plan.may_send or run.has_lost_memory):
        wrong.append("sent a repayment although it must not")
    if len(run.decided) > 1 and lies.DEBT not in facts.lies:
        wrong += _again(run)
    if run.posts and "gate_retries" in run.details:
        retries = run.details["gate_retries"]
        # Reads are turned away at the gate as well, so there may be more of them.
        if len(run.posts) - len(run.decided) > retries["clock_syncs"] + retries["rate_limits"]:
            wrong.append(f"sent {len(run.posts)} times, but tells of {retries}")
    wrong += _beyond_cap(run) + _without_a_look(run)
    for post in run.posts:
        if run.orphaned_at is not None and run.orphaned_at < _noted_at(post, run):
            wrong.append(f"sent {post} though nobody was there any more to be told of it, from step {run.orphaned_at} on")
        wrong += [f"sent at {post.sent_at} while {other} was open" for other in _open_posts(post, run, facts)]
        wrong += _shortfall(post, run, facts)
        wrong += overpaying.overpaid(post, run, facts)
    return wrong + overpaying.left_too_early(run, facts)


def _again(run: Run) -> list[str]:
    """Check what a run has sent besides its first request; max_debt allows it for interest, and for dust."""
    goal, (first, *more) = run.plan.goal, run.decided
    dust = [post for post in more if post.amount < UNIT]
    if goal.max_debt is None or len(more) > 1 + len(dust) or len(dust) > _MOST_DUST:
        return [f"sent again after {first}"]
    most = (first.amount + Decimal(goal.max_debt) + UNIT) * _MOST_ACCRUED
    return [f"sent {post.amount} as interest after {first}" for post in more if post not in dust and post.amount > most]


def _beyond_cap(run: Run) -> list[str]:
    """Check that all that a run has paid is not more than it may be."""
    paid = sum((post.amount for post in run.posts if post.committed and not post.is_turned_away), Decimal(0))
    is_too_much = run.plan.at_most is not None and paid > Decimal(run.plan.at_most)
    return [f"paid {paid}, but at_most is {run.plan.at_most}"] if is_too_much else []


def _without_a_look(run: Run) -> list[str]:
    """Check that whatever the gate has turned away was decided anew before it was sent again."""
    wrong = []
    for first, then in zip(run.posts, run.posts[1:]):
        uses = {read.use for read in run.reads if first.sent_at < read.at < then.sent_at}
        if first.is_turned_away and not {DEBT, HISTORY} <= uses:
            wrong.append(f"sent again at {then.sent_at} by what was known before it was turned away at {first.sent_at}")
    return wrong


def _noted_at(post: Post, run: Run) -> int:
    """Return before which step of its run a request was written down."""
    number = post.step
    while number and not run.steps[number - 1].startswith("file"):
        number -= 1
    while number and run.steps[number - 1].startswith("file"):
        number -= 1
    return number


def _open_posts(post: Post, run: Run, facts: Facts) -> list[Post]:
    """Return the earlier requests of which nobody could know yet what became of them when this one was sent."""
    found = []
    for other in facts.posts_on(post.loan):
        if other.sent_at >= post.sent_at or other.run == post.run:
            continue
        entry = facts.entry_of(other)
        if other.can_still_be_accepted(post.sent_at):
            found.append(other)
        elif not other.is_clear and not other.gate_refusal and is_in_doubt(other, facts, post.sent_at):
            seen = [*([entry] if entry else []), *excuses.twins(other, facts)]
            is_seen = any(excuses.shown_at(candidate, facts) <= post.sent_at for candidate in seen)
            # A run that was killed may have settled it before, by its own margin.
            margins = [r.plan.settle_margin for r in facts.runs if other.run < r.index and r.began_at <= post.sent_at]
            if not is_seen and post.sent_at <= other.window_end + min([*margins, run.plan.settle_margin]) * 1000:
                found.append(other)
    return found


def _shortfall(post: Post, run: Run, facts: Facts) -> list[str]:
    """Check that a run with since sends exactly what was missing when it was sent."""
    goal = run.plan.goal
    if goal.is_of_debt:
        return []
    amount, cap = Decimal(goal.amount or 0), Decimal(run.plan.at_most or "Infinity")
    if goal.since_ms is None:
        return [] if post.amount == amount else [f"sent {post.amount} for the goal {goal}"]
    looked_at = max((read.at for read in run.reads if read.use == HISTORY and read.at <= post.sent_at), default=run.began_at)
    if any(looked_at <= at <= post.sent_at for at, loan in facts.meddled if loan == goal.loan):
        return []
    if excuses.is_hidden_by_the_gate(goal.loan, looked_at, facts):
        return []
    if lies.AMOUNT in facts.lies:
        return []
    least = most = Decimal(0)
    for entry in facts.entries_on(goal.loan):
        if goal.since_ms <= entry.time < post.sent_at and counted_at(entry, post.sent_at, facts):
            shown = facts.amounts_of(entry)
            least, most = least + shown[0], most + shown[1]
    missing = min(max(Decimal(0), amount - least), cap)
    # What turned out to be a failure between the look and the request was rightly counted.
    failing = [e for e in facts.entries_on(goal.loan) if e.status == FAILED and e.time >= goal.since_ms]
    if least != most:
        # Where the history may show several amounts, the one that it showed lies between them.
        return [] if min(amount - most, cap) <= post.amount < missing + UNIT else [f"sent {post.amount}, but {missing} was missing"]
    if post.amount == missing or (failing and post.amount < missing):
        return []
    return [f"sent {post.amount} for the goal {goal}, but {missing} was missing"]
