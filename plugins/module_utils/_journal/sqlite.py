# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in an SQLite file on a local disk, for the runs of one controller.

This module util is private to the collection.
"""

from __future__ import annotations

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
# The size of the smallest SQLite file that is not empty.
_MIN_BYTES = 512
# The files that an earlier development version left in its state_dir.
_OLD_RECORD = re.compile(r".+_[0-9a-f]{16}\.json")


class SqliteDatabase(Database):
    """An SQLite file, with a lock file for each target beside it.

    :param path: The absolute path of the file. File and directory are created on the first write.
    """

    def __init__(self, path: str, clock: Clock) -> None:
        self._path, self._directory = path, os.path.dirname(path)
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._locks: list[int] = []
        # Shown in two parts, because Ansible hides the value of the option wherever it appears as a whole.
        self.label = f"'{os.path.basename(path)}' in '{self._directory}'"
        self.removal = f"move {self.label}, and all files whose names start with its name, to another directory"

    def check(self) -> None:
        """Refuse a file that could not be created or used, without creating anything."""
        nearest = self._path
        while not os.path.lexists(nearest) and os.path.dirname(nearest) != nearest:
            nearest = os.path.dirname(nearest)
        try:
            if nearest == self._path:
                # This also checks that it is a regular file that belongs to this user.
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
            # Checked before the file, because a run that starts at the same moment creates the file before its lock.
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
            # Closed now, because closing it later would release SQLite's own lock.
            os.close(descriptor)
            if not size and was_used:
                # SQLite would treat it as a new database.
                raise Damaged("it is empty")
            if 0 < size < _MIN_BYTES:
                # SQLite would treat a file of one byte as empty, too.
                raise Damaged("the file is truncated")
        except OSError as error:
            raise self._failed(error) from None
        self._connection = self._doing(lambda: sqlite3.connect(self._path, timeout=0, isolation_level=None))
        if not writes:
            self.query("PRAGMA query_only = ON")
        # With the default on some systems, a power failure can undo a commit.
        self.query("PRAGMA synchronous = FULL")
        # Each commit invalidates the rollback journal beside the file, and flushes that. So a copy of the file alone is complete when unused.
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
            # Checked again, because the COMMIT may have waited for other runs.
            self._refuse_another_file()
        except DatabaseFailed as error:
            self.rollback()
            raise CommitInDoubt(str(error)) from None

    def rollback(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # Without a COMMIT, SQLite rolls the transaction back when the file is next opened.
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
                # The lock file was removed or replaced in between.
                os.close(lock)
        except FileNotFoundError:
            # No run has ever written for this target.
            return True
        except OSError as error:
            raise DatabaseFailed(f"the target cannot be locked: {error.strerror}") from None

    def _refuse_another_file(self) -> None:
        """Refuse to write to a file that other runs can no longer find under its path."""
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
        """Refuse a file whose last page is incomplete; SQLite would read the missing part as zeros."""
        # A transaction that has read keeps others from writing to the file.
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
        """Execute a statement as soon as no other program keeps the file locked."""
        connection = self._connection
        if connection is None:
            raise DatabaseFailed("it is no longer open")

        def attempt() -> Answer | None:
            found: Answer | None = self._doing(lambda: _answer_to(connection, statement))
            return found

        deadline_ms = self._clock.monotonic_ms() + _MAX_BUSY_MS
        answer = attempt()
        if answer is not None:
            return answer
        with self._clock.waiting("Another program keeps the journal locked", _MAX_BUSY_MS):
            while self._clock.monotonic_ms() <= deadline_ms:
                self._clock.sleep_ms(_BUSY_PAUSE_MS)
                answer = attempt()
                if answer is not None:
                    return answer
        raise DatabaseFailed(f"another program has kept it locked for {_MAX_BUSY_MS // 1000} s")

    def _doing(self, action: t.Callable[[], t.Any]) -> t.Any:
        """Return the result of an action; none if another program keeps the file locked."""
        try:
            return action()
        except sqlite3.IntegrityError as error:
            kind = Damaged if any(table in str(error) for table in CHAINED) else DuplicateKey
            raise kind(str(error)) from None
        except sqlite3.OperationalError as error:
            # Compared by text, because sqlite_errorcode exists only from Python 3.11 on.
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
        """Return whether earlier runs may have recorded something here."""
        try:
            return self._has_locks() or not files.is_new(self._path)
        except OSError:
            return True

    def _has_locks(self) -> bool:
        """Return whether a run has ever acquired a target here; its lock file remains."""
        prefix = f"{os.path.basename(self._path)}."
        try:
            return any(name.startswith(prefix) and name.endswith(".lock") for name in os.listdir(self._directory))
        except (FileNotFoundError, NotADirectoryError):
            return False


def _answer_to(connection: sqlite3.Connection, statement: Statement) -> Answer:
    cursor = connection.execute(*statement)
    # Fetched at once, so that an unreadable row raises its error here.
    return Answer(cursor.fetchall(), cursor.rowcount)
