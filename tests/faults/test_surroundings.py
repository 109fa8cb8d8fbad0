# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paid once, and known: each event that can happen around a run, alone and at each of its steps.

The schedule itself checks whether anything is paid too often, sent for nobody, or reported wrongly.
"""

from __future__ import annotations

import typing as t

import pytest
from simulation.actor import Choices
from simulation.goals import Goal, Kill, Loss, Plan
from simulation.journals import DAMAGES
from simulation.machine import Schedule
from simulation.owner import JournalLoss, LockLoss, OwnerAct
from simulation.products import KEY, LEGACY, PRODUCTS
from simulation.runs import Run
from simulation.standin import BIG_COIN, BIG_LOAN, CONTRACTS, HOUR_MS, OTHER_LOAN, SMALL_COIN, START_MS
from simulation.surroundings import ROOMS, turned_away
from stepping.parents import PLAYBOOK, WORKER

BTC = ("BTC",)
STEP, SINCE = Goal(BIG_LOAN, "100"), Goal(BIG_COIN, "300", START_MS - HOUR_MS)
MAX_DEBT, MAX_LTV = Goal(BIG_LOAN, max_debt="8700"), Goal(BIG_COIN, max_ltv="0.19")
SOLD, WHOLE = Goal(BIG_COIN, "100", collateral=BTC), Goal(CONTRACTS[2])
GOALS = {
    "step": STEP, "since": SINCE, "max_debt": MAX_DEBT, "max_debt 0": Goal(SMALL_COIN, max_debt="0"), "max_ltv": MAX_LTV,
    "from collateral": SOLD, "contract": WHOLE,
}
# The steps of a run without a fault.
STEPS = range(1, 34)
LOST = {"method": "POST", "answer": "close"}
goals = pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS.keys())


def result_of(run: Run) -> dict[str, t.Any]:
    assert run.result is not None
    return run.result


def paid(schedule: Schedule) -> int:
    return sum(1 for entry in schedule.world.recording.ledger.values() if entry.source == "api")


def leave_in_doubt(schedule: Schedule, goal: Goal) -> None:
    """Kill a run that has sent a repayment, which is executed and shows late."""
    schedule.order([{**LOST, "history_delay_ms": 3000}])
    schedule.play([Plan(goal, kill=Kill("post", 2))])


# The lock.


@pytest.mark.parametrize("number", range(2, 72, 2))
@pytest.mark.parametrize("is_replaced", [False, True], ids=["removed", "replaced"])
@pytest.mark.parametrize("goal", [STEP, SINCE, MAX_DEBT], ids=repr)
def test_the_lock_can_be_lost_after_any_step(schedule: Schedule, goal: Goal, is_replaced: bool, number: int) -> None:
    """From then on, another run for the same loan proceeds whenever it can."""
    schedule.order([LOST] if number % 4 else [])
    schedule.play([Plan(goal), Plan(goal)], Choices([0] * number + [1] * 140), LockLoss(number, is_replaced))
    assert goal.is_declarative is False or paid(schedule) <= 1
    schedule.play([Plan(goal)])


def test_a_run_that_waits_for_the_lock_notices_its_replacement(schedule: Schedule) -> None:
    schedule.order([{**LOST, "history_delay_ms": 8000}])
    runs = schedule.play([Plan(STEP), Plan(STEP)], Choices([0] * 40 + [1] * 14), LockLoss(72, True))
    assert [run.outcome for run in runs] == ["executed", "executed"]
    assert runs[1].lock_waits


# The journal.


@pytest.mark.parametrize("is_check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("goal", [STEP, MAX_DEBT, WHOLE], ids=repr)
def test_an_unreadable_journal_makes_the_outcome_unknown(schedule: Schedule, goal: Goal, how: str, is_check: bool) -> None:
    leave_in_doubt(schedule, goal)
    assert schedule.world.damage_journal(how)
    [run] = schedule.play([Plan(goal, check=is_check)])
    assert (run.outcome, run.posts) == ("unknown", [])
    [other] = schedule.play([Plan(Goal(OTHER_LOAN, "100"))])
    assert (other.outcome, other.posts) == ("unknown", [])
    schedule.remove_journal()
    [run] = schedule.play([Plan(goal)])
    assert run.outcome in ("executed", "nothing_to_do")


@goals
@pytest.mark.parametrize("flushes", range(3))
def test_a_failing_flush_of_a_directory_leaves_no_intent_behind(schedule: Schedule, flushes: int, goal: Goal) -> None:
    [run] = schedule.play([Plan(goal, broken_state="flush", flushes=flushes)])
    assert run.outcome == ("executed" if run.posts else "not_executed"), run.result
    [run] = schedule.play([Plan(goal)])
    # No intent is left behind that was never sent.
    assert not [earlier for earlier in run.earlier if earlier["outcome"] == "not_executed"]


@pytest.mark.parametrize("room", [0, *ROOMS])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "used"])
@goals
def test_a_full_disk_leads_to_no_second_payment(schedule: Schedule, goal: Goal, is_new: bool, room: int) -> None:
    if not is_new:
        leave_in_doubt(schedule, goal)
    schedule.play([Plan(goal, broken_state="full", longest_file=room)])
    assert paid(schedule) <= 1
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("number", range(24, 74))
@pytest.mark.parametrize("goal", [STEP, MAX_DEBT], ids=repr)
def test_a_removed_journal_makes_the_outcome_unknown(schedule: Schedule, goal: Goal, number: int) -> None:
    schedule.order([LOST] if number % 4 else [])
    [run] = schedule.play([Plan(goal)], None, JournalLoss(number))
    if run.lost_journal_at is not None:
        [next_run] = schedule.play([Plan(goal)])
        assert (next_run.outcome, next_run.posts) == ("unknown", []), next_run.result
        schedule.remove_journal()
    schedule.play([Plan(goal)])


# Keys and addresses.


@pytest.mark.parametrize("fate", ["expired", "deleted"])
@goals
def test_a_replaced_key_shares_the_journal_of_its_account(schedule: Schedule, goal: Goal, fate: str) -> None:
    leave_in_doubt(schedule, goal)
    schedule.world.replace_key(fate)
    [run] = schedule.play([Plan(goal, key="old")])
    assert (run.outcome, run.posts) == ("unknown", []), run.result
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, run.details["recovered"], paid(schedule)) == ("executed", True, 1)


@pytest.mark.parametrize("other", [{"key": "second"}, {"is_at_other_address": True}], ids=str)
@goals
def test_another_key_or_address_shares_the_journal(schedule: Schedule, goal: Goal, other: dict[str, t.Any]) -> None:
    leave_in_doubt(schedule, goal)
    [run] = schedule.play([Plan(goal, **other)])
    assert (run.outcome, run.details["recovered"], paid(schedule)) == ("executed", True, 1)


@pytest.mark.parametrize("steps_ahead", range(6, 72, 6))
@pytest.mark.parametrize("other", [{"key": "second"}, {"is_at_other_address": True}], ids=str)
@pytest.mark.parametrize("goal", [SINCE, MAX_DEBT, WHOLE], ids=repr)
def test_runs_with_different_keys_or_addresses_wait_for_each_other(schedule: Schedule, goal: Goal, other: dict[str, t.Any], steps_ahead: int) -> None:
    runs = schedule.play([Plan(goal), Plan(goal, **other)], Choices([0] * steps_ahead + [1] * 140))
    assert sorted(str(run.outcome) for run in runs) == ["executed", "nothing_to_do"]


@pytest.mark.parametrize("answer", [{"ret_code": 10003}, {"ret_code": 33004}, "html_502", "close"], ids=str)
@pytest.mark.parametrize("is_open", [True, False], ids=["in doubt", "nothing in the journal"])
def test_an_unknown_account_matters_only_with_an_open_intent(schedule: Schedule, is_open: bool, answer: t.Any) -> None:
    if is_open:
        leave_in_doubt(schedule, STEP)
    schedule.order([{"method": "GET", "path": PRODUCTS[LEGACY].reads[KEY], "answer": answer, "times": 0}])
    [run] = schedule.play([Plan(STEP)])
    assert (run.outcome, run.posts) == ("unknown" if is_open else "not_executed", [])


# Who gets the result.


@pytest.mark.parametrize("number", STEPS[::2])
@pytest.mark.parametrize("who", [PLAYBOOK, WORKER])
def test_a_parent_can_end_before_any_step(schedule: Schedule, who: str, number: int) -> None:
    schedule.order([LOST] if number % 2 else [])
    schedule.play([Plan(STEP, loss=Loss("step", number, who))])
    schedule.play([Plan(STEP)])
    assert paid(schedule) <= 2


@pytest.mark.parametrize("before", [0, 1])
@goals
def test_nothing_is_sent_for_nobody(schedule: Schedule, goal: Goal, before: int) -> None:
    """Neither after a wait for another run, nor after the reads."""
    schedule.order([{**LOST, "history_delay_ms": 8000}])
    waits = Plan(goal, loss=Loss("step", 14 - 8 * before, PLAYBOOK))
    runs = schedule.play([Plan(goal), waits], Choices([0] * 40 + [1] * 14))
    assert not runs[1].posts


def test_nothing_is_sent_again_for_nobody(schedule: Schedule) -> None:
    schedule.order([turned_away(schedule.world.now, 5000)])
    [run] = schedule.play([Plan(STEP, loss=Loss("post", 3, PLAYBOOK))])
    assert (run.outcome, len(run.posts)) == ("not_executed", 1)


@pytest.mark.parametrize(("hours", "is_paid_again"), [(1, False), (11, False), (13, True), (24 * 31, True)])
@pytest.mark.parametrize("way", [{"loss": Loss("post", 2, WORKER)}, {"loss": Loss("post", 1, PLAYBOOK)}, {"is_buffered": True}], ids=str)
@pytest.mark.parametrize("goal", [STEP, SOLD], ids=repr)
def test_a_result_that_reached_nobody_answers_a_step_for_some_hours(
    schedule: Schedule, goal: Goal, way: dict[str, t.Any], hours: int, is_paid_again: bool
) -> None:
    [run] = schedule.play([Plan(goal, **way)])
    assert run.outcome == "executed"
    schedule.world.pass_time(hours * HOUR_MS)
    [run] = schedule.play([Plan(goal)])
    assert (run.outcome, paid(schedule)) == ("executed", 1 + is_paid_again)
    assert run.details["recovered"] is not is_paid_again
    assert "reached nobody" in str(result_of(run)["warnings"])


@pytest.mark.parametrize("goal", [SINCE, MAX_DEBT, WHOLE], ids=repr)
def test_a_buffered_result_of_a_goal_does_no_harm(schedule: Schedule, goal: Goal) -> None:
    for outcome in ("executed", "nothing_to_do"):
        [run] = schedule.play([Plan(goal, is_buffered=True)])
        assert run.outcome == outcome


# Internal errors.


@pytest.mark.parametrize("number", range(5))
@goals
def test_an_internal_error_while_settling_makes_the_outcome_unknown(schedule: Schedule, goal: Goal, number: int) -> None:
    schedule.order([{**LOST, "history_delay_ms": 9000, "debt_delay_ms": 9000}])
    [run] = schedule.play([Plan(goal, defect_at=number)])
    assert (run.outcome, run.has_defect) == ("unknown", True)
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("number", range(3))
@goals
def test_an_internal_error_with_an_earlier_open_intent_makes_the_outcome_unknown(schedule: Schedule, goal: Goal, number: int) -> None:
    schedule.order([{**LOST, "history_delay_ms": 9000, "debt_delay_ms": 9000}])
    schedule.play([Plan(goal, kill=Kill("post", 2))])
    [run] = schedule.play([Plan(goal, defect_at=number)])
    assert (run.outcome, run.has_defect, run.posts) == ("unknown", True, [])


# The gate.


@pytest.mark.parametrize("history_delay_ms", [0, 5000, 9500])
@pytest.mark.parametrize("code", [10006, 10002])
@goals
def test_another_copy_of_a_refused_request_is_not_repeated(
    schedule: Schedule, goal: Goal, code: int, history_delay_ms: int
) -> None:
    fault = {"method": "POST", "answer": {"ret_code": code}, "commit": True, "history_delay_ms": history_delay_ms}
    schedule.order([fault])
    [run] = schedule.play([Plan(goal)])
    assert paid(schedule) == 1
    if not goal.is_declarative and run.outcome == "executed":
        assert run.details["recovered"] is True
    schedule.play([Plan(goal)])


@goals
def test_another_copy_in_process_is_not_repeated(schedule: Schedule, goal: Goal) -> None:
    """The copy may be the very reason why the goal is not decided anew."""
    schedule.order([{"method": "POST", "answer": {"ret_code": 10006}, "commit": True, "processing_ms": 200_000}])
    [run] = schedule.play([Plan(goal)])
    assert run.outcome in ("pending", "unknown", "nothing_to_do") and len(run.posts) == 1, run.result
    schedule.world.pass_time(200_000)
    schedule.play([Plan(goal)])


@pytest.mark.parametrize("amount", ["100", "40.5", None], ids=["the same", "another", "all"])
@goals
def test_the_owner_can_repay_while_the_gate_is_closed(schedule: Schedule, goal: Goal, amount: str | None) -> None:
    schedule.order([turned_away(schedule.world.now, 8000)])
    [run] = schedule.play([Plan(goal)], None, OwnerAct(0, goal.loan, amount, in_pause=True))
    assert run.posts[0].sent_at < schedule.world.recording.owner_repaid[0][0] < (run.ended_at or 0)
    schedule.play([Plan(goal)])


# The cap.


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "lost"])
@pytest.mark.parametrize("name", ["since", "max_debt", "max_debt 0", "max_ltv"])
def test_a_goal_is_paid_up_to_the_cap(schedule: Schedule, name: str, lost: bool) -> None:
    schedule.order([LOST] if lost else [])
    [run] = schedule.play([Plan(GOALS[name], at_most="60")])
    assert (run.outcome, result_of(run)["amount"], result_of(run)["goal_reached"]) == ("executed", "60", False)


@pytest.mark.parametrize("goal", [STEP, SOLD], ids=repr)
def test_a_step_is_paid_as_a_whole_or_not_at_all(schedule: Schedule, goal: Goal) -> None:
    [run] = schedule.play([Plan(goal, at_most="60")])
    assert (run.outcome, run.posts) == ("not_executed", [])
