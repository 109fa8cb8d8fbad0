# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delayed requests, which are still on the network although the client already has its answer."""

from __future__ import annotations

from dataclasses import dataclass

from ..http_messages import IncomingRequest
from .fault import Fault


@dataclass(frozen=True)
class DelayedRequest:
    """A request that is under way; entry is its entry in the request log, which is completed when it arrives."""

    arrives_at: int
    incoming: IncomingRequest
    entry: dict
    fault: Fault


class DelayedRequests:
    def __init__(self) -> None:
        self._waiting: list[DelayedRequest] = []

    def add(self, request: DelayedRequest) -> None:
        self._waiting.append(request)
        # The sort is stable, so requests that arrive at the same moment stay in the order in which they were sent.
        self._waiting.sort(key=lambda item: item.arrives_at)

    def next_at(self) -> int | None:
        return self._waiting[0].arrives_at if self._waiting else None

    def take(self, now: int) -> DelayedRequest | None:
        """Remove and return the first request that has arrived by now."""
        return self._waiting.pop(0) if self._waiting and self._waiting[0].arrives_at <= now else None

    def to_plain(self) -> list[dict]:
        return [
            {"method": item.incoming.method, "path": item.incoming.path, "arrives_at_ms": item.arrives_at}
            for item in self._waiting
        ]
