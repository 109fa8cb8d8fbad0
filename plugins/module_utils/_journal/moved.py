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
from .intent import Intent
from .records import ACCOUNT, VOID, record_of
from .target import Target

# Entries have the time of the machine that wrote them, which may be behind the exchange's.
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
    sql = (
        "SELECT product, loan, document, state, outcome FROM bybit_intents JOIN "
        f"(SELECT intent_id, MIN(number) AS first FROM bybit_entries WHERE {ACCOUNT} AND time_ms >= ? GROUP BY intent_id) AS recent "
        f"ON recent.intent_id = bybit_intents.intent_id WHERE {ACCOUNT} AND state <> ? ORDER BY first"
    )
    rows = database.query(sql, realm, account, since_ms - _REACH_BACK_MS, realm, account, VOID)
    found = [Moved(Target(realm, account, product, loan), record_of(*rest).intent, rest[1]) for product, loan, *rest in rows]
    recent = [moved for moved in found if moved.intent.goal.move in (REPAY, ADD) and moved.intent.sent_at_ms >= since_ms]
    return sorted(recent, key=lambda moved: moved.intent.sent_at_ms)
