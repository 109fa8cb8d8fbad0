# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment whose outcome was not reported is remembered: the next run settles it first, and sends nothing while it is open."""

from __future__ import annotations

import pytest
from ways import FLEXIBLE

HISTORY = "/v5/crypto-loan/repayment-history"


@pytest.fixture
def open_intent(repay, sandbox, remembered):
    """Leave in doubt a repayment of 100 that the history never shows, and return its intent."""

    def call(**fault) -> dict:
        sandbox.fault(answer="close", **fault)
        run = repay(wait_timeout=0)
        [intent] = remembered()
        assert (run["outcome"], run.details["intent"]) == ("unknown", intent["intent"])
        return intent

    return call


@pytest.fixture
def killed(begin, sandbox, until, posts, remembered):
    """Kill a run that has sent its repayment, and return the intent that it recorded."""

    def call(moment=lambda: True, **options) -> dict:
        process = begin(**options)
        until(lambda: posts() and moment())
        process.kill()
        [intent] = remembered()
        return intent

    return call


def assert_answered(run, sandbox, intent: dict, remembered) -> None:
    """The run reports the earlier one's repayment."""
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    assert (run.failed, run["changed"], run["outcome"], run.details["recovered"]) == (False, True, "executed", True)
    assert (run["repay_id"], run["amount"], run.details["sent_at_ms"]) == (entry["repay_id"], "100", intent["sent_at_ms"])
    assert run.details["earlier"] == [
        {
            "intent": intent["intent"],
            "amount": "100",
            "coin": "USDT",
            "move": "repay",
            "outcome": "executed",
            "repay_id": entry["repay_id"],
            "sent_at_ms": intent["sent_at_ms"],
        }
    ]
    assert "An earlier run began a repayment of 100 USDT on loan" in run["msg"]
    assert "The repayment was executed, so nothing was sent now." in run["msg"]
    assert (run.details["intent"], remembered()) == (None, [])


def test_the_intent_is_recorded_before_the_repayment_is_sent(begin, sandbox, until, posts, remembered) -> None:
    sandbox.fault(delay_ms=400)
    process = begin()
    until(posts)
    [intent] = remembered()
    [request] = [r for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    assert request["handled_at"] is None
    assert (intent["sent_at_ms"], intent["recv_window_ms"], intent["amount"]) == (int(request["timestamp"]), 1000, "100")
    goal = {
        "move": "repay", "amount": "100", "since_ms": None, "max_debt": None, "max_ltv": None, "min_ltv": None, "ensure": None, "collateral": []
    }
    assert (intent["goal"], intent["repay_id"]) == (goal, None)
    assert (intent["baseline"]["levels"], intent["coin"]) == ({"debt": "1000.4", "principal": "1000"}, "USDT")
    process.end()
    assert remembered() == []


def test_the_same_goal_reports_the_repayment_in_doubt(repay, open_intent, sandbox, paid, posts, remembered) -> None:
    intent = open_intent(history_delay_ms=800)
    assert_answered(repay(), sandbox, intent, remembered)
    assert (paid(), posts()) == (["100"], 1)
    fresh = repay()
    assert (fresh.details["recovered"], fresh.details["earlier"], paid()) == (False, [], ["100", "100"])


def test_the_same_goal_pays_if_the_repayment_in_doubt_was_not_executed(repay, open_intent, sandbox, paid, posts, remembered) -> None:
    intent = open_intent(commit=False)
    run = repay(amount="100.0")
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", False)
    assert run["repay_id"] == sandbox.repayments()[0]["repay_id"]
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["outcome"], earlier["repay_id"]) == (intent["intent"], "not_executed", None)
    assert "The repayment was not executed." in run.warnings
    assert (paid(), posts(), remembered()) == (["100"], 2, [])


@pytest.mark.parametrize("commit", [True, False])
def test_another_goal_reports_it_and_does_its_own_work(repay, open_intent, sandbox, paid, posts, remembered, commit: bool) -> None:
    intent = open_intent(commit=commit, history_delay_ms=500 if commit else 0)
    run = repay(amount="30")
    assert (run["changed"], run["outcome"], run.details["recovered"], run["amount"]) == (True, "executed", False, "30")
    ids = {entry["amount"]: entry["repay_id"] for entry in sandbox.repayments()}
    assert run["repay_id"] == ids["30"]
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["amount"], earlier["repay_id"]) == (intent["intent"], "100", ids.get("100"))
    assert earlier["outcome"] == ("executed" if commit else "not_executed")
    assert "An earlier run began a repayment of 100 USDT" in run.warnings
    assert (sorted(paid()), posts(), remembered()) == (["100", "30"] if commit else ["30"], 2, [])


def test_a_found_repayment_stays_open_until_a_successful_run_reports_it(repay, open_intent, sandbox, paid, remembered) -> None:
    intent = open_intent(history_delay_ms=500)
    failed = repay(amount="99999")
    assert (failed.failed, failed["outcome"], failed.details["earlier"][0]["outcome"]) == (True, "not_executed", "executed")
    assert [kept["intent"] for kept in remembered()] == [intent["intent"]]
    assert_answered(repay(), sandbox, intent, remembered)
    assert paid() == ["100"]


def test_an_accepted_repayment_of_a_killed_run_stays_open_until_it_is_reported(
    repay, killed, sandbox, calls, until, paid, remembered
) -> None:
    sandbox.fault(history_delay_ms=400)
    intent = killed(lambda: calls().count("GET repayment-history") > 1)
    until(lambda: sandbox.listed("repayment-history")[0]["repayId"] == intent["repay_id"])
    failed = repay(amount="99999", wait=False)
    assert (failed.failed, failed["outcome"], failed.details["earlier"][0]["repay_id"]) == (True, "not_executed", intent["repay_id"])
    assert [kept["intent"] for kept in remembered()] == [intent["intent"]]
    assert_answered(repay(), sandbox, intent, remembered)
    assert paid() == ["100"]


@pytest.mark.parametrize("amount", ["100", "30"])
def test_nothing_is_sent_while_it_is_in_doubt(repay, open_intent, paid, posts, remembered, amount: str) -> None:
    intent = open_intent(history_delay_ms=60_000)
    run = repay(amount=amount, wait_timeout=2)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert (run.details["intent"], run["amount"], run.details["sent_at_ms"]) == (intent["intent"], "100", intent["sent_at_ms"])
    assert "an earlier run began it and ended before it could report the outcome" in run["msg"]
    assert "the debt fell by 100 more than the history explains" in run["msg"]
    assert (paid(), posts(), remembered()) == (["100"], 1, [intent])


def test_nothing_is_sent_while_the_exchange_cannot_be_asked_about_it(repay, open_intent, sandbox, paid, posts) -> None:
    open_intent(commit=False)
    sandbox.control("POST", "faults", {"method": "GET", "path": HISTORY, "times": 0, "answer": "close"})
    assert repay(wait_timeout=1)["outcome"] == "unknown"
    assert (paid(), posts()) == ([], 1)


@pytest.mark.parametrize("amount", ["100", "30"])
def test_acknowledging_forgets_it_and_sends_nothing(repay, open_intent, paid, posts, remembered, amount: str) -> None:
    intent = open_intent(history_delay_ms=60_000)
    run = repay(amount=amount, wait_timeout=2, acknowledge=intent["intent"])
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, False, "nothing_to_do", "0")
    assert (run["repay_id"], run.details["intent"], len(run.details["earlier"])) == (None, None, 1)
    [earlier] = run.details["earlier"]
    assert (earlier["intent"], earlier["outcome"], earlier["repay_id"]) == (intent["intent"], "unknown", None)
    assert run["msg"].startswith("The intent of the repayment of 100 USDT on loan ")
    assert run["msg"].endswith(
        " is discarded, because acknowledge names it. Nothing was sent now; run without acknowledge if something still needs to be "
        "repaid."
    )
    assert "The outcome of the repayment is unknown." in run.warnings
    assert (paid(), posts(), remembered()) == (["100"], 1, [])
    after = repay(amount=amount)
    assert (after["outcome"], after["amount"], after.details["earlier"]) == ("executed", amount, [])
    assert (sorted(paid()), posts()) == (sorted(["100", amount]), 2)


SENDS_NOTHING = "A run with acknowledge sends nothing; run without it if something still needs to be repaid."


def test_acknowledging_sends_nothing_when_it_turns_out_not_executed(repay, open_intent, paid, posts, remembered) -> None:
    intent = open_intent(commit=False)
    run = repay(acknowledge=intent["intent"])
    assert (run["changed"], run["outcome"], run.details["earlier"][0]["outcome"]) == (False, "nothing_to_do", "not_executed")
    assert run["msg"].endswith(SENDS_NOTHING)
    assert (paid(), posts(), remembered()) == ([], 1, [])


@pytest.mark.parametrize("goal", [{"amount": "9"}, {"amount": None, "max_debt": "500"}], ids=["amount", "max_debt"])
def test_acknowledging_sends_nothing_when_another_repayment_turns_out_executed(repay, open_intent, paid, posts, goal) -> None:
    intent = open_intent(history_delay_ms=500)
    run = repay(acknowledge=intent["intent"], **goal)
    assert (run["changed"], run["outcome"], run.details["earlier"][0]["outcome"]) == (False, "nothing_to_do", "executed")
    assert run["msg"].endswith(SENDS_NOTHING)
    assert (paid(), posts()) == (["100"], 1)


@pytest.mark.parametrize("wrong", [None, "00000000-0000-4000-8000-000000000000", ""])
def test_acknowledging_what_an_earlier_run_settled_sends_nothing(repay, open_intent, paid, posts, wrong) -> None:
    intent = open_intent(history_delay_ms=500)
    assert repay(acknowledge=wrong).details["recovered"]
    run = repay(acknowledge=intent["intent"])
    assert (run["changed"], run["outcome"], run["msg"] in run.warnings) == (False, "nothing_to_do", True)
    assert (paid(), posts()) == (["100"], 1)


def test_acknowledging_another_id_forgets_nothing(repay, open_intent, posts, remembered) -> None:
    intent = open_intent(history_delay_ms=60_000)
    for wrong in ("00000000-0000-4000-8000-000000000000", intent["intent"][:8], "", "*"):
        run = repay(wait_timeout=0, acknowledge=wrong)
        assert (run.failed, run["outcome"], run.details["intent"]) == (True, "unknown", intent["intent"])
    assert (posts(), remembered()) == (1, [intent])


def test_acknowledging_does_not_hide_what_can_be_found(repay, open_intent, sandbox, paid, remembered) -> None:
    intent = open_intent(history_delay_ms=500)
    assert_answered(repay(acknowledge=intent["intent"]), sandbox, intent, remembered)
    assert paid() == ["100"]


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


DYING = """
import os
from ansible_collections.treasury.bybit.plugins.module_utils._api import transport
from ansible_collections.treasury.bybit.plugins.module_utils._journal import journal
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
def die(*dummy): os.kill(os.getpid(), 9)
whole = transport.Transport.send
def dying(self, method, *rest): return die() if method == "POST" else whole(self, method, *rest)
{where}
bybit_loan_repay.main()
"""


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


ORPHAN = """
import os, time
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
whole = Client.{method}
def orphaned(*rest):
    done = whole(*rest)
    os.kill(parent, 9)
    while os.getppid() == parent: time.sleep(0.01)
    return done
Client.{method} = orphaned
parent = os.getpid()
if os.fork(): os.wait()
else: bybit_loan_repay.main()
"""


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
