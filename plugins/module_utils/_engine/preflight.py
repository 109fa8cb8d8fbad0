# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what the plan needs, and wait until it can be believed, before anything is paid. Only reads are sent from here.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._api.api_key import read_key
from .._api.errors import Declined, OutcomeUnknown, ReadFailed, Refused
from .._api.return_codes import PERMISSION_MISSING
from .._journal.intent import Intent
from .._loans.account import funding_balance, read_position
from .._loans.history import HistoryEntry
from .._loans.loan import OPEN, Loan
from .._outcomes import NOTHING_TO_DO
from .._times import HOUR_MS, utc
from . import messages
from .context import RunContext
from .freshness import DebtSnapshot, Freshness, check_freshness, newly_confirmed, newly_failed
from .plan import PAY, Means, decide
from .progress import Progress, check_since, progress_of
from .steps import Preflight, RunEnded

_CONTACT = "Run again; if this persists, contact the exchange."


class History(t.NamedTuple):
    """The history of a loan.

    :ivar progress: How far a goal with C(since) has come.
    :ivar has_settled: Whether it has just confirmed an accepted repayment, so that the debt may be late.
    """

    entries: list[HistoryEntry]
    progress: Progress | None = None
    has_settled: bool = False


def run_preflight(context: RunContext, paid_so_far: Decimal = Decimal(0), before: Freshness = Freshness()) -> Preflight:
    """Decide on what to pay, by what the exchange shows.

    A goal of the debt is decided on a debt that has every known repayment in it, because what is missing would be paid twice.

    :param paid_so_far: What this run has paid already.
    :param before: What the reading before this one has left.
    :raises BybitError: When what is needed cannot be read, or not be believed in time; C(RunEnded) likewise.
    """
    clock, margin_ms, deadline_ms = context.client.clock, context.options.settle_margin_ms, context.deadline_ms()
    while True:
        begun_ms = clock.monotonic_ms()
        preflight = _read(context, paid_so_far, before)
        # If even a debt that may be too high needs no repayment, there is nothing to wait for.
        is_nothing = preflight.decision.kind == NOTHING_TO_DO and not preflight.decision.dust_to_try
        if not context.goal.is_of_debt or is_nothing:
            return preflight
        entries = preflight.entries if context.goal.max_ltv is None else context.operation.ltv_history()
        read_at_ms = context.client.exchange_time_at_least_ms(begun_ms) or context.client.signing_time_ms()
        snapshot = DebtSnapshot(entries, bool(context.journal.unconfirmed()), begun_ms, clock.monotonic_ms(), read_at_ms)
        pause_ms, before = check_freshness(snapshot, preflight.freshness, margin_ms)
        preflight = preflight._replace(freshness=before)
        if pause_ms is None:
            return preflight
        if pause_ms and clock.monotonic_ms() + pause_ms > deadline_ms:
            raise Declined(
                f"A repayment on {context.label} was made a moment ago or is still in process, so the debt that the exchange "
                f"shows may be too high: raise wait_timeout, or run again later."
            )
        if pause_ms:
            clock.report_wait(f"The debt of {context.label} may not include a recent repayment yet", pause_ms)
            clock.sleep_ms(pause_ms)


def with_position(context: RunContext, loan: Loan | None) -> Loan | None:
    """Return the loan with the position of the account, where the goal is an LTV of the account."""
    if loan is None or context.goal.max_ltv is None or not context.operation.terms.shares_collateral:
        return loan
    return dataclasses.replace(loan, position=read_position(context.client))


def missing_from_history(context: RunContext, entries: t.Sequence[HistoryEntry]) -> list[Intent]:
    """Return the accepted repayments that the history does not show yet."""
    shown = {entry.repay_id for entry in entries}
    return [intent for intent in context.journal.unconfirmed() if intent.repay_id not in shown]


def _read(context: RunContext, paid_so_far: Decimal, before: Freshness) -> Preflight:
    operation, options = context.operation, context.options
    loan = with_position(context, operation.find())
    is_open = loan is not None and loan.status == OPEN
    accuracy, warning = _accuracy(context, loan.coin) if loan and is_open else (None, "")
    means = Means(
        accuracy=accuracy,
        at_most=options.at_most,
        allow_partial=options.allow_partial,
        paid_so_far=paid_so_far,
        lack=read_key(context.client).lack,
    )
    history = _read_history(context, loan) if loan is not None else History([])
    if history.has_settled:
        before = before.invalidated(context.client.clock.monotonic_ms(), options.settle_margin_ms)
    decision = decide(operation.terms, loan, context.goal, means, history.progress)
    warnings = (warning,) if warning else ()
    preflight = Preflight(loan, history.entries, means, decision, (), history.progress, before, warnings)
    if loan is not None and not loan.debt and loan.loan_id is None and decision.kind == NOTHING_TO_DO:
        _check_nothing_owed(context, loan)
    if loan is None or not (decision.kind == PAY or decision.dust_to_try):
        return preflight
    if operation.terms.from_collateral:
        return preflight._replace(pledged=read_position(context.client).pledged(context.goal.collateral))
    # Where the wallet decides how much is paid, it is read again.
    is_exact = context.goal.is_of_debt or options.allow_partial
    wallet, warning = _wallet(context, loan.coin, None if is_exact else decision.amount)
    means = means._replace(wallet=wallet)
    decision = decide(operation.terms, loan, context.goal, means, history.progress)
    return preflight._replace(means=means, decision=decision, warnings=(*warnings, warning) if warning else warnings)


def _read_history(context: RunContext, loan: Loan) -> History:
    """Read the history, wait until it shows what was accepted, and add it up for a goal with C(since).

    :param loan: As it was read before.
    """
    goal, client, has_settled = context.goal, context.client, False
    entries = context.operation.history()
    _check_history(context, loan, entries)
    unconfirmed = sorted(context.journal.unconfirmed(), key=lambda intent: intent.sent_at_ms)
    now_ms, margin_ms = client.exchange_time_or_local_ms(), context.options.settle_margin_ms
    for intent in newly_confirmed(unconfirmed, entries, loan, now_ms, margin_ms):
        context.journal.mark_confirmed(intent)
        has_settled = True
    for intent in newly_failed(unconfirmed, entries, now_ms, margin_ms):
        context.journal.discard(intent, "the history shows that it has failed")
        has_settled = True
    missing = missing_from_history(context, entries)
    if goal.since_ms is not None:
        check_since(goal.since_ms, client.exchange_time_or_local_ms())
    if missing and (goal.since_ms is not None or goal.is_of_debt):
        _wait_for(context, missing)
        entries = context.operation.history()
        missing = missing_from_history(context, entries)
    progress = None
    if goal.since_ms is not None and goal.amount is not None:
        progress = progress_of(goal.amount, goal.since_ms, entries, missing)
    return History(entries, progress, has_settled)


def _check_history(context: RunContext, loan: Loan, entries: t.Sequence[HistoryEntry]) -> None:
    """Refuse a history that cannot be the one of the loan.

    :raises ReadFailed: Then.
    """
    latest_ms = context.client.exchange_time_or_local_ms() + HOUR_MS
    for entry in entries:
        if entry.time_ms > latest_ms:
            raise ReadFailed(f"The exchange's history contains repayment {entry.repay_id}, dated in the future ({utc(entry.time_ms)}). {_CONTACT}")
        if entry.coin and entry.coin != loan.coin:
            history = f"The exchange's history of {context.label}"
            raise ReadFailed(f"{history} contains repayment {entry.repay_id} in {entry.coin} instead of {loan.coin}. {_CONTACT}")


def _wait_for(context: RunContext, missing: list[Intent]) -> None:
    """Wait until the exchange shows what it has accepted; a sum without it would pay once more."""
    deadline_ms = context.deadline_ms()
    for intent in missing:
        shown = context.poller.follow(intent.repay_id or "", deadline_ms, until_final=False)
        latest_ms = intent.window_end_ms + context.options.settle_margin_ms
        if shown.entry is None and context.client.exchange_time_or_local_ms() > latest_ms:
            error = OutcomeUnknown(messages.accepted_but_missing(intent, context.label, context.operation.history_request))
            raise RunEnded(error, intent=intent, is_open=True, sent_at_ms=intent.sent_at_ms)


def _check_nothing_owed(context: RunContext, loan: Loan) -> None:
    """Refuse to call a coin's debt repaid that only a list does not show, while the position of the account does."""
    if read_position(context.client).shows(loan.product, loan.coin):
        raise ReadFailed(
            f"The exchange lists no debt of {context.label}, but the account's position shows one. Run again; if this "
            f"persists, check the loan on the exchange's site."
        )


def _accuracy(context: RunContext, coin: str) -> tuple[int | None, str]:
    """Return the decimal places of a coin, and a warning when they could not be read."""
    try:
        return context.operation.accuracy(coin), ""
    except (ReadFailed, Refused) as error:
        return None, f"The decimal places of the amount could not be checked beforehand: {error}"


def _wallet(context: RunContext, coin: str, needed: Decimal | None) -> tuple[Decimal | None, str]:
    """Return what the Funding wallet holds, and a warning when that could not be read."""
    try:
        return funding_balance(context.client, coin, needed), ""
    except Refused as error:
        if error.is_block:
            raise
        if error.failure is not None and error.failure.ret_code == PERMISSION_MISSING:
            # The key may lack the permission for the wallet; then only the exchange checks its balance.
            return None, ""
        reason = str(error)
    except ReadFailed as error:
        reason = str(error)
    return None, f"The balance of the Funding wallet could not be checked beforehand: {reason}"
