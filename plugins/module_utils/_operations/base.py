# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of operations, which move money. The engine and the reconciler know only this interface, never a product.

This module util is private to the collection.
"""

from __future__ import annotations

import abc
import typing as t
from decimal import Decimal

from .._api.api_key import LOANS
from .._api.client import Client, Request
from .._goal import REPAY, Goal
from .._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL
from .._loans.account import funding_balance
from .._loans.history import HistoryEntry
from .._loans.loan import FIXED, FLEXIBLE, LEGACY
from .._loans.subject import Subject
from .decision import Decision, Means
from .progress import Progress
from .terms import Terms

# The name of the LTV that flexible and fixed loans share.
ACCOUNT = "account"
ORDER_PRODUCTS = (LEGACY, ORDER_COLLATERAL)
ACCOUNT_PRODUCTS = (FLEXIBLE, FIXED, ACCOUNT_COLLATERAL)


class Operation(abc.ABC):
    """A repayment of one loan or of what an account owes in one coin, an adjustment of collateral, or a transfer.

    Methods only send reads, which raise C(Refused) if the exchange refuses the request, and C(ReadFailed) if its answer is missing or does
    not have the documented form.

    :ivar move: One of C(MOVES).
    :ivar product: The kind of target.
    :ivar name: Identifies the target within its product.
    :ivar ids: The options that name the target, for the result.
    :ivar gone_codes: The return codes with which the exchange says that there is nothing left to do.
    :ivar path: The API call that moves the money.
    :ivar history_request: The API call and query with which a person can look at the history.
    :ivar history_reach_ms: How far back C(history) reaches without C(since_ms); none if it returns all that the exchange keeps.
    :ivar source: Names what C(available) returns, at the beginning of a sentence.
    :ivar right: What the key must be allowed to do.
    :ivar tells_status: Whether the history shows the status of an entry.
    :ivar ltv_name: The LTV that it changes: that of an order, or C(ACCOUNT); none for a transfer.
    :ivar ltv_products: The products whose targets change the same LTV.
    """

    move: str = REPAY
    product: str
    name: str
    ids: dict[str, t.Any]
    gone_codes: frozenset[int] = frozenset()
    terms: Terms
    path: str
    history_request: str
    history_reach_ms: int | None = None
    source: str = "The balance of the Funding wallet"
    right: str = LOANS
    tells_status: bool = True
    ltv_name: str | None = None
    ltv_products: tuple[str, ...] = ()
    _client: Client

    @abc.abstractmethod
    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        """Return the POST that moves an amount, with the field of its answer that holds the ID."""

    @abc.abstractmethod
    def find(self, is_of_ltv: bool = False) -> Subject | None:
        """Return the subject, which the operation changes, even if it is repaid; none if the exchange knows no such loan.

        :param is_of_ltv: Whether the LTV must be known.
        """

    @abc.abstractmethod
    def decide(self, subject: Subject | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
        """Decide what to move. Reads at most what rarely changes, such as lists of coins.

        :param progress: Needed for a goal with C(since).
        """

    @abc.abstractmethod
    def accuracy(self, coin: str) -> int | None:
        """Return how many decimal places an amount of the coin may have; none if the exchange does not list that."""

    @abc.abstractmethod
    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        """Return the moves of the target in the exchange's history (6 months).

        :param since_ms: The moment that the history must cover (UTC, ms), if one request reaches only C(history_reach_ms) back.
        """

    @abc.abstractmethod
    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        """Return the moves with this ID, for all targets of the product."""

    def ltv_history(self) -> list[HistoryEntry]:
        """Return all moves that change the same LTV."""
        return self.history()

    def available(self, subject: Subject, goal: Goal, needed: Decimal | None) -> Decimal | None:
        """Return what can be moved from the source of the money; none if that is unknown.

        :param needed: The amount that must be available, if a recent reading may answer that; none to read again.
        """
        return funding_balance(self._client, subject.coin, needed)

    def doubt(self, subject: Subject) -> str:
        """Say why the figures of the subject cannot be trusted yet, as a clause; empty if they can."""
        return ""
