# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals at the gate: the answer says that a request was turned away, but another copy of it was executed.

A run must look for such a copy, and may trust the gate as long as nothing that it reads contradicts it. Pure: no I/O.
"""

from __future__ import annotations

from .products import HISTORY, LEDGER, OTHER, WALLET, Loan
from .recording import Recording
from .runs import Post
from .shown import shown_at
from .switches import UNRECOGNIZED

# Why a run could not see the copy.
REASONS = {
    "refused": "it read no history after that, because it was refused for good",
    "late": "the history shows the copy later than settle_margin allows",
    "changed": "an answer was changed, or the history shows amounts and types otherwise",
    "reads": "it could not read the money that paid, or read it before that showed the copy",
    "borrowed": "more was borrowed in the same pause",
}


def why_believed(post: Post, recording: Recording) -> str | None:
    """Return why a run could not see that another copy of a request was executed; None if there is no such copy or the run
    could see it."""
    run, entry = recording.runs[post.run], recording.entry_of(post)
    if not post.is_turned_away or entry is None:
        return None
    if post.own_id is not None and any(other.sent_at > post.sent_at and other.amount == post.amount for other in run.posts):
        # The exchange executes a request that is sent again with the same ID only once.
        return None
    until = min([other.sent_at for other in run.posts if other.sent_at > post.sent_at], default=run.ended_at or 0)
    reads = [read for read in run.reads if post.sent_at < read.at <= until]
    if not any(read.use == HISTORY for read in reads):
        return "refused"
    if any(read.at >= shown_at(entry, recording) for read in reads if read.use == HISTORY and read.clean):
        return None
    if shown_at(entry, recording) - post.sent_at > run.plan.settle_margin * 1000:
        return "late"
    if run.is_misled or recording.is_switched(*UNRECOGNIZED):
        return "changed"
    # Pledged collateral is shown as late as the debt.
    pays, late = (OTHER, "debt_delay_ms") if run.plan.goal.collateral else (WALLET, "wallet_delay_ms")
    if pays == WALLET and (recording.cannot_read_wallet or any(read.use == LEDGER and read.clean for read in reads)):
        # Without the wallet, the run has to wait as if the request had been executed; the wallet's ledger shows the copy.
        return None
    seen = [read.at for read in reads if read.use == pays and read.clean]
    if not seen or seen[-1] < entry.time + int(post.fault.get(late, 0)):
        return "reads"
    return "borrowed" if any(post.sent_at <= at <= until for at, dummy in recording.borrowed) else None


def hides(loan: Loan, moment: int, recording: Recording) -> bool:
    """Check whether the history did not yet show a copy on this loan that nobody could know about."""
    hidden = [recording.entry_of(post) for post in recording.posts_on(loan) if why_believed(post, recording)]
    return any(moment <= shown_at(entry, recording) for entry in hidden if entry)
