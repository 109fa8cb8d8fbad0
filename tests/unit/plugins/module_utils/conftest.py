# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._state import State, Target

TARGET = Target("api.bybit.com", "0123456789abcdef", "legacy", "17")


class FakeClock(Clock):
    """Goes forward only by what is slept, and writes that down.

    :ivar after_pause: Called after each pause.
    """

    def __init__(self) -> None:
        # The two readings have nothing to do with each other.
        self.time_ms = 1793534400000
        self.running_ms = 7_000_000
        self.pauses: list[int] = []
        self.after_pause: t.Callable[[], object] = lambda: None

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.running_ms

    def sleep_ms(self, duration_ms: int) -> None:
        assert duration_ms > 0
        self.pauses.append(duration_ms)
        self.pass_ms(duration_ms)
        self.after_pause()

    def pass_ms(self, duration_ms: int) -> None:
        self.time_ms += duration_ms
        self.running_ms += duration_ms


@pytest.fixture
def clock() -> FakeClock:
    """Let no test wait in real time."""
    return FakeClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def state(directory: Path, clock: t.Any) -> State:
    """What is on the disk, whoever has the lock."""
    return State(str(directory), TARGET, clock)


@pytest.fixture
def begin(directory: Path, clock: t.Any) -> t.Callable[..., Memory]:
    """Begin a run as a process would."""

    def call(check_mode: bool = False) -> Memory:
        memory = Memory(State(str(directory), TARGET, clock))
        memory.begin(check_mode, 1000)
        return memory

    return call
