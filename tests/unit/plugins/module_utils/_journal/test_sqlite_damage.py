# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An SQLite journal is never taken for an empty one, whatever happens to the file before or during a run."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import sqlite3
import subprocess
import sys
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, JournalLost, JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import CommitInDoubt
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, is_in_doubt

INTENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), 1793534400000, 5000)

Begin = t.Callable[..., Journal]
Recorded = t.Callable[[], list[Intent]]


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


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut_to(share: float) -> t.Callable[[Path], None]:
    def cut(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[:max(1, int(len(content) * share))])

    return cut


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def of_another_kind(path: Path) -> None:
    path.write_text('{"version": 4}' * 1000)


def without_its_tables(path: Path) -> None:
    """Zeros in the first page, after the file header."""
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(4096 - 100) + content[4096:])


DAMAGES = {
    "emptied": emptied, "a byte": cut_to(0), "a hundredth": cut_to(0.01), "half": cut_to(0.5), "nearly all": cut_to(0.99), "zeros": zeroed,
    "another kind": of_another_kind, "no tables": without_its_tables,
}


@pytest.mark.parametrize("harm", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_damaged_file_stops_the_run_and_stays(
    begin: Begin, used: Path, database: SqliteDatabase, harm: t.Callable[[Path], None], check_mode: bool
) -> None:
    harm(used)
    content = used.read_bytes()
    with pytest.raises(JournalLost) as caught:
        begin(check_mode)
    assert caught.value.outcome == "unknown"
    assert str(caught.value).startswith(f"The journal 'journal.sqlite' in '{used.parent}' cannot be read (")
    assert used.read_bytes() == content
    assert is_in_doubt(database, "mainnet", "legacy", "17")


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_file_that_is_gone_is_noticed(
    begin: Begin, used: Path, database: SqliteDatabase, new_store: t.Callable[..., Store], check_mode: bool
) -> None:
    """The lock files show that runs used it. A cleanup job deleted the file, or a container lost part of its volume."""
    used.unlink()
    left = sorted(used.parent.iterdir())
    with pytest.raises(JournalLost, match=r"cannot be read \(the file is missing, but its lock files exist\). Nothing was sent, because the outcome .* is"):
        begin(check_mode)
    assert is_in_doubt(database, "mainnet", "legacy", "17")
    assert sorted(used.parent.iterdir()) == left
    # This is how to start a new one.
    for file in left:
        file.unlink()
    begin(check_mode)


@pytest.mark.parametrize("harm", [Path.unlink, emptied], ids=["gone", "emptied"])
def test_the_message_says_what_to_move_away_for_a_new_journal(begin: Begin, used: Path, harm: t.Callable[[Path], None]) -> None:
    harm(used)
    with pytest.raises(JournalLost) as caught:
        begin()
    assert str(caught.value).endswith(
        f"a new journal knows no reference and such a task would pay again. Then move 'journal.sqlite' in '{used.parent}', and all files whose names "
        f"start with its name, to another directory, and run again."
    )


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("others", [0, 40])
def test_whatever_page_is_lost_an_open_intent_is_not_overlooked(
    new_store: t.Callable[..., Store],
    new_database: t.Callable[[], SqliteDatabase],
    put: t.Callable[[list[Intent]], None],
    journal_path: Path,
    others: int,
    check_mode: bool,
) -> None:
    """After a power loss, a file system may leave zeros in place of a page, or cut the file in the middle of one."""
    told = dataclasses.replace(INTENT, repay_id="99", reported=True)
    whole = [INTENT, *(dataclasses.replace(told, intent_id=f"told-{number}") for number in range(others))]
    put(whole)
    content = journal_path.read_bytes()
    assert len(content) % 4096 == 0 and len(content) > 10 * 4096
    for start in range(0, len(content), 4096):
        for harmed in (content[:start] + bytes(4096) + content[start + 4096:], content[:start + 2048]):
            journal_path.write_bytes(harmed)
            assert is_in_doubt(new_database(), "mainnet", "legacy", "17")
            with contextlib.suppress(JournalLost), Journal(new_store()) as journal:
                journal.begin(check_mode, 0)
                assert journal.noted() == whole
                journal.use_of("INV-7")


def test_an_empty_file_where_no_run_has_been_is_a_new_journal(begin: Begin, journal_path: Path) -> None:
    journal_path.parent.mkdir(parents=True)
    journal_path.touch(0o600)
    assert begin().open_intents() == []


def test_a_first_run_killed_before_it_created_the_tables_leaves_no_damage(begin: Begin, database: SqliteDatabase) -> None:
    database.open(writes=True)
    database.begin(writes=True)
    database.change("CREATE TABLE bybit_journal (version BIGINT NOT NULL)")
    database.close()
    assert begin().open_intents() == []


def replaced(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o600)
    copy.rename(path)


def moved(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


@pytest.mark.parametrize("harm", [Path.unlink, replaced, emptied, moved], ids=["removed", "replaced", "emptied", "moved"])
def test_a_file_that_is_moved_or_replaced_meanwhile_stops_the_run(begin: Begin, used: Path, harm: t.Callable[[Path], None]) -> None:
    journal = begin()
    journal.discard(INTENT, "no trace")
    harm(used)
    with pytest.raises(JournalUnusable):
        journal.note(INTENT)


@pytest.mark.parametrize("harm", [Path.unlink, replaced], ids=["removed", "replaced"])
def test_the_message_names_the_removed_or_replaced_file(begin: Begin, used: Path, harm: t.Callable[[Path], None]) -> None:
    journal = begin()
    journal.discard(INTENT, "no trace")
    harm(used)
    with pytest.raises(JournalUnusable) as caught:
        journal.close(True)
    assert str(caught.value) == (
        f"The journal 'journal.sqlite' in '{used.parent}' cannot be used (it was removed or replaced while this run used it). Make sure that "
        f"nothing else, such as a job that deletes old files, touches it, and run again."
    )


@pytest.mark.parametrize("harm", [Path.unlink, replaced], ids=["removed", "replaced"])
def test_nothing_may_be_sent_if_the_file_goes_while_a_reader_blocks_the_commit(
    begin: Begin, journal_path: Path, clock: t.Any, harm: t.Callable[[Path], None]
) -> None:
    """Otherwise the intent would be in a file that nobody finds any more."""
    journal = begin()
    reader = sqlite3.connect(journal_path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM bybit_intents").fetchall()

    def go() -> None:
        harm(journal_path)
        reader.close()

    clock.after_pause = go
    with pytest.raises(JournalUnusable, match="did not confirm the COMMIT .it was removed or replaced while this run used it"):
        journal.note(INTENT)


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_lasting_lock_of_another_program_is_an_error(begin: Begin, used: Path, clock: t.Any, statement: str) -> None:
    journal = begin()
    begun_ms = clock.monotonic_ms()
    program = sqlite3.connect(used, isolation_level=None)
    program.execute(statement)
    journal.discard(INTENT, "no trace")
    with pytest.raises(JournalUnusable, match="another program has kept it locked for 30 s"):
        journal.close(True)
    # The run tries twice to record its end.
    assert 60_000 <= clock.monotonic_ms() - begun_ms < 61_000
    assert clock.heard == ["Another program keeps the journal locked", ""] * 2
    program.close()


def test_another_program_that_is_done_in_time_is_waited_for(begin: Begin, used: Path, clock: t.Any, recorded: Recorded) -> None:
    journal = begin()
    program = sqlite3.connect(used, isolation_level=None)
    program.execute("BEGIN IMMEDIATE")
    clock.after_pause = program.close
    journal.discard(INTENT, "no trace")
    journal.close(True)
    assert (clock.pauses, recorded()) == ([20], [])


def test_a_commit_that_a_reader_blocks_is_in_doubt(database: SqliteDatabase, used: Path, recorded: Recorded) -> None:
    database.open(writes=True)
    database.begin(writes=True)
    database.change("UPDATE bybit_intents SET state = 'void'")
    reader = sqlite3.connect(used, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM bybit_intents").fetchall()
    with pytest.raises(CommitInDoubt, match="another program has kept it locked for 30 s"):
        database.commit()
    reader.close()
    assert recorded() == [INTENT]


def test_a_lock_that_is_removed_while_somebody_waits_for_it_is_not_taken(
    store: Store, new_store: t.Callable[..., Store], journal_path: Path, clock: t.Any
) -> None:
    """Otherwise it would lock a file that no other run uses."""
    store.acquire(0)
    (lock,) = journal_path.parent.glob("*.lock")
    clock.after_pause = lambda: (lock.unlink(missing_ok=True), store.release())
    new_store().acquire(1000)
    assert lock.exists()
    with pytest.raises(Busy):
        store.acquire(0)


KILLED = """
import os, signal, sys
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
database = SqliteDatabase(sys.argv[1], Clock())
database.open(writes=True)
database.query("PRAGMA cache_size = 1")
database.begin(writes=True)
# More than the cache holds, so that a part of it is in the file.
for number in range(200):
    database.change("UPDATE bybit_intents SET document = ?", "x" * 20000)
    database.change("INSERT INTO bybit_targets VALUES ('r', 'a', 'p', ?, 1, ?)", str(number), "y" * 2000)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_that_is_killed_while_it_writes_has_written_nothing(
    begin: Begin, used: Path, child_environment: dict[str, str], check_mode: bool
) -> None:
    size = used.stat().st_size
    ended = subprocess.run([sys.executable, "-c", KILLED, str(used)], env=child_environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert used.stat().st_size > size
    assert Path(f"{used}-journal").stat().st_size
    assert begin(check_mode).open_intents() == [INTENT]
