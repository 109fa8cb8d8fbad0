# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stored form of an intent, and the statements that write it and its entries of the audit trail.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from .database import Damaged, DatabaseFailed, Row, Statement
from .entries import ACKNOWLEDGED, EXECUTED, NOT_EXECUTED, Event, Head, entry_of
from .intent import Intent, intent_from
from .target import Target

TARGET = "realm = ? AND account = ? AND product = ? AND loan = ?"
ACCOUNT = "realm = ? AND account = ?"

# The states of an intent: outcome unknown; made, but not reported, or not confirmed by the exchange; settled; certainly not executed;
# acknowledged by the user, whatever its outcome.
OPEN, MADE, DONE, VOID, GIVEN_UP = "open", "made", "done", "void", "given_up"

# The outcome of an intent in each settled state.
_LAST_OUTCOMES = {DONE: EXECUTED, VOID: NOT_EXECUTED, GIVEN_UP: ACKNOWLEDGED}


class Record(t.NamedTuple):
    """An intent as it is stored.

    :ivar state: One of the states above.
    :ivar outcome: The latest of C(EVENTS) that tells its outcome.
    """

    intent: Intent
    state: str
    outcome: str


class Change(t.NamedTuple):
    """What a run writes about one intent.

    :ivar events: Its events since it was last written.
    :ivar is_certain: Whether it is known to be new, or to be stored. Otherwise, it is changed only if it is stored.
    """

    record: Record
    events: tuple[Event, ...]
    is_new: bool = False
    is_certain: bool = True


def record_of(document: str, state: str, outcome: str) -> Record:
    """Return the record in a row.

    :raises Damaged: If the document is not an intent.
    """
    try:
        return Record(intent_from(json.loads(document)), state, outcome)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Damaged(f"an intent in it is invalid: {error}") from None


def columns_of(record: Record) -> tuple[str, str, str]:
    """Return the columns of a row that may change: state, outcome, and document."""
    return record.state, record.outcome, json.dumps(record.intent.as_document(), sort_keys=True)


def is_fitting(state: str, outcome: str) -> bool:
    """Return whether an intent can have both this state and this outcome."""
    return _LAST_OUTCOMES.get(state, outcome) == outcome and (state in _LAST_OUTCOMES or outcome not in (NOT_EXECUTED, ACKNOWLEDGED))


def is_needed(change: Change, stored: t.Mapping[str, Row]) -> bool:
    """Return whether a change must still be written, because a COMMIT without an answer may have written it already."""
    intent_id = change.record.intent.intent_id
    if change.is_new:
        return True
    if change.is_certain and intent_id not in stored:
        raise DatabaseFailed(f"intent {intent_id} is missing from it")
    return intent_id in stored and stored[intent_id] != columns_of(change.record)


def statements_of(
    target: Target, changes: t.Sequence[Change], head: Head, now_ms: int, actor: t.Mapping[str, t.Any]
) -> list[Statement]:
    """Return the statements that write changes of one target's intents, and add their entries to the chain of the account.

    :param head: The end of that chain.
    :param now_ms: The present (UTC, ms).
    :param actor: Who caused the changes, and where.
    """
    statements = [_statement_of(target, change) for change in changes]
    for intent, event in [(change.record.intent, event) for change in changes for event in change.events]:
        entry = entry_of(head, target, intent, event, now_ms, actor)
        statements.append(Statement(
            "INSERT INTO bybit_entries (realm, account, product, loan, number, time_ms, intent_id, event, reference, document, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*target, entry.number, now_ms, intent.intent_id, event.name, intent.reference, entry.document, entry.hash),
        ))
        head = Head(entry.number, entry.hash)
    statements.append(Statement(f"UPDATE bybit_chains SET length = ?, hash = ? WHERE {ACCOUNT}", (*head, target.realm, target.account)))
    return statements


def _statement_of(target: Target, change: Change) -> Statement:
    intent, columns = change.record.intent, columns_of(change.record)
    if not change.is_new:
        return Statement("UPDATE bybit_intents SET state = ?, outcome = ?, document = ? WHERE intent_id = ?", (*columns, intent.intent_id))
    return Statement(
        "INSERT INTO bybit_intents (intent_id, realm, account, product, loan, number, state, outcome, document, reference) "
        f"VALUES (?, ?, ?, ?, ?, (SELECT COALESCE(MAX(number), 0) + 1 FROM bybit_intents WHERE {TARGET}), ?, ?, ?, ?)",
        (intent.intent_id, *target, *target, *columns, intent.reference),
    )
