# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a step decides what its reference does: it is reported, sent again, or left to the user."""

from __future__ import annotations

import pytest
from referring import AGAIN, INVOICE, asked, assert_answered, repay_once
from ways import FLEXIBLE

# Fixtures from another file, which pytest finds here.
__all__ = ["asked", "assert_answered", "repay_once"]


def test_an_executed_step_whose_answer_was_lost_is_executed_once(repay_once, sandbox, paid, posts, assert_answered) -> None:
    sandbox.fault(answer="close", history_delay_ms=800)
    assert repay_once(wait_timeout=0)["outcome"] == "unknown"
    foreseen = repay_once(check=True)
    found = repay_once()
    [entry] = [entry for entry in sandbox.repayments() if entry["origin"] == "api"]
    for run in (foreseen, found):
        assert (run["changed"], run["outcome"], run["repay_id"], run.details["recovered"]) == (True, "executed", entry["repay_id"], True)
    assert_answered(entry)
    assert (paid(), posts()) == (["100"], 0)


def test_a_step_that_was_not_executed_is_sent(repay_once, sandbox, paid, posts, assert_answered) -> None:
    sandbox.fault(answer="close", commit=False)
    assert repay_once(wait_timeout=0)["outcome"] == "unknown"
    assert repay_once(check=True)["outcome"] == "planned"
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", False)
    assert (run.details["earlier"][0]["outcome"], paid(), posts()) == ("not_executed", ["100"], 2)
    assert_answered(sandbox.repayments()[0])


def test_a_refusal_by_the_exchange_does_not_use_the_reference(repay_once, sandbox, names, paid) -> None:
    """It is free for another step as well."""
    for dummy in range(2):
        sandbox.fault(answer={"ret_code": 177011})
        assert (repay_once()["outcome"], paid()) == ("not_executed", [])
    assert repay_once(amount="30")["outcome"] == "executed"
    assert repay_once()["msg"].endswith(AGAIN)
    assert paid() == ["30"]


def test_while_the_step_is_in_doubt_nothing_is_sent(repay_once, sandbox, paid, posts) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    doubt = repay_once(wait_timeout=0)
    for options in ({}, {"check": True}):
        run = repay_once(wait_timeout=2, **options)
        assert (run.failed, run["changed"], run["outcome"], run.details["intent"]) == (True, False, "unknown", doubt.details["intent"])
    run = repay_once(amount="30")
    assert (run.failed, run["outcome"], run["msg"].endswith(AGAIN)) == (True, "not_executed", True)
    assert (paid(), posts()) == (["100"], 1)


def test_a_pending_step_that_became_final_is_reported(repay_once, sandbox, until, posts, paid, assert_answered) -> None:
    sandbox.fault(processing_ms=60_000)
    first = repay_once(wait=False)
    assert (first["changed"], first["outcome"]) == (True, "pending")
    for check in (True, False):
        run = repay_once(wait=False, check=check)
        assert (run["changed"], run["outcome"], run["repay_id"]) == (False, "pending", first["repay_id"])
        assert run["msg"].endswith(" and was accepted and is still pending.")
    final = repay_once(wait_timeout=90)
    assert (final["changed"], final["outcome"], final["repay_id"], posts()) == (False, "executed", first["repay_id"], 1)
    assert_answered(sandbox.repayments()[0])
    assert paid() == ["100"]


@pytest.mark.parametrize("wait", [True, False])
def test_a_pending_step_that_failed_is_sent_again(pay, sandbox, spoil, simulated_time, ledger, sent, wait: bool, assert_answered) -> None:
    spoil(FLEXIBLE, processing_ms=5000, final_status=3)
    first = pay(FLEXIBLE, reference=INVOICE, wait=False)
    assert (first["changed"], first["outcome"]) == (True, "pending")
    simulated_time.pass_by(10)
    assert pay(FLEXIBLE, reference=INVOICE, check=True)["outcome"] == "planned"
    run = pay(FLEXIBLE, reference=INVOICE)
    assert (run["changed"], run["outcome"], run["repay_id"] != first["repay_id"]) == (True, "executed", True)
    assert (sent(FLEXIBLE), FLEXIBLE.debt(sandbox.account())) == (2, FLEXIBLE.after)
    assert_answered(ledger()[-1], lambda **options: pay(FLEXIBLE, reference=INVOICE, **options))


def test_a_step_that_failed_long_ago_is_sent_even_if_another_run_saw_it_first(pay, spoil, simulated_time, ledger, sent) -> None:
    spoil(FLEXIBLE, processing_ms=2000, final_status=3)
    assert pay(FLEXIBLE, reference=INVOICE, wait=False)["outcome"] == "pending"
    simulated_time.pass_by(700)
    assert pay(FLEXIBLE, amount="3")["outcome"] == "executed"
    run = pay(FLEXIBLE, reference=INVOICE)
    assert (run["changed"], run["outcome"], sent(FLEXIBLE)) == (True, "executed", 2)


def test_an_accepted_step_that_never_shows_is_a_doubt(repay_once, sandbox, simulated_time, posts) -> None:
    """The history of legacy loans does not show failures."""
    sandbox.fault(processing_ms=2000, final_status=3)
    first = repay_once(wait=False)
    assert first["outcome"] == "pending"
    assert repay_once(wait=False)["outcome"] == "pending"
    simulated_time.pass_by(7200)
    run = repay_once(settle_margin=1, wait_timeout=3)
    assert (run.failed, run["changed"], run["outcome"], run["repay_id"], posts()) == (True, False, "unknown", first["repay_id"], 1)
    assert "was accepted at " in run["msg"] and "the exchange does not show it" in run["msg"]
    assert repay_once(acknowledge=run.details["intent"], wait_timeout=3)["outcome"] == "nothing_to_do"
    assert "use another reference for this step." in repay_once()["msg"]


def test_an_acknowledged_step_is_left_to_the_user(repay_once, sandbox, paid, posts, asked) -> None:
    sandbox.fault(answer="close", history_delay_ms=60_000)
    intent = repay_once(wait_timeout=0).details["intent"]
    run = repay_once(wait_timeout=2, acknowledge=intent)
    assert (run.failed, run["changed"], run["outcome"]) == (False, False, "nothing_to_do")
    for options in ({}, {"check": True}, {"acknowledge": intent}):
        run, calls = asked(lambda: repay_once(**options))
        assert (run.failed, run["changed"], run["outcome"], calls) == (True, False, "not_executed", ["GET query-api"])
        assert run["msg"].startswith(f"reference '{INVOICE}' was already used for 100 USDT on loan 1794267532472646144, sent at ")
        assert run["msg"].endswith(
            "; its unknown outcome was acknowledged. Nothing was sent: if it still needs to be repaid, use another reference for this step."
        )
    assert paid() == ["100"]
    assert repay_once(reference="another")["outcome"] == "executed"


def test_a_step_that_turns_out_not_executed_on_acknowledging_can_be_sent(repay_once, sandbox, paid) -> None:
    sandbox.fault(answer="close", commit=False)
    intent = repay_once(wait_timeout=0).details["intent"]
    assert (repay_once(acknowledge=intent)["outcome"], paid()) == ("nothing_to_do", [])
    assert (repay_once()["outcome"], paid()) == ("executed", ["100"])


@pytest.mark.parametrize("commit", [True, False])
def test_a_bare_step_beside_an_open_step_with_a_reference_pays(repay, repay_once, sandbox, paid, commit: bool) -> None:
    sandbox.fault(answer="close", commit=commit, history_delay_ms=500 if commit else 0)
    assert repay_once(wait_timeout=0)["outcome"] == "unknown"
    run = repay()
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", False)
    assert run.details["earlier"][0]["outcome"] == ("executed" if commit else "not_executed")
    assert "An earlier run began a repayment of 100 USDT" in run.warnings
    # The open one is settled now.
    assert (repay_once()["changed"], repay_once()["changed"], paid()) == (not commit, False, ["100", "100"])


def test_an_open_bare_step_does_not_answer_for_a_step_with_a_reference(repay, repay_once, sandbox, paid) -> None:
    sandbox.fault(answer="close", history_delay_ms=500)
    assert repay(wait_timeout=0)["outcome"] == "unknown"
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"], run.details["earlier"][0]["outcome"]) == (True, "executed", False, "executed")
    assert (repay_once()["changed"], paid()) == (False, ["100", "100"])


def test_a_doubt_about_another_step_does_not_delay_the_report(repay, repay_once, sandbox, paid, posts, remembered, assert_answered) -> None:
    repay_once()
    [entry] = sandbox.repayments()[:1]
    sandbox.fault(answer="close", history_delay_ms=60_000)
    assert repay(amount="30", wait_timeout=0)["outcome"] == "unknown"
    doubt = remembered()
    assert_answered(entry)
    assert (remembered(), sorted(paid())) == (doubt, ["100", "30"])
