# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all products share: the ledger, wallet postings, snapshots, and scheduled events."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal

from ..amounts import ZERO
from ..switches import Switches
from .model import Account, FundingEntry, Ledger, LegacyLoan, Snapshot, WalletSnapshot
from .records import FixedContract, FlexibleDebt
from .schedule import Schedule
from .settlement import Settlement


class Bookkeeping:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.changed = True
        # Settlements and maturities happen in order of time, but interest is charged for all elapsed hours at once.
        self.events = Schedule()
        self.interest_charges = Schedule()
        self._to_check: dict[str, Account] = {}

    @property
    def switches(self) -> Switches:
        return self.ledger.settings.switches

    def resume(self, account: Account) -> None:
        for snapshot in account.snapshots:
            self._expire_later(account.snapshots, snapshot)
        for snapshot in account.wallet_snapshots:
            self._expire_later(account.wallet_snapshots, snapshot)
        self.check_later(account)

    def check_later(self, account: Account) -> None:
        """Check the account's loan-to-value ratio after everything else that is due."""
        self._to_check[account.uid] = account

    def accounts_to_check(self) -> Iterator[Account]:
        """Yield each account to check once, including accounts added meanwhile."""
        while self._to_check:
            _uid, account = self._to_check.popitem()
            yield account

    def post(self, account: Account, coin: str, amount: Decimal, at: int, kind: str) -> None:
        """Add an amount to the Funding wallet, or take it if it is negative; no other code changes a balance."""
        if amount == ZERO:
            return
        account.wallet[coin] = account.wallet.get(coin, ZERO) + amount
        self.ledger.last_funding_number += 1
        account.funding.append(
            FundingEntry(self.ledger.last_funding_number, coin, amount, account.wallet[coin], at, kind)
        )
        self.changed = True

    def delay_visibility(
        self, account: Account, settlement: Settlement, now: int, owed: list[LegacyLoan | FlexibleDebt | FixedContract]
    ) -> None:
        """Keep what queries go on showing during the settlement's delays: these debts and the collateral, and the wallets."""
        if settlement.debt_delay_ms:
            before = Snapshot(now + settlement.debt_delay_ms, dict(account.collateral))
            for debt in owed:
                kinds = {
                    LegacyLoan: before.legacy_loans, FlexibleDebt: before.flexible_loans, FixedContract: before.fixed_contracts,
                }
                kinds[type(debt)].append(copy.copy(debt))
            self._keep(account.snapshots, before)
        if settlement.wallet_delay_ms:
            self._keep(
                account.wallet_snapshots, WalletSnapshot(now + settlement.wallet_delay_ms, dict(account.wallet), dict(account.unified))
            )

    def _keep(self, kept: list, snapshot: Snapshot | WalletSnapshot) -> None:
        kept.append(snapshot)
        self._expire_later(kept, snapshot)
        self.changed = True

    def _expire_later(self, kept: list, snapshot: Snapshot | WalletSnapshot) -> None:
        def expire(at: int) -> None:
            kept[:] = [item for item in kept if item is not snapshot]
            self.changed = True

        self.events.add(snapshot.until, expire)
