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
    """What moves money: the repayment of one loan or of what an account owes in one coin, an adjustment of collateral, a transfer.

    Nothing is sent from here but reads, which raise C(Refused) if the exchange refuses the request, and C(ReadFailed) when its answer is
    missing or does not have the documented form. No method changes what another one returns.

    :ivar move: One of C(MOVES).
    :ivar product: The kind of target.
    :ivar name: Tells the target from others of the product.
    :ivar ids: The options that name it, for the result.
    :ivar gone_codes: Return codes by which the exchange says that there is nothing left to do.
    :ivar path: The call that moves the money.
    :ivar history_request: The call and query by which a person can look at the history.
    :ivar history_reach_ms: How far back C(history) reaches when it is not told a moment; none when it has all that the exchange keeps.
    :ivar source: Names what C(available) tells, as the beginning of a sentence.
    :ivar right: What the key must be allowed to do.
    :ivar tells_status: Whether its history says whether an entry is final.
    :ivar ltv_name: Which LTV it changes: that of an order, or C(ACCOUNT); none for a transfer.
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
        """Return the POST that moves an amount, and which field of its answer is the ID of what it has made."""

    @abc.abstractmethod
    def find(self, is_of_ltv: bool = False) -> Subject | None:
        """Return what the operation changes, also when it is repaid; none when the exchange knows no such loan.

        :param is_of_ltv: Whether the LTV must be known.
        """

    @abc.abstractmethod
    def decide(self, subject: Subject | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
        """Decide on what to move; pure but for what rarely changes.

        :param progress: Needed for a goal with C(since).
        """

    @abc.abstractmethod
    def accuracy(self, coin: str) -> int | None:
        """Return how many decimal places an amount of the coin may have; none when the exchange does not list it."""

    @abc.abstractmethod
    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        """Return the moves of the target in the exchange's history (6 months).

        :param since_ms: Of a history that reaches less far at once, which moment it must cover (UTC, ms); the last days unless given.
        """

    @abc.abstractmethod
    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        """Return the moves with this ID, of whatever target of the product."""

    def ltv_history(self) -> list[HistoryEntry]:
        """Return all moves that change the same LTV."""
        return self.history()

    def available(self, subject: Subject, goal: Goal, needed: Decimal | None) -> Decimal | None:
        """Return what can be moved from where the money is; none when nobody knows.

        :param needed: How much must be there, where what was read a moment ago is enough.
        """
        return funding_balance(self._client, subject.coin, needed)

    def doubt(self, subject: Subject) -> str:
        """Say why what was read cannot be believed yet, as a clause; empty when nothing speaks against it."""
        return ""
