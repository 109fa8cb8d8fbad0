# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the open loans that a question is about, of all products. Nothing but reads is sent from here.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils import _fixed, _flexible, _legacy
from ansible_collections.treasury.bybit.plugins.module_utils._account import read_position
from ansible_collections.treasury.bybit.plugins.module_utils._answer import Answer, counted
from ansible_collections.treasury.bybit.plugins.module_utils._availability import Availability, is_unusable
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._loan import FIXED, FLEXIBLE, LEGACY, Loan, Thresholds
from ansible_collections.treasury.bybit.plugins.module_utils._loan_question import (
    LoanQuestion,
    loan_result,
    loan_totals,
    position_result,
)
from ansible_collections.treasury.bybit.plugins.module_utils._position import Position
from ansible_collections.treasury.bybit.plugins.module_utils._side_by_side import side_by_side


def survey_loans(client: Client, question: LoanQuestion) -> Answer:
    """Return the open loans, their sums, and the position of the account.

    :raises BybitError: When something could not be read that could be used.
    """
    return _Survey(client, question).answer()


class _Survey:
    def __init__(self, client: Client, question: LoanQuestion) -> None:
        self._client = client
        self._question = question
        self._availability = Availability(question.products, question.named, question.has_id)
        self._warnings: list[str] = []
        self._position: Position | None = None
        self._no_position: BybitError | None = None

    def answer(self) -> Answer:
        loans = self._read()
        self._availability.check()
        thresholds = self._thresholds(loans)
        now_ms = self._client.believed_time_ms()
        unavailable = self._availability.unavailable
        values = {
            "loans": [loan_result(loan, thresholds.get(loan.collateral_coin or ""), now_ms) for loan in loans],
            "totals": loan_totals(loans),
            "position": position_result(self._position) if self._position else None,
            "unavailable": [entry.as_result() for entry in unavailable],
            "msg": counted("open loan", [loan.product for loan in loans], [entry.product for entry in unavailable]),
        }
        needing_position = set(self._question.products) - {LEGACY} - {entry.product for entry in unavailable}
        if self._no_position and needing_position:
            self._warnings.append(f"The account's position, and so the LTV of its loans, cannot be read. {self._no_position}")
        return Answer(values, [*self._availability.warnings(), *self._warnings])

    def _read(self) -> list[Loan]:
        """Read the position, which tells at once when key, clock or address are no good, and then the products side by side."""
        products = self._question.products
        if {FLEXIBLE, FIXED} & set(products):
            self._read_position()
        reads = [functools.partial(self._loans_of, product=product) for product in products]
        loans_of = dict(zip(products, side_by_side(self._client, reads)))
        return [loan for product in products for loan in self._availability.read(product, lambda p: loans_of[p].result())]

    def _loans_of(self, client: Client, product: str) -> list[Loan]:
        if product != LEGACY and self._question.ltv_above is not None and self._no_position is not None:
            # To show them all, or none, would both be a wrong answer.
            raise self._no_position
        found: dict[str | None, Loan] = {}
        for loan in self._open_loans(client, product):
            if product != LEGACY:
                loan = dataclasses.replace(loan, position=self._position)
            key = loan.loan_id or loan.coin
            # A loan can come twice when something changes between the reading of two pages.
            first = found.setdefault(key, loan)
            if (first.coin, first.collateral_coin) != (loan.coin, loan.collateral_coin):
                raise ReadFailed(f"Bybit answered with different {product} loans of the id {key}.")
        self._check_against_position(product, {loan.coin for loan in found.values()})
        now_ms = client.believed_time_ms()
        return [loan for loan in found.values() if self._question.is_about(loan, now_ms)]

    def _check_against_position(self, product: str, coins: set[str]) -> None:
        """Refuse a list that lacks what the account's position owes in the product, or owes what that lacks."""
        question = self._question
        if product == LEGACY or self._position is None or question.loan_id is not None:
            return
        owed = {debt.coin for debt in self._position.debts if self._position.shows(product, debt.coin)}
        for coin in owed ^ coins:
            if question.coin in (None, coin):
                has, lacks = ("position", "list") if coin in owed else ("list", "position")
                raise ReadFailed(
                    f"What Bybit tells of the {product} loans does not fit together: the {has} has a debt in {coin}, and the {lacks} has "
                    f"none. Run again; a loan may just have been taken or repaid."
                )

    def _open_loans(self, client: Client, product: str) -> t.Iterable[Loan]:
        coin, loan_id = self._question.coin, self._question.loan_id
        if product == LEGACY:
            return _legacy.open_loans(client, coin, loan_id)
        if product == FLEXIBLE:
            return _flexible.open_loans(client, coin)
        return _fixed.open_loans(client, coin, loan_id)

    def _read_position(self) -> None:
        try:
            self._position = read_position(self._client)
        except (Refused, ReadFailed) as error:
            if not is_unusable(error):
                raise
            self._no_position = error

    def _thresholds(self, loans: list[Loan]) -> dict[str, Thresholds]:
        if not any(loan.product == LEGACY for loan in loans):
            return {}
        try:
            return _legacy.thresholds(self._client)
        except (Refused, ReadFailed) as error:
            if not is_unusable(error):
                raise
            self._warnings.append(f"The LTVs of margin call and liquidation cannot be read. {error}")
            return {}
