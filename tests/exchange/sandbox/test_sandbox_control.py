# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API, the page, and requests that are not HTTP."""

from __future__ import annotations

import json
import socket
import time

import pytest


def test_invalid_control_requests_are_refused(sandbox):
    for method, name, document in (
        ("POST", "clock", {}), ("POST", "clock", {"offset_ms": 1, "advance_ms": 1}),
        ("POST", "clock", {"freeze": "no"}), ("POST", "clock", {"advance_ms": 1.5}),
        ("POST", "prices", {"BTC": "0"}), ("POST", "prices", {"BTC": 1}),
        ("POST", "prices", {"DOGE": "1"}), ("POST", "wallet", {"coin": "DOGE", "balance": "1"}),
        ("POST", "wallet", {"coin": "USDT", "balance": "-1"}),
        ("POST", "wallet", {"coin": "USDT", "balance": "1", "uid": "0"}),
        ("POST", "repay", {"orderId": "1", "amount": "1"}), ("POST", "repay", {"orderId": "1"}), ("PUT", "seed", []),
    ):
        assert sandbox.control(method, name, document, expect=400)["error"], (name, document)
    assert sandbox.raw("POST", "/sandbox/clock", b"{").status == 400
    assert sandbox.raw("POST", "/sandbox/state").status == 404
    assert sandbox.loan()["debt"] == "1000.4"


def test_the_clock_is_offset_advanced_and_frozen(sandbox):
    now = time.time() * 1000
    assert sandbox.clock(offset_ms=-60_000) == pytest.approx(now - 60_000, abs=3000)
    assert sandbox.clock(advance_ms=10_000) == pytest.approx(now - 50_000, abs=3000)
    frozen = sandbox.clock(freeze=True)
    time.sleep(0.02)
    assert sandbox.state()["server_time"] == frozen
    assert sandbox.clock(freeze=False) == pytest.approx(now - 50_000, abs=3000)
    sandbox.control("POST", "reset")
    assert sandbox.state()["server_time"] == pytest.approx(now, abs=3000)


def test_the_state_shows_no_secret(sandbox):
    text = json.dumps(sandbox.state())
    assert "sandbox-key-readonly" in text and "sandbox-secret" not in text


def test_the_wallet_of_another_account_can_be_set(sandbox):
    sandbox.control("POST", "wallet", {"uid": "1631390", "coin": "USDT", "balance": "3"})
    assert sandbox.balance(key="sandbox-key-second-account") == 3 and sandbox.balance() == 10000


def test_the_server_survives_requests_that_are_not_http(sandbox):
    with socket.create_connection((sandbox.parts.hostname, sandbox.parts.port), 5) as line:
        line.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 400") or line.recv(1) == b""
    with socket.create_connection((sandbox.parts.hostname, sandbox.parts.port), 5) as line:
        line.sendall(b"POST /v5/crypto-loan/repay HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert sandbox.repay().code == 0
