# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed contracts: their repayment, their maturity, and what happens when they are overdue."""

from __future__ import annotations

from decimal import Decimal

import pytest

MINUTE = 60 * 1000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def fully_repay(loans, **body):
    return loans.post("fixed/fully-repay", **body)


@pytest.mark.parametrize(("body", "code"), [
    ({}, 10001), ({"loanId": ""}, 10001), ({"loanId": 568}, 10001), ({"loanCurrency": None}, 10001),
    ({"loanId": "568", "loanCurrency": "ETH"}, 10001), ({"loanCurrency": "DOGE"}, 148014),
    ({"loanId": "999"}, 148023), ({"loanId": "561"}, 148032), ({"loanCurrency": "BTC"}, 148032),
])
def test_invalid_repayments_are_refused(loans, sandbox, body, code):
    before = sandbox.state()["accounts"]
    answer = fully_repay(loans, **body)
    assert (answer.status, answer.code, answer.result) == (200, code, {})
    assert sandbox.state()["accounts"] == before


def test_contracts_of_other_accounts_are_refused(loans):
    assert fully_repay(loans, loanId="568", key="sandbox-key-second-account").code == 148023
    assert fully_repay(loans, loanCurrency="USDT", key="sandbox-key-second-account").code == 148032


def test_one_contract_is_repaid(loans, contracts):
    answer = fully_repay(loans, loanId=contracts.in_3_days, loanCurrency="USDT")
    assert (answer.document["retMsg"], answer.result) == ("ok", {"repayId": "1771"})
    after = loans.contract(contracts.in_3_days)
    assert (after["status"], after["residualPrincipal"], loans.wallet("USDT")) == (2, "0", "9000")
    assert loans.history("fixed", "limit=1")[0]["details"] == [
        {"loanCurrency": "USDT", "loanId": contracts.in_3_days, "repayAmount": "1000"}
    ]
    assert fully_repay(loans, loanId=contracts.in_3_days).code == 148032


def test_all_contracts_of_a_coin_are_repaid_at_once(loans, contracts):
    assert fully_repay(loans, loanCurrency="USDT").result == {"repayId": "1771"}
    # 10 overdue hours at three times 500 x 0.05 / 8760.
    assert loans.wallet("USDT") == str(10000 - Decimal("2300.0856164"))
    [entry] = loans.history("fixed", "repayId=1771")
    assert (entry["repayAmount"], entry["repayType"]) == ("2300.0856164", 1)
    assert {item["loanId"]: item["repayAmount"] for item in entry["details"]} == {
        contracts.in_3_days: "1000", contracts.in_20_days: "800", contracts.overdue: "500.0856164"
    }
    states = {item["loanId"]: item["status"] for item in loans.get("fixed/borrow-contract-info")["list"]}
    assert states == {"568": 2, "569": 2, "570": 2, "571": 1, "561": 2}


def test_a_repayment_of_all_contracts_is_all_or_nothing(loans, sandbox, contracts):
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "2300.0856"})
    assert fully_repay(loans, loanCurrency="USDT").code == 148029
    assert loans.contract(contracts.in_3_days)["residualPrincipal"] == "1000" and loans.wallet("USDT") == "2300.0856"
    assert fully_repay(loans, loanId=contracts.in_3_days).code == 0


def test_overdue_hours_cost_three_times_as_penalty(loans, contracts):
    contract = loans.contract(contracts.overdue)
    assert (contract["status"], contract["residualPenaltyInterest"]) == (3, "0.0856164")
    loans.wait(HOUR)
    assert loans.contract(contracts.overdue)["residualPenaltyInterest"] == "0.09417804"
    soon = loans.contract(contracts.in_5_hours)
    assert (soon["status"], soon["residualPenaltyInterest"]) == (1, "0")
    loans.wait(4 * HOUR)
    assert (loans.contract(contracts.in_5_hours)["status"], soon["repayType"]) == (3, "0")
    loans.wait(HOUR)
    # 3 x 0.5 x 0.022 / 8760, rounded to 8 decimals.
    assert loans.contract(contracts.in_5_hours)["residualPenaltyInterest"] == "0.00000377"


def test_the_collateral_pays_48_hours_after_the_due_time(loans, sandbox, contracts):
    loans.wait(38 * HOUR - MINUTE)
    assert loans.contract(contracts.overdue)["status"] == 3
    loans.wait(MINUTE)
    assert loans.contract(contracts.overdue)["status"] == 2
    entry = loans.history("fixed", "limit=1")[0]
    # 48 overdue hours at 0.00856164.
    assert (entry["repayAmount"], entry["repayType"], entry["repayStatus"]) == ("500.41095872", 4, 1)
    assert sandbox.account()["repayments"][0]["collateral_sold"] == {"BTC": "0.00834019"}
    assert loans.collateral("BTC") == "0.24165981" and loans.wallet("USDT") == "10000"


def test_a_contract_is_repaid_automatically_when_it_is_due(loans, sandbox, contracts):
    loans.wait(3 * DAY - MINUTE)
    assert loans.contract(contracts.in_3_days)["status"] == 1
    loans.wait(MINUTE)
    assert (loans.contract(contracts.in_3_days)["status"], loans.wallet("USDT")) == (2, "9000")
    entry = loans.history("fixed", "limit=1")[0]
    assert (entry["repayAmount"], entry["repayType"]) == ("1000", 3)
    assert sandbox.account()["repayments"][0]["origin"] == "auto"


def test_a_contract_that_the_wallet_cannot_repay_becomes_overdue(loans, sandbox, contracts):
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "999.9999"})
    loans.wait(3 * DAY)
    assert loans.contract(contracts.in_3_days)["status"] == 3 and loans.wallet("USDT") == "999.9999"
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "5000"})
    loans.wait(HOUR)
    # 3 x 1000 x 0.055 / 8760, rounded to 8 decimals; the exchange does not try again.
    assert loans.contract(contracts.in_3_days)["residualPenaltyInterest"] == "0.01883562"
    assert loans.wallet("USDT") == "5000"


def test_a_contract_can_become_flexible_debt_when_it_is_due(loans, contracts):
    loans.wait(20 * DAY - HOUR)
    before = Decimal(loans.debt("USDT")["unpaidAmount"])
    loans.wait(HOUR)
    assert loans.contract(contracts.in_20_days)["status"] == 2
    assert Decimal(loans.debt("USDT")["unpaidAmount"]) == before + 800
    entry = loans.history("fixed", "limit=1")[0]
    assert (entry["repayAmount"], entry["repayType"]) == ("800", 8)
    assert loans.get("flexible/borrow-history", "limit=1")["list"][0]["initialLoanAmount"] == "800"


def test_the_owner_can_repay_in_the_app(loans, sandbox, contracts):
    sent = sandbox.control("POST", "repay", {"product": "fixed", "loanId": contracts.in_5_hours})
    assert loans.history("fixed", f"repayId={sent['repayId']}")[0]["repayAmount"] == "0.5"
    assert sandbox.account()["repayments"][0]["origin"] == "app"
    refused = sandbox.control("POST", "repay", {"product": "fixed", "loanId": contracts.in_5_hours}, expect=400)
    assert refused["ret_code"] == 148032
    assert "needs loanId" in sandbox.control("POST", "repay", {"product": "fixed"}, expect=400)["error"]


def test_contracts_are_filtered_and_paged(loans):
    def ids(query):
        return [item["loanId"] for item in loans.get("fixed/borrow-contract-info", query)["list"]]

    assert ids("") == ["571", "570", "569", "568", "561"]
    assert ids("orderCurrency=ETH") == ["571", "561"] and ids("orderId=13004") == ["568"]
    assert ids("term=7") == ["571", "570"] and ids("term=180") == [] and ids("loanId=1") == []
    assert loans.get("fixed/borrow-contract-info", "term=5") == {"code": 10001}
    first = loans.get("fixed/borrow-contract-info", "limit=2")
    assert [item["loanId"] for item in first["list"]] == ["571", "570"] and first["nextPageCursor"] == "570"
    assert ids("limit=3&cursor=570") == ["569", "568", "561"]
    assert loans.get("fixed/borrow-contract-info", "limit=3&cursor=570")["nextPageCursor"] == ""
