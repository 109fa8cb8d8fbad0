# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in each of its databases: an SQLite file, and a real PostgreSQL server."""

from __future__ import annotations

import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database, Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import Entry, Head, first_misfit
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target

sys.path[:0] = [str(Path(__file__).resolve().parents[4])]

import psycopg
from postgres import Server


@pytest.fixture(scope="session")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> t.Callable[[], Server]:
    def call() -> Server:
        if sys.version_info < (3, 10):
            pytest.skip("the server of tests/postgres needs a newer Python")
        return Server(tmp_path_factory.mktemp("postgres"))

    return call


@pytest.fixture(scope="session")
def running_server(new_server: t.Callable[[], Server]) -> t.Iterator[Server]:
    """One server for all tests, because it takes seconds to start."""
    with new_server() as server:
        yield server


@pytest.fixture
def server(running_server: Server) -> t.Iterator[Server]:
    """The server, which is restarted after each test that stopped it."""
    yield running_server
    running_server.resume()
    running_server.start()


@pytest.fixture
def url(server: Server) -> str:
    """An empty PostgreSQL database of this test."""
    return server.emptied_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Test with each database. A file about one of them overrides this fixture."""
    return str(request.param)


@pytest.fixture
def option(kind: str, request: pytest.FixtureRequest) -> str:
    """The value of the option C(journal)."""
    return str(request.getfixturevalue("journal_path" if kind == "sqlite" else "url"))


@pytest.fixture
def new_database(kind: str, option: str, clock: t.Any) -> t.Iterator[t.Callable[[], Database]]:
    """Return a new database object, as each process makes its own."""
    named: list[Database] = []

    def call() -> Database:
        named.append(SqliteDatabase(option, clock) if kind == "sqlite" else PostgresDatabase(option))
        return named[-1]

    yield call
    for database in named:
        database.close()


@pytest.fixture
def lose_lock(kind: str, request: pytest.FixtureRequest) -> t.Callable[[], None]:
    """Take the lock from its holder without the holder's knowledge."""
    if kind == "sqlite":
        directory: Path = request.getfixturevalue("journal_path").parent
        return lambda: [lock.unlink() for lock in directory.glob("*.lock")] and None
    return lambda: end_sessions(request.getfixturevalue("url"))


_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"


def end_sessions(url: str) -> None:
    """End all connections to a PostgreSQL database, and wait until the server noticed."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {_OTHERS}")
    await_end_of_sessions(url)


def await_end_of_sessions(url: str) -> None:
    """Wait until the server noticed that all connections to a database ended."""
    deadline = time.monotonic() + 20
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(f"SELECT COUNT(*) {_OTHERS}").fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def await_server(url: str) -> t.Callable[[], None]:
    """Wait until the server noticed that all connections ended."""
    return lambda: await_end_of_sessions(url)


@pytest.fixture
def trail(select: t.Callable[..., list[Row]]) -> t.Callable[..., list[str]]:
    """Verify the chain, and list the events of one intent or of all."""

    def call(intent_id: str | None = None, account: str = "104") -> list[str]:
        rows = select("SELECT number, document, hash, intent_id, event FROM bybit_entries WHERE account = ? ORDER BY number", account)
        heads = select("SELECT length, hash FROM bybit_chains WHERE account = ?", account)
        assert first_misfit([Entry(*row[:3]) for row in rows], Head(*heads[0]) if heads else Head()) == ""
        return [str(event) for *dummy, found_id, event in rows if intent_id in (None, found_id)]

    return call


@pytest.fixture
def epoch_of(select: t.Callable[..., list[Row]]) -> t.Callable[[Target], int]:
    """Return the epoch of a target, or 0 if nobody ever acquired it."""

    def call(target: Target) -> int:
        rows = select("SELECT epoch FROM bybit_targets WHERE realm = ? AND account = ? AND product = ? AND loan = ?", *target)
        return int(rows[0][0]) if rows else 0

    return call


@pytest.fixture
def acquired(store: Store) -> Store:
    """Return a store that may write."""
    store.acquire(0)
    return store


@pytest.fixture
def write_anyhow(new_database: t.Callable[[], Database]) -> t.Callable[..., None]:
    """Change the journal outside the protocol."""

    def call(sql: str, *values: t.Any) -> None:
        database = new_database()
        database.open(writes=True)
        with database.transaction():
            database.change(sql, *values)
        database.close()

    return call
