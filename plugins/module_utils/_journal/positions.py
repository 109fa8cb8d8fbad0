# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notes of an account's position that each run of a policy leaves, so that there is a history to look at.

No run relies on them, so they belong neither to a target nor to the audit trail. This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from . import schema
from .database import Damaged, Database, Statement
from .entries import canonical
from .records import ACCOUNT

# The first version of the schema that has the table.
_VERSION = 2


def note_position(database: Database, realm: str, account: str, time_ms: int, document: t.Mapping[str, t.Any]) -> None:
    """Add a note of a position, and the tables if they are missing.

    :param database: The database, open for writing.
    :param time_ms: The moment (UTC, ms) at which the exchange showed it.
    :param document: The position as JSON values, with amounts as decimal strings.
    :raises DatabaseFailed: If it was not stored, or if it is unknown whether it was.
    """
    schema.prepare(database)
    sql = "INSERT INTO bybit_positions (realm, account, time_ms, document) VALUES (?, ?, ?, ?)"
    with database.transaction():
        database.queue(Statement(sql, (realm, account, time_ms, canonical(document))))


def read_positions(database: Database, realm: str, account: str, since_ms: int) -> list[dict[str, t.Any]]:
    """Return the noted positions of an account since a moment (UTC, ms), oldest first.

    :param database: The open database.
    :raises DatabaseFailed: If the journal cannot be read.
    """
    if schema.version_of(database) < _VERSION:
        return []
    sql = f"SELECT document FROM bybit_positions WHERE {ACCOUNT} AND time_ms >= ? ORDER BY time_ms, document"
    return [_position_of(document) for (document,) in database.query(sql, realm, account, since_ms)]


def _position_of(document: str) -> dict[str, t.Any]:
    try:
        position = json.loads(document)
    except (ValueError, RecursionError):
        position = None
    if not isinstance(position, dict):
        raise Damaged("a position in it is not a JSON object")
    return position
