# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adjustments of collateral and transfers with a journal in PostgreSQL that controllers share."""

from __future__ import annotations

import typing as t

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_MAX_LTV, ACCOUNT_TAKE_BACK, ENSURE, LEGACY_ADD, LEGACY_MAX_LTV, MOVES, TO_FUND
from moving import assert_made
from on_postgresql import INVOICE, ask, journal, noted, postgres
from ways import FLEXIBLE

# Fixtures from another file, which pytest finds here.
__all__ = ["ask", "journal", "noted", "postgres"]
each_move = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
each_kind = pytest.mark.parametrize("move", [LEGACY_ADD, ACCOUNT_TAKE_BACK, TO_FUND], ids=lambda move: move.name)


@pytest.fixture
def another_controller() -> t.Callable[..., tuple[str, str]]:
    """Return the program that runs a module on another machine."""
    return lambda module: (
        "-c",
        f"import platform\nplatform.node = lambda: 'controller-b'\nfrom ansible_collections.treasury.bybit.plugins.modules import {module}\n{module}.main()\n",
    )


@each_move
def test_a_move_is_recorded(pay, ask, booked, noted, move) -> None:
    assert_made(move, pay(move), booked)
    assert ask("SELECT event FROM bybit_entries ORDER BY number") == [("intended",), ("signed",), ("accepted",), ("executed",)]
    assert (ask("SELECT state, outcome FROM bybit_intents"), noted()) == ([("done", "executed")], [])


@pytest.mark.parametrize("commit", [True, False])
@each_kind
def test_another_controller_recovers_a_lost_answer(pay, spoil, another_controller, remembered, booked, arrived, move, commit: bool) -> None:
    spoil(move, answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    assert pay(move, wait_timeout=0)["outcome"] == "unknown"
    [intent] = remembered()
    run = pay(move, program=another_controller(move.module))
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", commit)
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["outcome"]) == (intent["intent"], "executed" if commit else "not_executed")
    assert (len(booked(move)), arrived(move), remembered()) == (1, 1 if commit else 2, [])


@each_kind
def test_a_reference_is_one_for_all_controllers(pay, another_controller, sandbox, booked, move) -> None:
    first = pay(move, reference=INVOICE)
    sandbox.control("DELETE", "requests")
    for options in ({}, {"check": True}, {"program": another_controller(move.module)}):
        run = pay(move, reference=INVOICE, **options)
        assert (run["changed"], run["outcome"], run[move.id_key], run["amount"]) == (False, "executed", first[move.id_key], move.amount)
    refused = pay(FLEXIBLE, reference=INVOICE)
    assert (refused.failed, refused["outcome"], "use another reference for this step" in refused["msg"]) == (True, "not_executed", True)
    assert (set(sandbox.requests()["counts"]), len(booked(move))) == ({"GET /v5/user/query-api"}, 1)


@pytest.mark.parametrize("move", [LEGACY_MAX_LTV, ACCOUNT_MAX_LTV, ENSURE], ids=lambda move: move.name)
def test_two_controllers_with_the_same_goal_reach_it_once(begin_way, spoil, until, another_controller, arrived, booked, move) -> None:
    spoil(move, delay_answer_ms=600)
    first = begin_way(move)
    until(lambda: arrived(move))
    second = begin_way(move, program=another_controller(move.module))
    assert [first.end()["outcome"], second.end()["outcome"]] == ["executed", "nothing_to_do"]
    assert len(booked(move)) == 1


def test_two_controllers_with_goals_of_one_ltv_lower_it_once(begin_way, spoil, until, another_controller, arrived, booked, posted) -> None:
    other = FLEXIBLE._replace(options={"loan_currency": "USDT", "max_ltv": "0.5"})
    spoil(ACCOUNT_MAX_LTV, delay_answer_ms=600)
    first = begin_way(ACCOUNT_MAX_LTV)
    until(lambda: arrived(ACCOUNT_MAX_LTV))
    second = begin_way(other, program=another_controller(other.module))
    assert [first.end()["outcome"], second.end()["outcome"]] == ["executed", "nothing_to_do"]
    assert (len(booked(ACCOUNT_MAX_LTV)), len(posted())) == (1, 1)


def test_steps_of_one_ltv_do_not_wait_for_each_other(begin_way, pay, spoil, until, arrived) -> None:
    spoil(ACCOUNT_ADD, delay_answer_ms=800)
    holder = begin_way(ACCOUNT_ADD)
    until(lambda: arrived(ACCOUNT_ADD))
    assert [pay(move, lock_timeout=0)["outcome"] for move in (ACCOUNT_TAKE_BACK, FLEXIBLE)] == ["executed"] * 2
    assert holder.end()["outcome"] == "executed"


@pytest.mark.parametrize("goal", [ACCOUNT_MAX_LTV, FLEXIBLE._replace(options={"loan_currency": "USDT", "max_ltv": "0.5"})], ids=["collateral", "repayment"])
def test_a_goal_is_refused_while_another_target_of_the_ltv_is_in_doubt(pay, spoil, another_controller, posted, goal) -> None:
    spoil(ACCOUNT_TAKE_BACK, answer="close", commit=True, history_delay_ms=3_600_000)
    doubt = pay(ACCOUNT_TAKE_BACK, wait_timeout=0)
    run = pay(goal, program=another_controller(goal.module))
    assert (run.failed, run["changed"], run["outcome"], len(posted())) == (True, False, "not_executed", 1)
    assert run["msg"].endswith(f"run that task again first, or run it with acknowledge: '{doubt.details['intent']}'.")


@each_kind
def test_check_mode_on_an_unprepared_database_leaves_no_table(pay, ask, posted, move) -> None:
    run = pay(move, check=True, reference=INVOICE)
    assert (run.failed, run["outcome"], posted()) == (False, "planned", [])
    assert ask("SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')") == []
