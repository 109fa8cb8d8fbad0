# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of one operation: recover what earlier runs left open, then reach the goal, or plan it in check mode.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import traceback
from decimal import Decimal

from .._amounts import difference, multiply, plain, total
from .._api.errors import BybitError, Declined, Defect, NotExecuted, OutcomeUnknown, Refused
from .._api.return_codes import TOO_FINE_CODES
from .._goal import Goal
from .._journal.intent import Intent
from .._loans.account import invalidate_balance
from .._loans.loan import Loan
from .._loans.subject import Subject, main_level
from .._operations.decision import DECLINE, exceeds_cap, smallest_amount
from .._operations.repayment_plan import dust_of
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PLANNED, UNKNOWN
from . import messages
from .conclude import MAX_ACCRUED, dust_left, nothing_to_do, read_again
from .context import Expected, RunContext
from .pay import pay, with_dust
from .preflight import run_preflight
from .recover import recover
from .report import Report
from .steps import Attempt, Made, Preflight, RunEnded, error_of


def run(context: RunContext, warnings: tuple[str, ...] = ()) -> Report:
    """Reach the goal of a run, and return the report, which carries the error if the goal was not reached.

    :param warnings: Warnings from before the run.
    """
    report = Report(context.operation.ids, context.label, context.goal, warnings)
    try:
        context.journal.begin(context.check_mode, context.options.lock_timeout_ms)
        recovered = recover(context)
        if recovered.ended:
            # The unknown outcome is reported alone; the next run reports the others.
            return report.with_recovered(recovered._replace(made=())).with_end(recovered.ended)
        report = report.with_recovered(recovered)
        if recovered.answered is not None:
            return report
        # Read the levels only now: they prove a move only after the outcomes of all others are known.
        report = report.with_recovered(recovered._replace(made=tuple(read_again(context, made) for made in recovered.made)))
        if recovered.left_to_user:
            # Send nothing more: what the exchange shows now may not include the acknowledged move yet.
            return report
        context, report, short = _fund(context, report)
        if report.ended is not None:
            return report
        if short is not None and report.funding is not None:
            _await_funding(context, short, report.funding)
        # An amount or an LTV needs only the first step. The others are for max_debt: they try once to repay the dust, which may be too
        # small for the exchange, and repay the interest that accrued during the first repayment.
        for repay in (_reach, _try_dust_first, _repay_interest, _repay_dust):
            attempt = repay(_after_moves(context, report), report)
            if attempt is None:
                continue
            report = report.with_attempt(attempt)
            if attempt.made is not None:
                report = report.with_last_attempt(_read_after(context, attempt, attempt.made))
    except RunEnded as ended:
        return report.with_end(ended)
    except BybitError as error:
        return report.with_end(RunEnded(error))
    except Exception as error:
        # A defect of this collection must not look like an ordinary failure when money may have moved.
        defect = Defect(type(error).__name__, _outcome_after_defect(context, report))
        return report.with_end(RunEnded(defect), traceback.format_exc())
    return report


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


def _read_after(context: RunContext, attempt: Attempt, made: Made) -> Attempt:
    """Return an attempt that moved money, with the subject as it is afterwards."""
    made = read_again(context, made)
    dust = dust_left(context.goal, made.after, attempt.preflight)
    attempt = attempt._replace(made=made, after=made.after, dust=dust)
    return _checked(context, attempt) if attempt.is_for_interest else attempt


def _reach(context: RunContext, report: Report) -> Attempt | None:
    """Move what is missing of the goal.

    :raises RunEnded: If that is declined or fails.
    """
    if not _is_to_reach(context, report):
        return None
    if not context.check_mode:
        context.client.pace_before_reads(context.operation.path)
    preflight, named = run_preflight(context, before=report.freshness), _named(report)
    if named is not None and preflight.decision.kind != NOTHING_TO_DO:
        return _repay_rest(context, report, preflight, named)
    if preflight.subject is None or preflight.decision.kind == DECLINE:
        raise RunEnded(Declined(preflight.decision.message), preflight)
    if context.operation.terms.is_sweep and context.options.at_most is not None:
        preflight = preflight._replace(warnings=(*preflight.warnings, messages.cap_of_sweep(context.label)))
    if preflight.decision.kind == NOTHING_TO_DO:
        return _silent(nothing_to_do(context, preflight), report)._replace(dust_to_try=preflight.decision.dust_to_try)
    if has_left_plan(context.expected, preflight.subject, context.goal):
        raise RunEnded(Declined(messages.left_plan(context.label, context.goal)), preflight)
    if context.check_mode:
        return Attempt(preflight, PLANNED, after=preflight.decision.after)
    return _silent(pay(context, preflight), report)


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


def _repay_rest(context: RunContext, report: Report, preflight: Preflight, named: Intent) -> Attempt:
    """Pay the interest that was added to the debt since the move under the reference of this run. A reference moves no more than that."""
    decision = preflight.decision
    most = multiply(named.baseline.level or Decimal(0), MAX_ACCRUED) if context.goal.max_debt is not None else Decimal(0)
    try:
        if decision.kind == DECLINE or decision.amount > most:
            raise RunEnded(Declined(decision.message if decision.kind == DECLINE else messages.ONLY_INTEREST), preflight)
        return Attempt(preflight, PLANNED, after=decision.after) if context.check_mode else _silent(pay(context, preflight, most), report)
    except (BybitError, RunEnded) as failed:
        if error_of(failed).outcome == UNKNOWN:
            raise
        warning = messages.rest_left(named, str(error_of(failed)), context.label)
        nothing = _failed(failed, report, preflight)
        return nothing._replace(shortfall=warning, warnings=(*nothing.warnings, warning))


def _repay_interest(context: RunContext, report: Report) -> Attempt | None:
    """Pay, once, the interest that was added to the debt during the first repayment."""
    after, max_debt, decision = report.after, context.goal.max_debt, report.decision
    if context.check_mode or report.outcome != EXECUTED or max_debt is None or after is None:
        return None
    if not isinstance(after, Loan) or after.debt <= max_debt or report.dust or (decision is not None and decision.shortfall):
        return None
    max_amount = (report.made[-1].found.intent.baseline.level or Decimal(0)) * MAX_ACCRUED
    preflight: Preflight | None = None
    try:
        preflight = run_preflight(context, report.moved_so_far, report.freshness)
        attempt = _silent(pay(context, preflight, max_amount), report)._replace(is_for_interest=True)
        return attempt if attempt.made is not None else _checked(context, attempt._replace(dust=report.dust))
    except (BybitError, RunEnded) as failed:
        if error_of(failed).outcome == UNKNOWN:
            raise
        nothing = _failed(failed, report, preflight or report.attempts[-1].preflight)
        return _short(nothing, str(error_of(failed)), after)


def _failed(failed: BybitError | RunEnded, report: Report, preflight: Preflight) -> Attempt:
    """Return a later attempt that paid nothing, which does not make the earlier ones a failure."""
    nothing = Attempt(preflight, NOTHING_TO_DO, after=report.after, dust=report.dust)
    if not isinstance(failed, RunEnded):
        return nothing
    return nothing._replace(preflight=failed.preflight or preflight, warnings=failed.warnings, evidence=failed.evidence)


def _checked(context: RunContext, attempt: Attempt) -> Attempt:
    """Return an attempt for interest, with a shortfall if the goal is not reached after it."""
    left, max_debt = attempt.after or attempt.preflight.subject, context.goal.max_debt
    if not isinstance(left, Loan) or max_debt is None or left.debt <= max_debt or dust_of(left, context.goal, attempt.preflight.means.accuracy):
        return attempt
    return _short(attempt, "Interest accrued again, or the exchange does not show this repayment yet.", left)


def _short(attempt: Attempt, why: str, left: Loan) -> Attempt:
    """Return a second attempt that did not reach the goal, with a warning."""
    warning = (
        f"After this repayment, {plain(left.debt)} {left.coin} is still owed, more than max_debt. {why} Run again to repay it."
    )
    return attempt._replace(shortfall=why, warnings=(*attempt.warnings, warning))


def _try_dust_first(context: RunContext, report: Report) -> Attempt | None:
    """Try to repay the dust if nothing else of the goal is missing."""
    last = report.attempts[-1] if report.attempts else None
    if last is None or not last.dust_to_try or context.check_mode:
        return None
    return _try_dust(context, last.preflight, report)


def _repay_dust(context: RunContext, report: Report) -> Attempt | None:
    """Try to repay the dust that the repayments of this run left, unless this run already tried."""
    is_tried = any(attempt.dust_to_try for attempt in report.attempts)
    if context.check_mode or is_tried or report.outcome != EXECUTED or not report.dust:
        return None
    last = report.attempts[-1].preflight
    try:
        preflight = run_preflight(context, report.moved_so_far, report.freshness)
        attempt = _try_dust(context, preflight, report) if preflight.decision.dust_to_try else None
        return attempt or Attempt(preflight, NOTHING_TO_DO, after=preflight.subject or report.after, dust=report.dust)
    except (BybitError, RunEnded) as failed:
        if error_of(failed).outcome == UNKNOWN:
            raise
        nothing = _failed(failed, report, last)
        return nothing._replace(warnings=(*nothing.warnings, f"The remainder was not repaid: {error_of(failed)}"))


def _try_dust(context: RunContext, preflight: Preflight, report: Report) -> Attempt | None:
    """Pay the dust, which needs more decimal places than the exchange lists, if the exchange accepts it."""
    dust, means, loan = preflight.decision.dust_to_try, preflight.means, preflight.subject
    if not isinstance(loan, Loan) or exceeds_cap(dust, means) or (means.available is not None and dust > means.available):
        return None
    try:
        # Even after a new decision, pay only the dust: what was borrowed in the meantime is for another run.
        return _silent(pay(context, with_dust(preflight), smallest_amount(means.accuracy), is_dust=True), report)
    except RunEnded as ended:
        failure = ended.error.failure
        if not isinstance(ended.error, Refused) or failure is None or failure.ret_code not in TOO_FINE_CODES:
            raise
        sentence = messages.dust_left(plain(dust), loan.coin, f"retCode {failure.ret_code}")
        left, known = dust_of(loan, context.goal, means.accuracy), ended.preflight or preflight
        return Attempt(known, NOTHING_TO_DO, after=loan, dust=left, sentences=(sentence,), warnings=ended.warnings)


def _silent(attempt: Attempt, report: Report) -> Attempt:
    """Return an attempt without its sentences if it paid nothing, but an earlier one did."""
    return attempt._replace(sentences=()) if attempt.made is None and report.made else attempt
