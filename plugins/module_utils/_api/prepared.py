# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request that is ready to be sent.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import quote_plus

_ENCODED = re.compile("(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*")


class Prepared(t.NamedTuple):
    """A request that the rate limits allow now, ready to be sent.

    :ivar payload: The signed content: the query of a GET, or the body of a POST.
    :ivar timestamp_ms: The timestamp (exchange's time, UTC, ms) that is part of the signature.
    """

    method: str
    path: str
    payload: str
    headers: dict[str, str]
    request_id: str
    timestamp_ms: int
    is_signed: bool

    @property
    def request_target(self) -> str:
        return f"{self.path}?{self.payload}" if self.method == "GET" and self.payload else self.path

    @property
    def body(self) -> bytes | None:
        return self.payload.encode() if self.method == "POST" else None


def query_text(query: dict[str, str]) -> str:
    """Return the query of a URL."""
    # The exchange returns cursors percent-encoded, and expects them back unchanged.
    return "&".join(f"{k}={v if _ENCODED.fullmatch(v) else quote_plus(v)}" for k, v in query.items())
