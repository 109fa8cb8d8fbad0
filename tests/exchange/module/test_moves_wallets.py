# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of transfers only: their own ID, the list's prefix and statuses, late balances, unreadable wallets, and the permission."""

from __future__ import annotations

import pytest
from moves import ENSURE, TO_FUND, TO_UNIFIED
from moving import assert_made

BALANCE, LEDGER, UNIFIED = "/v5/asset/transfer/query-account-coin-balance", "/v5/asset/fundinghistory", "/v5/account/withdrawal"
TRANSFERS = (TO_FUND, TO_UNIFIED, ENSURE)
each_transfer = pytest.mark.parametrize("move", TRANSFERS, ids=lambda move: move.name)
UNREADABLE = ({"answer": "html_502"}, {"answer": {"ret_code": 10016}}, {"answer": {"ret_code": 10005}})
unreadable = pytest.mark.parametrize("fault", UNREADABLE, ids=str)


@pytest.fixture
def window_ms() -> int:
    return 700


@each_transfer
@pytest.mark.parametrize("api_key", ["sandbox-key-no-transfer", "sandbox-key-no-wallet"])
def test_a_key_without_the_permission_is_refused(pay, posted, booked, move, api_key: str) -> None:
    sentence = (
        "api_key lacks the permission 'Account transfer': grant it on the exchange's API page, or use another key of this account."
    )
    for check in (True, False):
        run = pay(move, api_key=api_key, check=check)
        assert (run.failed, run["changed"], run["outcome"], run["failure"]) == (True, False, "not_executed", None)
        assert run["msg"] == sentence
    assert (posted(), booked(move)) == ([], [])


@pytest.mark.parametrize("form", ["prefixed", "plain"])
@pytest.mark.parametrize("precision", ["s", "ms"])
@pytest.mark.parametrize("lost", [True, False])
@each_transfer
def test_the_list_may_show_the_id_with_a_prefix_or_without(
    pay, switch, spoil, booked, arrived, remembered, move, form: str, precision: str, lost: bool
) -> None:
    switch(transfer_list_id=form, transfer_time_precision=precision)
    if lost:
        spoil(move, answer="close", commit=True)
    run = pay(move)
    assert_made(move, run, booked)
    [made] = run["transfers"]
    assert (made["transfer_id"], arrived(move), remembered()) == (made["intent"], 1, [])


@each_transfer
def test_an_answer_with_an_unknown_status_is_looked_up(pay, switch, booked, arrived, move) -> None:
    switch(transfer_status="unknown")
    assert_made(move, pay(move), booked)
    assert arrived(move) == 1


@each_transfer
def test_a_pending_transfer_that_succeeded_is_reported(pay, spoil, sandbox, booked, arrived, move) -> None:
    spoil(move, processing_ms=20_000)
    first = pay(move, wait_timeout=2)
    assert (first["outcome"], first["changed"], first["wallets"]["after"] is not None) == ("pending", True, True)
    again = pay(move, wait_timeout=60, settle_margin=1)
    if move.is_step:
        assert (again["outcome"], len(booked(move))) == ("executed", 2)
    else:
        # A transfer in process is waited for.
        assert (again["outcome"], again["changed"], len(booked(move))) == ("nothing_to_do", False, 1)


@pytest.mark.parametrize("status", ["SUCCESS", "PENDING", "FAILED", "STATUS_UNKNOWN", ""])
@each_transfer
def test_the_list_decides_about_the_outcome(pay, relay, booked, move, status: str) -> None:
    """The answer to the request may come too early, or may not be understood."""
    relay.edit(move.path, lambda result: result.update(status=status))
    assert_made(move, pay(move, api_url=relay.url), booked)


@pytest.mark.parametrize("status", ["PENDING", "STATUS_UNKNOWN", "", "SOMETHING_NEW"])
@each_transfer
def test_a_status_that_is_not_final_is_pending(pay, relay, booked, arrived, move, status: str) -> None:
    relay.edit(move.history, lambda result: [row.update(status=status) for row in result["list"]])
    run = pay(move, api_url=relay.url, wait_timeout=2)
    assert (run.failed, run["outcome"], run["changed"], len(booked(move)), arrived(move)) == (False, "pending", True, 1, 1)


@each_transfer
def test_a_transfer_listed_as_failed_although_the_money_moved_is_unknown(pay, relay, booked, move) -> None:
    """The list says that it failed, but the money moved."""
    relay.edit(move.history, lambda result: [row.update(status="FAILED") for row in result["list"]])
    run = pay(move, api_url=relay.url, wait_timeout=3)
    assert (run.failed, run["changed"], run["outcome"], len(booked(move))) == (True, False, "unknown", 1)


@each_transfer
def test_a_transfer_that_failed_after_a_run_without_waiting_is_sent_again(pay, spoil, sandbox, simulated_time, booked, move) -> None:
    spoil(move, processing_ms=2000, final_status=3)
    first = pay(move, wait=False)
    assert (first["outcome"], first["changed"]) == ("pending", True)
    simulated_time.pass_by(5)
    run = pay(move, settle_margin=1)
    assert (run["outcome"], run["changed"], [entry["status"] for entry in booked(move)]) == ("executed", True, [3, 1])
    assert move.level(sandbox.account()) == move.after


@each_transfer
def test_an_answer_that_names_another_transfer(pay, relay, booked, arrived, remembered, move) -> None:
    """The list is queried with the collection's own ID."""
    relay.edit(move.path, lambda result: result.update(transferId="42c0cfb0-6bca-c242-bc76-4e6df6cbab16"))
    run = pay(move, api_url=relay.url)
    assert_made(move, run, booked)
    assert (arrived(move), remembered()) == (1, [])


@pytest.mark.parametrize("delay", [{"wallet_delay_ms": 30_000}, {"wallet_delay_ms": 30_000, "history_delay_ms": 900}], ids=str)
def test_a_balance_that_is_late_is_not_topped_up_twice(pay, spoil, sandbox, booked, arrived, delay: dict) -> None:
    spoil(ENSURE, **delay)
    first = pay(ENSURE, wait_timeout=3)
    assert (first["changed"], len(booked(ENSURE))) == (True, 1)
    again = pay(ENSURE, wait_timeout=3)
    assert (again["changed"], len(booked(ENSURE)), arrived(ENSURE)) == (False, 1, 1)
    last = pay(ENSURE, wait_timeout=90, settle_margin=1)
    assert (last["outcome"], last["changed"], len(booked(ENSURE)), sandbox.account()["wallet"]["USDT"]) == ("nothing_to_do", False, 1, "10500")


def test_a_transfer_that_somebody_else_has_just_made_is_not_repeated(pay, sandbox, booked) -> None:
    body = TO_FUND.body.replace("{id}", "42c0cfb0-6bca-4242-bc76-4e6df6cbab16")
    sandbox.control("POST", "faults", {"method": "POST", "path": ENSURE.path, "wallet_delay_ms": 5000})
    assert sandbox.signed("POST", ENSURE.path, body=body).code == 0
    run = pay(ENSURE, settle_margin=1)
    assert (run["outcome"], run["changed"], len(booked(ENSURE)), sandbox.account()["wallet"]["USDT"]) == ("nothing_to_do", False, 1, "10500")


def test_a_wallet_is_topped_up_after_a_repayment(pay, sandbox, names, booked) -> None:
    """The balance from before the repayment would look sufficient."""
    sandbox.control("POST", "faults", {"method": "POST", "path": "/v5/crypto-loan/repay", "wallet_delay_ms": 5000})
    assert sandbox.repay(names.loan, "100").code == 0
    run = pay(ENSURE, ensure="10000", settle_margin=1)
    assert (run["outcome"], run["amount"], sandbox.account()["wallet"]["USDT"]) == ("executed", "100", "10000")


@unreadable
@each_transfer
def test_a_transfer_works_without_a_ledger(pay, stall, booked, arrived, remembered, move, fault: dict) -> None:
    stall(LEDGER, **fault)
    assert_made(move, pay(move), booked)
    assert (arrived(move), remembered()) == (1, [])


@unreadable
@pytest.mark.parametrize("commit", [True, False])
@each_transfer
def test_a_lost_answer_without_a_ledger_is_settled(pay, stall, spoil, booked, arrived, remembered, move, fault: dict, commit: bool) -> None:
    stall(LEDGER, **fault)
    spoil(move, answer="close", commit=commit)
    run = pay(move, wait_timeout=5, settle_margin=1)
    assert arrived(move) == 1
    if commit:
        assert_made(move, run, booked)
        assert remembered() == []
    else:
        assert (run.failed, run["changed"], booked(move)) == (True, False, [])
        assert run["outcome"] == "unknown"
        assert len(remembered()) == 1


def test_a_late_balance_without_a_ledger_is_not_topped_up_twice(pay, stall, spoil, sandbox, booked) -> None:
    stall(LEDGER, answer={"ret_code": 10005})
    spoil(ENSURE, wallet_delay_ms=30_000)
    assert pay(ENSURE, wait_timeout=3, settle_margin=1)["changed"] is True
    for dummy in range(3):
        assert pay(ENSURE, wait_timeout=3, settle_margin=1)["changed"] is False
    assert (len(booked(ENSURE)), sandbox.account()["wallet"]["USDT"]) == (1, "10500")


@unreadable
def test_without_the_funding_wallet_a_step_works_and_a_goal_does_not(pay, stall, posted, booked, fault: dict) -> None:
    """A step does not need it. A goal does."""
    stall(BALANCE, **fault)
    for check in (True, False):
        run = pay(ENSURE, check=check)
        assert (run.failed, run["outcome"], run["changed"]) == (True, "not_executed", False)
        assert "ensure '10500' needs to know how much USDT the Funding wallet holds" in run["msg"]
    assert posted() == []
    run = pay(TO_FUND)
    assert_made(TO_FUND, run, booked)
    assert (run["wallets"]["before"], run.details["decision"]) == ({"coin": "USDT", "funding": None, "unified": "11999"}, "transfer 500")


@unreadable
def test_without_the_funding_wallet_a_transfer_from_it_works(pay, stall, booked, fault: dict) -> None:
    stall(BALANCE, **fault)
    run = pay(TO_UNIFIED)
    assert_made(TO_UNIFIED, run, booked)
    warned = "The balance of the Funding wallet could not be checked beforehand: " in run.warnings
    assert warned is (fault != {"answer": {"ret_code": 10005}})


@unreadable
@pytest.mark.parametrize("move", [TO_FUND, ENSURE], ids=lambda move: move.name)
def test_a_unified_wallet_that_cannot_be_read_is_left_to_the_exchange(pay, stall, booked, move, fault: dict) -> None:
    """Then only the exchange can refuse an amount that it does not hold."""
    stall(UNIFIED, **fault)
    run = pay(move)
    assert_made(move, run, booked)
    assert run["wallets"]["before"] == {"coin": "USDT", "funding": "10000", "unified": None}
    warned = "The transferable balance of the UNIFIED wallet could not be checked beforehand: " in run.warnings
    assert warned is (fault != {"answer": {"ret_code": 10005}})


@pytest.mark.parametrize("move", [TO_FUND, ENSURE], ids=lambda move: move.name)
def test_a_unified_wallet_that_is_too_small_and_cannot_be_read(pay, stall, sandbox, booked, arrived, move) -> None:
    stall(UNIFIED, answer="html_502")
    sandbox.control("POST", "wallet", {"accountType": "UNIFIED", "coin": "USDT", "balance": "70.5"})
    run = pay(move)
    assert (run["outcome"], run["failure"]["ret_code"], booked(move), arrived(move)) == ("not_executed", 131212, [], 1)


@each_transfer
def test_without_the_list_beforehand_nothing_is_sent(pay, stall, posted, move) -> None:
    stall(move.history, answer="html_502")
    run = pay(move)
    assert (run.failed, run["outcome"], run["changed"], posted()) == (True, "not_executed", False, [])


@each_transfer
def test_without_the_list_afterward_the_transfer_is_pending(pay, stall, booked, move) -> None:
    stall(move.history, skip=1, answer="html_502")
    run = pay(move, wait_timeout=2)
    assert (run["outcome"], run["changed"], len(booked(move))) == ("pending", True, 1)


def test_ensure_rounds_up_and_moves_nothing_when_there_is_enough(pay, run_module, sandbox, posted, switch) -> None:
    for enough in ("10000", "9999.99999999", "0.1"):
        run = pay(ENSURE, ensure=enough)
        assert (run["outcome"], run["changed"], run["amount"]) == ("nothing_to_do", False, "0")
        assert run["msg"] == f"The Funding wallet holds 10000 USDT, and at least {enough} was requested: nothing to transfer."
    assert posted() == []
    run = pay(ENSURE, ensure="10000.00000001")
    assert (run["outcome"], run["amount"], sandbox.account()["wallet"]["USDT"]) == ("executed", "0.0001", "10000.0001")


def test_a_coin_that_the_exchange_does_not_know_is_refused(run_module, posted) -> None:
    run = run_module("bybit_funding_transfer", coin="NOSUCH", amount="1")
    assert (run.failed, run["outcome"], run["changed"]) == (True, "not_executed", False)


def test_transfers_of_different_coins_do_not_wait_for_each_other(begin_way, run_module, spoil, until, arrived) -> None:
    spoil(TO_FUND, delay_answer_ms=800)
    holder = begin_way(TO_FUND)
    until(lambda: arrived(TO_FUND))
    assert run_module("bybit_funding_transfer", coin="USDC", amount="1", lock_timeout=0, settle_margin=0)["outcome"] == "executed"
    assert holder.end()["outcome"] == "executed"


def test_two_runs_that_ensure_the_same_at_once_move_it_once(begin_way, spoil, until, arrived, booked, sandbox) -> None:
    spoil(ENSURE, delay_answer_ms=600)
    first = begin_way(ENSURE)
    until(lambda: arrived(ENSURE))
    second = begin_way(ENSURE)
    assert [first.end()["outcome"], second.end()["outcome"]] == ["executed", "nothing_to_do"]
    assert (len(booked(ENSURE)), sandbox.account()["wallet"]["USDT"]) == (1, "10500")


def test_a_lost_transfer_is_not_taken_for_somebody_elses(begin_way, sandbox, spoil, until, arrived, booked) -> None:
    """It has its own ID, so the other one is not it. But the money of the two cannot be told apart."""
    spoil(TO_FUND, answer="close", commit=False, delay_answer_ms=300)
    process = begin_way(TO_FUND, wait_timeout=3)
    until(lambda: arrived(TO_FUND))
    body = TO_FUND.body.replace("{id}", "42c0cfb0-6bca-4242-bc76-4e6df6cbab16")
    assert sandbox.signed("POST", TO_FUND.path, body=body).code == 0
    run = process.end()
    assert (run.failed, run["changed"], run["transfer_id"]) == (True, False, None)
    assert run["outcome"] in ("unknown", "not_executed")
    assert len(booked(TO_FUND)) == 1


def test_a_step_with_more_decimal_places_than_the_exchange_accepts_is_refused(pay, switch, sandbox) -> None:
    """No limit is documented for transfers: a refusal is reported, and a goal uses the decimal places of the coin's loans."""
    switch(transfer_decimals="accuracy")
    run = pay(TO_FUND, amount="0.00001")
    assert (run["outcome"], run["changed"], run["failure"]["ret_code"]) == ("not_executed", False, 131210)
    assert (pay(ENSURE, ensure="10000.00001")["outcome"], sandbox.account()["wallet"]["USDT"]) == ("executed", "10000.0001")


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED], ids=lambda move: move.name)
def test_a_lost_transfer_is_not_taken_for_the_one_a_moment_before(pay, spoil, booked, remembered, move) -> None:
    """Times in the ledger are whole seconds, but the other transfer has its own ID."""
    assert pay(move)["outcome"] == "executed"
    spoil(move, answer={"http_status": 503}, commit=False)
    run = pay(move, amount="50")
    assert (run["outcome"], run["changed"], len(booked(move)), remembered()) == ("not_executed", False, 1, [])
