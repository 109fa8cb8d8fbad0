# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved plan is carried out once, exactly as it was approved, or not at all."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from policy_runs import CONTRACTS, INSTALLMENT, begin_policy, moved, outcomes, policy, states

# Fixtures from another file, which pytest finds here.
__all__ = ["begin_policy", "moved", "policy"]

D = Decimal


@pytest.fixture
def saved(policy, tmp_path):
    """Plan, and return the path of the plan."""

    def call(*rules, **options) -> str:
        path = str(tmp_path / "plan.json")
        assert not policy(*rules, mode="plan", plan_file=path, **options).failed
        return path

    return call


def test_a_plan_is_carried_out_once_forever(policy, saved, moved, sandbox) -> None:
    path = saved(INSTALLMENT, CONTRACTS)
    digest = json.loads(open(path).read())["digest"]
    run = policy(INSTALLMENT, CONTRACTS, plan_file=path)
    assert (run.failed, run["changed"], run["digest"], {outcome for dummy, outcome in outcomes(run)}) == (False, True, digest, {"executed"})
    assert len(moved()) == len(run["operations"])
    again = policy(INSTALLMENT, CONTRACTS, plan_file=path)
    assert (again.failed, again["changed"], again["outcome"], moved()) == (True, False, "not_executed", [])
    assert again["msg"].startswith("plan_file was applied before: all its operations were executed, the first one under reference '")


def test_a_plan_for_an_overdue_contract_is_carried_out_with_the_interest_that_was_added(policy, saved, moved, sandbox) -> None:
    rule = {**CONTRACTS, "loans": {"product": "fixed", "id": "570"}}
    path = saved(rule)
    [planned] = json.loads(open(path).read())["operations"]
    sandbox.clock(offset_ms=2 * 3_600_000)
    run = policy(rule, plan_file=path)
    assert (run.failed, outcomes(run), len(moved())) == (False, [("repay", "executed")], 1), run["msg"]
    assert D(planned["amount"]) < D(run["operations"][0]["moved"]) < D(planned["amount"]) * D("1.01")


def test_an_expired_plan_is_refused(policy, saved, moved, sandbox) -> None:
    path = saved(INSTALLMENT, plan_expires_after="1h")
    sandbox.clock(offset_ms=2 * 3_600_000)
    run = policy(INSTALLMENT, plan_file=path, recv_window=5000)
    assert (run.failed, run["changed"], moved()) == (True, False, [])
    assert "the plan expired at " in run["msg"] and run["msg"].endswith("Plan again.")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{**INSTALLMENT, "installment": {"amount": "501", "per": "month"}}], "the policy changed: rule 'monthly': installment.amount is 501 instead of 500"),
        ([INSTALLMENT, CONTRACTS], "the policy changed: rule 'contracts' is new"),
    ],
    ids=["another amount", "another rule"],
)
def test_a_plan_of_another_policy_is_refused(policy, saved, moved, rules, said: str) -> None:
    run = policy(*rules, plan_file=saved(INSTALLMENT))
    assert (run.failed, run["changed"], moved()) == (True, False, [])
    assert said in run["msg"]


def test_a_stale_plan_is_refused(policy, saved, moved, begin_module) -> None:
    path = saved(CONTRACTS)
    assert begin_module("bybit_fixed_loan_repay", loan_id="571").end()["changed"]
    moved()
    run = policy(CONTRACTS, plan_file=path)
    assert (run.failed, run["changed"], moved()) == (True, False, [])
    assert "plan_file cannot be applied, so nothing was sent: the repayment on fixed 571 is no longer needed" in run["msg"]


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read (No such file or directory)"), ("", "is empty"), ("{}", "is JSON, but not a plan"), ("\u20ac", "is not plain ASCII")],
    ids=["missing", "empty", "no plan", "not ASCII"],
)
def test_a_file_that_is_no_plan_is_refused(policy, moved, tmp_path, text, said: str) -> None:
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    run = policy(INSTALLMENT, plan_file=str(path))
    assert (run.failed, run["changed"], moved()) == (True, False, [])
    assert "plan_file" in run["msg"] and said in run["msg"]


def test_a_killed_run_is_continued_where_it_ended(begin_policy, policy, saved, moved, sandbox, until) -> None:
    path = saved(INSTALLMENT, CONTRACTS)
    sandbox.control("POST", "faults", {"method": "POST", "path": "/v5/crypto-loan-fixed/fully-repay", "delay_answer_ms": 1500})
    process = begin_policy(INSTALLMENT, CONTRACTS, plan_file=path)
    until(lambda: sandbox.requests()["counts"].get("POST /v5/crypto-loan-fixed/fully-repay"))
    process.kill()
    sent = moved()
    run = policy(INSTALLMENT, CONTRACTS, plan_file=path)
    assert (run.failed, run["changed"], states(run)) == (False, True, {"monthly": "reached", "contracts": "reached"})
    assert [entry["outcome"] for entry in run["earlier"]] == ["executed", "executed"]
    assert set(outcomes(run)) == {("repay", "executed")}
    bodies = [body for dummy, body in [*sent, *moved()]]
    assert len(bodies) == len(set(bodies)) == len(run["operations"])
