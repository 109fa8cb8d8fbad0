# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can keep a run from knowing the outcome of a repayment: the conditions of the oracle's excuses.

Pure: no I/O.
"""

from __future__ import annotations

from .ledger import EARLY_MS, Entry
from .products import DEBT, HISTORY, LEDGER, ORDER_COLLATERAL, OTHER, TIME, WALLET
from .recording import Recording
from .runs import Post, Run
from .shown import is_gone, lateness, processed_at, shown_at, twins
from .standin import DAY_MS
from .switches import UNRECOGNIZED

# The longest pause between two reads of the history, plus the longest duration of the requests in between.
SLACK_MS = 4500
# How many times settle_margin a run has to wait if it cannot read the repayment in a wallet's ledger.
MARGINS_WITHOUT_LEDGER = 60
# Two complete reads, because one of them may overlap with a failing one.
_READS = 2
# Read once or twice, in addition to history and debt.
_FURTHER = (WALLET, LEDGER, OTHER)
# Some days less than the period that the history covers.
_HISTORY_MS = 178 * DAY_MS
_BLOCKED = 403


# Conditions for a repayment request whose outcome is unknown.


def was_misled(run: Run, post: Post, recording: Recording) -> bool:
    return run.is_misled or recording.runs[post.run].is_misled


def was_blocked(run: Run, post: Post, recording: Recording) -> bool:
    return post.run == run.index and isinstance(post.answer, dict) and post.answer.get("http_status") == _BLOCKED


def is_too_old(run: Run, post: Post, recording: Recording) -> bool:
    return run.began_at - post.sent_at > _HISTORY_MS


def has_twin(run: Run, post: Post, recording: Recording) -> bool:
    return bool(twins(post, recording))


def is_shown_otherwise(run: Run, post: Post, recording: Recording) -> bool:
    return recording.is_switched(*UNRECOGNIZED)


def has_failed(run: Run, post: Post, recording: Recording) -> bool:
    entry = recording.entry_of(post)
    return entry is not None and not entry.is_paid


def has_neighbor(run: Run, post: Post, recording: Recording) -> bool:
    entry = recording.entry_of(post)
    if entry is not None and shown_at(entry, recording) <= (run.ended_at or 0):
        return False
    since = recording.runs[post.run].began_at - run.plan.settle_margin * 1000 - EARLY_MS
    others = [other for other in recording.ledger.values() if other.repay_id != post.repay_id]
    return any(max(one.time, processed_at(one, recording)) >= since and one.time <= (run.ended_at or 0) for one in others)


def is_late(run: Run, post: Post, recording: Recording) -> bool:
    for other in recording.posts_on(post.loan):
        entry = recording.entry_of(other)
        if entry is None:
            continue
        history = shown_at(entry, recording) - entry.time
        late = max(history, *(int(other.fault.get(name, 0)) for name in ("debt_delay_ms", "wallet_delay_ms")))
        if entry.time + late >= post.sent_at - 60_000 and late > run.plan.settle_margin * 1000:
            return True
    return False


def is_hidden_by_loan(run: Run, post: Post, recording: Recording) -> bool:
    sender = recording.runs[post.run]
    since = max((read.at for read in sender.reads if read.use == DEBT and read.at <= post.sent_at), default=0)
    entry = recording.entry_of(post)
    is_seen = entry is not None and entry.is_paid and shown_at(entry, recording) <= (run.ended_at or 0)
    return not is_seen and any(since <= at <= (run.ended_at or 0) and loan == post.loan for at, loan in recording.borrowed)


def ended_too_early(run: Run, post: Post, recording: Recording) -> bool:
    begun = post.sent_at if post.run == run.index else min([read.at for read in run.reads], default=run.began_at)
    return begun + run.plan.wait_timeout * 1000 < _decidable_at(run, post, recording) + SLACK_MS


def could_not_read(run: Run, post: Post, recording: Recording) -> bool:
    before = [read for read in recording.runs[post.run].reads if read.use in _FURTHER and read.at <= post.sent_at]
    if not recording.cannot_read_wallet and not all(read.clean for read in before):
        # Without a read before the request, there is nothing to compare with after it.
        return True
    return not _could_read(run, _decidable_at(run, post, recording), recording.cannot_read_wallet)


def _decidable_at(run: Run, post: Post, recording: Recording) -> int:
    """Return the time from which the exchange shows the outcome of a request."""
    entry = recording.entry_of(post)
    closed_at = max(post.window_end, post.sent_at + post.recv_window + EARLY_MS)
    # A failed entry does not prove that there is no other one, so the whole time must pass as if there were none.
    if entry and entry.is_paid and entry.time <= min(post.window_end, run.ended_at or 0):
        return max(closed_at, shown_at(entry, recording))
    has_ledger = not recording.cannot_read_wallet and not recording.goal_of(post).collateral
    return closed_at + run.plan.settle_margin * 1000 * (1 if has_ledger else MARGINS_WITHOUT_LEDGER)


def _could_read(run: Run, need: int, cannot_read_wallet: bool) -> bool:
    """Check whether the run could read everything that it needed, once the evidence was there."""
    if any(not read.clean for read in run.reads if read.use in _FURTHER) and not cannot_read_wallet:
        return False
    after = [read for read in run.reads if read.at >= need]
    for use in (HISTORY, DEBT):
        if sum(1 for read in after if read.use == use and read.clean) < _READS:
            disturbed = [read for read in run.reads if not read.clean and read.use not in _FURTHER]
            # A run may stop at once when the exchange demands it.
            return not disturbed or (disturbed[-1].at < need - SLACK_MS and run.reads[-1].clean)
    asked_time = [read for read in after if read.use == TIME]
    return not asked_time or any(read.clean for read in asked_time)


# Conditions for an accepted repayment that may not be final yet.


def does_not_wait(run: Run, entry: Entry, recording: Recording) -> bool:
    return not run.plan.wait


def has_vanished(run: Run, entry: Entry, recording: Recording) -> bool:
    return is_gone(entry)


def has_not_arrived(run: Run, entry: Entry, recording: Recording) -> bool:
    """Return whether only collateral and wallet can show that the operation is final, and they are late."""
    post = recording.post_of(entry)
    late_ms = max(int(post.fault.get(name, 0)) for name in ("debt_delay_ms", "wallet_delay_ms")) if post else 0
    is_unread = any(read.use in (DEBT, WALLET, LEDGER) and not read.clean for read in run.reads)
    return entry.loan.product == ORDER_COLLATERAL and (is_unread or max(late_ms, lateness(entry, recording)[1]) > 0)


def ended_before_final(run: Run, entry: Entry, recording: Recording) -> bool:
    post = recording.post_of(entry)
    sent_at = post.sent_at if post and post.run == run.index else 0
    begun = max(sent_at, min([read.at for read in run.reads], default=run.began_at))
    return begun + run.plan.wait_timeout * 1000 < _shown_as_final_at(entry, recording) + SLACK_MS


def could_not_read_final(run: Run, entry: Entry, recording: Recording) -> bool:
    final_at = _shown_as_final_at(entry, recording)
    return sum(1 for read in run.reads if read.use == HISTORY and read.clean and read.at >= final_at) < _READS


def _shown_as_final_at(entry: Entry, recording: Recording) -> int:
    delays = recording.switched.get("repay_id_query_ms", {0})
    return max(processed_at(entry, recording), entry.visible_at) + max(int(delay) for delay in delays)
