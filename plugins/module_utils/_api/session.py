# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state that one process keeps for one account of the exchange from one item of a loop to the next.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from .rate_limit import RateLimits
from .transport import Reply

_State = t.TypeVar("_State")


class Sender(t.Protocol):
    """Sends requests to one host, as C(Transport) does."""

    base_url: str

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply: ...

    def hang_up(self) -> None: ...


class Session:
    """The connection of one account to one host, with its rate limits and cache.

    :ivar clock_offset_ms: The exchange's time minus this machine's; zero until the exchange has refused a timestamp.
    :ivar heard_ms: When the last answer came (ms, by the monotonic clock); none before the first.
    :ivar read_duration_ms: How long the reads before the last POST took.
    :ivar cache: By path and query, when a rarely changing value was read (ms, by the monotonic clock), and the value.
    """

    def __init__(self, transport: Sender) -> None:
        self.transport = transport
        self.limits = RateLimits()
        self.clock_offset_ms = 0
        self.heard_ms: int | None = None
        self.read_duration_ms = 0
        self.cache: dict[tuple[str, str], tuple[int, t.Any]] = {}
        self._states: dict[type, t.Any] = {}

    def state(self, kind: type[_State]) -> _State:
        """Return the object of this class in which a higher layer keeps state for the account, created on the first call."""
        state: _State = self._states.setdefault(kind, kind())
        return state


_sessions: dict[tuple[t.Hashable, ...], Session] = {}


def session_of(owner: tuple[t.Hashable, ...], connect: t.Callable[[], Sender]) -> Session:
    """Return the session of an account, created on this process's first call.

    :param owner: Identifies the account, the host, and how the host is reached.
    """
    # Two processes that shared a connection after a fork would get each other's answers.
    key = (os.getpid(), *owner)
    if key not in _sessions:
        _sessions[key] = Session(connect())
    return _sessions[key]
