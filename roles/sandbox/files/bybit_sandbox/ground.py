# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of loan in the book stands on: the ledger, what is to be done when, and what has changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal

from .agenda import Agenda
from .debts import FixedContract, FlexibleDebt
from .effects import Effects
from .model import Account, FundingEntry, Ledger, Loan, Snapshot, WalletSnapshot
from .money import ZERO
from .switches import Switches


class Ground:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.changed = True
        # Settlements and maturities happen one after the other, charging interest is done for all hours at once.
        self.events = Agenda()
        self.hours = Agenda()
        self._touched: dict[str, Account] = {}

    @property
    def switches(self) -> Switches:
        return self.ledger.settings.switches

    def enrol(self, account: Account) -> None:
        for snapshot in account.snapshots:
            self._forget_later(account.snapshots, snapshot)
        for snapshot in account.wallet_snapshots:
            self._forget_later(account.wallet_snapshots, snapshot)
        self.touch(account)

    def touch(self, account: Account) -> None:
        """Have the account's loan-to-value ratio looked at once everything else has been done."""
        self._touched[account.uid] = account

    def touched(self) -> Iterator[Account]:
        """Each account to be looked at, once; also those that are touched meanwhile."""
        while self._touched:
            _uid, account = self._touched.popitem()
            yield account

    def move(self, account: Account, coin: str, amount: Decimal, at: int, kind: str) -> None:
        """Let so much come into the Funding wallet, or leave it; nobody else changes a balance."""
        if amount == ZERO:
            return
        account.wallet[coin] = account.wallet.get(coin, ZERO) + amount
        self.ledger.last_funding_number += 1
        account.funding.append(
            FundingEntry(self.ledger.last_funding_number, coin, amount, account.wallet[coin], at, kind)
        )
        self.changed = True

    def hold(
        self, account: Account, effects: Effects, now: int, owed: list[Loan | FlexibleDebt | FixedContract]
    ) -> None:
        """Go on showing for a while what is about to change: these debts and the collateral, and the wallet."""
        if effects.debt_delay_ms:
            before = Snapshot(now + effects.debt_delay_ms, dict(account.collateral))
            for debt in owed:
                kinds = {Loan: before.loans, FlexibleDebt: before.flexible, FixedContract: before.fixed}
                kinds[type(debt)].append(copy.copy(debt))
            self._keep_showing(account.snapshots, before)
        if effects.wallet_delay_ms:
            self._keep_showing(
                account.wallet_snapshots, WalletSnapshot(now + effects.wallet_delay_ms, dict(account.wallet))
            )

    def _keep_showing(self, kept: list, snapshot: Snapshot | WalletSnapshot) -> None:
        kept.append(snapshot)
        self._forget_later(kept, snapshot)
        self.changed = True

    def _forget_later(self, kept: list, snapshot: Snapshot | WalletSnapshot) -> None:
        def forget(at: int) -> None:
            kept[:] = [item for item in kept if item is not snapshot]
            self.changed = True

        self.events.add(snapshot.until, forget)
