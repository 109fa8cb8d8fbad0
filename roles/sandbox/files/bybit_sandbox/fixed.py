# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed loans in the book: contracts with prepaid interest, their maturity, and what happens when they are overdue."""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from .clock import HOUR_MS
from .debts import (
    AUTO_REPAY, BY_AUTO_REPAY, BY_OVERDUE, BY_TRANSFER, FIXED, OPEN, TO_FLEXIBLE, FixedContract, Payment, Share,
)
from .effects import NO_EFFECTS, Effects
from .errors import Refusal
from .flexible import Flexible
from .ground import Ground
from .interest import GRACE_MS, PENALTY_FACTOR, PLACES, full_hours
from .model import Account
from .money import ZERO, decimals, rounded, unit
from .payments import Payments
from .pool import Pool

HOURS_OF_A_YEAR = 365 * 24
INTEREST_PLACES = 18


def prepaid_interest(principal: Decimal, annual_rate: Decimal, term: str) -> Decimal:
    # Rounded up, as the two documented contracts are.
    return (principal * annual_rate * int(term) / 365).quantize(unit(INTEREST_PLACES), rounding=ROUND_UP)


def accrue(contract: FixedContract, now: int) -> bool:
    """Charge every full overdue hour that has not been charged yet; true if there was one."""
    last = full_hours(contract.due_at, now)
    if last <= contract.overdue_hours:
        return False
    hourly = contract.principal * contract.annual_rate / HOURS_OF_A_YEAR
    contract.penalty += (last - contract.overdue_hours) * rounded(hourly * PENALTY_FACTOR, PLACES)
    contract.overdue_hours = last
    return True


class Fixed:
    def __init__(self, ground: Ground, payments: Payments, pool: Pool, flexible: Flexible) -> None:
        self.ground = ground
        self.ledger = ground.ledger
        self.payments = payments
        self.pool = pool
        self.flexible = flexible
        payments.products[FIXED] = self._lower

    def enrol(self, account: Account) -> None:
        for contract in account.fixed:
            if contract.status == OPEN:
                if contract.matured:
                    self.ground.hours.add(0, functools.partial(self._hour, account, contract))
                else:
                    self._plan(contract.due_at, self._mature, account, contract)
                self._plan(contract.due_at + GRACE_MS, self._take_overdue, account, contract)

    def fully_repay(
        self, account: Account, loan_id: str, coin: str, now: int, *, origin: str = "api", effects: Effects = NO_EFFECTS
    ) -> Payment:
        contracts = self._repayable(account, loan_id, coin)
        shares = [Share(contract.loan_id, contract.debt) for contract in contracts]
        payment = Payment(
            FIXED, contracts[0].coin, sum((item.amount for item in shares), ZERO), now, origin=origin, full=True,
            shares=shares,
        )
        return self.payments.begin(account, payment, contracts, effects)

    def repay_with_collateral(
        self, account: Account, loan_id: str, coin: str, amount: Decimal, names: str, now: int, effects: Effects
    ) -> Payment:
        contracts = self._repayable(account, loan_id, coin)
        if decimals(amount) > self.ledger.loan_coins[coin].fixed_accuracy:
            raise Refusal(148028)
        contracts.sort(key=lambda item: (item.due_at, -item.annual_rate, int(item.loan_id)))
        left, shares, lowered = amount, [], []
        for contract in contracts:
            if left > ZERO:
                shares.append(Share(contract.loan_id, min(left, contract.debt)))
                lowered.append(contract)
                left -= shares[-1].amount
        if left > ZERO:
            raise Refusal(148038)
        sold = self.pool.quote(account, coin, amount, names)
        payment = Payment(
            FIXED, coin, amount, now, self.ledger.settings.collateral_repay_type, shares=shares, sold=sold
        )
        return self.payments.begin(account, payment, lowered, effects)

    def _repayable(self, account: Account, loan_id: str, coin: str) -> list[FixedContract]:
        """The open contract of this id, or all of this coin, none of which has a repayment under way."""
        if coin and coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        found = [item for item in account.fixed if (item.loan_id == loan_id if loan_id else item.coin == coin)]
        if loan_id and not found:
            raise Refusal(148023)
        if loan_id and coin and found[0].coin != coin:
            raise Refusal(10001, "loanCurrency is not the coin of this loanId")
        still_open = [item for item in found if item.status == OPEN]
        if not still_open:
            others = account.flexible or any(contract.status == OPEN for contract in account.fixed)
            raise Refusal(148032 if others else 148027)
        busy = self._busy(account)
        free = [item for item in still_open if item.loan_id not in busy]
        if not free:
            raise Refusal(148041)
        return free

    def _busy(self, account: Account) -> dict[str, Payment]:
        """The contracts that have a repayment under way, and that repayment."""
        return {share.loan_id: item for item in self.payments.under_way(account, FIXED) for share in item.shares}

    def _lower(self, account: Account, payment: Payment, at: int) -> bool:
        wanted = {share.loan_id: share.amount for share in payment.shares}
        contracts = [item for item in account.fixed if item.loan_id in wanted and item.status == OPEN]
        if len(contracts) < len(wanted):
            return False
        for contract in contracts:
            amount = contract.debt if payment.full else wanted[contract.loan_id]
            penalty = min(amount, contract.penalty)
            contract.penalty -= penalty
            contract.principal -= amount - penalty
            smallest = unit(self.ledger.loan_coins[contract.coin].fixed_accuracy)
            if contract.debt == ZERO or (self.ledger.settings.forgive_dust and contract.debt < smallest):
                contract.close(at)
        return True

    def _plan(
        self, at: int, action: Callable[[Account, FixedContract, int], None], account: Account, contract: FixedContract
    ) -> None:
        """Do it at this time, or right after a repayment of the contract that is under way then."""
        def act(now: int) -> None:
            if contract.status != OPEN:
                return
            busy = self._busy(account).get(contract.loan_id)
            if busy is None:
                action(account, contract, now)
            else:
                self._plan(busy.settles_at, action, account, contract)

        self.ground.events.add(at, act)

    def _mature(self, account: Account, contract: FixedContract, at: int) -> None:
        contract.matured = True
        self.ground.changed = True
        if contract.repay_type == AUTO_REPAY and contract.debt <= account.wallet.get(contract.coin, ZERO):
            account.credit(contract.coin, -contract.debt)
            self._finish(account, contract, BY_AUTO_REPAY, at)
        elif contract.repay_type == TO_FLEXIBLE:
            self.flexible.grow(account, contract.coin, contract.debt, at)
            self._finish(account, contract, BY_TRANSFER, at)
        else:
            self.ground.hours.add(at + HOUR_MS, functools.partial(self._hour, account, contract))

    def _finish(self, account: Account, contract: FixedContract, kind: int, at: int) -> None:
        self.payments.record(account, Payment(
            FIXED, contract.coin, contract.debt, at, kind, origin="auto", visible_at=at,
            shares=[Share(contract.loan_id, contract.debt)],
        ))
        contract.close(at)

    def _hour(self, account: Account, contract: FixedContract, now: int) -> None:
        if contract.status != OPEN:
            return
        following = contract.due_at + (full_hours(contract.due_at, now) + 1) * HOUR_MS
        busy = self._busy(account).get(contract.loan_id)
        if busy is None and accrue(contract, now):
            self.ground.changed = True
            self.ground.touch(account)
        # What is being repaid is charged no more; if that fails it catches up.
        at = following if busy is None else max(now + 1, busy.settles_at)
        self.ground.hours.add(at, functools.partial(self._hour, account, contract))

    def _take_overdue(self, account: Account, contract: FixedContract, at: int) -> None:
        accrue(contract, at)
        self.pool.sell_for(account, contract, BY_OVERDUE, at)
        contract.close(at)
