# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading query parameters, and cutting lists into pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote

from .errors import Refusal

DEFAULT_PAGE = 10
LARGEST_PAGE = 100
_CURSOR = re.compile(r"([0-9]{1,16}):([0-9A-Za-z-]{1,64})")


def parameters(raw_query: bytes) -> dict[str, str]:
    """The query as names and values; a parameter without a value counts as absent."""
    pairs = parse_qsl(raw_query.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value for name, value in pairs if value}


def chosen(items: list, query: dict[str, str], filters: dict[str, str]) -> list:
    """The items whose fields have the values that the query asks for."""
    wanted = {field: query[name] for name, field in filters.items() if name in query}
    return [item for item in items if all(getattr(item, field) == value for field, value in wanted.items())]


def page(items: list, query: dict[str, str], position: Callable[[object], tuple[int, str]]) -> tuple[list, str]:
    """One page of a list that is sorted newest first, and the cursor of the next one."""
    limit = _limit(query)
    after = _position(query)
    rest = [item for item in items if after is None or position(item) < after]
    shown = rest[:limit]
    if len(rest) <= limit:
        return shown, ""
    time, name = position(shown[-1])
    # Cursors of the exchange come percent-encoded, so these do as well.
    return shown, quote(f"{time}:{name}", safe="")


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_PAGE))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise Refusal(10001, f"limit must be within 1 and {LARGEST_PAGE}")
    return int(text)


def _position(query: dict[str, str]) -> tuple[int, str] | None:
    if "cursor" not in query:
        return None
    # Some clients send the cursor as they got it, some encode it once more.
    match = _CURSOR.fullmatch(unquote(query["cursor"]))
    if match is None:
        raise Refusal(10001, "cursor is invalid")
    return int(match[1]), match[2]
