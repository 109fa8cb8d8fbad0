# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masks for what may differ between two runs: names of places, times, random IDs, and frames of tracebacks.

Whatever is masked must be there both ways, and IDs that are equal in one run must be equal in the other.
"""

from __future__ import annotations

import re
import typing as t

# IDs in the built-in seed begin with 179; the exchange derives new IDs from the time.
_NUMBERED = {
    # IDs of intents and requests, and the callback's name for a task.
    "uuid": re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    "repay_id": re.compile(r"\b2\d{18}\b"),
    # What identifies a plan, which contains the time at which it was made, and the beginning of that as a reference.
    "digest": re.compile(r"\b[0-9a-f]{64}\b"),
    "reference": re.compile(r"\b[0-9a-f]{16}(?=/\d)"),
}
_ALIKE = {
    # Times of the machine or the exchange, in milliseconds and as text.
    "ms": re.compile(r"\b1[78]\d{11}\b"),
    "time": re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00| UTC)?"),
    "day": re.compile(r"\b20\d\d-\d\d-\d\d\b"),
    "process": re.compile(r"(?<=process )\d+"),
    # How often a run had to read the exchange until it knew the outcome.
    "reads": re.compile(r'(?<="reads")(?:,\s+|: )\d+'),
    # Two runs can fall into different hundredths of a day.
    "days": re.compile(r'(?<="days_to_maturity")(?:,\s+|: )"-?\d+(?:\.\d+)?"'),
}
# A run whose first read falls into the same millisecond as the answer has to read, and so to wait, once more.
_SECOND_READ = re.compile(r'\[\s*"It is not known yet whether [^"\n]*: waiting up to \d+ s\."\s*\]')
# The frames differ because a module is imported from another place; exceptions and messages do not differ.
_FRAMES = {
    "text": re.compile(r'(Traceback \(most recent call last\):\n)(?:[ \t]+.*\n)+'),
    "json": re.compile(r"(Traceback \(most recent call last\):\\n)(?:[ \t]+(?:[^\\\"]|\\[^n])*\\n)+"),
}


def masked(text: str, places: t.Mapping[str, str]) -> str:
    """Return the text without what may differ.

    :param places: The folder of a run or the address of its exchange, by the name that replaces it.
    """
    # Replace places first, because a time can contain the digits of a port.
    text = _ALIKE["ms"].sub("<ms>", text)
    for name, place in places.items():
        text = text.replace(place, f"<{name}>")
    for pattern in _FRAMES.values():
        text = pattern.sub(r"\1<frames>", text)
    for name, pattern in _NUMBERED.items():
        numbers: dict[str, int] = {}
        text = pattern.sub(lambda match: f"<{name} {numbers.setdefault(match[0], len(numbers))}>", text)
    for name, pattern in _ALIKE.items():
        text = pattern.sub(f"<{name}>", text)
    return _SECOND_READ.sub("[]", text)
