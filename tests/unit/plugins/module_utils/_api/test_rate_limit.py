# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long lists are read as fast as the limit allows, without exceeding it, and without keeping the rows in memory."""

from __future__ import annotations

import tracemalloc
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Refused
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._api.rate_limit import RateLimit
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner

PATH = "/v5/crypto-loan-fixed/borrow-contract-info"
ROWS = "[" + ",".join('{"loanId":"571","residualPrincipal":"100.5","borrowCurrency":"USDT"}' for dummy in range(100)) + "]"


class Exchange:
    """Has pages of a hundred rows, and a limit on the requests that arrive in any second.

    :ivar way_ms: How long each request takes to arrive, in turn; the answers take no time.
    :ivar others_ms: When other clients use one request of the limit.
    """

    base_url = "https://api-testnet.bybit.com"

    def __init__(self, clock: t.Any) -> None:
        self._clock = clock
        self.pages = 1
        self.limit = 5
        self.header: dict[str, str] = {"x-bapi-limit": "5"}
        self.way_ms = [0]
        self.others_ms: list[int] = []
        self.arrived_ms: list[int] = []
        self.refused = 0

    def send(self, method: str, path: str, *dummy: object) -> Reply:
        self._clock.pass_ms(self.way_ms[(len(self.arrived_ms) + self.refused) % len(self.way_ms)])
        now_ms = self._clock.monotonic_ms()
        recent = [time_ms for time_ms in [*self.arrived_ms, *self.others_ms] if now_ms - 1000 < time_ms <= now_ms]
        if len(recent) >= self.limit:
            self.refused += 1
            return Reply(200, self.header, b'{"retCode":10006,"retMsg":"Too many visits"}')
        self.arrived_ms.append(now_ms)
        number = int(path.partition("cursor=")[2] or 1)
        cursor = str(number + 1) if number < self.pages else ""
        return Reply(200, self.header, f'{{"retCode":0,"result":{{"list":{ROWS},"nextPageCursor":"{cursor}"}}}}'.encode())

    @property
    def seconds(self) -> float:
        return (self.arrived_ms[-1] - self.arrived_ms[0]) / 1000


@pytest.fixture
def exchange(clock: t.Any) -> Exchange:
    return Exchange(clock)


@pytest.fixture
def client(exchange: Exchange, clock: t.Any) -> Client:
    return Client(Session(exchange), "the-key", HmacSigner("the-secret"), clock=clock)


@pytest.mark.parametrize("way_ms", [[0], [1], [80], [150, 0, 400, 10], [900, 0, 0, 0, 0, 0], [1100]])
@pytest.mark.parametrize("header", [{}, {"x-bapi-limit": "5"}])
def test_a_hundred_pages_never_trip_the_limit(client: Client, exchange: Exchange, way_ms: list[int], header: t.Any) -> None:
    exchange.pages, exchange.way_ms, exchange.header = 100, way_ms, header
    assert len(list(client.pages(PATH, {}))) == 10_000
    assert (len(exchange.arrived_ms), exchange.refused, client.retries.rate_limit_wait_ms) == (100, 0, 0)
    # The limit allows no less than 20 seconds if requests arrive at once.
    assert exchange.seconds <= 20 + sum(way_ms) / len(way_ms) / 10


@pytest.mark.parametrize("told", ["soon", "0", "-1", "", "9" * 40, "²"])
def test_a_useless_header_means_the_usual_pace(client: Client, exchange: Exchange, clock: t.Any, told: str) -> None:
    exchange.pages, exchange.header = 6, {"x-bapi-limit": told}
    list(client.pages(PATH, {}))
    assert (exchange.refused, clock.pauses) == (0, [1010])


@pytest.mark.parametrize("pages", [1, 5])
def test_a_short_list_is_not_held_up(client: Client, exchange: Exchange, clock: t.Any, pages: int) -> None:
    exchange.pages = pages
    list(client.pages(PATH, {}))
    assert (len(exchange.arrived_ms), clock.pauses) == (pages, [])


def test_the_sixth_page_is_waited_for(client: Client, exchange: Exchange, clock: t.Any) -> None:
    exchange.pages = 6
    list(client.pages(PATH, {}))
    assert (len(exchange.arrived_ms), clock.pauses) == (6, [1010])


@pytest.mark.parametrize(("limit", "most_s"), [(1, 106), (2, 54), (10, 10), (20, 5.3), (100, 2.2)])
def test_the_limit_that_the_exchange_tells_sets_the_pace(client: Client, exchange: Exchange, limit: int, most_s: float) -> None:
    exchange.pages, exchange.limit, exchange.header = 100, limit, {"x-bapi-limit": str(limit)}
    list(client.pages(PATH, {}))
    assert exchange.refused == 0
    assert exchange.seconds <= most_s


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_an_unreported_limit_is_found_out(client: Client, exchange: Exchange, limit: int) -> None:
    exchange.pages, exchange.limit, exchange.header = 100, limit, {}
    assert len(list(client.pages(PATH, {}))) == 10_000
    # Each one costs about a second of the 30 that rate_limit_timeout allows.
    assert 1 <= exchange.refused <= 3


def test_other_clients_keep_their_share_of_the_limit(client: Client, exchange: Exchange, clock: t.Any) -> None:
    exchange.pages, exchange.way_ms = 100, [20]
    exchange.others_ms = [clock.monotonic_ms() + 300 * number for number in range(2000)]
    assert len(list(client.pages(PATH, {}))) == 10_000
    assert 1 <= exchange.refused <= 3


def test_a_limit_that_others_use_up_ends_in_a_refusal(client: Client, exchange: Exchange, clock: t.Any) -> None:
    exchange.pages, exchange.limit = 2, 1
    exchange.others_ms = [clock.monotonic_ms() + 500 * number for number in range(1, 200)]
    with pytest.raises(Refused) as caught:
        list(client.pages(PATH, {}))
    assert caught.value.failure is not None and caught.value.failure.ret_code == 10006
    assert client.retries.rate_limit_wait_ms <= 30_000


def test_one_list_does_not_slow_down_another(client: Client, exchange: Exchange, clock: t.Any) -> None:
    exchange.pages = 5
    list(client.pages(PATH, {}))
    exchange.pages, exchange.arrived_ms = 5, []
    list(client.pages("/v5/crypto-loan/ongoing-orders", {}))
    assert clock.pauses == []


def test_pages_are_forgotten_when_they_are_read(client: Client, exchange: Exchange) -> None:
    def peak_of(pages: int) -> int:
        exchange.pages = pages
        tracemalloc.start()
        read = sum(1 for dummy in client.pages(PATH, {}))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read == 100 * pages
        return peak

    few = peak_of(3)
    # Ten thousand rows would take more than 5 MB.
    assert peak_of(100) - few < 100_000


def test_a_pause_is_as_long_as_still_needed() -> None:
    limit = RateLimit(5)
    for moment_ms in (0, 100, 200, 300, 400):
        assert limit.pause_ms(moment_ms) == 0
        limit.observe(moment_ms, "", was_refused=False)
    assert [limit.pause_ms(moment_ms) for moment_ms in (400, 1009, 1010, 5000)] == [610, 1, 0, 0]


def test_a_refusal_slows_requests_down_permanently() -> None:
    limit = RateLimit(5)
    limit.observe(0, "5", was_refused=True)
    limit.observe(1, "5", was_refused=False)
    assert limit.pause_ms(1) == 1049
    limit.observe(2, "50", was_refused=True)
    assert limit.pause_ms(2) == 1050
    limit.observe(3, "50", was_refused=True)
    assert limit.pause_ms(3) == 1050
