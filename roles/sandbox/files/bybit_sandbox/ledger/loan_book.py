# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All loans on one ledger, and the events that are due; independent of HTTP."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import ZERO
from . import business_types
from .adjustments import Adjustments
from .bookkeeping import Bookkeeping
from .collateral import CollateralPool
from .fixed_loans import FixedLoans
from .flexible_loans import FlexibleLoans
from .legacy_loans import LegacyLoans
from .model import Account, Ledger
from .records import FUND
from .repayments import Repayments
from .transfers import Transfers


class LoanBook:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._books = Bookkeeping(ledger)
        self.legacy = LegacyLoans(self._books)
        repayments = Repayments(self._books)
        self.collateral = CollateralPool(self._books, repayments)
        self.flexible = FlexibleLoans(self._books, repayments, self.collateral)
        self.fixed = FixedLoans(self._books, repayments, self.collateral, self.flexible)
        self.adjustments = Adjustments(self._books, self.legacy, self.collateral)
        self.transfers = Transfers(self._books)
        parts = (self._books, self.legacy, repayments, self.flexible, self.fixed, self.adjustments, self.transfers)
        for account in ledger.accounts:
            for part in parts:
                part.resume(account)

    @property
    def changed(self) -> bool:
        """Whether the ledger has changed since it was last saved."""
        return self._books.changed

    @changed.setter
    def changed(self, value: bool) -> None:
        self._books.changed = value

    def advance(self, now: int) -> None:
        """Process everything that is due by now: settlements, maturities, interest, and liquidations."""
        for at, action in self._books.events.due(now):
            action(at)
        for _at, action in self._books.interest_charges.due(now):
            action(now)
        for account in self._books.accounts_to_check():
            self.collateral.check(account, now)

    def set_prices(self, prices: dict[str, Decimal], now: int) -> None:
        self.ledger.prices.update(prices)
        self.changed = True
        for account in self.ledger.accounts:
            self.legacy.bring_up_to_date(account, now)
            self._books.check_later(account)
        self.advance(now)

    def set_wallet(self, account: Account, coin: str, balance: Decimal, now: int, account_type: str = FUND) -> None:
        """Move money into or out of the Funding or UNIFIED wallet to reach this balance."""
        if account_type == FUND:
            held = account.wallet.setdefault(coin, ZERO)
            self._books.post(account, coin, balance - held, now, business_types.TRANSFER)
        else:
            account.unified[coin] = balance
        self.changed = True
