# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The open loans as C(bybit_loan_info) returns them, with their totals and forecasts.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import plain, total
from .._api.client import Client
from .._loans.loan import LEGACY, PRODUCTS, Loan
from .._loans.outlook import Outlook, account_outlook
from .._loans.position import CoinCollateral, CoinDebt, Position
from .._loans.prices import coin_prices
from .._times import iso
from .common import QueryResult, counted, missing_products
from .forecast import Forecast, account_loan_forecast, coin_result, collateral_forecast, own_loan_forecast, position_forecast, unknown_falls
from .open_loans import LoanFilter, read_open_loans
from .surroundings import Surroundings, read_surroundings


class LoanQuery(t.NamedTuple):
    """A query for open loans.

    :ivar forecast: What to forecast for the loans that match the filter.
    """

    filter: LoanFilter
    forecast: Forecast


def loan_result(loan: Loan, now_ms: int) -> dict[str, t.Any]:
    """Return a loan as the module returns it, without its forecast."""
    due_ms = loan.maturity_time_ms
    return {**loan.as_result(), "maturity_time": None if due_ms is None else iso(due_ms), "is_overdue": loan.is_due_by(now_ms)}


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
    found, forecast = read_open_loans(client, query.filter), query.forecast
    loans, position = found.loans, found.position
    around = read_surroundings(client, position, loans)
    account = account_outlook(position, around.tiers) if position else None
    prices = coin_prices(position, around.tiers, loans)
    now_ms = client.exchange_time_or_local_ms()

    def ahead(loan: Loan) -> dict[str, t.Any]:
        if loan.product == LEGACY:
            return own_loan_forecast(loan, found.thresholds.get(loan.collateral_coin or ""), forecast, prices, now_ms)
        return account_loan_forecast(loan, forecast, account, now_ms)

    values = {
        "loans": [{**loan_result(loan, now_ms), **ahead(loan)} for loan in loans],
        "totals": loan_totals(loans),
        "position": position_result(position, account, forecast) if position and account else None,
        "coins": [coin_result(coin, prices.get(coin), around.funding, around.unified) for coin in around.coins],
        "unavailable": [entry.as_result() for entry in found.unavailable],
        "msg": counted("open loan", [loan.product for loan in loans], [entry.product for entry in found.unavailable]),
    }
    ahead_warnings = [*unknown_falls(loans, found.thresholds), *around.warnings, *_shock_warnings(forecast, around)]
    return QueryResult(values, [*missing_products(found.unavailable), *found.warnings, *ahead_warnings])
