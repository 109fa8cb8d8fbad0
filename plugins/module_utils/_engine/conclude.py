# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a decision came to: a repayment that was made, with the loan as it is now, or nothing, or a doubt.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, total
from .._api.errors import BybitError, OutcomeUnknown
from .._goal import Goal
from .._journal.entries import Split
from .._journal.intent import Intent
from .._loans.history import HistoryEntry
from .._loans.loan import LIQUIDATED, OPEN, Loan
from .._outcomes import EXECUTED, NOTHING_TO_DO
from .._reconcile.judge import Reconciled
from . import messages
from .context import RunContext
from .freshness import is_confirmed_alone
from .plan import dust_of
from .preflight import with_position
from .steps import Attempt, Made, Preflight, RunEnded

# Interest of some hours is far below this part of the debt, even at three times the rate; any more was newly borrowed.
MAX_ACCRUED = Decimal("0.001")


def made_of(context: RunContext, found: Reconciled, is_earlier: bool = False) -> Made:
    """Return a repayment that was made; the loan has not been read again yet.

    :param is_earlier: Whether an earlier run has sent it.
    """
    sentence = messages.made(found, context.label, is_earlier)
    return Made(found, is_earlier, found.intent.amount, None, (sentence,), (found.warning,) if found.warning else ())


def read_again(context: RunContext, made: Made) -> Made:
    """Return a repayment with the loan as it is afterwards."""
    found, intent = made.found, made.found.intent
    try:
        must_fall = must_await_fall(context.goal, found.outcome, made.is_earlier)
        loan = context.poller.await_fall(intent, context.deadline_ms() if must_fall else 0)
        made = made._replace(after=loan)
        loan = with_position(context, loan)
    except BybitError as error:
        return _warned(made, f"The repayment was accepted, but the loan could not be read afterwards: {error}")
    made = made._replace(after=loan)
    # An entry found without its ID may be somebody else's while ours is not shown yet, so a goal of the debt has to wait for it.
    is_sure = found.outcome == EXECUTED and found.finding is None
    if loan is not None and is_sure and is_confirmed_alone(intent, context.journal.unconfirmed(), found.entries, loan):
        context.journal.mark_confirmed(intent, split_of(intent, found.entries, loan))
    if loan is None:
        return _warned(made, "The repayment was accepted, but the exchange no longer lists the loan.")
    if loan.debt >= intent.baseline.debt:
        return _warned(made, "The repayment was accepted, but the debt has not fallen yet: it may still be in process.")
    return made._replace(sentences=(*made.sentences, f"Debt before: {plain(intent.baseline.debt)}, now: {plain(loan.debt)}."))


def split_of(intent: Intent, entries: t.Sequence[HistoryEntry], loan: Loan) -> Split | None:
    """Return what a confirmed repayment has paid of the debt; none if that cannot be told from what the loan shows before and after.

    :param entries: The history, read before the loan.
    """
    if loan.status != OPEN or any(r.repay_id != intent.repay_id and r.latest_ms > intent.earliest_ms for r in entries):
        return None
    principal = difference(intent.baseline.principal, loan.principal)
    interest = difference(intent.amount, principal)
    owed = difference(intent.baseline.debt, intent.baseline.principal)
    # If more than that is missing, something was borrowed as well.
    is_plausible = principal >= 0 and 0 <= interest <= total(owed, multiply(intent.baseline.debt, MAX_ACCRUED))
    return Split(principal, interest) if is_plausible else None


def must_await_fall(goal: Goal, outcome: str, is_earlier: bool) -> bool:
    """Return whether to wait until the debt has fallen; otherwise the next run could pay by the old debt once more."""
    return goal.is_of_debt and outcome == EXECUTED and not is_earlier


def nothing_to_do(context: RunContext, preflight: Preflight, warnings: tuple[str, ...] = ()) -> Attempt:
    """Return that nothing is to be paid."""
    decision, loan = preflight.decision, preflight.loan
    if not decision.reaches_goal:
        warnings += (decision.message,)
    if decision.after is not None and decision.after.status == LIQUIDATED:
        warnings += (f"{decision.message} The exchange has sold its collateral.",)
    dust = Decimal(0) if loan is None else dust_of(loan, context.goal, preflight.means.accuracy)
    return Attempt(preflight, NOTHING_TO_DO, None, decision.after, dust, (decision.message,), warnings)


def in_doubt(
    context: RunContext, found: Reconciled, lost: BybitError, preflight: Preflight | None = None, warnings: tuple[str, ...] = ()
) -> RunEnded:
    """Return the end of a run that does not know what became of a repayment.

    :param lost: Why it is not known from the answer.
    """
    error = OutcomeUnknown(messages.unknown(found, str(lost), context.label, context.operation.history_request), lost.failure)
    return RunEnded(error, preflight, found.intent, True, found.intent.sent_at_ms, found.evidence, warnings)


def _warned(made: Made, warning: str) -> Made:
    return made._replace(warnings=(*made.warnings, warning))
