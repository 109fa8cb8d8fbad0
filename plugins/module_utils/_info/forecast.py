# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forecasts that C(bybit_loan_info) returns: interest, maturity, falls in price, a shock, and what reaching an LTV takes.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from .._amounts import divide, multiply, plain, plain_or_none, round_down, round_up, total, unit
from .._loans.loan import FIXED, LEGACY, Loan, Thresholds
from .._loans.outlook import Addition, LoanOutlook, Outlook, Shock, loan_outlook
from .._loans.prices import Price, Prices
from .._times import DAY_MS

_HOURS_A_DAY = Decimal(24)
# The factor on the hourly rate of an overdue legacy loan.
_OVERDUE_FACTOR = Decimal(3)
_DAY_PLACES, _USD_PLACES, _LTV_PLACES, _LOAN_LTV_PLACES = 2, 2, 6, 4
# More digits would suggest a precision that the exchange's figures do not have.
_PRICE_DIGITS = 10

Balances = t.Mapping[str, Decimal]


class Forecast(t.NamedTuple):
    """What to forecast.

    :ivar thresholds: The assumed thresholds of the account, which the exchange does not report.
    :ivar shock: The changes in prices; none to leave them as they are.
    :ivar max_ltv: The LTV to reach; none for no such forecast.
    """

    thresholds: Thresholds
    shock: Shock | None = None
    max_ltv: Decimal | None = None


def account_loan_forecast(loan: Loan, forecast: Forecast, account: Outlook | None, now_ms: int) -> dict[str, t.Any]:
    """Return the forecast for a loan with the account's collateral. Its shock and repayment are part of the position's forecast.

    :param account: None if the position could not be read.
    """
    return {
        **_until_due(loan, now_ms),
        **_thresholds(forecast.thresholds, are_assumed=True),
        **(_falls_of_all(account, forecast.thresholds) if account else _falls(None, None)),
        "after_shock": None,
        "to_max_ltv": None,
    }


def own_loan_forecast(loan: Loan, thresholds: Thresholds | None, forecast: Forecast, prices: Prices, now_ms: int) -> dict[str, t.Any]:
    """Return the forecast for a loan with its own collateral.

    :param thresholds: None if the exchange does not report them.
    """
    outlook = loan_outlook(loan)
    falls = [outlook.fall_to(ltv) for ltv in thresholds] if outlook and thresholds else [None, None]
    return {
        **_until_due(loan, now_ms),
        **_thresholds(thresholds, are_assumed=False),
        **_falls(*falls),
        "after_shock": _loan_after(outlook, forecast.shock, prices) if outlook and forecast.shock is not None else None,
        "to_max_ltv": _loan_to(outlook, forecast.max_ltv, forecast.shock or {}) if outlook and forecast.max_ltv is not None else None,
    }


def unknown_falls(loans: t.Iterable[Loan], thresholds: t.Mapping[str, Thresholds]) -> list[str]:
    """Return a warning that names the loans with their own collateral whose falls are unknown, so that nobody considers them safe.

    :param thresholds: By collateral coin, as far as the exchange reports them.
    """
    doubtful = [f"{loan.loan_id} ({why})" for loan in loans if loan.product == LEGACY and (why := _why_no_fall(loan, thresholds))]
    if not doubtful:
        return []
    named = f"legacy loan{'s' if len(doubtful) > 1 else ''} {', '.join(doubtful)}"
    return [f"It is unknown which fall in price leads to a margin call or to liquidation of {named}: a missing value does not mean that a loan is safe."]


def _why_no_fall(loan: Loan, thresholds: t.Mapping[str, Thresholds]) -> str:
    if loan.ltv is None:
        return "its LTV is not known"
    return "" if loan.collateral_coin in thresholds else f"the thresholds of {loan.collateral_coin} are not known"


def position_forecast(account: Outlook, forecast: Forecast) -> dict[str, t.Any]:
    """Return the forecast for the position of the account."""
    return {
        **_thresholds(forecast.thresholds, are_assumed=True),
        **_falls_of_all(account, forecast.thresholds),
        "unpredictable_coins": account.unpredictable_coins,
        "after_shock": None if forecast.shock is None else _account_after(account, forecast.shock),
        "to_max_ltv": None if forecast.max_ltv is None else _account_to(account, forecast.max_ltv, forecast.shock or {}),
    }


def collateral_forecast(coin: str, account: Outlook, forecast: Forecast) -> dict[str, t.Any]:
    """Return the forecast for the account's collateral in one coin, if only this coin falls."""
    return _falls(*(account.fall_to(ltv, [coin]) for ltv in forecast.thresholds))


def coin_result(coin: str, price: Price | None, funding: Balances, unified: Balances) -> dict[str, t.Any]:
    """Return the price of a coin, and what the wallets hold of it; none if unknown."""
    middle = None if price is None else divide(total(price.low, price.high), Decimal(2))
    return {
        "coin": coin,
        "price_usd": _price_text(middle),
        "price_usd_min": _price_text(price and price.low, ROUND_FLOOR),
        "price_usd_max": _price_text(price and price.high, ROUND_CEILING),
        "funding_balance": plain_or_none(funding.get(coin)),
        "unified_balance": plain_or_none(unified.get(coin)),
    }


def _until_due(loan: Loan, now_ms: int) -> dict[str, t.Any]:
    due_ms = loan.maturity_time_ms
    left_ms = None if due_ms is None else Decimal(due_ms - now_ms)
    return {
        "interest_per_day": plain_or_none(_interest_per_day(loan, is_overdue=left_ms is not None and left_ms <= 0)),
        # total() turns a rounded -0 into 0.
        "days_to_maturity": None if left_ms is None else plain(total(divide(left_ms, Decimal(DAY_MS)).quantize(unit(_DAY_PLACES), ROUND_HALF_EVEN))),
    }


def _interest_per_day(loan: Loan, is_overdue: bool) -> Decimal | None:
    if loan.product == FIXED:
        # It was paid when the loan was taken out. The exchange does not report the rate of an overdue loan.
        return None if is_overdue else Decimal(0)
    if loan.hourly_rate is None:
        return None
    hourly = multiply(loan.principal, loan.hourly_rate)
    return multiply(multiply(hourly, _OVERDUE_FACTOR) if is_overdue else hourly, _HOURS_A_DAY)


def _thresholds(thresholds: Thresholds | None, are_assumed: bool) -> dict[str, t.Any]:
    return {
        "margin_call_ltv": plain(thresholds.margin_call_ltv) if thresholds else None,
        "liquidation_ltv": plain(thresholds.liquidation_ltv) if thresholds else None,
        "thresholds_assumed": are_assumed,
    }


def _falls(to_margin_call: Decimal | None, to_liquidation: Decimal | None) -> dict[str, t.Any]:
    return {"fall_to_margin_call": plain_or_none(to_margin_call), "fall_to_liquidation": plain_or_none(to_liquidation)}


def _falls_of_all(account: Outlook, thresholds: Thresholds) -> dict[str, t.Any]:
    coins = [entry.coin for entry in account.collateral]
    return _falls(*(account.fall_to(ltv, coins) for ltv in thresholds))


def _account_after(account: Outlook, shock: Shock) -> dict[str, t.Any]:
    ltv, collateral = account.ltv(shock), account.collateral_usd(shock)
    return {
        "ltv": None if ltv is None else plain(round_up(ltv, _LTV_PLACES)),
        "total_debt_usd": plain(round_up(account.debt_usd(shock), _USD_PLACES)),
        "total_collateral_usd": None if collateral is None else plain(round_down(collateral, _USD_PLACES)),
    }


def _account_to(account: Outlook, max_ltv: Decimal, shock: Shock) -> dict[str, t.Any]:
    usd = account.repay_usd(max_ltv, shock)
    return {
        "max_ltv": plain(max_ltv),
        "repay_usd": None if usd is None else plain(round_up(usd, _USD_PLACES)),
        "repay": [_addition(entry) for entry in account.repayments(max_ltv, shock)],
        "add": [_addition(entry) for entry in account.additions(max_ltv, shock)],
    }


def _loan_after(outlook: LoanOutlook, shock: Shock, prices: Prices) -> dict[str, t.Any]:
    loan = outlook.loan
    owed, pledged = prices.get(loan.coin), prices.get(loan.collateral_coin or "")
    collateral = None if pledged is None else outlook.collateral_usd(pledged, shock)
    return {
        "ltv": plain(round_up(outlook.ltv(shock), _LOAN_LTV_PLACES)),
        "debt_usd": None if owed is None else plain(round_up(outlook.debt_usd(owed, shock), _USD_PLACES)),
        "collateral_usd": None if collateral is None else plain(round_down(collateral, _USD_PLACES)),
    }


def _loan_to(outlook: LoanOutlook, max_ltv: Decimal, shock: Shock) -> dict[str, t.Any]:
    addition = outlook.addition(max_ltv, shock)
    return {"max_ltv": plain(max_ltv), "repay": plain(outlook.repayment(max_ltv, shock)), "add": plain_or_none(addition)}


def _addition(entry: Addition) -> dict[str, t.Any]:
    return {"coin": entry.coin, "amount": plain_or_none(entry.amount)}


def _price_text(price: Decimal | None, rounding: str = ROUND_HALF_EVEN) -> str | None:
    return None if price is None else plain(Context(prec=_PRICE_DIGITS, rounding=rounding).plus(price))
