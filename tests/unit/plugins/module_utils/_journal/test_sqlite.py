# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in an SQLite file: the user's own, private, and durable."""

from __future__ import annotations

import os
import sqlite3
import stat
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import DatabaseFailed
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, is_in_doubt
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target

INTENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000)
REMEDY = "Set journal to a file on a persistent local disk, in a directory to which only the user running the module can write."

Begin = t.Callable[..., Journal]


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def database(new_database: t.Callable[[], SqliteDatabase]) -> SqliteDatabase:
    return new_database()


@pytest.fixture
def used(begin: Begin, journal_path: Path) -> Path:
    """A journal with an open intent of an earlier run."""
    journal = begin()
    journal.note(INTENT)
    journal.release()
    return journal_path


@pytest.fixture
def open_umask() -> t.Iterator[None]:
    """Set a umask that protects nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_reading_leaves_no_traces(database: SqliteDatabase, store: Store, tmp_path: Path) -> None:
    database.check()
    assert not database.is_there()
    assert not store.exists()
    assert not is_in_doubt(database, "mainnet", "legacy", "17")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_can_read(begin: Begin, journal_path: Path) -> None:
    journal = begin()
    journal.note(INTENT)
    directory = journal_path.parent
    assert {stat.S_IFMT(file.stat().st_mode) | mode(file) for file in directory.iterdir()} == {stat.S_IFREG | 0o600}
    assert (mode(directory), mode(directory.parent)) == (0o700, 0o700)
    assert names_in(directory)[0] == "journal.sqlite"
    assert {name.partition(".sqlite.mainnet_104_legacy_17_")[0] for name in names_in(directory) if name.endswith(".lock")} == {"journal"}


@pytest.mark.usefixtures("open_umask")
def test_an_existing_directory_keeps_its_mode(begin: Begin, journal_path: Path) -> None:
    journal_path.parent.mkdir(parents=True)
    journal_path.parent.chmod(0o750)
    begin()
    assert (mode(journal_path.parent), mode(journal_path)) == (0o750, 0o600)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Target("mainnet", "104", "legacy", "17"), "mainnet_104_legacy_17_"),
        (Target("localhost:8765", "104", "legacy", "17"), "localhost_8765_104_legacy_17_"),
        (Target("proxy.example/../x", "104", "legacy", "17"), "proxy.example_.._x_104_legacy_17_"),
        (Target("x" * 500, "104", "legacy", "9" * 64), f"{'x' * 80}_104_legacy_{'9' * 64}_"),
    ],
)
def test_lock_files_have_fixed_names(target: Target, name: str, journal_path: Path, new_store: t.Callable[..., Store]) -> None:
    new_store(target).acquire(0)
    (lock,) = journal_path.parent.glob("*.lock")
    assert lock.name.startswith(f"journal.sqlite.{name}")
    assert len(lock.name) == len(f"journal.sqlite.{name}") + 16 + len(".lock")


def test_a_commit_survives_a_loss_of_power(database: SqliteDatabase) -> None:
    database.open(writes=True)
    # FULL, and a rollback journal that is emptied and flushed with each commit.
    assert (database.query("PRAGMA synchronous"), database.query("PRAGMA journal_mode")) == ([(2,)], [("persist",)])


def test_a_file_that_was_changed_to_wal_is_changed_back(used: Path, begin: Begin) -> None:
    """WAL would keep recent records in a second file, which a copy of the first one lacks."""
    with sqlite3.connect(used) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    journal = begin()
    assert journal.open_intents() == [INTENT]
    journal.release()
    assert not [name for name in names_in(used.parent) if name.endswith(("-wal", "-shm"))]
    assert used.read_bytes()[18:20] == b"\x01\x01"


def as_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def open_to_others(path: Path) -> None:
    path.write_text("")
    path.chmod(0o620)


def of_somebody_else(path: Path) -> None:
    path.write_text("")
    os.chown(path, 65534, -1)


_STRANGE = [(as_link, "is a symbolic link"), (as_pipe, "is not a regular file"), (open_to_others, "is writable by other users: run 'chmod go-w' on it")]
if not os.geteuid():
    _STRANGE.append((of_somebody_else, "belongs to another user: run the module as that user"))


@pytest.mark.parametrize(("make", "reason"), _STRANGE)
@pytest.mark.parametrize("writes", [True, False])
def test_a_journal_that_is_not_the_users_own_file_is_refused(
    store: Store, database: SqliteDatabase, journal_path: Path, writes: bool, make: t.Callable[[Path], None], reason: str
) -> None:
    journal_path.parent.mkdir(parents=True)
    make(journal_path)
    with pytest.raises(JournalLost, match=reason) as caught:
        store.acquire(0, writes)
    assert caught.value.outcome == "unknown"
    assert str(caught.value).endswith(f"whose outcome is unknown. {REMEDY}")
    with pytest.raises(DatabaseFailed, match=reason):
        database.check()
    assert not journal_path.with_name("elsewhere").exists()


@pytest.mark.parametrize(("make", "reason"), _STRANGE)
@pytest.mark.parametrize("writes", [True, False])
def test_a_lock_that_is_not_the_users_own_file_is_refused(
    store: Store, used: Path, writes: bool, make: t.Callable[[Path], None], reason: str
) -> None:
    (lock,) = used.parent.glob("*.lock")
    lock.unlink()
    make(lock)
    with pytest.raises(JournalUnusable, match=f"the target cannot be locked: .*{reason}"):
        store.acquire(0, writes)


@pytest.mark.parametrize("bits", [0o720, 0o702, 0o1777])
def test_a_directory_that_others_may_write_is_refused(store: Store, database: SqliteDatabase, used: Path, bits: int) -> None:
    used.parent.chmod(bits)
    for action in (lambda: store.acquire(0), lambda: store.acquire(0, writes=False)):
        with pytest.raises(JournalLost, match="is writable by other users: run 'chmod go-w' on it.*whose outcome is unknown"):
            action()
    with pytest.raises(DatabaseFailed, match="is writable by other users") as caught:
        database.check()
    assert caught.value.hides_intents


def test_a_refused_directory_without_a_journal_leaves_no_doubt(store: Store, journal_path: Path) -> None:
    journal_path.parent.mkdir(parents=True)
    journal_path.parent.chmod(0o777)
    with pytest.raises(JournalUnusable, match="is writable by other users") as caught:
        store.acquire(0)
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize("writes", [True, False])
def test_a_directory_is_no_journal(store: Store, database: SqliteDatabase, journal_path: Path, writes: bool) -> None:
    journal_path.mkdir(parents=True)
    with pytest.raises(JournalUnusable) as caught:
        store.acquire(0, writes)
    assert str(caught.value) == f"The journal 'journal.sqlite' in '{journal_path.parent}' cannot be used (it is a directory). {REMEDY}"
    assert caught.value.outcome == "not_executed"
    with pytest.raises(DatabaseFailed, match="^it is a directory$"):
        database.check()


@pytest.mark.parametrize("way", ["journal.sqlite", "below/that/journal.sqlite"])
def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path, clock: t.Any, way: str) -> None:
    (tmp_path / "file").touch(0o600)
    database = SqliteDatabase(str(tmp_path / "file" / way), clock)
    with pytest.raises(DatabaseFailed, match="Not a directory|File exists"):
        database.check()
    with pytest.raises(DatabaseFailed, match="Not a directory|File exists"):
        database.open(writes=True)
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize(("way", "asked"), [("journal.sqlite", "state"), ("below/that/j", "state"), ("../other/j", ".")])
@pytest.mark.parametrize("may", [True, False])
def test_the_nearest_existing_directory_must_be_writable(
    tmp_path: Path, clock: t.Any, monkeypatch: pytest.MonkeyPatch, way: str, asked: str, may: bool
) -> None:
    (tmp_path / "state").mkdir()
    questions: list[tuple[str, int]] = []
    # The tests may run as root, who can write everywhere.
    monkeypatch.setattr(os, "access", lambda path, way: questions.append((path, way)) or may)
    database = SqliteDatabase(os.path.normpath(tmp_path / "state" / way), clock)
    if may:
        database.check()
    else:
        with pytest.raises(DatabaseFailed, match="^Permission denied$"):
            database.check()
    assert questions == [(os.path.normpath(tmp_path / asked), os.W_OK | os.X_OK)]
    assert names_in(tmp_path) == ["state"] and names_in(tmp_path / "state") == []


@pytest.mark.parametrize("name", ["mainnet_104_legacy_17_0123456789abcdef.json", "x_ffffffffffffffff.json"])
def test_records_of_an_earlier_version_are_not_overlooked(database: SqliteDatabase, journal_path: Path, name: str) -> None:
    journal_path.parent.mkdir(parents=True)
    (journal_path.parent / name).write_text("{}")
    with pytest.raises(DatabaseFailed) as caught:
        database.check()
    assert str(caught.value) == f"its directory contains records of an earlier development version, such as '{name}'"
    assert caught.value.hides_intents
    assert caught.value.remedy == "Find out what became of the repayments in them, move them to another directory, and run again."


@pytest.mark.parametrize("name", ["report.json", "mainnet_104_legacy_17_0123456789abcdef.lock", "x_0123456789ABCDEF.json", "x_0123.json"])
def test_other_files_are_ignored(database: SqliteDatabase, journal_path: Path, name: str) -> None:
    journal_path.parent.mkdir(parents=True)
    (journal_path.parent / name).write_text("{}")
    database.check()
