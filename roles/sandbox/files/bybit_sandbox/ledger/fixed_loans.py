# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed loans: contracts with prepaid interest, their maturity, and what happens when they are overdue."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from ..amounts import ZERO, decimals, rounded, rounded_down, unit
from ..clock import DAY_MS, HOUR_MS
from ..errors import Refusal
from ..switches import FULL, INTEREST_BACK, MATCHED_BEFORE
from . import business_types
from .bookkeeping import Bookkeeping
from .collateral import CollateralPool
from .flexible_loans import FlexibleLoans
from .interest import GRACE_MS, PENALTY_FACTOR, PLACES, hours_charged, next_charge
from .model import Account
from .records import (
    AUTO_REPAY, BY_AUTO_REPAY, BY_OVERDUE, BY_TRANSFER, FIXED, OPEN, TO_FLEXIBLE, Allocation, FixedContract,
    PendingBorrowing, Repayment,
)
from .repayments import Repayments
from .settlement import IMMEDIATE, Settlement

HOURS_OF_A_YEAR = 365 * 24
INTEREST_PLACES = 18


def prepaid_interest(principal: Decimal, annual_rate: Decimal, term: str) -> Decimal:
    # Rounded up, as in both documented contracts.
    return (principal * annual_rate * int(term) / 365).quantize(unit(INTEREST_PLACES), rounding=ROUND_UP)


def accrue(contract: FixedContract, now: int, charging: str = FULL) -> bool:
    """Charge all overdue hours that are not charged yet; return True if there were any."""
    last = hours_charged(charging, contract.due_at, now)
    if last <= contract.overdue_hours:
        return False
    hourly = contract.principal * contract.annual_rate / HOURS_OF_A_YEAR
    contract.penalty += (last - contract.overdue_hours) * rounded(hourly * PENALTY_FACTOR, PLACES)
    contract.overdue_hours = last
    return True


def _interest(allocations: list[Allocation]) -> Decimal:
    return sum((share.interest for share in allocations), ZERO)


class FixedLoans:
    def __init__(self, books: Bookkeeping, repayments: Repayments, collateral: CollateralPool, flexible: FlexibleLoans) -> None:
        self.books = books
        self.ledger = books.ledger
        self.repayments = repayments
        self.collateral = collateral
        self.flexible = flexible
        repayments.products[FIXED] = self._lower

    def resume(self, account: Account) -> None:
        for contract in account.fixed_contracts:
            if contract.status == OPEN:
                self._resume(account, contract)

    def _resume(self, account: Account, contract: FixedContract) -> None:
        if contract.matured:
            self.books.interest_charges.add(0, functools.partial(self._charge_hour, account, contract))
        else:
            self._plan(contract.due_at, self._mature, account, contract)
        self._plan(contract.due_at + GRACE_MS, self._liquidate_overdue, account, contract)

    def fully_repay(
        self, account: Account, loan_id: str, coin: str, now: int, *, origin: str = "api", settlement: Settlement = IMMEDIATE
    ) -> Repayment:
        if coin and not loan_id and self.books.switches.sweep == MATCHED_BEFORE:
            for order in [item for item in account.pending_borrowings if item.coin == coin]:
                self._match(account, order, now)
        contracts = self._repayable(account, loan_id, coin)
        allocations = [Allocation(contract.loan_id, contract.debt, contract.penalty) for contract in contracts]
        repayment = Repayment(
            FIXED, contracts[0].coin, sum((item.amount for item in allocations), ZERO), now, origin=origin, full=True,
            allocations=allocations, interest=_interest(allocations),
        )
        return self.repayments.begin(account, repayment, contracts, settlement)

    def repay_with_collateral(
        self, account: Account, loan_id: str, coin: str, amount: Decimal, names: str, now: int, settlement: Settlement
    ) -> Repayment:
        contracts = self._repayable(account, loan_id, coin)
        debt = sum((item.debt for item in contracts), ZERO)
        accuracy = self.ledger.loan_coins[coin].fixed_accuracy
        if decimals(amount) > self.books.switches.places(accuracy, debt):
            raise Refusal(148028)
        amount = self.books.switches.cut_to_debt(amount, debt, accuracy)
        contracts.sort(key=lambda item: (item.due_at, -item.annual_rate, int(item.loan_id)))
        left, allocations, lowered = amount, [], []
        for contract in contracts:
            if left > ZERO:
                part = min(left, contract.debt)
                allocations.append(Allocation(contract.loan_id, part, min(part, contract.penalty)))
                lowered.append(contract)
                left -= allocations[-1].amount
        if left > ZERO:
            raise Refusal(148038)
        sold, fee = self.collateral.quote(account, coin, amount, names)
        repayment = Repayment(
            FIXED, coin, amount, now, self.ledger.settings.collateral_repay_type, allocations=allocations, sold=sold, fee=fee,
            interest=_interest(allocations),
        )
        return self.repayments.begin(account, repayment, lowered, settlement)

    def _repayable(self, account: Account, loan_id: str, coin: str) -> list[FixedContract]:
        """The open contract with this ID, or all contracts in this coin, except those that are being repaid."""
        if coin and coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        found = [item for item in account.fixed_contracts if (item.loan_id == loan_id if loan_id else item.coin == coin)]
        if loan_id and not found:
            raise Refusal(148023)
        if loan_id and coin and found[0].coin != coin:
            raise Refusal(10001, "loanCurrency is not the coin of this loanId")
        still_open = [item for item in found if item.status == OPEN]
        if not still_open:
            others = account.flexible_loans or any(contract.status == OPEN for contract in account.fixed_contracts)
            raise Refusal(148032 if others else 148027)
        busy = self._busy(account)
        free = [item for item in still_open if item.loan_id not in busy]
        if not free:
            raise Refusal(148041)
        return free

    def _busy(self, account: Account) -> dict[str, Repayment]:
        """The repayments in progress, by the loan ID of their contract."""
        return {share.loan_id: item for item in self.repayments.under_way(account, FIXED) for share in item.allocations}

    def _lower(self, account: Account, repayment: Repayment, at: int) -> bool:
        wanted = {share.loan_id: share.amount for share in repayment.allocations}
        contracts = [item for item in account.fixed_contracts if item.loan_id in wanted and item.status == OPEN]
        if len(contracts) < len(wanted):
            return False
        for contract in contracts:
            amount = contract.debt if repayment.full else wanted[contract.loan_id]
            accuracy = self.ledger.loan_coins[contract.coin].fixed_accuracy
            smallest = unit(self.books.switches.places(accuracy, contract.debt))
            penalty = min(amount, contract.penalty)
            contract.penalty -= penalty
            contract.principal -= amount - penalty
            if contract.debt == ZERO or (self.ledger.settings.forgive_dust and contract.debt < smallest):
                self._return_interest(account, contract, at)
                contract.close(at)
        return True

    def order(self, account: Account, order: PendingBorrowing) -> None:
        """Add a borrowing order, which waits for a lender."""
        if order.coin not in self.ledger.loan_coins:
            raise Refusal(148014)
        account.pending_borrowings.append(order)
        self.books.changed = True

    def _match(self, account: Account, order: PendingBorrowing, now: int) -> None:
        """Turn a pending order into a contract; the wallet gets the amount minus the interest of the whole term."""
        account.pending_borrowings = [item for item in account.pending_borrowings if item is not order]
        number = max((int(item.loan_id) for one in self.ledger.accounts for item in one.fixed_contracts), default=0) + 1
        paid = prepaid_interest(order.amount, order.annual_rate, order.term)
        contract = FixedContract(
            str(number), order.order_id, order.coin, order.term, order.amount, order.annual_rate, now,
            now + int(order.term) * DAY_MS, paid, order.amount,
        )
        bisect.insort(account.fixed_contracts, contract, key=lambda item: item.position)
        self.books.post(account, order.coin, order.amount - paid, now, business_types.BORROWING)
        self._resume(account, contract)

    def _return_interest(self, account: Account, contract: FixedContract, at: int) -> None:
        hours = max(0, contract.due_at - at) // HOUR_MS
        if hours and self.books.switches.early_repayment == INTEREST_BACK:
            share = contract.interest_paid * hours / (int(contract.term) * DAY_MS // HOUR_MS)
            self.books.post(account, contract.coin, rounded_down(share, PLACES), at, business_types.INTEREST_BACK)

    def _plan(
        self, at: int, action: Callable[[Account, FixedContract, int], None], account: Account, contract: FixedContract
    ) -> None:
        """Schedule an action on a contract; if a repayment of it is in progress then, act right after that."""
        def act(now: int) -> None:
            if contract.status != OPEN:
                return
            busy = self._busy(account).get(contract.loan_id)
            if busy is None:
                action(account, contract, now)
            else:
                self._plan(busy.settles_at, action, account, contract)

        self.books.events.add(at, act)

    def _mature(self, account: Account, contract: FixedContract, at: int) -> None:
        contract.matured = True
        self.books.changed = True
        if contract.repay_type == AUTO_REPAY and contract.debt <= account.wallet.get(contract.coin, ZERO):
            self.books.post(account, contract.coin, -contract.debt, at, business_types.AUTO_REPAYMENT)
            self._finish(account, contract, BY_AUTO_REPAY, at)
        elif contract.repay_type == TO_FLEXIBLE:
            self.flexible.grow(account, contract.coin, contract.debt, at)
            self._finish(account, contract, BY_TRANSFER, at)
        else:
            following = next_charge(self._charging, contract.due_at, at)
            self.books.interest_charges.add(following, functools.partial(self._charge_hour, account, contract))

    def _finish(self, account: Account, contract: FixedContract, kind: int, at: int) -> None:
        self.repayments.record(account, Repayment(
            FIXED, contract.coin, contract.debt, at, kind, origin="auto", visible_at=at, settled_at=at,
            allocations=[Allocation(contract.loan_id, contract.debt, contract.penalty)], interest=contract.penalty,
        ))
        contract.close(at)

    @property
    def _charging(self) -> str:
        return self.books.switches.interest_hours

    def _charge_hour(self, account: Account, contract: FixedContract, now: int) -> None:
        if contract.status != OPEN:
            return
        following = next_charge(self._charging, contract.due_at, now)
        busy = self._busy(account).get(contract.loan_id)
        if busy is None and accrue(contract, now, self._charging):
            self.books.changed = True
            self.books.check_later(account)
        # A contract that is being repaid is not charged; if the repayment fails, it is charged afterwards.
        at = following if busy is None else max(now + 1, busy.settles_at)
        self.books.interest_charges.add(at, functools.partial(self._charge_hour, account, contract))

    def _liquidate_overdue(self, account: Account, contract: FixedContract, at: int) -> None:
        accrue(contract, at, self._charging)
        self.collateral.sell_for(account, contract, BY_OVERDUE, at)
        contract.close(at)
