# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay a legacy loan order.

This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import plain
from .._api.client import Client, Request
from .._api.return_codes import ORDER_NOT_FOUND
from .._loans import legacy
from .._loans.adjustments import legacy_adjustments
from .._loans.history import HistoryEntry
from .._loans.loan import LEGACY, Loan
from .._loans.subject import Subject
from .base import ORDER_PRODUCTS
from .repayment import Repayment
from .terms import Terms


class LegacyRepayment(Repayment):
    """Repays one legacy order in full or in part, from the Funding wallet."""

    product = LEGACY
    gone_codes = frozenset({ORDER_NOT_FOUND})
    path = "/v5/crypto-loan/repay"
    ltv_products = ORDER_PRODUCTS

    def __init__(self, client: Client, order_id: str) -> None:
        self._client = client
        self.name = self.ltv_name = order_id
        self.ids = {"order_id": order_id}
        self.history_request = f"GET {legacy.HISTORY}?orderId={order_id}"
        self.terms = Terms(
            label=f"loan {order_id}",
            missing=legacy.missing(order_id),
        )

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        return Request(self.path, {"orderId": self.name, "amount": plain(amount)}, "repayId")

    def find(self, is_of_ltv: bool = False) -> Loan | None:
        return legacy.find(self._client, self.name)

    def accuracy(self, coin: str) -> int | None:
        return legacy.accuracy(self._client, coin)

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        return legacy.repayments(self._client, loan_id=self.name)

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return legacy.repayments(self._client, repay_id=move_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return self.history() + legacy_adjustments(self._client, self.name)
