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
from .._reconcile.poll import must_stop
from .._times import HOUR_MS, utc
from . import messages
from .freshness import Freshness, Reading, freshness, shown_for_good
from .plan import PAY, Means, decide
from .progress import Progress, check_since, progress_of
from .steps import Ended, Preflight
from .task import Task


class History(t.NamedTuple):
    """The history of a loan.

    :ivar progress: How far a goal with C(since) has come.
    :ivar has_settled: Whether it came to show an accepted repayment for good, so that the debt may be late.
    """

    entries: list[HistoryEntry]
    progress: Progress | None = None
    has_settled: bool = False


def preflight(task: Task, paid: Decimal = Decimal(0), before: Freshness = Freshness()) -> Preflight:
    """Decide on what to pay, by what the exchange shows.

    A goal of the debt is decided on a debt that has every known repayment in it, because what is missing would be paid twice.

    :param paid: What this run has paid already.
    :param before: What the reading before this one has left.
    :raises BybitError: When what is needed cannot be read, or not be believed in time; C(Ended) likewise.
    """
    clock, margin_ms, deadline_ms = task.client.clock, task.options.settle_margin_ms, task.deadline_ms()
    while True:
        begun_ms = clock.monotonic_ms()
        ready = _read(task, paid, before)
        # A debt that may be too high is no reason to refuse either.
        is_nothing = ready.decision.kind == NOTHING_TO_DO and not ready.decision.rest
        if not task.goal.is_of_debt or is_nothing:
            return ready
        entries = ready.entries if task.goal.max_ltv is None else task.operation.ltv_history()
        read_at_ms = task.client.exchange_time_ms(begun_ms) or task.client.now_ms()
        reading = Reading(entries, bool(task.journal.unshown()), begun_ms, clock.monotonic_ms(), read_at_ms)
        pause_ms, before = freshness(reading, ready.freshness, margin_ms)
        ready = ready._replace(freshness=before)
        if pause_ms is None:
            return ready
        if pause_ms and clock.monotonic_ms() + pause_ms > deadline_ms:
            raise Declined(
                f"A repayment on {task.label} was made a moment ago or is still in process, so the debt that the exchange "
                f"shows may be too high: raise wait_timeout, or run again later."
            )
        if pause_ms:
            clock.report_wait(f"The debt of {task.label} may not include a recent repayment yet", pause_ms)
            clock.sleep_ms(pause_ms)


def with_position(task: Task, loan: Loan | None) -> Loan | None:
    """Return the loan with the position of the account, where the goal is an LTV of the account."""
    if loan is None or task.goal.max_ltv is None or not task.operation.terms.shares_collateral:
        return loan
    return dataclasses.replace(loan, position=read_position(task.client))


def unshown(task: Task, entries: t.Sequence[HistoryEntry]) -> list[Intent]:
    """Return the accepted repayments that the history does not show yet."""
    shown = {entry.repay_id for entry in entries}
    return [intent for intent in task.journal.unshown() if intent.repay_id not in shown]


def _read(task: Task, paid: Decimal, before: Freshness) -> Preflight:
    operation, options = task.operation, task.options
    loan = with_position(task, operation.find())
    is_open = loan is not None and loan.status == OPEN
    accuracy, warning = _accuracy(task, loan.coin) if loan and is_open else (None, "")
    means = Means(accuracy, None, options.at_most, options.allow_partial, paid, read_key(task.client).lack)
    history = _read_history(task, loan) if loan is not None else History([])
    if history.has_settled:
        before = before.doubted(task.client.clock.monotonic_ms(), options.settle_margin_ms)
    decision = decide(operation.terms, loan, task.goal, means, history.progress)
    warnings = (warning,) if warning else ()
    ready = Preflight(loan, history.entries, means, decision, (), history.progress, before, warnings)
    if loan is not None and not loan.debt and loan.loan_id is None and decision.kind == NOTHING_TO_DO:
        _check_nothing_owed(task, loan)
    if loan is None or not (decision.kind == PAY or decision.rest):
        return ready
    if operation.terms.from_collateral:
        return ready._replace(pledged=_pledged(task))
    # Where the wallet decides how much is paid, it is read anew.
    is_exact = task.goal.is_of_debt or options.allow_partial
    wallet, warning = _wallet(task, loan.coin, None if is_exact else decision.amount)
    means = means._replace(wallet=wallet)
    decision = decide(operation.terms, loan, task.goal, means, history.progress)
    return ready._replace(means=means, decision=decision, warnings=(*warnings, warning) if warning else warnings)


def _read_history(task: Task, loan: Loan) -> History:
    """Read the history, wait until it shows what was accepted, and add it up for a goal with C(since).

    :param loan: As it was read before.
    """
    goal, client, has_settled = task.goal, task.client, False
    entries = task.operation.history()
    _check_history(task, loan, entries)
    unseen = sorted(task.journal.unshown(), key=lambda intent: intent.sent_at_ms)
    for intent in shown_for_good(unseen, entries, loan, client.believed_time_ms(), task.options.settle_margin_ms):
        task.journal.mark_shown(intent)
        has_settled = True
    missing = unshown(task, entries)
    if goal.since_ms is not None:
        check_since(goal.since_ms, client.believed_time_ms())
    if missing and (goal.since_ms is not None or goal.is_of_debt):
        _wait_for(task, missing)
        entries = task.operation.history()
        missing = unshown(task, entries)
    progress = None
    if goal.since_ms is not None and goal.amount is not None:
        progress = progress_of(goal.amount, goal.since_ms, entries, missing)
    return History(entries, progress, has_settled)


def _check_history(task: Task, loan: Loan, entries: t.Sequence[HistoryEntry]) -> None:
    """Refuse a history that cannot be the one of the loan.

    :raises ReadFailed: Then.
    """
    latest_ms = task.client.believed_time_ms() + HOUR_MS
    for entry in entries:
        if entry.time_ms > latest_ms:
            raise ReadFailed(f"The exchange's history has repayment {entry.repay_id} in the future, at {utc(entry.time_ms)}.")
        if entry.coin and entry.coin != loan.coin:
            history = f"The exchange's history of {task.label}"
            raise ReadFailed(f"{history} has repayment {entry.repay_id} in {entry.coin}, and not in {loan.coin}.")


def _wait_for(task: Task, missing: list[Intent]) -> None:
    """Wait until the exchange shows what it has accepted; a sum without it would pay once more."""
    deadline_ms = task.deadline_ms()
    for intent in missing:
        shown = task.poller.follow(intent.repay_id or "", deadline_ms, until_final=False)
        latest_ms = intent.window_end_ms + task.options.settle_margin_ms
        if shown.entry is None and task.client.believed_time_ms() > latest_ms:
            error = OutcomeUnknown(messages.unseen(intent, task.label, task.operation.history_request))
            raise Ended(error, intent=intent, is_open=True, sent_at_ms=intent.sent_at_ms)


def _check_nothing_owed(task: Task, loan: Loan) -> None:
    """Refuse to call a coin's debt repaid that only a list does not show, while the position of the account does."""
    if read_position(task.client).shows(loan.product, loan.coin):
        raise ReadFailed(
            f"The exchange lists no debt of {task.label}, but the account's position shows one. Run again; if this "
            f"persists, check the loan on the exchange's site."
        )


def _accuracy(task: Task, coin: str) -> tuple[int | None, str]:
    """Return the decimal places of a coin, and a warning when they could not be read."""
    try:
        return task.operation.accuracy(coin), ""
    except (ReadFailed, Refused) as error:
        return None, f"The decimal places of the amount could not be checked beforehand: {error}"


def _wallet(task: Task, coin: str, needed: Decimal | None) -> tuple[Decimal | None, str]:
    """Return what the Funding wallet holds, and a warning when that could not be read."""
    try:
        return funding_balance(task.client, coin, needed), ""
    except Refused as error:
        if must_stop(error):
            raise
        if error.failure is not None and error.failure.ret_code == PERMISSION_MISSING:
            # A key for loans need not be one for the wallet; then the exchange alone checks.
            return None, ""
        reason = str(error)
    except ReadFailed as error:
        reason = str(error)
    return None, f"The balance of the Funding wallet could not be checked beforehand: {reason}"


def _pledged(task: Task) -> tuple[tuple[str, Decimal], ...]:
    """Return what is pledged of the coins that are to be sold, which falls when they are."""
    position = read_position(task.client)
    return tuple((entry.coin, entry.amount) for entry in position.collateral if entry.coin in task.goal.collateral)
