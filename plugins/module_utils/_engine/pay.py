# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sign, record, send, and judge: the only place from which money moves.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid
from decimal import Decimal

from .._api.client import NOT_MADE, UNCLEAR, Accepted, Signed
from .._api.errors import BybitError, Declined, JournalUnusable, NotExecuted, NotSent, OutcomeUnknown, Refused
from .._api.return_codes import EARLIER_REQUEST, RET_CODE_OK
from .._goal import TO_FUND
from .._journal.intent import Intent, baseline_of
from .._loans.account import invalidate_balance, remember_payment
from .._loans.history import HistoryEntry
from .._loans.subject import Subject
from .._loans.wallet import Spending
from .._operations.decision import DECLINE, MOVE, capital
from .._outcomes import NOT_EXECUTED, NOTHING_TO_DO, UNKNOWN
from .._words import WORDS
from . import messages
from .conclude import in_doubt, made_of, nothing_to_do, remember_executed
from .context import RunContext
from .gate import redecide
from .preflight import run_preflight
from .steps import Attempt, Given, Preflight, RunEnded, Sent, error_of

_MORE_THAN_INTEREST = "The debt rose by more than interest can accrue, so something was probably borrowed."


def pay(context: RunContext, preflight: Preflight, max_amount: Decimal | None = None, is_dust: bool = False) -> Attempt:
    """Send one request that moves money, and find out its outcome; C(send) describes the parameters, and both what is raised."""
    reached = send(context, preflight, max_amount, is_dust)
    return confirm(context, reached) if isinstance(reached, Sent) else reached


def send(context: RunContext, preflight: Preflight, max_amount: Decimal | None = None, is_dust: bool = False) -> Sent | Attempt:
    """Send one request that moves money. After each rejection by the gate, decide again.

    :param preflight: What was decided.
    :param max_amount: The most that it may move, however often it is decided again; none for no limit.
    :param is_dust: Whether it pays C(dust_to_try), which needs more decimal places than the exchange lists.
    :return: The request, or an attempt that moved nothing.
    :raises RunEnded: If it was not executed, or if that is unknown because another run took over.
    """
    turned_away: Intent | None = None
    while preflight.subject is not None and preflight.decision.kind == MOVE:
        if max_amount is not None and preflight.decision.amount > max_amount:
            raise RunEnded(Declined(_MORE_THAN_INTEREST), preflight)
        intent = _intent(context, preflight, preflight.subject, turned_away)
        try:
            signed = context.client.sign(context.operation.request(preflight.subject, intent.amount, intent.intent_id))
            intent = _as_signed(context, intent, signed)
            check_listeners(context.has_listeners)
            context.journal.note(intent)
        except BybitError as error:
            invalidate_balance(context.client, intent.coin)
            raise _not_made(context, preflight, intent, error) from error
        try:
            answer = context.client.post(signed)
        except BaseException:
            # For example, the timeout of the task, in a process that goes on with the next item of a loop.
            invalidate_balance(context.client, intent.coin)
            raise
        if isinstance(answer, Accepted):
            return _accepted(context, preflight, intent, answer)
        invalidate_balance(context.client, intent.coin)
        if answer.kind == NOT_MADE:
            return _refused(context, preflight, intent, answer.error)
        if answer.kind == UNCLEAR:
            return _unclear(context, preflight, intent, answer.error)
        redecision = redecide(context, preflight, intent, answer.error)
        if redecision.preflight is None:
            overtaken = context.journal.overtaken()
            if overtaken is not None:
                # The other run probably paid what moved, and also finds out the outcome of this request.
                doubt = redecision.doubt or answer.error
                message = f"It is unknown whether {messages.the_move(intent, context.label)} was made: {doubt.cause}. {overtaken}"
                raise RunEnded(OutcomeUnknown(message, doubt.failure), preflight, intent, sent_at_ms=intent.sent_at_ms)
            # The movement may be this request, so reconcile it as after a lost answer.
            return Sent(preflight, intent, redecision.doubt)
        turned_away = intent
        if not _keeps_id(intent, redecision.preflight):
            context.journal.discard(intent, answer.error.cause)
        # The warnings of the first decision also apply to the new one.
        now = redecision.preflight._replace(warnings=(*preflight.warnings, *redecision.preflight.warnings, *redecision.warnings))
        preflight = with_dust(now) if is_dust else now
    if preflight.subject is None or preflight.decision.kind == DECLINE:
        raise RunEnded(Declined(preflight.decision.message), preflight)
    return nothing_to_do(context, preflight)


def with_dust(preflight: Preflight) -> Preflight:
    """Return the preflight with the decision to pay its dust, which the exchange may accept; unchanged without dust."""
    decision = preflight.decision
    if not decision.dust_to_try:
        return preflight
    return preflight._replace(decision=decision._replace(kind=MOVE, amount=decision.dust_to_try))


def _keeps_id(turned_away: Intent, now: Preflight) -> bool:
    """Return whether the same request is sent again. The exchange executes a request with its own ID at most once."""
    return turned_away.goal.has_own_id and now.decision.kind == MOVE and now.decision.amount == turned_away.amount


def _intent(context: RunContext, preflight: Preflight, subject: Subject, turned_away: Intent | None) -> Intent:
    """Return the intent of what is about to be sent, before it is signed.

    :param turned_away: What was sent before, if the gate rejected it.
    """
    keeps_id = turned_away is not None and _keeps_id(turned_away, preflight)
    client = context.client
    payments = client.state(Spending).paid
    baseline = baseline_of(subject, preflight.entries, client.exchange_time_or_local_ms(), preflight.wallet, preflight.pledged, payments)
    return Intent(
        intent_id=turned_away.intent_id if turned_away is not None and keeps_id else str(uuid.uuid4()),
        goal=context.goal,
        amount=preflight.decision.amount,
        coin=subject.coin,
        baseline=baseline._replace(unified=preflight.means.available) if context.goal.move == TO_FUND else baseline,
        sent_at_ms=0,
        recv_window_ms=client.recv_window_ms,
        is_whole=context.operation.terms.is_whole,
        reference=context.options.reference,
        counted=context.options.counted,
    )


def _as_signed(context: RunContext, intent: Intent, signed: Signed) -> Intent:
    clock = context.client.clock
    return dataclasses.replace(
        intent, sent_at_ms=signed.timestamp_ms, sent_monotonic_ms=clock.monotonic_ms(), boot_id=clock.boot_id()
    )


def check_listeners(has_listeners: t.Callable[[], bool]) -> None:
    """Refuse to send if nobody would see the result. Checked last, because the listeners may end while this run waits or reads.

    :raises NotSent: If nobody would.
    """
    if not has_listeners():
        raise NotSent("The process that started this run has ended, so the result could not be reported: nothing was sent.")


def _accepted(context: RunContext, preflight: Preflight, intent: Intent, answer: Accepted) -> Sent:
    """Return an accepted request."""
    if not context.operation.terms.from_collateral:
        remember_payment(context.client, intent.coin, intent.amount, intent.goal.is_incoming)
    given_id = answer.given_id if not intent.goal.has_own_id else intent.intent_id
    if given_id is None:
        return _accepted_without_id(context, preflight, dataclasses.replace(intent, accepted_at_ms=answer.time_ms), None)
    if not intent.goal.has_own_id and is_known_id(given_id, preflight.entries, context.journal.repay_ids()):
        # An ID that is already known proves nothing: the answer may belong to an earlier request, and so may its time.
        lost = OutcomeUnknown(messages.known_id(intent, given_id))
        return _accepted_without_id(context, preflight, dataclasses.replace(intent, accepted_at_ms=intent.window_end_ms), lost)
    return Sent(preflight, dataclasses.replace(intent, repay_id=given_id))


def is_known_id(given_id: str, entries: t.Sequence[HistoryEntry], noted_ids: frozenset[str]) -> bool:
    """Return whether an ID belongs to an earlier move."""
    return given_id in noted_ids or any(entry.repay_id == given_id for entry in entries)


def _unclear(context: RunContext, preflight: Preflight, intent: Intent, lost: BybitError) -> Sent:
    """Return a request without a clear answer."""
    failure = lost.failure
    if failure is not None and (failure.ret_code == RET_CODE_OK or (intent.goal.has_own_id and failure.outcome == EARLIER_REQUEST)):
        # It was accepted in an undocumented form, or the exchange already has a request with its ID.
        return _accepted_without_id(context, preflight, dataclasses.replace(intent, accepted_at_ms=intent.window_end_ms), lost)
    return Sent(preflight, intent, lost)


def _accepted_without_id(context: RunContext, preflight: Preflight, intent: Intent, lost: BybitError | None) -> Sent:
    """Record that a request was accepted, which later runs take into account."""
    try:
        context.journal.note(intent)
    except JournalUnusable as error:
        warning = f"The exchange accepted the {WORDS[intent.goal.move].noun}, but this could not be recorded: {error}"
        return Sent(preflight, intent, lost, (warning,))
    return Sent(preflight, intent, lost)


def confirm(context: RunContext, sent: Sent, given: Given | None = None) -> Attempt:
    """Return an attempt whose request is known to be executed or accepted.

    :param given: What a reading for several runs showed after the request had left; none to read alone.
    :raises RunEnded: If it was not executed, or if that is unknown.
    """
    preflight, intent, lost, warnings = sent
    found = context.reconciler.reconcile(intent, context.deadline_ms(), given.entries if given is not None else None)
    if found.outcome == UNKNOWN:
        cause = lost or OutcomeUnknown("the exchange accepted it without an ID")
        raise in_doubt(context, found, cause, preflight, warnings)
    if found.outcome == NOT_EXECUTED:
        error = NotExecuted(messages.not_executed(found, context.label, lost), lost.failure if lost else None)
        sent_at_ms = found.intent.sent_at_ms
        raise RunEnded(error, preflight, found.intent, sent_at_ms=sent_at_ms, evidence=found.evidence, warnings=warnings)
    remember_executed(context, found)
    made = made_of(context, found)
    # The history may show the amount less a fee, which was paid as well.
    made = made._replace(moved_at_most=max(intent.amount, found.intent.amount), warnings=(*warnings, *made.warnings))
    sentences: tuple[str, ...] = ()
    if preflight.progress is not None:
        sentences += (messages.counted(preflight.progress, context.goal, intent.coin),)
    if preflight.decision.shortfall:
        sentences += (f"The goal is not reached: {preflight.decision.shortfall}.",)
    return Attempt(preflight, made.found.outcome, made, sentences=sentences)


def _refused(context: RunContext, preflight: Preflight, intent: Intent, error: BybitError) -> Attempt:
    """End a refused request: without a failure if somebody else closed the loan in the meantime."""
    failure, warnings = error.failure, preflight.warnings
    if not isinstance(error, Refused) or failure is None or failure.ret_code not in context.operation.gone_codes:
        raise _not_made(context, preflight, intent, error)
    try:
        now = run_preflight(context, preflight.means.moved_so_far, preflight.freshness)
    except (BybitError, RunEnded) as failed:
        warning = f"Whether the loan was closed in the meantime could not be checked: {error_of(failed)}"
        raise _not_made(context, preflight, intent, error, (warning,)) from failed
    if now.decision.kind != NOTHING_TO_DO:
        raise _not_made(context, preflight, intent, error)
    context.journal.discard(intent, error.cause)
    return nothing_to_do(context, now, warnings)


def _not_made(
    context: RunContext, preflight: Preflight, intent: Intent, error: BybitError, warnings: tuple[str, ...] = ()
) -> RunEnded:
    """Return the end of a run whose request was certainly not executed."""
    context.journal.discard(intent, error.cause)
    reported = type(error)(f"{capital(messages.the_move(intent, context.label))} was not made: {error}", error.failure)
    without_id = dataclasses.replace(intent, repay_id=None)
    return RunEnded(reported, preflight, without_id, sent_at_ms=context.client.posted_at_ms, warnings=warnings)
