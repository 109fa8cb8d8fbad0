# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each adjustment and each transfer promises when its outcome is open: it is never made twice, and no result is untrue."""

from __future__ import annotations

import pytest
from moves import ACCOUNT_ADD, ACCOUNT_TAKE_BACK, LEGACY_ADD, LEGACY_TAKE_BACK, MOVES, STEPS, TO_FUND, TO_UNIFIED
from moving import assert_made, assert_not_made, assert_unknown

each_move = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
each_step = pytest.mark.parametrize("move", STEPS, ids=lambda move: move.name)
LOST = (
    "reset", "close", "truncate", "html_502", "html_200", "not_json", {"http_status": 503}, {"http_status": 429}, {"ret_code": 10016},
    {"ret_code": 10000}, {"http_status": 403, "body": "<html>"},
)
each_loss = pytest.mark.parametrize("answer", LOST, ids=str)
# The history of legacy orders has no status, so it does not show failures.
SHOWING_FAILURES = [move for move in MOVES if not move.is_legacy]


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 700


def assert_found(move, run, booked) -> None:
    assert_made(move, run, booked)
    [entry] = booked(move)
    assert (run.details["recovered"], run.details["inferred"], run.details["evidence"]["candidates"]) == (True, True, [entry["id"]])
    assert f"({move.entry} {entry['id']}): there was no clear answer, but the exchange's history shows it." in run["msg"]
    assert run[move.subject_key] == {"before": move.shown(0), "after": move.shown(2)}


@each_loss
@each_move
def test_a_lost_answer_is_found(pay, spoil, booked, arrived, remembered, move, answer) -> None:
    spoil(move, answer=answer, commit=True)
    assert_found(move, pay(move), booked)
    assert (arrived(move), remembered()) == (1, [])


@each_loss
@each_move
def test_a_lost_request_was_not_executed_and_may_be_sent_again(pay, spoil, sandbox, booked, remembered, move, answer) -> None:
    spoil(move, answer=answer, commit=False)
    run = pay(move)
    assert_not_made(move, run)
    assert (booked(move), remembered(), move.level(sandbox.account())) == ([], [], move.before)
    evidence = run.details["evidence"]
    if not move.is_transfer:
        assert (evidence["collateral_before"], evidence["collateral_now"]) == (move.before, move.before)
        direction = "rise" if move.words[2] == "add" else "fall"
        assert f"the history shows no such adjustment, the collateral did not {direction} by that amount" in run["msg"]
    else:
        assert "the history shows no such transfer" in run["msg"]
    assert evidence["wallet_before"] == evidence["wallet_now"]
    assert evidence["wallet_moved"] == "0"
    assert_made(move, pay(move), booked)


@pytest.mark.parametrize("commit", [True, False])
@each_move
def test_a_move_without_an_answer_is_settled(pay, sandbox, booked, arrived, move, commit: bool) -> None:
    fault = {"delay_answer_ms": 30_000} if commit else {"delay_answer_ms": 30_000, "answer": "close", "commit": False}
    sandbox.control("POST", "faults", {"method": "POST", "path": move.path, **fault})
    run = pay(move, api_timeout=1)
    if commit:
        assert_found(move, run, booked)
    else:
        assert_not_made(move, run)
    assert arrived(move) == 1


@each_move
def test_a_late_packet_that_is_still_accepted_is_found(pay, spoil, booked, arrived, move) -> None:
    spoil(move, answer="close", arrive_after_ms=300)
    assert_found(move, pay(move), booked)
    assert arrived(move) == 1


@each_move
def test_a_packet_that_is_too_late_is_not_executed(pay, spoil, sandbox, until, booked, arrived, move) -> None:
    spoil(move, answer="html_502", arrive_after_ms=1500)
    assert_not_made(move, pay(move))
    until(lambda: not sandbox.state()["waiting"])
    assert (booked(move), arrived(move)) == ([], 1)


@each_move
def test_a_late_history_is_waited_for(pay, spoil, booked, remembered, move) -> None:
    spoil(move, answer="reset", history_delay_ms=900)
    assert_found(move, pay(move, settle_margin=1), booked)
    assert remembered() == []


@each_move
def test_a_late_history_is_waited_for_after_an_acceptance(pay, spoil, booked, remembered, move) -> None:
    spoil(move, history_delay_ms=500)
    run = pay(move, settle_margin=1)
    assert_made(move, run, booked)
    assert (run.details["recovered"], remembered()) == (False, [])


@each_move
def test_a_move_that_is_hidden_for_a_while_is_never_reported_as_not_executed(pay, spoil, booked, arrived, remembered, move) -> None:
    """The money shows it before the history does: it left, or it arrived."""
    spoil(move, answer="close", history_delay_ms=60_000)
    first = pay(move, wait_timeout=3)
    assert_unknown(move, first, remembered)
    for check in (True, False):
        again = pay(move, wait_timeout=0, check=check)
        assert (again["outcome"], again.details["intent"], arrived(move)) == ("unknown", first.details["intent"], 1)
    last = pay(move, wait_timeout=90)
    [entry] = booked(move)
    assert (last["outcome"], last["changed"], last[move.id_key], arrived(move)) == ("executed", True, entry["id"], 1)
    assert (last.details["recovered"], remembered()) == (True, [])


@each_move
def test_a_history_that_never_shows_an_accepted_move(pay, spoil, booked, arrived, move) -> None:
    spoil(move, history_delay_ms=3_600_000, debt_delay_ms=3_600_000, wallet_delay_ms=3_600_000)
    run = pay(move, wait_timeout=1)
    [entry] = booked(move)
    assert (run["outcome"], run["changed"], run[move.id_key], arrived(move)) == ("pending", True, entry["id"], 1)


@each_move
def test_a_move_in_process_is_followed_to_its_end(pay, spoil, sandbox, booked, move) -> None:
    spoil(move, processing_ms=400)
    assert_made(move, pay(move), booked)
    assert move.level(sandbox.account()) == move.after


@pytest.mark.parametrize("move", SHOWING_FAILURES, ids=lambda move: move.name)
def test_a_move_that_fails_afterward_was_not_executed(pay, spoil, sandbox, booked, remembered, move) -> None:
    spoil(move, processing_ms=400, final_status=3)
    run = pay(move)
    [entry] = booked(move)
    assert_not_made(move, run)
    assert (entry["status"], run[move.id_key]) == (3, entry["id"])
    assert f"was accepted ({move.entry} {entry['id']}) but then failed on the exchange" in run["msg"]
    assert (move.level(sandbox.account()), remembered()) == (move.before, [])
    assert pay(move)["outcome"] == "executed"


@pytest.mark.parametrize("move", [move for move in MOVES if move.is_legacy], ids=lambda move: move.name)
def test_a_move_whose_failure_is_not_shown_is_never_reported_as_executed(pay, spoil, sandbox, booked, arrived, move) -> None:
    spoil(move, processing_ms=400, final_status=3)
    run = pay(move, wait_timeout=3)
    [entry] = booked(move)
    assert (run["outcome"], run["changed"], run[move.id_key], arrived(move)) == ("pending", True, entry["id"], 1)
    assert (entry["status"], move.level(sandbox.account())) == (3, move.before)


@pytest.mark.parametrize("commit", [True, False])
@each_step
def test_an_equal_earlier_move_is_not_taken_for_it(pay, spoil, sandbox, booked, arrived, remembered, move, commit: bool) -> None:
    assert pay(move)["outcome"] == "executed"
    # Long enough before it that the wallet's ledger tells them apart.
    sandbox.clock(advance_ms=5000)
    spoil(move, answer="close", commit=commit)
    run = pay(move)
    if commit:
        assert (run["outcome"], run[move.id_key], run.details["recovered"]) == ("executed", booked(move)[-1]["id"], True)
    else:
        assert_not_made(move, run)
    assert (len(booked(move)), arrived(move), remembered()) == (1 + commit, 2, [])


@each_move
def test_the_run_after_one_killed_after_its_request(begin_way, pay, sandbox, until, booked, arrived, remembered, move) -> None:
    sandbox.control("POST", "faults", {"method": "POST", "path": move.path, "delay_answer_ms": 30_000})
    process = begin_way(move)
    until(lambda: booked(move))
    process.kill()
    [entry] = booked(move)
    foreseen, run = pay(move, check=True), pay(move)
    for told in (foreseen, run):
        assert (told.failed, told["changed"], told["outcome"], told[move.id_key]) == (False, True, "executed", entry["id"])
        [earlier] = told.details["earlier"]
        assert (earlier["outcome"], earlier[move.id_key], told.details["recovered"]) == ("executed", entry["id"], True)
        article = "an" if move.noun[0] == "a" else "a"
        assert f"An earlier run began {article} {move.noun} of {move.named} ({move.entry} {entry['id']}) at " in told["msg"]
        assert (told[move.subject_key]["before"], told[move.subject_key]["after"]) == (None, move.shown(2))
    assert (len(booked(move)), arrived(move), remembered()) == (1, 1, [])


@each_move
def test_the_run_after_one_killed_before_its_request_arrived(begin_way, pay, spoil, until, booked, arrived, remembered, move) -> None:
    spoil(move, answer="close", commit=False, delay_ms=30_000)
    process = begin_way(move)
    until(lambda: arrived(move))
    process.kill()
    run = pay(move)
    assert_made(move, run, booked)
    assert [earlier["outcome"] for earlier in run.details["earlier"]] == ["not_executed"]
    assert (run.details["recovered"], arrived(move), remembered()) == (False, 2, [])


@each_move
def test_an_unknown_outcome_stops_the_next_run_until_it_is_acknowledged(pay, spoil, booked, arrived, remembered, move) -> None:
    # Its time window is open for so long that no look can settle it.
    patient = {"recv_window": 60_000, "wait_timeout": 0}
    spoil(move, answer="close", commit=False)
    doubt = pay(move, **patient)
    assert_unknown(move, doubt, remembered)
    again = pay(move, **patient)
    assert_unknown(move, again, remembered)
    assert (again.details["intent"], arrived(move)) == (doubt.details["intent"], 1)
    told = pay(move, **patient, acknowledge=doubt.details["intent"])
    assert (told["outcome"], told["changed"], told[move.list_key]) == ("nothing_to_do", False, [])
    assert [earlier["outcome"] for earlier in told.details["earlier"]] == ["unknown"]
    assert f"The intent of the {move.noun} of {move.named} that was sent at " in told["msg"]
    assert (remembered(), booked(move), arrived(move)) == ([], [], 1)
    assert_made(move, pay(move), booked)


@each_move
def test_acknowledging_an_unknown_id_sends_nothing(pay, booked, posted, move) -> None:
    run = pay(move, acknowledge="1234")
    assert (run.failed, run["changed"], run["outcome"], booked(move), posted()) == (False, False, "nothing_to_do", [], [])
    assert f"acknowledge '1234' names no {move.noun} that is recorded here: it was acknowledged or resolved before" in run["msg"]


@each_move
def test_two_runs_at_once_wait_for_each_other(begin_way, pay, spoil, until, arrived, booked, move) -> None:
    spoil(move, processing_ms=120_000)
    holder = begin_way(move, wait_timeout=3600)
    until(lambda: arrived(move))
    run = pay(move, lock_timeout=0)
    assert (run["outcome"], run[move.list_key], arrived(move)) == ("unknown", [], 1)
    assert "did not end within lock_timeout, 0 s, so nothing was sent" in run["msg"]
    assert_made(move, holder.end(), booked)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LEGACY_ADD, LEGACY_TAKE_BACK),
        (ACCOUNT_ADD, ACCOUNT_TAKE_BACK._replace(options={"currency": "BTC", "take_back": "0.001"})),
        (TO_FUND, TO_UNIFIED),
    ],
    ids=["legacy", "account", "wallets"],
)
def test_both_directions_wait_for_each_other(begin_way, pay, spoil, until, arrived, first, second) -> None:
    spoil(first, delay_answer_ms=800)
    holder = begin_way(first)
    until(lambda: arrived(first))
    assert "nothing was sent" in pay(second, lock_timeout=0)["msg"]
    assert holder.end()["outcome"] == "executed"
    assert pay(second, lock_timeout=0)["outcome"] == "executed"
