# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time on this machine. All times and waits of the collection come from here, except the timeouts of HTTP itself.

This module util is private to the collection.
"""

from __future__ import annotations

import time
import typing as t

_MIN_REPORTED_WAIT_MS = 2000
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Clock:
    """The clock of this machine; tests put another one in its place.

    :param log: Logs a sentence when a long wait begins.
    :ivar waits: These sentences, for the result.
    """

    def __init__(self, log: t.Callable[[str], object] | None = None) -> None:
        self._log = log
        self.waits: list[str] = []

    def now_ms(self) -> int:
        """Return the time of day (UTC, ms since 1970), which may be set at any moment."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return a time that only moves forward; only differences are meaningful."""
        return time.monotonic_ns() // 1_000_000

    def boot_id(self) -> str:
        """Identify this start of the machine, as the monotonic clock counts from it; empty if the system does not report one."""
        try:
            with open(_BOOT_ID, encoding="ascii") as file:
                return file.read().strip()
        except (OSError, ValueError):
            return ""

    def sleep_ms(self, duration_ms: int) -> None:
        time.sleep(duration_ms / 1000)

    def report_wait(self, reason: str, duration_ms: int) -> None:
        """Report that the run waits now, and for how long at most; short waits are not reported."""
        if duration_ms < _MIN_REPORTED_WAIT_MS:
            return
        sentence = f"{reason}: waiting up to {-(-duration_ms // 1000)} s."
        self.waits.append(sentence)
        if self._log is not None:
            self._log(sentence)
