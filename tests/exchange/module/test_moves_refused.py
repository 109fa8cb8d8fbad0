# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each adjustment and each transfer promises when the exchange refuses it, even if something in between sent it twice."""

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
def test_a_move_that_the_exchange_refuses_is_not_executed(pay, spoil, sandbox, booked, remembered, arrived, move, code: int) -> None:
    spoil(move, answer={"ret_code": code})
    run = pay(move)
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "not_executed")
    assert (run["failure"]["ret_code"], run["failure"]["outcome"], run[move.list_key], run[move.id_key]) == (code, "not_executed", [], None)
    assert run["msg"].startswith(f"The {move.noun} of {move.named} was not made: ")
    assert f"(retCode {code}" in run["msg"]
    assert (booked(move), remembered(), arrived(move), move.level(sandbox.account())) == ([], [], 1, move.before)


@each_goal
def test_a_goal_that_the_exchange_refuses_is_not_executed(pay, spoil, booked, remembered, arrived, move) -> None:
    spoil(move, answer={"ret_code": 131212 if move is ENSURE else 148037})
    run = pay(move)
    assert (run["outcome"], run["changed"], booked(move), remembered(), arrived(move)) == ("not_executed", False, [], [], 1)
    assert run["msg"].startswith(f"The {move.noun} of {move.named} was not made: ")
    assert pay(move)["outcome"] == "executed"


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("code", [*BUSY, *EARLIER])
@each_step
def test_a_code_that_leaves_the_outcome_open_is_reconciled(pay, spoil, booked, remembered, arrived, move, code: int, commit: bool) -> None:
    spoil(move, answer={"ret_code": code}, commit=commit)
    run = pay(move)
    if commit:
        assert_made(move, run, booked)
        assert run.details["inferred"] is True
    elif move.is_transfer and code in EARLIER:
        # The exchange says that its ID exists, so the move cannot be ruled out.
        assert (run["outcome"], run["changed"], run["failure"]["ret_code"], len(remembered())) == ("unknown", False, code, 1)
        return
    else:
        assert_not_made(move, run)
        assert run["failure"]["ret_code"] == code
    assert (arrived(move), remembered()) == (1, [])


@pytest.mark.parametrize("code", GATE)
@each_move
def test_a_request_that_the_gate_rejected_is_sent_again(pay, sandbox, spoil, booked, arrived, remembered, move, code: int) -> None:
    spoil(move, answer={"ret_code": code})
    run = pay(move)
    assert_made(move, run, booked)
    retries = run.details["gate_retries"]
    assert (retries["rate_limits"], retries["clock_syncs"]) == ((1, 0) if code == 10006 else (0, 1))
    assert (run.details["recovered"], arrived(move), remembered()) == (False, 2, [])
    if move.is_transfer:
        # The same request, which the exchange executes at most once.
        bodies = {r["body"] for r in sandbox.requests()["requests"] if r["method"] == "POST"}
        assert bodies == {move.body.replace("{id}", run[move.id_key])}


@pytest.mark.parametrize("code", GATE)
@each_move
def test_an_executed_copy_is_not_sent_again(pay, spoil, sandbox, booked, arrived, remembered, move, code: int) -> None:
    """A proxy sent the request twice. The first one was executed, and the second one was answered."""
    spoil(move, answer={"ret_code": code}, commit=True)
    run = pay(move)
    [entry] = booked(move)
    assert (arrived(move), remembered(), move.level(sandbox.account())) == (1, [], move.after)
    if move.is_step:
        assert_made(move, run, booked)
        assert run.details["inferred"] is True
    else:
        # It looks as if somebody else reached the goal, unless an ID shows that it was this run.
        assert (run.failed, run["outcome"], run["goal_reached"]) == (False, "executed" if move is ENSURE else "nothing_to_do", True)
        assert run["changed"] is (move is ENSURE)


@pytest.mark.parametrize("move", [LEGACY_ADD, ACCOUNT_ADD, TO_FUND, TO_UNIFIED, ENSURE, ACCOUNT_MAX_LTV], ids=lambda move: move.name)
def test_an_executed_copy_that_only_the_ledger_shows_is_not_sent_again(pay, spoil, booked, arrived, move) -> None:
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
def test_a_success_without_an_id_is_looked_up(pay, sandbox, booked, arrived, remembered, move, how: str) -> None:
    """It was accepted, and the history has its ID."""
    field = "transferId" if move.is_transfer else "adjustId"
    fault = {"method": "POST", "path": move.path, "mutations": [{"field": f"result.{field}", "how": how}]}
    sandbox.control("POST", "faults", fault)
    run = pay(move)
    assert_made(move, run, booked)
    assert (arrived(move), remembered()) == (1, [])


@each_step
def test_an_amount_with_too_many_decimal_places_is_refused(pay, posted, booked, move) -> None:
    """It is refused before it is sent where the exchange documents a limit, and by the exchange elsewhere."""
    amount = str(Decimal(move.amount) + Decimal("0.0000000001"))
    run = pay(move, **{move.step: amount})
    assert (run["outcome"], run["changed"], booked(move)) == ("not_executed", False, [])
    if move.is_legacy:
        places = f"{move.step} '{amount}' has 10 decimal places, but the exchange lists 8 for BTC: use '{move.amount}', for example."
        assert (run["msg"], posted()) == (places, [])
    else:
        assert run["failure"]["ret_code"] == (131210 if move.is_transfer else 148005)
