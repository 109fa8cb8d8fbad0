# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subjects of the three loan products; the only room that posts.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import plain
from .._api.client import Acceptance, Client
from .._api.return_codes import NO_DEBT_CODES, ORDER_NOT_FOUND
from .._loans import fixed, flexible, legacy
from .._loans.coins import borrowing_accuracy
from .._loans.history import HistoryEntry
from .._loans.loan import FIXED, FLEXIBLE, LEGACY, Loan
from .traits import Traits

_OnSigned = t.Callable[[int], None]


class LegacyOrder:
    """One legacy loan order, as C(Operation)."""

    product = LEGACY
    gone_codes = frozenset({ORDER_NOT_FOUND})

    def __init__(self, client: Client, order_id: str) -> None:
        self._client = client
        self.name = order_id
        self.ids = {"order_id": order_id}
        self.repay_path = "/v5/crypto-loan/repay"
        self.history_request = f"GET {legacy.HISTORY}?orderId={order_id}"
        self.traits = Traits(
            label=f"loan {order_id}",
            missing=f"order_id '{order_id}' names no loan of this account, neither an open one nor one completed within the "
            f"last 6 months: check order_id, and that api_key and environment belong to the account that borrowed",
        )

    def find(self) -> Loan | None:
        return legacy.find(self._client, self.name)

    def accuracy(self, coin: str) -> int | None:
        return legacy.accuracy(self._client, coin)

    def history(self) -> list[HistoryEntry]:
        return legacy.repayments(self._client, loan_id=self.name)

    def repayments_of_account(self, repay_id: str) -> list[HistoryEntry]:
        return _chosen(legacy.repayments(self._client, repay_id=repay_id), repay_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return self.history()

    def repay(self, loan: Loan, amount: Decimal, on_signed: _OnSigned) -> Acceptance:
        body = {"orderId": self.name, "amount": plain(amount)}
        return self._client.post_once(self.repay_path, body, "repayId", on_signed)


class FlexibleDebt:
    """What an account owes in one coin in flexible loans, as C(Operation).

    :param collateral: The coins to sell for it; empty to repay from the Funding wallet.
    """

    product = FLEXIBLE
    gone_codes = NO_DEBT_CODES

    def __init__(self, client: Client, coin: str, collateral: tuple[str, ...] = ()) -> None:
        self._client = client
        self._collateral = collateral
        self.name = coin
        self.ids = {"loan_currency": coin, "collateral": list(collateral)}
        self.repay_path = f"/v5/crypto-loan-flexible/{'repay-collateral' if collateral else 'repay'}"
        self.history_request = f"GET {flexible.HISTORY}?loanCurrency={coin}"
        self.traits = Traits(
            label=f"the flexible {coin} loan",
            missing=_no_such_coin(coin),
            from_collateral=bool(collateral),
            shares_collateral=True,
        )

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
        return _chosen(flexible.repayments(self._client, repay_id=repay_id), repay_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return _account_history(self._client)

    def repay(self, loan: Loan, amount: Decimal, on_signed: _OnSigned) -> Acceptance:
        body = {"loanCurrency": self.name, "amount": plain(amount)}
        if not self._collateral:
            return self._client.post_once(self.repay_path, body, "repayId", on_signed)
        body["collateralCoin"] = ",".join(self._collateral)
        return self._client.post_once(self.repay_path, body, None, on_signed)


class FixedContracts:
    """One fixed contract, or all open ones of a coin, as C(Operation).

    :param loan_id: The exchange's id of the contract; none for all contracts of C(coin).
    :param collateral: The coins to sell for it; empty to repay it as a whole from the Funding wallet.
    """

    product = FIXED
    gone_codes = NO_DEBT_CODES

    def __init__(
        self, client: Client, loan_id: str | None, coin: str | None = None, collateral: tuple[str, ...] = ()
    ) -> None:
        self._client = client
        self._loan_id = loan_id
        self._coin = coin
        self._collateral = collateral
        if not loan_id and not coin:
            # Nothing named would mean everything.
            raise ValueError("a fixed loan without id and coin")
        self.name = loan_id or coin or ""
        self.repay_path = f"/v5/crypto-loan-fixed/{'repay-collateral' if collateral else 'fully-repay'}"
        self.ids = {"loan_id": loan_id, "loan_currency": coin, "collateral": list(collateral)}
        self.traits = Traits(
            label=f"fixed contract {loan_id}" if loan_id else f"the fixed {coin} debt",
            missing=_no_such_contract(loan_id) if loan_id else _no_such_coin(self.name),
            is_whole=not collateral,
            is_sweep=not loan_id and not collateral,
            from_collateral=bool(collateral),
            shares_collateral=True,
        )

    @property
    def history_request(self) -> str:
        return f"GET {fixed.HISTORY}" + (f"?loanCurrency={self._coin}" if self._coin else "")

    def find(self) -> Loan | None:
        if self._loan_id:
            loan = fixed.find(self._client, self._loan_id)
            self._coin = loan.coin if loan else None
            return loan
        loan = fixed.together(self.name, fixed.open_loans(self._client, self.name))
        return None if not loan.debt and self.accuracy(self.name) is None else loan

    def accuracy(self, coin: str) -> int | None:
        return borrowing_accuracy(self._client, coin, FIXED)

    def history(self) -> list[HistoryEntry]:
        return fixed.repayments(self._client, self._coin, self._loan_id)

    def repayments_of_account(self, repay_id: str) -> list[HistoryEntry]:
        return _chosen(fixed.repayments(self._client, repay_id=repay_id), repay_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return _account_history(self._client)

    def repay(self, loan: Loan, amount: Decimal, on_signed: _OnSigned) -> Acceptance:
        body = {"loanId": self._loan_id} if self._loan_id else {"loanCurrency": loan.coin}
        if not self._collateral:
            return self._client.post_once(self.repay_path, body, "repayId", on_signed)
        body.update(loanCurrency=loan.coin, amount=plain(amount), collateralCoin=",".join(self._collateral))
        return self._client.post_once(self.repay_path, body, None, on_signed)


def _chosen(entries: list[HistoryEntry], repay_id: str) -> list[HistoryEntry]:
    # The filters are the exchange's; that they were applied is checked here.
    return [entry for entry in entries if entry.repay_id == repay_id]


def _account_history(client: Client) -> list[HistoryEntry]:
    return flexible.repayments(client) + fixed.repayments(client)


def _no_such_contract(loan_id: str) -> str:
    return (
        f"loan_id '{loan_id}' names no fixed contract of this account: check loan_id (it is not the id of the order), and that "
        f"api_key and environment belong to the account that borrowed"
    )


def _no_such_coin(coin: str) -> str:
    return f"loan_currency '{coin}' is no coin that the exchange lends: check it, and write it in capitals"
