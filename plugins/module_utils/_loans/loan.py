# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A loan of any product in a common form.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import ROUND_HALF_UP, Decimal

from .._amounts import difference, divide, multiply, plain, plain_or_none, total
from .position import Position

LEGACY = "legacy"
FLEXIBLE = "flexible"
FIXED = "fixed"
PRODUCTS = (LEGACY, FLEXIBLE, FIXED)

OPEN = "open"
REPAID = "repaid"
LIQUIDATED = "liquidated"

# The exchange shows the LTV of a loan with four decimal places. Whether it rounds or truncates is not documented.
LTV_STEP = Decimal("0.0001")


class Thresholds(t.NamedTuple):
    """The LTVs at which the exchange makes a margin call for, and liquidates, a loan with its own collateral."""

    margin_call_ltv: Decimal
    liquidation_ltv: Decimal


@dataclasses.dataclass(frozen=True)
class Loan:
    """A loan at one moment; amounts are in C(coin) unless their name says otherwise.

    :ivar product: One of C(PRODUCTS).
    :ivar loan_id: The exchange's ID of the loan; none for a flexible loan, and for several contracts together.
    :ivar principal: Unpaid principal.
    :ivar interest: Unpaid interest.
    :ivar penalty_interest: Unpaid penalty interest of an overdue loan.
    :ivar status: One of C(open), C(repaid), C(liquidated).
    :ivar hourly_rate: The hourly interest rate as a fraction; none if the exchange does not report it.
    :ivar annual_rate: The annual interest rate as a fraction; none if it is unknown.
    :ivar collateral_coin: The coin of the loan's own collateral; none if it has none.
    :ivar collateral_amount: The amount of the loan's own collateral, in C(collateral_coin); none if it has none, or it is unknown.
    :ivar ltv: The LTV of a loan with its own collateral, as the exchange shows it; none if it has none, or it is unknown.
    :ivar maturity_time_ms: When the loan is due (UTC, ms); none for a loan without a term.
    :ivar position: The position of the account, for a loan secured by the account's collateral; none if it was not read.
    """

    product: str
    loan_id: str | None
    coin: str
    principal: Decimal
    interest: Decimal
    penalty_interest: Decimal
    status: str
    hourly_rate: Decimal | None = None
    annual_rate: Decimal | None = None
    collateral_coin: str | None = None
    collateral_amount: Decimal | None = None
    ltv: Decimal | None = None
    maturity_time_ms: int | None = None
    position: Position | None = None

    @property
    def debt(self) -> Decimal:
        """Everything that is owed: principal, interest, and penalty interest."""
        return total(self.principal, self.interest, self.penalty_interest)

    @property
    def levels(self) -> tuple[tuple[str, Decimal], ...]:
        """The amounts that a repayment lowers, by name."""
        return ("debt", self.debt), ("principal", self.principal)

    @property
    def is_open(self) -> bool:
        return self.status == OPEN

    def is_due_by(self, time_ms: int) -> bool:
        """Return whether the loan is due at this time (UTC, ms), or was before."""
        return self.maturity_time_ms is not None and self.maturity_time_ms <= time_ms

    @property
    def movements(self) -> None:
        """None: the debt shows what was repaid, so the wallet's ledger is not needed."""
        return None

    @property
    def reported_ltv(self) -> Decimal | None:
        """The LTV of the loan, or of the account if its position was read."""
        return self.ltv if self.position is None else self.position.ltv

    def after_paying(self, amount: Decimal) -> Loan:
        """Predict the loan after a repayment: interest is paid first, and prices stay the same."""
        penalty_interest, rest = _pay(self.penalty_interest, amount)
        interest, rest = _pay(self.interest, rest)
        principal, dummy = _pay(self.principal, rest)
        debt = total(principal, interest, penalty_interest)
        is_open = bool(debt)
        return dataclasses.replace(
            self,
            principal=principal,
            interest=interest,
            penalty_interest=penalty_interest,
            collateral_amount=self.collateral_amount if is_open or not self.collateral_amount else Decimal(0),
            ltv=_rounded(divide(multiply(self.ltv, debt), self.debt)) if self.ltv and is_open else None,
            status=OPEN if is_open else REPAID,
            # Once repaid, several contracts together have no due date.
            maturity_time_ms=self.maturity_time_ms if is_open or self.loan_id else None,
            position=self.position.after_paying(self.product, self.coin, amount) if self.position else None,
        )

    def is_ltv_surely_at_most(self, max_ltv: Decimal) -> bool:
        """Return whether the LTV is at most this, however the exchange rounded it; true if the loan's own LTV is unknown."""
        if self.position is not None:
            return self.position.is_surely_at_most(max_ltv)
        return self.ltv is None or self.ltv + LTV_STEP <= max_ltv

    def amount_above_ltv(self, max_ltv: Decimal) -> Decimal | None:
        """Return how much must be repaid so that the LTV, as the exchange shows it, is certainly at most this.

        :return: The amount in C(coin), possibly more than the debt; none if the LTV, or the price of the coin, is unknown.
        """
        if self.position is not None:
            return self.position.coins_for(self.product, self.coin, self.position.usd_above(max_ltv))
        if self.ltv is None:
            return None
        target_ltv = max(max_ltv - 2 * LTV_STEP, Decimal(0))
        return difference(self.debt, divide(multiply(self.debt, target_ltv), self.ltv + LTV_STEP))

    def collateral_at(self, max_ltv: Decimal) -> Decimal | None:
        """Return how much of the loan's own collateral must be pledged so that the LTV, as the exchange shows it, is certainly at most this.

        :return: The total amount in C(collateral_coin), more or less than now; none if no amount is enough, or the LTV or the collateral is unknown.
        """
        target_ltv = difference(max_ltv, 2 * LTV_STEP)
        if self.ltv is None or self.collateral_amount is None or target_ltv <= 0:
            return None
        return divide(multiply(self.collateral_amount, total(self.ltv, LTV_STEP)), target_ltv)

    def with_collateral(self, amount: Decimal) -> Loan:
        """Predict the loan with another amount of its own collateral, at current prices."""
        known = self.ltv is not None and self.collateral_amount and amount
        ltv = _rounded(divide(multiply(self.ltv or Decimal(0), self.collateral_amount or Decimal(0)), amount)) if known else None
        return dataclasses.replace(self, collateral_amount=amount, ltv=ltv)

    def as_result(self) -> dict[str, t.Any]:
        """Return the loan as the modules return it, with amounts as decimal strings."""
        return {
            "product": self.product,
            "id": self.loan_id,
            "status": self.status,
            "coin": self.coin,
            "debt": plain(self.debt),
            "principal": plain(self.principal),
            "interest": plain(self.interest),
            "penalty_interest": plain(self.penalty_interest),
            "hourly_rate": plain_or_none(self.hourly_rate),
            "annual_rate": plain_or_none(self.annual_rate),
            "collateral_coin": self.collateral_coin,
            "collateral_amount": plain_or_none(self.collateral_amount),
            "ltv": plain_or_none(self.reported_ltv),
            "maturity_time_ms": self.maturity_time_ms,
        }

    def shown(self) -> dict[str, str | None]:
        """Return the figures for C(--diff), each with its label as key."""
        return {"debt": plain(self.debt), "LTV": plain_or_none(self.reported_ltv)}


def annual(hourly_rate: Decimal | None) -> Decimal | None:
    """Return the rate for a year of 365 days, without compound interest."""
    return None if hourly_rate is None else multiply(hourly_rate, Decimal(24 * 365))


def _pay(due: Decimal, amount: Decimal) -> tuple[Decimal, Decimal]:
    paid = min(due, amount)
    return difference(due, paid), difference(amount, paid)


def _rounded(ltv: Decimal) -> Decimal:
    return ltv.quantize(LTV_STEP, ROUND_HALF_UP)
