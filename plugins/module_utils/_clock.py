# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time on this machine. All times and waits of the collection come from here, except the timeouts of HTTP itself.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import itertools
import time
import typing as t

_MIN_REPORTED_WAIT_MS = 2000
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
# Gets the number of a wait, its reason, and how long it takes at most (ms; 0 if that is not known) when it begins, and again when its
# reason changes; when it is over, its number and no reason.
Listener = t.Callable[[int, str, int], object]


class Clock:
    """The clock of this machine; tests put another one in its place.

    :param log: Logs a sentence when a long wait begins.
    :param listener: Gets each wait as it begins and ends, however short it is, so that it can show one that takes long.
    :ivar waits: The sentences that were logged, for the result.
    """

    _numbers = itertools.count()
    _listener: Listener | None = None

    def __init__(self, log: t.Callable[[str], object] | None = None, listener: Listener | None = None) -> None:
        self._log = log
        self._listener = listener
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
        sentence = waiting_for(reason, duration_ms)
        self.waits.append(sentence)
        if self._log is not None:
            self._log(sentence)

    @contextlib.contextmanager
    def waiting(self, reason: str, at_most_ms: int) -> t.Iterator[t.Callable[[str], None]]:
        """Tell the listener that the run waits for what is done within. What this yields changes the reason.

        :param at_most_ms: How long it takes at most; 0 if that is not known.
        """
        number, told = next(self._numbers), reason

        def say(other: str) -> None:
            nonlocal told
            if other != told:
                told = other
                self._tell(number, other, at_most_ms)

        self._tell(number, reason, at_most_ms)
        try:
            yield say
        finally:
            self._tell(number, "", 0)

    def _tell(self, number: int, reason: str, at_most_ms: int) -> None:
        # Nothing that goes wrong here may come between a request and its answer.
        with contextlib.suppress(Exception):
            if self._listener is not None:
                self._listener(number, reason, at_most_ms)

    def pause_ms(self, reason: str, duration_ms: int) -> None:
        """Report a wait of a known length, and sleep."""
        self.report_wait(reason, duration_ms)
        with self.waiting(reason, duration_ms):
            self.sleep_ms(duration_ms)


def waiting_for(reason: str, at_most_ms: int) -> str:
    """Say what a run waits for, and for how long at most."""
    return f"{reason}: waiting up to {-(-at_most_ms // 1000)} s."
