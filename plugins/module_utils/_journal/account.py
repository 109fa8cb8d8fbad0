# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal has about all targets of an account together, for a run that acts on many of them.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import typing as t

from . import schema
from .database import Database, DatabaseFailed
from .failures import unusable
from .intent import Intent
from .moved import read_moved
from .positions import note_position
from .records import ACCOUNT, MADE, OPEN, record_of
from .target import Target


class AccountJournal(t.NamedTuple):
    """The part of a journal that belongs to one account. Each method raises C(JournalUnusable).

    :ivar realm: Where the account exists, such as C(mainnet).
    :ivar account: The exchange's ID of the account.
    """

    database: Database
    realm: str
    account: str

    def target(self, product: str, loan: str) -> Target:
        return Target(self.realm, self.account, product, loan)

    def prepare(self) -> None:
        """Open the journal for writing, and create its tables if they are missing."""
        with self._usable():
            self.database.open(writes=True)
            schema.prepare(self.database)

    def unsettled(self) -> dict[Target, list[Intent]]:
        """Return the unsettled intents by target, in the order in which they were made; nothing if the journal does not exist."""
        sql = f"SELECT product, loan, document, state, outcome FROM bybit_intents WHERE {ACCOUNT} AND state IN (?, ?) ORDER BY product, loan, number"
        found: dict[Target, list[Intent]] = {}
        with self._usable():
            if not self.database.is_there() or not schema.version_of(self.database):
                return {}
            for product, loan, *record in self.database.query(sql, self.realm, self.account, OPEN, MADE):
                found.setdefault(self.target(product, loan), []).append(record_of(*record).intent)
        return found

    def moved(self, since_ms: int) -> list[Intent]:
        """Return what was moved since a moment (UTC, ms), by whichever run; nothing if the journal does not exist."""
        with self._usable():
            return [moved.intent for moved in read_moved(self.database, self.realm, self.account, since_ms)] if self.database.is_there() else []

    def note_position(self, time_ms: int, document: t.Mapping[str, t.Any]) -> None:
        """Note the position that the exchange showed at a moment (UTC, ms), as JSON values."""
        with self._usable():
            note_position(self.database, self.realm, self.account, time_ms, document)

    @contextlib.contextmanager
    def _usable(self) -> t.Iterator[None]:
        try:
            yield
        except DatabaseFailed as error:
            raise unusable(error, self.database) from None
