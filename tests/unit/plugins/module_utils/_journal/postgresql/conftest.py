# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the journal in PostgreSQL share: a server of their own, its connections, and its roles."""

from __future__ import annotations

import secrets
import typing as t
from urllib.parse import urlsplit

import psycopg
import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._journal import postgresql
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from postgres import Server

TARGET = Target("mainnet", "104", "legacy", "17")
Begin = t.Callable[..., Journal]


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture(scope="session")
def running_server(new_server: t.Callable[[], Server]) -> t.Iterator[Server]:
    """A separate server, because stopping one with the databases of all other tests could take minutes."""
    with new_server() as server:
        yield server


@pytest.fixture
def database(new_database: t.Callable[[], PostgresDatabase]) -> PostgresDatabase:
    """A connected database."""
    database = new_database()
    database.open(writes=True)
    return database


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up early on a server that does not answer. libpq waits at least 2 s for a connection."""
    monkeypatch.setattr(postgresql, "_MAX_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(postgresql, "_CONNECT_SECONDS", 2)


@pytest.fixture
def as_owner(url: str) -> t.Callable[[str], None]:
    """Execute a statement as the server's administrator."""

    def call(sql: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.encode())

    return call


@pytest.fixture
def role(server: Server, url: str, as_owner: t.Callable[[str], None]) -> t.Iterator[str]:
    """A user who may only connect."""
    name = f"runner_{secrets.token_hex(4)}"
    as_owner(f"CREATE ROLE {name} LOGIN PASSWORD 'secret-of-{name}'")
    yield name
    as_owner(f"DROP OWNED BY {name}")
    as_owner(f"DROP ROLE {name}")


@pytest.fixture
def role_url(url: str, role: str) -> str:
    parts = urlsplit(url)
    return f"postgresql://{role}:secret-of-{role}@{parts.hostname}:{parts.port}{parts.path}"


@pytest.fixture
def begun(clock: t.Any) -> Begin:
    """Begin a run with a database of its own."""

    def call(url: str, check_mode: bool = False) -> Journal:
        journal = Journal(Store(PostgresDatabase(url), TARGET, clock))
        try:
            journal.begin(check_mode, 60_000)
        except BaseException:
            journal.release()
            raise
        return journal

    return call
