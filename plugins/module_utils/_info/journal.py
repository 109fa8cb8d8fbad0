# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Query the journal: the audit trail, and the open intents.

It reads the database of the journal, and cannot send requests. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.errors import AuditTrailBroken, BadInput
from .._journal.database import Database, DatabaseFailed
from .._journal.failures import unusable
from .._journal.trail import Chain, Filter, read_trail
from .._redaction import quotable
from .export import FORMATS


class JournalQuery(t.NamedTuple):
    """The query of a task.

    :ivar is_verified: Whether to verify the chains of hashes, too.
    :ivar format: The format of the text to return, a key of C(FORMATS); none for no text.
    """

    filter: Filter
    is_verified: bool = False
    format: str | None = None


def list_journal(database: Database, query: JournalQuery) -> dict[str, t.Any]:
    """Return the result of the module.

    :raises JournalUnusable: If the journal cannot be read.
    :raises AuditTrailBroken: If the hashes of a chain do not match.
    :raises BadInput: If there is no chain to verify.
    """
    try:
        trail = read_trail(database, query.filter, query.is_verified)
    except DatabaseFailed as error:
        raise unusable(error, database, is_writing=True) from None
    verified = f" {_verified(trail.chains, database, query.filter)}" if query.is_verified else ""
    values = {
        "msg": f"The journal has {len(trail.entries)} entries that match, and {len(trail.unreported)} open intents.{verified}",
        "entries": trail.entries,
        "open_intents": [_open_intent(intent) for intent in trail.unreported],
        "chains": [_chain(chain) for chain in trail.chains],
    }
    return values if query.format is None else {**values, "text": FORMATS[query.format](trail.entries)}


def _verified(chains: t.Sequence[Chain], database: Database, wanted: Filter) -> str:
    """Return the result of the verification of all chains, as a sentence."""
    if not chains:
        # A verification that checked nothing must not pass.
        given = {name: value for name, value in (("realm", wanted.realm), ("account", wanted.account)) if value is not None}
        if not given:
            raise BadInput(f"verify found no audit trail in the journal {database.label}: it contains no entries. Check journal.")
        what = " and ".join(f"{name} '{quotable(value, 80)}'" for name, value in given.items())
        remedy = f"correct {' and '.join(given)}, or omit {'it' if len(given) == 1 else 'them'}."
        raise BadInput(f"verify found no audit trail of {what} in the journal {database.label}: {remedy}")
    for chain in chains:
        if chain.misfit:
            raise AuditTrailBroken(
                f"Verification of the journal {database.label} failed. In the audit trail of account {chain.account} on {chain.realm}: "
                f"{chain.misfit}. Something other than this collection changed the journal, or a part of it is missing. Compare it with a backup or "
                f"an export."
            )
    if len(chains) == 1:
        return "Verified 1 audit trail: its chain of hashes is intact."
    return f"Verified {len(chains)} audit trails: their chains of hashes are intact."


def _open_intent(intent: dict[str, t.Any]) -> dict[str, t.Any]:
    names = ("intent", "realm", "account", "product", "loan", "amount", "coin", "outcome", "reference", "repay_id", "sent_at_ms")
    return {**{name: intent[name] for name in names}, "move": intent["goal"]["move"]}


def _chain(chain: Chain) -> dict[str, t.Any]:
    return {"realm": chain.realm, "account": chain.account, "entries": chain.head.length, "hash": chain.head.hash}
