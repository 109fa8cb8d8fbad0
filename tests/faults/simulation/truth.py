# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is truly the case, whoever knows it.

Pure: no I/O.
"""

from __future__ import annotations

from . import excuses
from .facts import FAILED, OWNER, Entry, Facts, Post

# What surely did nothing, as far as the schedules use it.
REFUSALS = (10002, 10003, 10005, 10006, 177003, 177005, 177010, 177011, 177019)
REFUSING_STATUSES = (400, 401, 403, 404)


def is_in_doubt(post: Post, facts: Facts, moment: int) -> bool:
    """Tell whether no run that had ended by then has told what became of the request."""
    for earlier in facts.runs:
        if not earlier.result or earlier.ended_at is None or earlier.ended_at > moment:
            continue
        told = [earlier.result.get("sent_at_ms")] if earlier.outcome != "unknown" else []
        is_acknowledged = earlier.plan.acknowledge is not None
        told += [e.get("sent_at_ms") for e in earlier.earlier if is_acknowledged or e.get("outcome") != "unknown"]
        if post.timestamp in told:
            return False
    answer = post.answer
    if isinstance(answer, dict) and not post.committed and not post.late:
        return answer.get("ret_code") not in REFUSALS and answer.get("http_status") not in REFUSING_STATUSES
    return not post.answered


def can_be_mistaken(entry: Entry, facts: Facts) -> bool:
    """Tell whether an entry of the owner looks exactly like one of ours that came to nothing."""
    if entry.source != OWNER:
        return False
    # A run that was killed may have written its intent down and sent nothing.
    if any(run.killed and not run.posts and run.plan.goal.order_id == entry.order_id for run in facts.runs):
        return True
    return any(not is_shown(post, facts) and entry in excuses.twins(post, facts) for post in facts.posts)


def is_shown(post: Post, facts: Facts) -> bool:
    """Tell whether a request led to a repayment that the history shows as early as everybody assumes."""
    entry = facts.entry_of(post)
    margins = [run.plan.settle_margin for run in facts.runs if run.plan.goal.order_id == post.order_id]
    return entry is not None and entry.lives and entry.visible_at - entry.time <= min(margins) * 1000


def was_hidden(entry: Entry, facts: Facts) -> bool:
    """Tell whether the exchange hid a repayment for longer than some run assumed."""
    post = next((post for post in facts.posts if post.repay_id == entry.repay_id), None)
    if post is None:
        return False
    margins = {run.plan.settle_margin for run in facts.runs if run.plan.goal.order_id == entry.order_id}
    return any(excuses.is_later_than_assumed(post, facts, margin) for margin in margins)


def something_failed(order_id: str, facts: Facts) -> bool:
    return any(entry.status == FAILED for entry in facts.entries_on(order_id))


def counted_at(entry: Entry, moment: int, facts: Facts) -> bool:
    if entry.status != FAILED:
        return True
    post = next((post for post in facts.posts if post.repay_id == entry.repay_id), None)
    return post is not None and entry.time + int(post.fault.get("processing_ms", 0)) > moment
