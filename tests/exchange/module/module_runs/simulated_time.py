# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time of a test: real time, but for the time in which everybody sleeps, which is skipped.

Everybody is the test, which sleeps while it waits for a run to end, and all runs, which sleep by the clock they are given. As
long as one of them is awake, such as in a request, the others really sleep; so the order of events is that of real time. When
the last one has fallen asleep, the time jumps to the moment at which the first one wants to wake up, and so does the clock of
the stand-in exchange.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import time
import typing as t
import urllib.parse
from pathlib import Path

# How soon a sleeper notices that the time has jumped.
_PAUSE_SECONDS = 0.004


class _State(t.TypedDict):
    """What all processes of a test share.

    :ivar skipped_ms: How far this time is ahead of real time.
    :ivar exchanges: The addresses of the stand-in exchanges that go by it.
    :ivar waiting: How many threads of the test wait for the end of a run.
    :ivar sleepers: When each run, by its process id, wakes up, by the monotonic clock of this time; none when it is awake.
    """

    skipped_ms: int
    exchanges: list[str]
    waiting: int
    sleepers: dict[str, int | None]


class SimulatedTime:
    """One time, shared through a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def begin(cls, path: Path) -> SimulatedTime:
        """Begin at real time, with nobody but the test."""
        time = cls(str(path))
        time._write(_State(skipped_ms=0, exchanges=[], waiting=0, sleepers={}))
        return time

    def follow(self, exchange: str) -> None:
        """Let one more stand-in exchange go by this time."""
        with self._state() as state:
            state["exchanges"].append(exchange)

    def skipped_ms(self) -> int:
        """Return how far this time is ahead of real time; that changes only while everybody sleeps."""
        with self._state() as state:
            return state["skipped_ms"]

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.skipped_ms()

    def seconds(self) -> float:
        """Return a time that only ever goes forward; only differences have a meaning."""
        return time.monotonic() + self.skipped_ms() / 1000

    def join(self, process: int) -> None:
        """Skip no time from now on while this process is alive and awake."""
        with self._state() as state:
            state["sleepers"][str(process)] = None

    def leave(self, process: int) -> None:
        with self._state() as state:
            state["sleepers"].pop(str(process), None)

    @contextlib.contextmanager
    def waiting(self) -> t.Iterator[None]:
        """The test sleeps for as long as this lasts."""
        with self._state() as state:
            state["waiting"] += 1
        try:
            yield
        finally:
            with self._state() as state:
                state["waiting"] -= 1

    def pass_by(self, seconds: float) -> None:
        """The test sleeps for so long."""
        with self.waiting():
            self.sleep_ms(round(seconds * 1000))
        self.leave(os.getpid())

    def sleep_ms(self, duration_ms: int) -> None:
        """Sleep, skipping what everybody sleeps through."""
        me = str(os.getpid())
        with self._state() as state:
            wake_ms = _monotonic_ms(state) + duration_ms
            state["sleepers"][me] = wake_ms
        while True:
            with self._state() as state:
                _skip(state)
                left_ms = wake_ms - _monotonic_ms(state)
                if left_ms <= 0:
                    state["sleepers"][me] = None
                    return
            time.sleep(min(_PAUSE_SECONDS, left_ms / 1000))

    @contextlib.contextmanager
    def _state(self) -> t.Iterator[_State]:
        """Hold the state, which nobody else sees meanwhile, and keep what is changed in it."""
        with open(f"{self.path}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with open(self.path, encoding="ascii") as file:
                before = file.read()
            state = json.loads(before)
            yield state
            if json.dumps(state) != before:
                self._write(state)

    def _write(self, state: _State) -> None:
        """Replace the file, so that a run that is killed meanwhile leaves it whole."""
        fresh = f"{self.path}.new"
        with open(fresh, "w", encoding="ascii") as file:
            file.write(json.dumps(state))
        os.replace(fresh, self.path)


def _monotonic_ms(state: _State) -> int:
    return time.monotonic_ns() // 1_000_000 + state["skipped_ms"]


def _skip(state: _State) -> None:
    """Let the time jump to the next moment at which a sleeper wakes up, if nobody is awake."""
    sleepers = state["sleepers"]
    for process in [process for process in sleepers if not _is_alive(int(process))]:
        del sleepers[process]
    moments = [moment for moment in sleepers.values() if moment is not None]
    left_ms = min(moments) - _monotonic_ms(state)
    if not state["waiting"] or len(moments) < len(sleepers) or left_ms <= 0:
        return
    for exchange in state["exchanges"]:
        _advance(exchange, left_ms)
    state["skipped_ms"] += left_ms


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _advance(exchange: str, by_ms: int) -> None:
    """Move the clock of a stand-in exchange on, unless it stands still."""
    parts = urllib.parse.urlsplit(exchange)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        if _set_clock(connection, 0)["frozen_at_ms"] is None:
            _set_clock(connection, by_ms)
    finally:
        connection.close()


def _set_clock(connection: http.client.HTTPConnection, advance_ms: int) -> dict[str, t.Any]:
    connection.request("POST", "/sandbox/clock", json.dumps({"advance_ms": advance_ms}))
    response = connection.getresponse()
    text = response.read()
    assert response.status == 200, text
    answer: dict[str, t.Any] = json.loads(text)
    return answer
