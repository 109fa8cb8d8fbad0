# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: each fault alone, and a SIGKILL before each step, so that none of them is left to chance.

These tests use a legacy loan; test_goals_one_by_one.py covers what is specific to other products and goals.
"""

from __future__ import annotations

import typing as t

import pytest
from simulation.aims import LEGACY_GOALS
from simulation.goals import Kill, Plan
from simulation.knowledge import REFUSALS
from simulation.machine import Schedule
from simulation.owner import OwnerAct
from simulation.products import LEGACY, PRODUCTS
from simulation.strategies import HTML, UNKNOWN_CODES

PLAIN, SINCE = LEGACY_GOALS[:2]
CODES: list[t.Any] = [{"ret_code": code} for code in UNKNOWN_CODES]
STATUSES: list[t.Any] = [{"http_status": status, "body": "later"} for status in (204, 408, 429, 500, 502, 503, 504)]
PAGES: list[t.Any] = [{"http_status": status, "body": HTML} for status in (400, 401, 403, 404, 503)]
UNCLEAR = ["close", "reset", "truncate", "html_502", "html_200", "not_json", *CODES, *STATUSES, *PAGES]
FATES = {"executed": {"commit": True}, "lost": {"commit": False}, "late": {"arrive_after_ms": 4900}}
# More than the steps of a run with a lost answer.
STEPS = range(36)


def order(schedule: Schedule, **fault: t.Any) -> None:
    schedule.order([{"method": "POST", **fault}])


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("answer", UNCLEAR, ids=str)
def test_the_outcome_is_found_after_an_unclear_answer(schedule: Schedule, answer: t.Any, fate: str) -> None:
    order(schedule, answer=answer, **FATES[fate])
    [run] = schedule.play([Plan(PLAIN)])
    assert (run.outcome, len(run.posts)) == ("not_executed" if fate == "lost" else "executed", 1)
    schedule.play([Plan(PLAIN)])


@pytest.mark.parametrize("code", [code for code in REFUSALS if code not in (10002, 10006)])
def test_a_refusal_means_not_executed(schedule: Schedule, code: int) -> None:
    order(schedule, answer={"ret_code": code}, commit=False)
    [run] = schedule.play([Plan(PLAIN)])
    assert (run.outcome, len(run.posts)) == ("not_executed", 1)


@pytest.mark.parametrize("code", [10002, 10006])
def test_a_refusal_at_the_gate_is_retried(schedule: Schedule, code: int) -> None:
    order(schedule, answer={"ret_code": code}, commit=False)
    [run] = schedule.play([Plan(PLAIN)])
    assert (run.outcome, len(run.posts)) == ("executed", 2)


@pytest.mark.parametrize("manner", [{}, {"wait": False}, {"wait_timeout": 3}, {"wait": False, "wait_timeout": 3}], ids=str)
@pytest.mark.parametrize("effects", [
    {"history_delay_ms": 9900}, {"debt_delay_ms": 9900}, {"history_delay_ms": 9900, "debt_delay_ms": 9900},
    {"history_delay_ms": 90_000},
    {"processing_ms": 5000}, {"processing_ms": 200_000}, {"processing_ms": 5000, "final_status": 3},
], ids=str)
def test_a_repayment_that_shows_late_is_not_paid_again(schedule: Schedule, effects: dict[str, int], manner: dict[str, t.Any]) -> None:
    order(schedule, **effects)
    schedule.play([Plan(PLAIN, **manner)])
    schedule.play([Plan(SINCE, **manner)])


@pytest.mark.parametrize("use", PRODUCTS[LEGACY].reads)
@pytest.mark.parametrize("lasting", [1, 0], ids=["once", "for good"])
def test_a_failing_read_while_settling_leads_to_no_wrong_report(schedule: Schedule, use: str, lasting: int) -> None:
    order(schedule, answer="close")
    order(schedule, method="GET", use=use, answer="html_502", skip=1, times=lasting)
    schedule.play([Plan(PLAIN)])
    schedule.play([Plan(PLAIN)])


def test_a_run_stops_at_each_transaction(schedule: Schedule) -> None:
    """Otherwise, no run would be killed within a transaction."""
    [run] = schedule.play([Plan(PLAIN)])
    sql = [step.removeprefix("sql ") for step in run.steps[: run.posts[0].step] if step.startswith("sql ")]
    # One transaction each for the tables, the epoch, and the intent.
    assert [step for step in sql if step in ("BEGIN IMMEDIATE", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"] * 3
    assert sql[-1] == "COMMIT" and len(run.steps) < STEPS.stop


@pytest.mark.parametrize("number", STEPS)
@pytest.mark.parametrize("answer", ["normal", "close"])
@pytest.mark.parametrize("goal", [PLAIN, SINCE], ids=["plain", "since"])
def test_a_run_killed_before_any_step_can_be_repeated(schedule: Schedule, goal: t.Any, answer: str, number: int) -> None:
    order(schedule, answer=answer)
    schedule.play([Plan(goal, kill=Kill("step", number))])
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("number", STEPS[::2])
@pytest.mark.parametrize("answer", ["normal", "close"])
def test_the_owner_can_close_the_loan_after_any_step(schedule: Schedule, answer: str, number: int) -> None:
    order(schedule, answer=answer)
    schedule.play([Plan(PLAIN)], None, OwnerAct(number, PLAIN.loan, None))
    schedule.play([Plan(PLAIN)])


@pytest.mark.parametrize("number", range(12))
def test_a_run_killed_after_its_report_can_be_repeated(schedule: Schedule, number: int) -> None:
    schedule.play([Plan(PLAIN, kill=Kill("reported", number))])
    schedule.play([Plan(PLAIN)])
