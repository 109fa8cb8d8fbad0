# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Accepted, Client, Request
from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Reply
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner
from pybit.unified_trading import HTTP

NOW_MS = 1728629785224
REQUEST = Request("/v5/crypto-loan/repay", {"orderId": "17", "amount": "100"}, "repayId")


class StandingClock(Clock):
    """A clock that stands still."""

    def now_ms(self) -> int:
        return NOW_MS


class Recorder:
    """Replaces the network: records what would be sent, and accepts it."""

    base_url = "https://api-testnet.bybit.com"

    def __init__(self) -> None:
        self.sent: dict[str, t.Any] = {}

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        self.sent = {"method": method, "path": path, "headers": headers, "body": body}
        return Reply(200, {}, b'{"retCode":0,"result":{"repayId":"1"}}')


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def client(recorder: Recorder) -> Client:
    return Client(Session(recorder), "the-key", HmacSigner("the-secret"), recv_window_ms=1234, clock=StandingClock())


def assert_signed_like_pybit(headers: dict[str, str], payload: str) -> None:
    pybit = HTTP(api_key="the-key", api_secret="the-secret")
    assert headers["X-BAPI-SIGN"] == pybit._auth(payload, 1234, NOW_MS)
    assert headers["X-BAPI-API-KEY"] == "the-key"
    assert headers["X-BAPI-TIMESTAMP"] == str(NOW_MS)
    assert headers["X-BAPI-RECV-WINDOW"] == "1234"
    assert headers["X-BAPI-SIGN-TYPE"] == "2"


def test_a_read_is_signed_over_its_query(client: Client, recorder: Recorder) -> None:
    client.read("/v5/crypto-loan/ongoing-orders", {"orderId": "17", "cursor": "a%3Ab", "loanCurrency": "US DT"})
    assert recorder.sent["path"] == "/v5/crypto-loan/ongoing-orders?orderId=17&cursor=a%3Ab&loanCurrency=US+DT"
    assert recorder.sent["body"] is None
    assert_signed_like_pybit(recorder.sent["headers"], "orderId=17&cursor=a%3Ab&loanCurrency=US+DT")


def test_a_repayment_is_signed_over_its_body(client: Client, recorder: Recorder) -> None:
    signed = client.sign(REQUEST)
    assert (signed.timestamp_ms, recorder.sent, client.posted_at_ms) == (NOW_MS, {}, None)
    assert client.post(signed) == Accepted("1", NOW_MS)
    assert recorder.sent["body"] == b'{"orderId":"17","amount":"100"}'
    assert recorder.sent["headers"]["Content-Type"] == "application/json"
    assert_signed_like_pybit(recorder.sent["headers"], recorder.sent["body"].decode())
    assert client.posted_at_ms == NOW_MS


def test_a_public_read_carries_neither_key_nor_signature(client: Client, recorder: Recorder) -> None:
    client.read("/v5/market/time", signed=False)
    assert list(recorder.sent["headers"]) == ["cdn-request-id"]


def test_every_request_has_its_own_id(client: Client, recorder: Recorder) -> None:
    seen = set()
    for dummy in range(3):
        client.read("/v5/market/time", signed=False)
        seen.add(recorder.sent["headers"]["cdn-request-id"])
    assert len(seen) == 3
