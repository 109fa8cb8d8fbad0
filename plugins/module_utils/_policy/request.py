# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy as it is declared for one account.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .money import Amounts, Cap
from .planner import Policy
from .rules import Marks

# The names of the caps: of one run, and of the 24 hours before it.
PER_RUN, PER_DAY = "per_run", "per_day"


class PolicyRequest(t.NamedTuple):
    """A policy as its options declare it.

    :ivar sources: The wallets to take money from, in this order.
    :ivar keep: What must remain of a coin in these wallets together.
    :ivar caps: The caps. That of a day allows nothing in USD until C(used_usd) is filled in with what was moved before.
    :ivar marks: The assumed marks of the account.
    """

    policy: Policy
    sources: tuple[str, ...]
    keep: Amounts
    caps: tuple[Cap, ...]
    marks: Marks
