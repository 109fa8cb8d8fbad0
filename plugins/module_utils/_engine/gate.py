# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a repayment that the exchange's gate has turned away may have been executed all the same.

The gate's word is sure for the request that it answers. But something in between may have sent that request twice: one copy was
executed, and the answer is the one to the other. Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import difference
from .._journal.intent import Intent
from .._loans.history import FAILED, HistoryEntry
from .preflight import Prepared


def entries_since(before: Prepared, now: Prepared) -> list[HistoryEntry]:
    """Return what the history shows of repayments that it did not show before, and that may be a user's."""
    known = {entry.repay_id for entry in before.entries}
    return [r for r in now.entries if r.repay_id not in known and r.status != FAILED and r.by_user is not False]


def has_money_moved(intent: Intent, before: Prepared, now: Prepared) -> bool:
    """Tell whether as much as an intent wanted may have left what pays, though others may have taken it.

    :param before: What was known when it was sent, as C(now) is what is known after the pause.
    """
    if before.pledged:
        held = dict(now.pledged)
        return any(held.get(coin, Decimal(0)) < amount for coin, amount in before.pledged)
    old, new = before.means.wallet, now.means.wallet
    # Where nobody can look, it may.
    return old is None or new is None or difference(old, new) >= intent.amount
