# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The book: its ledger, and letting everything happen in it that is due. It knows nothing of HTTP."""

from __future__ import annotations

from decimal import Decimal

from .agenda import Agenda
from .fixed import Fixed
from .flexible import Flexible
from .legacy import LegacyLoans
from .model import Account, Ledger, Snapshot
from .payments import Payments
from .pool import Pool


class Book:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.changed = True
        # Settlements and maturities happen one after the other, charging interest is done for all hours at once.
        self.events = Agenda()
        self.hours = Agenda()
        self._touched: dict[str, Account] = {}
        self.legacy = LegacyLoans(self)
        self.payments = Payments(self)
        self.pool = Pool(self)
        self.flexible = Flexible(self)
        self.fixed = Fixed(self)
        for account in ledger.accounts:
            self._enrol(account)

    def _enrol(self, account: Account) -> None:
        for snapshot in account.snapshots:
            self._forget_later(account, snapshot)
        for part in (self.legacy, self.payments, self.pool, self.flexible, self.fixed):
            part.enrol(account)
        self.touch(account)

    def advance(self, now: int) -> None:
        """Let everything happen that is due by now: settlements, maturities, interest, liquidations."""
        for at, action in self.events.due(now):
            action(at)
        for _at, action in self.hours.due(now):
            action(now)
        while self._touched:
            _uid, account = self._touched.popitem()
            self.pool.check(account, now)

    def touch(self, account: Account) -> None:
        """Have the account's loan-to-value ratio looked at once everything else has been done."""
        self._touched[account.uid] = account

    def set_prices(self, prices: dict[str, Decimal], now: int) -> None:
        self.ledger.prices.update(prices)
        self.changed = True
        for account in self.ledger.accounts:
            self.legacy.bring_all(account, now)
            self.touch(account)
        self.advance(now)

    def set_wallet(self, account: Account, coin: str, balance: Decimal) -> None:
        account.wallet[coin] = balance
        self.changed = True

    def keep_showing(self, account: Account, snapshot: Snapshot) -> None:
        account.snapshots.append(snapshot)
        self._forget_later(account, snapshot)

    def _forget_later(self, account: Account, snapshot: Snapshot) -> None:
        def forget(at: int) -> None:
            account.snapshots = [item for item in account.snapshots if item is not snapshot]
            self.changed = True

        self.events.add(snapshot.until, forget)
