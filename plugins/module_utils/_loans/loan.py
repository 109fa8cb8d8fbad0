# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One loan, whatever product it comes from, in one vocabulary.

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

# The exchange shows the LTV of a loan to four places; whether it rounds or cuts is not documented.
LTV_STEP = Decimal("0.0001")


class Thresholds(t.NamedTuple):
    """The LTVs at which the exchange warns of a loan with its own collateral, and at which it liquidates it."""

    margin_call_ltv: Decimal
    liquidation_ltv: Decimal


@dataclasses.dataclass(frozen=True)
class Loan:
    """A loan as of one moment; amounts are in C(coin) unless their name says otherwise.

    :ivar product: One of C(PRODUCTS).
    :ivar loan_id: The exchange's ID of it; none for a loan without ID, and for several contracts together.
    :ivar principal: Unpaid principal.
    :ivar interest: Unpaid interest.
    :ivar penalty_interest: Unpaid penalty interest of an overdue loan.
    :ivar status: One of C(open), C(repaid), C(liquidated).
    :ivar hourly_rate: The rate of interest as a fraction, where the exchange gives it by the hour.
    :ivar annual_rate: The rate of interest as a fraction.
    :ivar collateral_coin: Of a loan that has its own collateral.
    :ivar ltv: Of a loan that has its own collateral: debt divided by collateral, as the exchange shows it.
    :ivar maturity_time_ms: When a fixed-term loan is due (UTC, ms); none for a flexible loan.
    :ivar position: The account, for a loan whose collateral is the account's, when it has been read.
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
        """Everything that is still to be paid: principal, interest and penalty interest."""
        return total(self.principal, self.interest, self.penalty_interest)

    @property
    def levels(self) -> tuple[tuple[str, Decimal], ...]:
        """What a repayment lowers, by name."""
        return ("debt", self.debt), ("principal", self.principal)

    @property
    def is_open(self) -> bool:
        return self.status == OPEN

    @property
    def movements(self) -> None:
        """No ledger: the debt shows what was repaid."""
        return None

    @property
    def reported_ltv(self) -> Decimal | None:
        """The LTV of the loan, or of the account where the collateral is the account's and was read."""
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
            # Several contracts together are due when the first open one is.
            maturity_time_ms=self.maturity_time_ms if is_open or self.loan_id else None,
            position=self.position.after_paying(self.product, self.coin, amount) if self.position else None,
        )

    def is_ltv_surely_at_most(self, max_ltv: Decimal) -> bool:
        """Return whether the true LTV is at most this, however the exchange has rounded the one that it shows."""
        if self.position is not None:
            return self.position.is_surely_at_most(max_ltv)
        return self.ltv is None or self.ltv + LTV_STEP <= max_ltv

    def amount_above_ltv(self, max_ltv: Decimal) -> Decimal | None:
        """Return how much must be repaid, so that afterwards even the LTV as shown is surely at most this.

        :return: Possibly more than the debt; none if neither the LTV nor the price of the coin is known.
        """
        if self.position is not None:
            return self.position.coins_for(self.product, self.coin, self.position.usd_above(max_ltv))
        if self.ltv is None:
            return None
        target_ltv = max(max_ltv - 2 * LTV_STEP, Decimal(0))
        return difference(self.debt, divide(multiply(self.debt, target_ltv), self.ltv + LTV_STEP))

    def collateral_at(self, max_ltv: Decimal) -> Decimal | None:
        """Return how much must be pledged for a loan with its own collateral, so that even the LTV as shown is surely at most this.

        :return: More or less than is pledged now; none if no amount is enough, or the LTV or what is pledged is not known.
        """
        target_ltv = difference(max_ltv, 2 * LTV_STEP)
        if self.ltv is None or self.collateral_amount is None or target_ltv <= 0:
            return None
        return divide(multiply(self.collateral_amount, total(self.ltv, LTV_STEP)), target_ltv)

    def with_collateral(self, amount: Decimal) -> Loan:
        """Predict the loan with so much of its own collateral, at the prices of this moment."""
        known = self.ltv is not None and self.collateral_amount and amount
        ltv = _rounded(divide(multiply(self.ltv or Decimal(0), self.collateral_amount or Decimal(0)), amount)) if known else None
        return dataclasses.replace(self, collateral_amount=amount, ltv=ltv)

    def as_result(self) -> dict[str, t.Any]:
        """Return the loan as the modules return it: amounts as decimal strings."""
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
        """Return the figures for C(--diff), by the word that precedes each."""
        return {"debt": plain(self.debt), "LTV": plain_or_none(self.reported_ltv)}


def annual(hourly_rate: Decimal | None) -> Decimal | None:
    """Return a rate for a year of 365 days, without compound interest."""
    return None if hourly_rate is None else multiply(hourly_rate, Decimal(24 * 365))


def _pay(due: Decimal, amount: Decimal) -> tuple[Decimal, Decimal]:
    paid = min(due, amount)
    return difference(due, paid), difference(amount, paid)


def _rounded(ltv: Decimal) -> Decimal:
    return ltv.quantize(LTV_STEP, ROUND_HALF_UP)
