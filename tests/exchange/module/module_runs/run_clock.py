# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock that is handed to a run."""

from __future__ import annotations

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock

from .simulated_time import SimulatedTime


class RunClock(Clock):
    def __init__(self, time: SimulatedTime) -> None:
        super().__init__()
        self._time = time
        self._skipped_ms = time.skipped_ms()

    def now_ms(self) -> int:
        return super().now_ms() + self._skipped_ms

    def monotonic_ms(self) -> int:
        return super().monotonic_ms() + self._skipped_ms

    def sleep_ms(self, duration_ms: int) -> None:
        self._time.sleep_ms(duration_ms)
        self._skipped_ms = self._time.skipped_ms()
