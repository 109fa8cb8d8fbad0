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
from .._loans import flexible
from .._loans.coins import borrowing_accuracy
from .._loans.history import HistoryEntry
from .._loans.loan import FLEXIBLE, Loan
from .._loans.subject import Subject
from .repayment import AccountRepayment, missing_coin
from .terms import Terms


class FlexibleRepayment(AccountRepayment):
    """Repays an amount of the flexible loan in a coin, from the Funding wallet or by selling collateral.

    :param collateral: The coins to sell for it; empty to repay from the Funding wallet.
    """

    product = FLEXIBLE

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

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        body = {"loanCurrency": self.name, "amount": plain(amount)}
        if not self._collateral:
            return Request(self.path, body, "repayId")
        return Request(self.path, {**body, "collateralCoin": ",".join(self._collateral)}, None)

    def find_loan(self) -> Loan | None:
        loan = flexible.find(self._client, self.name)
        if loan is None and self.accuracy(self.name) is not None:
            return flexible.no_debt(self.name)
        return loan

    def accuracy(self, coin: str) -> int | None:
        return borrowing_accuracy(self._client, coin, FLEXIBLE)

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        return flexible.repayments(self._client, self.name)

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return flexible.repayments(self._client, repay_id=move_id)
