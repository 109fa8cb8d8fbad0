# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repayments of the new generation: taking the money, settling at once or later, giving it back after a failure."""

from __future__ import annotations

import bisect
import functools
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from . import funding
from .debts import FlexibleDebt, FixedContract, Payment
from .effects import Effects
from .errors import Refusal
from .ground import Ground
from .model import FAILED, PROCESSING, SUCCESS, Account
from .money import ZERO


class Payments:
    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.ledger = ground.ledger
        self._under_way: dict[str, list[Payment]] = defaultdict(list)
        # Each product tells how a repayment lowers its debts, and whether it still can.
        self.products: dict[str, Callable[[Account, Payment, int], bool]] = {}

    def enrol(self, account: Account) -> None:
        for payment in account.payments:
            if payment.status == PROCESSING:
                self._settle_later(account, payment)

    def under_way(self, account: Account, product: str) -> list[Payment]:
        return [item for item in self._under_way[account.uid] if item.product == product]

    def record(self, account: Account, payment: Payment) -> None:
        """Put it into the history, under the next number."""
        self.ledger.last_repay_number += 1
        payment.repay_id = str(self.ledger.last_repay_number)
        bisect.insort(account.payments, payment, key=lambda item: item.position)
        self.ground.changed = True

    def begin(
        self, account: Account, payment: Payment, debts: list[FlexibleDebt | FixedContract], effects: Effects
    ) -> Payment:
        """Take the money that pays for it; debts are those that it will lower."""
        now = payment.time
        needed = payment.fee if payment.sold else payment.amount
        if needed > account.wallet.get(payment.coin, ZERO):
            raise Refusal(148029)
        self.ground.hold(account, effects, now, debts)
        self._move(account, payment, Decimal(-1), now)
        payment.visible_at = now + effects.history_delay_ms
        payment.final_status = effects.final_status
        payment.settles_at = now + effects.processing_ms
        payment.status = PROCESSING
        self.record(account, payment)
        if payment.settles_at <= now:
            self._settle(account, payment, now)
        else:
            self._settle_later(account, payment)
        return payment

    def _settle_later(self, account: Account, payment: Payment) -> None:
        self._under_way[account.uid].append(payment)
        self.ground.events.add(payment.settles_at, functools.partial(self._settle, account, payment))

    def _settle(self, account: Account, payment: Payment, at: int) -> None:
        self._under_way[account.uid] = [item for item in self._under_way[account.uid] if item is not payment]
        payment.settles_at = None
        payment.settled_at = at
        # A liquidation may have taken the debt away while the repayment was under way.
        if payment.final_status != FAILED and self.products[payment.product](account, payment, at):
            payment.status = SUCCESS
        else:
            payment.status = FAILED
            self._move(account, payment, Decimal(1), at)
        self.ground.changed = True

    def _move(self, account: Account, payment: Payment, sign: Decimal, at: int) -> None:
        """Take the money from where it comes, or bring it back there."""
        for coin, amount in payment.sold.items():
            account.pledge(coin, sign * amount)
        if payment.sold:
            kind = funding.FEE if sign < ZERO else funding.FEE_BACK
            self.ground.move(account, payment.coin, sign * payment.fee, at, kind)
        else:
            kind = funding.REPAYMENT if sign < ZERO else funding.REPAYMENT_BACK
            self.ground.move(account, payment.coin, sign * payment.amount, at, kind)
