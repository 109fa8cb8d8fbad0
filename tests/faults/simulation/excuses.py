# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When it is right that a run does not know: the schedule has truly left no evidence. Anything else is a defect.

Pure: no I/O. A reason is a word for the tally; none means that the run should have known.
"""

from __future__ import annotations

from .facts import EARLY_MS, FAILED, HISTORY, ORDERS, TIME, Entry, Facts, Post, Run

# The longest pause between two looks, and what the requests of one look take at most.
_SLACK_MS = 4500
# Two whole looks, because one may lie astride a failing one.
_LOOKS = 2


def lateness(post: Post, entry: Entry, facts: Facts) -> tuple[int, int]:
    """Return how much later than the ledger history and debt show a repayment."""
    shown_at = [entry.time + int(post.fault.get("processing_ms", 0))]
    for other in facts.posts_on(post.order_id):
        before = facts.entry_of(other)
        # As long as the stand-in shows a debt as it was before one repayment, it shows none of the later ones either.
        if before and before.time <= entry.time:
            shown_at.append(before.time + int(other.fault.get("debt_delay_ms", 0)))
    return entry.visible_at - entry.time, max(shown_at) - entry.time


def is_later_than_assumed(post: Post, facts: Facts, margin_s: int) -> bool:
    """Tell whether both history and debt hide a repayment for longer than the user has said they might."""
    entry = facts.entry_of(post)
    if entry is None:
        return False
    history, debt = lateness(post, entry, facts)
    hides_debt = debt > margin_s * 1000 or _has_young_neighbour(post, facts, margin_s)
    return history > margin_s * 1000 and hides_debt


def _has_young_neighbour(post: Post, facts: Facts, margin_s: int) -> bool:
    """Tell whether a fall of the debt can also come from repayments shortly before, as late as the user has allowed."""
    begin = post.timestamp - EARLY_MS - margin_s * 1000
    before = [e for e in facts.entries_on(post.order_id) if e.time < post.sent_at and e.status != FAILED]
    # What shows only afterwards seems to be just as young.
    return sum(e.amount for e in before if e.time > begin or e.visible_at > post.sent_at) >= post.amount


def twins(post: Post, facts: Facts) -> list[Entry]:
    """Return the repayments that others made and that look like this one."""
    begin = post.timestamp - EARLY_MS
    return [
        entry for entry in facts.entries_on(post.order_id)
        if entry.source != "seed" and entry.amount == post.amount and entry.repay_id != post.repay_id
        # One that was made long afterwards is a doubt as well: what the exchange calls the time is not documented.
        and begin - 60_000 <= entry.time and entry.status != FAILED
        and not _is_known_to_us(entry, post, facts)
    ]


def for_unknown(run: Run, post: Post, facts: Facts) -> str | None:
    """Say why this run cannot know what became of this repayment request."""
    margin_ms = run.plan.settle_margin * 1000
    if twins(post, facts):
        return "twin"
    if _something_is_late(run, post, facts):
        return "late"
    entry = facts.entry_of(post)
    # One that has failed is no proof that there is no other, so the whole time must pass as if there were none.
    if entry and entry.lives and entry.time <= min(post.window_end, run.ended_at or 0):
        need = max(post.window_end, entry.visible_at)
    else:
        need = post.window_end + margin_ms
    begun = post.sent_at if post.run == run.index else min([read.at for read in run.reads], default=run.began_at)
    if begun + run.plan.wait_timeout * 1000 < need + _SLACK_MS:
        return "wait_timeout"
    if not _could_look(run, need):
        return "reads"
    return None


def for_pending(run: Run, entry: Entry, facts: Facts) -> str | None:
    """Say why this run cannot know that a repayment is final."""
    if not run.plan.wait:
        return "wait"
    post = next((post for post in facts.posts if post.repay_id == entry.repay_id), None)
    processing = int(post.fault.get("processing_ms", 0)) if post else 0
    final_at = max(entry.time + processing, entry.visible_at)
    begun = max(run.posts[-1].sent_at if run.posts else 0, min([read.at for read in run.reads], default=run.began_at))
    if begun + run.plan.wait_timeout * 1000 < final_at + _SLACK_MS:
        return "wait_timeout"
    clean = [read for read in run.reads if read.path == HISTORY and read.clean and read.at >= final_at]
    return None if len(clean) >= _LOOKS else "reads"


def _could_look(run: Run, need: int) -> bool:
    """Tell whether the run could read all that it needed, after the moment from which on the evidence was there."""
    after = [read for read in run.reads if read.at >= need]
    for path in (HISTORY, ORDERS):
        if sum(1 for read in after if read.path == path and read.clean) < _LOOKS:
            disturbed = [read for read in run.reads if not read.clean]
            # A run may stop at once when the exchange asks for it.
            return not disturbed or (disturbed[-1].at < need - _SLACK_MS and run.reads[-1].clean)
    asked_time = [read for read in after if read.path == TIME]
    return not asked_time or any(read.clean for read in asked_time)


def _something_is_late(run: Run, post: Post, facts: Facts) -> bool:
    """Tell whether history or debt of any repayment on this loan is later than the user has said it might be."""
    for other in facts.posts_on(post.order_id):
        entry = facts.entry_of(other)
        if entry is None:
            continue
        history = entry.visible_at - entry.time
        debt = int(other.fault.get("debt_delay_ms", 0))
        reaches = entry.time + max(history, debt) >= post.sent_at - 60_000
        if reaches and max(history, debt) > run.plan.settle_margin * 1000:
            return True
    return False


def _is_known_to_us(entry: Entry, post: Post, facts: Facts) -> bool:
    """Tell whether the product can know that an entry is another repayment of its own."""
    other = next((p for p in facts.posts if p.repay_id == entry.repay_id), None)
    return other is not None
