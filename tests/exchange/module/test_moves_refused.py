# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each adjustment and each transfer promises when the exchange refuses it, whether or not something in between has sent it twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_MAX_LTV, ENSURE, GOALS, LEGACY_ADD, MOVES, STEPS, TO_FUND, TO_UNIFIED
from moving import assert_made, assert_not_made

each_move = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
each_step = pytest.mark.parametrize("move", STEPS, ids=lambda move: move.name)
each_goal = pytest.mark.parametrize("move", GOALS, ids=lambda move: move.name)
FINAL = (
    148048, 148037, 148004, 148005, 148012, 148013, 131212, 131206, 131210, 131228, 131231, 131232, 131239, 177013, 177015, 177011, 10001,
    10024, 10032,
)
GATE = (10006, 10002)
EARLIER = (131214, 10014, 177018, 148041)
BUSY = (148019, 131230, 10016, 131213, 199999)


@pytest.fixture
def window_ms() -> int:
    return 700


@pytest.mark.parametrize("code", FINAL)
@each_step
def test_what_the_exchange_refuses_was_not_made(pay, spoil, sandbox, booked, remembered, arrived, move, code: int) -> None:
    spoil(move, answer={"ret_code": code})
    run = pay(move)
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "not_executed")
    assert (run["failure"]["ret_code"], run["failure"]["outcome"], run[move.list_key], run[move.id_key]) == (code, "not_executed", [], None)
    assert run["msg"].startswith(f"The {move.noun} of {move.named} was not made: ")
    assert f"(retCode {code}" in run["msg"]
    assert (booked(move), remembered(), arrived(move), move.level(sandbox.account())) == ([], [], 1, move.before)


@each_goal
def test_so_it_is_with_a_goal(pay, spoil, booked, remembered, arrived, move) -> None:
    spoil(move, answer={"ret_code": 131212 if move is ENSURE else 148037})
    run = pay(move)
    assert (run["outcome"], run["changed"], booked(move), remembered(), arrived(move)) == ("not_executed", False, [], [], 1)
    assert run["msg"].startswith(f"The {move.noun} of {move.named} was not made: ")
    assert pay(move)["outcome"] == "executed"


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("code", [*BUSY, *EARLIER])
@each_step
def test_a_code_that_leaves_it_open_is_looked_into(pay, spoil, booked, remembered, arrived, move, code: int, commit: bool) -> None:
    spoil(move, answer={"ret_code": code}, commit=commit)
    run = pay(move)
    if commit:
        assert_made(move, run, booked)
        assert run.details["inferred"] is True
    elif move.is_transfer and code in EARLIER:
        # The exchange says that there is something with its own ID, so nothing rules it out.
        assert (run["outcome"], run["changed"], run["failure"]["ret_code"], len(remembered())) == ("unknown", False, code, 1)
        return
    else:
        assert_not_made(move, run)
        assert run["failure"]["ret_code"] == code
    assert (arrived(move), remembered()) == (1, [])


@pytest.mark.parametrize("code", GATE)
@each_move
def test_what_the_gate_turned_away_is_sent_again(pay, sandbox, spoil, booked, arrived, remembered, move, code: int) -> None:
    spoil(move, answer={"ret_code": code})
    run = pay(move)
    assert_made(move, run, booked)
    retries = run.details["gate_retries"]
    assert (retries["rate_limits"], retries["clock_syncs"]) == ((1, 0) if code == 10006 else (0, 1))
    assert (run.details["recovered"], arrived(move), remembered()) == (False, 2, [])
    if move.is_transfer:
        # The same request, so that the exchange would carry it out at most once.
        bodies = {r["body"] for r in sandbox.requests()["requests"] if r["method"] == "POST"}
        assert bodies == {move.body.replace("{id}", run[move.id_key])}


@pytest.mark.parametrize("code", GATE)
@each_move
def test_a_copy_that_was_executed_is_not_sent_again(pay, spoil, sandbox, booked, arrived, remembered, move, code: int) -> None:
    """A proxy has sent the request twice; the first was executed, and the answer is that to the second."""
    spoil(move, answer={"ret_code": code}, commit=True)
    run = pay(move)
    [entry] = booked(move)
    assert (arrived(move), remembered(), move.level(sandbox.account())) == (1, [], move.after)
    if move.is_step:
        assert_made(move, run, booked)
        assert run.details["inferred"] is True
    else:
        # It is as if somebody else had reached the goal, unless an ID tells that it was this run.
        assert (run.failed, run["outcome"], run["goal_reached"]) == (False, "executed" if move is ENSURE else "nothing_to_do", True)
        assert run["changed"] is (move is ENSURE)


@pytest.mark.parametrize("move", [LEGACY_ADD, ACCOUNT_ADD, TO_FUND, TO_UNIFIED, ENSURE, ACCOUNT_MAX_LTV], ids=lambda move: move.name)
def test_a_copy_that_nothing_but_the_ledger_shows_is_never_sent_again(pay, spoil, booked, arrived, move) -> None:
    spoil(move, answer={"ret_code": 10006}, commit=True, history_delay_ms=60_000, debt_delay_ms=60_000, wallet_delay_ms=60_000)
    run = pay(move, settle_margin=2, wait_timeout=8)
    assert (run.failed, run["outcome"], len(booked(move)), arrived(move)) == (True, "unknown", 1, 1)


@pytest.mark.parametrize("code", GATE)
@each_step
def test_a_gate_that_stays_closed_is_a_failure(pay, spoil, booked, arrived, remembered, move, code: int) -> None:
    spoil(move, answer={"ret_code": code}, times=0)
    run = pay(move, rate_limit_timeout=3)
    assert (run.failed, run["outcome"], run["failure"]["ret_code"], booked(move)) == (True, "not_executed", code, [])
    assert (arrived(move), remembered()) == (2 if code == 10002 else 3, [])


@each_step
def test_the_exchanges_own_rate_limit_is_waited_for(pay, strict, booked, move) -> None:
    runs = [pay(move) for dummy in range(3)]
    assert [(run["outcome"], run["changed"]) for run in runs] == [("executed", True)] * 3
    assert len(booked(move)) == 3


@pytest.mark.parametrize("how", ["absent", "null", "empty"])
@each_step
def test_success_without_an_id(pay, sandbox, booked, arrived, remembered, move, how: str) -> None:
    """It was accepted, and the history tells the ID."""
    field = "transferId" if move.is_transfer else "adjustId"
    fault = {"method": "POST", "path": move.path, "mutations": [{"field": f"result.{field}", "how": how}]}
    sandbox.control("POST", "faults", fault)
    run = pay(move)
    assert_made(move, run, booked)
    assert (arrived(move), remembered()) == (1, [])


@each_step
def test_an_amount_that_is_too_exact(pay, posted, booked, move) -> None:
    """Before it is sent where the exchange documents how exact, and by its refusal elsewhere."""
    amount = str(Decimal(move.amount) + Decimal("0.0000000001"))
    run = pay(move, **{move.step: amount})
    assert (run["outcome"], run["changed"], booked(move)) == ("not_executed", False, [])
    if move.is_legacy:
        places = f"{move.step} '{amount}' has 10 decimal places, but the exchange lists 8 for BTC: use '{move.amount}', for example."
        assert (run["msg"], posted()) == (places, [])
    else:
        assert run["failure"]["ret_code"] == (131210 if move.is_transfer else 148005)
