# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy pays what its rules need, once, and reports it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from policy_runs import CONTRACTS, INSTALLMENT, LOWER, NO_ETH, begin_policy, moved, outcomes, policy, states

# Fixtures from another file, which pytest finds here.
__all__ = ["begin_policy", "moved", "policy"]

D = Decimal


def flexible(sandbox, coin: str = "USDT") -> Decimal:
    return next(D(loan["debt"]) for loan in sandbox.account()["flexible_loans"] if loan["loan_coin"] == coin)


def test_an_installment_is_paid_once_in_its_period(policy, sandbox, moved, remembered) -> None:
    before = flexible(sandbox)
    run = policy(INSTALLMENT)
    assert (run.failed, run["changed"], run["outcome"], outcomes(run)) == (False, True, "executed", [("repay", "executed")])
    [operation] = run["operations"]
    assert (operation["product"], operation["coin"], operation["amount"], operation["rules"]) == ("flexible", "USDT", "500", ["monthly"])
    assert operation["moved"] == "500"
    assert operation["reference"] == f"{run['digest'][:16]}/1"
    assert operation["id"] == sandbox.account()["repayments"][0]["repay_id"]
    assert (before - flexible(sandbox)).quantize(D("0.01")) == 500
    assert (states(run), remembered(), run.warnings) == ({"monthly": "reached"}, [], "")
    assert len(moved()) == 1
    again = policy(INSTALLMENT)
    assert (again["changed"], again["outcome"], again["operations"], states(again)) == (False, "nothing_to_do", [], {"monthly": "reached"})
    assert moved() == []


def test_a_rule_for_a_loan_that_does_not_exist_is_reached_but_warned_about(policy, moved) -> None:
    run = policy({**CONTRACTS, "loans": {"product": "fixed", "id": "5700"}})
    assert (run.failed, run["operations"], states(run), moved()) == (False, [], {"contracts": "reached"}, [])
    assert "Rule 'contracts' selects fixed loan 5700, which the exchange does not know: correct loans.id, or remove the rule." in run.warnings


@pytest.mark.parametrize("loans", [{"product": "fixed", "id": "570"}, {"product": "legacy", "id": "1794267532472646144"}])
def test_a_rule_for_a_loan_that_was_repaid_is_reached(policy, moved, loans) -> None:
    rule = {"name": "this", "loans": {**loans, "coin": "USDT"}, **({"before_maturity": "4d"} if loans["product"] == "fixed" else {"max_debt": "0"})}
    assert outcomes(policy(rule)) == [("repay", "executed")]
    again = policy(rule)
    assert (again.failed, states(again), again.warnings) == (False, {"this": "reached"}, "")


def test_another_payment_does_not_count_as_an_installment(policy, run_repay, sandbox) -> None:
    run_repay("bybit_flexible_loan_repay", loan_currency="USDT", amount="200")
    before = flexible(sandbox)
    assert policy(INSTALLMENT)["operations"][0]["amount"] == "500"
    assert (before - flexible(sandbox)).quantize(D("0.01")) == 500


@pytest.fixture
def run_repay(begin_module):
    return lambda module, **options: begin_module(module, settle_margin=0, **options).end()


def test_contracts_that_fall_due_are_repaid_in_full(policy, sandbox, moved) -> None:
    run = policy(CONTRACTS)
    assert (run.failed, set(outcomes(run)), states(run)) == (False, {("repay", "executed")}, {"contracts": "reached"})
    assert [json.loads(body)["loanId"] for path, body in moved()] == ["570", "571", "568"]
    assert {c["loan_id"] for c in sandbox.account()["fixed_contracts"] if c["status"] != 2} & {"570", "571", "568"} == set()
    assert policy(CONTRACTS)["operations"] == []


def test_a_debt_is_closed_with_the_interest_that_accrued_meanwhile(policy, sandbox) -> None:
    rule = {"name": "no BTC", "loans": {"coin": "BTC"}, "max_debt": "0"}
    run = policy(rule)
    assert (run.failed, set(outcomes(run)), states(run)) == (False, {("repay", "executed")}, {"no BTC": "reached"})
    assert all(D(operation["moved"]) >= D(operation["amount"]) for operation in run["operations"])
    assert not [loan for loan in sandbox.account()["flexible_loans"] if loan["loan_coin"] == "BTC" and D(loan["debt"])]


def test_the_ltv_is_lowered_to_its_target(policy, sandbox) -> None:
    run = policy(LOWER)
    assert (run.failed, run["changed"]) == (False, True)
    assert states(run)["safe"] == "reached"
    again = policy({**LOWER, "ltv": {"above": "0.19", "down_to": "0.18"}}, mode="plan")
    assert D(again["position"]["ltv"]) < D("0.1901")


def test_money_of_the_unified_wallet_is_transferred_first(policy, sandbox, moved) -> None:
    run = policy({**NO_ETH, "max_debt": "0"}, funds={"from": ["unified"], "keep": {}})
    assert outcomes(run)[0] == ("transfer", "executed")
    assert {outcome for dummy, outcome in outcomes(run)} == {"executed"}
    assert moved()[0][0] == "/v5/asset/transfer/inter-transfer"
    assert states(run) == {"no ETH": "reached"}


def test_caps_are_paid_up_to_and_told(policy, sandbox) -> None:
    before = flexible(sandbox)
    limits = {"per_run": {}, "per_day": {"usd": "300"}}
    run = policy(INSTALLMENT, limits=limits)
    paid = before - flexible(sandbox)
    assert (run.failed, states(run)) == (False, {"monthly": "partly"})
    assert 290 < paid <= 300
    assert "nothing of per_day (300 USD) is left" in run["rules"][0]["reasons"][0] and "nothing of per_day (300 USD) is left" in run.warnings
    again = policy(INSTALLMENT, limits=limits)
    assert (again["changed"], states(again)) == (False, {"monthly": "not"})
    assert before - flexible(sandbox) <= paid


def test_a_payment_by_another_task_counts_under_the_cap_of_a_day(policy, run_repay, sandbox) -> None:
    run_repay("bybit_flexible_loan_repay", loan_currency="USDT", amount="200")
    run = policy(INSTALLMENT, limits={"per_run": {}, "per_day": {"USDT": "250"}})
    assert [operation["amount"] for operation in run["operations"]] == ["50"]


def test_check_mode_shows_the_plan_and_moves_nothing(policy, sandbox, moved, journal) -> None:
    run = policy(INSTALLMENT, CONTRACTS, check=True, diff=True)
    assert (run.failed, run["changed"], run["outcome"]) == (False, True, "planned")
    assert {(entry["outcome"], entry["moved"]) for entry in run["operations"]} == {("planned", None)}
    assert (moved(), journal.exists()) == ([], False)
    assert "monthly: 0 of 500 was repaid under this rule this month" in run["diff"]["prepared"]


def test_a_plan_moves_nothing_and_is_written(policy, moved, tmp_path) -> None:
    path = tmp_path / "plan.json"
    run = policy(INSTALLMENT, mode="plan", plan_file=str(path))
    assert (run.failed, run["changed"], run["outcome"], moved()) == (False, True, "planned", [])
    assert not policy(INSTALLMENT, mode="plan")["changed"]
    written = json.loads(path.read_text())
    assert (written["digest"], run["plan_file"]) == (run["digest"], str(path))
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_a_run_right_after_another_waits_for_the_figures(policy, sandbox) -> None:
    policy(LOWER)
    run = policy(LOWER, settle_margin=10)
    [wait] = run.details["waits"]
    assert (run["changed"], wait) == (False, "The exchange's figures may not include a recent operation yet: waiting up to 10 s.")
