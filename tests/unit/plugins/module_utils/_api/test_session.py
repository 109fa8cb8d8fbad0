# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one process keeps for an account between the items of a loop: its pace, its clock, and its connection."""

from __future__ import annotations

import json
import os
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.account import remember_payment, funding_balance
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client, Request
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Reply
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session, session_of
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner

REPAY, READ, TIME = "/v5/crypto-loan/repay", "/v5/crypto-loan/ongoing-orders", "/v5/market/time"


class Exchange:
    """Allows one repayment to arrive in any second, and 600 requests in any five seconds.

    :ivar limit: The limit that it allows and reports; C(tells) is false if it does not report it.
    :ivar way_ms: How long a request takes to arrive; its answer takes as long.
    :ivar slow_ms: How far this machine's clock is behind.
    :ivar lost: How many of the next answers to repayments get lost.
    """

    base_url = "https://api-testnet.bybit.com"

    def __init__(self, clock: t.Any) -> None:
        self._clock = clock
        self.limit, self.tells = 1, True
        self.way_ms, self.slow_ms, self.lost = 1, 0, 0
        self.arrived: list[tuple[int, str]] = []
        self.refused = self.hung_up = 0
        self.balance = "1000"

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        self._clock.pass_ms(self.way_ms)
        answer = self._answer(method, path.partition("?")[0], headers)
        self._clock.pass_ms(self.way_ms)
        if method == "POST" and self.lost:
            self.lost -= 1
            raise NoReply("no answer within 10 s", "Check the network.", sent=True)
        told = {"x-bapi-limit": str(self.limit)} if self.tells and method == "POST" else {}
        return Reply(200, told, json.dumps(answer).encode())

    def _answer(self, method: str, path: str, headers: dict[str, str]) -> dict[str, t.Any]:
        now_ms = self._clock.monotonic_ms()
        time_ms = self._clock.now_ms() + self.slow_ms
        if path == TIME:
            return {"retCode": 0, "result": {"timeNano": str(time_ms * 1_000_000)}, "time": time_ms}
        if abs(int(headers.get("X-BAPI-TIMESTAMP", time_ms)) - time_ms) > 5000:
            return {"retCode": 10002, "retMsg": "invalid request"}
        if method == "POST" and self.limit <= sum(
            1 for then_ms, what in self.arrived if what == f"POST {path}" and now_ms - then_ms < 1000
        ):
            self.refused += 1
            return {"retCode": 10006, "retMsg": "Too many visits"}
        self.arrived.append((now_ms, f"{method} {path}"))
        result = {"repayId": "1", "list": [], "balance": {"coin": "USDT", "walletBalance": self.balance}}
        return {"retCode": 0, "result": result, "time": time_ms}

    def hang_up(self) -> None:
        self.hung_up += 1

    def times_of(self, what: str) -> list[int]:
        return [time_ms for time_ms, each in self.arrived if each == what]


@pytest.fixture
def exchange(clock: t.Any) -> Exchange:
    return Exchange(clock)


@pytest.fixture
def item(exchange: Exchange, clock: t.Any) -> t.Callable[[], Client]:
    """Begin a run for one more item, as a loop in one process does."""
    session = Session(exchange)
    return lambda: Client(session, "the-key", HmacSigner("the-secret"), clock=clock)


def repay(client: Client, reads: int = 4) -> None:
    client.pace_before_reads(REPAY)
    for dummy in range(reads):
        client.read(READ)
    client.post(client.sign(Request(REPAY, {"orderId": "17", "amount": "1"}, "repayId")))


def test_each_wait_is_heard_of(item: t.Any, exchange: Exchange, clock: t.Any) -> None:
    repay(item(), reads=1)
    repay(item(), reads=1)
    pacing, unanswered = f"Pacing requests to stay below the rate limit of {exchange.base_url}", f"{exchange.base_url} has not answered"
    requests = [f"{unanswered} GET {READ} yet", "", f"{unanswered} POST {REPAY} yet", ""]
    assert clock.heard == [*requests, pacing, "", *requests]


@pytest.mark.parametrize("tells", [True, False])
def test_twenty_repayments_take_hardly_longer_than_the_limit(item: t.Any, exchange: Exchange, tells: bool) -> None:
    exchange.tells = tells
    for dummy in range(20):
        repay(item(), reads=2)
    sent = exchange.times_of(f"POST {REPAY}")
    assert (len(sent), exchange.refused) == (20, 0)
    assert 19_000 <= sent[-1] - sent[0] <= 19_000 * 1.02


def test_a_repayment_is_not_delayed_after_the_reads(item: t.Any, exchange: Exchange) -> None:
    exchange.way_ms = 25
    for dummy in range(5):
        repay(item(), reads=3)
    reads, sent = exchange.times_of(f"GET {READ}"), exchange.times_of(f"POST {REPAY}")
    # Three reads of 50 ms each, without the second that the limit costs.
    assert max(post_ms - first_ms for post_ms, first_ms in zip(sent, reads[::3])) <= 200
    # Waiting for the limit takes no longer because of the reads.
    assert sent[-1] - sent[1] <= 3 * (1010 + 2 * 25)
    assert exchange.refused == 0


def test_a_higher_limit_means_no_wait(item: t.Any, exchange: Exchange, clock: t.Any) -> None:
    exchange.limit = 10
    for dummy in range(10):
        repay(item(), reads=0)
    assert clock.pauses == []


def test_a_repayment_without_an_answer_counts(item: t.Any, exchange: Exchange) -> None:
    exchange.lost = 1
    for dummy in range(2):
        repay(item(), reads=0)
    first_ms, second_ms = exchange.times_of(f"POST {REPAY}")
    assert second_ms - first_ms >= 1000


def test_each_call_has_its_own_pace(item: t.Any, clock: t.Any) -> None:
    repay(item(), reads=0)
    other = item()
    other.post(other.sign(Request("/v5/crypto-loan-flexible/repay", {}, "repayId")))
    assert clock.pauses == []


def test_each_account_has_its_own_pace(clock: t.Any) -> None:
    for key in ("one", "another"):
        repay(Client(Session(Exchange(clock)), key, HmacSigner("the-secret"), clock=clock), reads=0)
    assert clock.pauses == []


def test_the_limit_of_the_address_is_never_reached(item: t.Any, exchange: Exchange) -> None:
    exchange.way_ms = 0
    client = item()
    for dummy in range(1500):
        client.read(TIME, signed=False)
    repay(client, reads=0)
    exchange.arrived.clear()
    # As many more requests of any kind as five seconds allow.
    for number in range(1200):
        client.read(f"/v5/{number}")
    times = [time_ms for time_ms, dummy in exchange.arrived]
    assert max(sum(1 for other in times if time_ms <= other < time_ms + 5000) for time_ms in times[::50]) <= 600


def test_the_clock_is_set_once_for_all_items(item: t.Any, exchange: Exchange) -> None:
    exchange.slow_ms, syncs = 60_000, []
    for dummy in range(3):
        client = item()
        client.read(READ)
        syncs.append(client.retries.clock_syncs)
    assert syncs == [1, 0, 0]


@pytest.mark.parametrize(("silent_ms", "hung_up"), [(4000, 0), (6000, 1)])
def test_an_idle_connection_is_not_reused(
    item: t.Any, exchange: Exchange, clock: t.Any, silent_ms: int, hung_up: int
) -> None:
    item().read(READ)
    clock.pass_ms(silent_ms)
    item().read(READ)
    item().read(READ)
    assert exchange.hung_up == hung_up


def test_what_seldom_changes_is_read_once_in_ten_minutes(item: t.Any, exchange: Exchange, clock: t.Any) -> None:
    asked = []
    for wait_ms in (0, 599_000, 2000):
        clock.pass_ms(wait_ms)
        for coin in ("USDT", "ETH"):
            assert item().cached("/coins", {"currency": coin}, lambda answer: answer["repayId"]) == "1"
        asked.append(len(exchange.times_of("GET /coins")))
    assert asked == [2, 2, 4]


def test_what_was_not_found_is_read_again(item: t.Any, exchange: Exchange) -> None:
    assert [item().cached("/coins", {}, lambda answer: None) for dummy in range(2)] == [None, None]
    assert len(exchange.times_of("GET /coins")) == 2


def test_the_wallet_is_read_again_if_it_might_hold_too_little(item: t.Any, exchange: Exchange, clock: t.Any) -> None:
    def held(needed: str | None) -> tuple[Decimal, int]:
        found = funding_balance(item(), "USDT", None if needed is None else Decimal(needed))
        return found, len(exchange.times_of("GET /v5/asset/transfer/query-account-coin-balance"))

    assert held("600") == (1000, 1)
    remember_payment(item(), "USDT", Decimal(600))
    assert held("400") == (400, 1)
    exchange.balance = "399"
    assert held("401") == (399, 2)
    assert held(None) == (399, 3)
    clock.pass_ms(61_000)
    assert held("1") == (399, 4)


def test_a_session_belongs_to_one_account_and_one_process() -> None:
    made: list[int] = []

    def session(*owner: str) -> Session:
        return session_of(("test_line", *owner), lambda: made.append(1) or t.cast(t.Any, None))

    first = session("key", "host")
    assert session("key", "host") is first
    assert session("other", "host") is not first
    assert len(made) == 2
    child = os.fork()
    if not child:
        os._exit(session("key", "host") is first)
    assert os.waitpid(child, 0)[1] == 0
