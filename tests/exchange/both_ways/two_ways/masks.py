# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may differ between two runs is made alike: names of places, moments, ids made by chance, frames of tracebacks.

Whatever is masked must be there both ways, and ids that are the same in one run must be the same in the other.
"""

from __future__ import annotations

import re
import typing as t

# Ids of the built-in book begin with 179; those that the exchange hands out are made from the time.
_NUMBERED = {
    # Intents, requests, and what the callback calls a task.
    "uuid": re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    "repay_id": re.compile(r"\b2\d{18}\b"),
}
_ALIKE = {
    # Of the machine or the exchange: milliseconds, and moments in words.
    "ms": re.compile(r"\b1[78]\d{11}\b"),
    "time": re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00| UTC)?"),
    "day": re.compile(r"\b20\d\d-\d\d-\d\d\b"),
    "process": re.compile(r"(?<=process )\d+"),
    # How often a run had to look at the exchange until it knew.
    "reads": re.compile(r'(?<="reads")(?:,\s+|: )\d+'),
    # A hundredth of a day can end between two runs.
    "days": re.compile(r'(?<="days_to_maturity")(?:,\s+|: )"-?\d+(?:\.\d+)?"'),
}
# A run whose first read comes in the very millisecond of the answer has to read, and so to wait, once more.
_SECOND_READ = re.compile(r'\[\s*"It is not known yet whether [^"\n]*: waiting up to \d+ s\."\s*\]')
# The frames differ because a module is imported from another place; the exceptions and their messages do not.
_FRAMES = {
    "text": re.compile(r'(Traceback \(most recent call last\):\n)(?:[ \t]+.*\n)+'),
    "json": re.compile(r"(Traceback \(most recent call last\):\\n)(?:[ \t]+(?:[^\\\"]|\\[^n])*\\n)+"),
}


def masked(text: str, places: t.Mapping[str, str]) -> str:
    """Return the text without what may differ.

    :param places: What stands for the folder of a run or the address of its exchange, by the name to put there.
    """
    # First of all, because the digits of a port can be among those of a moment.
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
