# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults with flexible and fixed loans: delays, processing, failures, delayed requests and lost answers."""

from __future__ import annotations

import http.client
import json

import pytest

CALLS = {
    "flexible/repay": {"loanCurrency": "USDT", "amount": "600"},
    "flexible/repay-collateral": {"loanCurrency": "USDT", "amount": "600", "collateralCoin": "BTC"},
    "fixed/fully-repay": {"loanId": "571"},
    "fixed/repay-collateral": {"loanCurrency": "ETH", "amount": "0.2", "collateralCoin": "BTC"},
    "common/adjust-ltv": {"currency": "BTC", "amount": "0.01", "direction": "0"},
}
REPAYMENTS = [name for name in CALLS if name != "common/adjust-ltv"]


def shown(loans) -> list:
    """The debts and collateral that queries show."""
    return [loans.get(name) for name in ("common/position", "flexible/ongoing-coin", "fixed/borrow-contract-info")]


def balances(loans) -> list:
    """The wallet that queries show."""
    now = loans.sandbox.state()["server_time"]
    return [loans.sandbox.balance(coin, timestamp=now) for coin in ("USDT", "ETH", "BTC")]


def money(account: dict) -> list:
    """The true debts, collateral, and wallet."""
    return [account[name] for name in ("wallet", "collateral", "flexible_loans", "fixed_contracts")]


@pytest.mark.parametrize("name", CALLS)
def test_a_debt_can_be_shown_late(loans, sandbox, name):
    before, truth = shown(loans), money(sandbox.account())
    loans.fault(name, debt_delay_ms=3000)
    assert loans.post(name, **CALLS[name]).code == 0
    assert shown(loans) == before and money(sandbox.account()) != truth
    loans.wait(2999)
    assert shown(loans) == before
    loans.wait(1)
    assert shown(loans) != before


@pytest.mark.parametrize("name", [name for name in CALLS if "collateral" not in name])
def test_a_wallet_can_be_shown_late(loans, name):
    before, owed = balances(loans), shown(loans)
    loans.fault(name, wallet_delay_ms=3000)
    assert loans.post(name, **CALLS[name]).code == 0
    loans.wait(2999)
    assert balances(loans) == before and shown(loans) != owed
    loans.wait(1)
    assert balances(loans) != before


def test_a_repaid_debt_can_still_be_shown(loans):
    loans.fault("flexible/repay", debt_delay_ms=3000)
    assert loans.repay("BTC", "0.02000034").code == 0
    assert loans.debt("BTC")["totalDebt"] == "0.02000034" and loans.repay("BTC", "0.01").code == 148032
    loans.wait(3000)
    assert loans.debt("BTC") is None


@pytest.mark.parametrize("name", REPAYMENTS)
def test_a_history_can_be_late(loans, name):
    product = name.partition("/")[0]
    loans.fault(name, history_delay_ms=3000)
    before = loans.history(product)
    assert loans.post(name, **CALLS[name]).code == 0
    loans.wait(2999)
    assert loans.history(product) == before
    loans.wait(1)
    assert len(loans.history(product)) == len(before) + 1


@pytest.mark.parametrize("name", REPAYMENTS)
def test_an_operation_in_process_takes_the_money_and_lowers_the_debt_later(loans, sandbox, name):
    product = name.partition("/")[0]
    loans.post(name, **CALLS[name])
    done = money(sandbox.account())
    sandbox.control("POST", "reset")
    sandbox.clock(freeze=True)
    before = money(sandbox.account())
    loans.fault(name, processing_ms=3000)
    assert loans.post(name, **CALLS[name]).code == 0
    during = money(sandbox.account())
    assert loans.history(product, "limit=1")[0]["repayStatus"] == 2
    # The money has left, but the debt has not fallen.
    assert during[:2] == done[:2] and during[2:] == before[2:]
    loans.wait(3000)
    assert loans.history(product, "limit=1")[0]["repayStatus"] == 1
    assert [item.get("debt") for item in money(sandbox.account())[2]] == [item["debt"] for item in done[2]]
    assert [item["principal"] for item in money(sandbox.account())[3]] == [item["principal"] for item in done[3]]


@pytest.mark.parametrize("name", CALLS)
def test_a_failed_operation_leaves_everything_as_it_was(loans, sandbox, name):
    before = money(sandbox.account())
    loans.fault(name, processing_ms=3000, final_status=3)
    assert loans.post(name, **CALLS[name]).code == 0
    assert money(sandbox.account()) != before
    loans.wait(3000)
    assert money(sandbox.account()) == before
    kept = sandbox.account()["adjustments" if name.startswith("common") else "repayments"]
    assert kept[0]["status"] == 3


def test_debt_that_is_being_repaid_cannot_be_repaid_again(loans):
    loans.fault("flexible/repay", processing_ms=3000)
    assert loans.repay("USDT", "4000").code == 0
    assert loans.repay("USDT", "988.8889").code == 148038
    assert loans.repay("USDT", "988.8888").code == 0
    loans.fault("fixed/fully-repay", processing_ms=3000)
    assert loans.post("fixed/fully-repay", loanId="568").code == 0
    assert loans.post("fixed/fully-repay", loanId="568").code == 148041
    assert loans.post("fixed/fully-repay", loanCurrency="USDT").code == 0
    details = loans.history("fixed", "limit=1")[0]["details"]
    assert {item["loanId"] for item in details} == {"569", "570"}


def test_a_contract_does_not_mature_while_it_is_being_repaid(loans):
    day = 24 * 3600 * 1000
    loans.fault("fixed/fully-repay", processing_ms=4 * day)
    assert loans.post("fixed/fully-repay", loanId="568").code == 0
    loans.wait(3 * day)
    assert loans.contract("568")["residualPenaltyInterest"] == "0" and loans.wallet("USDT") == "9000"
    loans.wait(day)
    assert loans.contract("568")["status"] == 2 and loans.wallet("USDT") == "9000"


def test_a_contract_matures_after_a_failed_repayment_past_its_due_time(loans):
    day = 24 * 3600 * 1000
    loans.fault("fixed/fully-repay", processing_ms=4 * day, final_status=3)
    assert loans.post("fixed/fully-repay", loanId="568").code == 0
    loans.wait(4 * day)
    assert loans.contract("568")["status"] == 2 and loans.wallet("USDT") == "9000"
    assert [item["repayType"] for item in loans.history("fixed", "limit=3&loanCurrency=USDT")] == [3, 4, 1]


def test_a_liquidation_makes_repayments_in_process_fail(loans, sandbox):
    loans.fault("flexible/repay", processing_ms=3000)
    loans.fault("fixed/fully-repay", processing_ms=3000)
    assert loans.repay("USDT", "600").code == loans.post("fixed/fully-repay", loanId="568").code == 0
    sandbox.control("POST", "prices", {"BTC": "4000", "ETH": "500", "SOL": "1000"})
    loans.wait(3000)
    assert loans.history("flexible", "repayId=1771")[0]["repayStatus"] == 3
    assert loans.history("fixed", "repayId=1772")[0]["repayStatus"] == 3
    assert loans.wallet("USDT") == "10000"


@pytest.mark.parametrize("name", CALLS)
def test_every_operation_can_arrive_late(loans, sandbox, name):
    before = money(sandbox.account())
    loans.fault(name, answer="html_502", arrive_after_ms=3000)
    assert loans.post(name, **CALLS[name]).status == 502
    loans.wait(2999)
    assert money(sandbox.account()) == before and sandbox.state()["waiting"][0]["path"] == f"/v5/crypto-loan-{name}"
    loans.wait(1)
    assert money(sandbox.account()) != before
    assert sandbox.requests()["requests"][-1]["committed"] is True


@pytest.mark.parametrize("name", CALLS)
def test_every_answer_can_be_lost(loans, sandbox, name):
    before = money(sandbox.account())
    loans.fault(name, answer={"ret_code": 10016})
    assert loans.post(name, **CALLS[name]).code == 10016 and money(sandbox.account()) == before
    loans.fault(name, answer="close")
    with pytest.raises(http.client.RemoteDisconnected):
        loans.post(name, **CALLS[name])
    assert money(sandbox.account()) != before


@pytest.mark.parametrize("name", CALLS)
def test_rate_limits_and_permissions_hold_for_every_operation(strict, name):
    path, body = f"/v5/crypto-loan-{name}", json.dumps(CALLS[name])
    assert strict.signed("POST", path, body=body, key="sandbox-key-readonly").code == 10005
    strict.clock(advance_ms=1000)
    stamp = strict.clock(freeze=True)
    first = strict.signed("POST", path, body=body, timestamp=stamp)
    assert (first.code, first.headers["x-bapi-limit"]) == (0, "1")
    assert strict.signed("POST", path, body=body, timestamp=stamp).code == 10006
    assert strict.signed("GET", path, timestamp=stamp).code == 10017
    codes = [strict.signed("GET", "/v5/crypto-loan-common/position", timestamp=stamp).code for _number in range(6)]
    assert codes == [0] * 5 + [10006]
