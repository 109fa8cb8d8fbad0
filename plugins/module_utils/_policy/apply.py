# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out the operations of a plan, each by a run of the engine of its own.

Repayments of several loans are sent one after the other, and then their outcomes are found out together. An operation that fails, or whose outcome is
unknown, stops those that depend on it: on the same loan, or with the same money. All others go on. This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t
from decimal import Decimal

from .._amounts import total
from .._api.errors import BybitError
from .._engine.context import RunContext
from .._engine.report import Report
from .._engine.run import Begun, begin, end, noted
from .._journal.intent import Intent
from .._loans.account import invalidate_balance
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PENDING, PLANNED
from .listing import Listings
from .plan import TRANSFER, Operation, Played
from .rules import REPAY, REPAY_FROM_COLLATERAL
from .wording import amount, noun

NOT_TRIED = "not_tried"
# Outcomes after which what depends on an operation can go on.
SUCCESSES = (EXECUTED, PENDING, NOTHING_TO_DO, PLANNED)


class Result(t.NamedTuple):
    """What became of one operation of a plan.

    :ivar number: Its number in the plan, from 1 on.
    :ivar outcome: One of C(_outcomes), or C(not_tried).
    :ivar report: The report of its run; none if this run did not try it.
    :ivar intent: The intent of an earlier run that executed it, or of this run.
    :ivar message: What the user reads, as whole sentences.
    :ivar short: Why operations with the same money cannot go on although this one was executed, as a clause; empty if they can.
    """

    number: int
    played: Played
    outcome: str
    report: Report | None = None
    intent: Intent | None = None
    message: str = ""
    short: str = ""

    @property
    def operation(self) -> Operation:
        return self.played.operation

    @property
    def is_success(self) -> bool:
        return self.outcome in SUCCESSES and (self.report is None or self.report.ended is None)

    @property
    def moved(self) -> Decimal | None:
        """How much was moved, in the coin of the operation; none if nothing was, or if that is unknown."""
        if self.report is not None and self.report.made:
            return total(*(made.found.intent.amount for made in self.report.made))
        return self.intent.amount if self.intent is not None and self.outcome in (EXECUTED, PENDING) else None

    @property
    def is_changed(self) -> bool:
        return self.report is not None and self.report.is_changed


def planned(operations: t.Sequence[Played]) -> list[Result]:
    """Return the results of a plan that is only shown."""
    return [Result(number, played, PLANNED) for number, played in enumerate(operations, 1)]


class _UnderWay(t.NamedTuple):
    """A repayment that the exchange has accepted, and whose outcome is still to be found out."""

    number: int
    played: Played
    begun: Begun


def apply(
    operations: t.Sequence[Played], contexts: t.Callable[[int], RunContext], done: t.Mapping[int, Result], listings: Listings
) -> t.Iterator[Result]:
    """Carry out a plan, and yield the result of each operation as soon as it is known.

    :param contexts: Returns the context in which to carry out an operation, by its number.
    :param done: What earlier runs of the same plan have executed, by number.
    """
    hindering: list[Result] = []
    for result in _each(operations, contexts, done, listings, hindering):
        if result.short or not result.is_success:
            hindering.append(result)
        yield result


def _each(
    operations: t.Sequence[Played], contexts: t.Callable[[int], RunContext], done: t.Mapping[int, Result], listings: Listings,
    hindering: t.Sequence[Result],
) -> t.Iterator[Result]:
    under_way: list[_UnderWay] = []
    _hold([contexts(number) for number, played in enumerate(operations, 1) if number not in done and listings.serves(played.operation)])
    for number, played in enumerate(operations, 1):
        if under_way and not _can_follow_at_once(played.operation, under_way):
            yield from _ended(under_way, listings)
            under_way = []
        result = done.get(number) or _not_tried(number, played, hindering)
        if result is None:
            context, is_repayment = contexts(number), played.operation.kind == REPAY
            begun = begin(context, read=functools.partial(listings.before, context.operation)) if is_repayment else begin(context)
            if is_repayment and begun.is_accepted:
                under_way.append(_UnderWay(number, played, noted(begun)))
                continue
            result = _result(number, played, context, end(begun))
            listings.outdate()
        yield result
    yield from _ended(under_way, listings)


def _hold(contexts: t.Iterable[RunContext]) -> None:
    """Acquire the targets of a common reading before it, so that no other run moves anything between the reading and the request."""
    for context in contexts:
        # One that cannot be acquired now is waited for, and read, alone. Its own run then tells why, if it must.
        with contextlib.suppress(BybitError):
            context.journal.begin(False, 0)


def _ended(under_way: t.Sequence[_UnderWay], listings: Listings) -> t.Iterator[Result]:
    """Find out the outcomes of repayments that were accepted, and yield the results."""
    listings.outdate()
    left = list(under_way)
    while left:
        # What has failed comes last, and otherwise the latest first: each payment that was executed explains an entry of the wallet's ledger, which
        # would leave it in doubt whether an earlier one has failed.
        number, played, begun = following = max(left, key=lambda entry: (listings.promises(entry.begun), entry.number))
        left.remove(following)
        yield _result(number, played, begun.context, end(begun, functools.partial(listings.after, begun)))
    listings.outdate()


def _can_follow_at_once(operation: Operation, under_way: t.Iterable[_UnderWay]) -> bool:
    """Return whether an operation need not wait for the outcomes of those that were accepted."""
    return operation.kind == REPAY and _loan(operation) not in [_loan(other.played.operation) for other in under_way]


def _not_tried(number: int, played: Played, before: t.Sequence[Result]) -> Result | None:
    """Return the result of an operation that depends on one that failed; none if it can be tried."""
    for result in before:
        other = result.operation
        if not result.is_success and _depends(played.operation, other):
            why = f"Not tried, because the {noun(other)} {_state(result)}."
        elif result.short and _uses_money_of(played.operation, other):
            why = f"Not tried, because {result.short}."
        else:
            continue
        return Result(number, played, NOT_TRIED, message=why)
    return None


def _state(result: Result) -> str:
    if result.outcome == NOT_TRIED:
        return "was not tried either"
    return "failed" if result.outcome == NOT_EXECUTED else "has an unknown outcome" if result.outcome not in SUCCESSES else "did not end as planned"


def _depends(later: Operation, earlier: Operation) -> bool:
    is_same_loan = later.product is not None and _loan(later) == _loan(earlier)
    is_same_collateral = later.sells is not None and later.sells in (earlier.sells, earlier.coin if earlier.product is None else None)
    return is_same_loan or is_same_collateral or _uses_money_of(later, earlier)


def _loan(operation: Operation) -> tuple[str | None, str]:
    """Return what identifies the loan: without an ID, it is known by its coin."""
    return operation.product, operation.loan_id or operation.coin


def _uses_money_of(later: Operation, earlier: Operation) -> bool:
    return later.coin == earlier.coin and REPAY_FROM_COLLATERAL not in (later.kind, earlier.kind)


def _result(number: int, played: Played, context: RunContext, report: Report) -> Result:
    intents = [made.found.intent for made in report.made]
    if report.recovered.answered is not None:
        intents.append(report.recovered.answered.intent)
    if report.ended is not None and report.ended.intent is not None:
        intents.append(report.ended.intent)
    result = Result(number, played, report.outcome or NOT_EXECUTED, report, intents[0] if intents else None, report.message)
    if played.operation.kind == TRANSFER and result.is_success:
        return result._replace(short=_missing_in_wallet(context, result))
    return result


def _missing_in_wallet(context: RunContext, result: Result) -> str:
    """Wait until the Funding wallet shows what was transferred. Return why what depends on that cannot go on, as a clause; empty if it can."""
    coin, intent = result.operation.coin, result.intent
    invalidate_balance(context.client, coin)
    if intent is None or intent.baseline.wallet is None:
        return ""
    try:
        has_arrived = context.poller.await_balance(coin, total(intent.baseline.wallet, intent.amount), context.deadline_ms())
    except BybitError as error:
        return f"the Funding wallet cannot be read after the transfer of {coin}: {str(error).rstrip('.')}"
    return "" if has_arrived else f"the Funding wallet does not show the transferred {amount(result.operation)} yet"
