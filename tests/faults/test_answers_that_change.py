# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: with each field of each answer missing, empty, of another type or unit, unknown, doubled, or moved.

FAULT_ANSWERS sets how many cases run, chosen by the seed; "all" runs all of them.
"""

from __future__ import annotations

import pytest
from simulation import answers, settings
from simulation.answers import CLEAR, CLOCK, DRIFT_MS, GOALS, HIDDEN, LOST, Case
from simulation.goals import Plan
from simulation.machine import Schedule

_CHOSEN = settings.from_environment()


def _cases() -> list[Case]:
    cases = answers.every() if _CHOSEN.answers is None else answers.sample(_CHOSEN.answers, _CHOSEN.seed)
    return cases[_CHOSEN.part - 1 :: _CHOSEN.parts]


@pytest.mark.parametrize("case", _cases(), ids=str)
def test_a_changed_answer_leads_to_no_second_payment_and_no_wrong_report(schedule: Schedule, case: Case) -> None:
    goal = GOALS[case.goal]
    schedule.focus = goal.loan.product
    schedule.order(case.faults())
    [run] = schedule.play([Plan(goal, drift_ms=DRIFT_MS if case.run == CLOCK else 0)])
    if case.is_unread:
        assert (run.outcome, run.failed) == ("executed", False), run.result
    schedule.world.heal()
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("run", [CLEAR, LOST, HIDDEN])
@pytest.mark.parametrize("name", GOALS)
def test_the_cases_cover_all_calls_of_a_run(schedule: Schedule, name: str, run: str) -> None:
    schedule.order(answers.losses(run))
    [one] = schedule.play([Plan(GOALS[name])])
    asked = {tuple(step.split()[1:]) for step in one.steps if step.startswith("head ")}
    assert asked == answers.asked(name, run)


def test_a_run_with_a_wrong_clock_asks_for_the_time(schedule: Schedule) -> None:
    [run] = schedule.play([Plan(GOALS["legacy amount"], drift_ms=DRIFT_MS)])
    asked = {tuple(step.split()[1:]) for step in run.steps if step.startswith("head ")}
    assert asked == answers.asked("legacy amount", CLOCK)
