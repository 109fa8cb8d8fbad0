# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of one operation: recover what earlier runs have left open, then reach the goal, or foresee it in check mode.

This module util is private to the collection.
"""

from __future__ import annotations

import traceback
from decimal import Decimal

from .._amounts import plain, total
from .._api.errors import BybitError, Declined, Defect, Refused
from .._api.return_codes import TOO_FINE_CODES
from .._loans.loan import Loan
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PLANNED, UNKNOWN
from . import messages
from .conclude import nothing_to_do, read_again
from .pay import pay, with_dust
from .plan import DECLINE, dust_of, smallest_amount
from .preflight import preflight
from .recover import recover
from .report import Report
from .steps import Ended, Made, Preflight, Round, error_of
from .context import RunContext

# Interest of some hours is far below this part of the debt, even at three times the rate; more than it was borrowed anew.
_MOST_ACCRUED = Decimal("0.001")


def run(context: RunContext, warnings: tuple[str, ...] = ()) -> Report:
    """Reach the goal of a run, and return what came of it; the report carries the error when it was not reached.

    :param warnings: What is known to be wrong already.
    """
    report = Report(context.operation.ids, context.label, context.goal, warnings)
    try:
        context.journal.begin(context.check_mode, context.options.lock_timeout_ms)
        recovered = recover(context)
        if recovered.ended:
            # What is not known of one comes before what is known of others, which the next run reports.
            return report.with_recovered(recovered._replace(made=())).with_end(recovered.ended)
        report = report.with_recovered(recovered)
        # Only now, because a debt shows one repayment surely only when all others are known.
        report = report.with_recovered(recovered._replace(made=tuple(read_again(context, made) for made in recovered.made)))
        if recovered.left_to_user:
            # Whatever is missing of the goal, the repayment in doubt may not be in any debt yet.
            return report
        # The first step is for every goal, and all that an amount or max_ltv takes. The others are for max_debt: dust that may be too
        # small for the exchange is tried once, before or after the second repayment, which is for interest that accrued during the first.
        for repay in (_reach, _try_dust_first, _repay_interest, _repay_dust):
            done = repay(context, report)
            if done is None:
                continue
            report = report.with_round(done)
            if done.made is not None:
                report = report.with_last(_read_after(context, done, done.made))
    except Ended as ended:
        return report.with_end(ended)
    except BybitError as error:
        return report.with_end(Ended(error))
    except Exception as error:
        # A defect of this collection must not look like an ordinary failure when money may have moved.
        defect = Defect(type(error).__name__, _outcome_after_defect(context, report))
        return report.with_end(Ended(defect), traceback.format_exc())
    return report


def _outcome_after_defect(context: RunContext, report: Report) -> str:
    reported = {made.found.intent.intent_id for made in report.made} | {intent.intent_id for intent, dummy in report.recovered.earlier}
    if context.journal.is_in_doubt or not context.journal.concluded_ids() <= reported:
        return UNKNOWN
    return report.outcome if report.made and report.outcome else NOT_EXECUTED


def _read_after(context: RunContext, done: Round, made: Made) -> Round:
    """Return a round that has paid, with the loan as it is afterwards."""
    made = read_again(context, made)
    dust = Decimal(0) if made.after is None else dust_of(made.after, context.goal, done.ready.means.accuracy)
    done = done._replace(made=made, after=made.after, dust=dust)
    return _checked(context, done) if done.is_for_interest else done


def _reach(context: RunContext, report: Report) -> Round | None:
    """Pay what is missing of the goal, or all of what an earlier run has left of it."""
    if report.made and not (context.goal.is_of_debt and report.outcome == EXECUTED):
        return None
    if not context.check_mode:
        context.client.draw_near(context.operation.path)
    ready = preflight(context, before=report.freshness)
    if ready.loan is None or ready.decision.kind == DECLINE:
        raise Ended(Declined(ready.decision.message), ready)
    if context.operation.terms.is_sweep and context.options.at_most is not None:
        ready = ready._replace(warnings=(*ready.warnings, messages.cap_of_sweep(context.label)))
    if ready.decision.kind == NOTHING_TO_DO:
        return _silent(nothing_to_do(context, ready), report)._replace(dust_to_try=ready.decision.dust_to_try)
    if context.check_mode:
        return Round(ready, PLANNED, after=ready.decision.after)
    return _silent(pay(context, ready), report)


def _repay_interest(context: RunContext, report: Report) -> Round | None:
    """Pay the interest that came to the debt while the first repayment was made, once."""
    after, max_debt, decision = report.after, context.goal.max_debt, report.decision
    if context.check_mode or report.outcome != EXECUTED or max_debt is None or after is None:
        return None
    if after.debt <= max_debt or report.dust or (decision is not None and decision.shortfall):
        return None
    most = report.made[-1].found.intent.baseline.debt * _MOST_ACCRUED
    ready: Preflight | None = None
    try:
        ready = preflight(context, report.paid_so_far, report.freshness)
        done = _silent(pay(context, ready, most), report)._replace(is_for_interest=True)
        return done if done.made is not None else _checked(context, done._replace(dust=report.dust))
    except (BybitError, Ended) as failed:
        if error_of(failed).outcome == UNKNOWN:
            raise
        nothing = _failed(failed, report, ready or report.rounds[-1].ready)
        return _short(nothing, str(error_of(failed)), after)


def _failed(failed: BybitError | Ended, report: Report, ready: Preflight) -> Round:
    """Return a later round that has come to nothing, which takes nothing from what the earlier ones have reached."""
    nothing = Round(ready, NOTHING_TO_DO, after=report.after, dust=report.dust)
    if not isinstance(failed, Ended):
        return nothing
    return nothing._replace(ready=failed.ready or ready, warnings=failed.warnings, evidence=failed.evidence)


def _checked(context: RunContext, done: Round) -> Round:
    """Return a round for interest, with what is missing of the goal after it."""
    left, max_debt = done.after or done.ready.loan, context.goal.max_debt
    if left is None or max_debt is None or left.debt <= max_debt or dust_of(left, context.goal, done.ready.means.accuracy):
        return done
    return _short(done, "Interest accrued again, or the exchange shows the debt late.", left)


def _short(done: Round, why: str, left: Loan) -> Round:
    """Return a second round after which the goal is not reached."""
    warning = (
        f"After this repayment, {plain(left.debt)} {left.coin} are owed, more than max_debt, and this was not repaid: "
        f"{why} Run again to repay it."
    )
    return done._replace(shortfall=why, warnings=(*done.warnings, warning))


def _try_dust_first(context: RunContext, report: Report) -> Round | None:
    """Try to repay the dust where nothing else is missing of the goal."""
    last = report.rounds[-1] if report.rounds else None
    return _try_dust(context, last.ready, report) if last is not None and last.dust_to_try and not context.check_mode else None


def _repay_dust(context: RunContext, report: Report) -> Round | None:
    """Try to repay the dust that the repayments of this run have left, unless that was tried before."""
    is_tried = any(done.dust_to_try for done in report.rounds)
    if context.check_mode or is_tried or report.outcome != EXECUTED or not report.dust:
        return None
    last = report.rounds[-1].ready
    try:
        ready = preflight(context, report.paid_so_far, report.freshness)
        done = _try_dust(context, ready, report) if ready.loan is not None and ready.decision.dust_to_try else None
        return done or Round(ready, NOTHING_TO_DO, after=ready.loan or report.after, dust=report.dust)
    except (BybitError, Ended) as failed:
        if error_of(failed).outcome == UNKNOWN:
            raise
        nothing = _failed(failed, report, last)
        return nothing._replace(warnings=(*nothing.warnings, f"The remainder was not repaid: {error_of(failed)}"))


def _try_dust(context: RunContext, ready: Preflight, report: Report) -> Round | None:
    """Pay the dust, which needs more decimal places than the exchange lists, if it accepts them."""
    dust, means, loan = ready.decision.dust_to_try, ready.means, ready.loan
    is_too_much = means.at_most is not None and total(means.paid_so_far, dust) > means.at_most
    if loan is None or is_too_much or (means.wallet is not None and dust > means.wallet):
        return None
    try:
        # If it is decided again, it still pays the dust only: what was borrowed meanwhile is for another run.
        return _silent(pay(context, with_dust(ready), smallest_amount(means.accuracy), is_dust=True), report)
    except Ended as ended:
        failure = ended.error.failure
        if not isinstance(ended.error, Refused) or failure is None or failure.ret_code not in TOO_FINE_CODES:
            raise
        story = messages.dust_left(plain(dust), loan.coin, f"retCode {failure.ret_code}")
        left = dust_of(loan, context.goal, means.accuracy)
        return Round(ended.ready or ready, NOTHING_TO_DO, after=loan, dust=left, stories=(story,), warnings=ended.warnings)


def _silent(done: Round, report: Report) -> Round:
    """Return a round that came to nothing without saying so, after one that has paid."""
    return done._replace(stories=()) if done.made is None and report.made else done
