# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flexible loans in the book: one debt for each coin, charged by the hour."""

from __future__ import annotations

import bisect
import functools
from decimal import Decimal

from .clock import HOUR_MS
from .debts import FLEXIBLE, OPEN, Borrowing, FlexibleDebt, Payment
from .effects import NO_EFFECTS, Effects
from .errors import Refusal
from .ground import Ground
from .interest import PLACES, full_hours
from .model import Account
from .money import ZERO, decimals, rounded, unit
from .payments import Payments
from .pool import Pool


def accrue(debt: FlexibleDebt, now: int) -> bool:
    """Charge every full hour that has not been charged yet; true if there was one."""
    last = full_hours(debt.borrowed_at, now)
    if last <= debt.accrued_hours:
        return False
    debt.interest += (last - debt.accrued_hours) * rounded(debt.principal * debt.hourly_rate, PLACES)
    debt.accrued_hours = last
    return True


class Flexible:
    def __init__(self, ground: Ground, payments: Payments, pool: Pool) -> None:
        self.ground = ground
        self.ledger = ground.ledger
        self.payments = payments
        self.pool = pool
        payments.products[FLEXIBLE] = self._lower

    def enrol(self, account: Account) -> None:
        for debt in account.flexible.values():
            self.ground.hours.add(0, functools.partial(self._hour, account, debt))

    def repay(
        self, account: Account, coin: str, amount: Decimal, now: int, *, origin: str = "api",
        effects: Effects = NO_EFFECTS,
    ) -> Payment:
        debt = self._repayable(account, coin, amount)
        payment = Payment(FLEXIBLE, coin, amount, now, origin=origin)
        return self.payments.begin(account, payment, [debt], effects)

    def repay_with_collateral(
        self, account: Account, coin: str, amount: Decimal, names: str, now: int, effects: Effects
    ) -> Payment:
        debt = self._repayable(account, coin, amount)
        sold = self.pool.quote(account, coin, amount, names)
        payment = Payment(FLEXIBLE, coin, amount, now, self.ledger.settings.collateral_repay_type, sold=sold)
        return self.payments.begin(account, payment, [debt], effects)

    def borrow(self, account: Account, coin: str, amount: Decimal, now: int) -> Borrowing:
        """What the owner does in the app: the money arrives in the Funding wallet."""
        terms = self.ledger.loan_coins.get(coin)
        if terms is None:
            raise Refusal(148014)
        if amount < terms.min_amount or amount <= ZERO:
            raise Refusal(148002)
        if decimals(amount) > terms.flexible_accuracy:
            raise Refusal(148003)
        debt = self.pool.debt_usd(account) + amount * self.ledger.prices[coin]
        if debt > self.ledger.settings.initial_ltv * self.pool.collateral_usd(account.collateral):
            raise Refusal(148009)
        account.credit(coin, amount)
        return self.grow(account, coin, amount, now)

    def grow(self, account: Account, coin: str, amount: Decimal, at: int) -> Borrowing:
        """Owe so much more from now on."""
        debt = account.flexible.get(coin)
        if debt is None:
            rate = Decimal(self.ledger.loan_coins[coin].flexible_rate or 0)
            debt = account.flexible[coin] = FlexibleDebt(coin, ZERO, rate, at)
            self.ground.hours.add(at + HOUR_MS, functools.partial(self._hour, account, debt))
        accrue(debt, at)
        debt.principal += amount
        self.ledger.last_order_number += 1
        order = Borrowing(str(self.ledger.last_order_number), coin, amount, at)
        bisect.insort(account.borrowings, order, key=lambda item: item.position)
        self.ground.changed = True
        return order

    def _hour(self, account: Account, debt: FlexibleDebt, now: int) -> None:
        if account.flexible.get(debt.coin) is not debt:
            return
        if accrue(debt, now):
            self.ground.changed = True
            self.ground.touch(account)
        following = debt.borrowed_at + (full_hours(debt.borrowed_at, now) + 1) * HOUR_MS
        self.ground.hours.add(following, functools.partial(self._hour, account, debt))

    def _repayable(self, account: Account, coin: str, amount: Decimal) -> FlexibleDebt:
        if coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        debt = account.flexible.get(coin)
        if debt is None:
            others = account.flexible or any(contract.status == OPEN for contract in account.fixed)
            raise Refusal(148032 if others else 148027)
        if decimals(amount) > self.ledger.loan_coins[coin].flexible_accuracy:
            raise Refusal(148028)
        processing = self.payments.under_way(account, FLEXIBLE)
        if amount > debt.debt - sum((item.amount for item in processing if item.coin == coin), ZERO):
            raise Refusal(148038)
        return debt

    def _lower(self, account: Account, payment: Payment, at: int) -> bool:
        debt = account.flexible.get(payment.coin)
        if debt is None:
            return False
        accrue(debt, at)
        if payment.amount > debt.debt:
            return False
        interest = min(payment.amount, debt.interest)
        debt.interest -= interest
        debt.principal -= payment.amount - interest
        smallest = unit(self.ledger.loan_coins[debt.coin].flexible_accuracy)
        if debt.debt == ZERO or (self.ledger.settings.forgive_dust and debt.debt < smallest):
            del account.flexible[debt.coin]
        return True
