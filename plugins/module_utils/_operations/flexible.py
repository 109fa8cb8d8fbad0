# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay what an account owes in one coin in flexible loans.

This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import plain
from .._api.client import Client, Request
from .._api.return_codes import NO_DEBT_CODES
from .._loans import flexible
from .._loans.coins import borrowing_accuracy
from .._loans.history import HistoryEntry
from .._loans.loan import FLEXIBLE, Loan
from .base import Operation, account_history, missing_coin
from .terms import Terms


class FlexibleRepayment(Operation):
    """Repays an amount of a coin from the Funding wallet, or by selling collateral.

    :param collateral: The coins to sell for it; empty to repay from the Funding wallet.
    """

    product = FLEXIBLE
    gone_codes = NO_DEBT_CODES

    def __init__(self, client: Client, coin: str, collateral: tuple[str, ...] = ()) -> None:
        self._client = client
        self._collateral = collateral
        self.name = coin
        self.ids = {"loan_currency": coin, "collateral": list(collateral)}
        self.path = f"/v5/crypto-loan-flexible/{'repay-collateral' if collateral else 'repay'}"
        self.history_request = f"GET {flexible.HISTORY}?loanCurrency={coin}"
        self.terms = Terms(
            label=f"the flexible {coin} loan",
            missing=missing_coin(coin),
            from_collateral=bool(collateral),
            shares_collateral=True,
        )

    def request(self, loan: Loan, amount: Decimal) -> Request:
        body = {"loanCurrency": self.name, "amount": plain(amount)}
        if not self._collateral:
            return Request(self.path, body, "repayId")
        return Request(self.path, {**body, "collateralCoin": ",".join(self._collateral)}, None)

    def find(self) -> Loan | None:
        loan = flexible.find(self._client, self.name)
        if loan is None and self.accuracy(self.name) is not None:
            return flexible.no_debt(self.name)
        return loan

    def accuracy(self, coin: str) -> int | None:
        return borrowing_accuracy(self._client, coin, FLEXIBLE)

    def history(self) -> list[HistoryEntry]:
        return flexible.repayments(self._client, self.name)

    def repayments_of_account(self, repay_id: str) -> list[HistoryEntry]:
        return flexible.repayments(self._client, repay_id=repay_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return account_history(self._client)
