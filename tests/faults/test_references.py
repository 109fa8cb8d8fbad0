# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: a step with a reference is executed once, no matter who asks for it, from where, and how much later.

The schedule itself checks that the account pays once under a reference, and that what a run says about it is true.
"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from simulation.actor import Choices
from simulation.goals import Goal, Kill, Loss, Plan
from simulation.machine import Schedule
from simulation.products import FLEXIBLE
from simulation.runs import Run
from simulation.standin import BIG_COIN, BIG_LOAN, DAY_MS, OTHER_LOAN
from stepping.parents import WORKER

NAME = "invoice 7"
STEP = Goal(BIG_LOAN, "100", reference=NAME)
SOLD = Goal(BIG_COIN, "100", collateral=("BTC",), reference=NAME)
OTHERS = {
    "another amount": dataclasses.replace(STEP, amount="40.5"), "another loan": Goal(OTHER_LOAN, "100", reference=NAME),
    "another product": Goal(BIG_COIN, "100", reference=NAME),
}
WAYS: list[dict[str, t.Any]] = [{}, {"key": "second"}, {"is_at_other_address": True}, {"check": True}, {"wait": False}]
LOST = {"method": "POST", "answer": "close"}
steps = pytest.mark.parametrize("goal", [STEP, SOLD], ids=repr)
others = pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())


def paid(schedule: Schedule) -> int:
    return sum(1 for entry in schedule.world.recording.ledger.values() if entry.source == "api")


def is_answered(run: Run) -> bool:
    return (run.outcome, run.result and run.result["changed"], run.posts) == ("executed", False, [])


@pytest.mark.parametrize("number", range(0, 72, 2))
@steps
def test_a_run_killed_before_any_step_can_be_repeated(schedule: Schedule, goal: Goal, number: int) -> None:
    schedule.order([LOST] if number % 4 else [])
    schedule.play([Plan(goal, kill=Kill("step", number))])
    schedule.world.pass_time(DAY_MS)
    [run] = schedule.play([Plan(goal)])
    assert run.outcome in ("executed", "pending", "unknown") and paid(schedule) == 1, run.result


@pytest.mark.parametrize("way", WAYS, ids=str)
@steps
def test_a_reference_answers_for_ever(schedule: Schedule, goal: Goal, way: dict[str, t.Any]) -> None:
    schedule.play([Plan(goal)])
    for days in (0, 1, 400):
        schedule.world.pass_time(days * DAY_MS)
        [run] = schedule.play([Plan(goal, **way)])
        assert is_answered(run), run.result
    assert paid(schedule) == 1


@pytest.mark.parametrize("fault", [{}, LOST], ids=["answered", "lost"])
@pytest.mark.parametrize("steps_ahead", range(0, 72, 8))
@pytest.mark.parametrize("goals", [[STEP] * 2, [STEP] * 3, [SOLD] * 2], ids=["two", "three", "from collateral"])
def test_several_runs_at_once_under_one_reference_pay_once(schedule: Schedule, goals: list[Goal], steps_ahead: int, fault: dict[str, t.Any]) -> None:
    schedule.order([fault] if fault else [])
    runs = schedule.play([Plan(goal) for goal in goals], Choices([0] * steps_ahead + [1, 2, 2, 1] * 60))
    assert [run.outcome for run in runs] == ["executed"] * len(goals)
    assert (paid(schedule), sum(bool(run.result and run.result["changed"]) for run in runs)) == (1, 1)


@pytest.mark.parametrize("kill", [None, Kill("post", 1), Kill("reported", 0)], ids=["ends", "killed", "killed late"])
@others
def test_a_reference_is_refused_for_something_else(schedule: Schedule, other: Goal, kill: Kill | None) -> None:
    schedule.order([LOST])
    schedule.play([Plan(STEP, kill=kill)])
    [run] = schedule.play([Plan(other)])
    assert (run.outcome, run.posts) == ("not_executed", []), run.result


@pytest.mark.parametrize("steps_ahead", range(30, 48))
@others
def test_two_operations_at_once_cannot_share_a_reference(schedule: Schedule, other: Goal, steps_ahead: int) -> None:
    """Neither the lock nor the epoch separates runs for two loans."""
    runs = schedule.play([Plan(STEP), Plan(other)], Choices([0] * steps_ahead + [1] * 140))
    assert sorted(str(run.outcome) for run in runs) == ["executed", "not_executed"]
    assert paid(schedule) == 1


def test_a_step_that_was_not_executed_can_be_sent_again(schedule: Schedule) -> None:
    schedule.order([{**LOST, "commit": False}])
    [run] = schedule.play([Plan(STEP)])
    assert run.outcome == "not_executed"
    runs = [run for dummy in range(2) for run in schedule.play([Plan(STEP)])]
    assert [len(run.posts) for run in runs] == [1, 0] and is_answered(runs[1])


def test_a_reference_is_refused_after_an_acknowledgement(schedule: Schedule) -> None:
    schedule.focus = FLEXIBLE
    schedule.order([{**LOST, "history_delay_ms": 90_000_000, "debt_delay_ms": 90_000_000, "wallet_delay_ms": 90_000_000}])
    [run] = schedule.play([Plan(SOLD)])
    assert run.outcome == "unknown"
    schedule.acknowledge(run.details["intent"], SOLD)
    [run] = schedule.play([Plan(SOLD)])
    assert (run.outcome, run.posts) == ("not_executed", []), run.result
    [run] = schedule.play([Plan(dataclasses.replace(SOLD, reference="invoice 8"), wait_timeout=900)])


@pytest.mark.parametrize("days", [0, 1, 40])
@steps
def test_a_result_that_reached_nobody_answers_for_ever(schedule: Schedule, goal: Goal, days: int) -> None:
    schedule.play([Plan(goal, loss=Loss("post", 2, WORKER))])
    schedule.world.pass_time(days * DAY_MS)
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, run.details["recovered"], paid(schedule)) == ("executed", True, 1), run.result
    [run] = schedule.play([Plan(goal)])
    assert is_answered(run), run.result


@steps
def test_a_buffered_result_answers(schedule: Schedule, goal: Goal) -> None:
    schedule.play([Plan(goal, is_buffered=True)])
    [run] = schedule.play([Plan(goal)])
    assert is_answered(run), run.result


@pytest.mark.parametrize("wait", [True, False])
def test_an_operation_in_process_answers_as_pending(schedule: Schedule, wait: bool) -> None:
    schedule.order([{"method": "POST", "processing_ms": 200_000}])
    schedule.play([Plan(STEP, wait_timeout=3)])
    [run] = schedule.play([Plan(STEP, wait=wait, wait_timeout=3)])
    assert (run.outcome, run.result and run.result["changed"], run.posts) == ("pending", False, [])
    schedule.world.pass_time(200_000)
    [run] = schedule.play([Plan(STEP)])
    assert is_answered(run), run.result
