# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection for the stores of many operations, with their locks until it ends."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE
from ansible_collections.treasury.bybit.plugins.module_utils._journal.shared import SharedDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import LTV, SharedLtv, Target
from changes import INTENT, TARGET, new

TARGETS = [TARGET._replace(loan=str(number)) for number in range(50)]
ORDER_LTV = TARGET._replace(product=LTV)
BEGIN = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"

NewDatabase = t.Callable[[], Database]
NewStore = t.Callable[..., Store]


@pytest.fixture
def shared(new_database: NewDatabase) -> t.Iterator[SharedDatabase]:
    """The one connection of a run."""
    database = SharedDatabase(new_database())
    yield database
    database.disconnect()


@pytest.fixture
def own(shared: SharedDatabase, clock: t.Any) -> NewStore:
    """Make a store of the run."""
    return lambda target=TARGET, ltv=None: Store(shared, target, clock, ltv)


@pytest.fixture
def connections(kind: str, request: pytest.FixtureRequest) -> t.Callable[[], int]:
    """Count the connections to the journal: the open descriptors of its file, or the sessions of its server."""
    if kind == "sqlite":
        journal = str(request.getfixturevalue("journal_path"))
        return lambda: sum(os.path.realpath(f"/proc/self/fd/{name}") == journal for name in os.listdir("/proc/self/fd"))
    select = request.getfixturevalue("select")
    sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    return lambda: int(select(sql)[0][0])


def ltv_of(is_exclusive: bool) -> SharedLtv:
    return SharedLtv(ORDER_LTV, ("legacy",), "17", is_exclusive)


def test_many_targets_need_one_connection(
    shared: SharedDatabase, own: NewStore, new_store: NewStore, connections: t.Callable[[], int], recorded: t.Callable[[], list[Intent]]
) -> None:
    for number, target in enumerate(TARGETS):
        store = own(target)
        store.acquire(0)
        store.write([new(dataclasses.replace(INTENT, intent_id=str(number)), MADE)])
        store.release()
    assert (connections(), len(recorded())) == (1, 50)
    # Each stays locked after its operation.
    other = new_store(TARGETS[0])
    for target in (TARGETS[0], TARGETS[49]):
        with pytest.raises(Busy):
            new_store(target).acquire(0)
    shared.disconnect()
    assert len(other.acquire(0)) == 1


def test_another_run_waits_until_the_run_disconnects(shared: SharedDatabase, own: NewStore, new_store: NewStore, clock: t.Any) -> None:
    own().acquire(0)
    clock.after_pause = lambda: shared.disconnect() if len(clock.pauses) == 3 else None
    new_store().acquire(60_000)
    assert clock.pauses == [50, 100, 200]


def test_a_run_that_disconnected_holds_nothing(shared: SharedDatabase, own: NewStore, new_store: NewStore) -> None:
    own().acquire(0)
    shared.disconnect()
    new_store().acquire(0)
    with pytest.raises(Busy):
        own().acquire(0)


def test_stores_may_hold_their_targets_at_once(own: NewStore, recorded: t.Callable[[], list[Intent]]) -> None:
    first, second = own(TARGETS[0]), own(TARGETS[1])
    first.acquire(0)
    second.acquire(0)
    first.write([new()])
    second.write([new(dataclasses.replace(INTENT, intent_id="9c1b"))])
    first.release()
    second.write([])
    assert len(recorded()) == 2


def test_a_run_may_use_a_target_again(own: NewStore, epoch_of: t.Callable[[Target], int]) -> None:
    for dummy in range(2):
        store = own()
        store.acquire(0)
        store.release()
    with pytest.raises(JournalUnusable):
        store.write([new()])
    assert epoch_of(TARGET) == 2


def test_an_operation_shares_what_the_run_holds_alone(shared: SharedDatabase, own: NewStore, new_database: NewDatabase, clock: t.Any) -> None:
    shared.open(writes=True)
    assert shared.try_lock(ORDER_LTV, exclusive=True)
    for is_exclusive in (False, True, False):
        store = own(ltv=ltv_of(is_exclusive))
        store.acquire(0)
        store.release()
    other = Store(new_database(), TARGETS[0], clock, ltv_of(False))
    with pytest.raises(Busy, match="Another run that changes the same LTV"):
        other.acquire(0)
    other.release()
    shared.disconnect()
    assert other.acquire(0) == []


def test_what_a_run_shares_it_shares_with_others(shared: SharedDatabase, new_database: NewDatabase) -> None:
    other, third = new_database(), new_database()
    for database in (shared, other, third):
        database.open(writes=True)
    assert shared.try_lock(ORDER_LTV, False) and shared.try_lock(ORDER_LTV, False) and other.try_lock(ORDER_LTV, False)
    assert not shared.try_lock(ORDER_LTV, True) and not third.try_lock(ORDER_LTV, True)
    assert shared.try_lock(ORDER_LTV, False)


def test_it_tells_what_its_database_tells(shared: SharedDatabase, new_database: NewDatabase) -> None:
    plain = new_database()
    assert (shared.label, shared.removal, shared.text_type) == (plain.label, plain.removal, plain.text_type)
    assert not shared.was_reconnected
    assert shared.is_there() == plain.is_there()
    shared.check()
    shared.open(writes=True)
    assert shared.is_there()
    shared.check()
    shared.disconnect()
    shared.disconnect()
    assert shared.is_there()


def test_a_reading_run_creates_nothing_and_may_not_write(own: NewStore, new_store: NewStore, epoch_of: t.Callable[[Target], int]) -> None:
    writer = new_store()
    writer.acquire(0)
    writer.write([new()])
    writer.release()
    for target, found in ((TARGET, 1), (TARGETS[0], 0), (TARGET, 1)):
        store = own(target, ltv_of(True))
        assert store.exists() and len(store.acquire(0, writes=False)) == found
        store.release()
    assert (epoch_of(TARGET), epoch_of(TARGETS[0])) == (1, 0)
    with pytest.raises(ValueError, match="opened for reading only"):
        own().acquire(0)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_failed_connection_is_tried_again(shared: SharedDatabase, journal_path: Path, own: NewStore) -> None:
    journal_path.mkdir(parents=True)
    with pytest.raises(JournalUnusable):
        own().acquire(0)
    assert not shared.was_reconnected
    journal_path.rmdir()
    assert own().acquire(0) == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_file_that_is_refused_does_not_stay_open(
    shared: SharedDatabase, own: NewStore, journal_path: Path, connections: t.Callable[[], int]
) -> None:
    own().acquire(0)
    shared.disconnect()
    os.truncate(journal_path, journal_path.stat().st_size - 1)
    with pytest.raises(JournalUnusable, match="the file is truncated"):
        own().acquire(0)
    assert connections() == 0


def test_the_next_operation_connects_again(own: NewStore, lose_lock: t.Callable[[], None], recorded: t.Callable[[], list[Intent]]) -> None:
    own().acquire(0)
    lose_lock()
    store = own(TARGETS[0])
    store.acquire(0)
    store.write([new()])
    assert recorded() == [INTENT]


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("exclusive", [False, True], ids=["shared", "alone"])
def test_after_a_lost_connection_a_lock_is_asked_for_again(
    shared: SharedDatabase, new_database: NewDatabase, lose_lock: t.Callable[[], None], exclusive: bool
) -> None:
    shared.open(writes=True)
    assert shared.try_lock(ORDER_LTV, True) and shared.try_lock(TARGET, True)
    lose_lock()
    other = new_database()
    other.open(writes=True)
    assert other.try_lock(ORDER_LTV, True)
    shared.open(writes=True)
    assert shared.was_reconnected
    assert not shared.try_lock(ORDER_LTV, exclusive)
    assert shared.try_lock(TARGET, exclusive)
    other.close()
    assert shared.try_lock(ORDER_LTV, exclusive)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_questions_do_not_unlock_the_file(shared: SharedDatabase, own: NewStore, journal_path: Path) -> None:
    own().acquire(0)
    with shared.transaction():
        shared.check()
        assert shared.is_there()
        done = subprocess.run([sys.executable, "-c", BEGIN, str(journal_path)], check=False, capture_output=True, text=True)
        assert "database is locked" in done.stderr


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_file_that_was_removed_is_not_taken_for_a_new_journal(own: NewStore, journal_path: Path) -> None:
    own().acquire(0)
    for file in journal_path.parent.iterdir():
        file.unlink()
    assert own().exists()
    with pytest.raises(JournalUnusable, match="removed or replaced while this run used it"):
        own().acquire(0)
