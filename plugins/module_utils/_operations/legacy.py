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
from .._loans.history import HistoryEntry
from .._loans.loan import LEGACY, Loan
from .base import Operation
from .terms import Terms


class LegacyRepayment(Operation):
    """Repays one legacy order, fully or in part, from the Funding wallet."""

    product = LEGACY
    gone_codes = frozenset({ORDER_NOT_FOUND})
    path = "/v5/crypto-loan/repay"

    def __init__(self, client: Client, order_id: str) -> None:
        self._client = client
        self.name = order_id
        self.ids = {"order_id": order_id}
        self.history_request = f"GET {legacy.HISTORY}?orderId={order_id}"
        self.terms = Terms(
            label=f"loan {order_id}",
            missing=f"order_id '{order_id}' names no loan of this account, neither an open one nor one completed within the "
            f"last 6 months: check order_id, and that api_key and environment belong to the account that borrowed",
        )

    def request(self, loan: Loan, amount: Decimal) -> Request:
        return Request(self.path, {"orderId": self.name, "amount": plain(amount)}, "repayId")

    def find(self) -> Loan | None:
        return legacy.find(self._client, self.name)

    def accuracy(self, coin: str) -> int | None:
        return legacy.accuracy(self._client, coin)

    def history(self) -> list[HistoryEntry]:
        return legacy.repayments(self._client, loan_id=self.name)

    def repayments_of_account(self, repay_id: str) -> list[HistoryEntry]:
        return legacy.repayments(self._client, repay_id=repay_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return self.history()
