# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal needs of a database: transactions, and a lock that ends with its holder.

Safety comes from what is stored, never from the lock: a lock can be lost unnoticed, and only spares two runs each other's way. This
module util is private to the collection.
"""

from __future__ import annotations

import abc
import contextlib
import typing as t

from .target import Target

Row = t.Tuple[t.Any, ...]


class Statement(t.NamedTuple):
    """One statement of SQL.

    :ivar sql: With C(?) for each value, and with C(ON CONFLICT) as SQLite and PostgreSQL share it.
    """

    sql: str
    values: tuple[t.Any, ...] = ()


class Answer(t.NamedTuple):
    """What came of a statement: the rows that it has found, and how many it has changed."""

    rows: list[Row]
    changed: int


class DatabaseFailed(Exception):
    """The database could not do what it was asked for; C(str(error)) says why, as a clause without a secret.

    :ivar remedy: What to do about it, as a whole sentence; empty when only the database's own manual knows.
    :ivar hides_intents: Whether what earlier runs have recorded there may be hidden by this.
    """

    def __init__(self, reason: str, remedy: str = "", hides_intents: bool = True) -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.hides_intents = hides_intents


class CommitInDoubt(DatabaseFailed):
    """Nobody knows whether the transaction was committed, because there was no answer to COMMIT."""


class DuplicateKey(DatabaseFailed):
    """A row contradicts one that somebody else has committed; nothing of the transaction has happened."""


class Damaged(DatabaseFailed):
    """What is there cannot be read as a journal."""


class Database(abc.ABC):
    """A database, for one run at a time. Each method raises C(DatabaseFailed).

    :ivar text_type: The type of columns with text, which is compared byte by byte.
    :ivar was_reconnected: Whether the connection was lost since C(open) and made again, so that others may have had the locks meanwhile.
    :ivar label: What messages call it; never a secret, nor the whole value of the option.
    :ivar removal: How a user begins a new one in its place, as the beginning of a sentence that goes on.
    """

    text_type = "TEXT"
    was_reconnected = False
    label: str
    removal = "move the journal away (in PostgreSQL: ALTER SCHEMA treasury_bybit RENAME TO treasury_bybit_old)"

    @abc.abstractmethod
    def check(self) -> None:
        """Refuse what could not be used, as far as that shows without a trace and without a connection."""

    @abc.abstractmethod
    def is_there(self) -> bool:
        """Return whether anything was ever written; asked before C(open), and leaves no trace."""

    @abc.abstractmethod
    def open(self, writes: bool) -> None:
        """Connect.

        :param writes: Whether this run writes; one that only reads changes nothing, and creates nothing.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Disconnect, and release the lock."""

    @abc.abstractmethod
    def has_tables(self) -> bool:
        """Return whether the tables of the journal are there."""

    @abc.abstractmethod
    def begin(self, writes: bool) -> None:
        """Begin a transaction.

        :param writes: Whether it writes; one that does not sees everything as of one moment, and is in nobody's way.
        """

    @abc.abstractmethod
    def commit(self) -> None:
        """Commit it; when this returns, it survives a power failure.

        :raises CommitInDoubt: When nobody knows whether it happened.
        """

    @abc.abstractmethod
    def rollback(self) -> None:
        """Undo the transaction as far as there still is one; never raises."""

    @abc.abstractmethod
    def run(self, *statements: Statement) -> list[Answer]:
        """Carry out statements in their order, all in one message to a server; the first that fails is the last that is tried.

        :raises DuplicateKey: When a unique index forbids it.
        """

    def queue(self, *statements: Statement) -> None:
        """Carry out statements each of which changes one row; to a server, in one message with C(commit), which then raises their errors."""
        refuse_unchanged(self.run(*statements))

    def query(self, sql: str, *values: t.Any) -> list[Row]:
        """Return what a SELECT finds."""
        return self.run(Statement(sql, values))[0].rows

    def change(self, sql: str, *values: t.Any) -> int:
        """Change something, and return how many rows it was.

        :raises DuplicateKey: When a unique index forbids it.
        """
        return self.run(Statement(sql, values))[0].changed

    @abc.abstractmethod
    def prepare(self, migrate: t.Callable[[], None]) -> None:
        """Have what creates or changes tables done in a transaction, by one run alone."""

    @abc.abstractmethod
    def try_lock(self, target: Target, exclusive: bool, writes: bool = True) -> bool:
        """Lock a target until C(close), or until this process ends; return at once whether that was possible.

        :param exclusive: Whether nobody else may have it; otherwise, others that also share it may.
        :param writes: Whether this run writes; one that only reads leaves no trace, so it cannot lock what nobody has locked before.
        """

    @contextlib.contextmanager
    def transaction(self, writes: bool = True) -> t.Iterator[None]:
        """Commit what is done within, or nothing of it."""
        self.begin(writes)
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise


def refuse_unchanged(answers: t.Sequence[Answer]) -> None:
    """Refuse a database that has not done what it was told, and calls it no error.

    :raises DatabaseFailed: When a statement has not changed just one row.
    """
    if any(answer.changed != 1 for answer in answers):
        raise DatabaseFailed("it did not store what was written to it", "Remove the trigger or rule that prevents it, and run again.")
