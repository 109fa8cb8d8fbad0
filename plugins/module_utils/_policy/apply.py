# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out the operations of a plan, one after the other, each by a run of the engine of its own.

An operation that fails, or whose outcome is unknown, stops those that depend on it: on the same loan, or with the same money. All others go on.
This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import total
from .._api.errors import BybitError
from .._engine.context import RunContext
from .._engine.report import Report
from .._engine.run import run
from .._journal.intent import Intent
from .._loans.account import invalidate_balance
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, PENDING, PLANNED
from .plan import TRANSFER, Operation, Played
from .rules import REPAY_FROM_COLLATERAL
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


def apply(
    operations: t.Sequence[Played], contexts: t.Callable[[int], RunContext], done: t.Mapping[int, Result]
) -> t.Iterator[Result]:
    """Carry out a plan, and yield the result of each operation as soon as it is known.

    :param contexts: Returns the context in which to carry out an operation, by its number.
    :param done: What earlier runs of the same plan have executed, by number.
    """
    hindering: list[Result] = []
    for number, played in enumerate(operations, 1):
        result = done.get(number) or _not_tried(number, played, hindering) or _carried_out(number, played, contexts(number))
        if result.short or not result.is_success:
            hindering.append(result)
        yield result


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
    is_same_loan = later.product is not None and (later.product, later.loan_id, _loan_coin(later)) == (earlier.product, earlier.loan_id, _loan_coin(earlier))
    is_same_collateral = later.sells is not None and later.sells in (earlier.sells, earlier.coin if earlier.product is None else None)
    return is_same_loan or is_same_collateral or _uses_money_of(later, earlier)


def _loan_coin(operation: Operation) -> str | None:
    """Return the coin by which a loan without an ID is known."""
    return operation.coin if operation.loan_id is None else None


def _uses_money_of(later: Operation, earlier: Operation) -> bool:
    return later.coin == earlier.coin and REPAY_FROM_COLLATERAL not in (later.kind, earlier.kind)


def _carried_out(number: int, played: Played, context: RunContext) -> Result:
    report = run(context)
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
