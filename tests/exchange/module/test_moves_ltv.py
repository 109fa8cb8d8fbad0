# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repayments and adjustments change the same LTV: no LTV goal uses figures that lack a move of another target."""

from __future__ import annotations

from decimal import Decimal

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_MAX_LTV, ACCOUNT_MIN_LTV, ACCOUNT_TAKE_BACK, LEGACY_ADD, LEGACY_MAX_LTV, LEGACY_MIN_LTV
from ways import FIXED, FLEXIBLE, LEGACY

LEGACY_REPAY_MAX_LTV = LEGACY._replace(options={"order_id": LEGACY.options["order_id"], "max_ltv": "0.3"})
FLEXIBLE_MAX_LTV = FLEXIBLE._replace(options={"loan_currency": "USDT", "max_ltv": "0.5"})
ETH_MAX_LTV = ACCOUNT_MAX_LTV._replace(options={"currency": "ETH", "max_ltv": "0.5"})
# Two goals for one LTV, each with another way to lower it.
PAIRS = [
    (LEGACY_REPAY_MAX_LTV, LEGACY_MAX_LTV),
    (LEGACY_MAX_LTV, LEGACY_REPAY_MAX_LTV),
    (FLEXIBLE_MAX_LTV, ACCOUNT_MAX_LTV),
    (ACCOUNT_MAX_LTV, FLEXIBLE_MAX_LTV),
    (ACCOUNT_MAX_LTV, ETH_MAX_LTV),
    (ETH_MAX_LTV, ACCOUNT_MAX_LTV),
]
# An LTV goal, and another operation that changes the LTV.
OTHERS = [
    (LEGACY_MAX_LTV, LEGACY), (LEGACY_MIN_LTV, LEGACY), (LEGACY_REPAY_MAX_LTV, LEGACY_ADD), (ACCOUNT_MAX_LTV, FLEXIBLE), (ACCOUNT_MAX_LTV, FIXED),
    (ACCOUNT_MAX_LTV, ACCOUNT_TAKE_BACK), (ACCOUNT_MIN_LTV, ACCOUNT_ADD), (FLEXIBLE_MAX_LTV, ACCOUNT_ADD), (FLEXIBLE_MAX_LTV, ACCOUNT_TAKE_BACK),
]


def _name(value: object) -> str:
    options = getattr(value, "options", {})
    return f"{getattr(value, 'name', '')}-{'-'.join(sorted(options))}"


@pytest.fixture
def came(sandbox):
    """Count the requests of a way that reached the exchange."""
    return lambda way: len([r for r in sandbox.requests()["requests"] if (r["method"], r["path"]) == ("POST", way.path)])


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=_name)
def test_two_goals_of_one_ltv_at_once_lower_it_once(begin_way, pay, sandbox, until, came, posted, first, second) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": first.path, "delay_answer_ms": 800})
    holder = begin_way(first)
    until(lambda: came(first))
    waiting = begin_way(second)
    one, other = holder.end(), waiting.end()
    assert (one["outcome"], other["outcome"], other["changed"]) == ("executed", "nothing_to_do", False)
    assert len(posted()) == 1
    late = pay(second, lock_timeout=0)
    assert late["outcome"] == "nothing_to_do"


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=_name)
def test_a_second_goal_of_the_ltv_waits_for_the_first(begin_way, pay, sandbox, until, came, posted, first, second) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": first.path, "processing_ms": 120_000})
    holder = begin_way(first, wait_timeout=3600)
    until(lambda: came(first))
    for check in (True, False):
        run = pay(second, lock_timeout=0, check=check)
        assert (run.failed, run["changed"]) == (True, False)
        assert "did not end within lock_timeout, 0 s, so nothing was sent" in run["msg"]
    assert (holder.end()["outcome"], len(posted())) == ("executed", 1)


@pytest.mark.parametrize(("goal", "other"), OTHERS, ids=_name)
def test_a_goal_waits_for_a_step_and_a_step_for_a_goal(begin_way, pay, sandbox, until, came, goal, other) -> None:
    for first, second in ((other, goal), (goal, other)):
        sandbox.control("POST", "reset")
        sandbox.control("DELETE", "requests")
        sandbox.control("POST", "faults", {"method": "POST", "path": first.path, "delay_answer_ms": 600})
        holder = begin_way(first)
        until(lambda first=first: came(first))
        assert "did not end within lock_timeout, 0 s, so nothing was sent" in pay(second, lock_timeout=0)["msg"]
        assert holder.end()["outcome"] == "executed"


def test_steps_do_not_wait_for_each_other(begin_way, pay, sandbox, until, came) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": FLEXIBLE.path, "delay_answer_ms": 800})
    holder = begin_way(FLEXIBLE)
    until(lambda: came(FLEXIBLE))
    assert [pay(move, lock_timeout=0)["outcome"] for move in (ACCOUNT_ADD, ACCOUNT_TAKE_BACK, LEGACY_ADD)] == ["executed"] * 3
    assert holder.end()["outcome"] == "executed"


@pytest.mark.parametrize(("goal", "other"), [*OTHERS, *PAIRS], ids=_name)
def test_a_goal_is_refused_while_another_target_of_the_ltv_is_in_doubt(pay, sandbox, came, posted, goal, other) -> None:
    fault = {"method": "POST", "path": other.path, "answer": "close", "commit": True, "history_delay_ms": 3_600_000}
    sandbox.control("POST", "faults", fault)
    doubt = pay(other, wait_timeout=0)
    assert (doubt["outcome"], len(posted())) == ("unknown", 1)
    for check in (True, False):
        run = pay(goal, wait_timeout=2, check=check)
        assert (run.failed, run["changed"], run["outcome"], len(posted())) == (True, False, "not_executed", 1)
        assert "and its outcome is not known, so the LTV of " in run["msg"]
        assert run["msg"].endswith(f"run the task for that first, or run it with acknowledge: '{doubt.details['intent']}'.")
    assert pay(other, wait_timeout=0, acknowledge=doubt.details["intent"])["outcome"] == "nothing_to_do"
    assert "its outcome is not known" not in pay(goal)["msg"]


@pytest.mark.parametrize("delays", [{"processing_ms": 900}, {"debt_delay_ms": 900}, {"processing_ms": 400, "debt_delay_ms": 900}], ids=str)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v5/crypto-loan-common/adjust-ltv", '{"currency":"BTC","amount":"0.02","direction":"0"}'),
        ("/v5/crypto-loan-common/adjust-ltv", '{"currency":"ETH","amount":"0.5","direction":"0"}'),
        ("/v5/crypto-loan-flexible/repay", '{"loanCurrency":"BTC","amount":"0.005"}'),
        ("/v5/crypto-loan-fixed/fully-repay", '{"loanId":"570"}'),
    ],
    ids=["BTC", "ETH", "flexible", "fixed"],
)
@pytest.mark.parametrize("goal", [ACCOUNT_MAX_LTV, ETH_MAX_LTV, FLEXIBLE_MAX_LTV], ids=_name)
def test_what_somebody_else_has_just_moved_is_not_moved_again(pay, sandbox, goal, path: str, body: str, delays: dict) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": path, **delays})
    assert sandbox.signed("POST", path, body=body).code == 0
    run = pay(goal, settle_margin=1)
    assert (run["outcome"], run["goal_reached"]) == ("executed", True)
    assert Decimal("0.49997") < Decimal(sandbox.account()["ltv"]) <= Decimal("0.5")


@pytest.mark.parametrize("delays", [{"processing_ms": 900}, {"debt_delay_ms": 900}], ids=str)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v5/crypto-loan/adjust-ltv", '{"orderId":"1794267532472646144","amount":"0.005","direction":"0"}'),
        ("/v5/crypto-loan/repay", '{"orderId":"1794267532472646144","amount":"100"}'),
    ],
    ids=["collateral", "repayment"],
)
@pytest.mark.parametrize("goal", [LEGACY_MAX_LTV, LEGACY_REPAY_MAX_LTV], ids=_name)
def test_what_somebody_else_has_just_moved_for_an_order_is_not_moved_again(pay, sandbox, switch, goal, path: str, body: str, delays: dict) -> None:
    switch(legacy_adjustment_processing="shown")
    sandbox.control("POST", "faults", {"method": "POST", "path": path, **delays})
    assert sandbox.signed("POST", path, body=body).code == 0
    run = pay(goal, settle_margin=1)
    assert (run["outcome"], run["goal_reached"]) == ("executed", True)
    assert Decimal("0.2996") < Decimal(sandbox.loan()["ltv"]) <= Decimal("0.3")


def test_a_hidden_adjustment_in_process_may_lead_to_too_much_collateral(pay, sandbox) -> None:
    """The history of legacy orders has no status. Too much collateral is safe, and can be taken back."""
    sandbox.control("POST", "faults", {"method": "POST", "path": LEGACY_ADD.path, "processing_ms": 60_000})
    body = '{"orderId":"1794267532472646144","amount":"0.005","direction":"0"}'
    assert sandbox.signed("POST", LEGACY_ADD.path, body=body).code == 0
    run = pay(LEGACY_MAX_LTV)
    assert (run["outcome"], run["amount"]) == ("executed", LEGACY_MAX_LTV.amount)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("goal", [ACCOUNT_MAX_LTV, LEGACY_MAX_LTV], ids=_name)
def test_the_same_goal_moves_nothing_while_the_first_run_is_pending(pay, spoil, booked, goal, wait: bool) -> None:
    spoil(goal, processing_ms=20_000)
    assert (pay(goal, wait=wait, wait_timeout=1)["outcome"], len(booked(goal))) == ("pending", 1)
    again = pay(goal, wait_timeout=2, settle_margin=1)
    assert (again.failed, again["changed"], len(booked(goal))) == (True, False, 1)
    last = pay(goal, wait_timeout=60, settle_margin=1)
    assert (last["outcome"], last["changed"], len(booked(goal))) == ("nothing_to_do", False, 1)


@pytest.mark.parametrize(("goal", "repay"), [(LEGACY_MAX_LTV, LEGACY_REPAY_MAX_LTV), (ACCOUNT_MAX_LTV, FLEXIBLE_MAX_LTV)], ids=_name)
def test_a_goal_by_another_way_moves_nothing_while_the_first_is_pending(pay, spoil, booked, ledger, goal, repay) -> None:
    spoil(goal, processing_ms=20_000)
    assert pay(goal, wait=False)["outcome"] == "pending"
    again = pay(repay, wait_timeout=2, settle_margin=1)
    assert (again.failed, again["changed"], again["outcome"]) == (True, False, "not_executed")
    assert "may not show yet, so the LTV that the exchange shows may be outdated" in again["msg"]
    last = pay(repay, wait_timeout=60, settle_margin=1)
    assert (last["outcome"], last["changed"], len(booked(goal)), ledger()) == ("nothing_to_do", False, 1, [])


@pytest.mark.parametrize(
    ("step", "goal", "fault", "days"),
    [
        # The history of legacy orders does not show failures.
        (LEGACY_ADD, LEGACY_REPAY_MAX_LTV, {"processing_ms": 2000, "final_status": 3}, 1),
        # No history shows entries before its range.
        (LEGACY_ADD, LEGACY_REPAY_MAX_LTV, {"processing_ms": 2000}, 190),
    ],
    ids=["failed", "old"],
)
def test_a_move_that_the_exchange_never_shows_stops_a_goal_until_it_is_acknowledged(
    pay, spoil, simulated_time, posted, step, goal, fault: dict, days: int
) -> None:
    spoil(step, **fault)
    first = pay(step, wait=False)
    assert first["outcome"] == "pending"
    simulated_time.pass_by(days * 86_400)
    for check in (True, False):
        run = pay(goal, settle_margin=1, check=check)
        assert (run.failed, run["changed"], run["outcome"], len(posted())) == (True, False, "not_executed", 1)
        assert run["msg"].startswith("An earlier run began an addition of 0.01 BTC to the collateral of loan 1794267532472646144, sent at ")
        assert run["msg"].endswith(f"run it with acknowledge: '{first['adjustments'][0]['intent']}'.")
    told = pay(step, settle_margin=1, wait_timeout=2, acknowledge=first["adjustments"][0]["intent"])
    assert (told["outcome"], told["changed"]) == ("nothing_to_do", False)
    assert pay(goal, settle_margin=1)["outcome"] in ("executed", "nothing_to_do")
