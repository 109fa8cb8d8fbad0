# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the exchange's gate turned away did nothing: only then is a request sent again, within bounds and for all to see."""

from __future__ import annotations

import time

import pytest


@pytest.mark.parametrize("offset_ms", [3_600_000, -3_600_000, 6_000, -2_000])
def test_a_wrong_clock_is_corrected_once(repay, sandbox, paid, posts, offset_ms: int) -> None:
    sandbox.clock(offset_ms=offset_ms)
    run = repay()
    assert (run["changed"], run["gate_retries"]["clock_syncs"], paid(), posts()) == (True, 1, ["100"], 1)
    assert sandbox.requests()["counts"]["GET /v5/market/time"] == 1
    assert abs(run["sent_at_ms"] - offset_ms - time.time() * 1000) < 30_000


def test_a_clock_within_the_window_is_left_alone(repay, sandbox) -> None:
    sandbox.clock(offset_ms=2_000)
    assert repay(recv_window=5000)["gate_retries"]["clock_syncs"] == 0


def test_a_repayment_whose_timestamp_was_refused_is_signed_once_more(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"ret_code": 10002})
    run = repay()
    assert (run["changed"], run["gate_retries"]["clock_syncs"], paid(), posts()) == (True, 1, ["100"], 2)
    assert (run["outcome"], run["recovered"], remembered()) == ("executed", False, [])


def test_a_repayment_that_was_refused_in_a_way_that_few_know_is_not_sent_again(repay, sandbox, paid, posts, remembered) -> None:
    sandbox.fault(answer={"ret_code": -1})
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", -1)
    assert (run["gate_retries"]["clock_syncs"], paid(), posts(), remembered()) == (0, [], 1, [])


def test_a_timestamp_refused_again_is_a_failure(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10002}, times=0)
    run = repay()
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", 10002)
    assert "set the clock of this machine by NTP" in run["msg"]
    assert (run["gate_retries"]["clock_syncs"], paid(), posts()) == (1, [], 2)


@pytest.mark.parametrize("nanoseconds", ["", "soon", "1e18", "0", "9" * 40])
def test_without_the_exchanges_time_the_clock_cannot_be_corrected(
    repay, sandbox, paid, posts, nanoseconds: str
) -> None:
    sandbox.fault(answer={"ret_code": 10002})
    answer = {"http_status": 200, "body": '{"retCode":0,"result":{"timeNano":"%s"}}' % nanoseconds}
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/market/time", "answer": answer})
    run = repay()
    assert (run.failed, run["outcome"], paid(), posts()) == (True, "not_executed", [], 1)
    assert "Bybit answered /v5/market/time without its time." in run["msg"]


def test_the_rate_limit_is_waited_for(begin, strict, paid, posts, until) -> None:
    # A limit that is used up stays so while the exchange's clock stands still.
    strict.clock(freeze=True)
    strict.repay(amount="1")
    process = begin()
    until(lambda: posts() > 1)
    strict.clock(freeze=False)
    run = process.end()
    pauses = run["gate_retries"]["rate_limits"]
    assert (run["changed"], pauses > 0, paid()) == (True, True, ["100", "1"])
    assert 1050 * pauses <= run["gate_retries"]["rate_limit_wait_ms"] <= 2000 * pauses


def test_the_pause_is_as_long_as_the_header_says(repay, sandbox, paid, posts) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(time.time_ns() // 1_000_000 + 2_200)}
    sandbox.fault(answer={"ret_code": 10006, "headers": reset})
    begun = time.monotonic()
    run = repay()
    assert (run["changed"], run["gate_retries"]["rate_limits"], paid(), posts()) == (True, 1, ["100"], 2)
    # More than the shortest pause.
    assert 1100 < run["gate_retries"]["rate_limit_wait_ms"] <= 2200
    assert time.monotonic() - begun > 1.1


def test_the_pause_is_reckoned_by_the_exchanges_clock(repay, sandbox) -> None:
    server_ms = sandbox.clock(offset_ms=3_000)
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(server_ms + 2_500)}
    sandbox.fault(answer={"ret_code": 10006, "headers": reset})
    run = repay(recv_window=5000)
    assert run["gate_retries"]["clock_syncs"] == 0
    assert 1100 < run["gate_retries"]["rate_limit_wait_ms"] <= 2500


@pytest.mark.parametrize("reset", ["", "1", "soon", "-5", "9" * 400])
def test_a_useless_header_means_the_shortest_pause(repay, sandbox, paid, reset: str) -> None:
    sandbox.fault(answer={"ret_code": 10006, "headers": {"X-Bapi-Limit-Reset-Timestamp": reset}})
    assert repay()["gate_retries"] == {"clock_syncs": 0, "rate_limits": 1, "rate_limit_wait_ms": 1050}
    assert paid() == ["100"]


def test_a_pause_longer_than_allowed_is_not_begun(repay, sandbox, paid, posts) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(time.time_ns() // 1_000_000 + 60_000)}
    sandbox.fault(answer={"ret_code": 10006, "headers": reset})
    begun = time.monotonic()
    run = repay(rate_limit_timeout=5)
    assert time.monotonic() - begun < 20
    assert (run.failed, run["outcome"], run["gate_retries"]["rate_limits"]) == (True, "not_executed", 0)
    assert "raise rate_limit_timeout" in run["msg"]
    assert (paid(), posts()) == ([], 1)


def test_pauses_end_when_they_have_used_up_the_allowance(repay, sandbox, paid, posts) -> None:
    sandbox.fault(answer={"ret_code": 10006}, times=0)
    run = repay(rate_limit_timeout=3)
    assert (run.failed, run["outcome"], run["failure"]["ret_code"]) == (True, "not_executed", 10006)
    assert (run["gate_retries"]["rate_limits"], paid(), posts()) == (2, [], 3)
