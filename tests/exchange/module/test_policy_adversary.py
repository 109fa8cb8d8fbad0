# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy makes of operations that an earlier run left behind: those that failed, that are late, or that nobody reported."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from policy_runs import CONTRACTS, INSTALLMENT, begin_policy, moved, outcomes, policy, states

# Fixtures from another file, which pytest finds here.
__all__ = ["begin_policy", "moved", "policy"]

D = Decimal
FLEXIBLE = "/v5/crypto-loan-flexible/repay"
FULLY = "/v5/crypto-loan-fixed/fully-repay"


@pytest.fixture
def spoil_call(sandbox):
    return lambda path, method="POST", **fault: sandbox.control("POST", "faults", {"method": method, "path": path, **fault})


@pytest.fixture
def debt(sandbox):
    return lambda coin="USDT": next(D(loan["debt"]) for loan in sandbox.account()["flexible_loans"] if loan["loan_coin"] == coin)


@pytest.fixture
def killed(begin_policy, spoil_call, sandbox, until):
    """Kill a run whose request the exchange never executed."""

    def call(*rules, path=FLEXIBLE, **options) -> None:
        spoil_call(path, answer="close", commit=False, delay_answer_ms=1500)
        process = begin_policy(*rules, **options)
        until(lambda: sandbox.requests()["counts"].get(f"POST {path}"))
        process.kill()

    return call


def test_an_installment_that_a_killed_run_did_not_make_is_made_now(policy, killed, debt) -> None:
    before = debt()
    killed(INSTALLMENT)
    run = policy(INSTALLMENT)
    assert (run.failed, outcomes(run), states(run)) == (False, [("repay", "executed")], {"monthly": "reached"})
    assert (before - debt()).quantize(D("0.01")) == 500


def test_a_plan_of_a_killed_run_that_made_nothing_is_carried_out(policy, killed, debt, tmp_path) -> None:
    path, before = str(tmp_path / "plan.json"), debt()
    policy(INSTALLMENT, mode="plan", plan_file=path)
    killed(INSTALLMENT, plan_file=path)
    run = policy(INSTALLMENT, plan_file=path)
    assert (run.failed, outcomes(run)) == (False, [("repay", "executed")]), run["msg"]
    assert (before - debt()).quantize(D("0.01")) == 500


def test_a_repayment_that_failed_later_does_not_count(policy, spoil_call, sandbox, debt, simulated_time) -> None:
    before = debt()
    spoil_call(FLEXIBLE, processing_ms=2000, final_status=3)
    assert policy(INSTALLMENT, wait=False)["outcome"] == "pending"
    simulated_time.pass_by(3600)
    run = policy(INSTALLMENT)
    assert (run.failed, outcomes(run)) == (False, [("repay", "executed")]), (run["msg"], states(run))
    # Interest may have been added.
    assert 499 < before - debt() <= 500


def test_a_plan_whose_repayment_failed_later_was_not_executed(policy, spoil_call, sandbox, simulated_time, tmp_path) -> None:
    path = str(tmp_path / "plan.json")
    policy(INSTALLMENT, mode="plan", plan_file=path)
    spoil_call(FLEXIBLE, processing_ms=2000, final_status=3)
    assert policy(INSTALLMENT, wait=False, plan_file=path)["outcome"] == "pending"
    simulated_time.pass_by(3600)
    run = policy(INSTALLMENT, plan_file=path)
    assert "all its operations were executed" not in run["msg"], run["msg"]


def test_what_was_found_out_is_reported_if_another_target_cannot_be_read(
    begin_policy, policy, spoil_call, until, sandbox, simulated_time
) -> None:
    spoil_call(FLEXIBLE, processing_ms=100)
    assert policy(INSTALLMENT, wait=False)["outcome"] == "pending"
    simulated_time.pass_by(1)
    spoil_call(FULLY, delay_answer_ms=1500)
    process = begin_policy(CONTRACTS)
    until(lambda: sandbox.requests()["counts"].get(f"POST {FULLY}"))
    process.kill()
    spoil_call("/v5/crypto-loan-flexible/repayment-history", "GET", answer={"ret_code": 10005}, times=100)
    run = policy(CONTRACTS)
    assert (run.failed, run["changed"], [entry["outcome"] for entry in run["earlier"]]) == (True, True, ["executed"]), run["msg"]


@pytest.mark.parametrize("is_killed", [False, True], ids=["pending", "killed"])
def test_a_debt_that_lags_after_a_long_process_is_not_paid_down_again(
    begin_policy, policy, spoil_call, sandbox, simulated_time, until, debt, is_killed
) -> None:
    before = debt()
    rule = {"name": "less", "loans": {"product": "flexible", "coin": "USDT"}, "max_debt": str(before.quantize(D(1)) - 500)}
    spoil_call(FLEXIBLE, processing_ms=30_000, debt_delay_ms=33_000)
    if is_killed:
        process = begin_policy(rule, settle_margin=5)
        until(lambda: sandbox.requests()["counts"].get(f"POST {FLEXIBLE}"))
        simulated_time.pass_by(2)
        process.kill()
        simulated_time.pass_by(29)
    else:
        assert policy(rule, wait=False, settle_margin=5)["outcome"] == "pending"
        simulated_time.pass_by(31)
    policy(rule, settle_margin=5, wait_timeout=120)
    simulated_time.pass_by(120)
    assert before - debt() < 502


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_a_pipe_is_no_plan(policy, moved, tmp_path, mode: str) -> None:
    path = tmp_path / "plan.json"
    os.mkfifo(path)
    run = policy(INSTALLMENT, mode=mode, plan_file=str(path))
    assert (run.failed, run["changed"], moved(), path.is_fifo()) == (True, False, [], True)
    assert run["msg"] == f"plan_file '{path}' is not a regular file: use the path of a file."


def test_a_late_debt_that_somebody_else_repaid_is_not_paid_again(policy, begin_module, spoil_call, simulated_time, debt, tmp_path) -> None:
    before = debt()
    rule = {"name": "less", "loans": {"product": "flexible", "coin": "USDT"}, "max_debt": str(before.quantize(D(1)) - 500)}
    spoil_call(FLEXIBLE, debt_delay_ms=3000)
    other = {"loan_currency": "USDT", "amount": "500", "wait": False, "journal": str(tmp_path / "other" / "journal.sqlite")}
    assert not begin_module("bybit_flexible_loan_repay", **other).end().failed
    run = policy(rule, settle_margin=5)
    assert (run.failed, run["changed"], outcomes(run)) == (True, False, [("repay", "not_executed")])
    assert "has fallen since it was planned" in run["msg"]
    simulated_time.pass_by(10)
    assert before - debt() < 502
