# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the journal, and the migrations that create them.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .database import Database, DatabaseFailed

# One tuple of statements for each version. Never change a released version: add a new one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE bybit_targets (
            realm TEXT NOT NULL, account TEXT NOT NULL, product TEXT NOT NULL, loan TEXT NOT NULL,
            epoch BIGINT NOT NULL, holder TEXT NOT NULL,
            PRIMARY KEY (realm, account, product, loan))""",
        """CREATE TABLE bybit_intents (
            intent_id TEXT NOT NULL PRIMARY KEY,
            realm TEXT NOT NULL, account TEXT NOT NULL, product TEXT NOT NULL, loan TEXT NOT NULL,
            number BIGINT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL, reference TEXT, document TEXT NOT NULL)""",
        # At most one operation of a target may be open.
        "CREATE UNIQUE INDEX bybit_one_open_intent ON bybit_intents (realm, account, product, loan) WHERE state = 'open'",
        # An operation that was certainly not executed leaves its reference free for the next attempt.
        "CREATE UNIQUE INDEX bybit_one_use_of_reference ON bybit_intents (realm, account, reference) WHERE state <> 'void'",
        "CREATE UNIQUE INDEX bybit_intents_in_order ON bybit_intents (realm, account, product, loan, number)",
        "CREATE INDEX bybit_unsettled_intents ON bybit_intents (realm, product, loan) WHERE state IN ('open', 'made')",
        """CREATE TABLE bybit_chains (
            realm TEXT NOT NULL, account TEXT NOT NULL, length BIGINT NOT NULL, hash TEXT NOT NULL,
            PRIMARY KEY (realm, account))""",
        """CREATE TABLE bybit_entries (
            realm TEXT NOT NULL, account TEXT NOT NULL, number BIGINT NOT NULL, time_ms BIGINT NOT NULL,
            product TEXT NOT NULL, loan TEXT NOT NULL, intent_id TEXT NOT NULL, event TEXT NOT NULL, reference TEXT,
            document TEXT NOT NULL, hash TEXT NOT NULL,
            PRIMARY KEY (realm, account, number))""",
        "CREATE INDEX bybit_entries_by_time ON bybit_entries (realm, account, time_ms)",
    ),
    (
        # Without a primary key, because two runs may note a position in the same millisecond.
        """CREATE TABLE bybit_positions (
            realm TEXT NOT NULL, account TEXT NOT NULL, time_ms BIGINT NOT NULL, document TEXT NOT NULL)""",
        "CREATE INDEX bybit_positions_by_time ON bybit_positions (realm, account, time_ms)",
    ),
)
TABLES = ("bybit_journal", "bybit_targets", "bybit_intents", "bybit_chains", "bybit_entries", "bybit_positions")
# Their rows are never changed.
APPENDED = ("bybit_entries", "bybit_positions")
VERSION_TABLE = "bybit_journal"
# A duplicate key in these tables means damage, not another run, because each run locks the end of the chain first.
CHAINED = ("bybit_chains", "bybit_entries")


def prepare(database: Database, migrations: t.Sequence[t.Sequence[str]] = MIGRATIONS) -> None:
    """Create the tables, or migrate them to the current version.

    :raises DatabaseFailed: If this fails, or if a newer version of the collection wrote the tables.
    """
    version = version_of(database, migrations)
    if version == len(migrations):
        return
    try:
        database.prepare(lambda: _migrate(database, migrations))
    except DatabaseFailed as error:
        # Without tables, nothing can be recorded.
        error.hides_intents = error.hides_intents and bool(version)
        raise


def version_of(database: Database, migrations: t.Sequence[t.Sequence[str]] = MIGRATIONS) -> int:
    """Return the version of the tables; 0 if there are none.

    :raises DatabaseFailed: If this collection does not support the version.
    """
    if not database.has_tables():
        return 0
    found = database.query(f"SELECT version FROM {VERSION_TABLE}")
    if len(found) != 1:
        raise DatabaseFailed(f"its table {VERSION_TABLE} has {len(found)} rows instead of one", "Restore it from a backup, and run again.")
    version = int(found[0][0])
    if version > len(migrations):
        raise DatabaseFailed(
            f"its schema has version {version}, and this collection supports {len(migrations)}",
            "Install the newer version of treasury.bybit that wrote it, and run again.",
        )
    return version


def _migrate(database: Database, migrations: t.Sequence[t.Sequence[str]]) -> None:
    """Run the missing migrations; another run may have done so in the meantime."""
    version = version_of(database, migrations)
    if not version:
        database.change(f"CREATE TABLE {VERSION_TABLE} (version BIGINT NOT NULL)")
        database.change(f"INSERT INTO {VERSION_TABLE} (version) VALUES (0)")
    for statements in migrations[version:]:
        for statement in statements:
            database.change(statement.replace(" TEXT", f" {database.text_type}"))
    database.change(f"UPDATE {VERSION_TABLE} SET version = ?", len(migrations))
