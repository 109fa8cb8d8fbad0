# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed, or whose result reaches nobody, leaves its repayment to the next run."""

from __future__ import annotations

import pytest
from remembered_runs import DYING, ORPHAN, assert_answered, killed
from ways import FLEXIBLE

# Fixtures from another file, which pytest finds here.
__all__ = ["killed"]


def test_the_run_after_one_killed_before_its_answer(repay, killed, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(delay_answer_ms=1500)
    intent = killed(paid)
    assert intent["repay_id"] is None
    assert_answered(repay(), sandbox, intent, remembered)
    assert (paid(), posts()) == (["100"], 1)


def test_the_run_after_one_killed_before_the_exchange_processed_its_request(repay, killed, sandbox, paid, remembered) -> None:
    sandbox.fault(answer="close", commit=False, delay_answer_ms=1500)
    intent = killed()
    run = repay()
    assert (run["outcome"], run.details["recovered"], run.details["earlier"][0]["intent"]) == ("executed", False, intent["intent"])
    assert (paid(), remembered()) == (["100"], [])


@pytest.mark.parametrize("commit", [True, False])
def test_the_run_after_one_killed_while_it_settled(repay, killed, sandbox, calls, paid, posts, remembered, commit: bool) -> None:
    sandbox.fault(answer="reset", commit=commit)
    intent = killed(lambda: calls().count("GET repayment-history") > 1, recv_window=1500)
    run = repay()
    assert (run["outcome"], run.details["recovered"], paid(), posts()) == ("executed", commit, ["100"], 1 if commit else 2)
    assert (run.details["earlier"][0]["intent"], remembered()) == (intent["intent"], [])


def test_the_run_after_one_killed_while_it_confirmed(repay, killed, sandbox, calls, posts, remembered) -> None:
    sandbox.fault(processing_ms=900)
    intent = killed(lambda: calls().count("GET repayment-history") > 1)
    assert intent["repay_id"] == sandbox.repayments()[0]["repay_id"]
    assert_answered(repay(), sandbox, intent, remembered)
    assert posts() == 1


def test_an_accepted_repayment_of_a_killed_run_that_failed_is_sent_again(
    begin_way, pay, sandbox, spoil, until, calls, sent, remembered
) -> None:
    spoil(FLEXIBLE, processing_ms=1000, final_status=3)
    process = begin_way(FLEXIBLE)
    until(lambda: calls().count("GET repayment-history") > 1)
    process.kill()
    [intent] = remembered()
    run = pay(FLEXIBLE)
    assert (run["outcome"], run.details["recovered"], FLEXIBLE.debt(sandbox.account())) == ("executed", False, FLEXIBLE.after)
    assert (run.details["earlier"][0]["outcome"], run.details["earlier"][0]["repay_id"]) == ("not_executed", intent["repay_id"])
    assert (run["repay_id"] != intent["repay_id"], sent(FLEXIBLE), remembered()) == (True, 2, [])


def test_an_accepted_repayment_of_a_killed_run_is_pending_where_failures_are_not_shown(repay, killed, sandbox, calls, posts) -> None:
    sandbox.fault(processing_ms=1000, final_status=3)
    intent = killed(lambda: calls().count("GET repayment-history") > 1)
    run = repay(wait_timeout=2)
    assert (run["outcome"], run.details["recovered"], run["repay_id"], posts()) == ("pending", True, intent["repay_id"], 1)


def test_the_run_after_one_killed_after_its_report(repay, sandbox, paid, posts, remembered) -> None:
    told = repay(program=("-c", DYING.format(where="journal.Journal.close = die")))
    assert (told.exit_code, told["outcome"]) == (-9, "executed")
    [intent] = remembered()
    assert_answered(repay(), sandbox, intent, remembered)
    assert (paid(), posts()) == (["100"], 1)


def test_a_result_that_nobody_could_read_is_reported_again(begin, repay, sandbox, until, posts, remembered) -> None:
    process = begin(program=("-c", DYING.format(where="reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1)")))
    until(lambda: not process.is_running)
    [intent] = remembered()
    assert_answered(repay(), sandbox, intent, remembered)
    assert posts() == 1


def test_a_result_is_reported_again_if_the_parent_process_had_ended(repay, sandbox, paid, posts, remembered) -> None:
    told = repay(program=("-c", ORPHAN.format(method="post")))
    assert (told["outcome"], told.exit_code) == ("executed", -9)
    assert "The result may not have reached anyone, so the next run reports it again." in told.output
    [intent] = remembered()
    assert 0 <= intent["reported_at_ms"] - intent["sent_at_ms"] < 60_000
    assert_answered(repay(), sandbox, intent, remembered)
    assert (paid(), posts()) == (["100"], 1)


def test_nothing_is_sent_if_the_parent_process_has_ended(repay, paid, posts, remembered) -> None:
    told = repay(program=("-c", ORPHAN.format(method="sign")))
    assert (told["outcome"], told["changed"], told.exit_code) == ("not_executed", False, -9)
    assert "was not made: The process that started this run has ended, so the result could not be reported: nothing was sent." in told["msg"]
    assert (paid(), posts(), remembered()) == ([], 0, [])


def test_the_run_after_one_killed_between_recording_and_sending(begin, repay, until, paid, posts, remembered) -> None:
    process = begin(program=("-c", DYING.format(where="transport.Transport.send = dying")))
    until(lambda: not process.is_running)
    [intent] = remembered()
    assert (intent["repay_id"], posts()) == (None, 0)
    run = repay()
    assert (run["outcome"], run.details["recovered"], run.details["earlier"][0]["intent"]) == ("executed", False, intent["intent"])
    assert (paid(), posts(), remembered()) == (["100"], 1, [])
