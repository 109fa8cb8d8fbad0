# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: with each way in which the exchange may be, as its documentation leaves it open, alone."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from simulation.answers import GOALS
from simulation.goals import Goal, Kill, Plan
from simulation.machine import Schedule
from simulation.products import FLEXIBLE, HISTORY, LEGACY, PRODUCTS
from simulation.standin import BIG_COIN, BIG_LOAN, DAY_MS, HOUR_MS
from simulation.switches import RULES, SHOWN, UNRECOGNISED

CHOSEN = ("legacy since", "legacy max_debt 0", "flexible amount", "flexible max_ltv", "from collateral max_debt", "fixed")
WAYS = [{name: value} for name, values in {**SHOWN, **RULES}.items() for value in values[1:]]
# What a run may not recognise: then it may fail, or not know.
DOUBTFUL = [way for way in WAYS if set(way) & {*UNRECOGNISED, "legacy_processing"}]
# Key, loan, coin, history and wallet.
_READS_BEFORE = 5
_PATIENT = {"wait_timeout": 900}
LOST = {"method": "POST", "answer": "close"}
goals = pytest.mark.parametrize("name", CHOSEN)


@goals
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_answer_that_comes(schedule: Schedule, way: dict[str, t.Any], name: str) -> None:
    schedule.world.switch(way)
    [run] = schedule.play([Plan(GOALS[name])])
    if way not in DOUBTFUL:
        assert (run.outcome, run.failed) == ("executed", False), run.result
    schedule.play([Plan(GOALS[name])])


@goals
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_answer_that_is_lost(schedule: Schedule, way: dict[str, t.Any], name: str) -> None:
    schedule.world.switch(way)
    schedule.order([LOST])
    [run] = schedule.play([Plan(GOALS[name])])
    if way not in DOUBTFUL:
        assert (run.outcome, run.failed) == ("executed", False), run.result
    schedule.play([Plan(GOALS[name])])


@goals
@pytest.mark.parametrize("way", DOUBTFUL, ids=str)
def test_an_answer_that_is_lost_to_who_sees_no_wallet(schedule: Schedule, way: dict[str, t.Any], name: str) -> None:
    """Then the history alone is left to show it, in its own way."""
    schedule.world.use_key_without_wallet()
    schedule.world.switch(way)
    schedule.order([{**LOST, "debt_delay_ms": 580_000}])
    schedule.play([Plan(GOALS[name], **_PATIENT)])
    schedule.play([Plan(GOALS[name], **_PATIENT)])


@pytest.mark.parametrize(("way", "shown"), [("rounded", "100.46"), ("after_fee", "100.405772"), ("principal", None)])
@pytest.mark.parametrize("loan", [BIG_LOAN, BIG_COIN], ids=repr)
def test_the_amount_of_the_history_is_reported(schedule: Schedule, loan: t.Any, way: str, shown: str | None) -> None:
    """An entry with the id that the exchange gave is reported as it stands there."""
    schedule.world.switch({"repay_amount": way})
    [run] = schedule.play([Plan(Goal(loan, "100.456"))])
    [made] = run.made
    assert Decimal(made["amount"]) == Decimal(shown) if shown else Decimal(made["amount"]) < 100
    assert made["amount"] in str((run.result or {})["warnings"])


@pytest.mark.parametrize("commit", [True, False], ids=["executed", "not executed"])
@pytest.mark.parametrize("name", ["legacy amount", "legacy since", "flexible amount", "flexible max_debt"])
def test_an_answer_that_repeats_an_id(schedule: Schedule, name: str, commit: bool) -> None:
    """The id of an earlier repayment proves nothing of this one."""
    goal = GOALS[name]
    known = {LEGACY: "1794268920441270272", FLEXIBLE: "1768"}[goal.loan.product]
    body = json.dumps({"retCode": 0, "retMsg": "ok", "result": {"repayId": known}, "retExtInfo": {}, "time": schedule.world.now})
    schedule.order([{"method": "POST", "answer": {"http_status": 200, "body": body}, "commit": commit}])
    [run] = schedule.play([Plan(goal)])
    assert run.outcome == ("executed" if commit else "unknown"), run.result
    assert known not in run.reported_ids
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("offset_ms", [HOUR_MS, 20_000], ids=["an hour", "twenty seconds"])
@pytest.mark.parametrize("name", ["legacy amount", "flexible amount", "fixed"])
def test_a_time_that_runs_ahead_closes_no_window(schedule: Schedule, name: str, offset_ms: int) -> None:
    """Whatever the exchange says that it is, a late packet is accepted until its own clock says so."""
    goal = GOALS[name]
    # All reads before the repayment are of the right time.
    ahead = {"method": "GET", "clock_offset_ms": offset_ms, "skip": _READS_BEFORE, "times": 0}
    schedule.order([{**LOST, "arrive_after_ms": 4900}, ahead])
    [run] = schedule.play([Plan(goal)])
    assert len(run.posts) == 1 and run.outcome in ("executed", "unknown")
    schedule.world.heal()
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("name", ["legacy amount", "flexible amount", "from collateral amount"])
def test_what_the_history_no_longer_reaches_is_not_called_undone(schedule: Schedule, name: str) -> None:
    schedule.order([{**LOST, "commit": False}])
    schedule.play([Plan(GOALS[name], kill=Kill("post", 2))])
    schedule.world.pass_time(190 * DAY_MS)
    [run] = schedule.play([Plan(GOALS[name])])
    assert run.outcome == "unknown"


@pytest.mark.parametrize("name", ["legacy since", "flexible since", "fixed"])
def test_pages_that_go_round_in_a_circle_come_to_an_end(schedule: Schedule, name: str) -> None:
    history = PRODUCTS[GOALS[name].loan.product].reads[HISTORY]
    schedule.order([
        {"method": "GET", "path": history, "answer": {"http_status": 200, "body": _page("AB"[number % 2], schedule.world.now)}}
        for number in range(12)
    ])
    [run] = schedule.play([Plan(GOALS[name])])
    assert (run.outcome, run.posts) == ("not_executed", []), run.result
    assert sum(1 for read in run.reads if read.use == HISTORY) == 3
    schedule.world.heal()
    schedule.play([Plan(GOALS[name])])


def _page(cursor: str, now: int) -> str:
    result = {"list": [], "nextPageCursor": cursor}
    return json.dumps({"retCode": 0, "retMsg": "ok", "result": result, "retExtInfo": {}, "time": now})
