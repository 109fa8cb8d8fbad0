# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading query parameters, and cutting lists into pages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote

from .errors import Refusal

DEFAULT_PAGE = 10
LARGEST_PAGE = 100
_LEGACY_CURSOR = re.compile(r"([0-9]{1,16}):([0-9A-Za-z-]{1,64})")
_NUMBER = re.compile(r"[0-9]{1,20}")


def parameters(raw_query: bytes) -> dict[str, str]:
    """The query as names and values; a parameter without a value counts as absent."""
    pairs = parse_qsl(raw_query.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value for name, value in pairs if value}


def page(
    items: list, query: dict[str, str], filters: dict[str, str], position: Callable[[object], tuple],
    shown: Callable[[object], object | None] = lambda item: item, after: tuple | None = None,
) -> tuple[list, bool]:
    """One page, newest first, of items that are kept sorted with the oldest first, and whether there are more.

    filters tells which field must have the value of which parameter; shown gives what to show of an item, None to omit
    it; after is the position of the last item of the page before.
    """
    limit = _limit(query)
    wanted = [(field, query[name]) for name, field in filters.items() if name in query]
    end = len(items) if after is None else bisect_left(items, after, key=position)
    found: list = []
    # Only as far as the page reaches: a book may hold ten thousand loans.
    for number in range(end - 1, -1, -1):
        item = shown(items[number])
        if item is not None and all(getattr(item, field) == value for field, value in wanted):
            if len(found) == limit:
                return found, True
            found.append(item)
    return found, False


def legacy_page(
    items: list, query: dict[str, str], filters: dict[str, str], position: Callable[[object], tuple[int, str]],
    shown: Callable[[object], object | None] = lambda item: item,
) -> tuple[list, str]:
    """One page, and the cursor of the next one, made of time and name."""
    after = None
    if "cursor" in query:
        # Some clients send the cursor as they got it, some encode it once more.
        match = _LEGACY_CURSOR.fullmatch(unquote(query["cursor"]))
        if match is None:
            raise Refusal(10001, "cursor is invalid")
        after = int(match[1]), match[2]
    found, more = page(items, query, filters, position, shown, after)
    if not more:
        return found, ""
    time, name = position(found[-1])
    # Cursors of the exchange come percent-encoded, so these do as well.
    return found, quote(f"{time}:{name}", safe="")


def numbered_page(
    items: list, query: dict[str, str], filters: dict[str, str],
    shown: Callable[[object], object | None] = lambda item: item,
) -> tuple[list, str]:
    """One page of the new generation, and the cursor of the next one: the number of the last item, as documented."""
    after = None
    if "cursor" in query:
        number = int(query["cursor"]) if _NUMBER.fullmatch(query["cursor"]) else None
        after = next((item.position for item in reversed(items) if item.position[1] == number), None)
        if after is None:
            raise Refusal(10001, "cursor is invalid")
    found, more = page(items, query, filters, lambda item: item.position, shown, after)
    return found, str(found[-1].position[1]) if more else ""


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_PAGE))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise Refusal(10001, f"limit must be within 1 and {LARGEST_PAGE}")
    return int(text)
