# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collateral and transfers: each product, operation, and goal meets each fault at least once. The oracle checks them as in schedules."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils import _goal
from simulation.actor import Choices
from simulation.aims import MOVE_GOALS, probe
from simulation.goals import Goal, Kill, Plan
from simulation.knowledge import REFUSALS
from simulation.machine import Schedule
from simulation.owner import like
from simulation.products import LIMIT, OPPOSITES, PRODUCTS, WALLETS
from simulation.strategies import HTML, UNKNOWN_CODES

GOALS = {repr(goal): goal for goals in MOVE_GOALS.values() for goal in goals[:4]}
STEPS_ONLY = {name: goal for name, goal in GOALS.items() if not goal.is_declarative}
ONCE = {name: goal for name, goal in GOALS.items() if goal.is_declarative}
UNCLEAR: list[t.Any] = [
    "close", "reset", "truncate", "html_502", "html_200", "not_json", *({"ret_code": code} for code in UNKNOWN_CODES[:3]),
    {"http_status": 503, "body": "later"}, {"http_status": 403, "body": HTML},
]
FATES = {"executed": {"commit": True}, "lost": {"commit": False}, "late": {"arrive_after_ms": 4900}}
LATE: list[dict[str, int]] = [
    {"history_delay_ms": 9900}, {"debt_delay_ms": 9900}, {"wallet_delay_ms": 9900},
    {"history_delay_ms": 9900, "debt_delay_ms": 9900, "wallet_delay_ms": 9900},
    {"history_delay_ms": 90_000, "debt_delay_ms": 90_000, "wallet_delay_ms": 90_000},
    {"processing_ms": 200_000}, {"processing_ms": 5000, "final_status": 3}, {"processing_ms": 30_000, "debt_delay_ms": 9900},
]
# More than the steps of a run with a lost answer.
STEPS = range(0, 42, 4)
goals = pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS.keys())
steps_only = pytest.mark.parametrize("goal", STEPS_ONLY.values(), ids=STEPS_ONLY.keys())


def order(schedule: Schedule, **fault: t.Any) -> None:
    schedule.order([{"method": "POST", **fault}])


def test_every_operation_is_covered() -> None:
    """Together with the repayments in the other tests, these are all operations that the engine knows."""
    assert {goal.move for goal in GOALS.values()} | {_goal.REPAY} == set(_goal.MOVES)
    assert {goal.loan.product for goal in GOALS.values()} == set(MOVE_GOALS)
    assert {name for name, product in PRODUCTS.items() if LIMIT in product.reads} == set(MOVE_GOALS)
    given = {(g.loan.product, name) for g in GOALS.values() for name in ("amount", "max_ltv", "min_ltv", "ensure") if getattr(g, name)}
    assert len(given) == 3 * 2 + 2


@goals
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("answer", UNCLEAR, ids=str)
def test_the_outcome_is_found_after_an_unclear_answer(schedule: Schedule, answer: t.Any, fate: str, goal: Goal) -> None:
    order(schedule, answer=answer, **FATES[fate])
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, len(run.posts)) == ("not_executed" if fate == "lost" else "executed", 1)
    schedule.play([Plan(goal)])


@goals
@pytest.mark.parametrize("code", [code for code in REFUSALS if code not in (10002, 10006)][::3])
def test_a_refusal_means_not_executed(schedule: Schedule, code: int, goal: Goal) -> None:
    order(schedule, answer={"ret_code": code}, commit=False)
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, len(run.posts)) == ("not_executed", 1)


@goals
@pytest.mark.parametrize("code", [10002, 10006])
def test_a_refusal_at_the_gate_is_retried_with_the_same_id(schedule: Schedule, code: int, goal: Goal) -> None:
    order(schedule, answer={"ret_code": code}, commit=False)
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, len(run.posts)) == ("executed", 2)
    # The repeated request has the same ID.
    assert len({post.own_id for post in run.posts}) == 1


@goals
@pytest.mark.parametrize("late", [*LATE[:4], {"history_delay_ms": 9900, "processing_ms": 200_000}], ids=str)
@pytest.mark.parametrize("code", [10002, 10006])
def test_another_copy_of_a_refused_request_is_not_repeated(schedule: Schedule, code: int, late: dict[str, int], goal: Goal) -> None:
    """The answer says that the gate turned the request away, but another copy of it was executed."""
    order(schedule, answer={"ret_code": code}, commit=True, **late)
    schedule.play([Plan(goal)])
    schedule.play([Plan(goal)])


@goals
@pytest.mark.parametrize("manner", [{}, {"wait": False, "wait_timeout": 3}], ids=str)
@pytest.mark.parametrize("effects", LATE, ids=str)
def test_an_operation_that_shows_late_is_not_repeated(schedule: Schedule, effects: dict[str, int], manner: dict[str, t.Any], goal: Goal) -> None:
    order(schedule, **effects)
    schedule.play([Plan(goal, **manner)])
    schedule.play([Plan(goal)])


@goals
@pytest.mark.parametrize("effects", LATE, ids=str)
def test_a_lost_operation_that_shows_late_is_not_repeated(schedule: Schedule, effects: dict[str, int], goal: Goal) -> None:
    order(schedule, answer="close", **effects)
    schedule.play([Plan(goal)])
    schedule.play([Plan(goal)])


@goals
@pytest.mark.parametrize("kill", [None, Kill("post", 1)], ids=["ends", "killed"])
@pytest.mark.parametrize("effects", LATE, ids=str)
def test_a_goal_counts_a_step_that_shows_late(schedule: Schedule, effects: dict[str, int], kill: Kill | None, goal: Goal) -> None:
    """Even if the step is the opposite of what the goal needs."""
    step = MOVE_GOALS[goal.loan.product][0]
    order(schedule, **effects)
    schedule.play([Plan(step, kill=kill)])
    schedule.play([Plan(goal)])


@goals
@pytest.mark.parametrize("use", sorted({use for name in MOVE_GOALS for use in PRODUCTS[name].reads}))
@pytest.mark.parametrize("lasting", [1, 0], ids=["once", "for good"])
def test_a_failing_read_leads_to_no_wrong_report(schedule: Schedule, lasting: int, use: str, goal: Goal) -> None:
    schedule.focus = goal.loan.product
    order(schedule, answer="close")
    order(schedule, method="GET", use=use, answer="html_502", skip=1, times=lasting)
    schedule.play([Plan(goal)])
    schedule.play([Plan(goal)])


@goals
@pytest.mark.parametrize("number", STEPS)
@pytest.mark.parametrize("answer", ["normal", "close"])
def test_a_run_killed_before_any_step_can_be_repeated(schedule: Schedule, answer: str, number: int, goal: Goal) -> None:
    order(schedule, answer=answer)
    schedule.play([Plan(goal, kill=Kill("step", number))])
    schedule.play([Plan(goal)])


@steps_only
@pytest.mark.parametrize("number", range(0, 12, 2))
def test_a_run_killed_after_its_report_can_be_repeated(schedule: Schedule, number: int, goal: Goal) -> None:
    schedule.play([Plan(goal, kill=Kill("reported", number))])
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("goal", ONCE.values(), ids=ONCE.keys())
@pytest.mark.parametrize("steps_ahead", range(0, 72, 12))
def test_two_runs_at_once_move_once(schedule: Schedule, steps_ahead: int, goal: Goal) -> None:
    runs = schedule.play([Plan(goal), Plan(goal)], Choices([0] * steps_ahead + [1] * 140))
    assert sorted(str(run.outcome) for run in runs) == ["executed", "nothing_to_do"]
    assert sum(len(run.posts) for run in runs) == 1


@steps_only
@pytest.mark.parametrize("answer", ["normal", "close"])
def test_a_step_with_a_reference_is_executed_once(schedule: Schedule, answer: str, goal: Goal) -> None:
    order(schedule, answer=answer)
    named = dataclasses.replace(goal, reference="invoice 7")
    for dummy in range(3):
        schedule.play([Plan(named)])
    # The same reference is not accepted for anything else.
    [run] = schedule.play([Plan(dataclasses.replace(named, move=OPPOSITES[goal.move]))])
    assert (run.refusal_of_reference, run.posts) == ("something else", [])


@goals
def test_check_mode_sends_nothing(schedule: Schedule, goal: Goal) -> None:
    [run] = schedule.play([Plan(goal, check=True)])
    assert (run.outcome, run.posts) == ("planned", [])


@goals
@pytest.mark.parametrize("is_opposite", [False, True], ids=["same", "opposite"])
@pytest.mark.parametrize("commit", [True, False], ids=["executed", "lost"])
@pytest.mark.parametrize("after_steps", [24, 36])
def test_the_owner_can_move_money_by_hand(schedule: Schedule, after_steps: int, commit: bool, is_opposite: bool, goal: Goal) -> None:
    order(schedule, answer="close", commit=commit, history_delay_ms=9900 if commit else 0)
    step = goal if goal.amount is not None else dataclasses.replace(MOVE_GOALS[goal.loan.product][0], move=goal.move)
    schedule.play([Plan(goal)], None, like(step, after_steps, is_opposite))
    schedule.play([Plan(goal)])


@goals
def test_a_key_without_the_wallet_permission_leads_to_no_wrong_report(schedule: Schedule, goal: Goal) -> None:
    schedule.world.use_key_without_wallet()
    order(schedule, answer="close")
    [run] = schedule.play([Plan(goal)])
    if goal.loan.product == WALLETS:
        assert (run.outcome, run.posts) == ("not_executed", [])
    schedule.play([Plan(probe(goal.loan))])
