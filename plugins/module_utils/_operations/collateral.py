# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add collateral to a legacy loan order or to the account, or take it back.

This module util is private to the collection.
"""

from __future__ import annotations

import abc
from decimal import Decimal

from .._amounts import plain
from .._api.client import Client, Request, readable
from .._goal import ADD, Goal
from .._journal.target import ACCOUNT_COLLATERAL, ORDER_COLLATERAL
from .._loans import legacy
from .._loans.account import read_position
from .._loans.adjustments import (
    ACCOUNT_HISTORY,
    LEGACY_HISTORY,
    account_adjustments,
    account_limit,
    legacy_adjustments,
    legacy_limit,
)
from .._loans.coins import CollateralList, collateral_list
from .._loans.history import HistoryEntry
from .._loans.subject import Pledge, Subject
from .base import ACCOUNT, ACCOUNT_PRODUCTS, ORDER_PRODUCTS, Operation
from .collateral_plan import decide
from .decision import Decision, Means
from .progress import Progress
from .repayment import account_history
from .terms import Terms

_DIRECTIONS = {True: "0", False: "1"}


class Adjustment(Operation):
    """Adds collateral from the Funding wallet, or takes it back there.

    :param move: C(ADD) or C(TAKE_BACK).
    """

    def __init__(self, client: Client, move: str) -> None:
        self._client = client
        self.move = move
        if move != ADD:
            self.source = "What the exchange releases"

    def decide(self, subject: Subject | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
        pledge = subject if isinstance(subject, Pledge) else None
        if pledge is not None and pledge.position is not None:
            if goal.move == ADD and pledge.position.refuses_collateral and not means.lack:
                means = means._replace(lack=_refused(pledge.coin))
            if goal.is_of_ltv and means.accuracy is None:
                # Not documented for these loans. A goal can be reached with the places of legacy loans.
                means = means._replace(accuracy=readable(lambda: legacy.collateral_accuracy(self._client, pledge.coin)))
            listed = self._listed(goal)
            if goal.move == ADD and listed.coins and pledge.coin not in listed.coins and not means.lack:
                means = means._replace(lack=f"currency '{pledge.coin}' is not a coin that the exchange accepts as collateral: check its spelling")
            return decide(self.terms, pledge, goal, means, listed.tiers.get(pledge.coin))
        return decide(self.terms, pledge, goal, means)

    def _listed(self, goal: Goal) -> CollateralList:
        """Return which coins the exchange accepts as collateral, with their tiers. A step is possible without them."""
        if goal.is_of_ltv:
            return collateral_list(self._client)
        return readable(lambda: collateral_list(self._client)) or CollateralList()

    def available(self, subject: Subject, goal: Goal, needed: Decimal | None) -> Decimal | None:
        return super().available(subject, goal, needed) if goal.move == ADD else self.limit()

    @abc.abstractmethod
    def limit(self) -> Decimal:
        """Return how much of the collateral the exchange releases."""


class LegacyCollateral(Adjustment):
    """Adjusts the collateral of one legacy order."""

    product = ORDER_COLLATERAL
    tells_status = False
    path = "/v5/crypto-loan/adjust-ltv"
    ltv_products = ORDER_PRODUCTS

    def __init__(self, client: Client, order_id: str, move: str) -> None:
        super().__init__(client, move)
        self.name = self.ltv_name = order_id
        self.ids = {"order_id": order_id, "currency": None}
        self.history_request = f"GET {LEGACY_HISTORY}?orderId={order_id}"
        self.terms = Terms(label=f"loan {order_id}", missing=legacy.missing(order_id))

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        direction = _DIRECTIONS[self.move == ADD]
        return Request(self.path, {"orderId": self.name, "amount": plain(amount), "direction": direction}, "adjustId")

    def find(self, is_of_ltv: bool = False) -> Pledge | None:
        loan = legacy.find(self._client, self.name)
        if loan is None:
            return None
        return Pledge(loan.collateral_coin or "", loan.collateral_amount, loan=loan)

    def accuracy(self, coin: str) -> int | None:
        return legacy.collateral_accuracy(self._client, coin)

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        return legacy_adjustments(self._client, self.name)

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return legacy_adjustments(self._client, adjust_id=move_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return self.history() + legacy.repayments(self._client, loan_id=self.name)

    def limit(self) -> Decimal:
        return legacy_limit(self._client, self.name)


class AccountCollateral(Adjustment):
    """Adjusts the collateral of the account in one coin, for its flexible and fixed loans."""

    product = ACCOUNT_COLLATERAL
    path = "/v5/crypto-loan-common/adjust-ltv"
    ltv_name = ACCOUNT
    ltv_products = ACCOUNT_PRODUCTS

    def __init__(self, client: Client, coin: str, move: str) -> None:
        super().__init__(client, move)
        self.name = coin
        self.ids = {"order_id": None, "currency": coin}
        self.history_request = f"GET {ACCOUNT_HISTORY}?collateralCurrency={coin}"
        self.terms = Terms(label="the account", missing="", shares_collateral=True)

    def request(self, subject: Subject, amount: Decimal, intent_id: str) -> Request:
        body = {"currency": self.name, "amount": plain(amount), "direction": _DIRECTIONS[self.move == ADD]}
        return Request(self.path, body, "adjustId")

    def find(self, is_of_ltv: bool = False) -> Pledge | None:
        position = read_position(self._client)
        pledged = dict(position.pledged([self.name]))
        return Pledge(self.name, pledged.get(self.name, Decimal(0)), position=position)

    def accuracy(self, coin: str) -> int | None:
        # The exchange documents none for the collateral of these loans.
        return None

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        return account_adjustments(self._client, self.name)

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        return account_adjustments(self._client, adjust_id=move_id)

    def ltv_history(self) -> list[HistoryEntry]:
        return account_history(self._client)

    def limit(self) -> Decimal:
        return account_limit(self._client, self.name)


def _refused(coin: str) -> str:
    return (
        f"the exchange accepts no more {coin} as collateral at the moment, because its limit for the whole platform is reached: repay "
        f"instead, or run again later"
    )
