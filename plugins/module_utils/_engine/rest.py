# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay what is left of a debt after the repayment that a run was asked for: the interest that accrued meanwhile, and dust.

This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import multiply, plain
from .._api.errors import BybitError, Declined, Refused
from .._api.return_codes import TOO_FINE_CODES
from .._journal.intent import Intent
from .._loans.loan import Loan
from .._operations.decision import DECLINE, exceeds_cap, smallest_amount
from .._operations.repayment_plan import dust_of
from .._outcomes import EXECUTED, NOTHING_TO_DO, PLANNED, UNKNOWN
from . import messages
from .conclude import MAX_ACCRUED
from .context import RunContext
from .pay import pay, with_dust
from .preflight import run_preflight
from .report import Report
from .steps import Attempt, Preflight, RunEnded, error_of


def repay_rest(context: RunContext, report: Report, preflight: Preflight, named: Intent) -> Attempt:
    """Pay the interest that was added to the debt since the move under the reference of this run. A reference moves no more than that."""
    decision = preflight.decision
    most = multiply(named.baseline.level or Decimal(0), MAX_ACCRUED) if context.goal.max_debt is not None else Decimal(0)
    try:
        if decision.kind == DECLINE or decision.amount > most:
            raise RunEnded(Declined(decision.message if decision.kind == DECLINE else messages.ONLY_INTEREST), preflight)
        return Attempt(preflight, PLANNED, after=decision.after) if context.check_mode else silent(pay(context, preflight, most), report)
    except (BybitError, RunEnded) as failed:
        if error_of(failed).outcome == UNKNOWN:
            raise
        warning = messages.rest_left(named, str(error_of(failed)), context.label)
        nothing = _failed(failed, report, preflight)
        return nothing._replace(shortfall=warning, warnings=(*nothing.warnings, warning))


def repay_interest(context: RunContext, report: Report) -> Attempt | None:
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
        attempt = silent(pay(context, preflight, max_amount), report)._replace(is_for_interest=True)
        return attempt if attempt.made is not None else checked(context, attempt._replace(dust=report.dust))
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


def checked(context: RunContext, attempt: Attempt) -> Attempt:
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


def try_dust_first(context: RunContext, report: Report) -> Attempt | None:
    """Try to repay the dust if nothing else of the goal is missing."""
    last = report.attempts[-1] if report.attempts else None
    if last is None or not last.dust_to_try or context.check_mode:
        return None
    return _try_dust(context, last.preflight, report)


def repay_dust(context: RunContext, report: Report) -> Attempt | None:
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
        return silent(pay(context, with_dust(preflight), smallest_amount(means.accuracy), is_dust=True), report)
    except RunEnded as ended:
        failure = ended.error.failure
        if not isinstance(ended.error, Refused) or failure is None or failure.ret_code not in TOO_FINE_CODES:
            raise
        sentence = messages.dust_left(plain(dust), loan.coin, f"retCode {failure.ret_code}")
        left, known = dust_of(loan, context.goal, means.accuracy), ended.preflight or preflight
        return Attempt(known, NOTHING_TO_DO, after=loan, dust=left, sentences=(sentence,), warnings=ended.warnings)


def silent(attempt: Attempt, report: Report) -> Attempt:
    """Return an attempt without its sentences if it paid nothing, but an earlier one did."""
    return attempt._replace(sentences=()) if attempt.made is None and report.made else attempt
