# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Legacy loans: repayment, interest and liquidation, each loan with its own collateral."""

from __future__ import annotations

import bisect
import functools
from decimal import Decimal

from ..amounts import ZERO, decimals, rounded_down, unit
from ..errors import Refusal
from . import business_types, interest
from .bookkeeping import Bookkeeping
from .model import (
    BY_LIQUIDATION, FAILED, LIQUIDATED, OPEN, PROCESSING, REPAID, SUCCESS, Account, LegacyLoan, LegacyRepayment,
)
from .settlement import IMMEDIATE, Settlement

# Chosen so that the documented repayId encodes the documented time of that repayment.
ID_EPOCH_MS = 1_300_842_213_125
ID_TIME_SHIFT = 22


class LegacyLoans:
    def __init__(self, books: Bookkeeping) -> None:
        self.books = books
        self.ledger = books.ledger

    def resume(self, account: Account) -> None:
        for loan in account.legacy_loans:
            if loan.status == OPEN:
                self.books.interest_charges.add(0, functools.partial(self._charge_hour, account, loan))
        for repayment in account.legacy_repayments:
            if repayment.status == PROCESSING:
                self.books.events.add(repayment.settles_at, functools.partial(self._settle_later, account, repayment))

    def bring_up_to_date(self, account: Account, now: int) -> None:
        for loan in account.legacy_loans:
            self._bring_up_to_date(account, loan, now)

    def repay(
        self, account: Account, order_id: str, amount: Decimal, now: int, *, origin: str = "api",
        settlement: Settlement = IMMEDIATE,
    ) -> LegacyRepayment:
        loan = account.legacy_loan(order_id)
        if amount <= ZERO:
            raise Refusal(177019)
        if loan is None or loan.status != OPEN:
            raise Refusal(177005)
        if decimals(amount) > self._places(loan):
            raise Refusal(177004)
        processing = [item for item in account.legacy_repayments if item.order_id == order_id and item.status == PROCESSING]
        under_way = sum((item.amount for item in processing), ZERO)
        accuracy = self.ledger.loan_coins[loan.loan_coin].accuracy
        amount = self.books.switches.cut_to_debt(amount, loan.debt - under_way, accuracy)
        if amount > loan.debt - under_way:
            raise Refusal(177010)
        if amount > account.wallet.get(loan.loan_coin, ZERO):
            raise Refusal(177011)
        self.books.delay_visibility(account, settlement, now, [loan])
        self.books.post(account, loan.loan_coin, -amount, now, business_types.REPAYMENT)
        repayment = self._record(account, loan, amount, now)
        repayment.origin = origin
        repayment.visible_at = now + settlement.history_delay_ms
        repayment.final_status = settlement.final_status
        repayment.settles_at = now + settlement.processing_ms
        repayment.status = PROCESSING
        if repayment.settles_at <= now:
            self._settle(account, repayment, now)
        else:
            self.books.events.add(repayment.settles_at, functools.partial(self._settle_later, account, repayment))
        return repayment

    def _charge_hour(self, account: Account, loan: LegacyLoan, now: int) -> None:
        self._bring_up_to_date(account, loan, now)
        if loan.status == OPEN:
            following = interest.next_charge(self.books.switches.interest_hours, loan.borrowed_at, now)
            at = following if loan.due_at is None else min(following, loan.due_at + interest.GRACE_MS)
            self.books.interest_charges.add(at, functools.partial(self._charge_hour, account, loan))

    def _bring_up_to_date(self, account: Account, loan: LegacyLoan, now: int) -> None:
        if loan.status != OPEN:
            return
        deadline = None if loan.due_at is None else loan.due_at + interest.GRACE_MS
        at = now if deadline is None else min(now, deadline)
        self.books.changed |= interest.accrue(loan, at, self.books.switches.interest_hours)
        limit = self.ledger.collateral_coins[loan.collateral_coin].liquidation_ltv
        if at == deadline or interest.ltv(loan, self.ledger.prices) >= limit:
            self._liquidate(account, loan, at)

    def _liquidate(self, account: Account, loan: LegacyLoan, at: int) -> None:
        prices = self.ledger.prices
        proceeds = loan.collateral * prices[loan.collateral_coin] / prices[loan.loan_coin]
        amount = min(loan.debt, rounded_down(proceeds, interest.PLACES))
        sold = loan.debt * prices[loan.loan_coin] / prices[loan.collateral_coin]
        accuracy = self.ledger.collateral_coins[loan.collateral_coin].accuracy
        surplus = max(ZERO, rounded_down(loan.collateral - sold, accuracy))
        repayment = self._record(account, loan, amount, at)
        repayment.type = BY_LIQUIDATION
        repayment.origin = "liquidation"
        repayment.visible_at = repayment.settled_at = at
        interest.allocate(loan, amount)
        self._close(account, loan, repayment, LIQUIDATED, surplus, at)

    def _record(self, account: Account, loan: LegacyLoan, amount: Decimal, now: int) -> LegacyRepayment:
        repayment = LegacyRepayment(
            repay_id=self.next_id(now), order_id=loan.order_id, loan_coin=loan.loan_coin,
            collateral_coin=loan.collateral_coin, term=loan.term, amount=amount, time=now,
            interest=min(amount, loan.interest + loan.penalty),
        )
        bisect.insort(account.legacy_repayments, repayment, key=lambda item: item.position)
        self.books.changed = True
        return repayment

    def _settle_later(self, account: Account, repayment: LegacyRepayment, at: int) -> None:
        self._bring_up_to_date(account, account.legacy_loan(repayment.order_id), at)
        self._settle(account, repayment, at)

    def _settle(self, account: Account, repayment: LegacyRepayment, at: int) -> None:
        loan = account.legacy_loan(repayment.order_id)
        repayment.settles_at = None
        repayment.settled_at = at
        self.books.changed = True
        # A liquidation may have closed the loan while the repayment was processing.
        if repayment.final_status == FAILED or loan.status != OPEN:
            repayment.status = FAILED
            self.books.post(account, repayment.loan_coin, repayment.amount, at, business_types.REPAYMENT_BACK)
            return
        repayment.status = SUCCESS
        repayment.interest = min(repayment.amount, loan.interest + loan.penalty)
        smallest = unit(self._places(loan))
        interest.allocate(loan, repayment.amount)
        if loan.debt == ZERO or (self.ledger.settings.forgive_dust and loan.debt < smallest):
            self._close(account, loan, repayment, REPAID, loan.collateral, at)

    def _close(
        self, account: Account, loan: LegacyLoan, repayment: LegacyRepayment, status: str, returned: Decimal, at: int
    ) -> None:
        self.books.post(account, loan.collateral_coin, returned, at, business_types.COLLATERAL_BACK)
        repayment.collateral_return = returned
        loan.status = status
        loan.closed_at = at
        loan.principal = loan.interest = loan.penalty = loan.collateral = ZERO

    def _places(self, loan: LegacyLoan) -> int:
        return self.books.switches.places(self.ledger.loan_coins[loan.loan_coin].accuracy, loan.debt)

    def next_id(self, now: int) -> str:
        """The ID of a repayment or an adjustment."""
        # Odd on purpose: a client that reads the ID as a float gets a different number.
        by_time = ((now - ID_EPOCH_MS) << ID_TIME_SHIFT) + (now * 7919 % (1 << ID_TIME_SHIFT) | 1)
        self.ledger.last_repay_id = max(self.ledger.last_repay_id + 1, by_time)
        return str(self.ledger.last_repay_id)
