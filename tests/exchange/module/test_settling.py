# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment without a clear answer is reconciled: executed, not executed, or unknown with the evidence."""

from __future__ import annotations


import pytest
from ways import FLEXIBLE

HISTORY = "/v5/crypto-loan/repayment-history"


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


def assert_found(run, sandbox, remembered) -> None:
    """The run reports the repayment that the exchange made for it, and no other."""
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    assert (run.failed, run["changed"], run["outcome"], run.details["recovered"]) == (False, True, "executed", True)
    assert (run["repay_id"], run["amount"]) == (entry["repay_id"], entry["amount"])
    assert run.details["evidence"]["candidates"] == [entry["repay_id"]]
    assert run.details["sent_at_ms"] == run.details["evidence"]["sent_at_ms"]
    assert (run.details["intent"], remembered()) == (None, [])


def assert_not_executed(run, remembered) -> None:
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "not_executed")
    assert (run["repay_id"], run.details["recovered"], run.details["intent"], remembered()) == (None, False, None, [])
    assert run["msg"].startswith("The repayment of 100 USDT on loan ")
    witnesses = "its time window has closed, the history shows no such repayment, the debt did not fall by that amount, and no such amount left"
    assert run["msg"].endswith(f", but {witnesses} the Funding wallet. It was not executed, so the next run can send it again.")


def assert_unknown(run, remembered, reason: str) -> None:
    [intent] = remembered()
    assert (run.failed, run.exit_code, run["changed"], run["outcome"]) == (True, 1, False, "unknown")
    assert (run["repay_id"], run.details["recovered"], run.details["intent"]) == (None, False, intent["intent"])
    assert reason in run.details["evidence"]["reason"]
    assert reason in run["msg"]
    assert f"run with acknowledge: '{run.details['intent']}'" in run["msg"]


@pytest.mark.parametrize("answer", ["reset", {"ret_code": 10016}])
def test_an_executed_repayment_is_found(repay, sandbox, paid, posts, remembered, answer: object) -> None:
    sandbox.fault(answer=answer, commit=True)
    run = repay()
    assert_found(run, sandbox, remembered)
    assert run["loan"]["after"]["debt"] == run.details["evidence"]["debt_now"] == sandbox.loan()["debt"] == "900.4"
    assert (paid(), posts()) == (["100"], 1)


def test_a_repayment_that_did_not_arrive_is_reported_after_its_time_window(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"http_status": 503}, commit=False)
    run = repay()
    assert_not_executed(run, remembered)
    assert run.details["evidence"]["exchange_time_ms"] > run.details["evidence"]["window_end_ms"] == run.details["sent_at_ms"] + 500
    assert (run.details["evidence"]["debt_before"], run.details["evidence"]["debt_now"]) == ("1000.4", "1000.4")
    assert [run.details["evidence"][name] for name in ("wallet_before", "wallet_now", "wallet_moved")] == ["10000", "10000", "0"]
    assert (paid(), posts()) == ([], 1)
    again = repay()
    assert (again["changed"], again.details["earlier"], paid()) == (True, [], ["100"])


def test_the_margin_passes_before_absence_is_believed(repay, sandbox, remembered) -> None:
    sandbox.fault(answer="close", commit=False)
    run = repay(settle_margin=1)
    assert_not_executed(run, remembered)
    assert run.details["evidence"]["exchange_time_ms"] > run.details["sent_at_ms"] + 500 + 1000


def test_a_late_history_is_waited_for(repay, sandbox, paid, remembered) -> None:
    sandbox.fault(answer="reset", history_delay_ms=900)
    run = repay(settle_margin=1)
    assert_found(run, sandbox, remembered)
    assert paid() == ["100"]


def test_a_late_debt_does_not_matter(repay, sandbox, paid, remembered) -> None:
    sandbox.fault(answer="reset", debt_delay_ms=10_000)
    run = repay()
    assert_found(run, sandbox, remembered)
    assert (run["loan"]["after"]["debt"], paid()) == ("1000.4", ["100"])
    assert "the debt has not fallen yet" in run.warnings


def test_a_late_history_and_a_late_debt_are_waited_for(repay, sandbox, paid, remembered) -> None:
    sandbox.fault(answer="html_502", history_delay_ms=900, debt_delay_ms=900)
    assert_found(repay(settle_margin=1), sandbox, remembered)
    assert paid() == ["100"]


def test_a_late_packet_that_is_still_accepted_is_found(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer="close", arrive_after_ms=300)
    assert_found(repay(), sandbox, remembered)
    assert (paid(), posts()) == (["100"], 1)


def test_a_packet_that_is_too_late_is_not_executed(repay, sandbox, until, paid, posts, remembered) -> None:
    sandbox.fault(answer="html_502", arrive_after_ms=1100)
    assert_not_executed(repay(), remembered)
    until(lambda: not sandbox.state()["waiting"])
    [late] = [r for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    assert (late["ret_code"], late["committed"], paid(), posts()) == (10002, False, [], 1)


def test_a_repayment_that_fails_while_it_is_reconciled(pay, sandbox, spoil, ledger, remembered) -> None:
    spoil(FLEXIBLE, answer="close", processing_ms=900, final_status=3)
    run = pay(FLEXIBLE)
    [entry] = ledger()
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed")
    # It is likely this run's, but not certain.
    assert run["repay_id"] in (None, entry["repay_id"])
    assert f"the only such repayment in the history, {entry['repay_id']}, has failed" in run["msg"]
    assert (entry["status"], FLEXIBLE.debt(sandbox.account()), remembered()) == (3, FLEXIBLE.before, [])


def test_a_repayment_whose_failure_is_not_shown_stays_in_doubt(repay, sandbox, posts, remembered) -> None:
    """The history of legacy loans does not show failures. Money that left the wallet and came back may be somebody else's."""
    sandbox.fault(answer="close", processing_ms=900, final_status=3)
    run = repay(wait_timeout=3)
    assert_unknown(run, remembered, "the history does not show it, but 100 USDT left the Funding wallet while it could have been executed")
    assert (sandbox.repayments()[0]["status"], sandbox.loan()["debt"], posts()) == (3, "1000.4", 1)
    assert repay(wait_timeout=0)["outcome"] == "unknown"
    assert repay(wait_timeout=0, acknowledge=run.details["intent"])["outcome"] == "nothing_to_do"
    assert (repay()["outcome"], sandbox.loan()["debt"]) == ("executed", "900.4")


def test_a_repayment_of_another_amount_meanwhile_may_be_it(meanwhile, repay, sandbox, paid, posts, remembered) -> None:
    """The history may show an amount rounded, without a fee, or in part."""
    sandbox.fault(answer="close", commit=False, delay_answer_ms=200)
    run = meanwhile("50", wait_timeout=3)
    assert_unknown(run, remembered, "the history shows 50 (user) at about that time, which may be this repayment")
    assert run.details["evidence"]["candidates"] == [sandbox.repayments()[0]["repay_id"]]
    assert (run.details["evidence"]["debt_now"], paid(), posts()) == ("950.4", ["50"], 1)
    assert (repay(wait_timeout=0)["outcome"], posts()) == ("unknown", 1)


def test_it_is_found_beside_a_repayment_of_another_amount(meanwhile, sandbox, paid, remembered) -> None:
    sandbox.fault(answer="close", delay_answer_ms=200)
    assert_found(meanwhile("50", "30"), sandbox, remembered)
    assert sorted(paid()) == ["100", "30", "50"]


@pytest.mark.parametrize("commit", [True, False])
def test_an_equal_earlier_repayment_is_not_taken_for_it(repay, sandbox, paid, names, remembered, commit: bool) -> None:
    sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "100"})
    # Long enough before it that the wallet's ledger tells them apart.
    sandbox.clock(advance_ms=5000)
    sandbox.fault(answer="close", commit=commit)
    run = repay()
    if commit:
        assert_found(run, sandbox, remembered)
    else:
        assert_not_executed(run, remembered)
    assert len(paid()) == 1 + commit


def test_a_repayment_found_within_its_time_window_is_reported_by_the_next_run(repay, sandbox, paid, posts, remembered) -> None:
    """Until the window closes, an equal one may follow, and the two could not be told apart."""
    sandbox.fault(answer="close")
    first = repay(recv_window=1500, wait_timeout=0)
    assert_unknown(first, remembered, "wait_timeout expired before the time window of the request closed")
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    assert first.details["evidence"]["candidates"] == [entry["repay_id"]]
    second = repay()
    assert_found(second, sandbox, remembered)
    assert (second.details["sent_at_ms"], paid(), posts()) == (first.details["sent_at_ms"], ["100"], 1)


def test_two_equal_repayments_are_a_doubt(meanwhile, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer="close", delay_answer_ms=200)
    run = meanwhile("100", recv_window=1000, wait_timeout=2)
    assert_unknown(run, remembered, "2 repayments in the history match it")
    made = [entry["repay_id"] for entry in sandbox.repayments()][:2]
    assert sorted(run.details["evidence"]["candidates"]) == sorted(made)
    assert all(repay_id in run["msg"] for repay_id in made)
    assert (paid(), posts()) == (["100", "100"], 1)


def test_an_equal_repayment_is_not_believed_within_the_time_window(meanwhile, sandbox, posts, remembered) -> None:
    sandbox.fault(answer="close", arrive_after_ms=1500)
    assert_unknown(meanwhile("100", recv_window=3000, wait_timeout=4), remembered, "2 repayments in the history match it")
    assert posts() == 1


def test_an_equal_repayment_by_the_owner_at_the_same_time_is_taken_for_it(meanwhile, sandbox, paid, posts) -> None:
    """The documentation names this risk. The reported repayment is in the ledger, and nothing is sent again."""
    sandbox.fault(answer="close", commit=False, delay_answer_ms=200)
    run = meanwhile("100", recv_window=1000)
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "app"]
    assert (run["outcome"], run["repay_id"], paid(), posts()) == ("executed", entry["repay_id"], ["100"], 1)


def test_a_debt_that_fell_without_an_entry_is_a_doubt(repay, sandbox, posts, remembered) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    run = repay(wait_timeout=2)
    assert_unknown(run, remembered, "the debt fell by 100 more than the history explains")
    assert (run.details["evidence"]["debt_before"], run.details["evidence"]["debt_now"], run.details["evidence"]["candidates"]) == (
        "1000.4",
        "900.4",
        [],
    )
    assert posts() == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"recv_window": 60_000, "wait_timeout": 1}, "wait_timeout expired before the time window of the request closed"),
        ({"settle_margin": 60, "wait_timeout": 2}, "wait_timeout expired before settle_margin had passed since"),
    ],
)
def test_a_wait_timeout_that_is_too_short_leaves_the_outcome_unknown(simulated_time, repay, sandbox, remembered, options: dict, reason: str) -> None:
    sandbox.fault(answer="close", commit=False)
    begun = simulated_time.seconds()
    assert_unknown(repay(**options), remembered, reason)
    assert options["wait_timeout"] <= simulated_time.seconds() - begun < options["wait_timeout"] + 20


def test_the_pauses_grow(repay, sandbox, calls) -> None:
    sandbox.fault(answer="close", commit=False)
    reads = repay(recv_window=1000, settle_margin=60, wait_timeout=3).details["evidence"]["reads"]
    assert 4 <= reads <= 5
    assert calls()[6:] == ["GET repayment-history", "GET ongoing-orders"] * reads


def test_an_exchange_that_cannot_be_read_for_a_while_is_read_again(repay, sandbox, paid, remembered) -> None:
    sandbox.fault(answer="reset")
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "skip": 1, "times": 2, "answer": "html_502"})
    assert_found(repay(), sandbox, remembered)
    assert paid() == ["100"]


def test_an_exchange_that_cannot_be_read_at_all_leaves_the_outcome_unknown(repay, sandbox, posts, remembered) -> None:
    sandbox.fault(answer="reset")
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "skip": 1, "times": 0, "answer": "close"})
    assert_unknown(repay(wait_timeout=1), remembered, "the exchange could not be read (No answer from ")
    assert posts() == 1


def test_an_exchange_that_blocks_the_address_gets_no_more_requests(repay, sandbox, calls, remembered) -> None:
    sandbox.fault(answer="reset")
    blocked = {"http_status": 403, "body": "access too frequent"}
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "skip": 1, "times": 0, "answer": blocked})
    assert_unknown(repay(), remembered, "this IP address sent too many requests")
    assert calls()[5:] == ["POST repay", "GET repayment-history"]


def test_a_payoff_by_somebody_else_meanwhile_may_be_it(begin, sandbox, until, posts, names) -> None:
    sandbox.fault(answer="close", commit=False, delay_answer_ms=200)
    process = begin(order_id=names.dusty, wait_timeout=3)
    until(posts)
    sandbox.control("POST", "repay", {"orderId": names.dusty, "amount": "1888.0453"})
    run = process.end()
    assert (sandbox.loan(names.dusty), run.failed, run["outcome"]) == (None, True, "unknown")
    assert "the history shows 1888.0453 (user) at about that time, which may be this repayment" in run["msg"]


def test_a_liquidation_meanwhile_leaves_the_outcome_unknown(begin, sandbox, until, posts) -> None:
    sandbox.fault(answer="close", commit=False, delay_answer_ms=200)
    process = begin(wait_timeout=3)
    until(posts)
    sandbox.control("POST", "prices", {"BTC": "26000"})
    run = process.end()
    assert sandbox.loan() is None
    assert (run.failed, run["outcome"], run["repay_id"], posts()) == (True, "unknown", None, 1)
    assert " (liquidation) at about that time, which may be this repayment" in run["msg"]
