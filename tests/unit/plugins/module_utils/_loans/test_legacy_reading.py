# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading legacy loans from unusual answers of the exchange."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import legacy
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import Thresholds
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner


class Exchange:
    """Always gives the same result."""

    base_url = "https://api-testnet.bybit.com"

    def __init__(self, result: dict[str, t.Any]) -> None:
        self._body = json.dumps({"retCode": 0, "result": result}).encode()

    def send(self, *dummy: object) -> Reply:
        return Reply(200, {}, self._body)


def client(result: dict[str, t.Any], clock: t.Any) -> Client:
    return Client(Session(Exchange(result)), "the-key", HmacSigner("the-secret"), clock=clock)


def level(name: str, **thresholds: tuple[str, str]) -> dict[str, t.Any]:
    rows = [{"currency": coin, "marginCallLTV": call, "liquidationLTV": end} for coin, (call, end) in thresholds.items()]
    return {"vipLevel": name, "list": rows}


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([level("VIP0", BTC=("0.87", "0.95"))], {"BTC": ("0.87", "0.95")}),
        ([level("VIP0", BTC=("0.85", "0.95")), level("VIP1", BTC=("0.87", "0.93"))], {"BTC": ("0.85", "0.93")}),
        ([level("VIP0", BTC=("", "0.95"), ETH=("0.8", "0.9"))], {"ETH": ("0.8", "0.9")}),
        ([level("VIP0", BTC=("", "")), level("VIP1", BTC=("0.87", "0.95"))], {"BTC": ("0.87", "0.95")}),
        ([level("VIP0", BTC=("0.8", "")), level("VIP1", BTC=("0.87", "0.95"))], {"BTC": ("0.8", "0.95")}),
        ([level("VIP0", BTC=("0.97", "0.95"), ETH=("0.8", "0.8"))], {"ETH": ("0.8", "0.8")}),
        ([], {}),
    ],
)
def test_the_lowest_thresholds_of_all_levels_count(levels: t.Any, found: dict[str, tuple[str, str]], clock: t.Any) -> None:
    expected = {coin: Thresholds(Decimal(call), Decimal(end)) for coin, (call, end) in found.items()}
    assert legacy.thresholds(client({"vipCoinList": levels}, clock)) == expected


@pytest.mark.parametrize("levels", [None, "", {}, [{"vipLevel": "VIP0"}], [level("VIP0", BTC=("high", "0.95"))], [level("VIP0", BTC=("87", "95"))]])
def test_thresholds_in_another_form_are_not_guessed(levels: t.Any, clock: t.Any) -> None:
    with pytest.raises(ReadFailed):
        legacy.thresholds(client({"vipCoinList": levels}, clock))


def lending(name: str, **initial: t.Any) -> dict[str, t.Any]:
    thresholds = {"marginCallLTV": "0.85", "liquidationLTV": "0.95"}
    return {"vipLevel": name, "list": [{"currency": coin, "initialLTV": ltv, **thresholds} for coin, ltv in initial.items()]}


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([lending("VIP0", BTC="0.8", SOL="0.7")], {"BTC": "0.8", "SOL": "0.7"}),
        ([lending("VIP0", BTC="0.75"), lending("VIP1", BTC="0.8")], {"BTC": "0.75"}),
        ([lending("VIP0", BTC="0.8"), lending("VIP1", BTC="0.75")], {"BTC": "0.75"}),
        ([lending("VIP0", BTC="0.75"), lending("VIP1", BTC="")], {}),
        ([lending("VIP0", BTC="0.9", ETH="0.85")], {"ETH": "0.85"}),
        ([lending("VIP0", BTC="80", ETH="high", SOL="0", XRP=None, DOT=0.8)], {}),
        ([level("VIP0", BTC=("0.85", "0.95"))], {}),
    ],
)
def test_the_lowest_initial_ltv_of_all_levels_counts(levels: t.Any, found: dict[str, str], clock: t.Any) -> None:
    reading = client({"vipCoinList": levels}, clock)
    assert legacy.initial_ltvs(reading) == {coin: Decimal(ltv) for coin, ltv in found.items()}
    # The thresholds are known without it.
    assert {coin: (str(call), str(end)) for coin, (call, end) in legacy.thresholds(reading).items()} == dict.fromkeys(
        (row["currency"] for row in levels[0]["list"]), ("0.85", "0.95")
    )


def open_loan(due: t.Any) -> dict[str, t.Any]:
    return {"list": [{
        "orderId": "17", "loanCurrency": "USDT", "totalDebt": "100", "residualInterest": "0", "residualPenaltyInterest": "",
        "hourlyInterestRate": "0.00001", "collateralCurrency": "BTC", "collateralAmount": "0.01", "currentLTV": "0.5",
        "expirationTime": due,
    }]}


@pytest.mark.parametrize(("due", "time_ms"), [("", None), ("0", None), ("1793534400001", 1793534400001)])
def test_a_loan_without_a_due_time_is_never_due(due: t.Any, time_ms: int | None, clock: t.Any) -> None:
    (loan,) = legacy.open_loans(client(open_loan(due), clock))
    assert loan.maturity_time_ms == time_ms


@pytest.mark.parametrize("due", [None, 0, "253370764800000", "9" * 30, "soon", "1793534400.5", "1793534400"])
def test_a_due_time_beyond_the_calendar_is_not_guessed(due: t.Any, clock: t.Any) -> None:
    with pytest.raises(ReadFailed, match="invalid expirationTime"):
        list(legacy.open_loans(client(open_loan(due), clock)))


@pytest.mark.parametrize(("shown", "ltv"), [("", None), ("0.5", Decimal("0.5")), ("1.2", Decimal("1.2")), ("0", None)])
def test_an_ltv_that_is_not_shown_is_not_zero(shown: str, ltv: Decimal | None, clock: t.Any) -> None:
    answer = open_loan("")
    answer["list"][0]["currentLTV"] = shown
    (loan,) = legacy.open_loans(client(answer, clock))
    assert loan.ltv == ltv


@pytest.mark.parametrize(("ltv", "debt"), [("41.68", "100"), ("1.51", "100"), ("0.4168", "0")])
def test_an_ltv_that_does_not_fit_is_not_believed(ltv: str, debt: str, clock: t.Any) -> None:
    answer = open_loan("")
    answer["list"][0].update(currentLTV=ltv, totalDebt=debt)
    with pytest.raises(ReadFailed, match=f"invalid currentLTV: {ltv} contradicts a debt of {debt}"):
        list(legacy.open_loans(client(answer, clock)))
