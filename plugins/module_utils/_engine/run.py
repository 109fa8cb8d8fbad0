# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of one operation: recover what earlier runs left open, then reach the goal, or plan it in check mode.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import traceback
import typing as t
from decimal import Decimal

from .._amounts import difference, total
from .._api.errors import BybitError, Declined, Defect, NotExecuted, OutcomeUnknown
from .._goal import Goal
from .._journal.intent import Intent
from .._loans.account import invalidate_balance
from .._loans.subject import Subject, main_level
from .._operations.decision import DECLINE
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PLANNED, UNKNOWN
from . import messages
from .conclude import dust_left, nothing_to_do, read_again
from .context import Expected, RunContext
from .pay import confirm, send
from .preflight import run_preflight
from .recover import recover
from .report import Report
from .rest import checked, repay_dust, repay_interest, repay_rest, silent, try_dust_first
from .steps import Attempt, Given, Made, Preflight, RunEnded, Sent


# What a reading for several runs shows of a target; none to read alone.
Reading = t.Callable[[], t.Optional[Given]]


class Begun(t.NamedTuple):
    """A run whose request has left, or that needed none.

    :ivar reached: The request, or what was done without one; none if earlier runs have done it.
    :ivar is_over: Whether nothing is left to do but to report.
    """

    context: RunContext
    report: Report
    reached: Sent | Attempt | None = None
    is_over: bool = False

    @property
    def sent(self) -> Sent | None:
        """The request whose outcome is still to be found out; none if there is none."""
        return self.reached if isinstance(self.reached, Sent) else None

    @property
    def is_accepted(self) -> bool:
        """Whether the exchange has accepted the request, and has given it an ID."""
        return self.sent is not None and self.sent.lost is None and self.sent.intent.repay_id is not None


def run(context: RunContext, warnings: tuple[str, ...] = ()) -> Report:
    """Reach the goal of a run, and return the report, which carries the error if the goal was not reached.

    :param warnings: Warnings from before the run.
    """
    return end(begin(context, warnings))


def begin(context: RunContext, warnings: tuple[str, ...] = (), read: Reading = lambda: None) -> Begun:
    """Do everything up to the moment when the request has left. Nothing is raised: an error is in the report.

    :param read: Returns what a reading for several runs shows.
    """
    report = Report(context.operation.ids, context.label, context.goal, warnings)
    try:
        was_held = context.journal.is_held
        context.journal.begin(context.check_mode, context.options.lock_timeout_ms)
        recovered = recover(context)
        if recovered.ended:
            # The unknown outcome is reported alone; the next run reports the others.
            return Begun(context, report.with_recovered(recovered._replace(made=())).with_end(recovered.ended), is_over=True)
        report = report.with_recovered(recovered)
        if recovered.answered is not None:
            return Begun(context, report, is_over=True)
        # Read the levels only now: they prove a move only after the outcomes of all others are known.
        report = report.with_recovered(recovered._replace(made=tuple(read_again(context, made) for made in recovered.made)))
        if recovered.left_to_user:
            # Send nothing more: what the exchange shows now may not include the acknowledged move yet.
            return Begun(context, report, is_over=True)
        context, report, short = _fund(context, report)
        if report.ended is not None:
            return Begun(context, report, is_over=True)
        if short is not None and report.funding is not None:
            _await_funding(context, short, report.funding)
        # A common reading may lack what was just recovered, and what another run did before it released the target.
        given = read() if was_held and not recovered.earlier else None
        return Begun(context, report, _reach(_after_moves(context, report), report, given))
    except Exception as error:
        return Begun(context, _ended(context, report, error), is_over=True)


def noted(begun: Begun) -> Begun:
    """Record the ID of an accepted request that others follow at once, because this run may be killed before it finds out the outcome."""
    sent = begun.sent
    warning = begun.context.reconciler.write_down(sent.intent) if sent is not None else ""
    return begun._replace(reached=sent._replace(warnings=(*sent.warnings, warning))) if sent is not None and warning else begun


def end(begun: Begun, read: Reading = lambda: None) -> Report:
    """Find out the outcome of what was sent, and do the rest of a run. Nothing is raised.

    :param read: Returns what a reading for several runs shows after the request has left.
    """
    context, report, reached, is_over = begun
    if is_over:
        return report
    try:
        given = read()
        first = silent(confirm(context, reached, given), report) if isinstance(reached, Sent) else reached
        # An amount or an LTV needs nothing more. The others are for max_debt: they try once to repay the dust, which may be too small for the
        # exchange, and repay the interest that accrued during the first repayment.
        for repay in (lambda *dummy: first, try_dust_first, repay_interest, repay_dust):
            attempt = repay(_after_moves(context, report), report)
            if attempt is None:
                continue
            # First what is known already, because the reading may fail.
            report = report.with_attempt(attempt)
            if attempt.made is not None:
                report = report.with_last_attempt(_read_after(context, attempt, attempt.made, given if attempt is first else None))
    except Exception as error:
        return _ended(context, report, error)
    return report


def _ended(context: RunContext, report: Report, error: Exception) -> Report:
    """Return the report of a run that an error ended."""
    if isinstance(error, RunEnded):
        return report.with_end(error)
    if isinstance(error, BybitError):
        return report.with_end(RunEnded(error))
    # A defect of this collection must not look like an ordinary failure when money may have moved.
    defect = Defect(type(error).__name__, _outcome_after_defect(context, report))
    return report.with_end(RunEnded(defect), traceback.format_exc())


def _after_moves(context: RunContext, report: Report) -> RunContext:
    """Return the context for what follows the moves of a report: a reference, and what a policy counts, belong to the first move only."""
    if not report.made:
        return context
    return dataclasses.replace(context, options=context.options._replace(reference=None, counted=None))


def _fund(context: RunContext, report: Report) -> tuple[RunContext, Report, Preflight | None]:
    """First transfer what the Funding wallet lacks, in a separate run.

    :return: The context to continue with, the report so far, and the reading in which the wallet was short; none if it was not.
    """
    if context.funding is None or not _is_to_reach(context, report) or _named(report) is not None:
        return context, report, None
    preflight = run_preflight(context, before=report.freshness)
    decision, subject, available = preflight.decision, preflight.subject, preflight.means.available
    if subject is None or available is None or not decision.shortage:
        return context, report, None
    transfer = context.funding(subject.coin, total(available, decision.shortage))
    funded = run(transfer)
    report = report.with_funding(funded)
    if funded.ended is not None:
        error, say = funded.ended.error, messages.transfer_in_doubt if funded.ended.error.outcome == UNKNOWN else messages.not_topped_up
        kind = OutcomeUnknown if error.outcome == UNKNOWN else NotExecuted
        return context, report.with_end(RunEnded(kind(say(error, subject.coin), error.failure), preflight, evidence=funded.ended.evidence)), preflight
    foreseen = sum((attempt.preflight.decision.amount for attempt in funded.attempts if attempt.outcome == PLANNED), Decimal(0))
    return dataclasses.replace(context, foreseen=foreseen), report, preflight


def _await_funding(context: RunContext, short: Preflight, funded: Report) -> None:
    """Wait until the wallet shows what was transferred. The report already includes the transfer, so an error here does not lose it.

    :param short: The reading in which the wallet was short.
    :raises RunEnded: If the wallet does not show it in time, or cannot be read.
    """
    coin = short.subject.coin if short.subject is not None else ""
    invalidate_balance(context.client, coin)
    at_least = total(short.means.available or Decimal(0), funded.moved_so_far)
    try:
        has_arrived = context.poller.await_balance(coin, at_least, context.deadline_ms())
    except BybitError as error:
        raise RunEnded(error, short) from error
    if not has_arrived:
        raise RunEnded(Declined(messages.not_here_yet(funded.outcome, coin)), short)


def _is_to_reach(context: RunContext, report: Report) -> bool:
    """Return whether something of the goal may be missing after the moves of earlier runs."""
    return not report.made or (context.goal.is_of_level and report.outcome == EXECUTED)


def _outcome_after_defect(context: RunContext, report: Report) -> str:
    reported = {made.found.intent.intent_id for made in report.made}
    reported |= {intent.intent_id for intent, dummy in report.recovered.earlier}
    if context.journal.is_in_doubt or not context.journal.resolved_ids() <= reported:
        return UNKNOWN
    return report.outcome if report.made and report.outcome else NOT_EXECUTED


def _read_after(context: RunContext, attempt: Attempt, made: Made, given: Given | None) -> Attempt:
    """Return an attempt that moved money, with the subject as it is afterwards."""
    made = read_again(context, made, given)
    dust = dust_left(context.goal, made.after, attempt.preflight)
    attempt = attempt._replace(made=made, after=made.after, dust=dust)
    return checked(context, attempt) if attempt.is_for_interest else attempt


def _reach(context: RunContext, report: Report, given: Given | None) -> Sent | Attempt | None:
    """Send the request that moves what is missing of the goal; none if earlier runs have done that.

    :raises RunEnded: If that is declined or fails.
    """
    if not _is_to_reach(context, report):
        return None
    if not context.check_mode and given is None:
        context.client.pace_before_reads(context.operation.path)
    preflight, named = run_preflight(context, before=report.freshness, given=given), _named(report)
    if named is not None and preflight.decision.kind != NOTHING_TO_DO:
        return repay_rest(context, report, preflight, named)
    if preflight.subject is None or preflight.decision.kind == DECLINE:
        raise RunEnded(Declined(preflight.decision.message), preflight)
    if context.operation.terms.is_sweep and context.options.at_most is not None:
        preflight = preflight._replace(warnings=(*preflight.warnings, messages.cap_of_sweep(context.label)))
    if preflight.decision.kind == NOTHING_TO_DO:
        return silent(nothing_to_do(context, preflight), report)._replace(dust_to_try=preflight.decision.dust_to_try)
    if has_left_plan(context.expected, preflight.subject, context.goal):
        raise RunEnded(Declined(messages.left_plan(context.label, context.goal)), preflight)
    if context.check_mode:
        return Attempt(preflight, PLANNED, after=preflight.decision.after)
    reached = send(context, preflight)
    return silent(reached, report) if isinstance(reached, Attempt) else reached


def has_left_plan(expected: Expected | None, subject: Subject | None, goal: Goal) -> bool:
    """Return whether somebody else has moved the level since the plan, in the direction of the move. Interest moves it the other way."""
    level = None if subject is None else main_level(subject.levels)
    if expected is None or level is None:
        return False
    moved = difference(level, expected.level) if goal.raises_level else difference(expected.level, level)
    return moved > expected.slack


def _named(report: Report) -> Intent | None:
    """Return the intent that an earlier run sent under the reference of this one and could not report; none if there is none."""
    return next((made.found.intent for made in report.recovered.made if made.found.intent.reference is not None), None)
