# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the journal are created once, completely or not at all, in each database."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalLost
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database, DatabaseFailed, Row, Statement
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import EXECUTED, INTENDED, SIGNED, Head
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, MADE, OPEN, Record, statements_of
from ansible_collections.treasury.bybit.plugins.module_utils._journal.schema import MIGRATIONS, TABLES, VERSION_TABLE, prepare, version_of
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, Use
from ansible_collections.treasury.bybit.plugins.module_utils._journal.trail import Filter, read_trail
from changes import INTENT, TARGET, new

Opened = t.Callable[[], Database]
NEXT = (*MIGRATIONS, ("ALTER TABLE bybit_intents ADD COLUMN note TEXT", "CREATE TABLE bybit_more (number BIGINT NOT NULL)"))
CURRENT, LATER = len(MIGRATIONS), len(NEXT)
FAILING = (*MIGRATIONS, (*NEXT[-1], "CREATE TABLE bybit_more (number BIGINT NOT NULL)"))


@pytest.fixture
def opened(new_database: Opened) -> Opened:
    def call() -> Database:
        database = new_database()
        database.open(writes=True)
        return database

    return call


@pytest.fixture
def tables(kind: str, select: t.Callable[..., list[Row]], opened: Opened) -> t.Callable[[], list[str]]:
    """List the tables."""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT table_name FROM information_schema.tables WHERE table_schema = 'treasury_bybit'",
    }

    def call() -> list[str]:
        database = opened()
        found = sorted(name for (name,) in database.query(names[kind]))
        database.close()
        return found

    return call


def test_the_first_run_creates_all_tables(opened: Opened, tables: t.Callable[[], list[str]]) -> None:
    database = opened()
    assert version_of(database) == 0
    prepare(database)
    assert version_of(database) == len(MIGRATIONS)
    database.close()
    assert tables() == sorted(TABLES)


def test_a_second_run_changes_nothing(opened: Opened, tables: t.Callable[[], list[str]]) -> None:
    for dummy in range(2):
        database = opened()
        prepare(database)
        assert version_of(database) == len(MIGRATIONS)
        database.close()
    assert tables() == sorted(TABLES)


def test_an_older_version_is_migrated(opened: Opened, tables: t.Callable[[], list[str]]) -> None:
    database = opened()
    prepare(database)
    with database.transaction():
        database.change("INSERT INTO bybit_targets VALUES ('mainnet', '104', 'legacy', '17', 3, '{}')")
    prepare(database, NEXT)
    assert version_of(database, NEXT) == LATER
    assert database.query("SELECT epoch FROM bybit_targets") == [(3,)]
    assert database.query("SELECT note FROM bybit_intents") == []
    database.close()
    assert "bybit_more" in tables()


NAMED, ACCEPTED = (dataclasses.replace(INTENT, intent_id=intent_id, reference=name) for intent_id, name in (("7d0c", "INV-7"), ("9c1b", None)))


@pytest.fixture
def of_first_version(opened: Opened) -> None:
    """A journal of version 1, with an open, an unconfirmed, and a settled intent."""
    database = opened()
    prepare(database, MIGRATIONS[:1])
    executed = (INTENDED, SIGNED, EXECUTED)
    changes = [new(NAMED, DONE, EXECUTED, executed), new(ACCEPTED, MADE, EXECUTED, executed), new(INTENT, OPEN, SIGNED)]
    with database.transaction():
        database.queue(
            Statement("INSERT INTO bybit_targets (realm, account, product, loan, epoch, holder) VALUES (?, ?, ?, ?, 1, '{}')", TARGET),
            Statement("INSERT INTO bybit_chains (realm, account, length, hash) VALUES (?, ?, 0, '')", TARGET[:2]),
            *statements_of(TARGET, changes, Head(), 1, {}),
        )
    with database.transaction():
        for intent_id, document in database.query("SELECT intent_id, document FROM bybit_intents"):
            old = json.loads(document)
            del old["counted"]
            database.change("UPDATE bybit_intents SET document = ? WHERE intent_id = ?", json.dumps(old), intent_id)
    database.close()


@pytest.mark.usefixtures("of_first_version")
def test_the_second_version_keeps_what_the_first_recorded(store: Store, opened: Opened, tables: t.Callable[[], list[str]]) -> None:
    assert "bybit_positions" not in tables()
    recorded = [Record(ACCEPTED, MADE, EXECUTED), Record(INTENT, OPEN, SIGNED)]
    before = read_trail(opened(), Filter(), is_verified=True)
    # A run in check mode reads the older tables as they are.
    assert (store.acquire(0, writes=False), store.use_of("INV-7")) == (recorded, Use(TARGET, Record(NAMED, DONE, EXECUTED)))
    store.release()
    assert "bybit_positions" not in tables()
    assert (store.acquire(0), store.use_of("INV-7")) == (recorded, Use(TARGET, Record(NAMED, DONE, EXECUTED)))
    store.release()
    assert (tables(), version_of(opened())) == (sorted(TABLES), CURRENT)
    after = read_trail(opened(), Filter(), is_verified=True)
    assert after == before
    assert [(chain.head.length, chain.misfit) for chain in after.chains] == [(8, "")]


def test_the_first_run_of_a_later_version_takes_all_steps(opened: Opened, tables: t.Callable[[], list[str]]) -> None:
    database = opened()
    prepare(database, NEXT)
    assert version_of(database, NEXT) == LATER
    database.close()
    assert tables() == sorted([*TABLES, "bybit_more"])


@pytest.mark.parametrize("version", [0, CURRENT])
def test_a_failed_migration_leaves_nothing(opened: Opened, tables: t.Callable[[], list[str]], version: int) -> None:
    if version:
        database = opened()
        prepare(database)
        database.close()
    before = tables()
    database = opened()
    with pytest.raises(DatabaseFailed, match="bybit_more.* already exists"):
        prepare(database, FAILING)
    database.close()
    assert tables() == before == (sorted(TABLES) if version else [])
    database = opened()
    assert version_of(database) == version
    # The next run continues from there.
    prepare(database, NEXT)
    assert version_of(database, NEXT) == LATER


def test_the_second_of_two_runs_finds_the_work_done(opened: Opened) -> None:
    """Both runs saw that there was something to do."""
    first, second = opened(), opened()
    assert version_of(first) == version_of(second) == 0
    usual = second.begin

    def begin_late(writes: bool) -> None:
        prepare(first)
        first.close()
        usual(writes)

    second.begin = begin_late  # type: ignore[method-assign]
    prepare(second)
    assert version_of(second) == len(MIGRATIONS)


@pytest.mark.parametrize("writes", [True, False])
def test_a_newer_version_is_refused(store: Store, opened: Opened, tables: t.Callable[[], list[str]], writes: bool) -> None:
    database = opened()
    prepare(database, NEXT)
    database.close()
    before = tables()
    with pytest.raises(JournalLost) as caught:
        store.acquire(0, writes)
    assert f"cannot be used (its schema has version {LATER}, and this collection supports {CURRENT})" in str(caught.value)
    assert caught.value.outcome == "unknown"
    assert tables() == before


@pytest.mark.parametrize(("change", "count"), [("DELETE FROM {}", 0), ("INSERT INTO {} VALUES (1)", 2)])
@pytest.mark.parametrize("writes", [True, False])
def test_an_invalid_version_is_refused(store: Store, opened: Opened, change: str, count: int, writes: bool) -> None:
    database = opened()
    prepare(database)
    with database.transaction():
        database.change(change.format(VERSION_TABLE))
    database.close()
    with pytest.raises(JournalLost, match=f"its table bybit_journal has {count} rows instead of one"):
        store.acquire(0, writes)
