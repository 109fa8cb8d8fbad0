# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repay one fixed contract, or all open ones of a coin.

This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import plain
from .._api.client import Client, Request
from .._loans import fixed
from .._loans.coins import borrowing_accuracy
from .._loans.history import HistoryEntry
from .._loans.loan import FIXED, Loan
from .._loans.subject import Subject
from .repayment import AccountRepayment, missing_coin
from .terms import Terms


class FixedRepayment(AccountRepayment):
    """Repays one contract, or all contracts of a coin: in full from the Funding wallet, or an amount by selling collateral.

    :param loan_id: The exchange's ID of the contract; none for all contracts of C(coin).
    :param collateral: The coins to sell for it; empty to repay from the Funding wallet.
    """

    product = FIXED

    def __init__(self, client: Client, loan_id: str | None, coin: str | None = None, collateral: tuple[str, ...] = ()) -> None:
        self._client = client
        self._loan_id = loan_id
        self._coin = coin
        self._collateral = collateral
        if not loan_id and not coin:
            # A request that names neither would repay every loan.
            raise ValueError("a fixed loan without ID and coin")
        self.name = loan_id or coin or ""
        self.ids = {"loan_id": loan_id, "loan_currency": coin, "collateral": list(collateral)}
        self.path = f"/v5/crypto-loan-fixed/{'repay-collateral' if collateral else 'fully-repay'}"
        self.history_request = f"GET {fixed.HISTORY}" + ("" if loan_id else f"?loanCurrency={coin}")
        self.terms = Terms(
            label=f"fixed contract {loan_id}" if loan_id else f"the fixed {coin} debt",
            missing=_missing_contract(loan_id) if loan_id else missing_coin(self.name),
            is_whole=not collateral,
            is_sweep=not loan_id and not collateral,
            from_collateral=bool(collateral),
            shares_collateral=True,
        )

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        body = {"loanId": self._loan_id} if self._loan_id else {"loanCurrency": subject.coin}
        if not self._collateral:
            return Request(self.path, body, "repayId")
        more = {"loanCurrency": subject.coin, "amount": plain(amount), "collateralCoin": ",".join(self._collateral)}
        return Request(self.path, {**body, **more}, None)

    def find_loan(self) -> Loan | None:
        if self._loan_id:
            return fixed.find(self._client, self._loan_id)
        loan = fixed.together(self.name, fixed.open_loans(self._client, self.name))
        return None if not loan.debt and self.accuracy(self.name) is None else loan

    def accuracy(self, coin: str) -> int | None:
        return borrowing_accuracy(self._client, coin, FIXED)

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        # The API call cannot filter by contract, and the coin of a contract is unknown until it is read.
        return fixed.repayments(self._client, None if self._loan_id else self._coin, self._loan_id)

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return fixed.repayments(self._client, repay_id=move_id)


def _missing_contract(loan_id: str) -> str:
    return (
        f"loan_id '{loan_id}' is not a fixed contract of this account: check loan_id (it differs from the order ID), and that "
        f"api_key and environment belong to the account that borrowed"
    )
