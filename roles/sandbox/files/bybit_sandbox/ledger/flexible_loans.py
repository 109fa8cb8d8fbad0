# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flexible loans: one debt for each coin, with hourly interest."""

from __future__ import annotations

import bisect
import functools
from decimal import Decimal

from ..amounts import ZERO, decimals, rounded_up, unit
from ..errors import Refusal
from ..switches import FULL
from . import business_types
from .bookkeeping import Bookkeeping
from .collateral import CollateralPool
from .interest import PLACES, hours_charged, next_charge
from .model import Account
from .records import FLEXIBLE, OPEN, Borrowing, FlexibleDebt, Repayment
from .repayments import Repayments
from .settlement import IMMEDIATE, Settlement


def accrue(debt: FlexibleDebt, now: int, charging: str = FULL) -> bool:
    """Charge all hours that are not charged yet; return True if there were any."""
    last = hours_charged(charging, debt.borrowed_at, now)
    if last <= debt.accrued_hours:
        return False
    debt.interest += (last - debt.accrued_hours) * rounded_up(debt.principal * debt.hourly_rate, PLACES)
    debt.accrued_hours = last
    return True


class FlexibleLoans:
    def __init__(self, books: Bookkeeping, repayments: Repayments, collateral: CollateralPool) -> None:
        self.books = books
        self.ledger = books.ledger
        self.repayments = repayments
        self.collateral = collateral
        repayments.products[FLEXIBLE] = self._lower

    def resume(self, account: Account) -> None:
        for debt in account.flexible_loans.values():
            self.books.interest_charges.add(0, functools.partial(self._charge_hour, account, debt))

    def repay(
        self, account: Account, coin: str, amount: Decimal, now: int, *, origin: str = "api",
        settlement: Settlement = IMMEDIATE,
    ) -> Repayment:
        debt, amount = self._repayable(account, coin, amount)
        repayment = Repayment(FLEXIBLE, coin, amount, now, origin=origin, interest=min(amount, debt.interest))
        return self.repayments.begin(account, repayment, [debt], settlement)

    def repay_with_collateral(
        self, account: Account, coin: str, amount: Decimal, names: str, now: int, settlement: Settlement
    ) -> Repayment:
        debt, amount = self._repayable(account, coin, amount)
        sold, fee = self.collateral.quote(account, coin, amount, names)
        repayment = Repayment(
            FLEXIBLE, coin, amount, now, self.ledger.settings.collateral_repay_type, sold=sold, fee=fee,
            interest=min(amount, debt.interest),
        )
        return self.repayments.begin(account, repayment, [debt], settlement)

    def borrow(self, account: Account, coin: str, amount: Decimal, now: int) -> Borrowing:
        """Borrow as the owner does in the app; the money goes to the Funding wallet."""
        terms = self.ledger.loan_coins.get(coin)
        if terms is None:
            raise Refusal(148014)
        if amount < terms.min_amount or amount <= ZERO:
            raise Refusal(148002)
        if decimals(amount) > terms.flexible_accuracy:
            raise Refusal(148003)
        debt = self.collateral.debt_usd(account) + amount * self.ledger.prices[coin]
        if debt > self.ledger.settings.initial_ltv * self.collateral.collateral_usd(account.collateral):
            raise Refusal(148009)
        self.books.post(account, coin, amount, now, business_types.BORROWING)
        return self.grow(account, coin, amount, now)

    def grow(self, account: Account, coin: str, amount: Decimal, at: int) -> Borrowing:
        """Increase the debt by this amount."""
        debt = account.flexible_loans.get(coin)
        if debt is None:
            rate = Decimal(self.ledger.loan_coins[coin].flexible_rate or 0)
            debt = account.flexible_loans[coin] = FlexibleDebt(coin, ZERO, rate, at)
            self._charge_later(account, debt, at)
        accrue(debt, at, self._charging)
        debt.principal += amount
        self.ledger.last_order_number += 1
        order = Borrowing(str(self.ledger.last_order_number), coin, amount, at)
        bisect.insort(account.borrowings, order, key=lambda item: item.position)
        self.books.changed = True
        return order

    def _charge_hour(self, account: Account, debt: FlexibleDebt, now: int) -> None:
        if account.flexible_loans.get(debt.coin) is not debt:
            return
        if accrue(debt, now, self._charging):
            self.books.changed = True
            self.books.check_later(account)
        self._charge_later(account, debt, now)

    def _charge_later(self, account: Account, debt: FlexibleDebt, now: int) -> None:
        at = next_charge(self._charging, debt.borrowed_at, now)
        self.books.interest_charges.add(at, functools.partial(self._charge_hour, account, debt))

    @property
    def _charging(self) -> str:
        return self.books.switches.interest_hours

    def _repayable(self, account: Account, coin: str, amount: Decimal) -> tuple[FlexibleDebt, Decimal]:
        """The debt to repay, and the amount, cut to the debt where the switch allows it."""
        if coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        debt = account.flexible_loans.get(coin)
        if debt is None:
            others = account.flexible_loans or any(contract.status == OPEN for contract in account.fixed_contracts)
            raise Refusal(148032 if others else 148027)
        accuracy = self.ledger.loan_coins[coin].flexible_accuracy
        if decimals(amount) > self.books.switches.places(accuracy, debt.debt):
            raise Refusal(148028)
        processing = self.repayments.under_way(account, FLEXIBLE)
        left = debt.debt - sum((item.amount for item in processing if item.coin == coin), ZERO)
        amount = self.books.switches.cut_to_debt(amount, left, accuracy)
        if amount > left:
            raise Refusal(148038)
        return debt, amount

    def _lower(self, account: Account, repayment: Repayment, at: int) -> bool:
        debt = account.flexible_loans.get(repayment.coin)
        if debt is None:
            return False
        accrue(debt, at, self._charging)
        if repayment.amount > debt.debt:
            return False
        accuracy = self.ledger.loan_coins[debt.coin].flexible_accuracy
        smallest = unit(self.books.switches.places(accuracy, debt.debt))
        repayment.interest = min(repayment.amount, debt.interest)
        debt.interest -= repayment.interest
        debt.principal -= repayment.amount - repayment.interest
        if debt.debt == ZERO or (self.ledger.settings.forgive_dust and debt.debt < smallest):
            del account.flexible_loans[debt.coin]
            if self.books.switches.returns_collateral == "yes" and self.collateral.debt_usd(account) == ZERO:
                self.collateral.release(account, at)
        return True
