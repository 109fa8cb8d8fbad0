# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of the runs, and what can happen to its file or lock files besides what runs write."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import typing as t
from pathlib import Path

import psycopg
from postgres import HOST, Server, free_port

from .products import Loan

# How a file is damaged.
DAMAGES: dict[str, t.Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "filled with zeros": lambda content: bytes(len(content)),
    "empty": lambda content: b"",
}
_SCHEMA = "treasury_bybit"
_OPEN = "SELECT product, loan, document FROM bybit_intents WHERE state = 'open'"


class Noted(t.NamedTuple):
    """An open intent in the journal."""

    loan: Loan
    timestamp: int


class Journal(t.Protocol):
    """The journal of one schedule.

    :ivar option: The option C(journal) of the runs.
    :ivar unusable: The same option for a run that cannot use its journal.
    :ivar folder: The folder of its files, if it has any.
    :ivar is_damaged: Whether nobody can read it.
    :ivar is_shared: Whether it is on a server.
    """

    option: str
    unusable: str
    folder: Path
    is_damaged: bool
    is_shared: bool

    def open_intents(self) -> frozenset[Noted]:
        """Return the committed open intents, which survive whatever happens to the runs."""

    def damage(self, how: str) -> bool:
        """Make the journal unreadable if runs have written to it; return whether that was done."""

    def vanish(self) -> bool:
        """Remove only the file, as a cleanup of old files does; return whether that was done."""

    def remove(self) -> None:
        """Remove an unreadable journal and everything that belongs to it, after its loans were looked up at the exchange."""

    def lose_locks(self, is_replaced: bool) -> bool:
        """Take the locks away from their holders; return whether there can have been any."""


class SqliteJournal:
    """One file, and the lock files beside it."""

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
        # Read the file as it is on the disk, without a lock that would block a run, and without rolling back what a killed run has begun.
        with contextlib.closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            try:
                return noted(connection.execute(_OPEN).fetchall())
            except sqlite3.OperationalError:
                # The tables are being created.
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
        # Remove or replace the lock files, as a cleanup of old files may. No run can notice a journal that is gone with all its locks.
        locks = [] if self.is_damaged else self._locks()
        for path in locks:
            path.unlink()
            if is_replaced:
                path.touch(mode=0o600)
        return bool(locks)

    def _locks(self) -> list[Path]:
        return sorted(self.folder.glob("*.lock"))


class PostgresJournal:
    """A database on a server, without what the previous schedule has left in it."""

    is_shared = True
    is_damaged = False

    def __init__(self, folder: Path, server: Server, url: str) -> None:
        self.folder, self.option = folder / "state", url
        # Nothing listens on this port.
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
        """End the connections of all runs, or restart the server after a crash, which ends them as well."""
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
