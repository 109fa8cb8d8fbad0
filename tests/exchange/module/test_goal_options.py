# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How goals are written, which options exclude each other, and how the cap and the wallet limit a payment."""

from __future__ import annotations

import datetime

import pytest
from ways import FIXED, FIXED_COLLATERAL, FLEXIBLE, LEGACY

LOANS = {LEGACY.module: LEGACY.ids, FLEXIBLE.module: {"loan_currency": "USDT"}, FIXED.module: {"loan_id": "568"}}
each_module = pytest.mark.parametrize("module", LOANS)
each_way = pytest.mark.parametrize("way", [LEGACY, FLEXIBLE], ids=lambda way: way.name)


@pytest.fixture
def ask(run_module):
    """Run a module for one loan, with these options."""
    return lambda module, **options: run_module(module, settle_margin=0, **{**LOANS[module], **options})


@each_module
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"amount": "1", "max_debt": "1"}, "parameters are mutually exclusive: amount|max_debt|max_ltv"),
        ({"amount": "1", "max_ltv": "0.5"}, "parameters are mutually exclusive: amount|max_debt|max_ltv"),
        ({"max_debt": 0, "max_ltv": 0}, "parameters are mutually exclusive: amount|max_debt|max_ltv"),
        ({"max_debt": "1", "since": "2026-11-01"}, "missing parameter(s) required by 'since': amount"),
        ({"amount": "1", "allow_partial": True}, "allow_partial 'true' has no effect on amount without since, which is never moved in part"),
        ({"max_debt": "-1"}, "max_debt '-1' is negative"),
        ({"max_debt": "1,000"}, "max_debt '1,000' contains a separator"),
        ({"max_debt": ""}, "max_debt is empty"),
        ({"max_debt": False}, "max_debt False is not a number"),
        ({"max_debt": 0.1 + 0.2}, "max_debt 0.30000000000000004 is a floating-point number of more than 15 digits"),
        ({"max_ltv": "50%"}, "max_ltv '50%' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"max_ltv": 50}, "max_ltv '50' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"max_ltv": 1}, "max_ltv '1' is not a fraction between 0 and 1: use '0.5' for 50 %, for example."),
        ({"max_ltv": "0.0"}, "max_ltv '0' is not an LTV above 0: set max_debt to '0' to repay the whole debt."),
        ({"max_debt": "0", "at_most": "0"}, "at_most '0' is zero: use an amount greater than zero."),
        ({"max_debt": "0", "at_most": ["5"]}, "at_most is a list, not a number"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(ask, sandbox, module: str, options: dict, sentence: str) -> None:
    run = ask(module, **options)
    assert (run.failed, run.exit_code) == (True, 1)
    assert sentence in run["msg"]
    assert sandbox.requests()["counts"] == {}


@pytest.mark.parametrize(
    ("module", "options", "sentence"),
    [
        (FLEXIBLE.module, {"loan_currency": True}, "loan_currency is a YAML boolean, not a coin: put the coin in quotes, such as 'ON'."),
        (FLEXIBLE.module, {"loan_currency": False}, "loan_currency is a YAML boolean, not a coin: put the coin in quotes, such as 'NO'."),
        (FIXED.module, {"loan_id": None, "loan_currency": True}, "loan_currency is a YAML boolean, not a coin: put"),
        (FIXED.module, {"collateral": ["BTC", False], "amount": "1"}, "collateral is a YAML boolean, not a coin: put the coin in quotes"),
        (FLEXIBLE.module, {"collateral": [True], "amount": "1"}, "collateral is a YAML boolean, not a coin: put the coin in quotes"),
        (FIXED.module, {"loan_id": True}, "loan_id is a YAML boolean, not an ID: put the ID in quotes, such as '"),
        (LEGACY.module, {"order_id": False}, "order_id is a YAML boolean, not an ID: put the ID in quotes, such as '"),
        ("bybit_loan_info", {"loan_currency": True}, "loan_currency is a YAML boolean, not a coin: put the coin in quotes"),
        ("bybit_loan_repayment_info", {"loan_currency": False}, "loan_currency is a YAML boolean, not a coin: put the coin in quotes"),
        ("bybit_loan_repayment_info", {"product": "legacy", "loan_id": True}, "loan_id is a YAML boolean, not an ID: put the ID in quotes"),
        ("bybit_loan_repayment_info", {"repay_id": True}, "repay_id is a YAML boolean, not an ID: put the ID in quotes"),
    ],
)
def test_a_yaml_boolean_is_no_coin_and_no_id(run_module, sandbox, module: str, options: dict, sentence: str) -> None:
    goal = {"amount": "10"} if module in (LEGACY.module, FLEXIBLE.module) else {}
    run = run_module(module, **{**LOANS.get(module, {}), **goal, **options})
    assert (run.failed, run["msg"][: len(sentence)]) == (True, sentence)
    assert sandbox.requests()["counts"] == {}


@pytest.mark.parametrize("module", [LEGACY.module, FLEXIBLE.module])
def test_one_goal_is_needed(ask, sandbox, module: str) -> None:
    assert ask(module)["msg"] == "one of the following is required: amount, max_debt, max_ltv"
    assert sandbox.requests()["counts"] == {}


@each_module
@pytest.mark.parametrize("empty", ["amount", "max_debt", "max_ltv"])
def test_an_empty_variable_is_no_goal(run, sandbox, module: str, empty: str) -> None:
    connection = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    collateral = {"collateral": ["BTC"]} if module == FIXED.module else {}
    ended = run(module=module, **connection, **LOANS[module], **collateral, **{empty: None})
    assert "amount, max_debt, and max_ltv have no value" in ended["msg"]


@pytest.mark.parametrize("empty", ["loan_id", "loan_currency"])
@pytest.mark.parametrize("others", [{}, {"sweep": True}, {"amount": "5", "collateral": ["BTC"]}], ids=str)
def test_an_empty_variable_does_not_mean_all_fixed_loans(run, sandbox, empty: str, others: dict) -> None:
    sandbox.control("DELETE", "requests")
    connection = {"api_url": sandbox.url, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    ended = run(module=FIXED.module, **connection, **others, **{empty: None})
    assert ended["msg"] == "loan_id and loan_currency have no value: set one of them."
    assert sandbox.requests()["counts"] == {}


@each_way
def test_the_last_installment_pays_the_loan_off(pay, ledger, way) -> None:
    since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-01")
    goal = {"amount": "9999", "since": since, "allow_partial": True}
    run = pay(way, **goal)
    assert (run["outcome"], run["goal_reached"], run["loan"]["after"]["debt"]) == ("executed", False, "0")
    assert "The goal is not reached: the " in run["msg"] and " still missing from amount '9999' since " in run["msg"]
    assert (pay(way, **goal)["outcome"], len(ledger())) == ("nothing_to_do", 1)


@each_way
def test_acknowledging_an_unknown_id_sends_nothing(pay, ledger, way) -> None:
    run = pay(way, acknowledge="1234")
    assert (run.failed, run["changed"], run["outcome"], ledger()) == (False, False, "nothing_to_do", [])
    assert "acknowledge '1234' is not a repayment that is recorded for this loan: it was already acknowledged or resolved" in run["msg"]
    assert run["msg"] in run.warnings


def test_a_fixed_contract_is_repaid_without_any_goal(ask, ledger) -> None:
    assert ask(FIXED.module)["outcome"] == "executed"
    assert [entry["amount"] for entry in ledger()] == ["1000"]


@pytest.mark.parametrize(
    ("written", "paid"),
    [("900", "100.4"), (900, "100.4"), (900.5, "99.9"), ("900.50", "99.9"), (9e2, "100.4"), ("1e3", "0.4"), (" 900 ", "100.4")],
)
def test_numbers_from_yaml_are_understood(pay, ledger, written: object, paid: str) -> None:
    assert pay(LEGACY, amount=None, max_debt=written)["amount"] == paid
    assert [entry["amount"] for entry in ledger()] == [paid]


@pytest.mark.parametrize("written", [0, "0", "0.00", 0.0])
def test_zero_from_yaml_is_understood(pay, ledger, written: object) -> None:
    assert pay(LEGACY, amount=None, max_debt=written)["loan"]["after"]["status"] == "repaid"
    assert [entry["amount"] for entry in ledger()] == ["1000.4"]


@pytest.mark.parametrize("written", [0.25, "0.25", "0.250", "25e-2"])
def test_an_ltv_from_yaml_is_understood(pay, written: object) -> None:
    run = pay(LEGACY, amount=None, max_ltv=written, check=True)
    assert (run["outcome"], run["loan"]["after"]["ltv"]) == ("planned", "0.2497")


def test_max_debt_may_have_more_decimal_places_than_the_coin(pay, ledger) -> None:
    """In a bound they are not a mistake, unlike in an amount."""
    assert pay(LEGACY, amount=None, max_debt="900.123456")["amount"] == "100.2766"
    assert [entry["amount"] for entry in ledger()] == ["100.2766"]


@each_way
@pytest.mark.parametrize("goal", [{"amount": "100"}, {"max_debt": "{after}"}], ids=str)
def test_at_most_is_never_exceeded(pay, ledger, posted, way, goal: dict) -> None:
    goal = {"amount": None, **{name: value.format(after=way.after) for name, value in goal.items()}}
    run = pay(way, **goal, at_most="99.9999")
    asked = "amount '100'" if goal["amount"] else f"max_debt '{way.after}'"
    assert run["msg"] == (
        f"{asked} needs 100 USDT on {way.label}, more than at_most '99.9999': raise at_most, or request less."
    )
    assert (run.failed, run["changed"], run["outcome"], run["failure"]) == (True, False, "not_executed", None)
    assert pay(way, **goal, at_most="99.9999", check=True)["msg"] == run["msg"]
    assert (ledger(), posted()) == ([], [])
    assert pay(way, **goal, at_most=100)["outcome"] == "executed"


def test_at_most_limits_the_shortfall_of_a_goal_with_since(pay, sandbox, names, ledger) -> None:
    since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "60"})
    assert pay(LEGACY, since=since.isoformat(), at_most="40", check=True)["outcome"] == "planned"
    run = pay(LEGACY, since=since.isoformat(), at_most="39")
    assert f"still needs 40 USDT on {LEGACY.label}, more than at_most '39'" in run["msg"]
    assert [entry["amount"] for entry in ledger()] == ["60"]


@each_way
def test_with_allow_partial_at_most_is_paid_up_to(pay, ledger, way) -> None:
    goal = {"amount": None, "max_debt": "0", "at_most": "50", "allow_partial": True}
    for check in (True, False):
        run = pay(way, **goal, check=check)
        assert (run["changed"], run["amount"], run["goal_reached"]) == (True, "50", False)
        assert f"the whole debt needs {run['loan']['before']['debt'][:6]}" in run["msg"]
        assert run["msg"].rstrip(".").endswith("more than at_most '50'")
    assert [entry["amount"] for entry in ledger()] == ["50"]


@each_way
def test_a_refusal_has_the_values_that_a_playbook_needs_to_go_on(pay, posted, way) -> None:
    run = pay(way, amount=None, max_debt="0", at_most="50")
    assert (run["outcome"], run["goal_reached"], posted()) == ("not_executed", None, [])
    debt = run["loan"]["before"]["debt"]
    assert run.details["decision"].startswith(f"debt {debt} → 0")
    assert (run["loan"]["after"], run["repayments"]) == (None, [])


@each_way
def test_allow_partial_pays_what_the_wallet_holds(pay, sandbox, ledger, posted, way) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "70.12349"})
    goal = {"amount": None, "max_debt": way.after}
    shortfall = f"max_debt '{way.after}' needs 100 USDT, but the Funding wallet holds 70.12349"
    declined = pay(way, **goal)
    assert (declined["outcome"], declined["failure"], posted()) == ("not_executed", None, [])
    assert declined["msg"] == f"{shortfall}: top up the Funding wallet, or request less."
    foreseen = pay(way, **goal, allow_partial=True, check=True)
    run = pay(way, **goal, allow_partial=True)
    assert (run["outcome"], run["amount"], run["goal_reached"]) == ("executed", "70.1234", False)
    assert (foreseen["amount"], foreseen["goal_reached"]) == ("70.1234", False)
    assert foreseen["msg"].endswith(f"; this is as much as possible, because {shortfall}.")
    assert [entry["amount"] for entry in ledger()] == ["70.1234"]
    again = pay(way, **goal, allow_partial=True)
    assert (again.failed, again["outcome"], again["changed"], again["goal_reached"]) == (False, "nothing_to_do", False, False)
    assert "Nothing can be paid now, because max_debt" in again.warnings
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "1000"})
    last = pay(way, **goal, allow_partial=True)
    assert (last["amount"], last["goal_reached"], way.debt(sandbox.account())) == ("29.8766", True, way.after)


@each_way
def test_a_wallet_that_the_key_may_not_read_is_left_to_the_exchange(pay, sandbox, ledger, way) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "70"})
    run = pay(way, amount=None, max_debt=way.after, allow_partial=True, api_key="sandbox-key-no-wallet")
    assert (run["outcome"], run["failure"]["ret_code"]) == ("not_executed", 177011 if way is LEGACY else 148029)
    assert (ledger(), run.warnings) == ([], "")


@each_way
def test_a_wallet_that_cannot_be_read_is_left_to_the_exchange_with_a_warning(pay, sandbox, ledger, way) -> None:
    fault = {"path": "/v5/asset/transfer/query-account-coin-balance", "times": 0, "answer": "html_502"}
    sandbox.control("POST", "faults", fault)
    run = pay(way, amount=None, max_debt=way.after)
    assert (run["outcome"], len(ledger())) == ("executed", 1)
    assert "The balance of the Funding wallet could not be checked beforehand: " in run.warnings


def test_a_failing_run_reports_what_an_earlier_one_paid(begin_way, pay, sandbox, spoil, until, ledger) -> None:
    """The earlier run paid a part of the same goal without reporting it. The rest cannot be paid now."""
    goal = {"amount": None, "max_debt": "4000"}
    spoil(FLEXIBLE, delay_answer_ms=30_000)
    process = begin_way(FLEXIBLE, **goal)
    until(ledger)
    process.kill()
    sandbox.control("POST", "borrow", {"product": "flexible", "loanCurrency": "USDT", "amount": "1000"})
    run = pay(FLEXIBLE, **goal, at_most="999", wait_timeout=2)
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, True, "executed")
    [made] = ledger()
    assert [(item["repay_id"], item["amount"]) for item in run["repayments"]] == [(made["repay_id"], "988.8889")]
    assert "An earlier run began a repayment of 988.8889 USDT on the flexible USDT loan (repayment 1771) at " in run["msg"]
    assert "more than at_most '999': raise at_most, or request less." in run["msg"]
    told = pay(FLEXIBLE, **goal, wait_timeout=2)
    assert (told["outcome"], [item["amount"] for item in told["repayments"]]) == ("executed", ["988.8889", "1000"])
    assert [entry["amount"] for entry in ledger()] == ["988.8889", "1000"]


def test_a_repayment_from_collateral_ignores_the_wallet_but_not_at_most(pay, sandbox, ledger) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "0"})
    run = pay(FIXED_COLLATERAL, amount=None, max_debt="700", at_most="99")
    assert run["msg"] == (
        "max_debt '700' needs 100 USDT on fixed contract 569, more than at_most '99': raise at_most, or request less."
    )
    assert pay(FIXED_COLLATERAL, amount=None, max_debt="700", at_most="100")["outcome"] == "executed"
    assert [entry["amount"] for entry in ledger()] == ["100"]
