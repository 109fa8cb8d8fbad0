# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput, Busy
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Baseline, Goal, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._state import State, Target

TARGET = Target("mainnet", "104", "legacy", "17")
HOLDER = """
import sys
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._state import State, Target
state = State(sys.argv[1], Target(*sys.argv[2:]), Clock())
state.lock(0)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path, clock: t.Any) -> State:
    return State(str(tmp_path), TARGET, clock)


@pytest.fixture
def other(tmp_path: Path, clock: t.Any) -> State:
    """Another run for the same target."""
    return State(str(tmp_path), TARGET, clock)


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / f"{TARGET.file_name()}.lock"


@pytest.fixture
def holder(tmp_path: Path, child_environment: dict[str, str]) -> t.Iterator[subprocess.Popen[str]]:
    """Another process, which has the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path), *TARGET]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=child_environment, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_free_lock_is_taken_without_a_pause(state: State, clock: t.Any, lock_file: Path) -> None:
    state.lock(0)
    assert clock.pauses == []
    assert lock_file.read_text().strip() == str(os.getpid())


def test_one_process_keeps_itself_out(state: State, other: State) -> None:
    state.lock(0)
    with pytest.raises(Busy):
        other.lock(0)


def test_the_pauses_grow_and_end_at_the_limit(state: State, other: State, clock: t.Any) -> None:
    state.lock(0)
    begun_ms = clock.monotonic_ms()
    with pytest.raises(Busy):
        other.lock(2000)
    assert clock.pauses == [50, 100, 200, 400, 500, 500, 250]
    assert clock.monotonic_ms() == begun_ms + 2000


def test_setting_the_time_of_day_does_not_matter(state: State, other: State, clock: t.Any) -> None:
    def set_back() -> None:
        clock.time_ms -= 3600_000

    clock.after_pause = set_back
    state.lock(0)
    with pytest.raises(Busy):
        other.lock(1000)
    assert sum(clock.pauses) == 1000


def test_who_is_busy_is_named(state: State, other: State, lock_file: Path) -> None:
    state.lock(0)
    with pytest.raises(Busy) as caught:
        other.lock(3000)
    assert str(caught.value) == (
        f"Another run for this loan (process {os.getpid()}, lock file '{lock_file}') has not ended within lock_timeout, 3 s: "
        f"nothing was sent; run again when it has ended, or raise lock_timeout."
    )
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize(("told", "outcome"), [(True, "not_executed"), (False, "unknown")])
def test_what_the_busy_one_has_noted_is_in_doubt(state: State, other: State, told: bool, outcome: str) -> None:
    before = Baseline(Decimal(1000), Decimal(1000), ())
    state.lock(0)
    state.save([Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", before, 1793534400000, 5000, told=told)])
    with pytest.raises(Busy) as caught:
        other.lock(0)
    assert caught.value.outcome == outcome
    assert ("What became of the repayment that it has noted is not known yet." in str(caught.value)) == (not told)


def test_who_is_busy_may_have_no_name(state: State, other: State, lock_file: Path) -> None:
    state.lock(0)
    lock_file.write_text("")
    with pytest.raises(Busy, match="process unknown, lock file"):
        other.lock(0)


def test_whoever_waits_comes_next(state: State, other: State, clock: t.Any) -> None:
    state.lock(0)
    clock.after_pause = lambda: state.unlock() if len(clock.pauses) == 3 else None
    other.lock(60_000)
    assert clock.pauses == [50, 100, 200]
    with pytest.raises(Busy):
        state.lock(0)


def test_a_last_try_is_made_when_the_time_is_over(state: State, other: State, clock: t.Any) -> None:
    state.lock(0)
    clock.after_pause = state.unlock
    other.lock(1)
    assert clock.pauses == [1]


def test_a_lock_without_traces(state: State, other: State, lock_file: Path) -> None:
    assert not state.exists()
    other.lock(0)
    other.unlock()
    assert state.exists()
    lock_file.write_text("4711")
    lock_file.chmod(0o400)
    state.lock(0, writes=False)
    assert lock_file.read_text() == "4711"
    with pytest.raises(Busy):
        other.lock(0)


def test_unlocking_twice_is_harmless(state: State, other: State) -> None:
    state.unlock()
    state.lock(0)
    state.unlock()
    other.lock(0)
    state.unlock()
    with pytest.raises(Busy):
        state.lock(0)


def test_one_who_gave_up_waiting_does_not_free_the_lock(state: State, other: State, tmp_path: Path, clock: t.Any) -> None:
    state.lock(0)
    with pytest.raises(Busy):
        other.lock(0)
    other.unlock()
    with pytest.raises(Busy):
        State(str(tmp_path), TARGET, clock).lock(0)


def test_a_lock_file_without_a_holder_is_free(state: State, clock: t.Any, lock_file: Path) -> None:
    lock_file.write_text("123456789012345")
    state.lock(0)
    assert clock.pauses == []
    assert lock_file.read_text().strip() == str(os.getpid())


def test_saving_does_not_free_the_lock(state: State, other: State) -> None:
    state.lock(0)
    state.save([])
    assert state.load() == []
    with pytest.raises(Busy):
        other.lock(0)


def test_a_full_disk_stops_the_run(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(BadInput, match="^state_dir '.*' cannot be used .it cannot be locked: No space left on device"):
        state.lock(1000)


def test_another_process_keeps_us_out(state: State, holder: subprocess.Popen[str], lock_file: Path) -> None:
    with pytest.raises(Busy, match=f"process {holder.pid}, lock file '{lock_file}'"):
        state.lock(1000)


def test_another_process_that_ends_lets_us_in(state: State, holder: subprocess.Popen[str], clock: t.Any) -> None:
    def end() -> None:
        holder.communicate()

    clock.after_pause = end
    state.lock(1000)
    assert clock.pauses == [50]


def test_a_killed_process_lets_us_in(state: State, holder: subprocess.Popen[str], clock: t.Any, lock_file: Path) -> None:
    def kill() -> None:
        holder.kill()
        holder.wait()

    clock.after_pause = kill
    state.lock(1000)
    assert clock.pauses == [50]
    assert lock_file.read_text().strip() == str(os.getpid())


def test_who_waits_for_a_lock_that_is_removed_takes_the_one_that_is_there(
    state: State, other: State, clock: t.Any, lock_file: Path
) -> None:
    """Otherwise it would hold a file that nobody else ever looks at."""
    state.lock(0)
    clock.after_pause = lambda: (lock_file.unlink(missing_ok=True), state.unlock())
    other.lock(1000)
    with pytest.raises(Busy):
        state.lock(0)
