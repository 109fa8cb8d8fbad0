# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._client import Acceptance, Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError, OutcomeUnknown, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._http import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._line import Line
from ansible_collections.treasury.bybit.plugins.module_utils._signing import HmacSigner

REPAY = "/v5/crypto-loan/repay"
BODY = {"orderId": "17", "amount": "100"}
ACCEPTED = Reply(200, {}, b'{"retCode":0,"result":{"repayId":"1"}}')
LATE = Reply(200, {}, b'{"retCode":10002,"retMsg":"invalid request"}')
CLOCK_OF_ANOTHER_KIND = Reply(200, {}, b'{"retCode":-1,"retMsg":"timestamp"}')
TIME = Reply(200, {}, b'{"retCode":0,"result":{"timeNano":"1793534460000000000"}}')
BLOCKED = Reply(403, {}, b"access too frequent")


class Network:
    """Gives the answers in turn, and writes down what was sent."""

    base_url = "https://api-testnet.bybit.com"

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.sent: list[str] = []

    def send(self, method: str, path: str, *dummy: object) -> Reply:
        self.sent.append(f"{method} {path}")
        return self.answers.pop(0)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def client(network: Network, clock: t.Any) -> Client:
    return Client(Line(network), "the-key", HmacSigner("the-secret"), clock=clock)


def test_a_repayment_outside_the_time_window_is_signed_again_once(client: Client, network: Network, clock: t.Any) -> None:
    network.answers, told = [LATE, TIME, ACCEPTED], []
    assert client.post_once(REPAY, BODY, "repayId", told.append) == Acceptance("1", 1793534460000)
    assert network.sent == [f"POST {REPAY}", "GET /v5/market/time", f"POST {REPAY}"]
    assert told == [clock.now_ms(), 1793534460000]
    assert client.posted_at_ms == 1793534460000


def test_the_clock_is_set_once_for_a_request(client: Client, network: Network) -> None:
    network.answers = [LATE, TIME, LATE]
    with pytest.raises(Refused):
        client.post_once(REPAY, BODY, "repayId", lambda dummy: None)
    assert network.sent.count(f"POST {REPAY}") == 2
    # The next request may set it again.
    network.answers = [LATE, TIME, ACCEPTED]
    assert client.read("/v5/crypto-loan/ongoing-orders") == {"repayId": "1"}
    assert client.retries.clock_syncs == 2


def test_a_repayment_is_not_signed_again_after_a_code_of_another_kind(client: Client, network: Network) -> None:
    network.answers = [CLOCK_OF_ANOTHER_KIND]
    with pytest.raises(BybitError):
        client.post_once(REPAY, BODY, "repayId", lambda dummy: None)
    assert network.sent == [f"POST {REPAY}"]


def test_a_read_is_signed_again_after_either(client: Client, network: Network) -> None:
    network.answers = [CLOCK_OF_ANOTHER_KIND, TIME, ACCEPTED]
    client.read("/v5/crypto-loan/ongoing-orders")
    assert len(network.sent) == 3


def test_an_answer_without_an_id_is_no_success(client: Client, network: Network) -> None:
    network.answers = [TIME]
    with pytest.raises(OutcomeUnknown):
        client.post_once(REPAY, BODY, "repayId", lambda dummy: None)


def test_a_block_ends_all_reading(client: Client, network: Network) -> None:
    network.answers = [BLOCKED]
    for dummy in range(3):
        with pytest.raises(Refused) as caught:
            client.read("/v5/crypto-loan/ongoing-orders")
        assert caught.value.failure is not None and caught.value.failure.http_status == 403
    assert len(network.sent) == 1
