# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repayment is about: one loan, or what an account owes in one coin; the small interface of all loan products.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._api.client import Acceptance
from .._loans.history import HistoryEntry
from .._loans.loan import Loan
from .traits import Traits


class Operation(t.Protocol):
    """One subject of one account. Each method but C(repay) only reads.

    Whatever reads raises C(Refused) when the exchange refuses to tell, and C(ReadFailed) when its answer is missing or does
    not have the documented form.

    :ivar product: One of C(PRODUCTS).
    :ivar name: Tells it from other subjects of the product.
    :ivar ids: The options that name it, for the result.
    :ivar gone_codes: Return codes by which the exchange says that there is nothing left to repay.
    """

    product: str
    name: str
    ids: dict[str, t.Any]
    gone_codes: frozenset[int]
    traits: Traits

    @property
    def repay_path(self) -> str:
        """The call that C(repay) makes."""

    @property
    def history_request(self) -> str:
        """The call and query by which a person can look at the history."""

    def find(self) -> Loan | None:
        """Return the loan, also when it is repaid; none when the exchange knows no such loan."""

    def accuracy(self, coin: str) -> int | None:
        """Return how many decimal places an amount of the coin may have; none when the exchange does not list it."""

    def history(self) -> list[HistoryEntry]:
        """Return all repayments that the exchange tells of (6 months)."""

    def repayments_of_account(self, repay_id: str) -> list[HistoryEntry]:
        """Return the repayments with this id, of whatever loan of the product."""

    def ltv_history(self) -> list[HistoryEntry]:
        """Return all repayments that lower the same LTV."""

    def repay(self, loan: Loan, amount: Decimal, on_signed: t.Callable[[int], None]) -> Acceptance:
        """POST one repayment; parameters and errors are those of C(Client.post_once)."""
