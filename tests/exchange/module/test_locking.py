# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two simultaneous runs for one loan wait for each other for a limited time, and never pay twice."""

from __future__ import annotations

import os
import platform
import pwd
import re
import time

import pytest


@pytest.fixture
def controller() -> str:
    """The name that a run gives its user and machine."""
    return f"user {pwd.getpwuid(os.geteuid()).pw_name} on {platform.node()}"


def test_the_second_waits_for_the_first(simulated_time, begin, holder, calls, paid) -> None:
    first = holder(1200)
    second = begin(amount="30")
    simulated_time.pass_by(0.6)
    assert (second.is_running, calls()[-2:]) == (True, ["POST repay", "GET query-api"])
    first, second = first.end(), second.end()
    assert [(run["outcome"], run.details["recovered"], run.details["earlier"]) for run in (first, second)] == [("executed", False, [])] * 2
    assert paid() == ["30", "100"]
    # The second run read the loan only after the first one paid.
    assert (first["loan"]["before"]["debt"], second["loan"]["before"]["debt"]) == ("1000.4", "900.4")
    assert calls()[7:11] == ["GET repayment-history", "GET ongoing-orders", "GET ongoing-orders", "GET loanable-data"]


def test_two_runs_for_one_goal_at_once_pay_once(begin, sandbox, holder, paid) -> None:
    since = sandbox.state()["server_time"] // 1000 - 3600
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))
    first = holder(500, since=text)
    second = begin(since=text)
    assert (first.end()["outcome"], second.end()["outcome"], paid()) == ("executed", "nothing_to_do", ["100"])


def test_the_wait_ends_with_one_sentence(simulated_time, repay, holder, controller, calls, paid) -> None:
    first = holder(5000)
    begun = simulated_time.seconds()
    run = repay(lock_timeout=1)
    assert simulated_time.seconds() - begun >= 1
    assert first.is_running
    assert (run.failed, run["changed"], run["outcome"], run["failure"]) == (True, False, "unknown", None)
    assert re.sub(r"since [-0-9]+ [:0-9]+ UTC\)", "since …)", run["msg"]) == (
        f"Another run for this loan (process {first.pid} of {controller}, since …) did not end within lock_timeout, 1 s, "
        f"so nothing was sent: run again later, or raise lock_timeout. The outcome of its operation is not "
        f"known yet."
    )
    assert (calls()[-2:], paid()) == (["POST repay", "GET query-api"], ["100"])
    first.kill()


def test_a_lock_timeout_of_zero_does_not_wait(repay, holder) -> None:
    first = holder(5000)
    assert "did not end within lock_timeout, 0 s" in repay(lock_timeout=0)["msg"]
    first.kill()


def test_a_run_that_gave_up_waiting_leaves_the_others_intent_alone(repay, holder, remembered) -> None:
    first = holder(5000)
    before = remembered()
    repay(lock_timeout=0)
    assert (len(before), remembered()) == (1, before)
    first.kill()


def test_a_killed_holder_frees_the_lock(repay, holder, until, paid, posts) -> None:
    first = holder(5000)
    until(paid)
    first.kill()
    run = repay(lock_timeout=0)
    assert (run["outcome"], run.details["recovered"], paid(), posts()) == ("executed", True, ["100"], 1)


def test_killing_the_waiting_run_does_no_harm(simulated_time, begin, repay, holder, paid, remembered) -> None:
    first = holder(1200)
    second = begin()
    simulated_time.pass_by(0.5)
    second.kill()
    assert (first.end()["outcome"], paid(), remembered()) == ("executed", ["100"], [])
    assert repay(amount="30", lock_timeout=0)["outcome"] == "executed"


def test_runs_for_other_loans_do_not_wait(repay, holder, names) -> None:
    first = holder(5000)
    assert repay(order_id=names.overdue, lock_timeout=0)["outcome"] == "executed"
    first.kill()


def test_check_mode_waits_as_well(repay, holder) -> None:
    first = holder(5000)
    assert "did not end within lock_timeout" in repay(check=True, lock_timeout=0)["msg"]
    first.kill()
    foreseen = repay(check=True, lock_timeout=0)
    assert (foreseen["outcome"], foreseen.details["earlier"][0]["outcome"]) == ("executed", "executed")


@pytest.mark.parametrize(
    ("option", "value"), [("lock_timeout", -1), ("lock_timeout", 86_401), ("wait_timeout", -1), ("settle_margin", 3601)]
)
def test_timeouts_out_of_range_are_refused(repay, sandbox, option: str, value: int) -> None:
    run = repay(**{option: value})
    assert (run.failed, run["outcome"]) == (True, "not_executed")
    assert f"{option} '{value}' is out of range: use a value from 0 to " in run["msg"]
    assert sandbox.requests()["counts"] == {}
