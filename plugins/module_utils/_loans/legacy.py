# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads legacy crypto loans (C(/v5/crypto-loan/)): each order has its own collateral.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import total
from .._api.client import Client, rows_of
from .._api.errors import ReadFailed, Refused
from .._api.return_codes import ORDER_NOT_FOUND
from .history import HistoryEntry, Part
from .loan import LEGACY, LIQUIDATED, OPEN, REPAID, Loan, Thresholds, annual
from .parsing import Row, each_once, places_by_coin, row_of_coin, rows_like, united

_OPEN_LOANS = "/v5/crypto-loan/ongoing-orders"
_COMPLETED_LOANS = "/v5/crypto-loan/borrow-history"
HISTORY = "/v5/crypto-loan/repayment-history"
_COINS = "/v5/crypto-loan/loanable-data"
_COLLATERAL = "/v5/crypto-loan/collateral-data"

_CLOSED_STATUSES = {1: REPAID, 2: LIQUIDATED}


def find(client: Client, order_id: str) -> Loan | None:
    """Return a loan that is open, or was closed within the last 6 months; none if there is none.

    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form.
    """
    return _one(client, _OPEN_LOANS, order_id, _open_loan) or _one(client, _COMPLETED_LOANS, order_id, _completed_loan)


def accuracy(client: Client, coin: str) -> int | None:
    """Return how many decimal places an amount of the coin may have; none if the exchange does not list it."""

    def places(answer: dict[str, t.Any]) -> int | None:
        row = row_of_coin(coin, list(_rows_of_levels(_COINS, answer)))
        return row.decimal_places("borrowingAccuracy") if row else None

    # The list of all coins, if C(accuracies) has read it.
    known = places_by_coin(client.recall(_COINS, {}) or [], [coin], "borrowingAccuracy")
    return known[coin] if coin in known else client.cached(_COINS, {"currency": coin}, places)


def collateral_accuracy(client: Client, coin: str) -> int | None:
    """Return how many decimal places an amount of collateral may have; none if the exchange does not list the coin.

    Returns the smallest number if it differs between the VIP levels of accounts.
    """

    def places(answer: dict[str, t.Any]) -> int | None:
        rows = list(_rows_of_levels(_COLLATERAL, answer))
        if row_of_coin(coin, rows) is None:
            return None
        return min(row.decimal_places("collateralAccuracy") for row in rows if row.is_of("currency", coin))

    return client.cached(_COLLATERAL, {"currency": coin}, places)


def accuracies(client: Client, coins: t.Collection[str]) -> dict[str, int]:
    """Return how many decimal places an amount of each of these coins may have, with one request; a coin that is not listed is missing."""
    rows = client.cached(_COINS, {}, lambda answer: list(_rows_of_levels(_COINS, answer))) or []
    # Like C(accuracy), which reads the first VIP level.
    return places_by_coin(rows, coins, "borrowingAccuracy")


class _CollateralLtvs(t.NamedTuple):
    thresholds: dict[str, Thresholds]
    initial: dict[str, Decimal]


def thresholds(client: Client) -> dict[str, Thresholds]:
    """Return the thresholds of each collateral coin: the lowest ones if they differ between the VIP levels of accounts."""
    return _collateral_ltvs(client).thresholds


def initial_ltvs(client: Client) -> dict[str, Decimal]:
    """Return up to which LTV the exchange lends on each collateral coin: the lowest one if it differs between the VIP levels of accounts.

    A coin is missing if one of the levels does not report it, or if it is above the margin call. Needs no request after C(thresholds).
    """
    return _collateral_ltvs(client).initial


def _collateral_ltvs(client: Client) -> _CollateralLtvs:
    def lowest(answer: dict[str, t.Any]) -> _CollateralLtvs:
        margin_calls: dict[str, Decimal] = {}
        liquidations: dict[str, Decimal] = {}
        initial: dict[str, list[Decimal | None]] = {}
        for row in _rows_of_levels(_COLLATERAL, answer):
            coin = row.text("currency")
            for field, lowest_of in (("marginCallLTV", margin_calls), ("liquidationLTV", liquidations)):
                ltv = row.threshold_or_none(field)
                if ltv:
                    lowest_of[coin] = min(ltv, lowest_of.get(coin, ltv))
            initial.setdefault(coin, []).append(_initial_ltv(row))
        # A liquidation LTV below the margin call LTV makes no sense, so both are ignored.
        known = [coin for coin, ltv in margin_calls.items() if ltv <= liquidations.get(coin, Decimal(0))]
        lows = {coin: min(filter(None, ltvs)) for coin, ltvs in initial.items() if all(ltvs)}
        return _CollateralLtvs(
            {coin: Thresholds(margin_calls[coin], liquidations[coin]) for coin in known},
            {coin: lows[coin] for coin in known if coin in lows and lows[coin] <= margin_calls[coin]},
        )

    return client.cached(_COLLATERAL, {}, lowest) or _CollateralLtvs({}, {})


def _initial_ltv(row: Row) -> Decimal | None:
    """Return the initial LTV; none if it is missing or invalid, because the thresholds of the same row are needed without it, too."""
    try:
        return row.threshold_or_none("initialLTV")
    except ReadFailed:
        return None


def open_loans(client: Client, coin: str | None = None, loan_id: str | None = None) -> t.Iterator[Loan]:
    """Yield the open loans of the account, page by page; raises what C(find) raises."""
    rows = rows_like(client, _OPEN_LOANS, {"loanCurrency": coin, "orderId": loan_id})
    return (_open_loan(row, client.exchange_time_or_local_ms()) for row in rows)


def completed_loans(client: Client) -> t.Iterator[Loan]:
    """Yield the loans that were closed within the last 6 months, page by page; raises what C(find) raises."""
    rows = rows_like(client, _COMPLETED_LOANS, {})
    return each_once(_COMPLETED_LOANS, (_completed_loan(row, client.exchange_time_or_local_ms()) for row in rows), "loan ")


def repayments(
    client: Client, coin: str | None = None, loan_id: str | None = None, repay_id: str | None = None, most_rows: int | None = None
) -> list[HistoryEntry]:
    """Return the repayments of the account within the last 6 months; raises what C(find) raises.

    :param most_rows: How many rows to read at most; none for all.
    """
    query = {"orderId": loan_id, "repayId": repay_id, "loanCurrency": coin}
    return united(HISTORY, map(_entry, rows_like(client, HISTORY, query, most_rows)), repay_id)


def missing(order_id: str) -> str:
    """Return the message for an order that the exchange does not list."""
    return (
        f"order_id '{order_id}' is not a loan of this account, neither open nor closed within the last 6 months: check "
        f"order_id, and that api_key and environment belong to the account that borrowed"
    )


def _one(client: Client, path: str, order_id: str, build: t.Callable[[Row, int], Loan]) -> Loan | None:
    try:
        loans = (build(row, client.exchange_time_or_local_ms()) for row in rows_like(client, path, {"orderId": order_id}))
        found = list(each_once(path, loans, "loan "))
    except Refused as error:
        # The documentation does not say whether the exchange answers an unknown order with an empty list or a refusal.
        if error.failure is None or error.failure.ret_code != ORDER_NOT_FOUND:
            raise
        return None
    return found[0] if found else None


def _rows_of_levels(path: str, answer: dict[str, t.Any]) -> t.Iterator[Row]:
    levels = answer.get("vipCoinList")
    if not isinstance(levels, list):
        raise ReadFailed(f"Bybit's answer to {path} lacks vipCoinList.")
    for level in levels:
        for fields in rows_of(path, level):
            yield Row(path, fields)


def _open_loan(row: Row, now_ms: int) -> Loan:
    hourly_rate, maturity_time_ms = row.number_or_none("hourlyInterestRate"), _maturity(row)
    # The exchange calls the unpaid principal of a legacy loan "totalDebt".
    principal, interest = row.number("totalDebt"), row.number("residualInterest")
    penalty_interest = row.penalty_interest(maturity_time_ms is not None and maturity_time_ms <= now_ms)
    return Loan(
        product=LEGACY,
        loan_id=row.text("orderId"),
        coin=row.text("loanCurrency"),
        principal=principal,
        interest=interest,
        penalty_interest=penalty_interest,
        status=OPEN,
        hourly_rate=hourly_rate,
        annual_rate=annual(hourly_rate),
        collateral_coin=row.text("collateralCurrency"),
        collateral_amount=row.number_or_none("collateralAmount"),
        # Not zero if unknown, because the loan would look safe.
        ltv=row.ltv_or_none("currentLTV", total(principal, interest, penalty_interest)),
        maturity_time_ms=maturity_time_ms,
    )


def _completed_loan(row: Row, dummy: int) -> Loan:
    status = _CLOSED_STATUSES.get(row.whole_number("status"))
    if status is None:
        raise ReadFailed(f"Bybit's answer to {row.path} has the unknown status {row.get('status')}.")
    hourly_rate = row.number_or_none("hourlyInterestRate")
    return Loan(
        product=LEGACY,
        loan_id=row.text("orderId"),
        coin=row.text("loanCurrency"),
        principal=Decimal(0),
        interest=Decimal(0),
        penalty_interest=Decimal(0),
        status=status,
        hourly_rate=hourly_rate,
        annual_rate=annual(hourly_rate),
        collateral_coin=row.text("collateralCurrency"),
        collateral_amount=Decimal(0),
        maturity_time_ms=_maturity(row),
    )


def _entry(row: Row) -> HistoryEntry:
    entry = row.entry()
    return entry._replace(
        parts=(Part(row.text("orderId"), entry.amount),),
        collateral_coin=row.text("collateralCurrency"),
        collateral_return=row.number_or_none("collateralReturn"),
    )


def _maturity(row: Row) -> int | None:
    # The documentation has an empty string for a loan without a term. A zero must not be read as due in 1970.
    return None if row.get("expirationTime") in ("", "0") else row.time_ms("expirationTime")
