# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier runs have carried out of a saved plan, by the references in the journal: each operation is executed once, forever.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._journal.records import DONE, MADE
from .._journal.store import Use
from .._outcomes import EXECUTED, PENDING
from .._times import utc
from .apply import Result
from .document import Document
from .settle import Settled


def done_of(saved: Document | None, settled: Settled, use_of: t.Callable[[str], Use | None]) -> dict[int, Result]:
    """Return the operations that were executed, by number; empty without a saved plan.

    :param settled: What was found out about operations that no run had reported.
    :param use_of: Returns what a reference was used for.
    """
    found: dict[int, Result] = {}
    if saved is None:
        return found
    outcomes = {earlier.intent.intent_id: (earlier.outcome, earlier.intent) for earlier in settled.earlier}
    for number, played in enumerate(saved.operations, 1):
        use = use_of(saved.reference(number))
        if use is None:
            continue
        intent = use.record.intent
        if intent.intent_id in outcomes:
            outcome, intent = outcomes[intent.intent_id]
        elif use.record.state in (DONE, MADE):
            outcome = EXECUTED if use.record.outcome == EXECUTED else PENDING
        else:
            # Acknowledged: the engine refuses the reference.
            continue
        if outcome in (EXECUTED, PENDING):
            found[number] = Result(number, played, outcome, None, intent, f"An earlier run made it at {utc(intent.sent_at_ms)}.")
    return found


def applied_before(saved: Document, done: t.Mapping[int, Result], settled: Settled) -> bool:
    """Return whether all operations of a plan were executed and reported."""
    unreported = {earlier.intent.intent_id for earlier in settled.earlier}
    return bool(saved.operations) and len(done) == len(saved.operations) and not any(
        result.intent is not None and result.intent.intent_id in unreported for result in done.values()
    )
