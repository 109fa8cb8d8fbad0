# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of loan in the book stands on: the ledger, what is to be done when, and what has changed."""

from __future__ import annotations

from collections.abc import Iterator

from .agenda import Agenda
from .model import Account, Ledger, Snapshot


class Ground:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.changed = True
        # Settlements and maturities happen one after the other, charging interest is done for all hours at once.
        self.events = Agenda()
        self.hours = Agenda()
        self._touched: dict[str, Account] = {}

    def enrol(self, account: Account) -> None:
        for snapshot in account.snapshots:
            self._forget_later(account, snapshot)
        self.touch(account)

    def touch(self, account: Account) -> None:
        """Have the account's loan-to-value ratio looked at once everything else has been done."""
        self._touched[account.uid] = account

    def touched(self) -> Iterator[Account]:
        """Each account to be looked at, once; also those that are touched meanwhile."""
        while self._touched:
            _uid, account = self._touched.popitem()
            yield account

    def keep_showing(self, account: Account, snapshot: Snapshot) -> None:
        account.snapshots.append(snapshot)
        self._forget_later(account, snapshot)

    def _forget_later(self, account: Account, snapshot: Snapshot) -> None:
        def forget(at: int) -> None:
            account.snapshots = [item for item in account.snapshots if item is not snapshot]
            self.changed = True

        self.events.add(snapshot.until, forget)
