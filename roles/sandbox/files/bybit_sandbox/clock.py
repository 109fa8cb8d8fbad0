# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of the stand-in, which can be offset, advanced, or frozen."""

from __future__ import annotations

import time

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock:
    def __init__(self, offset_ms: int = 0, frozen_at_ms: int | None = None) -> None:
        self.offset_ms = offset_ms
        self.frozen_at_ms = frozen_at_ms

    def now_ms(self) -> int:
        if self.frozen_at_ms is not None:
            return self.frozen_at_ms
        return time.time_ns() // 1_000_000 + self.offset_ms

    def set_offset(self, offset_ms: int) -> None:
        """Run at real time plus this offset."""
        self.offset_ms = offset_ms
        self.frozen_at_ms = None

    def advance(self, by_ms: int) -> None:
        if self.frozen_at_ms is not None:
            self.frozen_at_ms += by_ms
        else:
            self.offset_ms += by_ms

    def freeze(self, at_ms: int | None = None) -> None:
        self.frozen_at_ms = self.now_ms() if at_ms is None else at_ms

    def unfreeze(self) -> None:
        """Run again at real time plus the offset from before the freeze."""
        self.frozen_at_ms = None

    def to_dict(self) -> dict:
        return {"offset_ms": self.offset_ms, "frozen_at_ms": self.frozen_at_ms}
