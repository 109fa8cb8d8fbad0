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
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, Busy
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, Target

TARGET = Target("mainnet", "104", "legacy", "17")
HOLDER = """
import sys
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, Target
state = Store(sys.argv[1], Target(*sys.argv[2:]), Clock())
state.lock(0)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path, clock: t.Any) -> Store:
    return Store(str(tmp_path), TARGET, clock)


@pytest.fixture
def other(tmp_path: Path, clock: t.Any) -> Store:
    """Another run for the same target."""
    return Store(str(tmp_path), TARGET, clock)


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


def test_a_free_lock_is_taken_without_a_pause(store: Store, clock: t.Any, lock_file: Path) -> None:
    store.lock(0)
    assert clock.pauses == []
    assert lock_file.read_text().strip() == str(os.getpid())


def test_one_process_keeps_itself_out(store: Store, other: Store) -> None:
    store.lock(0)
    with pytest.raises(Busy):
        other.lock(0)


def test_the_pauses_grow_and_end_at_the_limit(store: Store, other: Store, clock: t.Any) -> None:
    store.lock(0)
    begun_ms = clock.monotonic_ms()
    with pytest.raises(Busy):
        other.lock(2000)
    assert clock.pauses == [50, 100, 200, 400, 500, 500, 250]
    assert clock.monotonic_ms() == begun_ms + 2000


def test_setting_the_time_of_day_does_not_matter(store: Store, other: Store, clock: t.Any) -> None:
    def set_back() -> None:
        clock.time_ms -= 3600_000

    clock.after_pause = set_back
    store.lock(0)
    with pytest.raises(Busy):
        other.lock(1000)
    assert sum(clock.pauses) == 1000


def test_who_is_busy_is_named(store: Store, other: Store, lock_file: Path) -> None:
    store.lock(0)
    with pytest.raises(Busy) as caught:
        other.lock(3000)
    assert str(caught.value) == (
        f"Another run for this loan (process {os.getpid()}, lock file '{lock_file}') did not end within lock_timeout, 3 s: "
        f"nothing was sent; run again when it has ended, or raise lock_timeout."
    )
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize(("told", "outcome"), [(True, "not_executed"), (False, "unknown")])
def test_what_the_busy_one_has_noted_is_in_doubt(store: Store, other: Store, told: bool, outcome: str) -> None:
    before = Baseline(Decimal(1000), Decimal(1000), ())
    store.lock(0)
    store.save([Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", before, 1793534400000, 5000, reported=told)])
    with pytest.raises(Busy) as caught:
        other.lock(0)
    assert caught.value.outcome == outcome
    assert ("The outcome of the repayment that it recorded is not known yet." in str(caught.value)) == (not told)


def test_who_is_busy_may_have_no_name(store: Store, other: Store, lock_file: Path) -> None:
    store.lock(0)
    lock_file.write_text("")
    with pytest.raises(Busy, match="process unknown, lock file"):
        other.lock(0)


def test_whoever_waits_comes_next(store: Store, other: Store, clock: t.Any) -> None:
    store.lock(0)
    clock.after_pause = lambda: store.unlock() if len(clock.pauses) == 3 else None
    other.lock(60_000)
    assert clock.pauses == [50, 100, 200]
    with pytest.raises(Busy):
        store.lock(0)


def test_a_last_try_is_made_when_the_time_is_over(store: Store, other: Store, clock: t.Any) -> None:
    store.lock(0)
    clock.after_pause = store.unlock
    other.lock(1)
    assert clock.pauses == [1]


def test_a_lock_without_traces(store: Store, other: Store, lock_file: Path) -> None:
    assert not store.exists()
    other.lock(0)
    other.unlock()
    assert store.exists()
    lock_file.write_text("4711")
    lock_file.chmod(0o400)
    store.lock(0, writes=False)
    assert lock_file.read_text() == "4711"
    with pytest.raises(Busy):
        other.lock(0)


def test_unlocking_twice_is_harmless(store: Store, other: Store) -> None:
    store.unlock()
    store.lock(0)
    store.unlock()
    other.lock(0)
    store.unlock()
    with pytest.raises(Busy):
        store.lock(0)


def test_one_who_gave_up_waiting_does_not_free_the_lock(store: Store, other: Store, tmp_path: Path, clock: t.Any) -> None:
    store.lock(0)
    with pytest.raises(Busy):
        other.lock(0)
    other.unlock()
    with pytest.raises(Busy):
        Store(str(tmp_path), TARGET, clock).lock(0)


def test_a_lock_file_without_a_holder_is_free(store: Store, clock: t.Any, lock_file: Path) -> None:
    lock_file.write_text("123456789012345")
    store.lock(0)
    assert clock.pauses == []
    assert lock_file.read_text().strip() == str(os.getpid())


def test_saving_does_not_free_the_lock(store: Store, other: Store) -> None:
    store.lock(0)
    store.save([])
    assert store.load() == []
    with pytest.raises(Busy):
        other.lock(0)


def test_a_full_disk_stops_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(BadInput, match="^state_dir '.*' cannot be used .it cannot be locked: No space left on device"):
        store.lock(1000)


def test_another_process_keeps_us_out(store: Store, holder: subprocess.Popen[str], lock_file: Path) -> None:
    with pytest.raises(Busy, match=f"process {holder.pid}, lock file '{lock_file}'"):
        store.lock(1000)


def test_another_process_that_ends_lets_us_in(store: Store, holder: subprocess.Popen[str], clock: t.Any) -> None:
    def end() -> None:
        holder.communicate()

    clock.after_pause = end
    store.lock(1000)
    assert clock.pauses == [50]


def test_a_killed_process_lets_us_in(store: Store, holder: subprocess.Popen[str], clock: t.Any, lock_file: Path) -> None:
    def kill() -> None:
        holder.kill()
        holder.wait()

    clock.after_pause = kill
    store.lock(1000)
    assert clock.pauses == [50]
    assert lock_file.read_text().strip() == str(os.getpid())


def test_who_waits_for_a_lock_that_is_removed_takes_the_one_that_is_there(
    store: Store, other: Store, clock: t.Any, lock_file: Path
) -> None:
    """Otherwise it would hold a file that nobody else ever looks at."""
    store.lock(0)
    clock.after_pause = lambda: (lock_file.unlink(missing_ok=True), store.unlock())
    other.lock(1000)
    with pytest.raises(Busy):
        store.lock(0)
