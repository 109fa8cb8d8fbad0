# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed loans in the book: contracts with prepaid interest, their maturity, and what happens when they are overdue."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from . import funding
from .clock import DAY_MS, HOUR_MS
from .debts import (
    AUTO_REPAY, BY_AUTO_REPAY, BY_OVERDUE, BY_TRANSFER, FIXED, OPEN, TO_FLEXIBLE, FixedContract, Payment,
    PendingBorrowing, Share,
)
from .effects import NO_EFFECTS, Effects
from .errors import Refusal
from .flexible import Flexible
from .ground import Ground
from .interest import GRACE_MS, PENALTY_FACTOR, PLACES, hours_charged, next_charge
from .model import Account
from .money import ZERO, decimals, rounded, rounded_down, unit
from .payments import Payments
from .pool import Pool
from .switches import FULL, INTEREST_BACK, MATCHED_BEFORE

HOURS_OF_A_YEAR = 365 * 24
INTEREST_PLACES = 18


def prepaid_interest(principal: Decimal, annual_rate: Decimal, term: str) -> Decimal:
    # Rounded up, as the two documented contracts are.
    return (principal * annual_rate * int(term) / 365).quantize(unit(INTEREST_PLACES), rounding=ROUND_UP)


def accrue(contract: FixedContract, now: int, way: str = FULL) -> bool:
    """Charge every overdue hour that has not been charged yet; true if there was one."""
    last = hours_charged(way, contract.due_at, now)
    if last <= contract.overdue_hours:
        return False
    hourly = contract.principal * contract.annual_rate / HOURS_OF_A_YEAR
    contract.penalty += (last - contract.overdue_hours) * rounded(hourly * PENALTY_FACTOR, PLACES)
    contract.overdue_hours = last
    return True


def _interest(shares: list[Share]) -> Decimal:
    return sum((share.interest for share in shares), ZERO)


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
                self._watch(account, contract)

    def _watch(self, account: Account, contract: FixedContract) -> None:
        if contract.matured:
            self.ground.hours.add(0, functools.partial(self._hour, account, contract))
        else:
            self._plan(contract.due_at, self._mature, account, contract)
        self._plan(contract.due_at + GRACE_MS, self._take_overdue, account, contract)

    def fully_repay(
        self, account: Account, loan_id: str, coin: str, now: int, *, origin: str = "api", effects: Effects = NO_EFFECTS
    ) -> Payment:
        if coin and not loan_id and self.ground.switches.sweep == MATCHED_BEFORE:
            for order in [item for item in account.pending if item.coin == coin]:
                self._match(account, order, now)
        contracts = self._repayable(account, loan_id, coin)
        shares = [Share(contract.loan_id, contract.debt, contract.penalty) for contract in contracts]
        payment = Payment(
            FIXED, contracts[0].coin, sum((item.amount for item in shares), ZERO), now, origin=origin, full=True,
            shares=shares, interest=_interest(shares),
        )
        return self.payments.begin(account, payment, contracts, effects)

    def repay_with_collateral(
        self, account: Account, loan_id: str, coin: str, amount: Decimal, names: str, now: int, effects: Effects
    ) -> Payment:
        contracts = self._repayable(account, loan_id, coin)
        debt = sum((item.debt for item in contracts), ZERO)
        accuracy = self.ledger.loan_coins[coin].fixed_accuracy
        if decimals(amount) > self.ground.switches.places(accuracy, debt):
            raise Refusal(148028)
        amount = self.ground.switches.fitting(amount, debt, accuracy)
        contracts.sort(key=lambda item: (item.due_at, -item.annual_rate, int(item.loan_id)))
        left, shares, lowered = amount, [], []
        for contract in contracts:
            if left > ZERO:
                part = min(left, contract.debt)
                shares.append(Share(contract.loan_id, part, min(part, contract.penalty)))
                lowered.append(contract)
                left -= shares[-1].amount
        if left > ZERO:
            raise Refusal(148038)
        sold, fee = self.pool.quote(account, coin, amount, names)
        payment = Payment(
            FIXED, coin, amount, now, self.ledger.settings.collateral_repay_type, shares=shares, sold=sold, fee=fee,
            interest=_interest(shares),
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
            accuracy = self.ledger.loan_coins[contract.coin].fixed_accuracy
            smallest = unit(self.ground.switches.places(accuracy, contract.debt))
            penalty = min(amount, contract.penalty)
            contract.penalty -= penalty
            contract.principal -= amount - penalty
            if contract.debt == ZERO or (self.ledger.settings.forgive_dust and contract.debt < smallest):
                self._return_interest(account, contract, at)
                contract.close(at)
        return True

    def order(self, account: Account, order: PendingBorrowing) -> None:
        """An order to borrow, which waits for a lender."""
        if order.coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        account.pending.append(order)
        self.ground.changed = True

    def _match(self, account: Account, order: PendingBorrowing, now: int) -> None:
        """Turn an order that waits into a contract; the money comes less the interest of the whole term."""
        account.pending = [item for item in account.pending if item is not order]
        number = max((int(item.loan_id) for one in self.ledger.accounts for item in one.fixed), default=0) + 1
        paid = prepaid_interest(order.amount, order.annual_rate, order.term)
        contract = FixedContract(
            str(number), order.order_id, order.coin, order.term, order.amount, order.annual_rate, now,
            now + int(order.term) * DAY_MS, paid, order.amount,
        )
        bisect.insort(account.fixed, contract, key=lambda item: item.position)
        self.ground.move(account, order.coin, order.amount - paid, now, funding.BORROWING)
        self._watch(account, contract)

    def _return_interest(self, account: Account, contract: FixedContract, at: int) -> None:
        hours = max(0, contract.due_at - at) // HOUR_MS
        if hours and self.ground.switches.early_repayment == INTEREST_BACK:
            share = contract.interest_paid * hours / (int(contract.term) * DAY_MS // HOUR_MS)
            self.ground.move(account, contract.coin, rounded_down(share, PLACES), at, funding.INTEREST_BACK)

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
            self.ground.move(account, contract.coin, -contract.debt, at, funding.AUTO_REPAYMENT)
            self._finish(account, contract, BY_AUTO_REPAY, at)
        elif contract.repay_type == TO_FLEXIBLE:
            self.flexible.grow(account, contract.coin, contract.debt, at)
            self._finish(account, contract, BY_TRANSFER, at)
        else:
            following = next_charge(self._way, contract.due_at, at)
            self.ground.hours.add(following, functools.partial(self._hour, account, contract))

    def _finish(self, account: Account, contract: FixedContract, kind: int, at: int) -> None:
        self.payments.record(account, Payment(
            FIXED, contract.coin, contract.debt, at, kind, origin="auto", visible_at=at, settled_at=at,
            shares=[Share(contract.loan_id, contract.debt, contract.penalty)], interest=contract.penalty,
        ))
        contract.close(at)

    @property
    def _way(self) -> str:
        return self.ground.switches.interest_hours

    def _hour(self, account: Account, contract: FixedContract, now: int) -> None:
        if contract.status != OPEN:
            return
        following = next_charge(self._way, contract.due_at, now)
        busy = self._busy(account).get(contract.loan_id)
        if busy is None and accrue(contract, now, self._way):
            self.ground.changed = True
            self.ground.touch(account)
        # What is being repaid is charged no more; if that fails it catches up.
        at = following if busy is None else max(now + 1, busy.settles_at)
        self.ground.hours.add(at, functools.partial(self._hour, account, contract))

    def _take_overdue(self, account: Account, contract: FixedContract, at: int) -> None:
        accrue(contract, at, self._way)
        self.pool.sell_for(account, contract, BY_OVERDUE, at)
        contract.close(at)
