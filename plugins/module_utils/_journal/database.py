# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal needs from a database: transactions, and locks that end with their holder.

Safety never depends on a lock, because a lock can be lost unnoticed: it depends on the stored epoch. Locks only make runs wait for each
other. This module util is private to the collection.
"""

from __future__ import annotations

import abc
import contextlib
import typing as t

from .target import Target

Row = t.Tuple[t.Any, ...]


class Statement(t.NamedTuple):
    """One SQL statement.

    :ivar sql: Its text with C(?) for each value, in the dialect that SQLite and PostgreSQL share.
    """

    sql: str
    values: tuple[t.Any, ...] = ()


class Answer(t.NamedTuple):
    """The result of a statement: the rows that it found, and how many rows it changed."""

    rows: list[Row]
    changed: int


class DatabaseFailed(Exception):
    """The database failed; C(str(error)) says why, as a clause without a secret.

    :ivar remedy: What to do about it, as a whole sentence; empty if there is no advice beyond making the journal available again.
    :ivar hides_intents: Whether intents of earlier runs may be recorded that cannot be read now.
    """

    def __init__(self, reason: str, remedy: str = "", hides_intents: bool = True) -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.hides_intents = hides_intents


class CommitInDoubt(DatabaseFailed):
    """COMMIT got no answer, so it is unknown whether the transaction was committed."""


class DuplicateKey(DatabaseFailed):
    """A row violates a unique index, because another run committed one with the same key; the transaction had no effect."""


class Damaged(DatabaseFailed):
    """The database or file exists, but cannot be read as a journal."""


class Database(abc.ABC):
    """One run's access to a database. Each method raises C(DatabaseFailed).

    :ivar text_type: The type of text columns; it compares text byte by byte.
    :ivar label: How messages name it, without a secret or the whole value of the option.
    :ivar removal: How the user moves it out of the way, as the first words of a sentence.
    """

    text_type = "TEXT"
    label: str
    removal = "move the journal away (in PostgreSQL: ALTER SCHEMA treasury_bybit RENAME TO treasury_bybit_old)"

    @property
    def was_reconnected(self) -> bool:
        """Whether the connection was lost and made again since C(open), so that other runs may have held the locks meanwhile."""
        return False

    @abc.abstractmethod
    def check(self) -> None:
        """Refuse a database that could not be used, as far as this shows without connecting or creating anything."""

    @abc.abstractmethod
    def is_there(self) -> bool:
        """Return whether anything was ever written, without creating anything; called before C(open)."""

    @abc.abstractmethod
    def open(self, writes: bool) -> None:
        """Connect.

        :param writes: Whether this run writes. One that only reads changes and creates nothing.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Disconnect, and release the locks."""

    @abc.abstractmethod
    def has_tables(self) -> bool:
        """Return whether the tables of the journal exist."""

    @abc.abstractmethod
    def begin(self, writes: bool) -> None:
        """Begin a transaction.

        :param writes: Whether it writes. One that only reads sees a snapshot of one moment, and blocks nobody.
        """

    @abc.abstractmethod
    def commit(self) -> None:
        """Commit the transaction durably: once this returns, a power failure cannot undo it.

        :raises CommitInDoubt: If it is unknown whether the transaction was committed.
        """

    @abc.abstractmethod
    def rollback(self) -> None:
        """Roll the transaction back if there still is one; never raises."""

    @abc.abstractmethod
    def run(self, *statements: Statement) -> list[Answer]:
        """Execute statements in order, up to the first that fails. A server gets them in one message.

        :raises DuplicateKey: If a unique index forbids it.
        """

    def queue(self, *statements: Statement) -> None:
        """Execute statements that change one row each. A server gets them together with the COMMIT, so C(commit) raises their errors."""
        refuse_unchanged(self.run(*statements))

    def query(self, sql: str, *values: t.Any) -> list[Row]:
        """Return the rows that a SELECT finds."""
        return self.run(Statement(sql, values))[0].rows

    def change(self, sql: str, *values: t.Any) -> int:
        """Execute a statement, and return how many rows it changed.

        :raises DuplicateKey: If a unique index forbids it.
        """
        return self.run(Statement(sql, values))[0].changed

    @abc.abstractmethod
    def prepare(self, migrate: t.Callable[[], None]) -> None:
        """Call a function that creates or changes tables, in a transaction, and by one run at a time."""

    @abc.abstractmethod
    def try_lock(self, target: Target, exclusive: bool, writes: bool = True) -> bool:
        """Try to lock a target until C(close) or the end of this process; return at once whether this succeeded.

        :param exclusive: Whether to lock it for this run alone, instead of sharing it with other runs that share it.
        :param writes: Whether this run writes. One that only reads creates nothing, so it does not lock a target that was never locked.
        """

    @contextlib.contextmanager
    def transaction(self, writes: bool = True) -> t.Iterator[None]:
        """Commit the statements in the block together, or roll all of them back."""
        self.begin(writes)
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise


def refuse_unchanged(answers: t.Sequence[Answer]) -> None:
    """Refuse a database that silently ignored a statement, for example because of a trigger.

    :raises DatabaseFailed: If a statement did not change exactly one row.
    """
    if any(answer.changed != 1 for answer in answers):
        raise DatabaseFailed("it did not store what was written to it", "Remove the trigger or rule that prevents it, and run again.")
