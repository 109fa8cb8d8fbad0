# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal in a file that is damaged, full, or open to others is refused before anything is sent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import typing as t

import pytest
from journal_files import doubt

# Fixtures from another file, which pytest finds here.
__all__ = ["doubt"]
# Changes more than fits into memory, so that SQLite writes half of it to the file, and is killed then.
INTERRUPTED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("PRAGMA journal_mode = PERSIST")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE bybit_intents SET document = '{}'")
for number in range(50):
    connection.execute("INSERT INTO bybit_chains VALUES ('none', ?, 0, ?)", (str(number), "0" * 3000))
os.kill(os.getpid(), 9)
"""
FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
bybit_loan_repay.main()
"""
CANNOT_BE_READ = ". Nothing was sent, because the outcome of earlier operations is unknown. Restore it from a backup. "
ELSEWHERE = "Set journal to a file on a persistent local disk, in a directory to which only the user running the module can write."


@pytest.fixture
def change_journal(journal) -> t.Callable[[str], None]:
    """Change the journal with SQL."""

    def call(sql: str) -> None:
        with contextlib.closing(sqlite3.connect(journal)) as connection:
            connection.executescript(sql)

    return call


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("obstacle", ["file/journal.sqlite", "file/below/journal.sqlite", "folder"])
def test_a_file_that_cannot_be_created_is_refused_before_anything_is_sent(repay, sandbox, tmp_path, obstacle: str, check: bool) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    run = repay(journal=str(tmp_path / obstacle), check=check)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    path = tmp_path / obstacle
    assert run["msg"].startswith(f"The journal '{path.name}' in '{path.parent}' cannot be used (")
    assert run["msg"].endswith(f"). {ELSEWHERE}")
    assert sandbox.requests()["counts"] == {}
    assert "Traceback" not in run.output


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("whose", ["file", "folder"])
def test_a_journal_that_others_may_write_is_refused_before_anything_is_sent(doubt, repay, sandbox, journal, whose: str, check: bool) -> None:
    doubt()
    sandbox.control("DELETE", "requests")
    path = journal if whose == "file" else journal.parent
    path.chmod(path.stat().st_mode | stat.S_IWGRP)
    run = repay(check=check)
    # A shadowed journal may have open intents.
    assert (run.failed, run["changed"], run["outcome"], sandbox.requests()["counts"]) == (True, False, "unknown", {})
    assert "is writable by other users: run 'chmod go-w' on it" in run["msg"]
    path.chmod(path.stat().st_mode & ~stat.S_IWGRP)
    assert repay()["outcome"] == "executed"


@pytest.mark.parametrize("check", [False, True])
def test_a_link_is_refused_before_anything_is_sent(doubt, repay, sandbox, journal, check: bool) -> None:
    doubt()
    sandbox.control("DELETE", "requests")
    link = journal.with_name("link.sqlite")
    link.symlink_to(journal)
    run = repay(journal=str(link), check=check)
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "unknown", {})
    assert "The journal 'link.sqlite' in '" in run["msg"]
    assert ELSEWHERE in run["msg"]


def test_another_users_file_is_refused_before_anything_is_sent(doubt, repay, sandbox, journal) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    doubt()
    sandbox.control("DELETE", "requests")
    os.chown(journal, 65534, 65534)
    run = repay()
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "unknown", {})
    assert f"'{journal.name}' in '{journal.parent}' cannot be used (" in run["msg"]
    assert "belongs to another user: run the module as that user" in run["msg"]


def test_records_of_an_earlier_development_version_are_not_overlooked(repay, sandbox, journal) -> None:
    journal.parent.mkdir()
    (journal.parent / "mainnet_1001_legacy_1794267532472646144_0123456789abcdef.json").write_text("{}")
    run = repay()
    assert (run.failed, run["outcome"], sandbox.requests()["counts"]) == (True, "unknown", {})
    assert "its directory contains records of an earlier development version, such as 'mainnet_1001_" in run["msg"]


def test_a_repayment_that_cannot_be_recorded_is_not_sent(begin, sandbox, journal, calls, until, paid, posts, repay) -> None:
    """Another program holds the file's lock when the intent is written."""
    repay(amount="1")
    sandbox.control("DELETE", "requests")
    process = begin()
    until(lambda: "GET query-account-coin-balance" in calls())
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        run = process.end()
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert "The repayment of 100 USDT on loan 1794267532472646144 was not made: The journal 'journal.sqlite' in '" in run["msg"]
    assert "cannot be used (another program has kept it locked for 30 s). " in run["msg"]
    assert run["msg"].endswith("Make this journal available again (do not switch to another one), and run again.")
    assert (paid(), posts()) == (["1"], 0)
    assert repay()["outcome"] == "executed"


def test_nothing_is_sent_on_a_full_disk(doubt, repay, paid, posts, remembered) -> None:
    doubt()
    before, sent = remembered(), posts()
    run = repay(program=("-c", FULL_DISK))
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert "The journal 'journal.sqlite' in '" in run["msg"]
    assert "Nothing was sent, because earlier runs may have recorded operations there whose outcome is unknown." in run["msg"]
    assert (remembered(), posts(), "Traceback" in run.output) == (before, sent, False)
    assert (repay()["outcome"], paid()) == ("executed", ["100"])


@pytest.mark.parametrize(
    "damage",
    [lambda whole: b"", lambda whole: b"\0\0", lambda whole: b"what is this? " * 1000, lambda whole: whole[:4096], lambda whole: whole[:-20000]],
    ids=["empty", "zeros", "text", "first-page", "cut"],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_damaged_file_is_refused_before_anything_is_sent(doubt, repay, journal, sandbox, damage, check: bool) -> None:
    doubt()
    whole = journal.read_bytes()
    sandbox.control("DELETE", "requests")
    journal.write_bytes(damage(whole))
    before = journal.read_bytes()
    run = repay(check=check)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert run["msg"].startswith("The journal 'journal.sqlite' in '")
    assert CANNOT_BE_READ in run["msg"]
    assert "Traceback" not in run.output
    assert set(sandbox.requests()["counts"]) == {"GET /v5/user/query-api"}
    assert journal.read_bytes() == before
    # The remedies that the message names work.
    journal.write_bytes(whole)
    assert repay(check=True).details["earlier"][0]["outcome"] == "not_executed"
    for path in journal.parent.glob(f"{journal.name}*"):
        path.unlink()
    assert (repay()["outcome"], repay().details["earlier"]) == ("executed", [])


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE bybit_intents SET document = '{}'", "an intent in it is invalid: "),
        ("UPDATE bybit_intents SET document = replace(document, 'sent_at_ms', 'sent')", "an intent in it is invalid: "),
        ("DELETE FROM bybit_journal", "its table bybit_journal has 0 rows instead of one"),
        ("UPDATE bybit_journal SET version = 99", "its schema has version 99, and this collection supports 2"),
        ("DROP TABLE bybit_intents", "no such table: bybit_intents"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_file_that_is_no_journal_is_refused_before_anything_is_sent(doubt, repay, journal, sandbox, change_journal, sql, why, check: bool) -> None:
    doubt()
    sandbox.control("DELETE", "requests")
    change_journal(sql)
    run = repay(check=check)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert why in run["msg"]
    assert "Nothing was sent, because" in run["msg"]
    assert (set(sandbox.requests()["counts"]), "Traceback" in run.output) == ({"GET /v5/user/query-api"}, False)


@pytest.mark.parametrize("check", [True, False])
def test_what_a_killed_run_half_wrote_is_undone(doubt, repay, journal, paid, check: bool) -> None:
    doubt()
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, str(journal)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert journal.with_name("journal.sqlite-journal").stat().st_size > 0
    run = repay(check=check)
    assert (run["outcome"], run.details["earlier"][0]["outcome"]) == ("planned" if check else "executed", "not_executed")
    assert paid() == ([] if check else ["100"])


@pytest.mark.parametrize("by", ["removed", "replaced"])
def test_a_file_that_goes_away_during_a_run_is_not_written_to(begin, repay, sandbox, journal, calls, until, posts, by: str) -> None:
    """No later run would find what is recorded there."""
    repay(amount="1")
    sandbox.control("DELETE", "requests")
    process = begin()
    until(lambda: "GET query-account-coin-balance" in calls())
    whole = journal.read_bytes()
    journal.unlink()
    if by == "replaced":
        journal.write_bytes(whole)
        journal.chmod(0o600)
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "not_executed", 0)
    assert "it was removed or replaced while this run used it" in run["msg"]
    assert "Make sure that nothing else, such as a job that deletes old files, touches it, and run again." in run["msg"]


def test_a_lost_directory_loses_the_intents(doubt, repay, journal, paid) -> None:
    """The documentation names this risk."""
    doubt()
    shutil.rmtree(journal.parent)
    assert (repay(wait_timeout=0).details["earlier"], paid()) == ([], ["100"])


@pytest.mark.parametrize("check", [False, True])
def test_a_lost_file_is_noticed(doubt, repay, journal, paid, check: bool) -> None:
    doubt()
    journal.unlink()
    run = repay(check=check)
    assert (run.failed, run["outcome"], paid(), journal.exists()) == (True, "unknown", [], False)
    assert "cannot be read (the file is missing, but its lock files exist). Nothing was sent, because the outcome of earlier " in run["msg"]
    assert "and all files whose names start with its name, to another directory, and run again." in run["msg"]
