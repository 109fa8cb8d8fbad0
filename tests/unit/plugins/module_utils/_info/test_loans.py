# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which open loans are meant, how they are returned, and their sums."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY, OPEN, PRODUCTS, Loan, Thresholds
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import Outlook
from ansible_collections.treasury.bybit.plugins.module_utils._info.forecast import Forecast, position_forecast
from ansible_collections.treasury.bybit.plugins.module_utils._info.loans import loan_result, loan_totals, position_result
from ansible_collections.treasury.bybit.plugins.module_utils._info.open_loans import LoanFilter
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position

NOW_MS = 1793534400000
NOTHING_ASKED = Forecast(Thresholds(Decimal("0.85"), Decimal("0.95")))
HOUR_MS = 3_600_000
ACCOUNT = Position(Decimal("0.584023"), Decimal("10630.79"), Decimal(18240))


def loan(product: str = LEGACY, coin: str = "USDT", debt: str = "100", **more: t.Any) -> Loan:
    amounts = {"principal": Decimal(debt), "interest": Decimal(0), "penalty_interest": Decimal(0)}
    ids = {LEGACY: "17", FIXED: "571", FLEXIBLE: None}
    shared = {} if product == LEGACY else {"position": ACCOUNT}
    own = {"ltv": Decimal("0.7")} if product == LEGACY else {}
    return Loan(**{"product": product, "loan_id": ids[product], "coin": coin, "status": OPEN, **amounts, **shared, **own, **more})


@pytest.mark.parametrize(
    ("asked", "of", "matches"),
    [
        ({}, loan(), True),
        ({"coin": "USDT"}, loan(), True),
        ({"coin": "USDC"}, loan(), False),
        ({"coin": "USD"}, loan(), False),
        ({"loan_id": "17"}, loan(), True),
        ({"loan_id": "571"}, loan(FIXED), True),
        ({"loan_id": "17"}, loan(FIXED), False),
        ({"loan_id": "17"}, loan(FLEXIBLE), False),
        ({"ltv_above": Decimal("0.6999")}, loan(), True),
        ({"ltv_above": Decimal("0.7")}, loan(), False),
        ({"ltv_above": Decimal("0.70")}, loan(), False),
        ({"ltv_above": Decimal(0)}, loan(ltv=Decimal(0)), False),
        ({"ltv_above": Decimal("0.5")}, loan(ltv=None), False),
        ({"ltv_above": Decimal("0.584022")}, loan(FLEXIBLE), True),
        ({"ltv_above": Decimal("0.584023")}, loan(FIXED), False),
        ({"ltv_above": Decimal("0.1")}, loan(FIXED, position=None), False),
        ({"matures_within_ms": HOUR_MS}, loan(), False),
        ({"matures_within_ms": HOUR_MS}, loan(maturity_time_ms=NOW_MS + HOUR_MS), True),
        ({"matures_within_ms": HOUR_MS}, loan(maturity_time_ms=NOW_MS + HOUR_MS + 1), False),
        ({"matures_within_ms": HOUR_MS}, loan(FIXED, maturity_time_ms=NOW_MS - 9 * HOUR_MS), True),
        ({"matures_within_ms": 0}, loan(FIXED, maturity_time_ms=NOW_MS), True),
        ({"matures_within_ms": 0}, loan(FIXED, maturity_time_ms=NOW_MS + 1), False),
        ({"coin": "USDT", "ltv_above": Decimal("0.9")}, loan(), False),
        ({"coin": "BTC", "ltv_above": Decimal("0.1")}, loan(), False),
    ],
)
def test_which_loans_are_meant(asked: dict[str, t.Any], of: Loan, matches: bool) -> None:
    assert LoanFilter(PRODUCTS, **asked).matches(of, NOW_MS) is matches


@pytest.mark.parametrize(
    ("due_ms", "text", "is_overdue"),
    [
        (None, None, False),
        (NOW_MS + 1, "2026-11-01T12:00:00Z", False),
        (NOW_MS, "2026-11-01T12:00:00Z", True),
        (NOW_MS - 1, "2026-11-01T11:59:59Z", True),
    ],
)
def test_when_a_loan_is_due(due_ms: int | None, text: str | None, is_overdue: bool) -> None:
    result = loan_result(loan(FIXED, maturity_time_ms=due_ms), NOW_MS)
    assert (result["maturity_time_ms"], result["maturity_time"], result["is_overdue"]) == (due_ms, text, is_overdue)


def test_a_loan_is_shown_as_the_repay_modules_show_it() -> None:
    of = loan(collateral_coin="BTC")
    result = loan_result(of, NOW_MS)
    assert {name: result[name] for name in of.as_result()} == of.as_result()


def test_the_position_with_its_coins() -> None:
    position = ACCOUNT._replace(
        debts=(CoinDebt("BTC", Decimal("0.020"), Decimal("1200.00"), Decimal(0), Decimal(0)),),
        collateral=(CoinCollateral("ETH", Decimal("2.6"), Decimal("6240")),),
    )
    assert position_result(position, Outlook(), NOTHING_ASKED) == {
        **position_forecast(Outlook(), NOTHING_ASKED),
        "ltv": "0.584023",
        "total_debt_usd": "10630.79",
        "total_collateral_usd": "18240",
        "debts": [{"coin": "BTC", "flexible": "0.02", "flexible_usd": "1200", "fixed": "0", "fixed_usd": "0"}],
        "collateral": [
            {"coin": "ETH", "amount": "2.6", "amount_usd": "6240", "fall_to_margin_call": None, "fall_to_liquidation": None}
        ],
    }


def test_sums_of_each_coin_and_product() -> None:
    penalised = dataclasses.replace(loan(FIXED, debt="500"), penalty_interest=Decimal("0.0856164"))
    owing = [loan(debt="1000", interest=Decimal("0.4")), penalised, loan(FLEXIBLE, "BTC", "0.02"), loan(debt="0.0000001")]
    bitcoin = {"debt": "0.02", "principal": "0.02", "interest": "0", "penalty_interest": "0", "loans": 1}
    assert loan_totals(owing) == [
        {"coin": "BTC", **bitcoin, "by_product": {"flexible": bitcoin}},
        {
            "coin": "USDT",
            "debt": "1500.4856165",
            "principal": "1500.0000001",
            "interest": "0.4",
            "penalty_interest": "0.0856164",
            "loans": 3,
            "by_product": {
                "legacy": {
                    "debt": "1000.4000001", "principal": "1000.0000001", "interest": "0.4", "penalty_interest": "0", "loans": 2
                },
                "fixed": {
                    "debt": "500.0856164", "principal": "500", "interest": "0", "penalty_interest": "0.0856164", "loans": 1
                },
            },
        },
    ]


def test_no_loans_have_no_sums() -> None:
    assert loan_totals([]) == []


AMOUNTS = st.decimals(min_value=0, max_value=10**17, places=18, allow_nan=False, allow_infinity=False)


@given(st.lists(st.builds(
    Loan, product=st.sampled_from(PRODUCTS), loan_id=st.none(), coin=st.sampled_from(["BTC", "USDT"]), principal=AMOUNTS,
    interest=AMOUNTS, penalty_interest=AMOUNTS, status=st.just(OPEN),
)))
def test_sums_lose_nothing(owing: list[Loan]) -> None:
    totals = loan_totals(owing)
    assert sum(total["loans"] for total in totals) == len(owing)
    for total in totals:
        # Integers of the smallest unit, which Python adds without rounding.
        units = [unit(one.debt) for one in owing if one.coin == total["coin"]]
        parts = [unit(total[name]) for name in ("principal", "interest", "penalty_interest")]
        products = [unit(sums["debt"]) for sums in total["by_product"].values()]
        assert unit(total["debt"]) == sum(units) == sum(parts) == sum(products)


def unit(amount: Decimal | str) -> int:
    whole, dummy, places = f"{amount:f}".partition(".") if isinstance(amount, Decimal) else amount.partition(".")
    return int(whole) * 10**18 + int(places.ljust(18, "0"))
