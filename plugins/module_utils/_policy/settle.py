# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out, before a policy plans, what became of everything that earlier runs left unsettled on the account.

A plan on figures that lack an earlier payment would pay it again. So a policy plans nothing while the outcome of an operation is unknown, or while
it is still in process. Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._amounts import plain
from .._api.errors import BybitError, Declined, OutcomeUnknown
from .._engine import messages
from .._engine.context import RunContext
from .._engine.preflight import settle_shown
from .._engine.recover import recover
from .._engine.steps import RunEnded
from .._goal import RunOptions
from .._journal.intent import Intent
from .._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL, WALLETS, Target
from .._loans.history import SUCCESS
from .._loans.loan import FIXED, FLEXIBLE, LEGACY
from .._operations.targets import operation_on
from .._outcomes import EXECUTED, PENDING, UNKNOWN
from .._reconcile.evidence import margin_without_ledger_ms
from .._times import utc
from .._words import WORDS
from .contexts import Contexts

_MODULES = {
    LEGACY: "bybit_loan_repay", FLEXIBLE: "bybit_flexible_loan_repay", FIXED: "bybit_fixed_loan_repay", WALLETS: "bybit_funding_transfer",
    ORDER_COLLATERAL: "bybit_loan_collateral", ACCOUNT_COLLATERAL: "bybit_loan_collateral",
}


class Earlier(t.NamedTuple):
    """An operation that no run had reported, and what became of it."""

    target: Target
    intent: Intent
    outcome: str


class Settled(t.NamedTuple):
    """What became of the operations of earlier runs."""

    earlier: tuple[Earlier, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether an earlier run of a policy moved something without reporting it."""
        return any(found.intent.counted is not None and found.outcome in (EXECUTED, PENDING) for found in self.earlier)


class Unsettled(Exception):
    """A policy must not plan yet.

    :ivar settled: What is known of the others.
    """

    def __init__(self, ended: RunEnded, settled: Settled) -> None:
        super().__init__(str(ended))
        self.ended = ended
        self.settled = settled


def settle(contexts: Contexts, unsettled: t.Mapping[Target, t.Sequence[Intent]], options: RunOptions) -> Settled:
    """Find out all outcomes, then wait until the figures of the exchange include them.

    :raises Unsettled: If an outcome is unknown, if an operation is still in process, or if what is needed cannot be read.
    """
    settled, pause_ms = Settled(), 0
    # The latest first, because a payment that was executed explains an entry of the wallet's ledger, which would leave an earlier one in doubt.
    for target, intents in sorted(unsettled.items(), key=lambda item: -max(intent.sent_at_ms for intent in item[1])):
        goal = next((intent.goal for intent in intents if not intent.reported), intents[0].goal)
        context = contexts.context(operation_on(contexts.client, target.product, target.loan, goal), goal, options)
        try:
            context.journal.begin(check_mode=False, lock_timeout_ms=options.lock_timeout_ms)
            recovered = recover(context)
            earlier = [Earlier(target, intent, outcome) for intent, outcome in recovered.earlier]
            settled = Settled((*settled.earlier, *earlier), (*settled.warnings, *recovered.warnings))
            ended = _with_advice(recovered.ended, target) if recovered.ended is not None else _in_process(context, target)
            if ended is None:
                # What counts under rules and caps is read from the journal.
                context.journal.write_discarded()
        except BybitError as error:
            # What was found out so far is recorded as reported at the end of this run, so it must be in its result.
            raise Unsettled(RunEnded(error), settled) from error
        if ended is not None:
            # The result names what is in doubt, as those of the other modules do.
            doubtful = [Earlier(target, ended.intent, UNKNOWN)] if ended.is_open and ended.intent is not None else []
            raise Unsettled(ended, settled._replace(earlier=(*settled.earlier, *doubtful)))
        # It may have been processed only just now, however long ago it was sent.
        pause_ms = max(pause_ms, options.settle_margin_ms, *(_remaining_ms(context, intent) for intent in intents))
    if pause_ms > 0:
        contexts.client.clock.pause_ms("The exchange's figures may not include an operation of an earlier run yet", pause_ms)
    return settled


def _in_process(context: RunContext, target: Target) -> RunEnded | None:
    """Return why an operation that an earlier run reported as accepted is not final; none if all are."""
    unconfirmed = context.journal.unconfirmed()
    if not unconfirmed:
        return None
    subject = context.operation.find()
    entries = context.operation.history(min(intent.earliest_ms for intent in unconfirmed))
    if subject is not None:
        settle_shown(context, subject, entries)
    for intent in context.journal.unconfirmed():
        shown = next((entry for entry in entries if entry.repay_id == intent.repay_id), None)
        what = f"The {WORDS[intent.goal.move].noun} of {plain(intent.amount)} {intent.coin} that was sent at {utc(intent.sent_at_ms)}"
        if shown is not None and shown.status == SUCCESS:
            continue
        is_old = intent.window_end_ms < context.client.exchange_time_or_local_ms() - margin_without_ledger_ms(context.options.settle_margin_ms)
        if shown is None and is_old:
            error: BybitError = OutcomeUnknown(messages.accepted_but_missing(intent, context.label, context.operation.history_request))
            return _with_advice(RunEnded(error, intent=intent, is_open=True, sent_at_ms=intent.sent_at_ms), target)
        return RunEnded(Declined(f"{what} is still in process, so a policy could pay for the same thing again. Nothing was planned: run again later."))
    return None


def _with_advice(ended: RunEnded, target: Target) -> RunEnded:
    """Say which module has C(acknowledge), which a policy has not."""
    error = OutcomeUnknown(
        f"{ended.error} Nothing was planned. A policy has no acknowledge: set it in a task of {_MODULES[target.product]} for the same target.",
        ended.error.failure,
    )
    return RunEnded(error, None, ended.intent, ended.is_open, ended.sent_at_ms, ended.evidence, ended.warnings)


def _remaining_ms(context: RunContext, intent: Intent) -> int:
    """Return how long the figures may still lack an operation."""
    return intent.window_end_ms + context.options.settle_margin_ms - context.client.exchange_time_or_local_ms()
