# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the engine carries out an operation of a plan: the operation on the exchange, its goal, and what it counts toward.

An operation of a plan is a step with exactly the planned amount. Only a loan that is to be closed is repaid by its debt, because interest accrues
between the plan and the request. What that may add is limited to what the wallets and the caps still allow after the whole plan.
This module util is private to the collection.
"""

from __future__ import annotations

import functools
import typing as t
from decimal import Decimal

from .._amounts import divide, multiply, total
from .._api.client import Client
from .._goal import ADD, TO_FUND, Counted, Goal
from .._goal import REPAY as REPAY_MOVE
from .._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL, WALLETS
from .._loans.loan import LEGACY
from .._operations.base import Operation as OnExchange
from .._operations.targets import operation_on
from .money import Money, sale
from .plan import TRANSFER, Operation, Played, money_after
from .rules import ADD_COLLATERAL, REPAY, REPAY_FROM_COLLATERAL

_ZERO = Decimal(0)


class Step(t.NamedTuple):
    """What the engine is asked for.

    :ivar at_most: The most that closing a loan may cost; none for an exact amount.
    :ivar expected: The debt or the collateral that the amount was planned for; none for a transfer.
    """

    on_exchange: OnExchange
    goal: Goal
    counted: Counted
    at_most: Decimal | None = None
    expected: Decimal | None = None


def steps_of(client: Client, operations: t.Sequence[Played], money: Money, tolerance: Decimal) -> list[Step]:
    """Return the steps of a plan.

    :param money: The money before the plan.
    :param tolerance: By which fraction of itself closing a loan may cost more than planned.
    """
    after = functools.reduce(money_after, operations, money)
    closing = [played for played in operations if _closes(played)]
    steps = []
    for played in operations:
        operation = played.operation
        goal, at_most = Goal(amount=operation.amount, move=_move_of(operation)), None
        if operation.sells is not None:
            goal = goal._replace(collateral=(operation.sells,))
        elif _closes(played):
            spare = divide(after.payable(operation.coin).amount or _ZERO, Decimal(len(closing)))
            at_most = total(operation.amount, min(spare, multiply(operation.amount, tolerance)))
            goal = Goal(max_debt=_ZERO)
        steps.append(Step(_on_exchange(client, operation, goal), goal, counted_of(played, money), at_most, played.before))
    return steps


def counted_of(played: Played, money: Money) -> Counted:
    """Return what an operation counts toward: nothing for a transfer, which is a part of the operations that need it."""
    operation = played.operation
    if operation.kind == TRANSFER:
        return Counted((), (), _ZERO)
    shares = tuple((rule, operation.amount_of(rule)) for rule in operation.rules)
    paid = {operation.coin: operation.amount}
    if operation.kind != REPAY_FROM_COLLATERAL:
        return Counted(shares, tuple(paid.items()), money.most_usd(paid))
    sold, sells = played.sold or _ZERO, operation.sells or ""
    moved = sale(operation.coin, operation.amount, sells, sold)
    return Counted(shares, tuple(moved.items()), money.most_usd(paid, {sells: sold}))


def _closes(played: Played) -> bool:
    return played.operation.kind == REPAY and played.after == _ZERO


def _move_of(operation: Operation) -> str:
    if operation.kind == TRANSFER:
        return TO_FUND
    return ADD if operation.kind == ADD_COLLATERAL else REPAY_MOVE


def _on_exchange(client: Client, operation: Operation, goal: Goal) -> OnExchange:
    product, name = operation.product, operation.loan_id or operation.coin
    if operation.kind == TRANSFER:
        product = WALLETS
    elif operation.kind == ADD_COLLATERAL:
        product = ACCOUNT_COLLATERAL if operation.loan_id is None else ORDER_COLLATERAL
    if product is None or (product == LEGACY and operation.loan_id is None):
        raise ValueError(f"no operation for {product} {operation.loan_id}")
    return operation_on(client, product, name, goal)
