# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of module_utils share: a fake exchange, its clock, and a journal in a file."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import sys
import tempfile
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import run as engine
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database, Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import ACCEPTED, SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent, intent_from
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import OPEN as OPEN_STATE
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

# Helper modules of the tests below this folder.
sys.path[:0] = [str(Path(__file__).resolve().parent)]

from fake_exchange import USUAL, FakeClock, FakeExchange, Prepare

# No examples are kept between runs, so no database is needed in the checkout.
set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "treasury-bybit-hypothesis"))
# A busy machine must not fail a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
TARGET = Target("mainnet", "104", "legacy", "17")


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """Let another process find the collection where this one found it. ansible-test uses its own loader for that."""
    root = Path(inspect.getfile(Clock)).parents[5]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock on which no test waits in real time."""
    return FakeClock()


@pytest.fixture
def bybit(clock: FakeClock) -> FakeExchange:
    # Whole seconds would be taken for a truncated time.
    clock.pass_ms(7)
    return FakeExchange(clock)


@pytest.fixture
def tmp_path(memory_path: Path) -> Path:
    """Put what a test writes, journals above all, on a fast disk."""
    return memory_path


NewDatabase = t.Callable[[], Database]


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal" / "journal.sqlite"


@pytest.fixture
def new_database(journal_path: Path, clock: t.Any) -> t.Iterator[NewDatabase]:
    """Return a new database object, as each process makes its own."""
    named: list[Database] = []

    def call() -> Database:
        named.append(SqliteDatabase(str(journal_path), clock))
        return named[-1]

    yield call
    for database in named:
        database.close()


@pytest.fixture
def new_store(new_database: NewDatabase, clock: t.Any) -> t.Callable[..., Store]:
    """Make the store that a process uses."""
    return lambda target=TARGET, its_clock=clock: Store(new_database(), target, its_clock)


@pytest.fixture
def store(new_store: t.Callable[..., Store]) -> Store:
    return new_store()


@pytest.fixture
def select(new_database: NewDatabase) -> t.Callable[..., list[Row]]:
    """Query the journal without a run."""

    def call(sql: str, *values: t.Any) -> list[Row]:
        database = new_database()
        if not database.is_there():
            return []
        with contextlib.closing(database):
            database.open(writes=False)
            return database.query(sql, *values) if database.has_tables() else []

    return call


@pytest.fixture
def recorded(select: t.Callable[..., list[Row]]) -> t.Callable[[], list[Intent]]:
    """Read the unsettled intents."""
    sql = "SELECT document FROM bybit_intents WHERE state IN ('open', 'made') ORDER BY number"
    return lambda: [intent_from(json.loads(document)) for (document,) in select(sql)]


@pytest.fixture
def put(new_store: t.Callable[..., Store]) -> t.Callable[[list[Intent]], None]:
    """Record intents as earlier runs would. Only one of them may be unreported and without an ID."""

    def call(intents: list[Intent]) -> None:
        store = new_store()
        store.acquire(0)
        for intent in intents:
            is_open = not intent.reported and intent.repay_id is None
            record = Record(intent, OPEN_STATE, SIGNED) if is_open else Record(intent, MADE, ACCEPTED)
            store.write([Change(record, (Event(record.outcome, "put there"),), is_new=True)])
        store.release()

    return call


@pytest.fixture
def begin(new_store: t.Callable[..., Store]) -> t.Callable[..., Journal]:
    """Begin a run as a process does."""

    def call(check_mode: bool = False) -> Journal:
        journal = Journal(new_store())
        journal.begin(check_mode, 1000)
        return journal

    return call


@pytest.fixture
def run(bybit: FakeExchange, store: Store) -> t.Callable[..., Report]:
    """Run as a module does, to the end, or to an error of the expected kind."""

    def call(
        goal: Goal = Goal(max_debt=Decimal(0)),
        check_mode: bool = False,
        error: type[BybitError] | None = None,
        may_end: type[BybitError] | None = None,
        **run_options: t.Any,
    ) -> Report:
        with Journal(store) as journal:
            report = engine(new_context(bybit, bybit, journal, goal, USUAL._replace(**run_options), check_mode=check_mode))
            assert report.trace == ""
            ended = type(report.ended.error) if report.ended else None
            assert ended is error or (ended is not None and ended is may_end), report.message
            journal.close(ended is None)
            return report

    return call


@pytest.fixture
def prepare(bybit: FakeExchange, begin: t.Callable[[], Journal]) -> Prepare:
    return Prepare(bybit, begin())
