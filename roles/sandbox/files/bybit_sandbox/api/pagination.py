# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query parameters and pagination."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import parse_qsl, unquote

from ..errors import Refusal
from ..switches import CURSOR_REPEATS, EMPTY_CURSOR

DEFAULT_PAGE = 10
LARGEST_PAGE = 100


def query_parameters(raw_query: bytes) -> dict[str, str]:
    """The query parameters by name; a parameter without a value counts as absent."""
    pairs = parse_qsl(raw_query.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value for name, value in pairs if value}


def paginate(
    items: Sequence, query: dict[str, str], filters: dict[str, str], id_of: Callable[[object], str], list_end: str,
    shown: Callable[[object], Sequence] = lambda item: (item,), page: tuple[int, int] = (DEFAULT_PAGE, LARGEST_PAGE),
) -> tuple[list, str]:
    """One page, newest first, of items that are stored oldest first, and the cursor of the next page.

    filters maps a parameter to the field that must equal it; shown returns the rows of an item, none to omit it;
    a cursor is the ID of the last row of its page; list_end is the switch for how a list ends;
    page is the default and the largest number of rows.
    """
    limit = _limit(query, *page)
    wanted = [(field, query[name]) for name, field in filters.items() if name in query]
    rows = _rows(items, id_of, shown, wanted)
    if "cursor" in query:
        # Some clients send the cursor as they received it; others URL-encode it again.
        cursor = unquote(query["cursor"])
        rows = _rows(items[: _end_of(items, cursor, id_of)], id_of, shown, wanted)
        if not any(row_id == cursor for row_id, _row in rows):
            raise Refusal(10001, "cursor is invalid")
    found: list = []
    more = False
    # Stop at the end of the page: a ledger may hold ten thousand loans.
    for _id, row in rows:
        if row is not None:
            if len(found) == limit:
                more = True
                break
            found.append(row)
    if more or (found and list_end != EMPTY_CURSOR):
        return found, id_of(found[-1])
    if not found and "cursor" in query and list_end == CURSOR_REPEATS:
        every = [row for _id, row in _rows(items, id_of, shown, wanted) if row is not None]
        found = every[(len(every) - 1) // limit * limit:]
        return found, id_of(found[-1]) if found else ""
    return found, ""


def _end_of(items: Sequence, item_id: str, id_of: Callable[[object], str]) -> int:
    """The index after the newest item with this ID, so that newer items need not be visited."""
    for number in range(len(items) - 1, -1, -1):
        if id_of(items[number]) == item_id:
            return number + 1
    return len(items)


def _rows(
    items: Sequence, id_of: Callable[[object], str], shown: Callable[[object], Sequence], wanted: list[tuple[str, str]]
) -> Iterator[tuple[str, object | None]]:
    """The IDs of all rows, newest first, each with the row, or with None if the row is not shown."""
    for item in reversed(items):
        rows = shown(item)
        if not rows:
            # The cursor of the previous page may be an item that has since left the list.
            yield id_of(item), None
        for row in rows:
            yield id_of(row), row if all(getattr(row, field) == value for field, value in wanted) else None


def _limit(query: dict[str, str], default: int, largest: int) -> int:
    text = query.get("limit", str(default))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= largest:
        raise Refusal(10001, f"limit must be from 1 to {largest}")
    return int(text)
