# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the open loans of the account with its position and the thresholds of its collateral, as far as the account can use them.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from decimal import Decimal

from .._api.client import Client
from .._api.errors import BybitError, ReadFailed, Refused
from .._api.parallel import side_by_side
from .._loans import fixed, flexible, legacy
from .._loans.account import read_position
from .._loans.loan import FIXED, FLEXIBLE, LEGACY, Loan, Thresholds
from .._loans.position import Position
from .common import Availability, Unavailable, is_unusable


class LoanFilter(t.NamedTuple):
    """The filters for open loans; none means no limit.

    :ivar products: The products to read.
    :ivar named: Whether the user named the products.
    :ivar ltv_above: A fraction; compared with the LTV of the loan, or with that of the account if the loan shares its collateral.
    :ivar matures_within_ms: Loans that are due within this time, or overdue.
    """

    products: tuple[str, ...]
    named: bool = False
    coin: str | None = None
    loan_id: str | None = None
    ltv_above: Decimal | None = None
    matures_within_ms: int | None = None

    @property
    def has_id(self) -> bool:
        return self.loan_id is not None

    def matches(self, loan: Loan, now_ms: int) -> bool:
        """Return whether a loan matches; one with an unknown LTV is not above any."""
        ltv = loan.reported_ltv
        return (
            self.coin in (None, loan.coin)
            and self.loan_id in (None, loan.loan_id)
            and (self.ltv_above is None or (ltv is not None and ltv > self.ltv_above))
            and (self.matures_within_ms is None or loan.is_due_by(now_ms + self.matures_within_ms))
        )


class OpenLoans(t.NamedTuple):
    """The open loans that match, and what belongs to them, as far as the account can use them.

    :ivar position: The position of the account; none if only legacy loans are read, or if it cannot be read.
    :ivar thresholds: The thresholds of legacy loans, by collateral coin.
    :ivar unavailable: The products that the account cannot use.
    :ivar warnings: What else cannot be read.
    """

    loans: list[Loan]
    position: Position | None
    thresholds: dict[str, Thresholds]
    unavailable: list[Unavailable]
    warnings: list[str]


def read_open_loans(client: Client, wanted: LoanFilter) -> OpenLoans:
    """Return the open loans that match.

    :raises BybitError: When something could not be read that could be used, no product can be used, or answers contradict each other.
    """
    return _Reader(client, wanted).read()


class _Reader:
    def __init__(self, client: Client, wanted: LoanFilter) -> None:
        self._client = client
        self._filter = wanted
        self._availability = Availability(wanted.products, wanted.named, wanted.has_id)
        self._position: Position | None = None
        self._no_position: BybitError | None = None

    def read(self) -> OpenLoans:
        loans = self._loans()
        self._availability.check()
        thresholds, warnings = self._thresholds(loans)
        unavailable = self._availability.unavailable
        needing_position = set(self._filter.products) - {LEGACY} - {entry.product for entry in unavailable}
        if self._no_position and needing_position:
            warnings.append(f"The account's position, and therefore the LTV of its loans, cannot be read. {self._no_position}")
        return OpenLoans(loans, self._position, thresholds, unavailable, warnings)

    def _loans(self) -> list[Loan]:
        """Read the position first, which shows a bad key, clock or address, and then the products in parallel."""
        products = self._filter.products
        if {FLEXIBLE, FIXED} & set(products):
            self._read_position()
        reads = [functools.partial(self._loans_of, product=product) for product in products]
        loans_of = dict(zip(products, side_by_side(self._client, reads)))
        return [loan for product in products for loan in self._availability.read(product, lambda p: loans_of[p].result())]

    def _loans_of(self, client: Client, product: str) -> list[Loan]:
        if product != LEGACY and self._filter.ltv_above is not None and self._no_position is not None:
            # Returning all of them, or none, would both be wrong.
            raise self._no_position
        found: dict[str | None, Loan] = {}
        for loan in self._open_loans(client, product):
            if product != LEGACY:
                loan = dataclasses.replace(loan, position=self._position)
            key = loan.loan_id or loan.coin
            # A loan can appear twice if the list changes between two pages.
            first = found.setdefault(key, loan)
            if (first.coin, first.collateral_coin) != (loan.coin, loan.collateral_coin):
                raise ReadFailed(f"The exchange listed different {product} loans with the ID {key}.")
        self._check_against_position(product, {loan.coin for loan in found.values()})
        now_ms = client.exchange_time_or_local_ms()
        return [loan for loan in found.values() if self._filter.matches(loan, now_ms)]

    def _check_against_position(self, product: str, coins: set[str]) -> None:
        """Refuse a list that lacks what the account's position owes in the product, or owes what that lacks."""
        wanted = self._filter
        if product == LEGACY or self._position is None or wanted.loan_id is not None:
            return
        owed = {debt.coin for debt in self._position.debts if self._position.shows(product, debt.coin)}
        for coin in owed ^ coins:
            if wanted.coin in (None, coin):
                has, lacks = ("position", "list") if coin in owed else ("list", "position")
                raise ReadFailed(
                    f"The exchange's answers about the {product} loans contradict each other: the {has} has a debt in {coin}, but the {lacks} has "
                    f"none. Run again; a loan may just have been borrowed or repaid."
                )

    def _open_loans(self, client: Client, product: str) -> t.Iterable[Loan]:
        coin, loan_id = self._filter.coin, self._filter.loan_id
        if product == LEGACY:
            return legacy.open_loans(client, coin, loan_id)
        if product == FLEXIBLE:
            return flexible.open_loans(client, coin)
        return fixed.open_loans(client, coin, loan_id)

    def _read_position(self) -> None:
        try:
            self._position = read_position(self._client)
        except (Refused, ReadFailed) as error:
            if not is_unusable(error):
                raise
            self._no_position = error

    def _thresholds(self, loans: list[Loan]) -> tuple[dict[str, Thresholds], list[str]]:
        if not any(loan.product == LEGACY for loan in loans):
            return {}, []
        try:
            return legacy.thresholds(self._client), []
        except (Refused, ReadFailed) as error:
            if not is_unusable(error):
                raise
            return {}, [f"The LTVs of margin call and liquidation cannot be read. {error}"]
