# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What anybody could know at a moment, and what may legitimately be mistaken for something else.

Pure: no I/O.
"""

from __future__ import annotations

from . import gate
from .ledger import FAILED, OWNER, Entry
from .products import Loan
from .recording import Recording
from .runs import Post
from .shown import lateness, processed_at, twins

# The return codes in the schedules that prove that nothing was executed.
REFUSALS = (10002, 10003, 10005, 10006, 177003, 177005, 177010, 177011, 177019, 148029, 148032, 148038)


def is_in_doubt(post: Post, recording: Recording, moment: int) -> bool:
    """Check whether no run that had ended by then has reported the outcome of the request."""
    if post.timestamp in recording.looked_up or gate.why_believed(post, recording):
        return False
    for earlier in recording.runs:
        if earlier.result and earlier.ended_at is not None and earlier.ended_at <= moment:
            if post.timestamp in earlier.settled or post.repay_id in earlier.came_between:
                return False
            # Requests with the same ID of their own are one transfer.
            if post.own_id is not None and post.own_id in {item["repay_id"] for item in earlier.made}:
                return False
    answer = post.answer
    if isinstance(answer, dict) and not post.committed and not post.late:
        # An HTTP status alone may come from a proxy.
        return answer.get("ret_code") not in REFUSALS
    return not post.is_clear


def can_be_mistaken(entry: Entry, recording: Recording) -> bool:
    """Check whether an entry of the owner looks exactly like one of our requests that was not executed."""
    if entry.source != OWNER:
        return False
    # A run that was cut off may have recorded its intent and sent nothing.
    if any(run.is_cut_off and not run.posts and run.plan.goal.loan == entry.loan for run in recording.runs):
        return True
    return any(was_mistaken(entry, post, recording) for post in recording.posts)


def was_mistaken(entry: Entry, post: Post, recording: Recording) -> bool:
    """Check whether a run may have reported an entry of the owner instead of our own repayment."""
    if entry not in twins(post, recording):
        return False
    own = recording.entry_of(post)
    if own is None or not own.is_paid:
        return True
    # As long as neither history nor debt shows our repayment, a run may have found the other one.
    hidden_until = own.time + min(lateness(own, recording))
    return any(run.began_at < hidden_until and entry.repay_id in run.reported_ids for run in recording.runs)


def something_failed(loan: Loan, recording: Recording) -> bool:
    return any(entry.status == FAILED for entry in recording.entries_on(loan))


def counted_at(entry: Entry, moment: int, recording: Recording) -> bool:
    """Check whether a sum over the history was right to count an entry at a moment."""
    return entry.status != FAILED or processed_at(entry, recording) > moment
