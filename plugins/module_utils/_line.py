# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one process keeps of the exchange for one account, from one item of a loop to the next.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import typing as t
from collections import deque
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._http import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._pace import Paces
from ansible_collections.treasury.bybit.plugins.module_utils._wallet import Payment

# Of the last seconds, in which the exchange takes one a second.
_KEPT_PAYMENTS = 20


class Sender(t.Protocol):
    """What carries the requests, such as C(Transport)."""

    base_url: str

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply: ...

    def hang_up(self) -> None: ...


class Line:
    """The connection of one account to one host, and what was learnt over it.

    :ivar clock_offset_ms: The exchange's time less that of this machine, once they were found to differ.
    :ivar heard_ms: When the last answer came, by the monotonic clock.
    :ivar lead_ms: How long the reading before the last POST took.
    :ivar balances: What the Funding wallet held of a coin when it was read (ms, by the monotonic clock), less what was paid since.
    :ivar paid: What the Funding wallet has paid lately, the oldest first.
    :ivar facts: What public calls have told, and when (ms, by the monotonic clock).
    """

    def __init__(self, transport: Sender) -> None:
        self.transport = transport
        self.paces = Paces()
        self.clock_offset_ms = 0
        self.heard_ms: int | None = None
        self.lead_ms = 0
        self.balances: dict[str, tuple[int, Decimal]] = {}
        self.paid: deque[Payment] = deque(maxlen=_KEPT_PAYMENTS)
        self.facts: dict[tuple[str, str], tuple[int, t.Any]] = {}


_lines: dict[tuple[t.Hashable, ...], Line] = {}


def line_of(owner: tuple[t.Hashable, ...], connect: t.Callable[[], Sender]) -> Line:
    """Return the line of an account; a new one the first time that this process asks for it.

    :param owner: Tells the account, the host, and how it is reached.
    """
    # A connection that is shared with a process that was forked off would mix up the answers of both.
    key = (os.getpid(), *owner)
    if key not in _lines:
        _lines[key] = Line(connect())
    return _lines[key]
