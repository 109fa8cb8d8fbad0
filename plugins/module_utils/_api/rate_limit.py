# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pace of requests that stays below the exchange's rate limits.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections import deque

# Requests per second that the exchange documents for queries and repayments of flexible and fixed loans. It documents none for
# legacy loans. The limits in its answers take precedence.
_DEFAULT_LIMITS = {"GET": 5, "POST": 1}
_WINDOW_MS = 1010
# Documented per minute: listing transfers, and making one.
_MINUTE_LIMIT, _MINUTE_WINDOW_MS = 60, 61_000
_MINUTE_PATHS = ("/v5/asset/transfer/query-inter-transfer-list", "/v5/asset/transfer/inter-transfer")
# Used after a limit was exceeded, because the exchange's second may be longer than this machine's.
_CAREFUL_WINDOW_MS = 1050
# The exchange allows an IP address 600 requests in 5 seconds, and blocks it for 10 minutes if it sends more.
_ADDRESS_LIMIT = 550
_ADDRESS_WINDOW_MS = 5050


class RateLimit:
    """The pace of the requests that count toward one limit.

    A request reaches the exchange before its answer arrives here. So a limit of N per second holds if each request is sent at
    least a second after the answer to the Nth request before it, however long the requests take.

    :param limit: How many requests may arrive within the window, unless the exchange reports another number.
    """

    def __init__(self, limit: int, window_ms: int = _WINDOW_MS) -> None:
        self._default = self._limit = limit
        self._window_ms = window_ms
        self._max = _ADDRESS_LIMIT
        self._answered_ms: deque[int] = deque(maxlen=_ADDRESS_LIMIT)

    def pause_ms(self, now_ms: int) -> int:
        """Return how long to wait before the next request.

        :param now_ms: The present, by the monotonic clock.
        """
        if len(self._answered_ms) < self._limit:
            return 0
        return max(0, self._answered_ms[-self._limit] + self._window_ms - now_ms)

    def observe(self, now_ms: int, reported_limit: str = "", was_refused: bool = False) -> None:
        """Record an answer, or its absence.

        :param reported_limit: The header C(X-Bapi-Limit) of the answer, the number of requests per second; empty without it.
        :param was_refused: Whether the limit was exceeded: it is lower than assumed, or other clients share it.
        """
        self._answered_ms.append(now_ms)
        if was_refused:
            self._max = max(1, self._limit // 2)
            self._window_ms = max(self._window_ms, _CAREFUL_WINDOW_MS)
        reported = int(reported_limit) if re.fullmatch("[1-9][0-9]{0,5}", reported_limit) else self._default
        self._limit = min(reported, self._max)


class RateLimits:
    """The rate limits of one account: one for each call, and one for all calls of the IP address."""

    def __init__(self) -> None:
        self.address = RateLimit(_ADDRESS_LIMIT, _ADDRESS_WINDOW_MS)
        self._calls: dict[tuple[str, str], RateLimit] = {}

    def of(self, method: str, path: str) -> RateLimit:
        call = method, path
        if call not in self._calls:
            is_by_minute = path in _MINUTE_PATHS
            limit = (_MINUTE_LIMIT, _MINUTE_WINDOW_MS) if is_by_minute else (_DEFAULT_LIMITS[method], _WINDOW_MS)
            self._calls[call] = RateLimit(*limit)
        return self._calls[call]
