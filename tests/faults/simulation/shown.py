# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the exchange shows the entries of its ledger, and which entries look alike.

Pure: no I/O.
"""

from __future__ import annotations

from .ledger import EARLY_MS, FAILED, OWNER, Entry
from .products import LEGACY, ORDER_COLLATERAL, WALLETS
from .recording import Recording
from .runs import Post

_NEVER_MS = 10**15


def processed_at(entry: Entry, recording: Recording) -> int:
    """Return the time from which a repayment is no longer in process."""
    post = recording.post_of(entry)
    return entry.time + int(post.fault.get("processing_ms", 0) if post else 0)


def shown_at(entry: Entry, recording: Recording) -> int:
    """Return the time from which the history shows a repayment."""
    if is_gone(entry):
        return _NEVER_MS
    is_hidden = entry.loan.product == LEGACY and "hidden" in recording.switched.get("legacy_processing", ())
    if entry.loan.product == ORDER_COLLATERAL:
        is_hidden = "hidden" in recording.switched.get("legacy_adjustment_processing", ("hidden",))
    return max(entry.visible_at, processed_at(entry, recording) if is_hidden else 0)


def is_gone(entry: Entry) -> bool:
    """Check whether the history no longer shows a repayment, since the legacy histories omit failed ones."""
    return entry.loan.product in (LEGACY, ORDER_COLLATERAL) and entry.status == FAILED


def lateness(entry: Entry, recording: Recording) -> tuple[int, int]:
    """Return how much later than the ledger the history and the debt show a repayment."""
    final_at = processed_at(entry, recording)
    falls_at = [final_at]
    for other in recording.posts_on(entry.loan):
        one = recording.entry_of(other)
        # While the stand-in shows a debt as it was before one repayment, it does not show later repayments either.
        # The wallet's ledger shows a transfer at once.
        if one and one.time <= final_at and entry.loan.product != WALLETS:
            falls_at.append(one.time + int(other.fault.get("debt_delay_ms", 0)))
    return shown_at(entry, recording) - entry.time, max(falls_at) - entry.time


def twins(post: Post, recording: Recording) -> list[Entry]:
    """Return the repayments by others that look like this one."""
    begin = post.timestamp - EARLY_MS
    return [
        entry for entry in recording.entries_on(post.loan)
        if entry.source == OWNER and entry.repay_id != post.repay_id and entry.move == post.move
        # The cost of a whole contract is not known beforehand.
        and (entry.amount == post.amount or recording.goal_of(post).is_whole)
        # A much later repayment counts as well, because the meaning of the exchange's times is not documented.
        and begin - 60_000 <= entry.time and entry.status != FAILED
    ]
