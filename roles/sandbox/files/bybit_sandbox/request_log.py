# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log of the requests to the exchange, so that a test can count what was delivered."""

from __future__ import annotations

from collections import Counter, deque

from .http_messages import IncomingRequest

KEPT = 1000


class RequestLog:
    def __init__(self) -> None:
        self._entries: deque[dict] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._number = 0

    def add(self, incoming: IncomingRequest, now: int, fault: str | None) -> dict:
        """Add an entry, which the request's handler completes."""
        self._number += 1
        self._counts[incoming.endpoint] += 1
        entry = {
            "number": self._number,
            "time": now,
            "method": incoming.method,
            "path": incoming.path,
            "query": incoming.raw_query.decode("utf-8", "replace"),
            "body": incoming.body.decode("utf-8", "replace"),
            "key": incoming.headers.get("X-BAPI-API-KEY"),
            "timestamp": incoming.headers.get("X-BAPI-TIMESTAMP"),
            "referer": incoming.headers.get("X-Referer") or incoming.headers.get("Referer"),
            "user_agent": incoming.headers.get("User-Agent"),
            "fault": fault,
            "handled_at": None,
            "ret_code": None,
            "http_status": None,
            "committed": False,
        }
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        self._entries.clear()
        self._counts.clear()

    def to_plain(self) -> dict:
        return {"counts": dict(self._counts), "requests": list(self._entries)}
