# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to the journal for a run of many operations, each of which has a target and a store of its own.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .database import Answer, Database, Statement
from .target import Target


class SharedDatabase(Database):
    """A database that several stores use one after the other. It stays open, with all its locks, until C(disconnect).

    A target that several operations lock in different ways must first be locked exclusively: a shared lock cannot always be made exclusive.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.label, self.removal, self.text_type = database.label, database.removal, database.text_type
        # Whether this run writes; none if it is not connected.
        self._writes: bool | None = None
        # The locked targets, and whether each is locked exclusively.
        self._locked: dict[Target, bool] = {}

    @property
    def was_reconnected(self) -> bool:
        return self._database.was_reconnected

    def check(self) -> None:
        # While it is open, a check could release a lock of SQLite: closing any descriptor of its file does so.
        if self._writes is None:
            self._database.check()

    def is_there(self) -> bool:
        # A database that was removed while it is open must not be taken for a new one.
        return self._writes is not None or self._database.is_there()

    def open(self, writes: bool) -> None:
        """Connect, or connect again if the connection was lost since the store before.

        :raises ValueError: If a store writes after the first one only reads.
        """
        if self._writes is None:
            try:
                self._database.open(writes)
            except BaseException:
                self._database.close()
                raise
            self._writes = writes
            return
        if writes and not self._writes:
            raise ValueError("the journal was opened for reading only")
        # A server is connected again only by the first statement of a transaction.
        with self._database.transaction(writes=False):
            self._database.query("SELECT 1")

    def close(self) -> None:
        """Keep the connection and its locks for the other stores."""

    def disconnect(self) -> None:
        """Disconnect, and release the locks of all stores."""
        self._writes = None
        self._locked.clear()
        self._database.close()

    def has_tables(self) -> bool:
        return self._database.has_tables()

    def begin(self, writes: bool) -> None:
        self._database.begin(writes)

    def commit(self) -> None:
        self._database.commit()

    def rollback(self) -> None:
        self._database.rollback()

    def run(self, *statements: Statement) -> list[Answer]:
        return self._database.run(*statements)

    def queue(self, *statements: Statement) -> None:
        self._database.queue(*statements)

    def prepare(self, migrate: t.Callable[[], None]) -> None:
        self._database.prepare(migrate)

    def try_lock(self, target: Target, exclusive: bool, writes: bool = True) -> bool:
        if self._holds(target, exclusive):
            return True
        is_locked = self._database.try_lock(target, exclusive, writes)
        if is_locked and writes:
            # A run that only reads may have succeeded without a lock, because there was nothing to lock yet.
            self._locked[target] = exclusive or self._locked.get(target, False)
        return is_locked

    def _holds(self, target: Target, exclusive: bool) -> bool:
        # Another run may have got a lock while the connection was lost. A server tells, and grants its own session's locks again.
        return not self.was_reconnected and (self._locked.get(target, False) or (target in self._locked and not exclusive))
