# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run goes about its goal: the options that do not say what to reach.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal


class Manner(t.NamedTuple):
    """The options of these names, times in milliseconds."""

    wait: bool
    wait_timeout_ms: int
    settle_margin_ms: int
    lock_timeout_ms: int
    acknowledge: str | None
    at_most: Decimal | None = None
    allow_partial: bool = False

    def deadline_ms(self, now_ms: int) -> int:
        """Return when to give up finding something out that begins now, by the same clock."""
        return now_ms + self.wait_timeout_ms
