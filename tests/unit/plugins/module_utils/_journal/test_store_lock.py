# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs for one loan wait for each other, and no run waits for one that ended."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, BusyInDoubt
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.actor import actor_now
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import ACCEPTED, SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE, OPEN, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target

TARGET = Target("mainnet", "104", "legacy", "17")
INTENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000)
HOLDER = """
import sys
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._options.journal import database_of
store = Store(database_of({"journal": sys.argv[1]}, Clock()), Target(*sys.argv[2:]), Clock())
store.acquire(0)
print("locked", flush=True)
sys.stdin.read()
"""

NewStore = t.Callable[..., Store]


@pytest.fixture
def other(new_store: NewStore) -> Store:
    """Another run for the same target."""
    return new_store()


@pytest.fixture
def holder(option: str, child_environment: dict[str, str]) -> t.Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, option, *TARGET]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=child_environment, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_free_target_is_acquired_without_a_pause(store: Store, clock: t.Any) -> None:
    assert store.acquire(0) == []
    assert (clock.pauses, clock.waits) == ([], [])


def test_one_process_keeps_itself_out(store: Store, other: Store) -> None:
    store.acquire(0)
    with pytest.raises(Busy):
        other.acquire(0)


@pytest.mark.parametrize(
    "change", [{"realm": "testnet"}, {"account": "105"}, {"product": "flexible"}, {"loan": "18"}], ids=str
)
def test_other_targets_are_free(store: Store, new_store: NewStore, change: dict[str, str]) -> None:
    store.acquire(0)
    new_store(TARGET._replace(**change)).acquire(0)


def test_the_pauses_grow_and_end_at_the_limit(store: Store, other: Store, clock: t.Any) -> None:
    store.acquire(0)
    begun_ms = clock.monotonic_ms()
    with pytest.raises(Busy):
        other.acquire(2000)
    assert clock.pauses == [50, 100, 200, 400, 500, 500, 250]
    assert clock.monotonic_ms() == begun_ms + 2000


def test_setting_the_time_of_day_does_not_matter(store: Store, other: Store, clock: t.Any) -> None:
    def set_back() -> None:
        clock.time_ms -= 3600_000

    clock.after_pause = set_back
    store.acquire(0)
    with pytest.raises(Busy):
        other.acquire(1000)
    assert sum(clock.pauses) == 1000


def test_the_holder_is_named(store: Store, other: Store, clock: t.Any) -> None:
    actor = actor_now()
    store.acquire(0)
    who = f"process {os.getpid()} of user {actor['user']} on {actor['controller']}, since 2026-11-01 12:00:00 UTC"
    with pytest.raises(Busy) as caught:
        other.acquire(3000)
    assert str(caught.value) == (
        f"Another run for this loan ({who}) did not end within lock_timeout, 3 s, so nothing was sent: run again later, or raise "
        f"lock_timeout."
    )
    assert caught.value.outcome == "not_executed"
    assert clock.waits == [f"Another run for this loan ({who}) has not ended: waiting up to 3 s."]
    assert [heard for heard in clock.heard if "PostgreSQL" not in heard and heard] == [f"Another run for this loan ({who}) has not ended"]
    assert clock.heard.count("") == len(clock.heard) / 2


def test_the_next_one_that_is_busy_is_named_to_who_listens(store: Store, other: Store, new_store: NewStore, clock: t.Any) -> None:
    store.acquire(0)

    def hand_over() -> None:
        if len(clock.pauses) == 5:
            store.release()
            new_store().acquire(0)

    clock.after_pause = hand_over
    with pytest.raises(Busy):
        other.acquire(3000)
    told = [re.search(r"since .* UTC", heard) for heard in clock.heard if heard.startswith("Another run for this loan")]
    assert [found and found[0] for found in told] == ["since 2026-11-01 12:00:00 UTC", "since 2026-11-01 12:00:01 UTC"]
    assert len(clock.waits) == 1


@pytest.mark.parametrize(
    ("record", "is_in_doubt"),
    [
        (Record(INTENT, OPEN, SIGNED), True),
        (Record(INTENT, MADE, ACCEPTED), True),
        (Record(dataclasses.replace(INTENT, reported=True), MADE, ACCEPTED), False),
    ],
    ids=["open", "made", "reported"],
)
def test_the_holders_open_intent_is_a_doubt(store: Store, other: Store, record: Record, is_in_doubt: bool) -> None:
    store.acquire(0)
    store.write([Change(record, (Event(record.outcome, "sent"),), is_new=True)])
    with pytest.raises(Busy) as caught:
        other.acquire(0)
    assert isinstance(caught.value, BusyInDoubt) == is_in_doubt
    assert caught.value.outcome == ("unknown" if is_in_doubt else "not_executed")
    assert ("The outcome of its operation is not known yet." in str(caught.value)) == is_in_doubt


def test_a_waiting_run_is_next(store: Store, other: Store, clock: t.Any) -> None:
    store.acquire(0)
    clock.after_pause = lambda: store.release() if len(clock.pauses) == 3 else None
    other.acquire(60_000)
    assert clock.pauses == [50, 100, 200]
    with pytest.raises(Busy):
        store.acquire(0)


def test_a_waiting_run_finds_what_was_recorded_meanwhile(store: Store, other: Store, clock: t.Any) -> None:
    def send_and_end() -> None:
        store.write([Change(Record(INTENT, OPEN, SIGNED), (Event(SIGNED, "sent"),), is_new=True)])
        store.release()

    store.acquire(0)
    clock.after_pause = send_and_end
    assert [record.intent for record in other.acquire(60_000)] == [INTENT]


def test_a_last_try_is_made_when_the_time_is_over(store: Store, other: Store, clock: t.Any) -> None:
    store.acquire(0)
    clock.after_pause = store.release
    other.acquire(1)
    assert clock.pauses == [1]


def test_releasing_twice_is_harmless(store: Store, other: Store) -> None:
    store.release()
    store.acquire(0)
    store.release()
    other.acquire(0)
    store.release()
    with pytest.raises(Busy):
        store.acquire(0)


def test_giving_up_does_not_free_the_target(store: Store, other: Store, new_store: NewStore) -> None:
    store.acquire(0)
    with pytest.raises(Busy):
        other.acquire(0)
    other.release()
    with pytest.raises(Busy):
        new_store().acquire(0)


def test_writing_does_not_free_the_target(store: Store, other: Store) -> None:
    store.acquire(0)
    store.write([Change(Record(INTENT, OPEN, SIGNED), (Event(SIGNED, "sent"),), is_new=True)])
    with pytest.raises(Busy):
        other.acquire(0)


def test_another_process_keeps_us_out(store: Store, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Busy, match=re.escape(f"(process {holder.pid} of user ")):
        store.acquire(1000)


def test_another_process_that_ends_lets_us_in(store: Store, holder: subprocess.Popen[str], clock: t.Any) -> None:
    def end() -> None:
        holder.communicate()

    clock.after_pause = end
    store.acquire(10_000)
    assert clock.pauses[0] == 50


def test_a_killed_process_lets_us_in(store: Store, holder: subprocess.Popen[str], clock: t.Any) -> None:
    def kill() -> None:
        holder.kill()
        holder.wait()

    clock.after_pause = kill
    # A server may take a moment to notice.
    store.acquire(3600_000)
    assert clock.pauses[0] == 50
