# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions sorted by time, so that a request does not have to go through the whole ledger."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator


class Schedule:
    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0

    def add(self, at: int, action: Callable[[int], None]) -> None:
        # The number keeps actions that are due at the same time in the order in which they were added.
        self._number += 1
        heapq.heappush(self._entries, (at, self._number, action))

    def due(self, now: int) -> Iterator[tuple[int, Callable[[int], None]]]:
        """All actions due by now, earliest first, including those added meanwhile."""
        while self._entries and self._entries[0][0] <= now:
            at, _number, action = heapq.heappop(self._entries)
            yield at, action
