# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to repay when its answer is lost, its run is killed, or its outcome is unknown: nothing is paid twice.

The runs of a test overlap, because most of them wait.
"""

from __future__ import annotations

import pytest
from ways import FIXED, FIXED_SWEEP, FLEXIBLE, FLEXIBLE_COLLATERAL, LEGACY, WAYS

# Each way is paired with another one.
LOST = ("reset", "truncate", "html_502", {"ret_code": 10016}, "close", "not_json")
FROM_COLLATERAL = [way for way in WAYS if way.sold]
# The history of legacy loans shows only repayments that succeeded or are in process.
SHOWING_FAILURES = [way for way in WAYS if way is not LEGACY]


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 700


def assert_made(way, run, ledger) -> None:
    """The run reports the only repayment that the exchange made."""
    [entry] = [entry for entry in ledger(way) if entry["status"] == 1]
    assert (run.failed, run["changed"], run["outcome"], run.details["intent"]) == (False, True, "executed", None), way.name
    assert (run["repay_id"], run["amount"], entry["amount"]) == (entry["repay_id"], way.amount, way.amount), way.name


def assert_not_made(way, run) -> None:
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed"), way.name
    assert (run["repayments"], run.details["intent"]) == ([], None), way.name
    assert run["msg"].startswith(f"The repayment of {way.amount} {way.coin} on {way.label} "), way.name
    assert run["msg"].endswith("It was not executed, so the next run can send it again."), way.name


def assert_unknown(way, run, remembered) -> None:
    intents = [intent["intent"] for intent in remembered()]
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown"), way.name
    assert (run["repayments"], run["repay_id"], run.details["intent"] in intents) == ([], None, True), way.name
    assert f"It is unknown whether the repayment of {way.amount} {way.coin} on {way.label} was made: " in run["msg"], way.name
    assert f"(GET {way.history}" in run["msg"], way.name
    assert f"run with acknowledge: '{run.details['intent']}'" in run["msg"], way.name


def test_a_lost_answer_is_found_in_the_history(pay_all, spoil, ledger, sent, remembered) -> None:
    for way, answer in zip(WAYS, LOST):
        spoil(way, answer=answer, commit=True)
    for way, run in pay_all():
        assert_made(way, run, ledger)
        assert (run.details["recovered"], run.details["inferred"], sent(way)) == (True, True, 1), way.name
        assert run.details["evidence"]["candidates"] == [run["repay_id"]], way.name
        assert ": there was no clear answer, but the exchange's history shows it. Debt before: " in run["msg"], way.name
        assert run["loan"]["after"]["debt"] == way.after, way.name
    assert remembered() == []


def test_a_lost_request_was_not_executed_and_may_be_sent_again(pay_all, spoil, ledger, remembered) -> None:
    for way, answer in zip(WAYS, LOST):
        spoil(way, answer=answer, commit=False)
    for way, run in pay_all():
        assert_not_made(way, run)
        assert (run.details["evidence"]["debt_before"], run.details["evidence"]["debt_now"]) == (way.before, way.before), way.name
    assert (ledger(), remembered()) == ([], [])
    for way, run in pay_all():
        assert_made(way, run, ledger)
        assert (run.details["recovered"], run.details["earlier"]) == (False, []), way.name


def test_the_run_after_a_killed_one_reports_its_repayment(begin_way, pay_all, spoil, until, ledger, sent, remembered) -> None:
    for way in WAYS:
        spoil(way, delay_answer_ms=30_000)
    killed = [begin_way(way) for way in WAYS]
    until(lambda: len(ledger()) == len(WAYS))
    for process in killed:
        process.kill()
    assert len(remembered()) == len(WAYS)
    for way, run in pay_all():
        assert_made(way, run, ledger)
        assert (run.details["recovered"], sent(way)) == (True, 1), way.name
        [earlier] = run.details["earlier"]
        assert (earlier["outcome"], earlier["repay_id"]) == ("executed", run["repay_id"]), way.name
        assert f"An earlier run began a repayment of {way.amount} {way.coin} on {way.label}" in run["msg"], way.name
        assert (run["loan"]["before"], run["loan"]["after"]["debt"]) == (None, way.after), way.name
    assert remembered() == []


# A payment in the same coin by another run meanwhile could be the repayment in question.
@pytest.mark.parametrize("ways", [[FLEXIBLE], [way for way in WAYS if way != FLEXIBLE]], ids=["flexible", "others"])
def test_the_run_after_one_killed_before_its_request_arrived(begin_way, pay_all, spoil, until, ledger, sent, remembered, ways: list) -> None:
    for way in ways:
        spoil(way, answer="close", commit=False, delay_ms=30_000)
    killed = [begin_way(way) for way in ways]
    until(lambda: all(sent(way) for way in ways))
    for process in killed:
        process.kill()
    for way, run in pay_all(ways):
        assert_made(way, run, ledger)
        assert [earlier["outcome"] for earlier in run.details["earlier"]] == ["not_executed"], way.name
        assert (run.details["recovered"], len(ledger(way))) == (False, 1), way.name
    assert remembered() == []


def test_an_unknown_outcome_stops_the_next_run_until_it_is_acknowledged(pay, pay_all, spoil, ledger, sent, remembered) -> None:
    # Its time window is open for so long that no look can settle it.
    patient = {"recv_window": 60_000, "wait_timeout": 0}
    for way in WAYS:
        spoil(way, answer="close", commit=False)
    doubts = pay_all(**patient)
    for way, run in doubts:
        assert_unknown(way, run, remembered)
    for way, run in pay_all(**patient):
        assert_unknown(way, run, remembered)
        assert sent(way) == 1, way.name
    for way, run in doubts:
        told = pay(way, **patient, acknowledge=run.details["intent"])
        assert (told["outcome"], told["changed"], told["repayments"]) == ("nothing_to_do", False, []), way.name
        assert [earlier["outcome"] for earlier in told.details["earlier"]] == ["unknown"], way.name
        assert f"The intent of the repayment of {way.amount} {way.coin} on {way.label} that was sent at " in told["msg"], way.name
    assert (remembered(), ledger()) == ([], [])
    for way, run in pay_all():
        assert_made(way, run, ledger)


def test_two_runs_at_once_wait_for_each_other(begin_way, pay, spoil, until, sent, ledger) -> None:
    for way in WAYS:
        spoil(way, processing_ms=120_000)
    holders = [begin_way(way, wait_timeout=3600) for way in WAYS]
    until(lambda: all(sent(way) for way in WAYS))
    for way in WAYS:
        run = pay(way, lock_timeout=0)
        assert (run["outcome"], run["repayments"]) == ("unknown", []), way.name
        assert "did not end within lock_timeout, 0 s, so nothing was sent" in run["msg"], way.name
    for way, process in zip(WAYS, holders):
        assert_made(way, process.end(), ledger)
        assert sent(way) == 1, way.name


def test_runs_paid_from_the_wallet_and_from_collateral_wait_for_each_other(
    begin_way, pay, spoil, until, sent
) -> None:
    spoil(FLEXIBLE_COLLATERAL, delay_answer_ms=3000)
    holder = begin_way(FLEXIBLE_COLLATERAL)
    until(lambda: sent(FLEXIBLE_COLLATERAL))
    assert "nothing was sent" in pay(FLEXIBLE_COLLATERAL, collateral=None, lock_timeout=0)["msg"]
    assert pay(FLEXIBLE, lock_timeout=0)["outcome"] == "executed"
    assert holder.end()["outcome"] == "executed"


def test_a_repayment_in_process_is_followed_to_its_end(pay_all, spoil, sandbox, ledger) -> None:
    for way in WAYS:
        spoil(way, processing_ms=400)
    for way, run in pay_all():
        assert_made(way, run, ledger)
        assert way.debt(sandbox.account()) == way.after, way.name


def test_a_repayment_that_fails_afterward_was_not_executed(pay_all, spoil, sandbox, ledger, remembered) -> None:
    for way in SHOWING_FAILURES:
        spoil(way, processing_ms=400, final_status=3)
    for way, run in pay_all(SHOWING_FAILURES):
        [entry] = ledger(way)
        assert (run.failed, run["changed"], run["outcome"], entry["status"]) == (True, False, "not_executed", 3), way.name
        assert run["msg"].endswith("It was not executed, so the next run can send it again."), way.name
        if way.sold:
            # Without an ID, an entry is likely this run's, but not certainly.
            assert f"the only such repayment in the history, {entry['repay_id']}, has failed" in run["msg"], way.name
        else:
            assert f"was accepted (repayment {entry['repay_id']}) but then failed on the exchange" in run["msg"], way.name
            assert run["repay_id"] == entry["repay_id"], way.name
        assert way.debt(sandbox.account()) == way.before, way.name
    assert remembered() == []


def test_a_history_that_is_late_is_waited_for(pay_all, spoil, ledger, remembered) -> None:
    for way in WAYS:
        spoil(way, history_delay_ms=500)
    for way, run in pay_all(settle_margin=1):
        assert_made(way, run, ledger)
        assert run.details["recovered"] is False, way.name
    assert remembered() == []


def test_a_history_that_never_shows_an_accepted_repayment(pay_all, spoil, ledger, sent, remembered) -> None:
    for way in WAYS:
        # The debt is late as well, so that only the answer tells of it.
        spoil(way, history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    for way, run in pay_all(wait_timeout=1):
        assert len(ledger(way)) == 1, way.name
        if way.sold:
            assert_unknown(way, run, remembered)
            reason = "the exchange accepted it, but neither its history nor the debt shows it"
            assert run.details["evidence"]["reason"] == reason, way.name
            assert f": the exchange accepted it without an ID, and {reason}." in run["msg"], way.name
        else:
            assert (run["outcome"], run["changed"], run["repay_id"]) == ("pending", True, ledger(way)[0]["repay_id"]), way.name
    for way, run in pay_all(FROM_COLLATERAL, wait_timeout=0):
        assert_unknown(way, run, remembered)
        assert sent(way) == 1, way.name


@pytest.mark.parametrize("way", [LEGACY, FLEXIBLE, FIXED, FIXED_SWEEP], ids=lambda way: way.name)
def test_without_wait_an_accepted_repayment_is_pending(pay, spoil, ledger, way) -> None:
    spoil(way, processing_ms=60_000)
    run = pay(way, wait=False)
    assert (run["outcome"], run["changed"], run["repay_id"]) == ("pending", True, ledger(way)[0]["repay_id"])
    assert [repayment["outcome"] for repayment in run["repayments"]] == ["pending"]
    assert "the debt has not fallen yet" in run.warnings
