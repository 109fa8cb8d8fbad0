# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment with a known ID is followed until it is final, or until it shows."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._goal import REPAY, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.poll import Poller
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms

SENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((), ()), 1793534400000, 5000)
OURS = HistoryEntry("99", Decimal(100), SUCCESS, True, 1793534400040)
BLOCKED = Refused("Blocked.", Failure(http_status=403))
BROKEN = ReadFailed("No answer.", Failure(http_status=502))

# What a look finds in the history: entries, or an error.
Shown = t.Any


def given(value: t.Any) -> t.Any:
    if isinstance(value, Exception):
        raise value
    return value


class Exchange:
    """Stands in for client and subject: each look shows the next state, and the last one repeats.

    :ivar looks: The number of looks.
    :ivar of_account: What the history of all loans shows for an ID: entries, or an error.
    """

    move, terms = REPAY, Terms("loan 17", "order_id '17' names no loan")

    def __init__(self, clock: t.Any) -> None:
        self.clock = clock
        self.shown: list[Shown] = [[]]
        self.looks = 0
        self.of_account: Shown = []

    def exchange_time_at_least_ms(self, monotonic_ms: int | None = None) -> int | None:
        return None

    def history(self, since_ms: int | None = None) -> list[HistoryEntry]:
        self.looks += 1
        shown = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        return given(shown)

    def history_of_account(self, move_id: str) -> list[HistoryEntry]:
        assert move_id == "99"
        return given(self.of_account)


@pytest.fixture
def exchange(clock: t.Any) -> Exchange:
    return Exchange(clock)


def follow(exchange: t.Any, timeout_ms: int, **more: bool) -> HistoryEntry | None:
    return Poller(exchange, exchange, 10_000).follow(SENT, "99", exchange.clock.monotonic_ms() + timeout_ms, **more).entry


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
def test_a_repayment_is_followed_until_it_is_final(exchange: Exchange, shown: list[Shown], found: HistoryEntry | None, looks: int) -> None:
    exchange.shown = shown
    assert follow(exchange, 5000) == found
    assert exchange.looks == looks


@pytest.mark.parametrize(("shown", "looks"), [([[OURS._replace(status=PROCESSING)]], 1), ([[], [OURS]], 2), ([[]], 6)])
def test_a_repayment_is_followed_until_it_shows(exchange: Exchange, shown: list[Shown], looks: int) -> None:
    exchange.shown = shown
    follow(exchange, 5000, until_final=False)
    assert exchange.looks == looks


def test_the_whole_history_comes_with_it(exchange: t.Any) -> None:
    other = OURS._replace(repay_id="98")
    exchange.shown = [[], [other, OURS]]
    followed = Poller(exchange, exchange, 10_000).follow(SENT, "99", exchange.clock.monotonic_ms() + 5000)
    assert followed == (OURS, (other, OURS))


@pytest.mark.parametrize(
    ("of_account", "of_loan", "said"),
    [
        ([OURS._replace(coin="ETH", amount=Decimal("1.50"))], [], "that ID belongs to a repayment of 1.5 ETH on another loan"),
        # Shown meanwhile, not shown at all, and unreadable: nothing contradicts the exchange's answer.
        ([OURS], [OURS], ""),
        ([], [], ""),
        (BROKEN, [], ""),
        (BLOCKED, [], ""),
        ([OURS], BROKEN, ""),
    ],
)
def test_an_id_may_be_one_of_another_loan(exchange: t.Any, of_account: Shown, of_loan: Shown, said: str) -> None:
    exchange.of_account, exchange.shown = of_account, [of_loan]
    assert Poller(exchange, exchange, 10_000).target_of("99") == said
