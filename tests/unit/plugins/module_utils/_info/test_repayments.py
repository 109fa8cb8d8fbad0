# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which repayments are meant, how they are returned, and their sums."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import (
    BY_CURRENCY,
    FAILED,
    PROCESSING,
    SUCCESS,
    USER,
    Part,
    HistoryEntry,
)
from ansible_collections.treasury.bybit.plugins.module_utils._info.repayments import (
    ProductEntry,
    RepaymentQuery,
    in_order,
    repayment_result,
    repayment_totals,
)

AT_MS = 1793534400000


def record(**more: t.Any) -> HistoryEntry:
    made = HistoryEntry("1764", Decimal("1.40"), SUCCESS, True, AT_MS, "ETH", USER, (Part("561", Decimal("1.40")),))
    return made._replace(**more)


@pytest.mark.parametrize(
    ("asked", "of", "matches"),
    [
        ({}, record(), True),
        ({"coin": "ETH"}, record(), True),
        ({"coin": "BTC"}, record(), False),
        ({"loan_id": "561"}, record(), True),
        ({"loan_id": "56"}, record(), False),
        ({"loan_id": "561"}, record(parts=(Part("560", Decimal(1)), Part("561", Decimal("0.4")))), True),
        ({"loan_id": "561"}, record(parts=()), False),
        ({"repay_id": "1764"}, record(), True),
        ({"repay_id": "1765"}, record(), False),
        ({"since_ms": AT_MS}, record(), True),
        ({"since_ms": AT_MS + 1}, record(), False),
        ({"until_ms": AT_MS}, record(), False),
        ({"until_ms": AT_MS + 1}, record(), True),
        ({"since_ms": AT_MS, "until_ms": AT_MS + 1}, record(), True),
        ({"statuses": frozenset({PROCESSING, FAILED})}, record(), False),
        ({"statuses": frozenset({PROCESSING, FAILED})}, record(status=FAILED), True),
        ({"coin": "ETH", "repay_id": "1"}, record(), False),
    ],
)
def test_which_repayments_are_meant(asked: dict[str, t.Any], of: HistoryEntry, matches: bool) -> None:
    assert RepaymentQuery(("fixed",), False, **asked).matches(of) is matches


def test_two_periods_share_no_repayment_and_miss_none() -> None:
    moments = [AT_MS - 1, AT_MS, AT_MS + 1]
    before = RepaymentQuery((), False, until_ms=AT_MS)
    after = RepaymentQuery((), False, since_ms=AT_MS)
    assert [before.matches(record(time_ms=moment)) for moment in moments] == [True, False, False]
    assert [after.matches(record(time_ms=moment)) for moment in moments] == [False, True, True]


def test_the_newest_comes_first_whatever_the_product() -> None:
    made = [ProductEntry("legacy", record(time_ms=1)), ProductEntry("fixed", record(time_ms=3)), ProductEntry("flexible", record(time_ms=2))]
    assert [entry.entry.time_ms for entry in in_order(made)] == [3, 2, 1]


def test_repayments_of_one_moment_have_a_fixed_order() -> None:
    made = [ProductEntry("legacy", record()), ProductEntry("fixed", record(repay_id="9")), ProductEntry("fixed", record(repay_id="10"))]
    assert in_order(made) == in_order(reversed(made))


def test_a_repayment_is_shown_with_its_parts() -> None:
    assert repayment_result(ProductEntry("fixed", record(time_ms=AT_MS + 999))) == {
        "product": "fixed",
        "repay_id": "1764",
        "coin": "ETH",
        "amount": "1.4",
        "status": "success",
        "kind": "user",
        "by_user": True,
        "time_ms": AT_MS + 999,
        "time": "2026-11-01T12:00:00Z",
        "parts": [{"loan_id": "561", "amount": "1.4"}],
        "collateral_coin": None,
        "collateral_return": None,
    }


def test_a_repayment_of_unknown_type_has_no_origin() -> None:
    result = repayment_result(ProductEntry("fixed", record(by_user=None, kind="unknown")))
    assert (result["by_user"], result["kind"]) == (None, "unknown")


def test_returned_collateral_is_a_plain_amount() -> None:
    result = repayment_result(ProductEntry("legacy", record(collateral_coin="BTC", collateral_return=Decimal("0E-8"))))
    assert (result["collateral_coin"], result["collateral_return"]) == ("BTC", "0")


def test_sums_distinguish_origin_and_status() -> None:
    made = [
        record(coin="USDT", amount=Decimal("100.10")),
        record(coin="USDT", amount=Decimal(50), kind=BY_CURRENCY),
        record(coin="USDT", amount=Decimal(400), by_user=False, kind="liquidation"),
        record(coin="USDT", amount=Decimal(7), status=PROCESSING),
        record(coin="USDT", amount=Decimal(9), status=FAILED),
        record(coin="USDT", amount=Decimal("0.5"), by_user=None, kind="unknown"),
        record(coin="USDT", amount=Decimal(3), by_user=None, kind="unknown", status=PROCESSING),
        record(coin="ETH", amount=Decimal("0.00000001")),
    ]
    assert repayment_totals([ProductEntry("legacy", one) for one in made]) == [
        {"coin": "ETH", "by_user": "0.00000001", "by_exchange": "0", "by_unknown": "0", "processing": "0", "repayments": 1},
        {
            "coin": "USDT", "by_user": "150.1", "by_exchange": "400", "by_unknown": "0.5", "processing": "10", "repayments": 7,
        },
    ]
