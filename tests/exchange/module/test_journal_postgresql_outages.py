# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal in PostgreSQL whose server ends, restarts, or loses a run: nothing is sent that is not recorded, and nothing is paid twice."""

from __future__ import annotations

import pytest
from on_postgresql import INVOICE, ask, in_name, journal, line, noted, postgres
from postgres.relay import Loses

# Fixtures from another file, which pytest finds here.
__all__ = ["ask", "journal", "line", "noted", "postgres"]


@pytest.fixture
def before_its_intent(begin, calls, until, sandbox):
    """Begin a run, and let it go on until it has read everything and is about to record its intent."""

    def call(**options):
        sandbox.control("DELETE", "requests")
        process = begin(**options)
        until(lambda: "GET query-account-coin-balance" in calls())
        return process

    return call


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_repayment_is_reported_although_the_server_ended_after_it_was_sent(repay, postgres, holder, until, paid, posts, remembered, mode) -> None:
    process = holder(800)
    until(paid)
    postgres.stop(mode)
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], run["amount"], paid()) == (False, True, "executed", "100", ["100"])
    assert "The next run checks this repayment again." in run.errors
    postgres.start()
    assert [intent["amount"] for intent in remembered()] == ["100"]
    again = repay()
    assert (again["changed"], again["outcome"], again.details["recovered"], again["repay_id"]) == (True, "executed", True, run["repay_id"])
    assert (paid(), posts(), remembered()) == (["100"], 1, [])


def test_a_server_that_restarts_before_the_run_ends_records_its_end(repay, postgres, holder, until, paid, noted, ask) -> None:
    process = holder(2500)
    until(paid)
    postgres.stop("immediate")
    postgres.start()
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], run.warnings) == (False, True, "executed", "")
    assert (noted(), ask("SELECT event FROM bybit_entries ORDER BY number DESC LIMIT 1")) == ([], [("executed",)])
    # A new run is a new step.
    assert (repay()["outcome"], paid()) == ("executed", ["100", "100"])


def test_nothing_is_sent_if_the_server_ends_before_the_intent_is_recorded(repay, postgres, before_its_intent, posts, paid, journal) -> None:
    process = before_its_intent()
    postgres.stop()
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "not_executed", 0)
    assert f"The repayment of 100 USDT on loan 1794267532472646144 was not made: {in_name(journal)} cannot be used (" in run["msg"]
    postgres.start()
    assert (repay()["outcome"], repay(reference=INVOICE)["outcome"], paid()) == ("executed", "executed", ["100", "100"])


def test_a_server_that_restarts_before_the_intent_is_recorded_does_no_harm(postgres, before_its_intent, paid, noted) -> None:
    process = before_its_intent()
    postgres.stop("immediate")
    postgres.start()
    run = process.end()
    assert (run.failed, run["outcome"], paid(), noted()) == (False, "executed", ["100"], [])


@pytest.mark.parametrize("loses", ["answer", "commit"])
def test_nothing_is_sent_if_the_record_is_in_doubt(repay, journal, line, before_its_intent, posts, paid, noted, loses: Loses) -> None:
    repay(amount="1")
    process = before_its_intent(journal=line.url)
    line.loses = loses
    run = process.end()
    assert (line.loses, run.failed, run["changed"], run["outcome"], posts()) == ("nothing", True, False, "not_executed", 0)
    assert f"{in_name(journal)} did not confirm the COMMIT (" in run["msg"]
    # In the end, the journal says that nothing was sent, whether the intent was recorded or not.
    assert noted() == []
    again = repay()
    assert (again["outcome"], again.details["earlier"], paid()) == ("executed", [], ["100", "1"])


def test_an_overtaken_run_sends_nothing(before_its_intent, repay, sandbox, names, ask, paid, posts) -> None:
    """Ending its connection takes its lock away without the run's notice."""
    sandbox.control("POST", "faults", {"method": "GET", "path": names.wallet, "delay_answer_ms": 2500})
    process = before_its_intent()
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'treasury.bybit'")
    assert repay(amount="30")["outcome"] == "executed"
    run = process.end()
    assert (run.failed, run["changed"], run["outcome"], paid(), posts()) == (True, False, "not_executed", ["30"], 1)
    assert "Another run took over this loan while this one was suspended or disconnected from the journal" in run["msg"]
    assert "Nothing more is sent. Run again." in run["msg"]


def test_a_database_that_is_no_journal_is_refused_before_anything_is_sent(repay, ask, posts, sandbox, journal) -> None:
    sandbox.fault(answer="close", commit=False)
    repay(wait_timeout=0)
    sent = posts()
    for sql, why in (
        ("UPDATE bybit_intents SET document = '{}'", f"{in_name(journal)} cannot be read (an intent in it is invalid: "),
        ("UPDATE bybit_journal SET version = 99", "its schema has version 99, and this collection supports 2"),
        ("DELETE FROM bybit_journal", "its table bybit_journal has 0 rows instead of one"),
    ):
        ask(sql)
        for check in (True, False):
            run = repay(check=check)
            assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "unknown", sent)
            assert why in run["msg"]
            assert "Nothing was sent, because" in run["msg"]
