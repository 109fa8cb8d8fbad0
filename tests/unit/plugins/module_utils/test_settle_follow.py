# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment whose id is known is followed until it is final, or until it shows."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._record import FAILED, PROCESSING, SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._settle import Settler
from ansible_collections.treasury.bybit.plugins.module_utils._traits import Traits

OURS = Record("99", Decimal(100), SUCCESS, True, 1793534400040)
BLOCKED = Refused("Blocked.", Failure(http_status=403))
BROKEN = ReadFailed("No answer.", Failure(http_status=502))

# What a look finds in the history: entries, or an error.
Shown = t.Any


class Exchange:
    """Stands in for client and subject: shows at each look what comes next, the last again and again.

    :ivar looks: How often it was looked at.
    """

    traits = Traits("loan 17", "order_id '17' names no loan")

    def __init__(self, clock: t.Any) -> None:
        self.clock = clock
        self.shown: list[Shown] = [[]]
        self.looks = 0

    def exchange_time_ms(self, monotonic_ms: int | None = None) -> int | None:
        return None

    def history(self) -> list[Record]:
        self.looks += 1
        shown = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if isinstance(shown, Exception):
            raise shown
        return t.cast(list[Record], shown)


@pytest.fixture
def exchange(clock: t.Any) -> Exchange:
    return Exchange(clock)


def follow(exchange: t.Any, timeout_ms: int, **more: bool) -> Record | None:
    return Settler(exchange, exchange, 10_000).follow("99", exchange.clock.monotonic_ms() + timeout_ms, **more).record


@pytest.mark.parametrize(
    ("shown", "found", "looks"),
    [
        ([[OURS]], OURS, 1),
        ([[], [], [OURS]], OURS, 3),
        ([[OURS._replace(status=PROCESSING)], [OURS._replace(status=FAILED)]], OURS._replace(status=FAILED), 2),
        ([[OURS._replace(status=PROCESSING)]], OURS._replace(status=PROCESSING), 6),
        ([[OURS._replace(status=PROCESSING)], []], OURS._replace(status=PROCESSING), 6),
        ([[]], None, 6),
        ([BROKEN], None, 6),
        ([BROKEN, [OURS]], OURS, 2),
        ([[OURS._replace(status=PROCESSING)], BROKEN], OURS._replace(status=PROCESSING), 6),
        ([BLOCKED, [OURS]], None, 1),
        ([[OURS._replace(status=PROCESSING)], BLOCKED, [OURS]], OURS._replace(status=PROCESSING), 2),
    ],
    ids=str,
)
def test_follow(exchange: Exchange, shown: list[Shown], found: Record | None, looks: int) -> None:
    exchange.shown = shown
    assert follow(exchange, 5000) == found
    assert exchange.looks == looks


@pytest.mark.parametrize(("shown", "looks"), [([[OURS._replace(status=PROCESSING)]], 1), ([[], [OURS]], 2), ([[]], 6)])
def test_follow_until_it_shows(exchange: Exchange, shown: list[Shown], looks: int) -> None:
    exchange.shown = shown
    follow(exchange, 5000, until_final=False)
    assert exchange.looks == looks
