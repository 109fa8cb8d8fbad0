# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL of the journal guides sets up a usable database that grants no more rights than a run needs, and their archive can be verified."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
import uuid
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import EXECUTED, INTENDED, SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import SCHEMA, PostgresDatabase, grants
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._journal.trail import Filter, read_trail
from guides import RST, blocks
from postgres import VERSIONS, Server, programs

SETUP, GRANTS, AUDITOR, SHUT, OPENED, ADMINISTRATORS = (block.text for block in blocks("sql") if block.guide == "share_journal")
[ARCHIVE] = (block.text for block in blocks("sh") if block.guide == "bookkeeping")
[CHECK] = (block.text for block in blocks("python") if block.guide == "bookkeeping")
TARGET = Target("mainnet", "1", "flexible", "USDT")
# The account in the guide's archive.
ARCHIVED = TARGET._replace(account="1631373")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> t.Iterator[Server]:
    with Server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(scope="module")
def url_of(server) -> t.Callable[[str], str]:
    """Set up the database as the guide says. Return a function that makes the URL for a role."""
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


def test_the_guide_grants_the_rights_that_messages_name() -> None:
    assert " ".join(GRANTS.split()) == grants("treasury")


@pytest.mark.parametrize("role", ["treasury", "anna", "ben"])
def test_a_role_of_the_guide_can_use_the_journal(url_of, role: str) -> None:
    acquire(url_of(role))


def test_the_auditor_can_read_the_journal(url_of) -> None:
    assert read_trail(PostgresDatabase(url_of("auditor")), Filter(account=TARGET.account), is_verified=True) == ([], [], [])


@pytest.mark.parametrize("role", ["treasury", "auditor"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM bybit_intents", "DELETE FROM bybit_entries", "UPDATE bybit_entries SET event = ''", "UPDATE bybit_journal SET version = 9",
        "UPDATE bybit_positions SET document = ''", "DELETE FROM bybit_positions", "CREATE TABLE more (id int)",
    ],
)
def test_no_role_of_the_guide_has_more_rights(url_of, role: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(url_of(role), f"SET search_path = {SCHEMA}; {statement}")


def test_a_new_journal_can_replace_one_that_was_moved_away(url_of) -> None:
    owner = url_of("treasury_owner")
    execute(owner, f"ALTER SCHEMA {SCHEMA} RENAME TO {SCHEMA}_old")
    acquire(owner)
    execute(owner, f"DROP SCHEMA {SCHEMA} CASCADE; ALTER SCHEMA {SCHEMA}_old RENAME TO {SCHEMA}")
    acquire(url_of("treasury"))


def test_a_read_only_database_stops_all_runs(server, url_of) -> None:
    url, administrators = url_of("treasury"), server.by_socket(server.url("postgres"))
    execute(administrators, SHUT)
    try:
        with pytest.raises(JournalUnusable, match="read-only transaction"):
            acquire(url)
    finally:
        execute(administrators, OPENED)
    acquire(url)


def test_an_unchanged_archive_passes_the_check(url_of, tmp_path) -> None:
    url = url_of("auditor")
    trail = move_something(url_of("treasury"))
    assert check(archive(url, tmp_path), tmp_path).split() == [str(len(trail)), trail[-1]["hash"]]


@pytest.mark.parametrize(("column", "complaint"), [("document", "entry 2 was changed"), ("number", "entry 2 is missing")])
def test_the_check_names_the_changed_entry(url_of, tmp_path, column: str, complaint: str) -> None:
    move_something(url_of("treasury"))
    rows = archive(url_of("auditor"), tmp_path)
    second = rows[2].replace("signed", "unknown") if column == "document" else ""
    assert complaint in check([*rows[:2], *([second] if second else []), *rows[3:]], tmp_path)


def test_deleted_entries_are_reported_as_missing(url_of) -> None:
    owner = url_of("treasury_owner")
    other = TARGET._replace(account="2")
    move_something(owner, other)
    execute(owner, f"DELETE FROM {SCHEMA}.bybit_entries WHERE account = '2' AND number = 1")
    move_something(owner, other)
    [chain] = read_trail(PostgresDatabase(owner), Filter(account="2"), is_verified=True).chains
    assert chain.misfit == "entry 1 is missing: entry 2 follows 0"
    assert re.search(r'"entry 1 is missing: entry \d+ follows 0"', (RST / "bookkeeping.rst").read_text(encoding="utf-8"))


def move_something(url: str, target: Target = ARCHIVED) -> list[dict]:
    """Record a whole repayment, and return the audit trail of its account."""
    intent = Intent(str(uuid.uuid4()), Goal(amount=Decimal(1)), Decimal(1), "USDT", Baseline((), ()), 1, 5000)
    events = (Event(INTENDED, "to reach the goal"), Event(SIGNED, "for the café"), Event(EXECUTED, "the history shows it"))
    store = Store(PostgresDatabase(url), target, Clock())
    store.acquire(0)
    store.write([Change(Record(intent, DONE, EXECUTED), events, is_new=True)])
    store.release()
    return read_trail(PostgresDatabase(url), Filter(account=target.account), is_verified=False).entries


def archive(url: str, folder: Path) -> list[str]:
    """Run the guide's command, and return the lines of the file that it writes."""
    environment = {**os.environ, "BYBIT_JOURNAL": url, "PATH": f"{programs(max(VERSIONS))}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euc", ARCHIVE], cwd=folder, env=environment, check=True, timeout=60)
    return (folder / "entries.csv").read_text(encoding="utf-8").splitlines()


def check(lines: list[str], folder: Path) -> str:
    """Return what the guide's program says about an archive."""
    (folder / "entries.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (not done.returncode) == (not done.stderr)
    return done.stdout or done.stderr


def test_the_urls_of_the_guide_are_valid() -> None:
    text = (RST / "share_journal.rst").read_text(encoding="utf-8")
    urls = set(re.findall(r"postgresql://[^\s'`]+", text))
    assert len(urls) > 4
    for url in urls:
        assert PostgresDatabase(url).label.startswith("in the PostgreSQL"), url
