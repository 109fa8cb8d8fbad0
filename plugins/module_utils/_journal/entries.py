# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit trail: one entry for each event of an intent, chained to the one before by its hash, with one chain for each account.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from decimal import Decimal

from .._amounts import plain
from .intent import Intent
from .target import Target

# The events of an intent; each adds an entry.
INTENDED, SIGNED, ACCEPTED, EXECUTED, NOT_EXECUTED = "intended", "signed", "accepted", "executed", "not_executed"
UNKNOWN, ACKNOWLEDGED, RECOVERED = "unknown", "acknowledged", "recovered"
EVENTS = (INTENDED, SIGNED, ACCEPTED, EXECUTED, NOT_EXECUTED, UNKNOWN, ACKNOWLEDGED, RECOVERED)
# The previous hash of the first entry of a chain.
START = "0" * 64


class Split(t.NamedTuple):
    """How a repayment was divided; interest includes penalty interest."""

    principal: Decimal
    interest: Decimal


class Event(t.NamedTuple):
    """An event of an intent.

    :ivar name: One of C(EVENTS).
    :ivar reason: The reason, in words.
    :ivar split: How a repayment was divided; none if the exchange does not show it.
    """

    name: str
    reason: str
    split: Split | None = None


class Head(t.NamedTuple):
    """The end of a chain.

    :ivar length: The number of entries.
    :ivar hash: The hash of the last entry.
    """

    length: int = 0
    hash: str = START


class Entry(t.NamedTuple):
    """One link of a chain.

    :ivar document: The entry as canonical JSON.
    :ivar hash: The SHA-256 hash of the document in UTF-8, in hexadecimal digits.
    """

    number: int
    document: str
    hash: str


def entry_of(head: Head, target: Target, intent: Intent, event: Event, time_ms: int, actor: t.Mapping[str, t.Any]) -> Entry:
    """Return the next entry of a chain.

    :param actor: Who caused the event, and where.
    """
    number = head.length + 1
    document = canonical(
        {
            "number": number,
            "time_ms": time_ms,
            **target._asdict(),
            "event": event.name,
            "reason": event.reason,
            "move": intent.goal.move,
            "intent": intent.intent_id,
            "amount": plain(intent.amount),
            "coin": intent.coin,
            "principal": plain(event.split.principal) if event.split else None,
            "interest": plain(event.split.interest) if event.split else None,
            "goal": intent.goal.as_document(),
            "reference": intent.reference,
            "repay_id": intent.repay_id,
            "sent_at_ms": intent.sent_at_ms,
            "actor": dict(actor),
            "previous": head.hash,
        }
    )
    return Entry(number, document, hash_of(document))


def canonical(document: t.Mapping[str, t.Any]) -> str:
    """Return a document as canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def first_misfit(entries: t.Iterable[Entry], head: Head) -> str:
    """Return which entry is the first that breaks the chain, and why; empty if the chain is intact.

    :param entries: All entries, ordered by number.
    :param head: The recorded end of the chain.
    """
    before = Head()
    for entry in entries:
        if entry.number != before.length + 1:
            return f"entry {before.length + 1} is missing: entry {entry.number} follows {before.length}"
        if hash_of(entry.document) != entry.hash:
            return f"entry {entry.number} was changed: its hash does not match its content"
        linked = json.loads(entry.document)
        if linked["previous"] != before.hash or linked["number"] != entry.number:
            return f"entry {entry.number} does not follow entry {before.length}: it is chained to another entry"
        before = Head(entry.number, entry.hash)
    if before.length < head.length:
        return f"entry {before.length + 1} is missing: the journal records {head.length} entries"
    if before.length > head.length:
        return f"entry {head.length + 1} is one too many: the journal records {head.length} entries"
    if before != head:
        return f"entry {head.length} is not the last entry that the journal records"
    return ""
