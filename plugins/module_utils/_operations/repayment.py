# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all repayments share, and those of the account's loans.

This module util is private to the collection.
"""

from __future__ import annotations

import abc
import dataclasses

from .._api.client import Client
from .._api.return_codes import NO_DEBT_CODES
from .._goal import Goal
from .._loans import fixed, flexible
from .._loans.account import read_position
from .._loans.adjustments import account_adjustments
from .._loans.history import HistoryEntry
from .._loans.loan import Loan
from .._loans.subject import Subject
from .base import ACCOUNT, ACCOUNT_PRODUCTS, Operation
from .decision import Decision, Means
from .progress import Progress
from .repayment_plan import decide


class Repayment(Operation):
    """Repays a loan."""

    def decide(self, subject: Subject | None, goal: Goal, means: Means, progress: Progress | None = None) -> Decision:
        return decide(self.terms, subject if isinstance(subject, Loan) else None, goal, means, progress)


class AccountRepayment(Repayment):
    """Repays flexible or fixed loans, which share the collateral of the account."""

    gone_codes = NO_DEBT_CODES
    ltv_name = ACCOUNT
    ltv_products = ACCOUNT_PRODUCTS

    def find(self, is_of_ltv: bool = False) -> Loan | None:
        loan = self.find_loan()
        return dataclasses.replace(loan, position=read_position(self._client)) if loan is not None and is_of_ltv else loan

    @abc.abstractmethod
    def find_loan(self) -> Loan | None:
        """Return the loan without the position of the account."""

    def ltv_history(self) -> list[HistoryEntry]:
        return account_history(self._client)


def account_history(client: Client) -> list[HistoryEntry]:
    """Return all moves that change the LTV of the account."""
    return flexible.repayments(client) + fixed.repayments(client) + account_adjustments(client)


def missing_coin(coin: str) -> str:
    """Say that the exchange does not lend a coin."""
    return f"loan_currency '{coin}' is not a coin that the exchange lends: check its spelling"
