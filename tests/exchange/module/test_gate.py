# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request that the exchange's gate rejected did nothing. Only such a request is sent again, within limits and visibly."""

from __future__ import annotations

import time

import pytest


@pytest.mark.parametrize("offset_ms", [3_600_000, -3_600_000, 6_000, -2_000])
def test_a_wrong_clock_is_corrected_once(repay, sandbox, paid, posts, offset_ms: int) -> None:
    sandbox.clock(offset_ms=offset_ms)
    run = repay()
    assert (run["changed"], run.details["gate_retries"]["clock_syncs"], paid(), posts()) == (True, 1, ["100"], 1)
    assert sandbox.requests()["counts"]["GET /v5/market/time"] == 1
    assert abs(run.details["sent_at_ms"] - offset_ms - time.time() * 1000) < 30_000


def test_a_clock_within_the_window_is_left_alone(repay, sandbox) -> None:
    sandbox.clock(offset_ms=2_000)
    assert repay(recv_window=5000).details["gate_retries"]["clock_syncs"] == 0


def test_a_repayment_whose_timestamp_was_refused_is_signed_once_more(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"ret_code": 10002})
    run = repay()
    assert (run["changed"], run.details["gate_retries"]["clock_syncs"], paid(), posts()) == (True, 1, ["100"], 2)
    assert (run["outcome"], run.details["recovered"], remembered()) == ("executed", False, [])


def test_a_repayment_refused_with_a_rare_code_is_not_sent_again(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"ret_code": -1})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", -1)
    assert (run.details["gate_retries"]["clock_syncs"], paid(), posts(), remembered()) == (0, [], 1, [])


def test_a_timestamp_refused_again_is_a_failure(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10002}, times=0)
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", 10002)
    assert "Synchronize the clock of this machine with NTP" in run["msg"]
    assert (run.details["gate_retries"]["clock_syncs"], paid(), posts()) == (1, [], 2)


@pytest.mark.parametrize("nanoseconds", ["", "soon", "1e18", "0", "9" * 40])
def test_without_the_exchanges_time_the_clock_cannot_be_corrected(
    repay, sandbox, paid, posts, nanoseconds: str
) -> None:
    sandbox.fault(answer={"ret_code": 10002})
    answer = {"http_status": 200, "body": '{"retCode":0,"result":{"timeNano":"%s"}}' % nanoseconds}
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/market/time", "answer": answer})
    run = repay()
    assert (run.failed, run["outcome"], paid(), posts()) == (True, "not_executed", [], 1)
    assert "Bybit's answer to /v5/market/time lacks the time." in run["msg"]


def test_the_rate_limit_is_waited_for(begin, strict, paid, posts, until) -> None:
    # A used-up limit does not recover while the exchange's clock stands still.
    strict.clock(freeze=True)
    strict.repay(amount="1")
    process = begin()
    until(lambda: posts() > 1)
    strict.clock(freeze=False)
    run = process.end()
    pauses = run.details["gate_retries"]["rate_limits"]
    assert (run["changed"], pauses > 0, paid()) == (True, True, ["100", "1"])
    assert 1050 * pauses <= run.details["gate_retries"]["rate_limit_wait_ms"] <= 2000 * pauses


def test_the_pause_is_as_long_as_the_header_says(simulated_time, repay, sandbox, paid, posts) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(simulated_time.now_ms() + 20_000)}
    sandbox.fault(answer={"ret_code": 10006, "headers": reset})
    begun = simulated_time.seconds()
    run = repay()
    assert (run["changed"], run.details["gate_retries"]["rate_limits"], paid(), posts()) == (True, 1, ["100"], 2)
    # Longer than the shortest pause.
    assert 1100 < run.details["gate_retries"]["rate_limit_wait_ms"] <= 20_000
    assert simulated_time.seconds() - begun > 1.1


def test_the_pause_follows_the_exchanges_clock(repay, sandbox) -> None:
    server_ms = sandbox.clock(offset_ms=3_000)
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(server_ms + 20_000)}
    sandbox.fault(answer={"ret_code": 10006, "headers": reset})
    run = repay(recv_window=5000)
    assert run.details["gate_retries"]["clock_syncs"] == 0
    assert 1100 < run.details["gate_retries"]["rate_limit_wait_ms"] <= 20_000


@pytest.mark.parametrize("reset", ["", "1", "soon", "-5", "9" * 400])
def test_a_useless_header_means_the_shortest_pause(repay, sandbox, paid, reset: str) -> None:
    sandbox.fault(answer={"ret_code": 10006, "headers": {"X-Bapi-Limit-Reset-Timestamp": reset}})
    assert repay().details["gate_retries"] == {"clock_syncs": 0, "rate_limits": 1, "rate_limit_wait_ms": 1050}
    assert paid() == ["100"]


def test_a_pause_longer_than_allowed_is_not_begun(simulated_time, repay, sandbox, paid, posts) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(simulated_time.now_ms() + 60_000)}
    sandbox.fault(answer={"ret_code": 10006, "headers": reset})
    begun = simulated_time.seconds()
    run = repay(rate_limit_timeout=5)
    assert simulated_time.seconds() - begun < 20
    assert (run.failed, run["outcome"], run.details["gate_retries"]["rate_limits"]) == (True, "not_executed", 0)
    assert "Raise rate_limit_timeout" in run["msg"]
    assert (paid(), posts()) == ([], 1)


def test_pauses_end_when_they_have_used_up_the_allowance(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10006}, times=0)
    run = repay(rate_limit_timeout=3)
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", 10006)
    assert (run.details["gate_retries"]["rate_limits"], paid(), posts()) == (2, [], 3)


# A goal, and what the account's owner repays of it after the gate rejected the request.
GOALS = [({"max_debt": "900.4"}, "100", None), ({"max_debt": "900.4"}, "60", "40"), ({"amount": "100"}, "100", None), ({"amount": "100"}, "60", "40")]


@pytest.mark.parametrize(("goal", "by_hand", "sent"), GOALS)
@pytest.mark.parametrize("code", [10006, 10002])
def test_a_goal_is_planned_again_after_the_gate_rejected_its_request(
    simulated_time, begin, sandbox, names, until, posts, goal: dict, by_hand: str, sent: str | None, code: int
) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(simulated_time.now_ms() + 2_500)}
    sandbox.fault(answer={"ret_code": code, "headers": reset}, delay_answer_ms=500)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60)) if "amount" in goal else None
    process = begin(**{"amount": None, "since": since, **goal})
    until(posts)
    sandbox.control("POST", "repay", {"orderId": names.loan, "amount": by_hand})
    run = process.end()
    entries = [entry for entry in sandbox.repayments() if entry["origin"] != "seed"]
    ledger = [(entry["origin"], entry["amount"]) for entry in entries]
    assert ledger == ([("app", by_hand)] if sent is None else [("api", sent), ("app", by_hand)])
    assert (run["changed"], run["amount"], run["goal_reached"]) == (sent is not None, sent or "0", True)
    assert run["loan"]["after"]["debt"] == "900.4"
    assert f"repayment {entries[-1]['repay_id']} of {by_hand} USDT appeared in its history" in run.warnings


def test_a_goal_that_can_no_longer_be_reached_is_reported_as_not_executed(begin, sandbox, until, posts, paid) -> None:
    sandbox.fault(answer={"ret_code": 10006}, delay_answer_ms=500)
    process = begin(amount=None, max_debt="900.4")
    until(posts)
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "10"})
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], paid(), posts()) == (True, False, "not_executed", [], 1)
    assert "max_debt '900.4' needs 100 USDT, but the Funding wallet holds 10" in run["msg"]


@pytest.mark.parametrize("code", [10006, 10002])
def test_a_step_whose_copy_was_executed_is_not_sent_again(repay, sandbox, code: int, paid, posts, remembered) -> None:
    """A proxy sent the request twice. The first one was executed, and the second one was answered."""
    sandbox.fault(answer={"ret_code": code}, commit=True)
    run = repay()
    assert (run["outcome"], run["changed"], run["repay_id"]) == ("executed", True, sandbox.repayments()[0]["repay_id"])
    assert run.details["inferred"] is True
    assert (paid(), posts(), remembered()) == (["100"], 1, [])


@pytest.mark.parametrize("goal", [{"amount": "100"}, {"amount": None, "max_debt": "900.4"}], ids=str)
def test_the_money_shows_an_executed_copy_before_the_history_does(repay, sandbox, paid, posts, goal: dict) -> None:
    sandbox.fault(answer={"ret_code": 10006}, commit=True, history_delay_ms=3000, debt_delay_ms=3000)
    run = repay(**goal, settle_margin=5)
    assert (run["outcome"], paid(), posts()) == ("executed" if goal["amount"] else "nothing_to_do", ["100"], 1)
    assert len(run.details["waits"]) == 1
    assert run.details["waits"][0].startswith("Money moved while the exchange rejected the repayment on loan")


def test_the_ledger_shows_what_the_balance_does_not_yet(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10006}, commit=True, history_delay_ms=3000, debt_delay_ms=3000, wallet_delay_ms=3000)
    run = repay(settle_margin=5)
    assert (run["outcome"], run.details["inferred"], paid(), posts()) == ("executed", True, ["100"], 1)


@pytest.mark.parametrize("goal", [{"amount": "100"}, {"amount": None, "max_debt": "900.4"}], ids=str)
def test_a_copy_that_only_the_ledger_shows_is_a_doubt(repay, sandbox, paid, posts, remembered, goal: dict) -> None:
    sandbox.fault(answer={"ret_code": 10006}, commit=True, history_delay_ms=60_000, debt_delay_ms=60_000)
    run = repay(**goal, settle_margin=2, wait_timeout=8)
    assert (run.failed, run["outcome"], paid(), posts(), len(remembered())) == (True, "unknown", ["100"], 1, 1)
    assert "But the wallet's ledger shows that 100 USDT left in the meantime" in run["msg"]


def test_a_key_that_cannot_see_the_money_waits_for_the_history(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10006}, commit=True, history_delay_ms=2000)
    run = repay(api_key="sandbox-key-no-wallet", settle_margin=4)
    assert (run["outcome"], run.details["inferred"], paid(), posts()) == ("executed", True, ["100"], 1)


def test_when_nothing_can_be_read_after_the_gate_it_is_a_doubt(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"ret_code": 10006}, commit=True)
    orders = "/v5/crypto-loan/ongoing-orders"
    sandbox.control("POST", "faults", {"method": "GET", "path": orders, "skip": 1, "times": 0, "answer": "html_502"})
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan/repayment-history", "skip": 1, "times": 0, "answer": "html_502"})
    run = repay(wait_timeout=2)
    assert (run.failed, run["outcome"], run["changed"], len(remembered())) == (True, "unknown", False, 1)
    sandbox.control("DELETE", "faults")
    run = repay()
    assert (run["outcome"], run.details["recovered"], paid(), posts(), remembered()) == ("executed", True, ["100"], 1, [])


def test_a_copy_in_process_that_makes_the_goal_unreachable_is_found(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10006}, commit=True, processing_ms=60_000)
    run = repay(amount=None, max_debt="900.4", wait_timeout=3)
    assert (run.failed, run["outcome"], run.details["inferred"], paid(), posts()) == (False, "pending", True, ["100"], 1)


def test_other_payments_from_the_wallet_do_not_stop_a_step(begin, sandbox, until, posts, paid) -> None:
    sandbox.fault(answer={"ret_code": 10006}, delay_answer_ms=500)
    process = begin(settle_margin=3)
    until(posts)
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "9000"})
    run = process.end()
    assert (run["outcome"], run.details["inferred"], paid(), posts()) == ("executed", False, ["100"], 2)


def test_a_run_whose_parents_ended_sends_nothing_again(begin, sandbox, posts, paid, remembered) -> None:
    sandbox.fault(answer={"ret_code": 10006}, delay_answer_ms=500)
    # Its output ends only when the orphaned run ends.
    run = begin(program=("-c", ORPHANED)).end()
    assert (run.failed, run["outcome"]) == (True, "not_executed")
    assert (posts(), paid(), remembered()) == (1, [], [])


ORPHANED = """
import os, threading, time
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
if os.fork():
    time.sleep(1)
    os._exit(0)
bybit_loan_repay.main()
"""
