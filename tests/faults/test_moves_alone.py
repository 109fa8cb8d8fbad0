# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collateral and transfers: each piece of evidence alone, the ID of a transfer alone, and an LTV that several targets share."""

from __future__ import annotations

import typing as t

import pytest
from simulation.actor import Choices
from simulation.aims import MOVE_GOALS
from simulation.goals import Goal, Kill, Plan
from simulation.machine import Schedule
from simulation.owner import like
from simulation.products import COLLATERAL, TO_FUND, TO_UNIFIED, WALLETS
from simulation.standin import BIG_COIN, BIG_LOAN, COIN_PLEDGE, ORDER_PLEDGE, WALLET_USDT

GOALS = {repr(goal): goal for goals in MOVE_GOALS.values() for goal in goals[:4]}
PLEDGES = {name: goal for name, goal in GOALS.items() if goal.loan.product in COLLATERAL}
TRANSFERS = {name: goal for name, goal in GOALS.items() if goal.loan.product == WALLETS}
_LATE = 90_000
ONLY = {
    "history": {"debt_delay_ms": _LATE, "wallet_delay_ms": _LATE},
    "level": {"history_delay_ms": _LATE, "wallet_delay_ms": _LATE},
    "wallet": {"history_delay_ms": _LATE, "debt_delay_ms": _LATE},
    "ledger": {"history_delay_ms": _LATE, "debt_delay_ms": _LATE, "wallet_delay_ms": _LATE},
}
_PATIENT = {"wait_timeout": 900}
# Goals for an LTV, each with an operation that changes the same LTV.
SHARED = {
    "add and repay": (Goal(COIN_PLEDGE, max_ltv="0.17", move="add"), Goal(BIG_COIN, "300")),
    "take back and repay": (Goal(COIN_PLEDGE, min_ltv="0.25", move="take_back"), Goal(BIG_COIN, "300")),
    "repay and add": (Goal(BIG_COIN, max_ltv="0.17"), Goal(COIN_PLEDGE, "0.1", move="add")),
    "repay and take back": (Goal(BIG_COIN, max_ltv="0.17"), Goal(COIN_PLEDGE, "0.05", move="take_back")),
    "add for an order and repay": (Goal(ORDER_PLEDGE, max_ltv="0.13", move="add"), Goal(BIG_LOAN, "300")),
    "repay an order and add": (Goal(BIG_LOAN, max_ltv="0.13"), Goal(ORDER_PLEDGE, "0.1", move="add")),
    "take back from an order and repay": (Goal(ORDER_PLEDGE, min_ltv="0.2", move="take_back"), Goal(BIG_LOAN, "300")),
    "two goals": (Goal(BIG_COIN, max_ltv="0.17"), Goal(COIN_PLEDGE, max_ltv="0.17", move="add")),
}
goals = pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS.keys())
transfers = pytest.mark.parametrize("goal", TRANSFERS.values(), ids=TRANSFERS.keys())
pledges = pytest.mark.parametrize("goal", PLEDGES.values(), ids=PLEDGES.keys())
shared = pytest.mark.parametrize(("goal", "other"), SHARED.values(), ids=SHARED.keys())


def order(schedule: Schedule, **fault: t.Any) -> None:
    schedule.order([{"method": "POST", **fault}])


# Evidence.


@goals
@pytest.mark.parametrize("witness", ONLY)
@pytest.mark.parametrize("looks", ["at once", "another later"])
def test_one_piece_of_evidence_is_enough(schedule: Schedule, looks: str, witness: str, goal: Goal) -> None:
    order(schedule, answer="close", **ONLY[witness])
    schedule.play([Plan(goal, kill=None if looks == "at once" else Kill("post", 2))])
    if looks == "another later":
        schedule.world.pass_time(20_000)
    schedule.play([Plan(goal)])


@pledges
def test_the_level_is_evidence_if_the_wallet_cannot_be_read(schedule: Schedule, goal: Goal) -> None:
    schedule.world.use_key_without_wallet()
    order(schedule, answer="close", history_delay_ms=2_000_000)
    [run] = schedule.play([Plan(goal, **_PATIENT)])
    assert run.outcome == "unknown"


@pledges
def test_without_the_wallet_the_outcome_is_known_in_the_end(schedule: Schedule, goal: Goal) -> None:
    schedule.world.use_key_without_wallet()
    order(schedule, answer="close", commit=False)
    [run] = schedule.play([Plan(goal, **_PATIENT)])
    assert run.outcome == "not_executed"


@goals
@pytest.mark.parametrize("after_steps", [30, 36, 60])
def test_the_opposite_operation_is_not_mistaken_for_it(schedule: Schedule, after_steps: int, goal: Goal) -> None:
    """The owner does the opposite by hand, with the same amount, while a step is lost."""
    step = MOVE_GOALS[goal.loan.product][0 if goal.move in ("add", TO_FUND) else 2]
    order(schedule, answer="close", commit=False)
    [run] = schedule.play([Plan(step)], None, like(step, after_steps, is_opposite=True))
    assert run.outcome in ("not_executed", "unknown")


# The ID of a transfer.


@transfers
@pytest.mark.parametrize("code", [10002, 10006])
@pytest.mark.parametrize("arrive_after_ms", [900, 2500, 4900])
def test_a_late_copy_of_a_transfer_does_nothing(schedule: Schedule, arrive_after_ms: int, code: int, goal: Goal) -> None:
    order(schedule, answer={"ret_code": code}, arrive_after_ms=arrive_after_ms)
    schedule.play([Plan(goal)])
    schedule.world.pass_time(10_000)
    schedule.world.update_recording()
    assert len(schedule.world.recording.entries_on(goal.loan)) == 1
    schedule.play([Plan(goal)])


@transfers
@pytest.mark.parametrize("status", [1, 3])
def test_the_outcome_is_found_if_the_answer_to_a_transfer_has_no_status(schedule: Schedule, status: int, goal: Goal) -> None:
    schedule.world.switch({"transfer_status": "unknown"})
    order(schedule, processing_ms=5000, final_status=status)
    [run] = schedule.play([Plan(goal)])
    assert run.outcome == ("executed" if status == 1 else "not_executed")


@pytest.mark.parametrize("amount", ["100", "700"])
@pytest.mark.parametrize("ensure", ["100000", "100500"])
def test_a_goal_counts_a_repayment_that_the_balance_does_not_show_yet(schedule: Schedule, ensure: str, amount: str) -> None:
    """A repayment has left the Funding wallet according to the ledger, but the balance does not show it yet."""
    order(schedule, wallet_delay_ms=9900)
    schedule.play([Plan(Goal(BIG_COIN, amount))])
    [run] = schedule.play([Plan(Goal(WALLET_USDT, ensure=ensure, move=TO_FUND))])
    assert (run.outcome, run.result and run.result["amount"]) == ("executed", str(int(ensure) - 100_000 + int(amount)))


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
def test_a_key_without_the_transfer_permission_is_named(schedule: Schedule, move: str) -> None:
    schedule.world.use_key_without_wallet()
    [run] = schedule.play([Plan(Goal(WALLET_USDT, "100", move=move))])
    assert (run.outcome, len(run.posts)) == ("not_executed", 0)
    assert "transfer" in (run.result or {})["msg"].lower(), run.result


# An LTV.


@shared
@pytest.mark.parametrize("steps_ahead", range(0, 60, 6))
@pytest.mark.parametrize("first", [0, 1])
def test_concurrent_runs_for_one_ltv_respect_each_other(schedule: Schedule, first: int, steps_ahead: int, goal: Goal, other: Goal) -> None:
    plans = [Plan(goal), Plan(other)]
    schedule.play(plans if first == 0 else plans[::-1], Choices([0] * steps_ahead + [1] * 140))


@shared
@pytest.mark.parametrize("kill", [None, Kill("reported", 0), Kill("post", 1)], ids=["ends", "reported", "killed"])
@pytest.mark.parametrize("effects", [
    {"answer": "close"}, {"debt_delay_ms": 9900}, {"history_delay_ms": 9900}, {"history_delay_ms": 9900, "debt_delay_ms": 9900},
    {"answer": "close", "history_delay_ms": 9900, "debt_delay_ms": 9900}, {"processing_ms": 8000}, {"processing_ms": 8000, "debt_delay_ms": 9900},
    {"answer": "close", "arrive_after_ms": 4500}, {"answer": "close", "commit": False},
], ids=str)
def test_a_goal_for_an_ltv_counts_what_other_runs_changed(schedule: Schedule, effects: dict[str, t.Any], kill: Kill | None, goal: Goal, other: Goal) -> None:
    """Even if the exchange does not show it yet."""
    order(schedule, **effects)
    schedule.play([Plan(other, kill=kill)])
    schedule.play([Plan(goal)])
