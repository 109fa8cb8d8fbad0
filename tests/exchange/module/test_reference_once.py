# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step with a reference is executed once, even if its run is killed, runs twice at once, or reports to nobody."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import typing as t

import pytest
from referring import AGAIN, DAY_SECONDS, INVOICE, asked, assert_answered, repay_once
from remembered_runs import DYING, ORPHAN
from ways import LEGACY

# Fixtures from another file, which pytest finds here.
__all__ = ["asked", "assert_answered", "repay_once"]
# As with Mitogen, the output has no file behind it.
BUFFERED = """
import io, os, sys
class Buffer(io.RawIOBase):
    def writable(self): return True
    def write(self, data): return os.write(1, data)
sys.stdout = io.TextIOWrapper(io.BufferedWriter(Buffer()), encoding="utf-8")
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_repay
bybit_loan_repay.main()
"""


@pytest.fixture
def age(journal) -> t.Callable[[int], None]:
    """Make reported records this many days older."""

    def call(days: int) -> None:
        with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as connection:
            [(document,)] = connection.execute("SELECT document FROM bybit_intents").fetchall()
            known = json.loads(document)
            known["reported_at_ms"] -= days * DAY_SECONDS * 1000
            connection.execute("UPDATE bybit_intents SET document = ?", (json.dumps(known),))

    return call


@pytest.mark.parametrize("calls_before", range(1, 9))
def test_a_step_killed_at_any_moment_and_run_again_pays_once(begin, repay_once, sandbox, calls, until, paid, calls_before: int) -> None:
    """There is one repayment, however often it is killed."""
    for dummy in range(2):
        sandbox.control("DELETE", "requests")
        process = begin(reference=INVOICE)
        until(lambda: len(calls()) >= calls_before or not process.is_running)
        if process.is_running:
            process.kill()
    runs = [repay_once() for dummy in range(3)]
    assert [(run["outcome"], run["amount"]) for run in runs] == [("executed", "100")] * 3
    assert [run["changed"] for run in runs[1:]] == [False, False]
    assert (paid(), {run["repay_id"] for run in runs}) == (["100"], {sandbox.repayments()[0]["repay_id"]})


@pytest.mark.parametrize(
    ("where", "is_told"),
    [
        ("transport.Transport.send = dying", False),
        ("journal.Journal.close = die", True),
    ],
    ids=["recorded", "told"],
)
def test_a_step_killed_between_its_records_pays_once(begin, repay_once, sandbox, until, paid, posts, assert_answered, where, is_told) -> None:
    process = begin(program=("-c", DYING.format(where=where)), reference=INVOICE)
    until(lambda: not process.is_running)
    assert posts() == (1 if is_told else 0)
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"]) == (True, "executed", is_told)
    assert_answered(sandbox.repayments()[0])
    assert paid() == ["100"]


def test_two_runs_at_once_pay_once(simulated_time, begin, sandbox, until, posts, paid) -> None:
    sandbox.fault(delay_answer_ms=1200)
    first = begin(reference=INVOICE)
    until(posts)
    second = begin(reference=INVOICE)
    simulated_time.pass_by(0.5)
    assert second.is_running
    first, second = first.end(), second.end()
    assert [(run.failed, run["changed"], run["outcome"]) for run in (first, second)] == [(False, True, "executed"), (False, False, "executed")]
    assert (first["repay_id"], paid()) == (second["repay_id"], ["100"])


def test_two_runs_at_once_on_two_loans_pay_once(begin, sandbox, repay_once, until, calls, paid, names) -> None:
    """They do not wait for each other, so the journal decides when they record their intents."""
    sandbox.control("POST", "faults", {"method": "GET", "path": LEGACY.history, "delay_answer_ms": 800})
    first = begin(reference=INVOICE, order_id=names.overdue, amount="1")
    until(lambda: "GET repayment-history" in calls())
    second = begin(reference=INVOICE).end()
    first = first.end()
    assert (second.failed, second["changed"], second["outcome"]) == (False, True, "executed")
    assert (first.failed, first["changed"], first["outcome"]) == (True, False, "not_executed")
    assert "Another run has recorded an intent for this loan, or under this reference, at the same moment" in first["msg"]
    assert "Nothing more is sent. Run again." in first["msg"]
    assert repay_once(order_id=names.overdue, amount="1")["msg"].endswith(AGAIN)
    assert paid() == ["100"]


@pytest.mark.parametrize("days", [0, 400])
def test_a_result_that_reached_nobody_is_reported_again_forever(repay_once, sandbox, age, paid, posts, assert_answered, days: int) -> None:
    """Without a reference, it is repeated for 12 hours."""
    told = repay_once(program=("-c", ORPHAN.format(method="post")))
    assert (told["outcome"], told.exit_code) == ("executed", -9)
    age(days)
    run = repay_once()
    assert (run["changed"], run["outcome"], run.details["recovered"], run["repay_id"]) == (True, "executed", True, told["repay_id"])
    assert "hours" not in run.warnings
    assert f"That repayment counts as the step that reference '{INVOICE}' names." in run.warnings
    assert_answered(sandbox.repayments()[0])
    assert (paid(), posts()) == (["100"], 0)


def test_a_result_that_another_program_takes_is_reported_once(repay_once, sandbox, paid, assert_answered) -> None:
    """Nobody knows whether it arrives there. It does no harm if it does not."""
    first = repay_once(program=("-c", BUFFERED))
    assert (first["changed"], first["outcome"], first.warnings) == (True, "executed", "")
    assert_answered(sandbox.repayments()[0], program=("-c", BUFFERED))
    assert paid() == ["100"]
