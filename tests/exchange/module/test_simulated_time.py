# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of these tests: it advances by what the runs sleep, and runs in real time only while a run waits for an answer."""

from __future__ import annotations

import time

import pytest
from module_runs.runs import as_module

MINUTE_MS = 60_000


@pytest.fixture
def exchange_ms(sandbox):
    """The time on the exchange's clock."""
    return lambda: sandbox.state()["server_time"]


def test_a_sleep_takes_no_real_time(repay, sandbox, simulated_time, exchange_ms) -> None:
    sandbox.fault(processing_ms=10 * MINUTE_MS)
    begun, real = simulated_time.seconds(), time.monotonic()
    assert repay(wait_timeout=3600)["outcome"] == "executed"
    assert simulated_time.seconds() - begun >= 600 > time.monotonic() - real
    assert exchange_ms() == simulated_time.now_ms()


def test_a_run_does_nothing_unless_the_test_waits(begin, sandbox, simulated_time, exchange_ms, until, posts, calls) -> None:
    process = begin()
    assert (calls(), process.is_running) == ([], True)
    until(posts)
    before, begun_ms = calls(), simulated_time.now_ms()
    time.sleep(0.05)
    assert (calls(), simulated_time.now_ms(), exchange_ms()) == (before, begun_ms, begun_ms)
    assert process.end()["outcome"] == "executed"


@pytest.mark.parametrize("program", [None, as_module("bybit_loan_repay")], ids=["forked", "started"])
def test_no_time_is_skipped_while_a_run_waits_for_an_answer(begin, repay, sandbox, simulated_time, until, posts, program) -> None:
    sandbox.fault(delay_answer_ms=30_000)
    holder = begin(program=program, api_timeout=60)
    until(posts)
    real, begun = time.monotonic(), simulated_time.seconds()
    assert "did not end within lock_timeout, 1 s" in repay(lock_timeout=1)["msg"]
    assert time.monotonic() - real >= 1
    assert abs(time.monotonic() - real - (simulated_time.seconds() - begun)) < 0.5
    holder.kill()
    real, begun = time.monotonic(), simulated_time.seconds()
    simulated_time.pass_by(60)
    assert simulated_time.seconds() - begun >= 60 > time.monotonic() - real


def test_runs_continue_in_the_order_in_which_they_are_due(begin, sandbox, simulated_time, names) -> None:
    sandbox.fault(processing_ms=10 * MINUTE_MS)
    slow = begin(wait_timeout=3600)
    simulated_time.pass_by(1)
    quick = begin(order_id=names.overdue)
    assert (quick.end()["outcome"], slow.is_running) == ("executed", True)
    assert slow.end()["outcome"] == "executed"


def test_an_exchange_whose_clock_stands_still_is_not_told_the_time(sandbox, simulated_time, exchange_ms) -> None:
    begun = simulated_time.seconds()
    stopped_ms = sandbox.clock(freeze=True)
    simulated_time.pass_by(60)
    assert (exchange_ms(), simulated_time.seconds() - begun >= 60) == (stopped_ms, True)
    sandbox.clock(advance_ms=7)
    assert exchange_ms() == stopped_ms + 7
    sandbox.clock(freeze=False)
    assert exchange_ms() == simulated_time.now_ms()


def test_a_wrong_clock_of_an_exchange_stays_wrong(sandbox, simulated_time, exchange_ms) -> None:
    sandbox.clock(offset_ms=-MINUTE_MS)
    sandbox.clock(advance_ms=1000)
    simulated_time.pass_by(60)
    assert simulated_time.now_ms() - exchange_ms() == MINUTE_MS - 1000


def test_a_run_killed_in_its_sleep_delays_no_other(begin, repay, sandbox, until, calls) -> None:
    sandbox.fault(processing_ms=10 * MINUTE_MS)
    process = begin(wait_timeout=3600)
    until(lambda: calls().count("GET repayment-history") > 2)
    process.kill()
    assert repay(wait_timeout=3600)["outcome"] == "executed"
