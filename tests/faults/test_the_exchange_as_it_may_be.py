# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: with each behavior of the exchange that its documentation leaves open, one at a time."""

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
from simulation.switches import RULES, SHOWN, UNRECOGNIZED

CHOSEN = ("legacy since", "legacy max_debt 0", "flexible amount", "flexible max_ltv", "from collateral max_debt", "fixed")
WAYS = [{name: value} for name, values in {**SHOWN, **RULES}.items() for value in values[1:]]
# With these, a run may not recognize its repayment, so it may fail or report unknown.
DOUBTFUL = [way for way in WAYS if set(way) & {*UNRECOGNIZED, "legacy_processing"}]
# Key, loan, coin, history, and wallet.
_READS_BEFORE = 5
_PATIENT = {"wait_timeout": 900}
LOST = {"method": "POST", "answer": "close"}
goals = pytest.mark.parametrize("name", CHOSEN)


@goals
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_each_behavior_of_the_exchange_allows_a_repayment(schedule: Schedule, way: dict[str, t.Any], name: str) -> None:
    schedule.world.switch(way)
    [run] = schedule.play([Plan(GOALS[name])])
    if way not in DOUBTFUL:
        assert (run.outcome, run.failed) == ("executed", False), run.result
    schedule.play([Plan(GOALS[name])])


@goals
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_each_behavior_of_the_exchange_allows_a_lost_answer(schedule: Schedule, way: dict[str, t.Any], name: str) -> None:
    schedule.world.switch(way)
    schedule.order([LOST])
    [run] = schedule.play([Plan(GOALS[name])])
    if way not in DOUBTFUL:
        assert (run.outcome, run.failed) == ("executed", False), run.result
    schedule.play([Plan(GOALS[name])])


@goals
@pytest.mark.parametrize("way", DOUBTFUL, ids=str)
def test_each_behavior_allows_a_lost_answer_without_the_wallet(schedule: Schedule, way: dict[str, t.Any], name: str) -> None:
    """Then only the history can show the repayment, in its own way."""
    schedule.world.use_key_without_wallet()
    schedule.world.switch(way)
    schedule.order([{**LOST, "debt_delay_ms": 580_000}])
    schedule.play([Plan(GOALS[name], **_PATIENT)])
    schedule.play([Plan(GOALS[name], **_PATIENT)])


@pytest.mark.parametrize(("way", "shown"), [("rounded", "100.46"), ("after_fee", "100.405772"), ("principal", None)])
@pytest.mark.parametrize("loan", [BIG_LOAN, BIG_COIN], ids=repr)
def test_the_amount_of_the_history_is_reported(schedule: Schedule, loan: t.Any, way: str, shown: str | None) -> None:
    """An entry with the ID that the exchange gave is reported as the history shows it."""
    schedule.world.switch({"repay_amount": way})
    [run] = schedule.play([Plan(Goal(loan, "100.456"))])
    [made] = run.made
    assert Decimal(made["amount"]) == Decimal(shown) if shown else Decimal(made["amount"]) < 100
    assert made["amount"] in str((run.result or {})["warnings"])


@pytest.mark.parametrize("commit", [True, False], ids=["executed", "not executed"])
@pytest.mark.parametrize("name", ["legacy amount", "legacy since", "flexible amount", "flexible max_debt"])
def test_an_answer_with_an_old_id_proves_nothing(schedule: Schedule, name: str, commit: bool) -> None:
    """The ID of an earlier repayment proves nothing about this one."""
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
def test_a_reported_time_that_is_ahead_does_not_end_the_time_window(schedule: Schedule, name: str, offset_ms: int) -> None:
    """Whatever time the exchange reports, it accepts a late packet until its own clock is past the time window."""
    goal = GOALS[name]
    # All reads before the repayment show the correct time.
    ahead = {"method": "GET", "clock_offset_ms": offset_ms, "skip": _READS_BEFORE, "times": 0}
    schedule.order([{**LOST, "arrive_after_ms": 4900}, ahead])
    [run] = schedule.play([Plan(goal)])
    assert len(run.posts) == 1 and run.outcome in ("executed", "unknown")
    schedule.world.heal()
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("name", ["legacy amount", "flexible amount", "from collateral amount"])
def test_a_request_older_than_the_history_stays_unknown(schedule: Schedule, name: str) -> None:
    schedule.order([{**LOST, "commit": False}])
    schedule.play([Plan(GOALS[name], kill=Kill("post", 2))])
    schedule.world.pass_time(190 * DAY_MS)
    [run] = schedule.play([Plan(GOALS[name])])
    assert run.outcome == "unknown"


@pytest.mark.parametrize("name", ["legacy since", "flexible since", "fixed"])
def test_pages_that_repeat_in_a_circle_end(schedule: Schedule, name: str) -> None:
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
