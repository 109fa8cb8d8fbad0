# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The book: all kinds of loans on one ledger, and letting everything happen in it that is due. It knows no HTTP."""

from __future__ import annotations

from decimal import Decimal

from . import funding
from .fixed import Fixed
from .flexible import Flexible
from .ground import Ground
from .legacy import LegacyLoans
from .model import Account, Ledger
from .money import ZERO
from .payments import Payments
from .pool import Pool


class Book:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._ground = Ground(ledger)
        self.legacy = LegacyLoans(self._ground)
        payments = Payments(self._ground)
        self.pool = Pool(self._ground, payments)
        self.flexible = Flexible(self._ground, payments, self.pool)
        self.fixed = Fixed(self._ground, payments, self.pool, self.flexible)
        for account in ledger.accounts:
            for part in (self._ground, self.legacy, payments, self.pool, self.flexible, self.fixed):
                part.enrol(account)

    @property
    def changed(self) -> bool:
        """Whether it differs from what was saved last."""
        return self._ground.changed

    @changed.setter
    def changed(self, value: bool) -> None:
        self._ground.changed = value

    def advance(self, now: int) -> None:
        """Let everything happen that is due by now: settlements, maturities, interest, liquidations."""
        for at, action in self._ground.events.due(now):
            action(at)
        for _at, action in self._ground.hours.due(now):
            action(now)
        for account in self._ground.touched():
            self.pool.check(account, now)

    def set_prices(self, prices: dict[str, Decimal], now: int) -> None:
        self.ledger.prices.update(prices)
        self.changed = True
        for account in self.ledger.accounts:
            self.legacy.bring_all(account, now)
            self._ground.touch(account)
        self.advance(now)

    def set_wallet(self, account: Account, coin: str, balance: Decimal, now: int) -> None:
        """A transfer in or out, by which this balance is left."""
        held = account.wallet.setdefault(coin, ZERO)
        self._ground.move(account, coin, balance - held, now, funding.TRANSFER)
        self.changed = True
