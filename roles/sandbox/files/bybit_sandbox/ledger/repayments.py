# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repayments of flexible and fixed loans: take the money, settle now or later, and return it after a failure."""

from __future__ import annotations

import bisect
import functools
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from ..amounts import ZERO
from ..errors import Refusal
from . import business_types
from .bookkeeping import Bookkeeping
from .model import FAILED, PROCESSING, SUCCESS, Account
from .records import FixedContract, FlexibleDebt, Repayment
from .settlement import Settlement


class Repayments:
    def __init__(self, books: Bookkeeping) -> None:
        self.books = books
        self.ledger = books.ledger
        self._under_way: dict[str, list[Repayment]] = defaultdict(list)
        # Each product registers how a repayment lowers its debts; the function returns False if it no longer can.
        self.products: dict[str, Callable[[Account, Repayment, int], bool]] = {}

    def resume(self, account: Account) -> None:
        for repayment in account.repayments:
            if repayment.status == PROCESSING:
                self._settle_later(account, repayment)

    def under_way(self, account: Account, product: str) -> list[Repayment]:
        return [item for item in self._under_way[account.uid] if item.product == product]

    def record(self, account: Account, repayment: Repayment) -> None:
        """Add the repayment to the history under the next ID."""
        self.ledger.last_repay_number += 1
        repayment.repay_id = str(self.ledger.last_repay_number)
        bisect.insort(account.repayments, repayment, key=lambda item: item.position)
        self.books.changed = True

    def begin(
        self, account: Account, repayment: Repayment, debts: list[FlexibleDebt | FixedContract], settlement: Settlement
    ) -> Repayment:
        """Take the money for a repayment; debts are those that it will lower."""
        now = repayment.time
        needed = repayment.fee if repayment.sold else repayment.amount
        if needed > account.wallet.get(repayment.coin, ZERO):
            raise Refusal(148029)
        self.books.delay_visibility(account, settlement, now, debts)
        self._move(account, repayment, Decimal(-1), now)
        repayment.visible_at = now + settlement.history_delay_ms
        repayment.final_status = settlement.final_status
        repayment.settles_at = now + settlement.processing_ms
        repayment.status = PROCESSING
        self.record(account, repayment)
        if repayment.settles_at <= now:
            self._settle(account, repayment, now)
        else:
            self._settle_later(account, repayment)
        return repayment

    def _settle_later(self, account: Account, repayment: Repayment) -> None:
        self._under_way[account.uid].append(repayment)
        self.books.events.add(repayment.settles_at, functools.partial(self._settle, account, repayment))

    def _settle(self, account: Account, repayment: Repayment, at: int) -> None:
        self._under_way[account.uid] = [item for item in self._under_way[account.uid] if item is not repayment]
        repayment.settles_at = None
        repayment.settled_at = at
        # A liquidation may have closed the debt while the repayment was processing.
        if repayment.final_status != FAILED and self.products[repayment.product](account, repayment, at):
            repayment.status = SUCCESS
        else:
            repayment.status = FAILED
            self._move(account, repayment, Decimal(1), at)
        self.books.changed = True

    def _move(self, account: Account, repayment: Repayment, sign: Decimal, at: int) -> None:
        """Take the money from its source, or return it there."""
        for coin, amount in repayment.sold.items():
            account.pledge(coin, sign * amount)
        if repayment.sold:
            kind = business_types.FEE if sign < ZERO else business_types.FEE_BACK
            self.books.post(account, repayment.coin, sign * repayment.fee, at, kind)
        else:
            kind = business_types.REPAYMENT if sign < ZERO else business_types.REPAYMENT_BACK
            self.books.post(account, repayment.coin, sign * repayment.amount, at, kind)
