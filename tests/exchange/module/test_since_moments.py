# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The moment of `since`: ISO 8601 with a time zone, or a date in UTC, in the past and within the history's range."""

from __future__ import annotations

import datetime

import pytest

UTC = datetime.timezone.utc
YESTERDAY = (datetime.datetime.now(tz=UTC) - datetime.timedelta(days=1)).strftime("%Y-%m-%d")


def shifted(days: float) -> str:
    return (datetime.datetime.now(tz=UTC) + datetime.timedelta(days=days)).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("spelling", "hours"),
    [
        ("{}", 0),
        ("{}T00:00:00Z", 0),
        ("{}T12:00:00+05:30", 6.5),
        ("{}T12:00-0300", 15),
        ("{} 12:00:01.500+00:00", 12 + 1.5 / 3600),
    ],
)
def test_valid_moments_are_understood(repay, spelling: str, hours: float) -> None:
    run = repay(since=spelling.format(YESTERDAY), check=True)
    midnight = datetime.datetime.fromisoformat(YESTERDAY).replace(tzinfo=UTC)
    assert run.details["since"]["time_ms"] == round((midnight.timestamp() + hours * 3600) * 1000)


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        ("{}T00:00:00", "has no time zone: use a date such as"),
        ("yesterday", "'yesterday' is not an ISO 8601 time: use a date such as"),
        ("", "'' is not an ISO 8601 time"),
        (20261101, "is not an ISO 8601 time"),
        ("{}T12:00:00CET", "is not an ISO 8601 time"),
        ("2026-02-30", "is not a valid date and time"),
        ("{}T12:00:00+25:00", "is not a valid date and time"),
        ("0001-01-01T00:00:00+14:00", "is out of range"),
        ("9999-12-31T23:59:59-14:00", "is out of range"),
    ],
)
def test_invalid_moments_are_refused_before_anything_is_sent(
    repay, sandbox, journal, since: object, sentence: str
) -> None:
    run = repay(since=since.format(YESTERDAY) if isinstance(since, str) else since)
    assert (run.failed, run.exit_code, run["outcome"]) == (True, 1, "not_executed")
    assert run["msg"].startswith("since ")
    assert sentence in run["msg"]
    assert "Traceback" not in run.output
    assert (sandbox.requests()["counts"], journal.parent.exists()) == ({}, False)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (0.01, "since is in the future ("),
        (400, "since is in the future ("),
        (-181, "since is too far in the past ("),
    ],
)
def test_moments_outside_the_history_are_refused(repay, posts, days: float, sentence: str) -> None:
    run = repay(since=shifted(days))
    assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, "not_executed", 0)
    assert sentence in run["msg"]
    assert ("set a time in the past" in run["msg"]) == (days > 0)
    assert ("only goes back 6 months; set a time after" in run["msg"]) == (days < 0)
    assert repay(since=shifted(days), check=True)["msg"][:40] == run["msg"][:40]


def test_the_oldest_moment_of_the_history_is_accepted(repay) -> None:
    assert repay(since=shifted(-179.9), check=True).details["since"]["repaid"] == "100.1"


def test_past_and_future_follow_the_exchanges_clock(repay, sandbox) -> None:
    now_ms = sandbox.clock(offset_ms=2 * 3_600_000)
    one_hour_on = datetime.datetime.fromtimestamp(now_ms // 1000 - 3600, tz=UTC).isoformat()
    assert repay(since=one_hour_on, check=True)["outcome"] == "planned"
    sandbox.clock(offset_ms=-2 * 3_600_000)
    assert "since is in the future" in repay(since=shifted(-1 / 24), check=True)["msg"]
