# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication: which requests are accepted, and how the others are refused, without effect."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest

DEBT = "1000.4"


@pytest.mark.parametrize(("key", "code"), [
    ("sandbox-key-unheard-of", 10003),
    ("sandbox-key-expired", 33004),
    ("sandbox-key-other-ip", 10010),
    ("sandbox-key-no-permission", 10005),
    ("sandbox-key-readonly", 10005),
    ("sandbox-key-banned", 10027),
])
def test_unusable_keys_are_refused_without_effect(sandbox, key, code):
    answer = sandbox.repay(key=key)
    assert (answer.status, answer.code, answer.result) == (200, code, {})
    assert answer.document["retMsg"]
    assert sandbox.loan()["debt"] == DEBT and sandbox.balance() == 10000


def test_a_read_only_key_can_read(sandbox):
    assert sandbox.query("ongoing-orders", key="sandbox-key-readonly").code == 0
    assert sandbox.query("ongoing-orders", key="sandbox-key-no-permission").code == 10005


def test_the_wallet_requires_its_own_permission(sandbox, names):
    answer = sandbox.signed("GET", names.wallet, "accountType=FUND&coin=USDT", key="sandbox-key-no-wallet")
    assert answer.code == 10005
    assert sandbox.query("ongoing-orders", key="sandbox-key-no-wallet").code == 0


def test_a_wrong_secret_is_refused(sandbox):
    assert sandbox.repay(secret="another").code == 10004
    assert sandbox.loan()["debt"] == DEBT


def test_an_uppercase_signature_is_refused(sandbox, names):
    body = json.dumps({"orderId": names.loan, "amount": "1"})
    answer = sandbox.signed("POST", names.prefix + "repay", body=body, change={"X-BAPI-SIGN": "AB" * 32})
    assert answer.code == 10004


@pytest.mark.parametrize("header", ["X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-SIGN"])
def test_a_request_without_an_authentication_header_is_refused(sandbox, header):
    answer = sandbox.repay(change={header: None})
    assert answer.status == 401
    assert sandbox.loan()["debt"] == DEBT


@pytest.mark.parametrize(("distance", "code"), [(-5000, 0), (-5001, 10002), (999, 0), (1000, 10002), (0, 0)])
def test_the_time_window_has_exact_limits(sandbox, distance, code):
    now = sandbox.clock(freeze=True)
    answer = sandbox.query("borrow-history", timestamp=now + distance)
    assert answer.code == code
    assert answer.document["time"] == now


def test_a_client_can_widen_the_time_window(sandbox):
    now = sandbox.clock(freeze=True)
    assert sandbox.query("borrow-history", timestamp=now - 8000, window="8000").code == 0
    assert sandbox.query("borrow-history", timestamp=now - 8001, window="8000").code == 10002


def test_the_default_time_window_is_five_seconds(sandbox):
    now = sandbox.clock(freeze=True)
    assert sandbox.query("borrow-history", timestamp=now - 5000, window=None).code == 0
    assert sandbox.query("borrow-history", timestamp=now - 5001, window=None).code == 10002


@pytest.mark.parametrize("options", [{"timestamp": "soon"}, {"window": "wide"}, {"timestamp": "-5"}])
def test_malformed_times_are_refused(sandbox, options):
    assert sandbox.query("borrow-history", **options).code == 10001


def test_checks_happen_in_a_fixed_order(sandbox):
    """Each request also has the faults of all later checks, so the code shows which check comes first."""
    late = {"timestamp": 1, "secret": "another"}
    assert sandbox.repay(key="sandbox-key-unheard-of", **late).code == 10003
    assert sandbox.repay(key="sandbox-key-expired", **late).code == 33004
    assert sandbox.repay(key="sandbox-key-other-ip", **late).code == 10010
    assert sandbox.repay(key="sandbox-key-no-permission", **late).code == 10002
    assert sandbox.repay(key="sandbox-key-no-permission", secret="another").code == 10004
    assert sandbox.repay(key="sandbox-key-no-permission", amount="nonsense").code == 10005


def test_unknown_paths_and_verbs_are_refused(sandbox, names):
    assert sandbox.signed("POST", "/v5/crypto-loan/borrow", body="{}").status == 404
    assert sandbox.raw("GET", "/v3/anything").status == 404
    assert sandbox.signed("GET", names.prefix + "repay").code == 10017
    assert sandbox.signed("POST", names.prefix + "ongoing-orders", body="{}").code == 10017
    assert sandbox.signed("PUT", names.prefix + "repay", body="{}").status == 400


def test_a_get_with_an_empty_json_body_is_refused(sandbox, names):
    assert sandbox.signed("GET", names.prefix + "ongoing-orders", body=" {} ").status == 403
    assert sandbox.raw("GET", "/v5/market/time", b"{}").status == 403


def test_the_signature_covers_the_raw_query(sandbox, names):
    """Percent signs, plus signs, and the order of the parameters are signed as sent."""
    for query in ("orderId=%31794267532472646144&limit=1", "limit=1&orderId=1794267532472646144&x=a%2Bb+c%3D~",
                  "loanCurrency=USDT&limit=%35&empty=&x=%7E"):
        answer = sandbox.query("ongoing-orders", query)
        assert answer.code == 0, query
    [loan] = sandbox.listed("ongoing-orders", "orderId=%31794267532472646144")
    assert loan["orderId"] == names.loan


def test_the_signature_covers_the_raw_body(sandbox, names):
    """Compact as in JavaScript clients, spaced as in Python clients, or unusual: only the bytes count."""
    bodies = [
        f'{{"orderId":"{names.loan}","amount":"1"}}',
        f'{{"orderId": "{names.loan}", "amount": "1"}}',
        f'{{\n "amount" : "\\u0031.0" ,\t"orderId":"{names.loan}","note":"é"}}\n',
    ]
    for body in bodies:
        answer = sandbox.signed("POST", names.prefix + "repay", body=body)
        assert answer.code == 0, body
    assert sandbox.loan()["debt"] == "997.4"


def test_headers_of_other_clients_are_accepted(sandbox, names):
    """Header names in any case, with and without the sign type, and with a content type on a GET."""
    answer = sandbox.signed("GET", names.prefix + "ongoing-orders", change={
        "X-BAPI-SIGN-TYPE": "2", "Content-Type": "application/json", "X-Referer": "broker", "cdn-request-id": "1",
    })
    assert answer.code == 0
    stamp = int(time.time() * 1000)
    text = f"{stamp}sandbox-key5000limit=1"
    answer = sandbox.raw("GET", names.prefix + "ongoing-orders?limit=1", headers={
        "x-bapi-api-key": "sandbox-key", "X-Bapi-Timestamp": str(stamp), "x-bapi-RECV-window": "5000",
        "x-bapi-sign": hmac.new(b"sandbox-secret", text.encode(), hashlib.sha256).hexdigest(),
    })
    assert answer.code == 0


def test_connections_are_kept_alive(sandbox):
    connection = sandbox.connect()
    for _number in range(3):
        connection.request("GET", "/v5/market/time")
        response = connection.getresponse()
        assert json.loads(response.read())["retCode"] == 0
        local = connection.sock.getsockname()
    connection.request("GET", "/v5/market/time")
    connection.getresponse().read()
    assert connection.sock.getsockname() == local
    connection.close()
