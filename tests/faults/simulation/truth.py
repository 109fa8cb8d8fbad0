# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is truly the case, whoever knows it.

Pure: no I/O.
"""

from __future__ import annotations

from . import excuses
from .facts import Facts
from .ledger import FAILED, OWNER, Entry
from .products import Loan
from .runs import Post

# What surely did nothing, as far as the schedules use it.
REFUSALS = (10002, 10003, 10005, 10006, 177003, 177005, 177010, 177011, 177019, 148029, 148032, 148038)


def is_in_doubt(post: Post, facts: Facts, moment: int) -> bool:
    """Tell whether no run that had ended by then has told what became of the request."""
    if post.timestamp in facts.looked_up or excuses.for_believing_the_gate(post, facts):
        return False
    for earlier in facts.runs:
        if earlier.result and earlier.ended_at is not None and earlier.ended_at <= moment:
            if post.timestamp in earlier.knows or post.repay_id in earlier.came_between:
                return False
    answer = post.answer
    if isinstance(answer, dict) and not post.committed and not post.late:
        # A status alone may come from something in between.
        return answer.get("ret_code") not in REFUSALS
    return not post.is_clear


def can_be_mistaken(entry: Entry, facts: Facts) -> bool:
    """Tell whether an entry of the owner looks exactly like one of ours that came to nothing."""
    if entry.source != OWNER:
        return False
    # A run that was cut off may have written its intent down and sent nothing.
    if any(run.is_cut_off and not run.posts and run.plan.goal.loan == entry.loan for run in facts.runs):
        return True
    return any(was_taken_for(entry, post, facts) for post in facts.posts)


def was_taken_for(entry: Entry, post: Post, facts: Facts) -> bool:
    """Tell whether somebody may have been told of an entry of the owner instead of our own repayment."""
    if entry not in excuses.twins(post, facts):
        return False
    own = facts.entry_of(post)
    if own is None or not own.lives:
        return True
    # As long as neither history nor debt shows it, somebody may have been told of the other one.
    hidden_until = own.time + min(excuses.lateness(own, facts))
    return any(run.began_at < hidden_until and entry.repay_id in run.named for run in facts.runs)


def something_failed(loan: Loan, facts: Facts) -> bool:
    return any(entry.status == FAILED for entry in facts.entries_on(loan))


def counted_at(entry: Entry, moment: int, facts: Facts) -> bool:
    if entry.status != FAILED:
        return True
    return excuses.processed_at(entry, facts) > moment
