# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flexible loans in the book: one debt for each coin, charged by the hour."""

from __future__ import annotations

import bisect
import functools
from decimal import Decimal

from . import funding
from .debts import FLEXIBLE, OPEN, Borrowing, FlexibleDebt, Payment
from .effects import NO_EFFECTS, Effects
from .errors import Refusal
from .ground import Ground
from .interest import PLACES, hours_charged, next_charge
from .model import Account
from .money import ZERO, decimals, rounded_up, unit
from .payments import Payments
from .pool import Pool
from .switches import FULL


def accrue(debt: FlexibleDebt, now: int, way: str = FULL) -> bool:
    """Charge every hour that has not been charged yet; true if there was one."""
    last = hours_charged(way, debt.borrowed_at, now)
    if last <= debt.accrued_hours:
        return False
    debt.interest += (last - debt.accrued_hours) * rounded_up(debt.principal * debt.hourly_rate, PLACES)
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
        debt, amount = self._repayable(account, coin, amount)
        payment = Payment(FLEXIBLE, coin, amount, now, origin=origin, interest=min(amount, debt.interest))
        return self.payments.begin(account, payment, [debt], effects)

    def repay_with_collateral(
        self, account: Account, coin: str, amount: Decimal, names: str, now: int, effects: Effects
    ) -> Payment:
        debt, amount = self._repayable(account, coin, amount)
        sold, fee = self.pool.quote(account, coin, amount, names)
        payment = Payment(
            FLEXIBLE, coin, amount, now, self.ledger.settings.collateral_repay_type, sold=sold, fee=fee,
            interest=min(amount, debt.interest),
        )
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
        self.ground.move(account, coin, amount, now, funding.BORROWING)
        return self.grow(account, coin, amount, now)

    def grow(self, account: Account, coin: str, amount: Decimal, at: int) -> Borrowing:
        """Owe so much more from now on."""
        debt = account.flexible.get(coin)
        if debt is None:
            rate = Decimal(self.ledger.loan_coins[coin].flexible_rate or 0)
            debt = account.flexible[coin] = FlexibleDebt(coin, ZERO, rate, at)
            self.ground.hours.add(next_charge(self._way, at, at), functools.partial(self._hour, account, debt))
        accrue(debt, at, self._way)
        debt.principal += amount
        self.ledger.last_order_number += 1
        order = Borrowing(str(self.ledger.last_order_number), coin, amount, at)
        bisect.insort(account.borrowings, order, key=lambda item: item.position)
        self.ground.changed = True
        return order

    def _hour(self, account: Account, debt: FlexibleDebt, now: int) -> None:
        if account.flexible.get(debt.coin) is not debt:
            return
        if accrue(debt, now, self._way):
            self.ground.changed = True
            self.ground.touch(account)
        self.ground.hours.add(next_charge(self._way, debt.borrowed_at, now), functools.partial(self._hour, account, debt))

    @property
    def _way(self) -> str:
        return self.ground.switches.interest_hours

    def _repayable(self, account: Account, coin: str, amount: Decimal) -> tuple[FlexibleDebt, Decimal]:
        """The debt that can be lowered by so much, and how much that is."""
        if coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        debt = account.flexible.get(coin)
        if debt is None:
            others = account.flexible or any(contract.status == OPEN for contract in account.fixed)
            raise Refusal(148032 if others else 148027)
        accuracy = self.ledger.loan_coins[coin].flexible_accuracy
        if decimals(amount) > self.ground.switches.places(accuracy, debt.debt):
            raise Refusal(148028)
        processing = self.payments.under_way(account, FLEXIBLE)
        left = debt.debt - sum((item.amount for item in processing if item.coin == coin), ZERO)
        amount = self.ground.switches.fitting(amount, left, accuracy)
        if amount > left:
            raise Refusal(148038)
        return debt, amount

    def _lower(self, account: Account, payment: Payment, at: int) -> bool:
        debt = account.flexible.get(payment.coin)
        if debt is None:
            return False
        accrue(debt, at, self._way)
        if payment.amount > debt.debt:
            return False
        accuracy = self.ledger.loan_coins[debt.coin].flexible_accuracy
        smallest = unit(self.ground.switches.places(accuracy, debt.debt))
        payment.interest = min(payment.amount, debt.interest)
        debt.interest -= payment.interest
        debt.principal -= payment.amount - payment.interest
        if debt.debt == ZERO or (self.ledger.settings.forgive_dust and debt.debt < smallest):
            del account.flexible[debt.coin]
            if self.ground.switches.returns_collateral == "yes" and self.pool.debt_usd(account) == ZERO:
                self.pool.release(account, at)
        return True
