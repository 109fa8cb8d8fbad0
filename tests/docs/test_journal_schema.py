# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema page lists exactly the tables, columns, indexes, states, events, and document keys of the journal."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import typing as t
from decimal import Decimal

import psycopg
import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._goal import MOVES, Counted, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal import records, schema
from ansible_collections.treasury.bybit.plugins.module_utils._journal.actor import actor_now
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import EVENTS, Event, Head, entry_of
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import SCHEMA, PostgresDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL, WALLETS, Target
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Payment
from guides import RST, blocks
from postgres import Server

PAGE = (RST / "journal_schema.rst").read_text(encoding="utf-8")
TARGET = Target("mainnet", "1631373", "flexible", "USDT")
PAYMENT = Payment("USDT", Decimal(1), 1, 2, False)
INTENT = Intent(
    "i", Goal(amount=Decimal(1)), Decimal(1), "USDT", Baseline((), (HistoryEntry("r", Decimal(1), "success", True, 1, "repay"),), recent_payments=(PAYMENT,)),
    1, 5000, counted=Counted((("calm", Decimal(1)),), (("USDT", Decimal(1)),), Decimal(1)),
)


class Column(t.NamedTuple):
    name: str
    kind: str
    is_nullable: bool


class Index(t.NamedTuple):
    name: str
    is_unique: bool
    columns: tuple[str, ...]
    where: str


def section(title: str) -> str:
    """Return the text between a heading and the next one."""
    found = re.search(rf"^{re.escape(title)}\n([-~])\1+\n(.*?)(?=^\.\. _|^[^\n]+\n[-~]{{3,}}\n|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[2]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without the header row."""
    body = section(title)
    return [[" ".join(cell.split()) for cell in re.split(r"^     - ", row, flags=re.MULTILINE)] for row in re.split(r"^   \* - ", body, flags=re.MULTILINE)[2:]]


def names(title: str) -> list[str]:
    return [literal(row[0]) for row in rows(title)]


def literal(cell: str) -> str:
    found = re.fullmatch(r"``(.+)``", cell)
    assert found, cell
    return found[1]


def columns_on_page(table: str) -> list[Column]:
    found = [(literal(name), re.fullmatch(r"``(\w+)``(, nullable)?", kind)) for name, kind, *_meaning in rows(table)]
    return [Column(name, kind[1], bool(kind[2])) for name, kind in found if kind]


def primary_key_on_page(table: str) -> list[str]:
    found = re.search(r"The primary key is ([^.]+)\.", section(table))
    return re.findall(r"``(\w+)``", found[1]) if found else []


def indexes_on_page() -> set[Index]:
    found = set()
    for name, columns, _purpose in rows("Indexes"):
        indexed, _dummy, where = columns.partition(" where ")
        found.add(Index(literal(name), indexed.startswith("unique: "), tuple(re.findall(r"``(\w+)``", indexed)), normal(where.strip("`"))))
    return found


def normal(condition: str) -> str:
    """Normalize a condition, because PostgreSQL stores it in a notation of its own."""
    condition = re.sub(r"::text(\[\])?|[() ]", "", condition)
    return re.sub(r"=ANYARRAY\[(.*)\]", r"IN\1", condition)


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory) -> t.Iterator[sqlite3.Connection]:
    path = str(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    acquire(SqliteDatabase(path, Clock()))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.fixture(scope="module")
def postgres(tmp_path_factory) -> t.Iterator[psycopg.Connection]:
    with Server(tmp_path_factory.mktemp("postgres")) as server:
        url = server.by_socket(server.new_database())
        acquire(PostgresDatabase(url))
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


def acquire(database) -> None:
    store = Store(database, TARGET, Clock())
    store.acquire(0)
    store.write([records.Change(records.Record(INTENT, records.OPEN, "signed"), (Event("intended", "to test"),), is_new=True)])
    store.release()


def test_every_table_is_on_the_page(sqlite_file, postgres) -> None:
    on_page = re.findall(r"^(bybit_\w+)\n~+$", PAGE, re.MULTILINE)
    assert sorted(on_page) == sorted(schema.TABLES)
    assert {name for (name,) in sqlite_file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} == set(on_page)
    assert {name for (name,) in postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [SCHEMA])} == set(on_page)


@pytest.mark.parametrize("table", schema.TABLES)
def test_every_column_in_sqlite_is_on_the_page(sqlite_file, table: str) -> None:
    found = sqlite_file.execute(f"PRAGMA table_info({table})").fetchall()
    assert columns_on_page(table) == [Column(name, kind, not not_null) for _number, name, kind, not_null, _default, _key in found]
    assert primary_key_on_page(table) == [row[1] for row in sorted(found, key=lambda row: row[5]) if row[5]]


@pytest.mark.parametrize("table", schema.TABLES)
def test_every_column_in_postgresql_is_on_the_page(postgres, table: str) -> None:
    found = postgres.execute(
        "SELECT column_name, upper(data_type), is_nullable = 'YES', collation_name FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position", [SCHEMA, table],
    ).fetchall()
    assert columns_on_page(table) == [Column(*row[:3]) for row in found]
    assert {collation for _name, kind, _nullable, collation in found if kind == "TEXT"} <= {"C"}
    key = postgres.execute(
        "SELECT column_name FROM information_schema.key_column_usage WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position", [SCHEMA, table]
    )
    assert primary_key_on_page(table) == [name for (name,) in key]


def test_every_index_in_sqlite_is_on_the_page(sqlite_file) -> None:
    found = sqlite_file.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    assert {index_of(sql) for (sql,) in found} == indexes_on_page()


def test_every_index_in_postgresql_is_on_the_page(postgres) -> None:
    found = postgres.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexname NOT LIKE '%%_pkey'", [SCHEMA])
    assert {index_of(sql) for (sql,) in found} == indexes_on_page()


def index_of(sql: str) -> Index:
    found = re.fullmatch(r"CREATE (UNIQUE )?INDEX (\w+) ON \S+ (?:USING btree )?\(([^)]+)\)(?: WHERE (.+))?", sql)
    assert found, sql
    return Index(found[2], bool(found[1]), tuple(found[3].split(", ")), normal(found[4] or ""))


def test_the_page_has_the_schema_version(postgres) -> None:
    found = re.search(r"The schema version is (\d+)\.", PAGE)
    assert found
    assert postgres.execute(f"SELECT version FROM {SCHEMA}.bybit_journal").fetchall() == [(int(found[1]),)] == [(len(schema.MIGRATIONS),)]


def test_every_event_is_on_the_page() -> None:
    assert names("Events") == list(EVENTS)


def test_every_state_is_on_the_page_with_its_outcomes() -> None:
    assert names("States of an intent") == [records.OPEN, records.MADE, records.DONE, records.VOID, records.GIVEN_UP]
    for state, _meaning, outcomes in rows("States of an intent"):
        possible = re.findall(r"``(\w+)``", outcomes)
        assert possible
        assert set(possible) <= set(EVENTS)
        assert [outcome for outcome in possible if not records.is_fitting(literal(state), outcome)] == []


def test_every_product_and_move_is_on_the_page() -> None:
    products = {"legacy", "flexible", "fixed", ORDER_COLLATERAL, ACCOUNT_COLLATERAL, WALLETS}
    [row] = [row for row in rows("What identifies a target") if row[0] == "``product``"]
    assert set(re.findall(r"``(\w+)``", row[1])) == products
    assert names("What identifies a target") == list(Target._fields)
    [row] = [row for row in rows("Document of an entry") if row[0] == "``move``"]
    assert set(re.findall(r"``(\w+)``", row[2])) == set(MOVES)


def test_every_key_of_a_document_is_on_the_page(sqlite_file, monkeypatch) -> None:
    entry = json.loads(entry_of(Head(), TARGET, INTENT, Event("intended", "to test"), 1, {}).document)
    assert set(names("Document of an entry")) == set(entry)
    assert set(names("Goal")) == set(entry["goal"])
    intent = INTENT.as_document()
    assert names("Document of an intent") == list(intent)
    assert names("Baseline") == list(intent["baseline"])
    meanings = {literal(key): meaning for key, _kind, meaning in rows("Baseline")}
    for key in ("entries", "paid"):
        assert re.findall(r"``(\w+)``", meanings[key]) == list(intent["baseline"][key][0]), key
    assert names("Counted") == list(intent["counted"])
    meanings = {literal(key): meaning for key, _kind, meaning in rows("Counted")}
    for key in ("shares", "moved"):
        assert re.findall(r"``(\w+)``", meanings[key]) == list(intent["counted"][key][0]), key
    [[holder]] = sqlite_file.execute("SELECT holder FROM bybit_targets").fetchall()
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    monkeypatch.setenv("JOB_ID", "12")
    assert set(names("Actor and holder")) == {*json.loads(holder), *actor_now()}


def test_the_type_of_every_value_is_on_the_page(sqlite_file) -> None:
    [[document]] = sqlite_file.execute("SELECT document FROM bybit_entries").fetchall()
    kinds = {str: "string", int: "integer", bool: "boolean", dict: "object", list: "array", type(None): "null"}
    entry, intent = json.loads(document), INTENT.as_document()
    told = [("Document of an entry", entry), ("Goal", entry["goal"]), ("Document of an intent", intent)]
    told += [("Baseline", intent["baseline"]), ("Counted", intent["counted"])]
    for title, values in told:
        for key, kind, _meaning in rows(title):
            assert kinds[type(values[literal(key)])] in kind, (title, key)


def test_the_page_has_the_names_of_the_locks() -> None:
    locks = section("Locks")
    assert f"``{TARGET.lock_number}``" in locks
    assert f"``journal.sqlite.{TARGET.lock_name}``" in locks


@pytest.mark.parametrize("block", [block for block in blocks("sql") if block.guide == "journal_schema"], ids=str)
def test_the_queries_of_the_page_run(postgres, block) -> None:
    set_path, query, rest = block.text.split(";")
    assert not rest.strip()
    postgres.execute(set_path)
    found = postgres.execute(query)
    assert bool(found.fetchall()) == ("bybit_intents" in query)
