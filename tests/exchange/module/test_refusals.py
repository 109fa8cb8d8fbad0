# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals: one sentence, a structured failure, and no money moved."""

from __future__ import annotations

import threading
import time

import pytest


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ({"api_key": "no-such-key"}, 10003, "the host does not know the key"),
        ({"api_secret": "wrong"}, 10004, "Check that api_secret, or rsa_private_key for an RSA key, belongs to api_key"),
        ({"api_key": "sandbox-key-no-permission"}, 10005, 'Grant api_key the permission "Spot trade"'),
        ({"api_key": "sandbox-key-other-ip"}, 10010, "the key is bound to other IP addresses"),
        ({"api_key": "sandbox-key-expired"}, 33004, "the key has expired"),
        ({"api_key": "sandbox-key-banned"}, 10027, "the account may not make transactions"),
    ],
)
def test_keys_that_the_gate_refuses_are_explained(repay, posts, paid, options: dict, code: int, sentence: str) -> None:
    run = repay(**options)
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "not_executed")
    assert sentence in run["msg"]
    assert f"retCode {code}" in run["msg"]
    failure = run["failure"]
    assert (failure["ret_code"], failure["http_status"], failure["outcome"]) == (code, 200, "not_executed")
    assert failure["ret_msg"]
    assert len(failure["request_id"]) == 36
    assert (posts(), paid()) == (0, [])


def test_a_read_only_key_is_refused_only_when_it_would_pay(repay, posts, paid) -> None:
    message = "api_key is read-only: use another key of this account, with the permission 'Spot trade' (read and write)."
    for check in (True, False):
        run = repay(api_key="sandbox-key-readonly", check=check)
        assert (run["msg"], run["failure"], run["outcome"]) == (message, None, "not_executed")
        assert (run.details["decision"], run["loan"]["before"]["debt"]) == ("debt 1000.4 → 900.4, pay 100", "1000.4")
    assert (posts(), paid()) == (0, [])
    # A run that pays nothing needs no permission to pay.
    assert repay(api_key="sandbox-key-readonly", amount=None, max_debt="5000")["outcome"] == "nothing_to_do"


def test_a_funding_wallet_that_holds_too_little_is_refused(repay, sandbox, posts, paid) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "99.9999"})
    run = repay()
    assert (run["failure"], run["outcome"], run["changed"]) == (None, "not_executed", False)
    assert run["msg"] == (
        "amount '100' needs 100 USDT, but the Funding wallet holds 99.9999: top up the Funding wallet, or request less."
    )
    assert (posts(), paid(), sandbox.loan()["debt"]) == (0, [], "1000.4")
    assert repay(check=True)["msg"] == run["msg"]


def test_a_funding_wallet_that_the_key_may_not_read_is_left_to_the_exchange(repay, sandbox, posts, paid) -> None:
    """Then only the exchange can refuse an amount that it does not hold."""
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "99.9999"})
    run = repay(api_key="sandbox-key-no-wallet")
    assert (run["failure"]["ret_code"], run["outcome"], run["changed"]) == (177011, "not_executed", False)
    assert ". Top up the Funding wallet, for example with bybit_funding_transfer, or request less." in run["msg"]
    assert (posts(), paid(), sandbox.loan()["debt"], run.warnings) == (1, [], "1000.4", "")


@pytest.mark.parametrize("code", [10001, 177003, 177004, 177006, 177010, 177012, 177019, 177020, 10008, 10009, 10024])
def test_documented_refusals_of_the_repayment_are_explained(repay, sandbox, posts, paid, code: int) -> None:
    sandbox.fault(answer={"ret_code": code})
    run = repay()
    assert (run["failure"]["ret_code"], run["failure"]["outcome"]) == (code, "not_executed")
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    assert f"(retCode {code}" in run["msg"]
    assert (posts(), paid()) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 404])
def test_refusals_by_http_status_are_explained(repay, sandbox, posts, paid, status: int) -> None:
    sandbox.fault(answer={"http_status": status, "body": '{"retCode":10017,"retMsg":"Route not found."}'})
    run = repay()
    assert (run["failure"]["ret_code"], run["failure"]["http_status"]) == (10017, status)
    assert (run["outcome"], posts(), paid()) == ("not_executed", 1, [])


@pytest.mark.parametrize("body", ["access too frequent", "<html>Blocked</html>", ""])
def test_nothing_is_sent_after_a_block(repay, sandbox, posts, paid, body: str) -> None:
    path = "/v5/crypto-loan/loanable-data"
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "answer": {"http_status": 403, "body": body}})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["http_status"], posts(), paid()) == (True, "not_executed", 403, 0, [])
    assert "Stop all requests from this address for at least 10 minutes." in run["msg"]


def test_an_order_that_somebody_else_closed_meanwhile_is_not_an_error(repay, sandbox, posts, paid, names) -> None:
    sandbox.fault(delay_ms=800)

    def pay_off_in_the_app() -> None:
        while not posts() and time.monotonic() < deadline:
            time.sleep(0.05)
        sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "1000.4"})

    deadline = time.monotonic() + 10
    other = threading.Thread(target=pay_off_in_the_app)
    other.start()
    run = repay()
    other.join()
    assert (run.failed, run["changed"], run["outcome"]) == (False, False, "nothing_to_do")
    assert "is already fully repaid" in run["msg"]
    assert (paid(), sandbox.repayments()[0]["origin"]) == (["1000.4"], "app")


def test_an_order_that_vanished_without_a_trace_is_an_error(repay, sandbox, paid) -> None:
    sandbox.fault(answer={"ret_code": 177005})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", 177005)
    assert paid() == []


def test_the_refusal_is_reported_even_if_a_vanished_order_cannot_be_looked_up(repay, sandbox, paid) -> None:
    sandbox.fault(answer={"ret_code": 177005})
    path = "/v5/crypto-loan/ongoing-orders"
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": 1, "answer": "close"})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", 177005)
    assert "Whether the loan was closed in the meantime could not be checked" in run.warnings
    assert paid() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"amount": "0"}, "amount '0' is zero: use an amount greater than zero."),
        ({"amount": "-5"}, "amount '-5' is negative"),
        ({"amount": "1,000"}, "amount '1,000' contains a separator"),
        ({"amount": ""}, "amount is empty"),
        ({"amount": True}, "amount True is not a number"),
        ({"amount": ["1"]}, "amount is a list, not a number"),
        ({"order_id": ""}, "order_id '' is not an ID: use the ID that the exchange shows, in quotes, such as '1794267532472646144'."),
        ({"order_id": "17 942"}, "order_id '17 942' is not an ID"),
        ({"api_key": ""}, "api_key is missing"),
        ({"api_secret": None}, "api_secret and rsa_private_key are missing"),
        ({"environment": "mainnet"}, "both select a host: set only one of them."),
        ({"api_url": "http://203.0.113.1"}, "is not encrypted"),
        ({"recv_window": 0}, "recv_window '0' is out of range"),
        ({"order_id": None}, "missing required arguments: order_id"),
        ({"amount": None}, "one of the following is required: amount, max_debt, max_ltv"),
        ({"environment": "demo", "api_url": None}, "value of environment must be one of: mainnet, testnet, got: demo"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(repay, sandbox, options: dict, sentence: str) -> None:
    run = repay(**options)
    assert (run.failed, run.exit_code) == (True, 1)
    assert sentence in run["msg"]
    assert "Traceback" not in run.output
    assert sandbox.requests()["counts"] == {}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"retCode":0,"result":{}}', "lacks a list of rows"),
        ('{"retCode":0,"result":{"list":["?"]}}', "lacks a list of rows"),
        (
            '{"retCode":0,"result":{"list":[{"orderId":"1794267532472646144","hourlyInterestRate":"0","expirationTime":"",'
            '"totalDebt":"1","residualInterest":"0","residualPenaltyInterest":"0"}]}}',
            "an invalid loanCurrency",
        ),
        (
            '{"retCode":0,"result":{"list":[{"orderId":"1794267532472646144","hourlyInterestRate":"0","expirationTime":"",'
            '"loanCurrency":"USDT","totalDebt":"lots"}]}}',
            "an invalid totalDebt: 'lots' is not a decimal string",
        ),
        ("<html>", "gave no usable answer to GET /v5/crypto-loan/ongoing-orders: the answer is not from"),
        ('{"retCode":10016}', "an internal error (retCode 10016). Run again later."),
    ],
)
def test_a_loan_that_is_not_understood_is_not_repaid(repay, sandbox, posts, body: str, sentence: str) -> None:
    sandbox.control("POST", "faults", {"method": "GET", "skip": 1, "answer": {"http_status": 200, "body": body}})
    run = repay()
    assert (run.failed, run["outcome"], posts()) == (True, "not_executed", 0)
    assert sentence in run["msg"]


def test_another_loan_is_never_taken_for_the_requested_one(repay, sandbox, posts, names) -> None:
    row = '{"orderId":"42","loanCurrency":"USDT","totalDebt":"1"}'
    body = '{"retCode":0,"result":{"list":[' + row + "]}}"
    sandbox.control("POST", "faults", {"method": "GET", "skip": 1, "answer": {"http_status": 200, "body": body}})
    assert f"has an invalid orderId: '42', but '{names.loan}' was requested." in repay()["msg"]
    assert posts() == 0


def test_a_host_that_cannot_be_reached_is_named(repay) -> None:
    run = repay(api_url="http://127.0.0.1:1")
    assert (run.failed, run["outcome"], run["api_host"]) == (True, "not_executed", "127.0.0.1:1")
    assert run["msg"] == (
        "No answer from http://127.0.0.1:1 to GET /v5/user/query-api (Connection refused). "
        "Check environment or api_url, and the network."
    )
