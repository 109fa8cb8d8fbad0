# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading query parameters, and cutting lists into pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import parse_qsl, unquote

from ..errors import Refusal
from ..switches import CURSOR_REPEATS, EMPTY_CURSOR

DEFAULT_PAGE = 10
LARGEST_PAGE = 100


def query_parameters(raw_query: bytes) -> dict[str, str]:
    """The query as names and values; a parameter without a value counts as absent."""
    pairs = parse_qsl(raw_query.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value for name, value in pairs if value}


def paginate(
    items: Sequence, query: dict[str, str], filters: dict[str, str], name_of: Callable[[object], str], list_end: str,
    shown: Callable[[object], Sequence] = lambda item: (item,),
) -> tuple[list, str]:
    """One page, newest first, of items that are kept with the oldest first, and the cursor of the next one.

    filters tells which field must have the value of which parameter; shown gives the rows of an item, none to omit it;
    a cursor is the name of the last row of its page; list_end is the switch that says how a list ends.
    """
    limit = _limit(query)
    wanted = [(field, query[name]) for name, field in filters.items() if name in query]
    rows = _rows(items, name_of, shown, wanted)
    if "cursor" in query:
        # Some clients send the cursor as they got it, some encode it once more.
        cursor = unquote(query["cursor"])
        rows = _rows(items[: _end_of(items, cursor, name_of)], name_of, shown, wanted)
        if not any(name == cursor for name, _row in rows):
            raise Refusal(10001, "cursor is invalid")
    found: list = []
    more = False
    # Only as far as the page reaches: a book may hold ten thousand loans.
    for _name, row in rows:
        if row is not None:
            if len(found) == limit:
                more = True
                break
            found.append(row)
    if more or (found and list_end != EMPTY_CURSOR):
        return found, name_of(found[-1])
    if not found and "cursor" in query and list_end == CURSOR_REPEATS:
        every = [row for _name, row in _rows(items, name_of, shown, wanted) if row is not None]
        found = every[(len(every) - 1) // limit * limit:]
        return found, name_of(found[-1]) if found else ""
    return found, ""


def _end_of(items: Sequence, name: str, name_of: Callable[[object], str]) -> int:
    """Where the newest item of this name ends, so that those that are newer need not be looked at."""
    for number in range(len(items) - 1, -1, -1):
        if name_of(items[number]) == name:
            return number + 1
    return len(items)


def _rows(
    items: Sequence, name_of: Callable[[object], str], shown: Callable[[object], Sequence], wanted: list[tuple[str, str]]
) -> Iterator[tuple[str, object | None]]:
    """The names of all rows, newest first, each with the row, or with None where it is not to be shown."""
    for item in reversed(items):
        rows = shown(item)
        if not rows:
            # What has left the list since the page before may still be its cursor.
            yield name_of(item), None
        for row in rows:
            yield name_of(row), row if all(getattr(row, field) == value for field, value in wanted) else None


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_PAGE))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise Refusal(10001, f"limit must be within 1 and {LARGEST_PAGE}")
    return int(text)
