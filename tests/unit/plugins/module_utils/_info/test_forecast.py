# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The returned forecast: interest, maturity, thresholds, falls, a shock, and what an LTV takes."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._info.forecast import (
    Forecast,
    account_loan_forecast,
    coin_result,
    collateral_forecast,
    own_loan_forecast,
    position_forecast,
    unknown_falls,
)
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY, OPEN, Loan, Thresholds
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import Outlook, Owed, Pledged
from ansible_collections.treasury.bybit.plugins.module_utils._loans.prices import Price
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier

D = Decimal
NOW_MS = 1793534400000
HOUR_MS = 3_600_000
ASSUMED = Thresholds(D("0.85"), D("0.95"))
NOTHING_ASKED = Forecast(ASSUMED)
ASKED = Forecast(ASSUMED, {"BTC": D("-0.5")}, D("0.4"))
# A debt of 5000 against 0.8 x 10,000.
ACCOUNT = Outlook((Owed("USDT", D(5000), D(5000)),), (Pledged("BTC", D("0.2"), D(8000), D(10000), (Tier(D(0), D(10**9), D("0.8")),)),))
UNKNOWN = ACCOUNT._replace(collateral=(Pledged("BTC", D("0.2"), D(8000)),))


def loan(product: str, **more: t.Any) -> Loan:
    own = {"collateral_coin": "BTC", "collateral_amount": D("0.04"), "ltv": D("0.4168")} if product == LEGACY else {}
    return Loan(**{
        "product": product, "loan_id": "17", "coin": "USDT", "principal": D(1000), "interest": D("0.4"), "penalty_interest": D(0), "status": OPEN,
        **own, **more,
    })


@pytest.mark.parametrize(
    ("of", "interest"),
    [
        # Only on the principal: 1000 x 0.00001 x 24.
        (loan(LEGACY, hourly_rate=D("0.00001")), "0.24"),
        (loan(FLEXIBLE, hourly_rate=D("0.00001")), "0.24"),
        (loan(LEGACY, hourly_rate=D("0.00001"), maturity_time_ms=NOW_MS + 1), "0.24"),
        # Three times as much once it is overdue.
        (loan(LEGACY, hourly_rate=D("0.00001"), maturity_time_ms=NOW_MS), "0.72"),
        (loan(LEGACY), None),
        (loan(FIXED, annual_rate=D("0.05"), maturity_time_ms=NOW_MS + 1), "0"),
        (loan(FIXED, annual_rate=D("0.05"), maturity_time_ms=NOW_MS), None),
    ],
)
def test_interest_per_day_is_predicted(of: Loan, interest: str | None) -> None:
    assert ahead(of)["interest_per_day"] == interest


@pytest.mark.parametrize(
    ("due_in_ms", "days"),
    [
        (None, None),
        (72 * HOUR_MS, "3"),
        (72 * HOUR_MS - 1, "3"),
        (71 * HOUR_MS, "2.96"),
        (HOUR_MS, "0.04"),
        (0, "0"),
        (-1, "0"),
        (-36 * HOUR_MS, "-1.5"),
    ],
)
def test_days_to_maturity_are_counted(due_in_ms: int | None, days: str | None) -> None:
    assert ahead(loan(FIXED, maturity_time_ms=None if due_in_ms is None else NOW_MS + due_in_ms))["days_to_maturity"] == days


def ahead(of: Loan, forecast: Forecast = NOTHING_ASKED, thresholds: Thresholds | None = None) -> dict[str, t.Any]:
    if of.product == LEGACY:
        return own_loan_forecast(of, thresholds, forecast, {"USDT": Price(D("0.99"), D("1.01")), "BTC": Price(D(59000), D(61000))}, NOW_MS)
    return account_loan_forecast(of, forecast, ACCOUNT, NOW_MS)


def test_a_legacy_loan() -> None:
    added = ahead(loan(LEGACY), ASKED, Thresholds(D("0.870"), D("0.95")))
    assert added == {
        "interest_per_day": None,
        "days_to_maturity": None,
        "margin_call_ltv": "0.87",
        "liquidation_ltv": "0.95",
        "thresholds_assumed": False,
        # 1 - 0.4169 / 0.87 and 1 - 0.4169 / 0.95.
        "fall_to_margin_call": "0.5208",
        "fall_to_liquidation": "0.5611",
        # 0.4169 / 0.5; 1000.4 x 1.01; 0.04 x 59,000 / 2.
        "after_shock": {"ltv": "0.8338", "debt_usd": "1010.41", "collateral_usd": "1180"},
        # 1000.4 x 0.4338 / 0.8338; 0.04 x 0.4338 / 0.4.
        "to_max_ltv": {"max_ltv": "0.4", "repay": "520.47675702", "add": "0.04338"},
    }


def test_a_legacy_loan_of_which_little_is_known() -> None:
    without_ltv = ahead(loan(LEGACY, ltv=None), ASKED, ASSUMED)
    assert [without_ltv[name] for name in ("fall_to_margin_call", "after_shock", "to_max_ltv")] == [None, None, None]
    without_thresholds = ahead(loan(LEGACY), ASKED)
    assert [without_thresholds[name] for name in ("margin_call_ltv", "thresholds_assumed", "fall_to_liquidation")] == [None, False, None]
    without_prices = own_loan_forecast(loan(LEGACY), ASSUMED, ASKED, {}, NOW_MS)
    assert without_prices["after_shock"] == {"ltv": "0.8338", "debt_usd": None, "collateral_usd": None}


@pytest.mark.parametrize(
    ("loans", "named"),
    [
        ([], None),
        ([loan(LEGACY), loan(FLEXIBLE)], None),
        # It is known that no fall reaches it.
        ([loan(LEGACY, collateral_coin="BTC", coin="BTC")], None),
        ([loan(LEGACY, ltv=None)], "legacy loan 17 (its LTV is not known): a missing value does not mean that a loan is safe."),
        ([loan(LEGACY, collateral_coin="ETH")], "legacy loan 17 (the thresholds of ETH are not known): a missing value"),
        (
            [loan(LEGACY), loan(LEGACY, loan_id="18", ltv=None, collateral_coin="ETH"), loan(LEGACY, loan_id="19", collateral_coin="ETH")],
            "legacy loans 18 (its LTV is not known), 19 (the thresholds of ETH are not known): a missing value",
        ),
    ],
)
def test_loans_whose_falls_are_not_known_are_named(loans: list[Loan], named: str | None) -> None:
    warnings = unknown_falls(loans, {"BTC": ASSUMED})
    assert len(warnings) == (named is not None)
    assert all(str(named) in warning for warning in warnings)


@pytest.mark.parametrize(("account", "falls"), [(ACCOUNT, ["0.2647", "0.3421"]), (None, [None, None])])
def test_a_loan_that_the_account_secures(account: Outlook | None, falls: list[str | None]) -> None:
    added = account_loan_forecast(loan(FLEXIBLE), ASKED, account, NOW_MS)
    # 1 - 0.625 / 0.85 and 1 - 0.625 / 0.95.
    assert [added["fall_to_margin_call"], added["fall_to_liquidation"]] == falls
    assert [added["margin_call_ltv"], added["liquidation_ltv"], added["thresholds_assumed"]] == ["0.85", "0.95", True]
    assert (added["after_shock"], added["to_max_ltv"]) == (None, None)


def test_the_position() -> None:
    assert position_forecast(ACCOUNT, ASKED) == {
        "margin_call_ltv": "0.85",
        "liquidation_ltv": "0.95",
        "thresholds_assumed": True,
        "fall_to_margin_call": "0.2647",
        "fall_to_liquidation": "0.3421",
        "unpredictable_coins": [],
        "after_shock": {"ltv": "1.25", "total_debt_usd": "5000", "total_collateral_usd": "4000"},
        "to_max_ltv": {
            "max_ltv": "0.4",
            # 5000 - 0.4 x 4000; or 12,500 - 4000 = 0.8 x 10,625 at 25,000 each.
            "repay_usd": "3400", "repay": [{"coin": "USDT", "amount": "3400"}], "add": [{"coin": "BTC", "amount": "0.425"}],
        },
    }
    quiet = position_forecast(ACCOUNT, NOTHING_ASKED)
    assert (quiet["after_shock"], quiet["to_max_ltv"]) == (None, None)


def test_a_position_without_a_price_forecast() -> None:
    added = position_forecast(UNKNOWN, ASKED)
    assert (added["unpredictable_coins"], added["fall_to_liquidation"]) == (["BTC"], None)
    assert added["after_shock"] == {"ltv": None, "total_debt_usd": "5000", "total_collateral_usd": None}
    assert added["to_max_ltv"]["repay_usd"] is None
    assert collateral_forecast("BTC", UNKNOWN, ASKED) == {"fall_to_margin_call": None, "fall_to_liquidation": None}


def test_figures_are_rounded_towards_safety() -> None:
    uneven = ACCOUNT._replace(debts=(Owed("USDT", D("5000.001"), D("5000.001")),))
    found = position_forecast(uneven, Forecast(ASSUMED, {"BTC": D("-0.333333")}, D("0.6")))
    # 5000.001 / 5333.336 = 0.93749...; 5000.001 - 0.6 x 5333.336 = 1799.9994.
    assert found["after_shock"] == {"ltv": "0.9375", "total_debt_usd": "5000.01", "total_collateral_usd": "5333.33"}
    assert found["to_max_ltv"]["repay_usd"] == "1800"


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        (None, [None, None, None]),
        (Price(D("59999.95"), D("60000.05")), ["60000", "59999.95", "60000.05"]),
        (Price(D(1) / 3, D(2) / 3), ["0.5", "0.3333333333", "0.6666666667"]),
        (Price(D("123456789012.4"), D("123456789012.4")), ["123456789000", "123456789000", "123456789100"]),
    ],
)
def test_a_coin(price: Price | None, shown: list[str | None]) -> None:
    found = coin_result("BTC", price, {"BTC": D("0.250")}, {"ETH": D(1)})
    assert [found[name] for name in ("price_usd", "price_usd_min", "price_usd_max")] == shown
    assert (found["coin"], found["funding_balance"], found["unified_balance"]) == ("BTC", "0.25", None)
