# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was moved since a moment, by whichever run, for the caps and the installments of a policy.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._goal import ADD, REPAY
from .._times import DAY_MS
from . import schema
from .database import Database
from .entries import INTENDED
from .intent import Intent
from .records import VOID, record_of
from .target import Target

_MAX_NUMBER = 2**62
# How many intents to read at once.
_SOME = 200
# Two controllers record at the same time what the exchange got in another order.
_REACH_BACK_MS = DAY_MS


class Moved(t.NamedTuple):
    """A move that was made, or that may have been made.

    :ivar state: The state of its intent, never C(void).
    """

    target: Target
    intent: Intent
    state: str


def read_moved(database: Database, realm: str, account: str, since_ms: int) -> list[Moved]:
    """Return what an account repaid, sold, or added as collateral, in the order in which it was sent.

    :param database: The open database.
    :param since_ms: The first moment (UTC, ms) by the exchange's clock.
    :raises DatabaseFailed: If the journal cannot be read.
    """
    if not schema.version_of(database):
        return []
    recent = [
        moved for moved in _latest_first(database, realm, account, since_ms - _REACH_BACK_MS)
        if moved.state != VOID and moved.intent.goal.move in (REPAY, ADD) and moved.intent.sent_at_ms >= since_ms
    ]
    return sorted(reversed(recent), key=lambda moved: moved.intent.sent_at_ms)


def _latest_first(database: Database, realm: str, account: str, until_ms: int) -> t.Iterator[Moved]:
    """Yield the intents of an account, the latest first, until all of some were sent before a moment (UTC, ms).

    By their numbers, because the entries have the time of the machine that wrote them, which may be far from the exchange's.
    """
    sql = (
        "SELECT latest.number, intents.product, intents.loan, intents.document, intents.state, intents.outcome FROM "
        "(SELECT number, intent_id FROM bybit_entries WHERE realm = ? AND account = ? AND event = ? AND number < ? ORDER BY number DESC LIMIT ?) AS latest "
        "JOIN bybit_intents AS intents ON intents.intent_id = latest.intent_id ORDER BY latest.number DESC"
    )
    before = _MAX_NUMBER
    while True:
        rows = database.query(sql, realm, account, INTENDED, before, _SOME)
        found = [Moved(Target(realm, account, product, loan), record_of(*rest).intent, rest[1]) for dummy, product, loan, *rest in rows]
        yield from found
        if len(rows) < _SOME or all(moved.intent.sent_at_ms < until_ms for moved in found):
            return
        before = rows[-1][0]
