# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and verifies the audit trail, while other runs may write.

This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from . import schema
from .database import Database, DatabaseFailed
from .entries import Entry, Head, first_misfit
from .records import MADE, OPEN, is_fitting

# Columns that repeat a field of an entry's document, with the name of the field.
_COPIED = {name: name for name in ("realm", "account", "time_ms", "product", "loan", "event", "reference")} | {"intent_id": "intent"}
# Fields that both an entry and its intent's document have.
_SHARED = ("coin", "goal", "reference", "sent_at_ms")
_COLUMNS = ("realm", "account", "product", "loan", "reference")


class Filter(t.NamedTuple):
    """Selects entries and intents; none selects all.

    :ivar since_ms: The first moment (UTC, ms).
    :ivar until_ms: The first moment (UTC, ms) that is excluded.
    """

    realm: str | None = None
    account: str | None = None
    product: str | None = None
    loan: str | None = None
    reference: str | None = None
    events: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None


class Chain(t.NamedTuple):
    """The audit trail of one account.

    :ivar misfit: The first contradiction, as a clause; empty if the chain and the intents are intact.
    """

    realm: str
    account: str
    head: Head
    misfit: str


class Trail(t.NamedTuple):
    """The selected content of the journal.

    :ivar entries: The documents of the entries with their hashes, oldest first.
    :ivar unreported: The documents of the intents whose outcome no run has reported, with their targets, oldest first.
    :ivar chains: The verified chain of each selected account; empty without verification.
    """

    entries: list[dict[str, t.Any]]
    unreported: list[dict[str, t.Any]]
    chains: list[Chain]


def read_trail(database: Database, wanted: Filter, is_verified: bool) -> Trail:
    """Return a consistent snapshot of what a filter selects.

    :param is_verified: Whether to verify the chains of the accounts.
    :raises DatabaseFailed: If the journal does not exist, or cannot be read.
    """
    missing = DatabaseFailed("it does not exist", "Check the option journal; the first run that moves money creates the file or the tables.")
    if not database.is_there():
        raise missing
    try:
        database.open(writes=False)
        if not schema.version_of(database):
            raise missing
        with database.transaction(writes=False):
            return Trail(_entries(database, wanted), _unreported(database, wanted), _chains(database, wanted) if is_verified else [])
    finally:
        database.close()


def _entries(database: Database, wanted: Filter) -> list[dict[str, t.Any]]:
    where, values = _where(wanted, _COLUMNS)
    if wanted.events:
        where.append(f"event IN ({', '.join('?' for dummy in wanted.events)})")
        values += wanted.events
    for condition, limit_ms in (("time_ms >= ?", wanted.since_ms), ("time_ms < ?", wanted.until_ms)):
        if limit_ms is not None:
            where.append(condition)
            values.append(limit_ms)
    sql = f"SELECT document, hash FROM bybit_entries{_clause(where)} ORDER BY time_ms, realm, account, number"
    entries = [{**json.loads(document), "hash": hash_} for document, hash_ in database.query(sql, *values)]
    return [entry for entry in entries if _is_of_move(entry, wanted)]


def _unreported(database: Database, wanted: Filter) -> list[dict[str, t.Any]]:
    where, values = _where(wanted, _COLUMNS)
    where.append("state IN (?, ?)")
    sql = f"SELECT realm, account, product, loan, outcome, document FROM bybit_intents{_clause(where)} ORDER BY number"
    found = []
    for realm, account, product, loan, outcome, document in database.query(sql, *values, OPEN, MADE):
        intent = json.loads(document)
        if not intent["reported"] and _is_of_move(intent, wanted):
            found.append({"realm": realm, "account": account, "product": product, "loan": loan, "outcome": outcome, **intent})
    # Intents are numbered by target, so only their times order those of several targets.
    return sorted(found, key=lambda intent: int(intent["sent_at_ms"]))


def _chains(database: Database, wanted: Filter) -> list[Chain]:
    where, values = _where(wanted, ("realm", "account"))
    sql = f"SELECT realm, account, length, hash FROM bybit_chains{_clause(where)} ORDER BY realm, account"
    recorded = {(realm, account): Head(length, hash_) for realm, account, length, hash_ in database.query(sql, *values)}
    # Also verify accounts whose chain record was removed.
    for table in ("bybit_entries", "bybit_intents"):
        for realm, account in database.query(f"SELECT DISTINCT realm, account FROM {table}{_clause(where)}", *values):
            recorded.setdefault((realm, account), Head())
    return [Chain(realm, account, head, _misfit(database, realm, account, head)) for (realm, account), head in sorted(recorded.items())]


def _misfit(database: Database, realm: str, account: str, head: Head) -> str:
    sql = f"SELECT number, document, hash, {', '.join(_COPIED)} FROM bybit_entries WHERE realm = ? AND account = ? ORDER BY number"
    rows = database.query(sql, realm, account)
    misfit = first_misfit((Entry(*row[:3]) for row in rows), head)
    if misfit:
        return misfit
    last: dict[str, dict[str, t.Any]] = {}
    for number, document, dummy, *copies in rows:
        told = json.loads(document)
        if copies != [told[name] for name in _COPIED.values()]:
            return f"entry {number} was changed: its columns do not match its content"
        last[told["intent"]] = told
    sql = "SELECT intent_id, state, outcome, product, loan, reference, document FROM bybit_intents WHERE realm = ? AND account = ?"
    intents = {intent_id: rest for intent_id, *rest in database.query(sql, realm, account)}
    for intent_id in sorted(last.keys() | intents.keys()):
        if intent_id not in intents or intent_id not in last:
            return f"intent {intent_id} {'is missing, but has entries' if intent_id in last else 'has no entries'}"
        told, (state, outcome, *columns, document) = last[intent_id], intents[intent_id]
        if told["event"] != outcome:
            return f"intent {intent_id} is recorded as {outcome}, but its last entry is {told['event']}"
        intent = json.loads(document)
        is_told = columns == [told[name] for name in ("product", "loan", "reference")] and all(intent[name] == told[name] for name in _SHARED)
        if not is_fitting(state, outcome):
            return f"intent {intent_id} was changed: its state '{state}' contradicts its outcome '{outcome}'"
        if not is_told:
            return f"intent {intent_id} was changed: it does not match its last entry"
    return ""


def _where(wanted: Filter, columns: t.Sequence[str]) -> tuple[list[str], list[t.Any]]:
    given = [(column, getattr(wanted, column)) for column in columns if getattr(wanted, column) is not None]
    return [f"{column} = ?" for column, dummy in given], [value for dummy, value in given]


def _is_of_move(document: dict[str, t.Any], wanted: Filter) -> bool:
    """Return whether the move of an entry or intent is selected; it is not in a column."""
    return not wanted.moves or document["goal"]["move"] in wanted.moves


def _clause(where: t.Sequence[str]) -> str:
    return f" WHERE {' AND '.join(where)}" if where else ""
