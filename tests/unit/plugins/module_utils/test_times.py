# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._times import (
    PERIODS,
    InvalidTime,
    is_plausible,
    iso,
    parse_duration,
    parse_moment,
    period_begin_ms,
    utc,
)

# 2026-11-01 00:00:00 UTC
MIDNIGHT_MS = 1793491200000
HOUR_MS = 3600_000


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("2026-11-01", MIDNIGHT_MS),
        (" 2026-11-01\n", MIDNIGHT_MS),
        ("1970-01-01", 0),
        ("2024-02-29", 1709164800000),
        ("2026-11-01T00:00:00Z", MIDNIGHT_MS),
        ("2026-11-01t00:00:00z", MIDNIGHT_MS),
        ("2026-11-01 00:00:00 Z", MIDNIGHT_MS),
        ("2026-11-01T00:00Z", MIDNIGHT_MS),
        ("2026-11-01T12:34:56Z", MIDNIGHT_MS + 12 * HOUR_MS + 34 * 60_000 + 56_000),
        ("1970-01-01T01:00:00.5+01:00", 500),
        # As Ansible writes an unquoted YAML timestamp.
        ("2026-11-01 00:00:00+00:00", MIDNIGHT_MS),
    ],
)
def test_moments(text: str, time_ms: int) -> None:
    assert parse_moment(text) == time_ms


@pytest.mark.parametrize(
    ("zone", "earlier_ms"),
    [
        ("+01:00", HOUR_MS),
        ("+01", HOUR_MS),
        ("+0100", HOUR_MS),
        (" +0100", HOUR_MS),
        ("-08:00", -8 * HOUR_MS),
        ("-0330", -12_600_000),
        ("+05:45", 20_700_000),
        ("+14:00", 14 * HOUR_MS),
        ("+23:59", 24 * HOUR_MS - 60_000),
        ("-00:00", 0),
    ],
)
def test_zones(zone: str, earlier_ms: int) -> None:
    assert parse_moment(f"2026-11-01T00:00:00{zone}") == MIDNIGHT_MS - earlier_ms


@pytest.mark.parametrize(
    ("fraction", "milliseconds"),
    [(".1", 100), (".12", 120), (".123", 123), (".1239", 123), (".000999999", 0), (".999999999", 999), (",5", 500)],
)
def test_fractions_are_cut_to_milliseconds(fraction: str, milliseconds: int) -> None:
    assert parse_moment(f"2026-11-01T00:00:00{fraction}Z") == MIDNIGHT_MS + milliseconds


@pytest.mark.parametrize("text", ["2026-11-01T00:00:00", "2026-11-01 00:00", "2026-11-01T00:00:00.5"])
def test_a_time_without_zone_is_refused(text: str) -> None:
    with pytest.raises(InvalidTime, match=f"^'{text}' has no time zone: use a date such as '2026-11-01'"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "now",
        "yesterday",
        "1793491200",
        "20261101",
        "2026-11",
        "2026-W44-7",
        "2026-11-1",
        "01.11.2026",
        "11/01/2026",
        "2026-11-01Z",
        "2026-11-01T",
        "2026-11-01T00Z",
        "2026-11-01T00:00:00.Z",
        "2026-11-01T00:00:00.1234567890Z",
        "2026-11-01T00:00:00 UTC",
        "2026-11-01T00:00:00 Europe/Berlin",
        "2026-11-01T00:00:00+1",
        "2026-11-01T00:00:00+00:00:00",
        "2026-11-01T00:00:00\u221201:00",
        "+2026-11-01",
        "-2026-11-01",
        "\u0662\u0660\u0662\u0666-11-01",
        "2026-11-01\n2026-11-02",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InvalidTime, match="is not an ISO 8601 time: use a date such as '2026-11-01'"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01",
        "2026-00-01",
        "2026-13-01",
        "2026-11-00",
        "2026-11-31",
        "2026-02-29",
        "2100-02-29",
        "2026-11-01T24:00:00Z",
        "2026-11-01T23:60:00Z",
        # Computers do not count leap seconds.
        "2016-12-31T23:59:60Z",
        "2026-11-01T00:00:00+24:00",
        "2026-11-01T00:00:00-99",
        "2026-11-01T00:00:00+00:60",
    ],
)
def test_a_time_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(InvalidTime, match="is not a valid date and time"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00+00:01",
        "9999-01-01",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_beyond_all_loans_is_refused(text: str) -> None:
    with pytest.raises(InvalidTime, match="is out of range: use a date"):
        parse_moment(text)


def test_the_last_moment_can_be_written() -> None:
    assert utc(parse_moment("9998-12-31T23:59:59Z")) == "9998-12-31 23:59:59 UTC"


def test_a_long_text_is_cut() -> None:
    with pytest.raises(InvalidTime) as caught:
        parse_moment("9" * 1000)
    assert str(caught.value).startswith("'… (1000 characters)' is not")


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (999, "1970-01-01 00:00:00 UTC"),
        (1000, "1970-01-01 00:00:01 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"),
        (MIDNIGHT_MS, "2026-11-01 00:00:00 UTC"),
        (MIDNIGHT_MS - 1, "2026-10-31 23:59:59 UTC"),
    ],
)
def test_utc(time_ms: int, text: str) -> None:
    assert utc(time_ms) == text


def test_a_written_time_can_be_read() -> None:
    assert parse_moment(utc(MIDNIGHT_MS + 5000).replace(" UTC", "Z")) == MIDNIGHT_MS + 5000


@pytest.mark.parametrize(("text", "hours"), [("3d", 72), ("36h", 36), (" 0d ", 0), ("0h", 0), ("99999d", 2_399_976), ("07h", 7)])
def test_durations(text: str, hours: int) -> None:
    assert parse_duration(text) == hours * HOUR_MS


@pytest.mark.parametrize("text", ["3", "", "d", "3 d", "-3d", "3.5d", "1d12h", "3m", "3D", "100000d", "٣d", "3d\n4h"])
def test_invalid_durations_are_refused(text: str) -> None:
    with pytest.raises(InvalidTime):
        parse_duration(text)


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [(0, "1970-01-01T00:00:00Z"), (MIDNIGHT_MS, "2026-11-01T00:00:00Z"), (MIDNIGHT_MS + HOUR_MS - 1, "2026-11-01T00:59:59Z")],
)
def test_a_time_as_iso_8601_can_be_read_again(time_ms: int, text: str) -> None:
    assert iso(time_ms) == text
    assert parse_moment(text) == time_ms // 1000 * 1000


@pytest.mark.parametrize(
    ("time_ms", "is_time"),
    [
        (1514764800000, True),
        (1793534400000, True),
        (253370764799999, True),
        # In seconds, in microseconds, beyond the calendar, and before the exchange opened.
        (1793534400, False),
        (1793534400000000, False),
        (0, False),
        (-1793534400000, False),
        (1514764799999, False),
        (253370764800000, False),
    ],
)
def test_which_numbers_can_be_times_of_the_exchange(time_ms: int, is_time: bool) -> None:
    assert is_plausible(time_ms) == is_time


@pytest.mark.parametrize(
    ("now", "day", "week", "month", "quarter"),
    [
        # A Friday like any other.
        ("2026-11-27T12:34:56Z", "2026-11-27", "2026-11-23", "2026-11-01", "2026-10-01"),
        # Monday begins a week, and Sunday ends it.
        ("2026-11-23T00:00:00Z", "2026-11-23", "2026-11-23", "2026-11-01", "2026-10-01"),
        ("2026-11-22T23:59:59.999Z", "2026-11-22", "2026-11-16", "2026-11-01", "2026-10-01"),
        # The last and the first moment of a month. The week begins in the month before.
        ("2026-10-31T23:59:59.999Z", "2026-10-31", "2026-10-26", "2026-10-01", "2026-10-01"),
        ("2026-11-01T00:00:00Z", "2026-11-01", "2026-10-26", "2026-11-01", "2026-10-01"),
        # Each quarter: its last and its first moment.
        ("2026-03-31T23:59:59.999Z", "2026-03-31", "2026-03-30", "2026-03-01", "2026-01-01"),
        ("2026-04-01T00:00:00Z", "2026-04-01", "2026-03-30", "2026-04-01", "2026-04-01"),
        ("2026-06-30T23:59:59.999Z", "2026-06-30", "2026-06-29", "2026-06-01", "2026-04-01"),
        ("2026-07-01T00:00:00Z", "2026-07-01", "2026-06-29", "2026-07-01", "2026-07-01"),
        ("2026-09-30T23:59:59.999Z", "2026-09-30", "2026-09-28", "2026-09-01", "2026-07-01"),
        ("2026-10-01T00:00:00Z", "2026-10-01", "2026-09-28", "2026-10-01", "2026-10-01"),
        # A year. The week belongs to both.
        ("2026-12-31T23:59:59.999Z", "2026-12-31", "2026-12-28", "2026-12-01", "2026-10-01"),
        ("2027-01-01T00:00:00Z", "2027-01-01", "2026-12-28", "2027-01-01", "2027-01-01"),
        # Leap years, also those of centuries.
        ("2028-02-29T23:59:59.999Z", "2028-02-29", "2028-02-28", "2028-02-01", "2028-01-01"),
        ("2028-03-01T00:00:00Z", "2028-03-01", "2028-02-28", "2028-03-01", "2028-01-01"),
        ("2027-03-01T00:00:00Z", "2027-03-01", "2027-03-01", "2027-03-01", "2027-01-01"),
        ("2000-02-29T12:00:00Z", "2000-02-29", "2000-02-28", "2000-02-01", "2000-01-01"),
        ("2100-03-01T00:00:00Z", "2100-03-01", "2100-03-01", "2100-03-01", "2100-01-01"),
        # A day of UTC, not of the zone of the user.
        ("2026-11-01T00:30:00+01:00", "2026-10-31", "2026-10-26", "2026-10-01", "2026-10-01"),
        # 1970 began on a Thursday.
        ("1970-01-08T00:00:00Z", "1970-01-08", "1970-01-05", "1970-01-01", "1970-01-01"),
    ],
)
def test_periods(now: str, day: str, week: str, month: str, quarter: str) -> None:
    begins = [period_begin_ms(per, parse_moment(now)) for per in PERIODS]
    assert [iso(begin)[:10] for begin in begins] == [day, week, month, quarter]
    assert [begin % (24 * HOUR_MS) for begin in begins] == [0, 0, 0, 0]


@pytest.mark.parametrize("per", PERIODS)
def test_a_period_begins_once(per: str) -> None:
    """For four years, by the hour: each period begins at its own first moment, and a millisecond earlier is the period before."""
    for hour in range(4 * 366 * 24):
        now_ms = MIDNIGHT_MS + hour * HOUR_MS
        begin_ms = period_begin_ms(per, now_ms)
        assert begin_ms <= now_ms
        assert period_begin_ms(per, begin_ms) == begin_ms
        assert period_begin_ms(per, begin_ms - 1) < begin_ms
