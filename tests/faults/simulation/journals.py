# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of the runs, and what may happen to it besides what runs write: to its file, or to the files beside it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import typing as t
from pathlib import Path

import psycopg
from postgres import HOST, Server, free_port

from .products import Loan

# How much of a file is left, and what comes in its place.
DAMAGES: dict[str, t.Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "filled with zeros": lambda content: bytes(len(content)),
    "empty": lambda content: b"",
}
_SCHEMA = "treasury_bybit"
_OPEN = "SELECT product, loan, document FROM bybit_intents WHERE state = 'open'"


class Noted(t.NamedTuple):
    """A repayment that the journal has as one whose outcome is open."""

    loan: Loan
    timestamp: int


class Journal(t.Protocol):
    """The journal of one schedule.

    :ivar option: What the runs are given.
    :ivar unusable: The same for a run that cannot use it.
    :ivar folder: Where its files lie, if it has some.
    :ivar is_damaged: Whether nobody can read it.
    :ivar is_shared: Whether it is a server's.
    """

    option: str
    unusable: str
    folder: Path
    is_damaged: bool
    is_shared: bool

    def open_intents(self) -> frozenset[Noted]:
        """Return what is recorded as open: what is committed, so that it survives whatever becomes of the runs."""

    def damage(self, how: str) -> bool:
        """Make it unreadable, if runs have written there; return whether it was."""

    def vanish(self) -> bool:
        """Remove the file alone, as a cleaner of old files does; return whether that has hidden something."""

    def remove(self) -> None:
        """Remove a journal that cannot be read, and all that belongs to it, after its loans were looked up at the exchange."""

    def lose_locks(self, is_replaced: bool) -> bool:
        """Take the locks away from whoever has them; return whether there can have been any."""


class SqliteJournal:
    """One file, and the locks beside it.

    """

    is_shared = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        self.option = str(self.folder / "journal.sqlite")
        # A file is where the folder should be.
        (folder / "in-the-way").touch()
        self.unusable = str(folder / "in-the-way" / "journal.sqlite")
        self.is_damaged = False
        self._path = Path(self.option)

    def open_intents(self) -> frozenset[Noted]:
        if self.is_damaged or not self._path.is_file() or not self._path.stat().st_size:
            return frozenset()
        # Read as it lies on the disk, without the lock that would be in the way of a run, and without undoing what a killed run has begun.
        with contextlib.closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            try:
                return noted(connection.execute(_OPEN).fetchall())
            except sqlite3.OperationalError:
                # The tables are being made.
                return frozenset()

    def damage(self, how: str) -> bool:
        if self.is_damaged or not self._locks() or not self._path.is_file():
            return False
        self._path.write_bytes(DAMAGES[how](self._path.read_bytes()))
        self.is_damaged = True
        return True

    def vanish(self) -> bool:
        if self.is_damaged or not self._locks() or not self._path.is_file():
            return False
        self._path.unlink()
        self.is_damaged = True
        return True

    def remove(self) -> None:
        for path in self.folder.glob("*"):
            path.unlink()
        self.is_damaged = False

    def lose_locks(self, is_replaced: bool) -> bool:
        # Removed, as by a cleaner of old files, or others in their place. A journal that is gone with all its locks, nobody can miss.
        locks = [] if self.is_damaged else self._locks()
        for path in locks:
            path.unlink()
            if is_replaced:
                path.touch(mode=0o600)
        return bool(locks)

    def _locks(self) -> list[Path]:
        return sorted(self.folder.glob("*.lock"))


class PostgresJournal:
    """A database on a server; what the schedule before has left there is gone."""

    is_shared = True
    is_damaged = False

    def __init__(self, folder: Path, server: Server, url: str) -> None:
        self.folder, self.option = folder / "state", url
        # Nobody listens there.
        self.unusable = f"postgresql://{HOST}:{free_port()}/none"
        self._server, self._url = server, server.by_socket(url)
        with self._connection() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")

    def open_intents(self) -> frozenset[Noted]:
        with self._connection() as connection:
            if connection.execute("SELECT to_regclass(%s)", [f"{_SCHEMA}.bybit_intents"]).fetchall() == [(None,)]:
                return frozenset()
            connection.execute(f"SET search_path = {_SCHEMA}")
            return noted(connection.execute(_OPEN).fetchall())

    def damage(self, how: str) -> bool:
        return False

    def vanish(self) -> bool:
        return False

    def remove(self) -> None:
        raise AssertionError("it is never damaged")

    def lose_locks(self, is_replaced: bool) -> bool:
        """End the connections of all runs, or crash the server and start it again, which ends them as well."""
        if is_replaced:
            self._server.stop("immediate")
            self._server.start()
            return True
        with self._connection() as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'treasury.bybit'"
            ).fetchall()
        return bool(ended)

    def _connection(self) -> psycopg.Connection[tuple[t.Any, ...]]:
        return psycopg.connect(self._url, autocommit=True)


def noted(rows: t.Iterable[tuple[str, str, str]]) -> frozenset[Noted]:
    return frozenset(Noted(Loan(product, name), json.loads(document)["sent_at_ms"]) for product, name, document in rows)
