# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a decision: a move that was made, nothing to do, or an unknown outcome.

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
from .._loans.loan import LIQUIDATED, Loan
from .._loans.subject import Subject, main_level
from .._loans.wallet import Payment, Spending
from .._operations.repayment_plan import dust_of
from .._outcomes import EXECUTED, NOTHING_TO_DO
from .._reconcile.evidence import level_changes, seen_in_level
from .._reconcile.judge import Reconciled
from .._words import WORDS
from . import messages
from .context import RunContext
from .freshness import is_confirmed_alone
from .steps import Attempt, Given, Made, Preflight, RunEnded

# A few hours of interest are far below this fraction of the debt, even at three times the rate. Any more was newly borrowed.
MAX_ACCRUED = Decimal("0.001")


def made_of(context: RunContext, found: Reconciled, is_earlier: bool = False) -> Made:
    """Return a move that was made, before the subject is read again.

    :param is_earlier: Whether an earlier run sent it.
    """
    sentence = messages.made(found, context.label, is_earlier)
    return Made(found, is_earlier, found.intent.amount, None, (sentence,), (found.warning,) if found.warning else ())


def remember_executed(context: RunContext, found: Reconciled) -> None:
    """Remember what was certainly paid, because it explains an entry of the wallet's ledger when the outcome of another payment is doubted."""
    intent = found.intent
    if found.outcome == EXECUTED and not intent.goal.collateral:
        payment = Payment(intent.coin, intent.amount, intent.sent_at_ms, intent.window_end_ms, intent.goal.is_incoming)
        context.client.state(Spending).executed.append(payment)


def read_again(context: RunContext, made: Made, given: Given | None = None) -> Made:
    """Return a move with the subject as it is afterwards.

    :param given: What a reading for several runs showed of it; none to read alone.
    """
    found, intent = made.found, made.found.intent
    words = WORDS[intent.goal.move]
    accepted = f"The {words.noun} was accepted, but"
    try:
        must_change = must_await_change(context.goal, found.outcome, made.is_earlier)
        subject = context.poller.await_change(intent, context.deadline_ms() if must_change else 0, given.subject if given is not None else None)
        made = made._replace(after=subject)
        if subject is not None and context.goal.is_of_ltv:
            subject = context.operation.find(is_of_ltv=True)
    except BybitError as error:
        return _warned(made, f"{accepted} the {words.target} could not be read afterwards: {error}")
    made = made._replace(after=subject)
    if subject is not None and seen_in_level([intent], found.entries, subject):
        context.journal.mark_shown(intent)
    # An entry that was found without its ID may be another client's while ours is not shown yet, so it does not confirm the move.
    is_sure = found.outcome == EXECUTED and (found.finding is None or intent.goal.has_own_id)
    if subject is not None and is_sure and is_confirmed_alone(intent, context.journal.unconfirmed(), found.entries, subject):
        context.journal.mark_confirmed(intent, split_of(intent, found.entries, subject) if isinstance(subject, Loan) else None)
    if subject is None:
        return _warned(made, f"{accepted} the exchange no longer lists the loan.")
    changes = level_changes(intent, subject.levels)
    if not changes:
        return made
    if changes[0] <= 0:
        how = "risen" if intent.goal.raises_level else "fallen"
        return _warned(made, f"{accepted} the {words.level} has not {how} yet: it may still be in process.")
    before, now = intent.baseline.level or Decimal(0), main_level(subject.levels) or Decimal(0)
    return made._replace(sentences=(*made.sentences, f"{words.level.capitalize()} before: {plain(before)}, now: {plain(now)}."))


def split_of(intent: Intent, entries: t.Sequence[HistoryEntry], loan: Loan) -> Split | None:
    """Return the principal and the interest that a confirmed repayment paid; none if the figures before and after do not show that.

    :param entries: The history, read before the loan.
    """
    before = dict(intent.baseline.levels)
    if not loan.is_open or "principal" not in before or any(r.repay_id != intent.repay_id and r.latest_ms > intent.earliest_ms for r in entries):
        return None
    principal = difference(before["principal"], loan.principal)
    interest = difference(intent.amount, principal)
    owed = difference(before["debt"], before["principal"])
    # More interest than that means that something was borrowed, too.
    is_plausible = principal >= 0 and 0 <= interest <= total(owed, multiply(before["debt"], MAX_ACCRUED))
    return Split(principal, interest) if is_plausible else None


def must_await_change(goal: Goal, outcome: str, is_earlier: bool) -> bool:
    """Return whether to wait until the figures include the move; otherwise the next run could act on stale figures and move it again."""
    return goal.is_of_level and outcome == EXECUTED and not is_earlier


def nothing_to_do(context: RunContext, preflight: Preflight, warnings: tuple[str, ...] = ()) -> Attempt:
    """Return an attempt that moves nothing."""
    decision, subject = preflight.decision, preflight.subject
    if not decision.reaches_goal:
        warnings += (decision.message,)
    if isinstance(decision.after, Loan) and decision.after.status == LIQUIDATED:
        warnings += (f"{decision.message} The exchange sold its collateral.",)
    dust = dust_left(context.goal, subject, preflight)
    return Attempt(preflight, NOTHING_TO_DO, None, decision.after, dust, (decision.message,), warnings)


def dust_left(goal: Goal, subject: Subject | None, preflight: Preflight) -> Decimal:
    """Return the remainder of a debt that is less than the smallest amount that the exchange lists."""
    return dust_of(subject, goal, preflight.means.accuracy) if isinstance(subject, Loan) else Decimal(0)


def in_doubt(
    context: RunContext, found: Reconciled, lost: BybitError, preflight: Preflight | None = None, warnings: tuple[str, ...] = ()
) -> RunEnded:
    """Return the end of a run whose request has an unknown outcome.

    :param lost: Why the answer does not tell the outcome.
    """
    error = OutcomeUnknown(messages.unknown(found, str(lost), context.label, context.operation.history_request), lost.failure)
    return RunEnded(error, preflight, found.intent, True, found.intent.sent_at_ms, found.evidence, warnings)


def _warned(made: Made, warning: str) -> Made:
    return made._replace(warnings=(*made.warnings, warning))
