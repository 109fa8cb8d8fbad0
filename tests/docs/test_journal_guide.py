# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide on the journal: a database that is set up by its SQL is usable, and gives no more rights than a run needs."""

from __future__ import annotations

import re
import typing as t

import psycopg
import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import SCHEMA, PostgresDatabase, grants
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._journal.trail import Filter, read_trail
from guides import RST, blocks
from postgres import Server

SETUP, GRANTS, AUDITOR, ADMINISTRATORS = (block.text for block in blocks("sql") if block.guide == "journal")
TARGET = Target("mainnet", "1", "flexible", "USDT")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> t.Iterator[Server]:
    with Server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(scope="module")
def url_of(server) -> t.Callable[[str], str]:
    """Set the database up as the guide says, and return its URL for a role."""
    by_socket = server.by_socket(server.url("treasury"))

    def url(role: str) -> str:
        return by_socket.replace("//postgres@", f"//{role}@")

    execute(server.by_socket(server.url("postgres")), SETUP)
    acquire(url("treasury_owner"))
    execute(url("treasury_owner"), GRANTS)
    execute(by_socket, AUDITOR)
    execute(by_socket, ADMINISTRATORS)
    return url


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)


def acquire(url: str) -> None:
    store = Store(PostgresDatabase(url), TARGET, Clock())
    assert store.acquire(0) == []
    store.release()


def test_the_grants_are_those_that_messages_name() -> None:
    assert " ".join(GRANTS.split()) == grants("treasury")


@pytest.mark.parametrize("role", ["treasury", "anna", "ben"])
def test_a_role_of_the_guide_can_use_the_journal(url_of, role: str) -> None:
    acquire(url_of(role))


def test_the_auditor_can_read_the_journal(url_of) -> None:
    assert read_trail(PostgresDatabase(url_of("auditor")), Filter(), is_verified=True) == ([], [], [])


@pytest.mark.parametrize("role", ["treasury", "auditor"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM bybit_intents", "DELETE FROM bybit_entries", "UPDATE bybit_entries SET event = ''", "UPDATE bybit_journal SET version = 9",
        "CREATE TABLE more (id int)",
    ],
)
def test_no_role_of_the_guide_may_do_more(url_of, role: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(url_of(role), f"SET search_path = {SCHEMA}; {statement}")


def test_a_journal_that_was_moved_away_leaves_room_for_a_new_one(url_of) -> None:
    owner = url_of("treasury_owner")
    execute(owner, f"ALTER SCHEMA {SCHEMA} RENAME TO {SCHEMA}_old")
    acquire(owner)
    execute(owner, f"DROP SCHEMA {SCHEMA} CASCADE; ALTER SCHEMA {SCHEMA}_old RENAME TO {SCHEMA}")
    acquire(url_of("treasury"))


def test_the_urls_of_the_guide_are_understood() -> None:
    text = (RST / "journal.rst").read_text(encoding="utf-8")
    urls = set(re.findall(r"postgresql://[^\s'`]+", text))
    assert len(urls) > 4
    for url in urls:
        assert PostgresDatabase(url).label.startswith("in the PostgreSQL"), url
