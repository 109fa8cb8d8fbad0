# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse times from YAML, and write them for people. All times are UTC; numbers are milliseconds since 1970.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import datetime
import re

from ._redaction import quotable

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
PERIODS = ("day", "week", "month", "quarter")
# Somewhat more than the estimate of the exchange's time lags behind it.
CLOCK_SLACK_MS = 100

# The exchange documents "6 months". The shortest 6 months have 181 days.
HISTORY_REACH_DAYS = 180

# The exchange opened in 2018. A time in seconds would be in January 1970, and one in microseconds beyond the year 9999.
_FIRST_PLAUSIBLE_MS = 1_514_764_800 * SECOND_MS
# In the year 9999, a conversion between time zones can leave the range of Python's dates.
END_OF_TIME_MS = 253_370_764_800 * SECOND_MS

_DATE = "(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
_ZONE = "(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
_MOMENT = re.compile(f"{_DATE}(?:[Tt ]{_TIME} ?{_ZONE}?)?", re.ASCII)
_DURATION = re.compile("(?P<number>[0-9]{1,5})(?P<unit>[dh])", re.ASCII)
_EXAMPLE = "use a date such as '2026-11-01' (midnight UTC), or a time with a time zone, such as '2026-11-01T00:00:00Z'"


def is_plausible(time_ms: int) -> bool:
    """Return whether a number can be a time of the exchange in milliseconds, not in another unit."""
    return _FIRST_PLAUSIBLE_MS <= time_ms < END_OF_TIME_MS


class InvalidTime(ValueError):
    """The time is invalid. The text follows the name of the option in a message."""


def parse_moment(text: str) -> int:
    """Return the moment that a user wrote as an ISO 8601 date (its beginning in UTC) or as a time with a time zone.

    :return: Milliseconds since 1970.
    :raises InvalidTime: For everything else, with what to write instead.
    """
    match = _MOMENT.fullmatch(text.strip())
    if not match:
        raise InvalidTime(f"'{quotable(text, 40)}' is not an ISO 8601 time: {_EXAMPLE}")
    if match["hour"] and not match["zone"]:
        raise InvalidTime(f"'{quotable(text, 40)}' has no time zone: {_EXAMPLE}")
    milliseconds = int((match["fraction"] or "0").ljust(3, "0")[:3])
    try:
        day = datetime.datetime.strptime(match["date"], "%Y-%m-%d")
        moment = day.replace(
            hour=int(match["hour"] or 0),
            minute=int(match["minute"] or 0),
            second=int(match["second"] or 0),
            tzinfo=_zone(match["zone"] or "Z"),
        )
    except ValueError:
        raise InvalidTime(f"'{quotable(text, 40)}' is not a valid date and time: {_EXAMPLE}") from None
    time_ms = round(moment.timestamp()) * SECOND_MS + milliseconds
    if not 0 <= time_ms < END_OF_TIME_MS:
        raise InvalidTime(f"'{quotable(text, 40)}' is out of range: {_EXAMPLE}")
    return time_ms


def parse_duration(text: str) -> int:
    """Return the duration in milliseconds that a user wrote as a whole number of days or hours.

    :raises InvalidTime: For everything else, with what to write instead.
    """
    text = text.strip()
    match = _DURATION.fullmatch(text)
    if match:
        return int(match["number"]) * (DAY_MS if match["unit"] == "d" else HOUR_MS)
    if re.fullmatch("[0-9]{1,5}", text, re.ASCII):
        raise InvalidTime(f"'{text}' has no unit: use '{text}d' for days or '{text}h' for hours")
    raise InvalidTime(f"'{quotable(text, 40)}' is not a duration: use whole days such as '3d', or hours such as '36h'")


def period_begin_ms(per: str, now_ms: int) -> int:
    """Return when the current day, week, month, or quarter began (UTC, ms). A week is an ISO week, which begins on Monday.

    :param per: One of C(PERIODS).
    """
    today = datetime.datetime.fromtimestamp(now_ms // SECOND_MS, tz=datetime.timezone.utc).date()
    begins = {
        "day": today,
        "week": today - datetime.timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "quarter": today.replace(month=today.month - (today.month - 1) % 3, day=1),
    }
    return (begins[per] - datetime.date(1970, 1, 1)).days * DAY_MS


def utc(time_ms: int) -> str:
    """Write a time for people, to the second."""
    moment = datetime.datetime.fromtimestamp(time_ms // SECOND_MS, tz=datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(time_ms: int) -> str:
    """Write a time as ISO 8601 (UTC), to the second, as C(parse_moment) reads it."""
    moment = datetime.datetime.fromtimestamp(time_ms // SECOND_MS, tz=datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _zone(text: str) -> datetime.timezone:
    if text in "Zz":
        return datetime.timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    if int(digits[2:]) > 59:
        raise ValueError("the zone has more than 59 minutes")
    offset = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return datetime.timezone(-offset if text[0] == "-" else offset)
