# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transfers that are settled after more days than the exchange lists at once."""

from __future__ import annotations

import pytest
from moves import TO_FUND, TO_UNIFIED
from moving import assert_made

# A coin whose balance nobody else changes meanwhile.
LATER = [
    move._replace(options={**move.options, "coin": "USDC"}, coin="USDC", body=move.body.replace("USDT", "USDC")) for move in (TO_FUND, TO_UNIFIED)
]
LATER.append(LATER[0]._replace(name="ensure", options={"coin": "USDC", "ensure": "3000"}))
each_later = pytest.mark.parametrize("move", LATER, ids=lambda move: move.name)
EIGHT_DAYS = 8 * 86_400


@pytest.mark.parametrize("fault", [{"processing_ms": 60_000}, {"history_delay_ms": 1000}], ids=str)
def test_a_transfer_left_pending_before_the_lists_range_does_not_stop_a_goal(pay, spoil, simulated_time, sandbox, booked, fault: dict) -> None:
    step, dummy, goal = LATER
    spoil(step, **fault)
    assert pay(step, wait=False)["outcome"] == "pending"
    simulated_time.pass_by(EIGHT_DAYS)
    run = pay(goal, ensure="3100", settle_margin=1)
    assert (run["outcome"], run["amount"], sandbox.account()["wallet"]["USDC"]) == ("executed", "100", "3100")
    assert len(booked(goal)) == 2


@pytest.mark.parametrize("commit", [True, False])
@each_later
def test_a_lost_answer_before_the_lists_range_is_settled(pay, spoil, simulated_time, booked, arrived, remembered, move, commit: bool) -> None:
    """The list is requested for the days of the transfer, not for the last few."""
    spoil(move, answer="close", commit=commit, history_delay_ms=1000 if commit else 0)
    assert pay(move, wait_timeout=0)["outcome"] == "unknown"
    simulated_time.pass_by(EIGHT_DAYS)
    run = pay(move, settle_margin=1)
    [earlier] = run.details["earlier"]
    assert earlier["outcome"] == ("executed" if commit else "not_executed")
    assert_made(move, run, booked)
    assert (arrived(move), remembered()) == (1 if commit else 2, [])


@each_later
def test_a_transfer_left_pending_before_the_lists_range_is_not_made_twice(pay, spoil, simulated_time, booked, arrived, move) -> None:
    spoil(move, processing_ms=60_000)
    options = {"reference": "margin 47"} if move.is_step else {}
    assert pay(move, wait=False, **options)["outcome"] == "pending"
    simulated_time.pass_by(EIGHT_DAYS)
    for dummy in range(2):
        run = pay(move, settle_margin=1, **options)
        assert (run["msg"], run["changed"], run["outcome"]) == (run["msg"], False, "executed" if move.is_step else "nothing_to_do")
    assert (len(booked(move)), arrived(move)) == (1, 1)
