# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal in PostgreSQL for the tests that need one, and what they look for there."""

from __future__ import annotations

import contextlib
import json
import typing as t
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from postgres import HOST, Server
from postgres.relay import CommitRelay

INVOICE = "invoice 47"
SCHEMA = "treasury_bybit"
# With characters that a URL, a shell, and JSON encode differently.
PASSWORD = "Needle pass/w%rd@\"é'"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> t.Iterator[Server]:
    with Server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(autouse=True)
def journal(postgres, monkeypatch) -> str:
    """An empty database that the test's runs share."""
    postgres.start()
    url = postgres.new_database()
    monkeypatch.setenv("BYBIT_JOURNAL", url)
    return url


@pytest.fixture
def ask(postgres, journal) -> t.Callable[..., list[tuple[t.Any, ...]]]:
    """Query or change the database."""

    def call(sql: str) -> list[tuple[t.Any, ...]]:
        with psycopg.connect(postgres.by_socket(journal), autocommit=True, options=f"-c search_path={SCHEMA}") as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    return call


@pytest.fixture
def noted(ask) -> t.Callable[[], list[dict[str, t.Any]]]:
    """List the unsettled intents."""
    sql = "SELECT document FROM bybit_intents WHERE state IN ('open', 'made') ORDER BY number"
    return lambda: [json.loads(document) for (document,) in ask(sql)]


@pytest.fixture
def treasurer(postgres, journal, ask) -> t.Iterator[str]:
    """A user who may only connect. The URL contains the password."""
    name = f"treasurer_{urlsplit(journal).path[-6:]}"
    ask(f"CREATE ROLE {name} LOGIN PASSWORD {psycopg.sql.quote(PASSWORD)}")
    yield f"postgresql://{name}:{quote(PASSWORD, safe='')}@{HOST}:{postgres.port}{urlsplit(journal).path}"
    postgres.start()
    ask(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.fixture
def line(journal) -> t.Iterator[CommitRelay]:
    """A connection to the database that can break at a COMMIT."""
    with contextlib.closing(CommitRelay(journal)) as line:
        yield line


def in_name(journal: str) -> str:
    return f"The journal in the PostgreSQL database '{urlsplit(journal).path[1:]}' on {HOST}"


def assert_hidden(run, *passwords: str) -> None:
    """No password is in the output, in whatever form."""
    forms = [form for password in passwords for form in (password, quote(password), quote(password, safe=""), json.dumps(password)[1:-1])]
    assert [form for form in forms if form in run.output] == []
    assert "Needle" not in run.output
