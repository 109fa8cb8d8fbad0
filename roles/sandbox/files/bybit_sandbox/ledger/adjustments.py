# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adjustments of the collateral of a legacy loan, or of all flexible and fixed loans of an account."""

from __future__ import annotations

import functools
from decimal import Decimal

from ..amounts import ZERO, decimals, rounded_down, rounded_up
from ..errors import Refusal
from . import business_types, interest
from .bookkeeping import Bookkeeping
from .collateral import CollateralPool
from .legacy_loans import LegacyLoans
from .model import FAILED, OPEN, PROCESSING, Account, LegacyLoan
from .records import ADD, Adjustment
from .settlement import Settlement

# The platform's collateral limit is reached, so nobody may add collateral.
RESTRICTED = 2


class Adjustments:
    def __init__(self, books: Bookkeeping, legacy: LegacyLoans, collateral: CollateralPool) -> None:
        self.books = books
        self.ledger = books.ledger
        self.legacy = legacy
        self.collateral = collateral

    def resume(self, account: Account) -> None:
        for adjustment in account.adjustments:
            if adjustment.status == PROCESSING:
                self._settle_later(account, adjustment)

    def most_of_loan(self, account: Account, order_id: str) -> Decimal:
        """The most that can be taken back from an open legacy loan: its ratio must not exceed the initial one."""
        loan = self._open_loan(account, order_id)
        prices, terms = self.ledger.prices, self.ledger.collateral_coins[loan.collateral_coin]
        needed = loan.debt * prices[loan.loan_coin] / prices[loan.collateral_coin] / terms.initial_ltv
        return max(ZERO, rounded_down(loan.collateral - rounded_up(needed, terms.accuracy), terms.accuracy))

    def most_of_account(self, account: Account, coin: str) -> Decimal:
        """The most of a coin that can be taken back from the account's collateral: nothing if it owes nothing."""
        if coin not in self.ledger.collateral_coins:
            raise Refusal(148004)
        debt = self.collateral.debt_usd(account)
        if debt == ZERO:
            return ZERO
        held = account.collateral.get(coin, ZERO)
        others = self.collateral.collateral_usd({**account.collateral, coin: ZERO})
        # The documented example ends at a ratio of 0.8137, above the limit for borrowing.
        missing = debt / self.ledger.settings.margin_call_ltv - others
        needed = self.collateral.amount_worth(coin, missing) if missing > ZERO else ZERO
        return max(ZERO, rounded_down(held - needed, self.ledger.collateral_coins[coin].accuracy))

    def adjust_loan(
        self, account: Account, order_id: str, amount: Decimal, direction: str, now: int, settlement: Settlement
    ) -> Adjustment:
        """Adjust the collateral of a legacy loan."""
        if amount <= ZERO:
            raise Refusal(177019)
        loan = self._open_loan(account, order_id)
        coin = loan.collateral_coin
        terms = self.ledger.collateral_coins[coin]
        if decimals(amount) > terms.accuracy:
            raise Refusal(177004)
        if direction == ADD and loan.collateral + amount > terms.max_limit:
            raise Refusal(177015)
        if direction == ADD and amount > account.wallet.get(coin, ZERO):
            raise Refusal(177011)
        if direction != ADD and amount > self.most_of_loan(account, order_id):
            raise Refusal(177013)
        self.books.delay_visibility(account, settlement, now, [loan])
        before = interest.ltv(loan, self.ledger.prices)
        after = before * loan.collateral / (loan.collateral + (amount if direction == ADD else -amount))
        adjustment = Adjustment(self.legacy.next_id(now), coin, amount, direction, now, before, after, order_id)
        return self._begin(account, adjustment, settlement)

    def adjust_account(
        self, account: Account, coin: str, amount: Decimal, direction: str, now: int, settlement: Settlement
    ) -> Adjustment:
        """Adjust the collateral behind all flexible and fixed loans."""
        if coin not in self.ledger.collateral_coins:
            raise Refusal(148004)
        if decimals(amount) > self.ledger.collateral_coins[coin].accuracy:
            raise Refusal(148005)
        debt = self.collateral.debt_usd(account)
        if debt == ZERO:
            raise Refusal(148013)
        if direction == ADD and self.ledger.settings.col_res == RESTRICTED:
            raise Refusal(int(self.books.switches.platform_limit_code))
        if direction == ADD and amount > account.wallet.get(coin, ZERO):
            raise Refusal(148012)
        if direction != ADD and amount > self.most_of_account(account, coin):
            raise Refusal(148037)
        self.books.delay_visibility(account, settlement, now, [])
        left = account.collateral.get(coin, ZERO) + (amount if direction == ADD else -amount)
        before, after = self._ratio(debt, account.collateral), self._ratio(debt, {**account.collateral, coin: left})
        self.ledger.last_adjust_number += 1
        adjustment = Adjustment(str(self.ledger.last_adjust_number), coin, amount, direction, now, before, after)
        return self._begin(account, adjustment, settlement)

    def _open_loan(self, account: Account, order_id: str) -> LegacyLoan:
        loan = account.legacy_loan(order_id)
        if loan is None or loan.status != OPEN:
            raise Refusal(177005)
        return loan

    def _ratio(self, debt: Decimal, collateral: dict[str, Decimal]) -> Decimal:
        value = self.collateral.collateral_usd(collateral)
        return debt / value if value else ZERO

    def _begin(self, account: Account, adjustment: Adjustment, settlement: Settlement) -> Adjustment:
        now = adjustment.time
        adjustment.visible_at = now + settlement.history_delay_ms
        adjustment.settles_at = now + settlement.processing_ms
        adjustment.final_status = settlement.final_status
        adjustment.status = PROCESSING
        account.adjustments.append(adjustment)
        if adjustment.direction == ADD:
            self.books.post(account, adjustment.coin, -adjustment.amount, now, business_types.ADJUSTMENT)
        else:
            self._pledge(account, adjustment, -adjustment.amount)
        if adjustment.settles_at <= now:
            self._settle(account, adjustment, now)
        else:
            self._settle_later(account, adjustment)
        return adjustment

    def _settle_later(self, account: Account, adjustment: Adjustment) -> None:
        self.books.events.add(adjustment.settles_at, functools.partial(self._settle, account, adjustment))

    def _settle(self, account: Account, adjustment: Adjustment, at: int) -> None:
        """Deliver the coins: to the collateral, to the wallet, or back after a failure."""
        adjustment.settles_at = None
        adjustment.status = adjustment.final_status
        # A repayment or a liquidation may have closed the loan in the meantime; a closed loan takes no collateral.
        closed = adjustment.order_id and account.legacy_loan(adjustment.order_id).status != OPEN
        if closed and adjustment.direction == ADD:
            adjustment.status = FAILED
        if adjustment.status == FAILED:
            adjustment.after_ltv = adjustment.before_ltv
        if not closed and (adjustment.direction == ADD) == (adjustment.status != FAILED):
            self._pledge(account, adjustment, adjustment.amount)
        else:
            self.books.post(account, adjustment.coin, adjustment.amount, at, business_types.ADJUSTMENT)

    def _pledge(self, account: Account, adjustment: Adjustment, amount: Decimal) -> None:
        if adjustment.order_id:
            account.legacy_loan(adjustment.order_id).collateral += amount
        else:
            account.pledge(adjustment.coin, amount)
        self.books.changed = True
