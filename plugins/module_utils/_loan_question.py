# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of the open loans, which of them are meant, and how they are returned.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain, total
from ansible_collections.treasury.bybit.plugins.module_utils._loan import PRODUCTS, Loan, Thresholds
from ansible_collections.treasury.bybit.plugins.module_utils._position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._times import iso


class LoanQuestion(t.NamedTuple):
    """Which open loans somebody wants to see; none is no limit.

    :ivar products: Those to read.
    :ivar named: Whether the products were asked for by name.
    :ivar ltv_above: As a fraction; of the loan, or of the account where the collateral is the account's.
    :ivar matures_within_ms: Loans that are due within so long, or overdue.
    """

    products: tuple[str, ...]
    named: bool
    coin: str | None = None
    loan_id: str | None = None
    ltv_above: Decimal | None = None
    matures_within_ms: int | None = None

    @property
    def has_id(self) -> bool:
        return self.loan_id is not None

    def is_about(self, loan: Loan, now_ms: int) -> bool:
        """Tell whether a loan is meant; one whose LTV is not known is not above any."""
        ltv = loan.shown_ltv
        return (
            self.coin in (None, loan.coin)
            and self.loan_id in (None, loan.loan_id)
            and (self.ltv_above is None or (ltv is not None and ltv > self.ltv_above))
            and (self.matures_within_ms is None or _is_due(loan, now_ms + self.matures_within_ms))
        )


def loan_result(loan: Loan, thresholds: Thresholds | None, now_ms: int) -> dict[str, t.Any]:
    """Return a loan as the module returns it.

    :param thresholds: Those of a loan with its own collateral, where the exchange gives them.
    """
    due_ms = loan.maturity_time_ms
    return {
        **loan.as_result(),
        "maturity_time": None if due_ms is None else iso(due_ms),
        "is_overdue": _is_due(loan, now_ms),
        "margin_call_ltv": plain(thresholds.margin_call_ltv) if thresholds else None,
        "liquidation_ltv": plain(thresholds.liquidation_ltv) if thresholds else None,
    }


def position_result(position: Position) -> dict[str, t.Any]:
    """Return the position of an account as the module returns it."""
    return {
        **position.as_result(),
        "debts": [_plainly(debt) for debt in position.debts],
        "collateral": [_plainly(collateral) for collateral in position.collateral],
    }


def loan_totals(loans: t.Sequence[Loan]) -> list[dict[str, t.Any]]:
    """Add up the loans of each coin, and of each product in it."""
    totals = []
    for coin in sorted({loan.coin for loan in loans}):
        those = [loan for loan in loans if loan.coin == coin]
        members = {product: [loan for loan in those if loan.product == product] for product in PRODUCTS}
        by_product = {product: _sums(some) for product, some in members.items() if some}
        totals.append({"coin": coin, **_sums(those), "by_product": by_product})
    return totals


def _sums(loans: t.Sequence[Loan]) -> dict[str, t.Any]:
    return {
        "debt": plain(total(*(loan.debt for loan in loans))),
        "principal": plain(total(*(loan.principal for loan in loans))),
        "interest": plain(total(*(loan.interest for loan in loans))),
        "penalty_interest": plain(total(*(loan.penalty_interest for loan in loans))),
        "loans": len(loans),
    }


def _is_due(loan: Loan, time_ms: int) -> bool:
    return loan.maturity_time_ms is not None and loan.maturity_time_ms <= time_ms


def _plainly(entry: CoinDebt | CoinCollateral) -> dict[str, t.Any]:
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in entry._asdict().items()}
