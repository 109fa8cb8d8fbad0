# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one process keeps for one account of the exchange, from one item of a loop to the next.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from .rate_limit import RateLimits
from .transport import Reply

_State = t.TypeVar("_State")


class Sender(t.Protocol):
    """What carries the requests, such as C(Transport)."""

    base_url: str

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply: ...

    def hang_up(self) -> None: ...


class Session:
    """The connection of one account to one host, and what was learned over it.

    :ivar clock_offset_ms: The exchange's time less that of this machine, once they were found to differ.
    :ivar heard_ms: When the last answer came, by the monotonic clock.
    :ivar read_duration_ms: How long the reads before the last POST took.
    :ivar cache: What calls returned whose answers rarely change, and when (ms, by the monotonic clock).
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
        """Return the object of this class in which a higher layer keeps state for the account; a new one the first time."""
        state: _State = self._states.setdefault(kind, kind())
        return state


_sessions: dict[tuple[t.Hashable, ...], Session] = {}


def session_of(owner: tuple[t.Hashable, ...], connect: t.Callable[[], Sender]) -> Session:
    """Return the session of an account; a new one the first time that this process asks for it.

    :param owner: Identifies the account, the host, and how it is reached.
    """
    # A connection that is shared with a forked process would mix up the answers of both.
    key = (os.getpid(), *owner)
    if key not in _sessions:
        _sessions[key] = Session(connect())
    return _sessions[key]
