# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A debt goal after runs that failed or were killed: what they sent counts once, and nothing is paid twice."""

from __future__ import annotations

import time

import pytest
from ways import FLEXIBLE

NO_ANSWER = {"delay_answer_ms": 30_000}


@pytest.fixture
def goal(begin_way):
    """Begin a run that brings the debt of 4988.88888939 to at most this."""
    return lambda max_debt, **options: begin_way(FLEXIBLE, **{"amount": None, "max_debt": max_debt, **options})


@pytest.fixture
def killed(until, ledger):
    """Kill a run as soon as the exchange has made this many repayments."""

    def call(process, count: int = 1) -> None:
        until(lambda: len(ledger()) == count)
        process.kill()

    return call


def test_acknowledging_sends_nothing_even_if_another_repayment_of_the_goal_was_made(
    simulated_time, goal, killed, spoil, sandbox, ledger, remembered
) -> None:
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "500"})
    spoil(FLEXIBLE, **NO_ANSWER)
    killed(goal("3000", allow_partial=True))
    simulated_time.pass_by(1.2)
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "10000"})
    # Made, but shown only after the user found it on the exchange's site.
    spoil(FLEXIBLE, answer="reset", history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    in_doubt = {"recv_window": 60_000, "wait_timeout": 1}
    doubt = goal("3000", **in_doubt).end()
    assert (doubt["outcome"], [r["amount"] for r in doubt["repayments"]]) == ("unknown", ["500"])
    told = goal("3000", **in_doubt, acknowledge=doubt.details["intent"]).end()
    assert [entry["amount"] for entry in ledger()] == ["500", "1488.8889"]
    assert (told.failed, told["outcome"], told["amount"]) == (False, "executed", "500")
    assert [earlier["outcome"] for earlier in told.details["earlier"]] == ["executed", "unknown"]
    assert told["msg"].endswith("Nothing was sent now: run without acknowledge if something still needs to be repaid.")
    assert remembered() == []


def test_acknowledging_sends_nothing_even_if_the_found_repayment_was_not_enough(
    goal, killed, spoil, sandbox, ledger, remembered
) -> None:
    spoil(FLEXIBLE, **NO_ANSWER)
    killed(goal("3000"))
    sandbox.control("POST", "borrow", {"product": "flexible", "loanCurrency": "USDT", "amount": "50"})
    told = goal("3000", acknowledge=remembered()[0]["intent"]).end()
    assert (told.failed, told["outcome"], told.details["recovered"], told["changed"]) == (False, "executed", True, True)
    assert [entry["amount"] for entry in ledger()] == ["1988.8889"]
    assert goal("3000").end()["changed"]
    assert [entry["amount"] for entry in ledger()] == ["1988.8889", "50"]


def test_the_next_run_reports_all_that_a_killed_run_paid_for_the_goal(goal, killed, spoil, sandbox, until, ledger) -> None:
    spoil(FLEXIBLE, delay_answer_ms=300)
    process = goal("1000")
    until(ledger)
    # Interest of an hour, which leads to a second repayment.
    sandbox.clock(advance_ms=3_600_000)
    spoil(FLEXIBLE, **NO_ANSWER)
    killed(process, 2)
    run = goal("1000").end()
    assert [entry["amount"] for entry in ledger()] == ["3988.8889", "0.0091"]
    assert [repayment["amount"] for repayment in run["repayments"]] == ["3988.8889", "0.0091"]
    assert (run["outcome"], run["changed"], run.details["recovered"], run["amount"]) == ("executed", True, True, "3988.898")
    assert run["repay_id"] == ledger()[0]["repay_id"]
    assert goal("1000").end()["outcome"] == "nothing_to_do"


# In process for longer than settle_margin. The debt falls soon after that.
LONG = {"processing_ms": 2500, "debt_delay_ms": 4300}


def assert_not_paid_again(run, ledger) -> None:
    assert [(entry["amount"], entry["status"]) for entry in ledger()] == [("988.8889", 1)]
    assert (run.failed, run["changed"], run["outcome"], run["amount"]) == (False, False, "nothing_to_do", "0")
    assert run["loan"]["after"]["debt"] == "3999.99998939"


@pytest.mark.parametrize("impatient", [{"wait": False}, {"wait_timeout": 1}], ids=str)
def test_a_debt_is_waited_for_after_a_pending_repayment_became_final(goal, spoil, until, ledger, remembered, impatient: dict) -> None:
    spoil(FLEXIBLE, **LONG)
    assert goal("4000", **impatient).end()["outcome"] == "pending"
    until(lambda: ledger()[0]["status"] == 1)
    assert_not_paid_again(goal("4000", settle_margin=2).end(), ledger)
    assert remembered() == []


def test_the_run_after_a_failed_one_waits_for_it_too(goal, spoil, sandbox, until, ledger) -> None:
    spoil(FLEXIBLE, **LONG)
    assert goal("4000", wait=False).end()["outcome"] == "pending"
    until(lambda: ledger()[0]["status"] == 1)
    assert "the debt that the exchange shows may be outdated" in goal("4000", settle_margin=2, wait_timeout=0).end()["msg"]
    assert_not_paid_again(goal("4000", settle_margin=2).end(), ledger)


def test_a_repayment_of_a_killed_run_for_another_goal_is_waited_for(begin_way, goal, killed, spoil, until, ledger) -> None:
    spoil(FLEXIBLE, **LONG)
    killed(begin_way(FLEXIBLE, amount="988.8889"))
    until(lambda: ledger()[0]["status"] == 1)
    run = goal("4000", settle_margin=2).end()
    assert [earlier["amount"] for earlier in run.details["earlier"]] == ["988.8889"]
    assert_not_paid_again(run, ledger)


def test_a_repayment_in_process_counts_once(begin_way, spoil, ledger) -> None:
    spoil(FLEXIBLE, answer="close", processing_ms=20_000)
    assert begin_way(FLEXIBLE, wait_timeout=0).end()["outcome"] == "unknown"
    run = begin_way(FLEXIBLE, amount="250", since=time.strftime("%Y-%m-%d", time.gmtime()), wait_timeout=2, wait=False).end()
    assert (run.details["since"]["repaid"], run["amount"]) == ("100", "150")
    assert [entry["amount"] for entry in ledger()] == ["100", "150"]


@pytest.mark.parametrize("goal", [{"max_debt": "500"}, {"max_ltv": "0.2"}], ids=str)
def test_a_repayment_that_becomes_final_between_two_reads_counts_once(simulated_time, repay, sandbox, names, paid, goal: dict) -> None:
    sandbox.fault(processing_ms=2000)
    assert sandbox.repay(names.loan, "300").code == 0
    simulated_time.pass_by(1.3)
    # Between the read of the loan, which shows the old debt, and that of the history, which shows it as final.
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan/repayment-history", "delay_ms": 1200})
    run = repay(amount=None, **goal, settle_margin=1)
    missing = "200.4" if "max_debt" in goal else "220.9896"
    assert (run["outcome"], paid()) == ("executed", [missing, "300"])
