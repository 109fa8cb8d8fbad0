# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two controllers with one policy, or with one plan, move each planned amount once, whichever journal they share."""

from __future__ import annotations

import typing as t

import pytest
from simulation.actor import Choices
from simulation.goals import Kill, Plan
from simulation.owner import LockLoss
from simulation.policies import ROOMY, TIGHT
from simulation.policy_schedule import PolicySchedule

Begin = t.Callable[..., PolicySchedule]
# More than the steps of a run; with a server, writing to the journal is no step.
STEPS, SHARED_STEPS = range(0, 192, 12), range(0, 96, 8)
from_file = pytest.mark.parametrize("has_file", [False, True], ids=["planned anew", "from a file"])


def together(schedule: PolicySchedule, steps_ahead: int, *kills: Kill | None, event: LockLoss | None = None) -> list[bool]:
    """Let two runs take turns, and return which of them has told a change; empty if one was killed."""
    plans = [Plan(schedule.goal, kill=kill) for kill in kills or (None, None)]
    runs = schedule.play(*plans, choices=Choices([0] * steps_ahead + [1, 0] * 200), event=event)
    return [bool(run.result and run.result["changed"]) for run in runs]


@from_file
@pytest.mark.parametrize("steps_ahead", STEPS)
def test_two_runs_at_once_move_each_amount_once(begin: Begin, steps_ahead: int, has_file: bool) -> None:
    assert sorted(together(begin(ROOMY, has_file=has_file), steps_ahead)) == [False, True]


@from_file
@pytest.mark.parametrize("steps_ahead", SHARED_STEPS)
def test_two_controllers_move_each_amount_once(begin: Begin, steps_ahead: int, has_file: bool) -> None:
    assert sorted(together(begin(TIGHT, is_shared=True, has_file=has_file), steps_ahead)) == [False, True]


@from_file
@pytest.mark.parametrize("number", STEPS)
def test_another_run_takes_over_from_one_that_is_killed(begin: Begin, number: int, has_file: bool) -> None:
    schedule = begin(TIGHT, has_file=has_file)
    schedule.order(3, answer="close")
    together(schedule, number, Kill("step", number), None)


@from_file
@pytest.mark.parametrize("number", SHARED_STEPS)
def test_another_controller_takes_over_from_one_that_is_killed(begin: Begin, number: int, has_file: bool) -> None:
    schedule = begin(TIGHT, is_shared=True, has_file=has_file)
    schedule.order(3, answer="close")
    together(schedule, number, Kill("step", number), None)


@pytest.mark.parametrize("number", STEPS)
def test_the_locks_can_be_removed_after_any_step(begin: Begin, number: int) -> None:
    """From then on, the other run goes on as soon as it can, and the first one may write no more intents."""
    together(begin(ROOMY), number, event=LockLoss(number))


@from_file
@pytest.mark.parametrize("crashes", [False, True], ids=["connections end", "server crashes"])
@pytest.mark.parametrize("number", SHARED_STEPS[::2])
def test_the_server_can_be_lost_after_any_step(begin: Begin, number: int, crashes: bool, has_file: bool) -> None:
    together(begin(ROOMY, is_shared=True, has_file=has_file), number, event=LockLoss(number, crashes))
