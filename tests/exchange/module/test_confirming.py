# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An accepted repayment is followed until it is final. Until then it is pending, and a failure is reported as one."""

from __future__ import annotations


import pytest
from ways import FLEXIBLE

HISTORY = "/v5/crypto-loan/repayment-history"
LOOK = [
    "GET query-api", "GET ongoing-orders", "GET loanable-data", "GET repayment-history", "GET query-account-coin-balance", "POST repay",
]


def assert_told(run, sandbox, outcome: str) -> None:
    """The run reports the one repayment that the exchange accepted."""
    entry = sandbox.repayments()[0]
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (False, 0, True, outcome)
    assert (run["repay_id"], run["amount"]) == (entry["repay_id"], entry["amount"])
    assert (run.details["recovered"], run.details["intent"], run.details["evidence"]) == (False, None, None)


def test_a_plain_run_confirms_and_looks_once(repay, sandbox, calls, names, remembered) -> None:
    run = repay()
    assert_told(run, sandbox, "executed")
    assert calls() == [*LOOK, "GET repayment-history", "GET ongoing-orders"]
    [*dummy, confirming, last] = sandbox.requests()["requests"]
    # The whole history of the loan, because repayments by others may explain the fall of the debt.
    assert confirming["query"] == f"orderId={names.loan}&limit=100"
    assert remembered() == []


def test_without_wait_an_accepted_repayment_is_pending(repay, sandbox, calls, names) -> None:
    run = repay(wait=False)
    assert_told(run, sandbox, "pending")
    assert calls() == [*LOOK, "GET ongoing-orders"]
    assert run["msg"] == (
        f"Bybit accepted the repayment of 100 USDT on loan {names.loan} (repayment {run['repay_id']}). It is pending: the "
        f"exchange has not reported it as final yet. Debt before: 1000.4, now: 900.4."
    )


def test_a_repayment_in_process_is_followed_to_its_success(repay, sandbox, remembered) -> None:
    sandbox.fault(processing_ms=900)
    run = repay()
    assert_told(run, sandbox, "executed")
    assert run["msg"].endswith("Debt before: 1000.4, now: 900.4.")
    assert (run["loan"]["after"]["debt"], run.warnings, remembered()) == ("900.4", "", [])


def test_a_repayment_in_process_is_followed_to_its_failure(pay, sandbox, spoil, ledger, sent, remembered) -> None:
    spoil(FLEXIBLE, processing_ms=900, final_status=3)
    run = pay(FLEXIBLE)
    [entry] = ledger()
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "not_executed")
    assert (run["repay_id"], run["amount"], entry["status"]) == (entry["repay_id"], "100", 3)
    assert f"was accepted (repayment {entry['repay_id']}) but then failed on the exchange" in run["msg"]
    assert run["msg"].endswith("It was not executed, so the next run can send it again.")
    assert (FLEXIBLE.debt(sandbox.account()), sandbox.balance(), sent(FLEXIBLE), remembered()) == (FLEXIBLE.before, 10000, 1, [])
    again = pay(FLEXIBLE)
    assert (again["outcome"], again["repay_id"], again.details["earlier"]) == ("executed", ledger()[-1]["repay_id"], [])
    assert (sent(FLEXIBLE), FLEXIBLE.debt(sandbox.account())) == (2, FLEXIBLE.after)


def test_a_failure_that_the_history_does_not_show_leaves_it_pending(repay, sandbox, posts) -> None:
    """The history of legacy loans shows only repayments that succeeded or are in process."""
    sandbox.fault(processing_ms=900, final_status=3)
    run = repay(wait_timeout=2)
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    assert_told(run, sandbox, "pending")
    assert "It is pending: the exchange has not reported it as final yet." in run["msg"]
    assert "The repayment was accepted, but the debt has not fallen yet: it may still be in process." in run.warnings
    assert (entry["status"], sandbox.loan()["debt"], posts()) == (3, "1000.4", 1)
    again = repay()
    assert_told(again, sandbox, "executed")
    assert (posts(), sandbox.loan()["debt"]) == (2, "900.4")


def test_without_wait_a_repayment_in_process_is_not_followed(simulated_time, repay, sandbox) -> None:
    sandbox.fault(processing_ms=60_000)
    begun = simulated_time.seconds()
    run = repay(wait=False)
    assert simulated_time.seconds() - begun < 20
    assert_told(run, sandbox, "pending")
    assert run["loan"]["after"]["debt"] == "1000.4"
    assert "the debt has not fallen yet" in run.warnings


@pytest.mark.parametrize("effect", ["processing_ms", "history_delay_ms"])
def test_it_is_pending_when_the_time_ends_first(simulated_time, repay, sandbox, effect: str) -> None:
    sandbox.fault(**{effect: 60_000})
    begun = simulated_time.seconds()
    run = repay(wait_timeout=1)
    assert 1 <= simulated_time.seconds() - begun < 20
    assert_told(run, sandbox, "pending")
    assert "It is pending: the exchange has not reported it as final yet." in run["msg"]


def test_a_history_that_is_late_is_waited_for(repay, sandbox, remembered) -> None:
    sandbox.fault(history_delay_ms=900)
    assert_told(repay(), sandbox, "executed")
    assert remembered() == []


def test_a_history_that_cannot_be_read_for_a_while_is_read_again(repay, sandbox) -> None:
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "skip": 1, "answer": "html_502"})
    assert_told(repay(), sandbox, "executed")


def test_a_history_that_cannot_be_read_at_all_leaves_it_pending(repay, sandbox, paid) -> None:
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "skip": 1, "times": 0, "answer": "close"})
    assert_told(repay(wait_timeout=1), sandbox, "pending")
    assert paid() == ["100"]


def test_an_exchange_that_blocks_the_address_gets_no_more_requests(repay, sandbox, calls, paid) -> None:
    blocked = {"http_status": 403, "body": "access too frequent"}
    sandbox.control("POST", "faults", {"method": "GET", "skip": 5, "times": 0, "answer": blocked})
    assert_told(repay(), sandbox, "pending")
    assert (calls(), paid()) == ([*LOOK, "GET repayment-history"], ["100"])


def test_an_equal_repayment_is_not_mistaken_for_it(repay, sandbox, names) -> None:
    sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "100"})
    sandbox.fault(processing_ms=60_000)
    assert_told(repay(wait_timeout=1), sandbox, "pending")


@pytest.mark.parametrize(("wait", "outcome"), [(True, "executed"), (False, "pending")])
def test_a_lost_repayment_found_in_process_is_followed_as_well(repay, sandbox, wait: bool, outcome: str) -> None:
    sandbox.fault(answer="reset", processing_ms=4000)
    run = repay(wait=wait)
    entry = sandbox.repayments()[0]
    assert (run["changed"], run["outcome"], run.details["recovered"], run["repay_id"]) == (True, outcome, True, entry["repay_id"])
