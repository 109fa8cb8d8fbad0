# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of an operation that moves money. The engine and the reconciler know only this, never a product.

This module util is private to the collection.
"""

from __future__ import annotations

import abc
import typing as t
from decimal import Decimal

from .._api.client import Client, Request
from .._loans import fixed, flexible
from .._loans.history import HistoryEntry
from .._loans.loan import Loan
from .terms import Terms


class Operation(abc.ABC):
    """The repayment of one loan, or of what an account owes in one coin.

    Nothing is sent from here but reads, which raise C(Refused) if the exchange refuses the request, and C(ReadFailed) when its answer is
    missing or does not have the documented form. No method changes what another one returns.

    :ivar product: One of C(PRODUCTS).
    :ivar name: Tells the loan from others of the product.
    :ivar ids: The options that name it, for the result.
    :ivar gone_codes: Return codes by which the exchange says that there is nothing left to repay.
    :ivar path: The call that repays.
    :ivar history_request: The call and query by which a person can look at the history.
    """

    product: str
    name: str
    ids: dict[str, t.Any]
    gone_codes: frozenset[int]
    terms: Terms
    path: str
    history_request: str

    @abc.abstractmethod
    def request(self, loan: Loan, amount: Decimal) -> Request:
        """Return the POST that repays an amount, and which field of its answer is the id of the repayment."""

    @abc.abstractmethod
    def find(self) -> Loan | None:
        """Return the loan, also when it is repaid; none when the exchange knows no such loan."""

    @abc.abstractmethod
    def accuracy(self, coin: str) -> int | None:
        """Return how many decimal places an amount of the coin may have; none when the exchange does not list it."""

    @abc.abstractmethod
    def history(self) -> list[HistoryEntry]:
        """Return all repayments of the loan in the exchange's history (6 months)."""

    @abc.abstractmethod
    def repayments_of_account(self, repay_id: str) -> list[HistoryEntry]:
        """Return the repayments with this id, of whatever loan of the product."""

    @abc.abstractmethod
    def ltv_history(self) -> list[HistoryEntry]:
        """Return all repayments that lower the same LTV."""


def account_history(client: Client) -> list[HistoryEntry]:
    """Return all repayments that lower the LTV of the account."""
    return flexible.repayments(client) + fixed.repayments(client)


def missing_coin(coin: str) -> str:
    """Say that the exchange does not lend a coin."""
    return f"loan_currency '{coin}' is not a coin that the exchange lends: check it"
