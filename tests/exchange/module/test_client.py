# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client in this process, for cases that no module reaches."""

from __future__ import annotations

import json
import re
import socket
import threading

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import (
    NOT_MADE,
    TURNED_AWAY,
    UNCLEAR,
    Accepted,
    Client,
    NotAccepted,
    Request,
)
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import NoReply, Transport
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner

REQUEST = Request("/v5/crypto-loan/repay", {"orderId": "1794267532472646144", "amount": "100"}, "repayId")


def client(url: str, **options) -> Client:
    return Client(Session(Transport(url, 5, **options)), "sandbox-key", HmacSigner("sandbox-secret"))


def post(client: Client) -> Accepted | NotAccepted:
    return client.post(client.sign(REQUEST))


def test_pages_are_followed_to_the_end(sandbox, roomy_seed) -> None:
    [account, *dummy] = roomy_seed["accounts"]
    pattern = account["loans"][0]
    account["loans"] += [{**pattern, "order_id": f"18{number:017}"} for number in range(250)]
    sandbox.control("PUT", "seed", roomy_seed)
    sandbox.control("DELETE", "requests")
    rows = list(client(sandbox.url).pages("/v5/crypto-loan/ongoing-orders", {}))
    assert len({row["orderId"] for row in rows}) == len(rows) == len(sandbox.account()["loans"]) > 250
    assert sandbox.requests()["counts"] == {"GET /v5/crypto-loan/ongoing-orders": 3}
    assert "%25" not in "".join(request["query"] for request in sandbox.requests()["requests"])


def test_a_last_page_that_leads_to_itself_is_the_end(sandbox) -> None:
    sandbox.control("DELETE", "requests")
    body = json.dumps({"retCode": 0, "result": {"list": [], "nextPageCursor": "again"}})
    sandbox.control("POST", "faults", {"method": "GET", "times": 0, "answer": {"http_status": 200, "body": body}})
    assert list(client(sandbox.url).pages("/v5/crypto-loan/ongoing-orders", {})) == []
    assert sandbox.requests()["counts"] == {"GET /v5/crypto-loan/ongoing-orders": 2}


@pytest.mark.parametrize("odd", ["US DT+/=&?%~é", "%41%7E", "a%2", "%zz", "a%3Ab%2Cc", "\"'<>#"])
def test_the_signature_covers_the_query_as_it_is_sent(sandbox, odd: str) -> None:
    assert client(sandbox.url).read("/v5/crypto-loan/ongoing-orders", {"loanCurrency": odd})["list"] == []


def test_one_connection_serves_many_requests(sandbox) -> None:
    ports = set()
    plain = client(sandbox.url)
    for dummy in range(3):
        plain.read("/v5/market/time", signed=False)
        [pool] = plain._session.transport._adapter.poolmanager.pools._container.values()
        connection = pool.pool.queue[-1]
        ports.add(connection.sock.getsockname())
    assert len(ports) == 1


def test_a_refused_connection_has_sent_nothing() -> None:
    refused = client("http://127.0.0.1:1")
    answer = post(refused)
    assert re.search("failed before anything was sent .*Connection refused.*. Check environment or api_url", str(answer.error))
    assert (answer.kind, answer.error.outcome, answer.error.failure.outcome) == (NOT_MADE, "not_executed", "not_executed")
    assert refused.posted_at_ms is None


def test_a_failed_tls_handshake_has_sent_nothing(start, names) -> None:
    secure = start("--tls")
    answer = post(client(secure.url))
    assert (answer.kind, "certificate verify failed" in str(answer.error)) == (NOT_MADE, True)
    assert names.client(secure.url, secure.ca_path).requests()["counts"] == {}


def test_a_server_that_does_not_speak_tls_was_sent_nothing(sandbox) -> None:
    before = sandbox.repayments()
    assert post(client(sandbox.url.replace("http:", "https:"))).kind == NOT_MADE
    assert sandbox.repayments() == before


def test_a_server_that_hangs_up_after_the_head_leaves_the_outcome_open() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, dummy = server.accept()
        connection.recv(65536)
        connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    open_end = client("http://127.0.0.1:%d" % server.getsockname()[1])
    assert post(open_end).kind == UNCLEAR
    assert open_end.posted_at_ms is not None
    server.close()


def test_signing_a_request_does_not_send_it(sandbox) -> None:
    sandbox.control("DELETE", "requests")
    willing = client(sandbox.url)
    willing.sign(REQUEST)
    assert (willing.posted_at_ms, sandbox.requests()["counts"]) == (None, {})


def test_a_listener_is_told_the_timestamp_before_each_request(sandbox) -> None:
    sandbox.control("DELETE", "requests")
    sandbox.clock(offset_ms=3_600_000)
    willing = client(sandbox.url)
    first = willing.sign(REQUEST)
    assert willing.post(first).kind == TURNED_AWAY
    second = willing.sign(REQUEST)
    assert isinstance(willing.post(second), Accepted)
    sent = [int(r["timestamp"]) for r in sandbox.requests()["requests"] if r["method"] == "POST"]
    assert sent == [first.timestamp_ms, second.timestamp_ms]
    assert 3_590_000 < sent[1] - sent[0] < 3_610_000


def test_a_long_reason_is_cut() -> None:
    with pytest.raises(NoReply) as caught:
        Transport("http://127.0.0.1:1/" + "x" * 300, 5).send("GET", "/", {})
    assert len(str(caught.value)) <= 201
