# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: each product and goal with a single fault, with a SIGKILL before each step, and around a charge of interest."""

from __future__ import annotations

import typing as t

import pytest
from simulation.actor import Choices
from simulation.aims import LEGACY_GOALS, probe
from simulation.goals import Goal, Kill, Plan
from simulation.machine import Schedule
from simulation.owner import OwnerAct
from simulation.products import DEBT, HISTORY
from simulation.standin import BIG_COIN, BIG_LOAN, CONTRACTS, SMALL_COIN, SMALL_LOAN, TURN_MS

BTC = ("BTC",)
WHOLE = Goal(CONTRACTS[0])
SOLD = Goal(BIG_COIN, "100", collateral=BTC)
WAYS = {
    "legacy max_debt": Goal(BIG_LOAN, max_debt="8700"),
    "flexible max_debt": Goal(BIG_COIN, max_debt="4700"),
    "max_debt from collateral": Goal(BIG_COIN, max_debt="4700", collateral=BTC),
    "amount from collateral": SOLD,
    "max_ltv": Goal(BIG_COIN, max_ltv="0.19"),
    "contract": WHOLE,
}
# A second run for one of these has nothing to do.
ONCE = {"since": LEGACY_GOALS[1], **{name: goal for name, goal in WAYS.items() if goal.is_declarative}}
PAID_OFF = {
    "legacy": Goal(SMALL_LOAN, max_debt="0"), "flexible": Goal(SMALL_COIN, max_debt="0"),
    "from collateral": Goal(SMALL_COIN, max_debt="0", collateral=BTC), "contract": WHOLE,
}
ANSWERS = ["close", "truncate", "html_200", {"ret_code": 10016}, {"http_status": 503, "body": "later"}]
FATES = {"executed": {"commit": True}, "lost": {"commit": False}, "late": {"arrive_after_ms": 4900}}
LATE: list[dict[str, int]] = [
    {"debt_delay_ms": 9900}, {"history_delay_ms": 9900, "debt_delay_ms": 9900}, {"debt_delay_ms": 20_000},
    {"debt_delay_ms": 90_000}, {"processing_ms": 5000}, {"processing_ms": 5000, "final_status": 3},
    {"processing_ms": 30_000, "debt_delay_ms": 9900},
]
# How many milliseconds before the charge of interest a run begins; each request takes three.
BEFORE = (5, 8, 11, 14, 17, 200)
# One more than the steps of a run without a fault.
STEPS = range(36)
ways = pytest.mark.parametrize("goal", WAYS.values(), ids=WAYS.keys())


def order(schedule: Schedule, **fault: t.Any) -> None:
    schedule.order([{"method": "POST", **fault}])


@ways
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_the_outcome_is_found_after_an_unclear_answer(schedule: Schedule, answer: t.Any, fate: str, goal: Goal) -> None:
    order(schedule, answer=answer, **FATES[fate])
    [run] = schedule.play([Plan(goal)])
    # If the wallet does not pay, its ledger cannot show that nothing happened, and the margin is longer than the run.
    lost = "unknown" if goal.collateral else "not_executed"
    assert (run.outcome, len(run.posts)) == (lost if fate == "lost" else "executed", 1)
    schedule.play([Plan(goal)])


@ways
@pytest.mark.parametrize("manner", [{}, {"wait_timeout": 12}, {"wait": False, "wait_timeout": 3}], ids=str)
@pytest.mark.parametrize("effects", LATE, ids=str)
def test_a_repayment_that_shows_late_is_not_paid_again(
    schedule: Schedule, effects: dict[str, int], manner: dict[str, t.Any], goal: Goal
) -> None:
    order(schedule, **effects)
    schedule.play([Plan(goal, **manner)])
    schedule.play([Plan(goal)])


@ways
@pytest.mark.parametrize("kill", [None, Kill("reported", 0)], ids=["ends", "killed"])
@pytest.mark.parametrize("effects", LATE, ids=str)
def test_a_goal_counts_an_amount_that_shows_late(
    schedule: Schedule, effects: dict[str, int], kill: Kill | None, goal: Goal
) -> None:
    order(schedule, **effects)
    schedule.play([Plan(probe(goal.loan) if goal.is_whole else Goal(goal.loan, "100"), kill=kill)])
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("delay_ms", [20_000, 90_000])
@pytest.mark.parametrize("kill", [None, Kill("post", 20)], ids=["ends", "killed"])
def test_an_accepted_repayment_without_an_id_is_not_called_not_executed(schedule: Schedule, kill: Kill | None, delay_ms: int) -> None:
    order(schedule, history_delay_ms=delay_ms, debt_delay_ms=delay_ms)
    schedule.play([Plan(SOLD, wait_timeout=16, kill=kill)])
    [run] = schedule.play([Plan(SOLD, wait_timeout=3)])
    assert (run.outcome, len(run.posts)) == ("unknown", 0)


@pytest.mark.parametrize("use", [HISTORY, DEBT])
@ways
def test_a_read_that_always_fails_after_the_repayment_leads_to_no_wrong_report(schedule: Schedule, goal: Goal, use: str) -> None:
    schedule.focus = goal.loan.product
    order(schedule, answer="close")
    order(schedule, method="GET", use=use, answer="html_502", skip=1, times=0)
    schedule.play([Plan(goal)])
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("number", STEPS[::3])
@pytest.mark.parametrize("goal", [WAYS["max_debt from collateral"], WAYS["max_ltv"], WHOLE], ids=repr)
def test_a_run_killed_before_any_step_can_be_repeated(schedule: Schedule, goal: Goal, number: int) -> None:
    schedule.play([Plan(goal, kill=Kill("step", number))])
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("steps_ahead", range(0, 72, 6))
@pytest.mark.parametrize("goal", ONCE.values(), ids=ONCE.keys())
def test_two_at_once_pay_once(schedule: Schedule, goal: Goal, steps_ahead: int) -> None:
    # After that many steps, the second run proceeds whenever it can.
    runs = schedule.play([Plan(goal), Plan(goal)], Choices([0] * steps_ahead + [1] * 140))
    assert sorted(str(run.outcome) for run in runs) == ["executed", "nothing_to_do"]
    assert sum(len(run.posts) for run in runs) == 1


@pytest.mark.parametrize("before_ms", BEFORE)
@pytest.mark.parametrize("lost", [None, 1, 2], ids=["none", "first", "second"])
@pytest.mark.parametrize("goal", PAID_OFF.values(), ids=PAID_OFF.keys())
def test_interest_accrues_while_it_pays(schedule: Schedule, goal: Goal, lost: int | None, before_ms: int) -> None:
    schedule.world.pass_time(TURN_MS - before_ms)
    for number in range(1, (lost or 0) + 1):
        order(schedule, answer="close" if number == lost else "normal")
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, run.failed) == ("executed", False)
    assert goal.loan not in schedule.world.recording.books.debts
    [again] = schedule.play([Plan(goal)])
    assert (again.outcome, again.result and again.result["changed"]) == ("nothing_to_do", False)


@pytest.mark.parametrize("after_steps", range(20, 74, 3))
@pytest.mark.parametrize("goal", [Goal(BIG_COIN, "100"), SOLD, WAYS["flexible max_debt"]], ids=repr)
@pytest.mark.parametrize("fault", [{"answer": "close", "history_delay_ms": 20_000}, {}], ids=str)
def test_the_owner_can_borrow_after_any_step(
    schedule: Schedule, fault: dict[str, t.Any], goal: Goal, after_steps: int
) -> None:
    order(schedule, **fault)
    schedule.play([Plan(goal)], None, OwnerAct(after_steps, goal.loan, "300", borrows=True))
    schedule.play([Plan(goal)])


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (SOLD, Goal(BIG_COIN, max_debt="4600", collateral=BTC)),
        (Goal(BIG_COIN, "100"), Goal(BIG_COIN, max_debt="4600")),
        (Goal(BIG_LOAN, "100"), Goal(BIG_LOAN, max_debt="8700")),
    ],
    ids=repr,
)
def test_the_owners_repayment_may_be_mistaken_for_a_late_one(schedule: Schedule, first: Goal, then: Goal) -> None:
    order(schedule, answer="close", arrive_after_ms=4900, history_delay_ms=9900, debt_delay_ms=9900)
    schedule.play([Plan(first)], None, OwnerAct(50, first.loan, "100"))
    # The schedule itself checks whether this pays more than the true debt requires.
    schedule.play([Plan(then)])
