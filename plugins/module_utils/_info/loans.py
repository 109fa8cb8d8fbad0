# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The open loans: which of them match, how they are read, their totals, and how they are returned.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from decimal import Decimal

from .._amounts import plain, total
from .._api.client import Client
from .._api.errors import BybitError, ReadFailed, Refused
from .._api.parallel import side_by_side
from .._loans import fixed, flexible, legacy
from .._loans.account import read_position
from .._loans.loan import FIXED, FLEXIBLE, LEGACY, PRODUCTS, Loan, Thresholds
from .._loans.outlook import Outlook, account_outlook
from .._loans.position import CoinCollateral, CoinDebt, Position
from .._loans.prices import coin_prices
from .._times import iso
from .common import Availability, QueryResult, counted, is_unusable
from .forecast import Forecast, account_loan_forecast, coin_result, collateral_forecast, own_loan_forecast, position_forecast, unknown_falls
from .surroundings import Surroundings, read_surroundings


class LoanQuery(t.NamedTuple):
    """The filters for open loans; none means no limit.

    :ivar products: The products to read.
    :ivar named: Whether the user named the products.
    :ivar ltv_above: A fraction; compared with the LTV of the loan, or with that of the account if the loan shares its collateral.
    :ivar matures_within_ms: Loans that are due within this time, or overdue.
    :ivar forecast: What to forecast for the matching loans.
    """

    products: tuple[str, ...]
    named: bool
    forecast: Forecast
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
            and (self.matures_within_ms is None or _is_due(loan, now_ms + self.matures_within_ms))
        )


def loan_result(loan: Loan, now_ms: int) -> dict[str, t.Any]:
    """Return a loan as the module returns it, without its forecast."""
    due_ms = loan.maturity_time_ms
    return {**loan.as_result(), "maturity_time": None if due_ms is None else iso(due_ms), "is_overdue": _is_due(loan, now_ms)}


def position_result(position: Position, account: Outlook, forecast: Forecast) -> dict[str, t.Any]:
    """Return the position of an account as the module returns it."""
    return {
        **position.as_result(),
        **position_forecast(account, forecast),
        "debts": [_plainly(debt) for debt in position.debts],
        "collateral": [{**_plainly(entry), **collateral_forecast(entry.coin, account, forecast)} for entry in position.collateral],
    }


def loan_totals(loans: t.Sequence[Loan]) -> list[dict[str, t.Any]]:
    """Add up the loans of each coin, and of each product in it."""
    totals = []
    for coin in sorted({loan.coin for loan in loans}):
        those = [loan for loan in loans if loan.coin == coin]
        members = {product: [loan for loan in those if loan.product == product] for product in PRODUCTS}
        by_product = {product: _sums(some) for product, some in members.items() if some}
        totals.append({"coin": coin, **_sums(those), "by_product": by_product})
    return totals


def _sums(loans: t.Sequence[Loan]) -> dict[str, t.Any]:
    return {
        "debt": plain(total(*(loan.debt for loan in loans))),
        "principal": plain(total(*(loan.principal for loan in loans))),
        "interest": plain(total(*(loan.interest for loan in loans))),
        "penalty_interest": plain(total(*(loan.penalty_interest for loan in loans))),
        "loans": len(loans),
    }


def _is_due(loan: Loan, time_ms: int) -> bool:
    return loan.maturity_time_ms is not None and loan.maturity_time_ms <= time_ms


def _plainly(entry: CoinDebt | CoinCollateral) -> dict[str, t.Any]:
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in entry._asdict().items()}


def _shock_warnings(forecast: Forecast, around: Surroundings) -> list[str]:
    unknown = [coin for coin in forecast.shock or () if coin not in around.coins]
    if not unknown:
        return []
    return [f"shock changes the price of {', '.join(unknown)}, but nothing that was read is owed or pledged in it, so this has no effect."]


def list_loans(client: Client, query: LoanQuery) -> QueryResult:
    """Return the open loans that match, their totals, and the position of the account.

    :raises BybitError: When something could not be read that could be used.
    """
    return _LoanLister(client, query).result()


class _LoanLister:
    def __init__(self, client: Client, query: LoanQuery) -> None:
        self._client = client
        self._query = query
        self._availability = Availability(query.products, query.named, query.has_id)
        self._warnings: list[str] = []
        self._position: Position | None = None
        self._no_position: BybitError | None = None

    def result(self) -> QueryResult:
        loans = self._read()
        self._availability.check()
        thresholds, forecast, position = self._thresholds(loans), self._query.forecast, self._position
        around = read_surroundings(self._client, position, loans)
        account = account_outlook(position, around.tiers) if position else None
        prices = coin_prices(position, around.tiers, loans)
        now_ms = self._client.exchange_time_or_local_ms()

        def ahead(loan: Loan) -> dict[str, t.Any]:
            if loan.product == LEGACY:
                return own_loan_forecast(loan, thresholds.get(loan.collateral_coin or ""), forecast, prices, now_ms)
            return account_loan_forecast(loan, forecast, account, now_ms)

        unavailable = self._availability.unavailable
        values = {
            "loans": [{**loan_result(loan, now_ms), **ahead(loan)} for loan in loans],
            "totals": loan_totals(loans),
            "position": position_result(position, account, forecast) if position and account else None,
            "coins": [coin_result(coin, prices.get(coin), around.funding, around.unified) for coin in around.coins],
            "unavailable": [entry.as_result() for entry in unavailable],
            "msg": counted("open loan", [loan.product for loan in loans], [entry.product for entry in unavailable]),
        }
        needing_position = set(self._query.products) - {LEGACY} - {entry.product for entry in unavailable}
        if self._no_position and needing_position:
            self._warnings.append(f"The account's position, and therefore the LTV of its loans, cannot be read. {self._no_position}")
        ahead_warnings = [*unknown_falls(loans, thresholds), *around.warnings, *_shock_warnings(forecast, around)]
        return QueryResult(values, [*self._availability.warnings(), *self._warnings, *ahead_warnings])

    def _read(self) -> list[Loan]:
        """Read the position first, which shows a bad key, clock or address, and then the products in parallel."""
        products = self._query.products
        if {FLEXIBLE, FIXED} & set(products):
            self._read_position()
        reads = [functools.partial(self._loans_of, product=product) for product in products]
        loans_of = dict(zip(products, side_by_side(self._client, reads)))
        return [loan for product in products for loan in self._availability.read(product, lambda p: loans_of[p].result())]

    def _loans_of(self, client: Client, product: str) -> list[Loan]:
        if product != LEGACY and self._query.ltv_above is not None and self._no_position is not None:
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
        return [loan for loan in found.values() if self._query.matches(loan, now_ms)]

    def _check_against_position(self, product: str, coins: set[str]) -> None:
        """Refuse a list that lacks what the account's position owes in the product, or owes what that lacks."""
        query = self._query
        if product == LEGACY or self._position is None or query.loan_id is not None:
            return
        owed = {debt.coin for debt in self._position.debts if self._position.shows(product, debt.coin)}
        for coin in owed ^ coins:
            if query.coin in (None, coin):
                has, lacks = ("position", "list") if coin in owed else ("list", "position")
                raise ReadFailed(
                    f"The exchange's answers about the {product} loans contradict each other: the {has} has a debt in {coin}, but the {lacks} has "
                    f"none. Run again; a loan may just have been borrowed or repaid."
                )

    def _open_loans(self, client: Client, product: str) -> t.Iterable[Loan]:
        coin, loan_id = self._query.coin, self._query.loan_id
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

    def _thresholds(self, loans: list[Loan]) -> dict[str, Thresholds]:
        if not any(loan.product == LEGACY for loan in loans):
            return {}
        try:
            return legacy.thresholds(self._client)
        except (Refused, ReadFailed) as error:
            if not is_unusable(error):
                raise
            self._warnings.append(f"The LTVs of margin call and liquidation cannot be read. {error}")
            return {}
