# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A goal with `since` is reached once, even if answers are lost, late, or not shown: what was paid is found and counted, or is a doubt."""

from __future__ import annotations

import time
import typing as t

import pytest
from ways import FLEXIBLE


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture
def goal(repay) -> t.Callable[..., t.Any]:
    """Run with a goal of 100 since an hour ago, unless the test says otherwise."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    return lambda amount="100", **options: repay(**{"amount": amount, "since": since, **options})


@pytest.fixture
def hidden(repay, sandbox, noted):
    """Let a repayment be accepted that the history hides for this long, and return its intent."""

    def call(history_delay_ms: int, amount: str = "60") -> dict:
        sandbox.fault(history_delay_ms=history_delay_ms)
        run = repay(amount=amount, wait=False)
        [intent] = noted()
        assert (run["outcome"], run.details["intent"], intent["repay_id"], intent["reported"]) == ("pending", None, run["repay_id"], True)
        return intent

    return call


@pytest.mark.parametrize("commit", [True, False])
def test_a_second_run_after_a_lost_answer_pays_nothing(goal, sandbox, paid, remembered, commit: bool) -> None:
    sandbox.fault(answer="reset", commit=commit)
    first = goal()
    assert (first["outcome"], first.details["recovered"]) == (("executed", True) if commit else ("not_executed", False))
    second = goal()
    assert (second["outcome"], second.details["earlier"]) == ("nothing_to_do" if commit else "executed", [])
    assert (paid(), remembered()) == (["100"], [])


def test_a_repayment_in_doubt_is_reported_for_the_same_goal(goal, sandbox, paid, posts, names) -> None:
    sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "70"})
    sandbox.fault(answer="close", history_delay_ms=600)
    assert goal(recv_window=1000, wait_timeout=0)["outcome"] == "unknown"
    run = goal()
    assert (run["changed"], run["outcome"], run.details["recovered"], run["amount"]) == (True, "executed", True, "30")
    assert (paid(), posts()) == (["30", "70"], 1)
    assert goal()["outcome"] == "nothing_to_do"


@pytest.mark.parametrize("amount", ["100", "60"])
def test_a_repayment_for_another_goal_counts_once_it_is_found(goal, repay, sandbox, paid, amount: str) -> None:
    sandbox.fault(answer="close", history_delay_ms=600)
    assert repay(amount="60", recv_window=1000, wait_timeout=0)["outcome"] == "unknown"
    run = goal(amount)
    assert (run.details["earlier"][0]["outcome"], run.details["earlier"][0]["amount"]) == ("executed", "60")
    assert (run.details["since"]["repaid"], run["outcome"]) == ("60", "executed" if amount == "100" else "nothing_to_do")
    assert sorted(paid()) == (["40", "60"] if amount == "100" else ["60"])


def test_an_accepted_repayment_that_shows_late_is_waited_for(goal, hidden, remembered, paid) -> None:
    hidden(700)
    run = goal(settle_margin=10)
    assert (run["outcome"], run["amount"], run.details["since"]["repaid"]) == ("executed", "40", "60")
    assert (paid(), remembered()) == (["40", "60"], [])


def test_an_accepted_repayment_that_is_not_shown_yet_counts(goal, hidden, noted, paid) -> None:
    intent = hidden(60_000)
    run = goal(settle_margin=30, wait_timeout=1)
    assert (run.details["since"]["repaid"], run.details["since"]["missing"], run["amount"]) == ("60", "40", "40")
    assert sorted(paid()) == ["40", "60"]
    assert intent["intent"] in [each["intent"] for each in noted()]
    assert goal(settle_margin=30, wait_timeout=0)["outcome"] == "nothing_to_do"


def test_a_plain_step_is_not_stopped_by_it(hidden, repay, paid, noted) -> None:
    intent = hidden(60_000)
    run = repay(amount="5")
    assert (run["outcome"], run.details["earlier"]) == ("executed", [])
    assert (paid(), intent["intent"] in [each["intent"] for each in noted()]) == (["5", "60"], True)


def test_an_accepted_repayment_that_never_shows_is_a_doubt(simulated_time, goal, hidden, noted, paid, posts) -> None:
    intent = hidden(60_000)
    simulated_time.pass_by(0.6)
    run = goal(wait_timeout=1)
    assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown")
    assert (run.details["intent"], noted()) == (intent["intent"], [intent])
    assert f"(repayment {intent['repay_id']}) was accepted at" in run["msg"]
    assert f"run with acknowledge: '{intent['intent']}'" in run["msg"]
    assert (paid(), posts()) == (["60"], 1)


def test_acknowledging_a_hidden_repayment_sends_nothing(simulated_time, goal, hidden, noted, paid, posts) -> None:
    intent = hidden(60_000)
    simulated_time.pass_by(0.6)
    run = goal(wait_timeout=1, acknowledge=intent["intent"])
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, False, "nothing_to_do", "0")
    assert [(e["intent"], e["outcome"], e["repay_id"]) for e in run.details["earlier"]] == [
        (intent["intent"], "unknown", intent["repay_id"])
    ]
    assert run["msg"].endswith("Nothing was sent now: run without acknowledge if something still needs to be repaid.")
    assert (paid(), posts(), noted()) == (["60"], 1, [])
    after = goal()
    assert (after["outcome"], after["amount"], sorted(paid())) == ("executed", "100", ["100", "60"])


def test_acknowledging_a_repayment_that_shows_by_now_lets_the_next_run_count_it(goal, hidden, paid) -> None:
    intent = hidden(700)
    run = goal(acknowledge=intent["intent"])
    assert (run["changed"], run["outcome"], run.details["earlier"], paid()) == (False, "nothing_to_do", [], ["60"])
    after = goal()
    assert (after["outcome"], after.details["since"]["repaid"], after["amount"], after.details["earlier"]) == ("executed", "60", "40", [])
    assert paid() == ["40", "60"]


def test_an_accepted_repayment_that_failed_does_not_count(simulated_time, pay, spoil, remembered) -> None:
    spoil(FLEXIBLE, history_delay_ms=500, processing_ms=500, final_status=3)
    assert pay(FLEXIBLE, amount="60", wait=False)["outcome"] == "pending"
    simulated_time.pass_by(0.6)
    run = pay(FLEXIBLE, since=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600)))
    assert (run.details["since"]["repaid"], run["amount"], remembered()) == ("0", "100", [])


def test_a_failure_that_is_never_shown_stops_the_goal_until_it_is_acknowledged(goal, repay, sandbox, paid) -> None:
    """The history of legacy loans does not show failures, so it looks like a repayment that shows late."""
    sandbox.fault(processing_ms=1, final_status=3)
    assert repay(amount="60", wait=False)["outcome"] == "pending"
    sandbox.clock(advance_ms=2000)
    for dummy in range(2):
        run = goal(wait_timeout=1)
        assert (run.failed, run["outcome"]) == (True, "unknown")
        assert " was accepted at " in run["msg"]
    assert goal(acknowledge=run.details["intent"], wait_timeout=0)["outcome"] == "nothing_to_do"
    run = goal()
    assert (run["outcome"], run.details["since"]["repaid"], run["amount"], paid()) == ("executed", "0", "100", ["100", "60"])


def test_an_accepted_repayment_of_a_killed_run_counts_before_it_shows(
    goal, begin, sandbox, until, calls, paid, remembered
) -> None:
    sandbox.fault(history_delay_ms=60_000)
    process = begin(amount="60")
    until(lambda: calls().count("GET repayment-history") > 1)
    process.kill()
    [intent] = remembered()
    assert intent["repay_id"]
    run = goal(settle_margin=30, wait_timeout=1)
    assert (run.details["earlier"][0]["outcome"], run.details["earlier"][0]["repay_id"]) == ("pending", intent["repay_id"])
    assert (run.details["since"]["repaid"], run["amount"], sorted(paid())) == ("60", "40", ["40", "60"])


def test_acknowledging_an_accepted_repayment_of_a_killed_run(simulated_time, goal, begin, sandbox, until, calls, paid, remembered) -> None:
    sandbox.fault(history_delay_ms=60_000)
    process = begin(amount="60")
    until(lambda: calls().count("GET repayment-history") > 1)
    process.kill()
    (noted,) = remembered()
    assert noted["repay_id"] and not noted["reported"]
    simulated_time.pass_by(0.6)
    assert goal(wait_timeout=1).details["intent"] == noted["intent"]
    run = goal(wait_timeout=1, acknowledge=noted["intent"])
    assert (run["changed"], run["outcome"], [e["repay_id"] for e in run.details["earlier"]]) == (
        False, "nothing_to_do", [noted["repay_id"]]
    )
    assert (paid(), remembered()) == (["60"], [])


def test_an_intent_is_not_forgotten_while_the_history_cannot_be_read(goal, hidden, sandbox, noted) -> None:
    intent = hidden(60_000)
    sandbox.fault(method="GET", path="/v5/crypto-loan/repayment-history", answer="close", times=0)
    run = goal(wait_timeout=0, acknowledge=intent["intent"])
    assert (run.failed, run["outcome"], noted()) == (True, "not_executed", [intent])
