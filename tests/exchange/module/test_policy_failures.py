# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failure or a lost answer in the middle of a policy stops what depends on it, and nothing is paid twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from policy_runs import CONTRACTS, INSTALLMENT, NO_ETH, begin_policy, moved, policy, states

# Fixtures from another file, which pytest finds here.
__all__ = ["begin_policy", "moved", "policy"]

D = Decimal
FULLY = "/v5/crypto-loan-fixed/fully-repay"
FLEXIBLE = "/v5/crypto-loan-flexible/repay"


@pytest.fixture
def spoil_call(sandbox):
    return lambda path, **fault: sandbox.control("POST", "faults", {"method": "POST", "path": path, **fault})


def test_a_lost_answer_is_found_out_and_the_plan_goes_on(policy, spoil_call, moved) -> None:
    spoil_call(FULLY, answer="close")
    run = policy(CONTRACTS)
    assert (run.failed, run["changed"], states(run), len(moved())) == (False, True, {"contracts": "reached"}, 3)


def test_a_refusal_stops_what_uses_the_same_money(policy, spoil_call, moved) -> None:
    spoil_call(FULLY, answer={"ret_code": 177007})
    run = policy(CONTRACTS, INSTALLMENT)
    found = [(entry["loan_id"] or entry["product"], entry["outcome"]) for entry in run["operations"]]
    assert found == [("570", "not_executed"), ("571", "executed"), ("568", "not_tried"), ("flexible", "not_tried")]
    assert (run.failed, run["changed"], run["outcome"]) == (True, True, "executed")
    assert states(run) == {"contracts": "partly", "monthly": "not"}
    assert "Not tried, because the repayment on fixed 570 failed." in run["msg"]
    assert len(moved()) == 2


def test_an_unknown_outcome_is_loud_and_blocks_the_next_run(policy, spoil_call, moved, remembered) -> None:
    spoil_call(FLEXIBLE, answer="close", history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    run = policy(INSTALLMENT, NO_ETH, wait_timeout=0)
    assert (run.failed, run["outcome"], states(run)["monthly"]) == (True, "unknown", "unknown")
    assert {entry["coin"]: entry["outcome"] for entry in run["operations"]}["ETH"] == "executed"
    [intent] = remembered()
    moved()
    again = policy(INSTALLMENT, wait_timeout=0)
    assert (again.failed, again["changed"], again["outcome"], moved()) == (True, False, "unknown", [])
    assert [(entry["intent"], entry["outcome"]) for entry in again["earlier"]] == [(intent["intent"], "unknown")]
    shown = policy(INSTALLMENT, mode="plan")
    assert (shown.failed, "because the outcome of earlier operations is not known yet (1)" in shown.warnings) == (False, True)
    assert intent["intent"] in again["msg"] and "set it in a task of bybit_flexible_loan_repay" in again["msg"]


def test_two_policies_take_turns(begin_policy, sandbox) -> None:
    before = {loan["loan_coin"]: D(loan["debt"]) for loan in sandbox.account()["flexible_loans"]}["USDT"]
    runs = [begin_policy(INSTALLMENT) for dummy in range(2)]
    ended = [run.end() for run in runs]
    assert sorted(run["changed"] for run in ended) == [False, True]
    assert not any(run.failed for run in ended)
    after = {loan["loan_coin"]: D(loan["debt"]) for loan in sandbox.account()["flexible_loans"]}["USDT"]
    assert (before - after).quantize(D("0.01")) == 500
