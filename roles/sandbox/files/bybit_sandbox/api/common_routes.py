# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints that flexible and fixed loans share, with the documented fields and types."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import ZERO, parse, plain, rounded
from ..errors import Refusal
from ..ledger.fixed_loans import HOURS_OF_A_YEAR
from ..ledger.records import OPEN
from . import visibility
from .request import LOANS, ApiRequest, Route

TERMS = ("7", "14", "30", "60", "90", "180")
NO_END = "99999999999"
USD_PLACES, LTV_PLACES = 2, 6


def position(request: ApiRequest) -> dict:
    ledger, collateral, switches = request.loan_book.ledger, request.loan_book.collateral, request.switches
    flexible = {debt.coin: debt for debt in visibility.flexible(request.account, request.now)}
    fixed: dict[str, Decimal] = {}
    shown = visibility.contracts(request.account, request.now)
    for contract in map(shown, request.account.fixed_contracts):
        if contract.status == OPEN:
            fixed[contract.coin] = fixed.get(contract.coin, ZERO) + contract.debt

    def usd(value: Decimal) -> str:
        return switches.amount(rounded(value, USD_PLACES))

    borrowed, total = [], ZERO
    for coin in sorted({*flexible, *fixed}):
        owed = flexible[coin].debt if coin in flexible else ZERO
        rate = plain(flexible[coin].hourly_rate) if coin in flexible else ledger.loan_coins[coin].flexible_rate
        price = ledger.prices[coin]
        total += (owed + fixed.get(coin, ZERO)) * price
        borrowed.append({
            "fixedTotalDebt": switches.amount(fixed.get(coin, ZERO)),
            "fixedTotalDebtUSD": usd(fixed.get(coin, ZERO) * price),
            "flexibleHourlyInterestRate": switches.optional(rate),
            "flexibleTotalDebt": switches.amount(owed),
            "flexibleTotalDebtUSD": usd(owed * price),
            "loanCurrency": coin,
        })
    held = {coin: amount for coin, amount in visibility.collateral(request.account, request.now).items() if amount > ZERO}
    value = collateral.collateral_usd(held)
    return {
        "borrowList": borrowed,
        "collateralList": [
            {"amount": switches.amount(amount), "amountUSD": usd(collateral.value(coin, amount)), "currency": coin}
            for coin, amount in held.items()
        ],
        "ltv": plain(rounded(total / value, LTV_PLACES)) if value else "0",
        "supplyList": [
            {"amount": switches.amount(amount), "amountUSD": usd(amount * ledger.prices[coin]), "currency": coin}
            for coin, amount in request.account.supply.items()
        ],
        "totalCollateral": usd(value),
        "totalDebt": usd(total),
        "totalSupply": usd(sum((amount * ledger.prices[coin] for coin, amount in request.account.supply.items()), ZERO)),
        "colRes": str(ledger.settings.col_res),
    }


def loanable_data(request: ApiRequest) -> dict:
    levels = request.loan_book.ledger.vip_levels
    level = request.query.get("vipLevel", levels[0])
    if level not in levels:
        raise Refusal(10001, "vipLevel is unknown")
    wanted = request.query.get("currency")
    return {"list": [
        {
            "currency": name,
            "fixedBorrowable": bool(coin.annual_rates),
            "fixedBorrowingAccuracy": coin.fixed_accuracy,
            "flexibleBorrowable": bool(coin.flexible_rate),
            "flexibleBorrowingAccuracy": coin.flexible_accuracy,
            "maxBorrowingAmount": plain(coin.max_amount),
            "minFixedBorrowingAmount": plain(coin.min_amount),
            "minFlexibleBorrowingAmount": plain(coin.min_amount),
            "vipLevel": level,
            **{f"annualizedInterestRate{term}D": coin.annual_rates.get(term, "") for term in TERMS},
            "flexibleAnnualizedInterestRate": _annual(coin.flexible_rate),
        }
        for name, coin in request.loan_book.ledger.loan_coins.items() if wanted in (None, name)
    ]}


def collateral_data(request: ApiRequest) -> dict:
    coins = request.loan_book.ledger.collateral_coins
    wanted = request.query.get("currency")
    groups: dict[tuple, list[str]] = {}
    for name, coin in coins.items():
        groups.setdefault(tuple(coin.ratios.items()), []).append(name)
    return {
        "collateralRatioConfigList": [
            {"collateralRatioList": _tiers(ratios), "currencies": ",".join(names)}
            for ratios, names in groups.items() if wanted is None or wanted in names
        ],
        "currencyLiquidationList": [
            {"currency": name, "liquidationOrder": coin.liquidation_order}
            for name, coin in sorted(coins.items(), key=lambda item: item[1].liquidation_order)
            if wanted in (None, name)
        ],
    }


def _tiers(ratios: tuple[tuple[str, Decimal], ...]) -> list[dict]:
    ends = [least for least, _ratio in ratios[1:]] + [NO_END]
    return [
        {"collateralRatio": plain(ratio), "maxValue": end, "minValue": least}
        for (least, ratio), end in zip(ratios, ends, strict=True)
    ]


def _annual(hourly_rate: str) -> str:
    rate = parse(hourly_rate)
    return "" if rate is None else plain(rate * HOURS_OF_A_YEAR)


COMMON_ROUTES = {
    "GET /v5/crypto-loan-common/position": Route(position, LOANS, "ok"),
    "GET /v5/crypto-loan-common/loanable-data": Route(loanable_data, message="ok"),
    "GET /v5/crypto-loan-common/collateral-data": Route(collateral_data, message="ok"),
}
