# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: with the journal on a server, which may crash, and whose connections may end, after any step.

Writing to the server is not a separate step. The schedule itself checks what was paid and reported.
"""

from __future__ import annotations

import pytest
from simulation.actor import Choices
from simulation.goals import Goal, Kill, Plan
from simulation.machine import Schedule
from simulation.owner import LockLoss
from simulation.standin import BIG_COIN, BIG_LOAN, CONTRACTS, HOUR_MS, OTHER_LOAN, START_MS

STEP, NAMED, WHOLE = Goal(BIG_LOAN, "100"), Goal(BIG_LOAN, "100", reference="invoice 7"), Goal(CONTRACTS[2])
SINCE, MAX_DEBT = Goal(BIG_COIN, "300", START_MS - HOUR_MS), Goal(BIG_LOAN, max_debt="8700")
LOST = {"method": "POST", "answer": "close"}
# The steps of a run with a lost answer.
STEPS = range(1, 20)


def paid(schedule: Schedule) -> int:
    return sum(1 for entry in schedule.world.recording.ledger.values() if entry.source == "api")


@pytest.mark.parametrize("number", STEPS)
@pytest.mark.parametrize("goal", [STEP, NAMED, MAX_DEBT, WHOLE], ids=repr)
def test_a_run_killed_before_any_step_can_be_repeated(shared: Schedule, goal: Goal, number: int) -> None:
    shared.order([LOST] if number % 2 else [])
    shared.play([Plan(goal, kill=Kill("step", number))])
    shared.play([Plan(goal)])
    assert goal is STEP or paid(shared) == 1


@pytest.mark.parametrize("number", STEPS[::2])
@pytest.mark.parametrize("crashes", [False, True], ids=["connections end", "server crashes"])
@pytest.mark.parametrize("goal", [STEP, NAMED, SINCE, MAX_DEBT], ids=repr)
def test_the_lock_can_be_lost_after_any_step(shared: Schedule, goal: Goal, crashes: bool, number: int) -> None:
    """From then on, another run for the same loan proceeds whenever it can."""
    shared.order([LOST] if number % 4 == 1 else [])
    shared.play([Plan(goal), Plan(goal)], Choices([0] * number + [1] * 40), LockLoss(number, crashes))
    assert goal is STEP or paid(shared) <= 1
    shared.play([Plan(goal)])


@pytest.mark.parametrize("steps_ahead", STEPS)
@pytest.mark.parametrize("other", [NAMED, Goal(OTHER_LOAN, "100", reference="invoice 7")], ids=["the same", "something else"])
def test_two_runs_at_once_under_one_reference_pay_once(shared: Schedule, other: Goal, steps_ahead: int) -> None:
    runs = shared.play([Plan(NAMED), Plan(other)], Choices([0] * steps_ahead + [1] * 40))
    assert paid(shared) == 1
    assert sum(bool(run.result and run.result["changed"]) for run in runs) == 1


@pytest.mark.parametrize("goal", [STEP, MAX_DEBT], ids=repr)
def test_a_server_that_does_not_answer_makes_the_outcome_unknown(shared: Schedule, goal: Goal) -> None:
    shared.order([LOST])
    shared.play([Plan(goal, kill=Kill("post", 2))])
    [run] = shared.play([Plan(goal, broken_state="file")])
    assert (run.outcome, run.posts) == ("unknown", [])
    [run] = shared.play([Plan(goal)])
    assert (run.outcome, run.details["recovered"], paid(shared)) == ("executed", True, 1)
