# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time of the tests here: only what everybody sleeps through is skipped, and the exchange's clock goes with it."""

from __future__ import annotations

import time

import pytest
from module_runs.process import as_module

MINUTE_MS = 60_000


@pytest.fixture
def differs_ms(sandbox, simulated_time):
    """How far the exchange's clock is from that of the test."""
    return lambda: abs(sandbox.state()["server_time"] - simulated_time.now_ms())


def test_what_a_run_waits_for_is_over_at_once(repay, sandbox, simulated_time, differs_ms) -> None:
    sandbox.fault(processing_ms=10 * MINUTE_MS)
    begun, real = simulated_time.seconds(), time.monotonic()
    assert repay(wait_timeout=3600)["outcome"] == "executed"
    assert simulated_time.seconds() - begun >= 600 > time.monotonic() - real
    assert differs_ms() < MINUTE_MS


def test_no_time_is_skipped_while_the_test_does_not_wait(begin, sandbox, simulated_time, until, calls) -> None:
    sandbox.fault(processing_ms=10 * MINUTE_MS)
    process = begin(wait_timeout=3600)
    until(lambda: calls().count("GET repayment-history") > 2)
    assert (simulated_time.skipped_ms(), process.is_running) == (0, True)
    assert process.end()["outcome"] == "executed"
    assert simulated_time.skipped_ms() > 9 * MINUTE_MS


@pytest.mark.parametrize("program", [None, as_module("bybit_loan_repay")], ids=["forked", "started"])
def test_nor_while_a_run_waits_for_an_answer(begin, repay, sandbox, simulated_time, until, posts, program) -> None:
    sandbox.fault(delay_answer_ms=30_000)
    holder = begin(program=program, api_timeout=60)
    until(posts)
    real = time.monotonic()
    assert "did not end within lock_timeout, 1 s" in repay(lock_timeout=1)["msg"]
    assert (simulated_time.skipped_ms(), time.monotonic() - real >= 1) == (0, True)
    holder.kill()
    simulated_time.pass_by(60)
    assert simulated_time.skipped_ms() > 59_000


def test_an_exchange_whose_clock_stands_still_is_left_alone(sandbox, simulated_time) -> None:
    stopped_ms = sandbox.clock(freeze=True)
    simulated_time.pass_by(60)
    assert (sandbox.state()["server_time"], simulated_time.skipped_ms() > 59_000) == (stopped_ms, True)


def test_a_run_that_was_killed_in_its_sleep_holds_up_nobody(begin, repay, sandbox, until, calls) -> None:
    sandbox.fault(processing_ms=10 * MINUTE_MS)
    process = begin(wait_timeout=3600)
    until(lambda: calls().count("GET repayment-history") > 2)
    process.kill()
    assert repay(wait_timeout=3600)["outcome"] == "executed"
