# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in one SQLite file on a local disk, for the runs of one controller.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import sqlite3
import typing as t

from .._clock import Clock
from . import files
from .database import Answer, CommitInDoubt, Damaged, Database, DatabaseFailed, DuplicateKey, Statement
from .schema import CHAINED, VERSION_TABLE
from .target import Target

_MAX_BUSY_MS = 30_000
_BUSY_PAUSE_MS = 20
# The smallest file of SQLite that is not empty.
_MIN_BYTES = 512
# What an earlier development version has left in what was state_dir.
_OLD_RECORD = re.compile(r".+_[0-9a-f]{16}\.json")


class SqliteDatabase(Database):
    """A file, and beside it a lock file for each target.

    :param path: Absolute; created with its directory when something is first written.
    """

    def __init__(self, path: str, clock: Clock) -> None:
        self._path, self._directory = path, os.path.dirname(path)
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._locks: list[int] = []
        # Ansible hides the value of the option, so the path is not shown as a whole.
        self.label = f"'{os.path.basename(path)}' in '{self._directory}'"
        self.removal = f"move {self.label}, and all files whose names start with its name, to another directory"

    def check(self) -> None:
        """Refuse a file that could not be made or used, without making or opening it."""
        nearest = self._path
        while not os.path.lexists(nearest) and os.path.dirname(nearest) != nearest:
            nearest = os.path.dirname(nearest)
        try:
            if nearest == self._path:
                # Whether it is a regular file of this user, too.
                os.close(files.open_private(self._path, os.O_RDONLY))
                nearest = self._directory
            if not os.path.isdir(nearest):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if not os.access(nearest, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if nearest == self._directory:
                files.check_directory(nearest)
                self._refuse_old_records()
        except OSError as error:
            raise self._failed(error) from None

    def is_there(self) -> bool:
        try:
            return self._has_locks() or os.path.lexists(self._path)
        except OSError as error:
            raise self._failed(error) from None

    def open(self, writes: bool) -> None:
        try:
            # Asked first, because a run that begins at the same moment makes its lock last.
            was_used = self._has_locks()
            if was_used and not os.path.lexists(self._path):
                raise Damaged("the file is missing, but its lock files exist")
            if writes and not os.path.lexists(self._path):
                files.make_directory(self._directory)
                files.check_directory(self._directory)
                files.create_private(self._path)
            files.check_directory(self._directory)
            descriptor = files.open_private(self._path, os.O_RDONLY)
            self._identity = files.identity_of(descriptor)
            size = os.fstat(descriptor).st_size
            # Now, because closing it later would take SQLite's own lock away.
            os.close(descriptor)
            if not size and was_used:
                # To SQLite, it would be a new one.
                raise Damaged("it is empty")
            if 0 < size < _MIN_BYTES:
                # One of a single byte, too.
                raise Damaged("the file is truncated")
        except OSError as error:
            raise self._failed(error) from None
        self._connection = self._doing(lambda: sqlite3.connect(self._path, timeout=0, isolation_level=None))
        if not writes:
            self.query("PRAGMA query_only = ON")
        # With the default of some systems, a power failure can undo what was committed.
        self.query("PRAGMA synchronous = FULL")
        # One file is the journal once nobody uses it: the one beside it is made void with each commit, and that is flushed.
        self.query("PRAGMA journal_mode = PERSIST")
        self._refuse_cut_page()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        while self._locks:
            os.close(self._locks.pop())

    def has_tables(self) -> bool:
        return bool(self.query("SELECT 1 FROM sqlite_master WHERE name = ?", VERSION_TABLE))

    def begin(self, writes: bool) -> None:
        self._refuse_another_file()
        self._run(Statement("BEGIN IMMEDIATE" if writes else "BEGIN"))

    def commit(self) -> None:
        try:
            self._refuse_another_file()
        except DatabaseFailed:
            self.rollback()
            raise
        try:
            self._run(Statement("COMMIT"))
            # Once more, because a COMMIT may have waited for others.
            self._refuse_another_file()
        except DatabaseFailed as error:
            self.rollback()
            raise CommitInDoubt(str(error)) from None

    def rollback(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # Without a COMMIT, SQLite undoes it when the file is next opened.
            self._connection = None

    def run(self, *statements: Statement) -> list[Answer]:
        return [self._run(statement) for statement in statements]

    def prepare(self, migrate: t.Callable[[], None]) -> None:
        with self.transaction():
            migrate()

    def try_lock(self, target: Target, exclusive: bool, writes: bool = True) -> bool:
        path = f"{self._path}.{target.lock_name}"
        try:
            while True:
                lock = files.open_private(path, os.O_RDWR | os.O_CREAT if writes else os.O_RDONLY)
                try:
                    fcntl.flock(lock, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(lock)
                    return False
                except BaseException:
                    os.close(lock)
                    raise
                if files.identity_of(lock) == files.identity_at(path):
                    self._locks.append(lock)
                    return True
                # It was removed or replaced in between.
                os.close(lock)
        except FileNotFoundError:
            # Nobody has ever written for this target.
            return True
        except OSError as error:
            raise DatabaseFailed(f"the target cannot be locked: {error.strerror}") from None

    def _refuse_another_file(self) -> None:
        """Refuse to write to a file that nobody else finds any more."""
        try:
            is_in_place = self._identity == files.identity_at(self._path)
        except OSError as error:
            raise self._failed(error) from None
        if not is_in_place:
            raise DatabaseFailed(
                "it was removed or replaced while this run used it",
                "Make sure that nothing else, such as a job that deletes old files, touches it, and run again.",
            )

    def _refuse_cut_page(self) -> None:
        """Refuse a file whose last page is not there as a whole; SQLite would take the rest of it for zeros."""
        # Nobody writes to the file until the end of a transaction that has read.
        self._run(Statement("BEGIN"))
        try:
            pages, page_size = self.query("PRAGMA page_count")[0][0], self.query("PRAGMA page_size")[0][0]
            size = os.stat(self._path).st_size
        except OSError as error:
            raise self._failed(error) from None
        finally:
            self.rollback()
        if size < pages * page_size:
            raise Damaged("the file is truncated")

    def _run(self, statement: Statement) -> Answer:
        """Carry out a statement as soon as nobody else is in the way."""
        connection = self._connection
        if connection is None:
            raise DatabaseFailed("it is no longer open")
        deadline_ms, is_told = self._clock.monotonic_ms() + _MAX_BUSY_MS, False
        with contextlib.ExitStack() as waiting:
            while True:
                answer: Answer | None = self._doing(lambda: _answer_to(connection, statement))
                if answer is not None:
                    return answer
                if self._clock.monotonic_ms() > deadline_ms:
                    raise DatabaseFailed(f"another program has kept it locked for {_MAX_BUSY_MS // 1000} s")
                if not is_told:
                    waiting.enter_context(self._clock.waiting("Another program keeps the journal locked", _MAX_BUSY_MS))
                    is_told = True
                self._clock.sleep_ms(_BUSY_PAUSE_MS)

    def _doing(self, action: t.Callable[[], t.Any]) -> t.Any:
        """Return the result of an action, none when somebody else is in its way."""
        try:
            return action()
        except sqlite3.IntegrityError as error:
            kind = Damaged if any(table in str(error) for table in CHAINED) else DuplicateKey
            raise kind(str(error)) from None
        except sqlite3.OperationalError as error:
            # Its code is to be had from Python 3.11 on.
            if str(error) in ("database is locked", "database table is locked"):
                return None
            raise DatabaseFailed(str(error)) from None
        except sqlite3.DatabaseError as error:
            raise Damaged(str(error)) from None

    def _refuse_old_records(self) -> None:
        old = sorted(filter(_OLD_RECORD.fullmatch, os.listdir(self._directory)))
        if old:
            raise DatabaseFailed(
                f"its directory contains records of an earlier development version, such as '{old[0]}'",
                "Find out what became of the repayments in them, move them to another directory, and run again.",
            )

    def _failed(self, error: OSError) -> DatabaseFailed:
        remedy = "Set journal to a file on a persistent local disk, in a directory to which only the user running the module can write."
        if os.path.isdir(self._path):
            return DatabaseFailed("it is a directory", remedy, self._has_locks())
        return DatabaseFailed(error.strerror or str(error), remedy, isinstance(error, PermissionError) or self._may_record())

    def _may_record(self) -> bool:
        """Return whether runs may have recorded something here."""
        try:
            return self._has_locks() or not files.is_new(self._path)
        except OSError:
            return True

    def _has_locks(self) -> bool:
        """Return whether a run has ever acquired a target here."""
        prefix = f"{os.path.basename(self._path)}."
        try:
            return any(name.startswith(prefix) and name.endswith(".lock") for name in os.listdir(self._directory))
        except (FileNotFoundError, NotADirectoryError):
            return False


def _answer_to(connection: sqlite3.Connection, statement: Statement) -> Answer:
    cursor = connection.execute(*statement)
    # All rows at once: any of them may be the one that cannot be read.
    return Answer(cursor.fetchall(), cursor.rowcount)
