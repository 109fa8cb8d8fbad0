# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look up what a reference was used for before. It names a step, which is executed at most once for an account, forever.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

from .._api.errors import Declined, OutcomeUnknown
from .._journal.entries import EXECUTED as KNOWN_AS_EXECUTED
from .._journal.records import GIVEN_UP
from .._journal.store import Use
from .._outcomes import EXECUTED, NOT_EXECUTED, PENDING, UNKNOWN
from .._reconcile.evidence import margin_without_ledger_ms
from .._reconcile.judge import Reconciled
from .._reconcile.reconcile import Reconciler
from . import messages
from .conclude import in_doubt
from .context import RunContext
from .steps import RunEnded


def earlier_use(context: RunContext) -> Use | None:
    """Return what the reference of this run was used for before; none without a reference, or if it was not used yet.

    :raises RunEnded: If it was used for something else, or if its intent was acknowledged.
    """
    reference = context.options.reference
    use = None if reference is None else context.journal.use_of(reference)
    if use is None or reference is None:
        return None
    intent, operation = use.record.intent, context.operation
    if (use.target.product, use.target.loan, intent.goal) != (operation.product, operation.name, context.goal):
        raise RunEnded(Declined(messages.used_for_something_else(reference, use.target, intent)))
    if use.record.state == GIVEN_UP:
        raise RunEnded(Declined(messages.reference_given_up(reference, intent, context.label)))
    return use


def answer(context: RunContext, use: Use) -> Reconciled | None:
    """Return the move that a run already reported under the reference; none if it was not executed after all.

    :raises RunEnded: If its outcome is unknown.
    """
    intent = use.record.intent
    if use.record.outcome == KNOWN_AS_EXECUTED:
        return Reconciled(EXECUTED, intent)
    # It was accepted and is not final yet. Without C(wait), look once.
    deadline_ms = context.deadline_ms() if context.options.wait else context.client.clock.monotonic_ms()
    found = Reconciler(context.poller, context.journal, wait=True).reconcile(intent, deadline_ms)
    if found.outcome == UNKNOWN:
        raise in_doubt(context, found, OutcomeUnknown("an earlier run reported it as accepted"))
    if found.outcome == PENDING and _is_overdue(context, found):
        error = OutcomeUnknown(messages.accepted_but_missing(intent, context.label, context.operation.history_request))
        raise RunEnded(error, intent=intent, is_open=True, sent_at_ms=intent.sent_at_ms)
    return None if found.outcome == NOT_EXECUTED else found


def _is_overdue(context: RunContext, found: Reconciled) -> bool:
    """Return whether the history should show an accepted repayment by now. A failed repayment of a legacy loan never shows there."""
    intent, margin_ms = found.intent, margin_without_ledger_ms(context.options.settle_margin_ms)
    is_shown = any(entry.repay_id == intent.repay_id for entry in found.entries)
    return not is_shown and context.client.exchange_time_or_local_ms() > intent.window_end_ms + margin_ms
