# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import NOT_MADE, TURNED_AWAY, UNCLEAR, Accepted, Client, NotAccepted, Request
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import (
    NotSent,
    ReadFailed,
    Refused,
)
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner

REPAY = "/v5/crypto-loan/repay"
BODY = {"orderId": "17", "amount": "100"}
ACCEPTED = Reply(200, {}, b'{"retCode":0,"result":{"repayId":"1"}}')
LATE = Reply(200, {}, b'{"retCode":10002,"retMsg":"invalid request"}')
CLOCK_OF_ANOTHER_KIND = Reply(200, {}, b'{"retCode":-1,"retMsg":"timestamp"}')
TIME = Reply(200, {}, b'{"retCode":0,"result":{"timeNano":"1793534460000000000"}}')
REQUEST = Request(REPAY, BODY, "repayId")
BLOCKED = Reply(403, {}, b"access too frequent")


class Network:
    """Gives the answers in turn, and records what was sent."""

    base_url = "https://api-testnet.bybit.com"

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.sent: list[str] = []

    def send(self, method: str, path: str, *dummy: object) -> Reply:
        self.sent.append(f"{method} {path}")
        return self.answers.pop(0)


def post(client: Client) -> Accepted | NotAccepted:
    return client.post(client.sign(REQUEST))


def kind_of(answer: Accepted | NotAccepted) -> str:
    return answer.kind if isinstance(answer, NotAccepted) else "accepted"


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def client(network: Network, clock: t.Any) -> Client:
    return Client(Session(network), "the-key", HmacSigner("the-secret"), clock=clock)


def test_a_repayment_outside_the_time_window_may_be_signed_again_once(client: Client, network: Network, clock: t.Any) -> None:
    network.answers = [LATE, TIME, ACCEPTED]
    first = client.sign(REQUEST)
    assert kind_of(client.post(first)) == TURNED_AWAY
    assert network.sent == [f"POST {REPAY}", "GET /v5/market/time"]
    second = client.sign(REQUEST)
    assert client.post(second) == Accepted("1", 1793534460000)
    assert (first.timestamp_ms, second.timestamp_ms) == (clock.now_ms(), 1793534460000)
    assert client.posted_at_ms == 1793534460000


def test_the_clock_is_set_once_for_all_repayments_of_a_run(client: Client, network: Network) -> None:
    network.answers = [LATE, TIME, LATE]
    assert [kind_of(post(client)) for dummy in range(2)] == [TURNED_AWAY, NOT_MADE]
    assert network.sent.count(f"POST {REPAY}") == 2
    # The next read may set it again.
    network.answers = [LATE, TIME, ACCEPTED]
    assert client.read("/v5/crypto-loan/ongoing-orders") == {"repayId": "1"}
    assert client.retries.clock_syncs == 2


def test_a_repayment_is_not_signed_again_after_a_code_of_another_kind(client: Client, network: Network) -> None:
    network.answers = [CLOCK_OF_ANOTHER_KIND]
    assert kind_of(post(client)) == NOT_MADE
    assert network.sent == [f"POST {REPAY}"]


def test_a_read_is_signed_again_after_either(client: Client, network: Network) -> None:
    network.answers = [CLOCK_OF_ANOTHER_KIND, TIME, ACCEPTED]
    client.read("/v5/crypto-loan/ongoing-orders")
    assert len(network.sent) == 3


def test_an_answer_without_an_id_is_no_success(client: Client, network: Network) -> None:
    network.answers = [TIME]
    assert kind_of(post(client)) == UNCLEAR


@pytest.mark.parametrize("body", [b"access too frequent", b"", b"<html>Blocked</html>", b"\xef\xbb\xbf<html>", b"{}"], ids=repr)
def test_a_block_stops_all_requests(client: Client, network: Network, body: bytes) -> None:
    network.answers = [Reply(403, {}, body)]
    for dummy in range(3):
        with pytest.raises(Refused) as caught:
            client.read("/v5/crypto-loan/ongoing-orders")
        assert caught.value.failure is not None and caught.value.failure.http_status == 403
    with pytest.raises(NotSent, match="Stop all requests from this address for at least 10 minutes"):
        client.sign(REQUEST)
    assert (len(network.sent), client.posted_at_ms) == (1, None)


def test_the_return_code_of_a_block_stops_all_requests(client: Client, network: Network) -> None:
    network.answers = [Reply(200, {}, b'{"retCode":10018,"retMsg":"Exceeded the IP Rate Limit."}')]
    for dummy in range(2):
        with pytest.raises(Refused, match="Stop all requests"):
            client.read("/v5/crypto-loan/ongoing-orders")
    assert len(network.sent) == 1


def test_a_blocked_repayment_may_be_reconciled(client: Client, network: Network) -> None:
    network.answers = [BLOCKED, ACCEPTED]
    assert kind_of(post(client)) == UNCLEAR
    assert client.read("/v5/crypto-loan/repayment-history") == {"repayId": "1"}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            Reply(200, {}, b'{"retCode":424242,"retMsg":"Never heard of."}'),
            'this collection does not know the return code (retCode 424242 "Never heard of."). Look up the code in the '
            "exchange's documentation, or contact its support with the request ID.",
        ),
        (
            Reply(200, {}, b"<html>Welcome</html>"),
            "the answer is not from the exchange's API (HTTP 200). Check environment or api_url, and what is between this "
            "machine and the exchange, such as a proxy or a login page.",
        ),
        (Reply(503, {}, b""), "the answer is not from the exchange's API (HTTP 503). Run again later."),
        (Reply(200, {}, b'{"retCode":10016}'), "the exchange had an internal error (retCode 10016). Run again later."),
    ],
    ids=["unknown code", "page", "gateway", "exchange"],
)
def test_a_read_is_retried_later_only_if_that_may_help(
    client: Client, network: Network, answer: Reply, sentence: str
) -> None:
    network.answers = [answer]
    with pytest.raises(ReadFailed) as caught:
        client.read("/v5/crypto-loan/ongoing-orders")
    assert str(caught.value) == f"https://api-testnet.bybit.com gave no usable answer to GET /v5/crypto-loan/ongoing-orders: {sentence}"


# In seconds, in microseconds written as nanoseconds, before the exchange existed, and beyond the calendar.
@pytest.mark.parametrize("nanoseconds", ["1793534460", "1" * 18, "1514764799999999999", "253402300800000000000"])
def test_the_clock_is_not_set_to_an_invalid_time(client: Client, network: Network, clock: t.Any, nanoseconds: str) -> None:
    network.answers = [LATE, Reply(200, {}, b'{"retCode":0,"result":{"timeNano":"%s"}}' % nanoseconds.encode())]
    with pytest.raises(ReadFailed, match="lacks the time"):
        client.read("/v5/crypto-loan/ongoing-orders")
    assert client.signing_time_ms() == clock.now_ms()


def limited(reset: object, **told: object) -> Reply:
    body = json.dumps({"retCode": 10006, "retMsg": "Too many visits", **told}).encode()
    return Reply(200, {"x-bapi-limit-reset-timestamp": str(reset)}, body)


@pytest.mark.parametrize("reset", ["1793534401", "1514764799999", "999999999999999", "253402300800000", "-1", "soon", ""])
def test_an_invalid_reset_time_means_the_shortest_pause(client: Client, network: Network, clock: t.Any, reset: str) -> None:
    network.answers = [limited(reset), ACCEPTED]
    client.read("/v5/crypto-loan/ongoing-orders")
    assert client.retries.rate_limit_wait_ms == 1050


def test_a_pause_of_hours_is_not_slept(client: Client, network: Network, clock: t.Any) -> None:
    network.answers = [limited(clock.now_ms() + 7_200_000)]
    with pytest.raises(Refused):
        client.read("/v5/crypto-loan/ongoing-orders")
    assert clock.pauses == []


def test_a_pause_is_not_calculated_from_an_invalid_time(client: Client, network: Network, clock: t.Any) -> None:
    network.answers = [limited(clock.now_ms() + 3000, time=clock.now_ms() // 1000), ACCEPTED]
    client.read("/v5/crypto-loan/ongoing-orders")
    assert client.retries.rate_limit_wait_ms == 3000


@pytest.mark.parametrize("code", [10006, 148029, 0])
@pytest.mark.parametrize(("age_ms", "is_doubted"), [(0, False), (60_000, False), (60_001, True), (3_600_000, True)])
def test_an_answer_that_is_older_than_its_request_is_one_to_another(
    client: Client, network: Network, clock: t.Any, code: int, age_ms: int, is_doubted: bool
) -> None:
    result = {"repayId": "1"} if code == 0 else {}
    old = json.dumps({"retCode": code, "result": result, "time": clock.now_ms() - age_ms}).encode()
    network.answers = [Reply(200, {}, old)]
    answer = post(client)
    if is_doubted:
        assert isinstance(answer, NotAccepted) and "the answer is older than the request" in str(answer.error)
    assert kind_of(answer) == (UNCLEAR if is_doubted else {0: "accepted", 10006: TURNED_AWAY, 148029: NOT_MADE}[code])
    assert len(network.sent) == 1
