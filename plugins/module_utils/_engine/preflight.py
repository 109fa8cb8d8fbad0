# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what the plan needs, and wait until it can be trusted, before anything is sent. Only reads are sent from here.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import plain, total
from .._api.api_key import read_key
from .._api.client import readable
from .._api.errors import Declined, OutcomeUnknown, ReadFailed, Refused
from .._api.return_codes import PERMISSION_MISSING
from .._journal.intent import Intent
from .._loans.account import read_balance, read_position
from .._loans.history import FAILED, HistoryEntry
from .._loans.loan import Loan
from .._loans.subject import Subject
from .._operations.decision import MOVE, Means, capital, decline
from .._operations.progress import Progress, check_since, progress_of
from .._outcomes import NOTHING_TO_DO
from .._reconcile.evidence import margin_without_ledger_ms
from .._times import HOUR_MS, utc
from .._words import WORDS
from . import messages
from .context import RunContext
from .freshness import Freshness, Snapshot, check_freshness, newly_confirmed, newly_failed
from .steps import Given, Preflight, RunEnded

# For runs that transfer first: what is missing after that was added since, such as interest.
_AGAIN = "run again to transfer the rest"
_CONTACT = "Run again; if this persists, contact the exchange."


class History(t.NamedTuple):
    """The history of a target.

    :ivar progress: The progress of a goal with C(since).
    :ivar has_settled: Whether it just settled an accepted move, so that the figures may be late.
    """

    entries: list[HistoryEntry]
    progress: Progress | None = None
    has_settled: bool = False


def run_preflight(
    context: RunContext, moved_so_far: Decimal = Decimal(0), before: Freshness = Freshness(), given: Given | None = None
) -> Preflight:
    """Decide what to move, by what the exchange shows.

    A goal of a level is decided only on figures that include every known move, because a move that is missing there would be made twice.

    :param moved_so_far: What this run has already moved.
    :param before: What the previous reading passed on.
    :param given: What a reading for several runs showed just now; none to read alone.
    :raises BybitError: If what is needed cannot be read, or cannot be trusted in time; C(RunEnded) likewise.
    """
    clock, margin_ms, deadline_ms = context.client.clock, context.options.settle_margin_ms, context.deadline_ms()
    while True:
        begun_ms = given.begun_ms if given is not None else clock.monotonic_ms()
        preflight = _read(context, moved_so_far, before, given)
        # What is read again must be newer.
        given = None
        if not context.is_of_level or _is_surely_nothing(context, preflight):
            return preflight
        entries, doubt = preflight.entries, _doubt(context, preflight)
        if context.goal.is_of_ltv:
            entries = context.operation.ltv_history()
            doubt = doubt or _unresolved_of_ltv(context, entries)
        read_at_ms = context.client.exchange_time_at_least_ms(begun_ms) or context.client.signing_time_ms()
        snapshot = Snapshot(entries, bool(doubt), begun_ms, clock.monotonic_ms(), read_at_ms)
        pause_ms, before = check_freshness(snapshot, preflight.freshness, margin_ms)
        preflight = preflight._replace(freshness=before)
        if pause_ms is None:
            return preflight
        words = WORDS[context.goal.move]
        level = "LTV" if context.goal.is_of_ltv else words.level
        if pause_ms and clock.monotonic_ms() + pause_ms > deadline_ms:
            doubt = doubt or _recent(context)
            raise Declined(
                f"{capital(doubt)}, so the {level} that the exchange shows may be outdated: raise wait_timeout, or run again later.",
            )
        if pause_ms:
            clock.pause_ms(f"The {level} of {context.label} may not include a recent {words.entry} yet", pause_ms)


def _is_surely_nothing(context: RunContext, preflight: Preflight) -> bool:
    """Return whether there is nothing to wait for: a stale debt can only be too high, and even that one needs no repayment."""
    return preflight.decision.kind == NOTHING_TO_DO and not preflight.decision.dust_to_try and context.goal.max_debt is not None


def _doubt(context: RunContext, preflight: Preflight) -> str:
    """Say why the figures cannot be trusted yet, as a clause; empty if they can."""
    unconfirmed = context.journal.unconfirmed()
    if unconfirmed:
        words = WORDS[context.goal.move]
        failed = {entry.repay_id for entry in preflight.entries if entry.status == FAILED}
        if all(intent.repay_id in failed for intent in unconfirmed):
            return f"{words.a_entry} {words.place} {context.label} failed on the exchange only recently, and its status may still change"
        return _recent(context)
    return context.operation.doubt(preflight.subject) if preflight.subject is not None else ""


def _recent(context: RunContext) -> str:
    words = WORDS[context.goal.move]
    return f"{words.a_entry} {words.place} {context.label} was made recently or is still in process"


def _unresolved_of_ltv(context: RunContext, entries: t.Sequence[HistoryEntry]) -> str:
    """Say which moves of other runs the LTV may not include yet, as a clause; empty if there are none.

    :param entries: All moves in the history that change the LTV.
    :raises RunEnded: If the outcome of such a move is unknown.
    """
    final, shown = {entry.repay_id for entry in entries if entry.is_final}, {entry.repay_id for entry in entries}
    latest_ms = context.client.exchange_time_or_local_ms() - margin_without_ledger_ms(context.options.settle_margin_ms)
    doubt = ""
    for target, intent in context.journal.unsettled_of_ltv():
        is_old = intent.window_end_ms < latest_ms
        # A move that is not shown after so long may have failed: the history of legacy orders has no failures.
        is_overdue = intent.repay_id not in shown and is_old
        if not intent.reported or is_overdue:
            raise RunEnded(Declined(messages.unresolved_of_ltv(target, intent, context.label)))
        if intent.repay_id not in final or not (is_old or intent.is_shown):
            # Its own figures did not include it when they were last read, so the LTV may not include it either.
            doubt = f"the {WORDS[intent.goal.move].noun} of {plain(intent.amount)} {intent.coin} that was sent at {utc(intent.sent_at_ms)} may not show yet"
    return doubt


def settle_shown(context: RunContext, subject: Subject, entries: t.Sequence[HistoryEntry]) -> bool:
    """Settle the accepted moves whose end the history shows. Return whether there were any.

    :param subject: As it was read before the history.
    """
    unconfirmed = sorted(context.journal.unconfirmed(), key=lambda intent: intent.sent_at_ms)
    now_ms, margin_ms = context.client.exchange_time_or_local_ms(), context.options.settle_margin_ms
    confirmed, failed = newly_confirmed(unconfirmed, entries, subject, now_ms, margin_ms), newly_failed(unconfirmed, entries, now_ms, margin_ms)
    for intent in confirmed:
        context.journal.mark_confirmed(intent)
    for intent in failed:
        context.journal.discard(intent, "the history shows that it has failed")
    return bool(confirmed or failed)


def missing_from_history(context: RunContext, entries: t.Sequence[HistoryEntry]) -> list[Intent]:
    """Return the accepted moves that the history does not show yet."""
    shown = {entry.repay_id for entry in entries}
    return [intent for intent in context.journal.unconfirmed() if intent.repay_id not in shown]


def _read(context: RunContext, moved_so_far: Decimal, before: Freshness, given: Given | None) -> Preflight:
    operation, options, goal = context.operation, context.options, context.goal
    subject = given.subject if given is not None else operation.find(goal.is_of_ltv)
    accuracy, warning = _accuracy(context, subject.coin) if subject is not None and subject.is_open else (None, "")
    means = Means(
        accuracy=accuracy,
        at_most=options.at_most,
        allow_partial=options.allow_partial,
        moved_so_far=moved_so_far,
        lack=read_key(context.client).lack(operation.right),
        refill=Means().refill if context.funding is None else _AGAIN,
    )
    history = _allowed_history(context, subject, means.lack, given) if subject is not None else History([])
    if history.has_settled:
        before = before.invalidated(context.client.clock.monotonic_ms(), options.settle_margin_ms)
    decision = operation.decide(subject, goal, means, history.progress)
    warnings = (warning,) if warning else ()
    preflight = Preflight(subject, history.entries, means, decision, None, (), history.progress, before, warnings)
    if isinstance(subject, Loan) and not subject.debt and subject.loan_id is None and decision.kind == NOTHING_TO_DO:
        _check_nothing_owed(context, subject)
    if subject is None or not (decision.kind == MOVE or decision.dust_to_try):
        return preflight
    if operation.terms.from_collateral:
        return preflight._replace(pledged=read_position(context.client).pledged(goal.collateral))
    # If the available amount decides how much to move, a recent reading is not enough. For one of many runs it is: if it shows enough, only the
    # debt decides, and if it does not, the wallet is read again.
    is_exact = (goal.is_of_level or options.allow_partial) and given is None
    available, warning = _available(context, subject, None if is_exact else decision.amount)
    wallet = readable(lambda: read_balance(context.client, subject.coin)) if goal.is_incoming else available
    means = means._replace(available=available)
    decision = operation.decide(subject, goal, means, history.progress)
    warnings = (*warnings, warning) if warning else warnings
    return preflight._replace(means=means, wallet=wallet, decision=decision, warnings=warnings)


def _read_history(context: RunContext, subject: Subject, given: Given | None) -> History:
    """Read the history, settle the accepted moves that it shows, and add it up for a goal with C(since).

    :param subject: As it was read before the history.
    """
    goal, client = context.goal, context.client
    entries = list(given.entries) if given is not None else _history_with_unconfirmed(context)
    _check_history(context, subject.coin, entries)
    has_settled = settle_shown(context, subject, entries)
    missing = missing_from_history(context, entries)
    if goal.since_ms is not None:
        check_since(goal.since_ms, client.exchange_time_or_local_ms())
    if missing and (goal.since_ms is not None or goal.is_of_level):
        _wait_for(context, missing)
        entries = _history_with_unconfirmed(context)
        missing = missing_from_history(context, entries)
    progress = None
    if goal.since_ms is not None and goal.amount is not None:
        progress = progress_of(goal.amount, goal.since_ms, entries, missing)
    return History(entries, progress, has_settled)


def _allowed_history(context: RunContext, subject: Subject, lack: str, given: Given | None) -> History:
    """Return the history. If the key may not read it, report what the key lacks to move anything, if that is known.

    :param lack: Why the key may not do what the run is for, and the remedy.
    """
    try:
        return _read_history(context, subject, given)
    except Refused as error:
        if lack and error.failure is not None and error.failure.ret_code == PERMISSION_MISSING:
            raise Declined(decline(lack).message) from error
        raise


def _history_with_unconfirmed(context: RunContext) -> list[HistoryEntry]:
    """Return the history, and the unconfirmed moves that are older than it reaches."""
    operation, now_ms = context.operation, context.client.exchange_time_or_local_ms()
    entries = operation.history()
    for intent in missing_from_history(context, entries):
        if operation.history_reach_ms is not None and now_ms - intent.earliest_ms > operation.history_reach_ms:
            entries += [entry for entry in operation.history(intent.earliest_ms) if entry.repay_id == intent.repay_id]
    return entries


def _check_history(context: RunContext, coin: str, entries: t.Sequence[HistoryEntry]) -> None:
    """Refuse a history that cannot belong to the target.

    :raises ReadFailed: If an entry is in the future or in another coin.
    """
    latest_ms, word = context.client.exchange_time_or_local_ms() + HOUR_MS, WORDS[context.goal.move].entry
    for entry in entries:
        if entry.time_ms > latest_ms:
            raise ReadFailed(f"The exchange's history contains {word} {entry.repay_id}, dated in the future ({utc(entry.time_ms)}). {_CONTACT}")
        if entry.coin and entry.coin != coin:
            history = f"The exchange's history of {context.label}"
            raise ReadFailed(f"{history} contains {word} {entry.repay_id} in {entry.coin} instead of {coin}. {_CONTACT}")


def _wait_for(context: RunContext, missing: list[Intent]) -> None:
    """Wait until the exchange shows what it accepted; a total without it would pay it again.

    :raises RunEnded: If the exchange does not show it in time.
    """
    deadline_ms = context.deadline_ms()
    for intent in missing:
        shown = context.poller.follow(intent, intent.repay_id or "", deadline_ms, until_final=False)
        latest_ms = intent.window_end_ms + context.options.settle_margin_ms
        if shown.entry is None and context.client.exchange_time_or_local_ms() > latest_ms:
            error = OutcomeUnknown(messages.accepted_but_missing(intent, context.label, context.operation.history_request))
            raise RunEnded(error, intent=intent, is_open=True, sent_at_ms=intent.sent_at_ms)


def _check_nothing_owed(context: RunContext, loan: Loan) -> None:
    """Refuse to report a coin's debt as repaid if the position of the account still shows it.

    :raises ReadFailed: If it does.
    """
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


def _available(context: RunContext, subject: Subject, needed: Decimal | None) -> tuple[Decimal | None, str]:
    """Return what can be moved from the source of the money, and a warning if that could not be read."""
    try:
        available = context.operation.available(subject, context.goal, needed)
        return None if available is None else total(available, context.foreseen), ""
    except Refused as error:
        if error.is_block:
            raise
        if error.failure is not None and error.failure.ret_code == PERMISSION_MISSING:
            # The key may lack the permission for the wallet; then only the exchange checks its balance.
            return None, ""
        reason = str(error)
    except ReadFailed as error:
        reason = str(error)
    return None, f"{context.operation.source} could not be checked beforehand: {reason}"
