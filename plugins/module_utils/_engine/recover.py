# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out the outcomes of what earlier runs sent and did not report, before anything is sent now.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

from .._api.errors import BybitError, OutcomeUnknown
from .._journal.intent import Intent
from .._outcomes import EXECUTED, PENDING, UNKNOWN
from .._times import HOUR_MS
from .._words import WORDS
from . import messages
from .conclude import in_doubt, made_of, remember_executed
from .context import RunContext
from .preflight import missing_from_history
from .reference import answer, earlier_use
from .steps import Recovered, RunEnded


def recover(context: RunContext) -> Recovered:
    """Find out the outcomes of the intents that earlier runs for the same target left open."""
    named, recovered = context.options.acknowledge, Recovered()
    try:
        use = earlier_use(context)
        if use is not None and use.record.intent.reported and named is None:
            # The outcomes of other intents do not matter for the answer.
            found = answer(context, use)
            if found is not None:
                return recovered._replace(answered=found)
    except RunEnded as ended:
        return recovered._replace(ended=ended)
    if named is not None and named not in {intent.intent_id for intent in context.journal.noted()}:
        recovered = _left(recovered, messages.not_noted(named, WORDS[context.goal.move]))
    for intent in context.journal.open_intents():
        recovered = _reconciled(context, recovered, intent)
        if recovered.ended:
            return recovered
    if not recovered.made and not recovered.left_to_user:
        try:
            recovered = _acknowledged(context, recovered)
        except BybitError as error:
            return recovered._replace(ended=RunEnded(error))
    if named is not None and not recovered.left_to_user and (not recovered.made or context.goal.is_of_level):
        recovered = _left(recovered, messages.not_in_doubt(named, WORDS[context.goal.move]))
    return recovered


def _reconciled(context: RunContext, before: Recovered, intent: Intent) -> Recovered:
    """Reconcile one more intent."""
    found = context.reconciler.reconcile(intent, context.deadline_ms())
    is_named = context.options.acknowledge == intent.intent_id
    if found.outcome == UNKNOWN and not is_named:
        lost = OutcomeUnknown("an earlier run began it and ended before it could report the outcome")
        return before._replace(ended=in_doubt(context, found, lost))
    after = _reported(context, before, found.intent, found.outcome)
    if found.outcome == UNKNOWN:
        context.journal.discard(intent, found.finding.reason if found.finding else "", is_acknowledged=True)
        return after._replace(left_to_user=messages.acknowledged(intent, context.label))
    remember_executed(context, found)
    if found.outcome == EXECUTED:
        late = after.freshness.invalidated(context.client.clock.monotonic_ms(), context.options.settle_margin_ms)
        after = after._replace(freshness=late)
    if not (is_same_step(intent, context) or _is_rest(intent, context, before)) or found.outcome not in (EXECUTED, PENDING):
        return after
    if intent.reported_at_ms is not None:
        # That nobody saw the report is only inferred. A reference names its step forever.
        is_answer = context.options.reference is not None or is_recent(intent.reported_at_ms, context.client.exchange_time_or_local_ms())
        say = messages.may_have_been_reported if is_answer else messages.too_old_to_answer
        after = after._replace(warnings=(*after.warnings, say(intent, context.label)))
        if not is_answer:
            return after
    return after._replace(made=(*after.made, made_of(context, found, is_earlier=True)))


def is_same_step(intent: Intent, context: RunContext) -> bool:
    """Return whether an earlier run was asked for the same step."""
    return intent.goal == context.goal and intent.reference == context.options.reference


def _is_rest(intent: Intent, context: RunContext, before: Recovered) -> bool:
    """Return whether an earlier run made it under the reference of this one, after the move that carries the reference."""
    named = [made.found.intent for made in before.made if made.found.intent.reference is not None]
    return bool(named) and intent.reference is None and intent.goal == context.goal


def is_recent(reported_at_ms: int, now_ms: int) -> bool:
    """Return whether a move that was possibly reported still counts as an equal step."""
    return now_ms - reported_at_ms <= messages.ANSWERS_FOR_HOURS * HOUR_MS


def _acknowledged(context: RunContext, before: Recovered) -> Recovered:
    """Discard the accepted move that C(acknowledge) names, unless the exchange shows it by now."""
    for intent in context.journal.unconfirmed():
        if intent.intent_id != context.options.acknowledge:
            continue
        context.poller.follow(intent, intent.repay_id or "", context.deadline_ms(), until_final=False)
        # This read raises an error, so an exchange that cannot be read is no reason to discard.
        if intent in missing_from_history(context, context.operation.history(intent.earliest_ms)):
            context.journal.discard(intent, "the history does not show it", is_acknowledged=True)
            after = _reported(context, before, intent, UNKNOWN) if intent.reported else before
            return after._replace(left_to_user=messages.acknowledged(intent, context.label))
    return before


def _left(before: Recovered, sentence: str) -> Recovered:
    """Send nothing, with a warning, because an acknowledge that stays in a playbook would keep it from ever paying."""
    return before._replace(left_to_user=sentence, warnings=(*before.warnings, sentence))


def _reported(context: RunContext, before: Recovered, intent: Intent, outcome: str) -> Recovered:
    warning = messages.earlier(intent, outcome, context.label)
    return before._replace(earlier=(*before.earlier, (intent, outcome)), warnings=(*before.warnings, warning))
