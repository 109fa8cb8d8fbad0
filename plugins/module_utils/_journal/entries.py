# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit trail: one entry for each change of state, chained to the one before by its hash, one chain for each account.

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

# The states of what is moved; each is an entry.
INTENDED, SIGNED, ACCEPTED, EXECUTED, NOT_EXECUTED = "intended", "signed", "accepted", "executed", "not_executed"
UNKNOWN, ACKNOWLEDGED, RECOVERED = "unknown", "acknowledged", "recovered"
EVENTS = (INTENDED, SIGNED, ACCEPTED, EXECUTED, NOT_EXECUTED, UNKNOWN, ACKNOWLEDGED, RECOVERED)
# What the first entry of a chain is chained to.
START = "0" * 64


class Split(t.NamedTuple):
    """What a repayment has paid of the debt; penalty interest is interest."""

    principal: Decimal
    interest: Decimal


class Event(t.NamedTuple):
    """What has happened to what is moved.

    :ivar name: One of C(EVENTS).
    :ivar reason: Why, in words.
    :ivar split: What a repayment has paid of the debt, where the exchange shows it.
    """

    name: str
    reason: str
    split: Split | None = None


class Head(t.NamedTuple):
    """The end of a chain.

    :ivar length: How many entries it has.
    :ivar hash: That of its last entry.
    """

    length: int = 0
    hash: str = START


class Entry(t.NamedTuple):
    """One link of a chain.

    :ivar document: The entry as canonical JSON.
    :ivar hash: SHA-256 of the document in UTF-8, in hexadecimal digits.
    """

    number: int
    document: str
    hash: str


def entry_of(head: Head, target: Target, intent: Intent, event: Event, time_ms: int, actor: t.Mapping[str, t.Any]) -> Entry:
    """Return the next entry of a chain.

    :param actor: Who has caused it, and where.
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
    """Return the one text that a document has: JSON with sorted keys, without spaces, in ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def first_misfit(entries: t.Iterable[Entry], head: Head) -> str:
    """Say which entry of a chain is the first that does not fit, and why; empty if all of them fit.

    :param entries: All entries, by their number.
    :param head: The end of the chain as it is recorded.
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
