# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches that change what histories and lists show, while the ledger stays true."""

from __future__ import annotations

from decimal import Decimal

import pytest
from test_sandbox_switches import switch


def amounts(rows: list[dict]) -> list[str]:
    return [row["repayAmount"] for row in rows]


@pytest.mark.parametrize(("way", "expected"), [
    ("sent", ["100.123"]), ("principal", ["99.723"]), ("rounded", ["100.12"]), ("after_fee", ["100.0729385"]),
    ("split", ["0.4", "99.723"]),
])
def test_the_amount_of_a_legacy_repayment_follows_the_switch(loans, sandbox, names, way, expected):
    switch(sandbox, repay_amount=way)
    repay_id = sandbox.repay(names.loan, "100.123", timestamp=sandbox.state()["server_time"]).result["repayId"]
    now = sandbox.state()["server_time"]
    rows = sandbox.listed("repayment-history", f"orderId={names.loan}", timestamp=now)
    assert amounts(rows[: len(expected)]) == expected and rows[0]["repayId"] == repay_id
    assert len({row["repayId"] for row in rows}) == len(rows)
    [found] = sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=now)
    assert found == rows[0]
    assert sandbox.repayments()[0]["amount"] == "100.123" and str(sandbox.balance(timestamp=now)) == "9899.877"


@pytest.mark.parametrize(("way", "expected"), [
    ("sent", ["600"]), ("principal", ["598.76543211"]), ("after_fee", ["599.7"]), ("split", ["1.23456789", "598.76543211"]),
])
def test_the_amount_of_a_flexible_repayment_follows_the_switch(loans, sandbox, way, expected):
    switch(sandbox, repay_amount=way)
    repay_id = loans.repay("USDT", "600").result["repayId"]
    rows = loans.history("flexible", "loanCurrency=USDT")
    assert amounts(rows[: len(expected)]) == expected and rows[0]["repayId"] == repay_id
    # Without interest, a split has rows of three fifths and two fifths.
    assert loans.repay("USDT", "100").code == 0
    if way == "split":
        assert amounts(loans.history("flexible", "limit=2")) == ["60", "40"]
        second = loans.history("flexible", "limit=2")[1]["repayId"]
        assert amounts(loans.history("flexible", f"repayId={second}")) == ["40"]


@pytest.mark.parametrize(("way", "whole", "parts"), [
    ("principal", "500", ["500"]), ("rounded", "500.09", ["500.09"]), ("split", "0.0856164", ["0.0856164"]),
])
def test_the_amount_of_a_contract_agrees_with_its_details(loans, sandbox, way, whole, parts):
    switch(sandbox, repay_amount=way)
    assert loans.post("fixed/fully-repay", loanId="570").code == 0
    newest = loans.history("fixed", "limit=1")[0]
    assert newest["repayAmount"] == whole and amounts(newest["details"]) == parts


def test_a_page_can_end_between_the_rows_of_a_split(loans, sandbox):
    switch(sandbox, repay_amount="split")
    for _number in range(3):
        loans.repay("USDT", "100")
    every = [row["repayId"] for row in loans.history("flexible", "loanCurrency=USDT&limit=100")]
    seen, cursor = [], ""
    while True:
        result = loans.get("flexible/repayment-history", f"loanCurrency=USDT&limit=1&cursor={cursor}")
        seen += [row["repayId"] for row in result["list"]]
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    assert seen == every and len(every) == 8


@pytest.mark.parametrize(("kind", "flexible", "legacy"), [("1", 1, "1"), ("7", 7, "7"), ("9", 9, "9")])
def test_the_type_of_the_users_repayments_follows_the_switch(loans, sandbox, kind, flexible, legacy):
    switch(sandbox, user_repay_type=kind)
    assert loans.repay("USDT", "1").code == 0
    assert {row["repayType"] for row in loans.history("flexible")} == {flexible}
    stamp = sandbox.state()["server_time"]
    types = {row["repayId"]: row["repayType"] for row in sandbox.listed("repayment-history", timestamp=stamp)}
    assert types.pop("1793240118830694400") == "2" and set(types.values()) == {legacy}
    loans.post("flexible/repay-collateral", loanCurrency="USDT", amount="1", collateralCoin="BTC")
    assert loans.history("flexible", "limit=1")[0]["repayType"] == (9 if kind == "9" else 7)


@pytest.mark.parametrize(("way", "shown"), [("shown", [2]), ("hidden", [])])
def test_a_legacy_repayment_in_process_can_be_hidden(loans, sandbox, way, shown):
    switch(sandbox, legacy_processing=way)
    sandbox.fault(processing_ms=5000)
    repay_id = sandbox.repay(timestamp=sandbox.state()["server_time"]).result["repayId"]

    def statuses():
        stamp = sandbox.state()["server_time"]
        return [row["repayStatus"] for row in sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)]

    assert statuses() == shown
    loans.wait(5000)
    assert statuses() == [1]


def test_the_time_of_a_repayment_follows_the_switches(loans, sandbox):
    accepted = sandbox.clock(freeze_at_ms=sandbox.state()["server_time"] // 1000 * 1000 + 100_123)
    loans.fault("flexible/repay", processing_ms=5200)
    loans.repay("USDT", "1")
    loans.wait(5200)
    times = {}
    for way in ("accepted", "executed"):
        for precision in ("ms", "s"):
            switch(sandbox, repay_time=way, repay_time_precision=precision)
            times[way, precision] = loans.history("flexible", "limit=1")[0]["repayTime"] - accepted
    assert times == {
        ("accepted", "ms"): 0, ("accepted", "s"): -123, ("executed", "ms"): 5200, ("executed", "s"): 4877,
    }


def test_a_query_by_id_can_find_a_repayment_later(loans, sandbox):
    switch(sandbox, repay_id_query_ms=4000)
    loans.fault("flexible/repay", processing_ms=1000)
    repay_id = loans.repay("USDT", "1").result["repayId"]
    loans.wait(4999)
    assert loans.history("flexible", f"repayId={repay_id}") == []
    assert loans.history("flexible", "limit=1")[0]["repayId"] == repay_id
    assert len(loans.history("flexible", "repayId=1768")) == 1
    loans.wait(1)
    assert len(loans.history("flexible", f"repayId={repay_id}")) == 1


LISTS = [
    "/v5/crypto-loan/ongoing-orders", "/v5/crypto-loan/repayment-history", "/v5/crypto-loan/borrow-history",
    "/v5/crypto-loan-flexible/repayment-history", "/v5/crypto-loan-flexible/borrow-history",
    "/v5/crypto-loan-fixed/borrow-contract-info", "/v5/crypto-loan-fixed/repayment-history", "/v5/asset/fundinghistory",
]


@pytest.fixture
def moved(sandbox):
    """The stand-in exchange after some movements of the wallet."""
    for balance in ("1", "2", "3"):
        sandbox.control("POST", "wallet", {"coin": "XRP", "balance": balance})
    return sandbox


def pages(sandbox, path: str, most: int, query: str = "limit=2") -> list[tuple[list, str]]:
    found, cursor = [], ""
    for _number in range(most):
        result = sandbox.signed("GET", path, f"{query}&cursor={cursor.replace('=', '%3D')}").result
        found.append((result["list"], result["nextPageCursor"]))
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    return found


@pytest.mark.parametrize("path", LISTS)
def test_a_list_can_end_in_several_ways(moved, path):
    usual = pages(moved, path, 99)
    rows = [row for page, _cursor in usual for row in page]
    assert usual[-1][0] and usual[-1][1] == ""
    switch(moved, list_end="cursor_then_empty")
    ended = pages(moved, path, 99)
    assert ended[-1] == ([], "") and [row for page, _cursor in ended for row in page] == rows
    assert ended[-2][0] == usual[-1][0] and ended[-2][1]
    switch(moved, list_end="cursor_repeats")
    endless = pages(moved, path, len(usual) + 3)
    assert endless[len(usual) - 1 :] == [endless[len(usual) - 1]] * 4 and endless[-1][0] == usual[-1][0]


def test_an_empty_list_never_has_a_cursor(sandbox):
    for way in ("cursor_then_empty", "cursor_repeats"):
        switch(sandbox, list_end=way)
        assert sandbox.query("repayment-history", "loanCurrency=XRP").result == {"list": [], "nextPageCursor": ""}


def test_amounts_of_zero_can_be_empty(loans, sandbox, names):
    switch(sandbox, empty_amounts="zeros")
    stamp = sandbox.state()["server_time"]
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp)
    assert (loan["residualPenaltyInterest"], loan["residualInterest"]) == ("", "0.4")
    position = loans.get("common/position", key="sandbox-key-second-account")
    assert (position["borrowList"][0]["fixedTotalDebt"], position["totalSupply"]) == ("", "")
    assert loans.contract("561")["residualPrincipal"] == ""
    assert [row["collateralReturn"] for row in sandbox.listed("repayment-history", timestamp=stamp)] == [
        "", "0.0494727", "", "0.12"
    ]


def test_optional_values_can_be_empty(loans, sandbox, names):
    switch(sandbox, empty_amounts="untold")
    stamp = sandbox.state()["server_time"]
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.overdue}", timestamp=stamp)
    assert (loan["residualPenaltyInterest"], loan["hourlyInterestRate"]) == ("", "")
    assert Decimal(loan["residualInterest"]) > 0
    assert loans.debt("USDT")["hourlyInterestRate"] == loans.contract("570")["annualRate"] == ""
    assert loans.contract("570")["residualPenaltyInterest"] == "" and loans.contract("561")["residualPrincipal"] == "0"
    assert {row["collateralReturn"] for row in sandbox.listed("repayment-history", timestamp=stamp)} == {""}
