# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment whose outcome was not reported is remembered: the next run settles it first, and sends nothing while it is open."""

from __future__ import annotations

import pytest
from remembered_runs import assert_answered, killed, open_intent

# Fixtures from another file, which pytest finds here.
__all__ = ["killed", "open_intent"]
HISTORY = "/v5/crypto-loan/repayment-history"


def test_the_intent_is_recorded_before_the_repayment_is_sent(begin, sandbox, until, posts, remembered) -> None:
    sandbox.fault(delay_ms=400)
    process = begin()
    until(posts)
    [intent] = remembered()
    [request] = [r for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    assert request["handled_at"] is None
    assert (intent["sent_at_ms"], intent["recv_window_ms"], intent["amount"]) == (int(request["timestamp"]), 1000, "100")
    goal = {
        "move": "repay", "amount": "100", "since_ms": None, "max_debt": None, "max_ltv": None, "min_ltv": None, "ensure": None, "collateral": []
    }
    assert (intent["goal"], intent["repay_id"]) == (goal, None)
    assert (intent["baseline"]["levels"], intent["coin"]) == ({"debt": "1000.4", "principal": "1000"}, "USDT")
    process.end()
    assert remembered() == []


def test_the_same_goal_reports_the_repayment_in_doubt(repay, open_intent, sandbox, paid, posts, remembered) -> None:
    intent = open_intent(history_delay_ms=800)
    assert_answered(repay(), sandbox, intent, remembered)
    assert (paid(), posts()) == (["100"], 1)
    fresh = repay()
    assert (fresh.details["recovered"], fresh.details["earlier"], paid()) == (False, [], ["100", "100"])


def test_the_same_goal_pays_if_the_repayment_in_doubt_was_not_executed(repay, open_intent, sandbox, paid, posts, remembered) -> None:
    intent = open_intent(commit=False)
    run = repay(amount="100.0")
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", False)
    assert run["repay_id"] == sandbox.repayments()[0]["repay_id"]
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["outcome"], earlier["repay_id"]) == (intent["intent"], "not_executed", None)
    assert "The repayment was not executed." in run.warnings
    assert (paid(), posts(), remembered()) == (["100"], 2, [])


@pytest.mark.parametrize("commit", [True, False])
def test_another_goal_reports_it_and_does_its_own_work(repay, open_intent, sandbox, paid, posts, remembered, commit: bool) -> None:
    intent = open_intent(commit=commit, history_delay_ms=500 if commit else 0)
    run = repay(amount="30")
    assert (run["changed"], run["outcome"], run.details["recovered"], run["amount"]) == (True, "executed", False, "30")
    ids = {entry["amount"]: entry["repay_id"] for entry in sandbox.repayments()}
    assert run["repay_id"] == ids["30"]
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["amount"], earlier["repay_id"]) == (intent["intent"], "100", ids.get("100"))
    assert earlier["outcome"] == ("executed" if commit else "not_executed")
    assert "An earlier run began a repayment of 100 USDT" in run.warnings
    assert (sorted(paid()), posts(), remembered()) == (["100", "30"] if commit else ["30"], 2, [])


def test_a_found_repayment_stays_open_until_a_successful_run_reports_it(repay, open_intent, sandbox, paid, remembered) -> None:
    intent = open_intent(history_delay_ms=500)
    failed = repay(amount="99999")
    assert (failed.failed, failed["outcome"], failed.details["earlier"][0]["outcome"]) == (True, "not_executed", "executed")
    assert [kept["intent"] for kept in remembered()] == [intent["intent"]]
    assert_answered(repay(), sandbox, intent, remembered)
    assert paid() == ["100"]


def test_an_accepted_repayment_of_a_killed_run_stays_open_until_it_is_reported(
    repay, killed, sandbox, calls, until, paid, remembered
) -> None:
    sandbox.fault(history_delay_ms=400)
    intent = killed(lambda: calls().count("GET repayment-history") > 1)
    until(lambda: sandbox.listed("repayment-history")[0]["repayId"] == intent["repay_id"])
    failed = repay(amount="99999", wait=False)
    assert (failed.failed, failed["outcome"], failed.details["earlier"][0]["repay_id"]) == (True, "not_executed", intent["repay_id"])
    assert [kept["intent"] for kept in remembered()] == [intent["intent"]]
    assert_answered(repay(), sandbox, intent, remembered)
    assert paid() == ["100"]


@pytest.mark.parametrize("amount", ["100", "30"])
def test_nothing_is_sent_while_it_is_in_doubt(repay, open_intent, paid, posts, remembered, amount: str) -> None:
    intent = open_intent(history_delay_ms=60_000)
    run = repay(amount=amount, wait_timeout=2)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert (run.details["intent"], run["amount"], run.details["sent_at_ms"]) == (intent["intent"], "100", intent["sent_at_ms"])
    assert "an earlier run began it and ended before it could report the outcome" in run["msg"]
    assert "the debt fell by 100 more than the history explains" in run["msg"]
    assert (paid(), posts(), remembered()) == (["100"], 1, [intent])


def test_nothing_is_sent_while_the_exchange_cannot_be_asked_about_it(repay, open_intent, sandbox, paid, posts) -> None:
    open_intent(commit=False)
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "times": 0, "answer": "close"})
    assert repay(wait_timeout=1)["outcome"] == "unknown"
    assert (paid(), posts()) == ([], 1)
