# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only flexible loans have: one debt for each coin, which grows when somebody borrows and vanishes when it is repaid."""

from __future__ import annotations

import pytest
from ways import FLEXIBLE


def borrow(sandbox, amount: str) -> None:
    sandbox.control("POST", "borrow", {"product": "flexible", "loanCurrency": "USDT", "amount": amount})


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 700


@pytest.fixture
def usdt(run_module):
    """Run the module for the USDT debt with these options."""
    return lambda **options: run_module("bybit_flexible_loan_repay", **{"loan_currency": "USDT", "settle_margin": 0, **options})


@pytest.fixture
def borrowed_meanwhile(begin_way, sandbox, spoil, until, sent):
    """Run while somebody borrows right after the repayment has reached the exchange."""

    def call(amount: str, fault: dict, **options):
        spoil(FLEXIBLE, delay_answer_ms=200, **fault)
        process = begin_way(FLEXIBLE, **options)
        until(lambda: sent(FLEXIBLE))
        borrow(sandbox, amount)
        return process.end()

    return call


@pytest.mark.parametrize("goal", [{"amount": "5"}, {"max_debt": "0"}, {"max_debt": "3"}], ids=str)
def test_a_coin_without_debt_needs_nothing(run_module, ledger, goal: dict) -> None:
    run = run_module("bybit_flexible_loan_repay", loan_currency="ETH", diff=True, **goal)
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, False, "nothing_to_do", "0")
    assert run["msg"] == "The flexible ETH loan is already fully repaid: nothing to repay."
    assert (run["loan"]["before"]["status"], run["loan"]["before"]["debt"]) == ("repaid", "0")
    assert run["diff"]["before"] == run["diff"]["after"] == "debt 0 ETH\n"
    assert ledger() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"loan_currency": "DOGE"}, "loan_currency 'DOGE' is not a coin that the exchange lends: check its spelling."),
        ({"loan_currency": "usdt"}, "loan_currency 'usdt' is not a coin: use the exchange's spelling, such as 'USDT'."),
        ({"loan_currency": "US DT"}, "loan_currency 'US DT' is not a coin: use the exchange's spelling, such as 'USDT'."),
        ({"loan_currency": ""}, "loan_currency '' is not a coin"),
        ({"loan_currency": None}, "missing required arguments: loan_currency"),
        ({"amount": "4988.8889"}, "amount '4988.8889' is more than the debt of 4988.88888939 USDT (principal 4987.6543215,"),
        ({"amount": "4988.8889"}, "interest 1.23456789, penalty interest 0): use at most '4988.8888'."),
        ({"amount": "1.00001"}, "amount '1.00001' has 5 decimal places, but the exchange lists 4 for USDT: use '1', for example."),
    ],
)
def test_bad_input_is_refused(usdt, ledger, posted, options: dict, sentence: str) -> None:
    run = usdt(**{"amount": "100", **options})
    assert (run.failed, run.exit_code) == (True, 1)
    assert sentence in run["msg"]
    assert usdt(check=True, **{"amount": "100", **options})["msg"] == run["msg"]
    assert (ledger(), posted()) == ([], [])


def test_each_account_has_its_own_debt(usdt, sandbox, ledger) -> None:
    run = usdt(amount="50", api_key="sandbox-key-second-account")
    assert (run["loan"]["before"]["debt"], run["loan"]["after"]["debt"]) == ("250.0225", "200.0225")
    assert (ledger(), sandbox.account(1)["flexible_loans"][0]["debt"]) == ([], "200.0225")


def test_a_debt_with_more_decimal_places_is_repaid_as_far_as_possible(usdt, sandbox, ledger) -> None:
    run = usdt(amount="4988.8888")
    assert (run["outcome"], run["loan"]["after"]["debt"], run["loan"]["after"]["status"]) == ("executed", "0", "repaid")
    assert [debt["loan_coin"] for debt in sandbox.account()["flexible_loans"]] == ["BTC"]
    assert usdt(amount="1")["outcome"] == "nothing_to_do"
    assert [entry["amount"] for entry in ledger()] == ["4988.8888"]


def test_interest_is_paid_first(usdt, sandbox) -> None:
    after = usdt(amount="1", check=True)["loan"]["after"]
    real = usdt(amount="1")["loan"]["after"]
    assert (real["interest"], real["principal"]) == ("0.23456789", "4987.6543215")
    assert after == real
    owed = {debt["loan_coin"]: debt for debt in sandbox.account()["flexible_loans"]}["USDT"]
    assert (owed["interest"], owed["principal"]) == ("0.23456789", "4987.6543215")


def test_borrowing_meanwhile_does_not_hide_a_repayment(borrowed_meanwhile, sandbox, ledger) -> None:
    run = borrowed_meanwhile("500", {"answer": "close"})
    assert (run["outcome"], run.details["recovered"], [entry["amount"] for entry in ledger()]) == ("executed", True, ["100"])
    assert run["loan"]["after"]["debt"] == FLEXIBLE.debt(sandbox.account()) == "5388.88888939"
    assert "the debt has not fallen yet" in run.warnings


def test_borrowing_meanwhile_leaves_a_lost_request_in_doubt(borrowed_meanwhile, usdt, ledger, posted) -> None:
    """A debt that rose does not prove that nothing was paid."""
    run = borrowed_meanwhile("500", {"answer": "close", "commit": False}, wait_timeout=3)
    assert (run.failed, run["outcome"], run["changed"]) == (True, "unknown", False)
    assert "another 500 USDT has been borrowed since, so the debt proves nothing" in run["msg"]
    assert (ledger(), len(posted())) == ([], 1)
    assert usdt(amount="100", acknowledge=run.details["intent"], wait_timeout=0)["outcome"] == "nothing_to_do"
    assert usdt(amount="100")["outcome"] == "executed"
    assert [entry["amount"] for entry in ledger()] == ["100"]


@pytest.mark.parametrize("goal", [{"amount": "100"}, {"amount": "100", "since": "2020-01-01"}], ids=str)
def test_numbers_in_a_broken_answer_are_not_guessed(usdt, sandbox, posted, goal: dict) -> None:
    row = '{"loanCurrency":"USDT","hourlyInterestRate":"0","unpaidAmount":"many","unpaidInterest":"0","totalDebt":"1"}'
    answer = {"http_status": 200, "body": '{"retCode":0,"result":{"list":[%s]}}' % row}
    sandbox.control("POST", "faults", {"path": "/v5/crypto-loan-flexible/ongoing-coin", "answer": answer})
    assert "an invalid unpaidAmount: 'many' is not a decimal string" in usdt(**goal)["msg"]
    assert posted() == []


def test_a_debt_in_another_coin_is_never_taken_for_the_right_one(run_module, sandbox, ledger) -> None:
    row = '{"loanCurrency":"USDT","hourlyInterestRate":"0","unpaidAmount":"9","unpaidInterest":"0","totalDebt":"9"}'
    answer = {"http_status": 200, "body": '{"retCode":0,"result":{"list":[%s]}}' % row}
    sandbox.control("POST", "faults", {"path": "/v5/crypto-loan-flexible/ongoing-coin", "times": 0, "answer": answer})
    run = run_module("bybit_flexible_loan_repay", loan_currency="BTC", amount="1")
    assert (run.failed, run["outcome"], run["loan"]["before"], ledger()) == (True, "not_executed", None, [])
    assert "has an invalid loanCurrency: 'USDT', but 'BTC' was requested." in run["msg"]
