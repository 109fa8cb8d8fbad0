# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run reports what became of its goal, not what was planned."""

from __future__ import annotations

import pytest
from ways import FLEXIBLE, LEGACY

GOAL = {"amount": None, "max_debt": "4000"}


@pytest.mark.parametrize(
    ("fault", "options", "outcome"),
    [
        ({"answer": {"ret_code": 148031}}, {}, "not_executed"),
        ({"processing_ms": 300, "final_status": 3}, {}, "not_executed"),
        ({"answer": "reset", "commit": False}, {"wait_timeout": 0}, "unknown"),
    ],
    ids=["refused", "failed afterwards", "no answer"],
)
def test_a_run_that_fails_reaches_no_goal(pay, spoil, fault: dict, options: dict, outcome: str) -> None:
    spoil(FLEXIBLE, **fault)
    run = pay(FLEXIBLE, **GOAL, **options)
    assert (run.failed, run["changed"], run["outcome"], run["repayments"]) == (True, False, outcome, [])
    assert (run["goal_reached"], run["amount"]) == (None, "988.8889")


def test_the_ltv_afterwards_is_that_of_the_account(pay, run_module) -> None:
    run = pay(FLEXIBLE, amount=None, max_ltv="0.5", diff=True)
    shown = run_module("bybit_loan_info", recv_window=None)["position"]["ltv"]
    assert run["loan"]["after"]["ltv"] == run["diff"]["after"].split()[-1] == shown == "0.499997"


def test_the_plan_is_not_reported_when_somebody_else_closed_the_loan(begin_way, sandbox, spoil, until, sent) -> None:
    spoil(LEGACY, delay_ms=250)
    process = begin_way(LEGACY, diff=True)
    until(lambda: sent(LEGACY))
    sandbox.control("POST", "repay", {"orderId": LEGACY.ids["order_id"], "amount": "1000.4"})
    run = process.end()
    assert (run["outcome"], run["amount"], run.details["decision"]) == ("nothing_to_do", "0", None)
    assert run["diff"]["after_header"] == LEGACY.label


def test_interest_that_accrues_with_the_second_repayment_is_reported(begin_way, pay, spoil, sandbox, until, ledger) -> None:
    goal = {"amount": None, "max_debt": "1000"}
    spoil(FLEXIBLE, delay_answer_ms=300)
    process = begin_way(FLEXIBLE, **goal, wait_timeout=2)
    until(ledger)
    sandbox.clock(advance_ms=3_600_000)
    spoil(FLEXIBLE, delay_answer_ms=300)
    until(lambda: len(ledger()) == 2)
    sandbox.clock(advance_ms=3_600_000)
    run = process.end()
    assert (run["outcome"], len(run["repayments"]), run["loan"]["after"]["debt"]) == ("executed", 2, "1000.00895859")
    assert run["goal_reached"] is False
    assert "1000.00895859 USDT is still owed, more than max_debt" in run.warnings
