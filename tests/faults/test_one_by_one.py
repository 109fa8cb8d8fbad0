# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: each fault alone, and SIGKILL before each step, so that chance leaves none of them out.

With a legacy loan; what other products and goals have of their own is in test_goals_one_by_one.py.
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
# More than a run with a lost answer has.
STEPS = range(36)


def order(schedule: Schedule, **fault: t.Any) -> None:
    schedule.order([{"method": "POST", **fault}])


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("answer", UNCLEAR, ids=str)
def test_an_answer_that_leaves_it_open(schedule: Schedule, answer: t.Any, fate: str) -> None:
    order(schedule, answer=answer, **FATES[fate])
    [run] = schedule.play([Plan(PLAIN)])
    assert (run.outcome, len(run.posts)) == ("not_executed" if fate == "lost" else "executed", 1)
    schedule.play([Plan(PLAIN)])


@pytest.mark.parametrize("code", [code for code in REFUSALS if code not in (10002, 10006)])
def test_a_refusal(schedule: Schedule, code: int) -> None:
    order(schedule, answer={"ret_code": code}, commit=False)
    [run] = schedule.play([Plan(PLAIN)])
    assert (run.outcome, len(run.posts)) == ("not_executed", 1)


@pytest.mark.parametrize("code", [10002, 10006])
def test_a_refusal_at_the_gate(schedule: Schedule, code: int) -> None:
    order(schedule, answer={"ret_code": code}, commit=False)
    [run] = schedule.play([Plan(PLAIN)])
    assert (run.outcome, len(run.posts)) == ("executed", 2)


@pytest.mark.parametrize("manner", [{}, {"wait": False}, {"wait_timeout": 3}, {"wait": False, "wait_timeout": 3}], ids=str)
@pytest.mark.parametrize("effects", [
    {"history_delay_ms": 9900}, {"debt_delay_ms": 9900}, {"history_delay_ms": 9900, "debt_delay_ms": 9900},
    {"history_delay_ms": 90_000},
    {"processing_ms": 5000}, {"processing_ms": 200_000}, {"processing_ms": 5000, "final_status": 3},
], ids=str)
def test_a_repayment_that_shows_late(schedule: Schedule, effects: dict[str, int], manner: dict[str, t.Any]) -> None:
    order(schedule, **effects)
    schedule.play([Plan(PLAIN, **manner)])
    schedule.play([Plan(SINCE, **manner)])


@pytest.mark.parametrize("use", PRODUCTS[LEGACY].reads)
@pytest.mark.parametrize("lasting", [1, 0], ids=["once", "for good"])
def test_a_read_that_fails_while_it_settles(schedule: Schedule, use: str, lasting: int) -> None:
    order(schedule, answer="close")
    order(schedule, method="GET", use=use, answer="html_502", skip=1, times=lasting)
    schedule.play([Plan(PLAIN)])
    schedule.play([Plan(PLAIN)])


def test_a_run_stops_at_each_transaction(schedule: Schedule) -> None:
    """Otherwise it would not be killed within one."""
    [run] = schedule.play([Plan(PLAIN)])
    sql = [step.removeprefix("sql ") for step in run.steps[: run.posts[0].step] if step.startswith("sql ")]
    # The tables, the epoch, and the intent; the target is read after it was acquired.
    assert [step for step in sql if step in ("BEGIN IMMEDIATE", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"] * 3
    assert sql[-1] == "COMMIT" and len(run.steps) < STEPS.stop


@pytest.mark.parametrize("number", STEPS)
@pytest.mark.parametrize("answer", ["normal", "close"])
@pytest.mark.parametrize("goal", [PLAIN, SINCE], ids=["plain", "since"])
def test_killed_before_each_step(schedule: Schedule, goal: t.Any, answer: str, number: int) -> None:
    order(schedule, answer=answer)
    schedule.play([Plan(goal, kill=Kill("step", number))])
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("number", STEPS[::2])
@pytest.mark.parametrize("answer", ["normal", "close"])
def test_the_owner_closes_the_loan_after_each_step(schedule: Schedule, answer: str, number: int) -> None:
    order(schedule, answer=answer)
    schedule.play([Plan(PLAIN)], None, OwnerAct(number, PLAIN.loan, None))
    schedule.play([Plan(PLAIN)])


@pytest.mark.parametrize("number", range(12))
def test_killed_after_its_report(schedule: Schedule, number: int) -> None:
    schedule.play([Plan(PLAIN, kill=Kill("reported", number))])
    schedule.play([Plan(PLAIN)])
