# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a policy: which loans they select, and what shall be true of them.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import multiply, total
from .._loans.loan import Loan
from .._loans.prices import Prices

# The orders in which a rule repays its loans.
HIGHEST_RATE, SOONEST_DUE, SMALLEST_DEBT, AS_LISTED = "highest_rate", "soonest_due", "smallest_debt", "as_listed"
ORDERS = (HIGHEST_RATE, SOONEST_DUE, SMALLEST_DEBT, AS_LISTED)

# The ways in which a rule lowers an LTV.
REPAY, ADD_COLLATERAL, REPAY_FROM_COLLATERAL = "repay", "add_collateral", "repay_from_collateral"

# The marks that a level can refer to.
INITIAL, MARGIN_CALL, LIQUIDATION = "initial", "margin_call", "liquidation"
MARKS = (INITIAL, MARGIN_CALL, LIQUIDATION)

Marks = t.Mapping[str, Decimal]


class Selection(t.NamedTuple):
    """Selects loans; none selects all."""

    product: str | None = None
    coin: str | None = None
    loan_id: str | None = None

    def selects(self, loan: Loan) -> bool:
        return self.product in (None, loan.product) and self.coin in (None, loan.coin) and self.loan_id in (None, loan.loan_id)


class Level(t.NamedTuple):
    """An LTV: a fraction, or a distance from a mark.

    :ivar mark: One of C(MARKS); none if the distance is the LTV itself.
    """

    distance: Decimal
    mark: str | None = None

    def at(self, marks: Marks) -> Decimal | None:
        """Return the LTV as a fraction; none if the mark is not known."""
        if self.mark is None:
            return self.distance
        mark = marks.get(self.mark)
        return None if mark is None else total(mark, self.distance)


class Way(t.NamedTuple):
    """One way to lower an LTV.

    :ivar kind: C(REPAY), C(ADD_COLLATERAL), or C(REPAY_FROM_COLLATERAL).
    :ivar coins: The coins to add or to sell, in this order.
    """

    kind: str
    coins: tuple[str, ...] = ()


class LtvRule(t.NamedTuple):
    """If an LTV is above a level, lower it to another level: the LTV of each legacy loan, and that of the account for all other loans."""

    name: str
    loans: Selection
    above: Level
    down_to: Level
    using: tuple[Way, ...] = (Way(REPAY),)
    order: str = HIGHEST_RATE


class MaturityRule(t.NamedTuple):
    """Repay loans that are due within this time, or overdue."""

    name: str
    loans: Selection
    within_ms: int


class InstallmentRule(t.NamedTuple):
    """Repay an amount in each period. Only what was repaid under this rule counts.

    :ivar loans: Selects a coin.
    :ivar per: C(day), C(week), C(month), or C(quarter), in UTC.
    """

    name: str
    loans: Selection
    amount: Decimal
    per: str
    order: str = HIGHEST_RATE


class DebtRule(t.NamedTuple):
    """Keep the debts of the selected loans together at most at this.

    :ivar loans: Selects a coin.
    """

    name: str
    loans: Selection
    max_debt: Decimal
    order: str = HIGHEST_RATE


Rule = t.Union[LtvRule, MaturityRule, InstallmentRule, DebtRule]


def in_order(loans: t.Sequence[Loan], order: str, prices: Prices) -> list[Loan]:
    """Return loans in the order in which a rule repays them. An unknown rate, due time, or price comes last."""
    if order == HIGHEST_RATE:
        return sorted(loans, key=lambda loan: (loan.annual_rate is None, -(loan.annual_rate or Decimal(0))))
    if order == SOONEST_DUE:
        return sorted(loans, key=lambda loan: (loan.maturity_time_ms is None, loan.maturity_time_ms or 0))
    if order == SMALLEST_DEBT:
        return sorted(loans, key=lambda loan: _size(loan, prices))
    return list(loans)


def _size(loan: Loan, prices: Prices) -> tuple[bool, Decimal]:
    price = prices.get(loan.coin)
    return price is None, multiply(loan.debt, Decimal(1) if price is None else price.high)
