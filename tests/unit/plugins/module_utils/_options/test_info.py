# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of the query modules mean, and which ones are refused."""

from __future__ import annotations

import re
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import (
    loan_argument_spec,
    parse_loan_query,
    parse_repayment_query,
    repayment_argument_spec,
)

DAY_MS = 24 * 3_600_000


def loans(**given: t.Any) -> dict[str, t.Any]:
    return {**{name: option.get("default") for name, option in loan_argument_spec().items()}, **given}


def repayments(**given: t.Any) -> dict[str, t.Any]:
    return {**dict.fromkeys(repayment_argument_spec()), **given}


@pytest.mark.parametrize(
    ("given", "products", "named"),
    [
        ({}, ("legacy", "flexible", "fixed"), False),
        ({"product": ["fixed", "legacy", "fixed"]}, ("legacy", "fixed"), True),
        ({"loan_id": "571"}, ("legacy", "fixed"), False),
        ({"loan_id": "571", "product": ["fixed", "flexible"]}, ("fixed",), True),
    ],
)
def test_which_products_are_read(given: dict[str, t.Any], products: tuple[str, ...], named: bool) -> None:
    for query in (parse_loan_query(loans(**given)).filter, parse_repayment_query(repayments(**given))):
        assert (query.products, query.named) == (products, named)


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({}, "has_id", False),
        ({"loan_currency": " USDT "}, "coin", "USDT"),
        ({"loan_id": " 571 "}, "loan_id", "571"),
        ({"loan_id": "571"}, "has_id", True),
        ({"ltv_above": "0.750"}, "ltv_above", Decimal("0.75")),
        ({"ltv_above": 0.75}, "ltv_above", Decimal("0.75")),
        ({"ltv_above": 0}, "ltv_above", Decimal(0)),
        ({"matures_within": "3d"}, "matures_within_ms", 3 * DAY_MS),
        ({"matures_within": "36h"}, "matures_within_ms", 3 * DAY_MS // 2),
        ({"matures_within": "0d"}, "matures_within_ms", 0),
    ],
)
def test_requests_for_loans(given: dict[str, t.Any], field: str, value: object) -> None:
    assert getattr(parse_loan_query(loans(**given)).filter, field) == value


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({}, "thresholds", (Decimal("0.85"), Decimal("0.95"))),
        ({"margin_call_ltv": "0.80", "liquidation_ltv": 0.92}, "thresholds", (Decimal("0.8"), Decimal("0.92"))),
        ({"margin_call_ltv": "0.95"}, "thresholds", (Decimal("0.95"), Decimal("0.95"))),
        ({}, "shock", None),
        ({"shock": {}}, "shock", {}),
        ({"shock": {"BTC": "-30%", "ETH": "+12.5 %"}}, "shock", {"BTC": Decimal("-0.3"), "ETH": Decimal("0.125")}),
        ({"shock": {"BTC": "-0.3", "ETH": -0.25}}, "shock", {"BTC": Decimal("-0.3"), "ETH": Decimal("-0.25")}),
        ({"shock": {"1000PEPE": "+400%"}}, "shock", {"1000PEPE": Decimal(4)}),
        ({"shock": {"BTC": "-99.99%"}}, "shock", {"BTC": Decimal("-0.9999")}),
        ({}, "max_ltv", None),
        ({"max_ltv": "0.50"}, "max_ltv", Decimal("0.5")),
    ],
)
def test_requests_for_a_forecast(given: dict[str, t.Any], field: str, value: object) -> None:
    assert getattr(parse_loan_query(loans(**given)).forecast, field) == value


NO_CHANGE = "is not a price change above -100%: use '-30%' for a fall of 30 % or '+10%' for a rise of 10 %, with the sign."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        *(({"shock": {"BTC": text}}, f"shock '{text}' of BTC {NO_CHANGE}") for text in (
            "-130%", "-100%", "-1", "-30", "30%", "0.3", "+5", "-1e-1", "- 30%", "a lot", "",
        )),
        ({"shock": {"BTC": None}}, f"shock 'None' of BTC {NO_CHANGE}"),
        ({"shock": {"btc": "-30%"}}, "shock 'btc' is not a coin: use the exchange's spelling, such as 'BTC'."),
        (
            {"margin_call_ltv": "0.96"},
            "margin_call_ltv '0.96' is above liquidation_ltv '0.95': set margin_call_ltv to at most liquidation_ltv.",
        ),
        ({"margin_call_ltv": "0"}, "margin_call_ltv '0' is not an LTV above 0: use '0.85' for 85 %, for example."),
        ({"liquidation_ltv": "95"}, "liquidation_ltv '95' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"max_ltv": "1"}, "max_ltv '1' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
    ],
)
def test_invalid_requests_for_a_forecast_are_refused(given: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        parse_loan_query(loans(**given))


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({}, "has_id", False),
        ({"repay_id": "1764"}, "repay_id", "1764"),
        ({"repay_id": "1764"}, "has_id", True),
        ({"loan_id": "571"}, "has_id", True),
        ({"since": "2026-11-01"}, "since_ms", 1793491200000),
        ({"until": "2026-11-01T01:00:00+01:00"}, "until_ms", 1793491200000),
        ({}, "statuses", frozenset()),
        ({"status": ["success", "failed"]}, "statuses", frozenset({"success", "failed"})),
    ],
)
def test_requests_for_repayments(given: dict[str, t.Any], field: str, value: object) -> None:
    assert getattr(parse_repayment_query(repayments(**given)), field) == value


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"product": []}, "product '[]' is empty: list the products to read, or omit it to read all."),
        ({"loan_currency": "usdt"}, "loan_currency 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
        ({"loan_id": "a b"}, "loan_id 'a b' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'."),
        (
            {"loan_id": "571", "product": ["flexible"]},
            "loan_id '571' matches no flexible loan, because flexible loans have no ID: omit loan_id, or list other products.",
        ),
    ],
)
def test_both_modules_refuse_invalid_options(given: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        parse_loan_query(loans(**given))
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        parse_repayment_query(repayments(**given))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"ltv_above": "75"}, "ltv_above '75' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"ltv_above": "1"}, "ltv_above '1' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"ltv_above": "75%"}, "ltv_above '75%' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"matures_within": "3"}, "matures_within '3' has no unit: use '3d' for days or '3h' for hours."),
        (
            {"matures_within": "soon"},
            "matures_within 'soon' is not a duration: use whole days such as '3d', or hours such as '36h'.",
        ),
        (
            {"matures_within": "3d", "product": ["flexible"]},
            "matures_within '3d' matches no flexible loan, because flexible loans have no due date: omit matures_within, or list other products.",
        ),
    ],
)
def test_invalid_requests_for_loans_are_refused(given: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        parse_loan_query(loans(**given))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"since": "2026-11-01", "until": "2026-11-01"},
            "until '2026-11-01' is not after since '2026-11-01': set a later until, or omit one of them.",
        ),
        ({"repay_id": ""}, "repay_id '' is not an ID: use the ID that the exchange shows, in quotes, such as '1794271131730737664'."),
        (
            {"until": "tomorrow"},
            "until 'tomorrow' is not an ISO 8601 time: use a date such as '2026-11-01' (midnight UTC), or a "
            "time with a time zone, such as '2026-11-01T00:00:00Z'.",
        ),
    ],
)
def test_invalid_requests_for_repayments_are_refused(given: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        parse_repayment_query(repayments(**given))
