# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a single answer: what the client sees, and what the ledger holds afterwards."""

from __future__ import annotations

import http.client
import json
import time

import pytest

UNPAID, PAID = "1000.4", "900.4"


def test_close_sends_no_byte_after_the_effect(sandbox):
    sandbox.fault(answer="close")
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.repay()
    assert sandbox.loan()["debt"] == PAID and sandbox.balance() == 9900


def test_reset_breaks_the_connection_after_the_effect(sandbox):
    sandbox.fault(answer="reset")
    with pytest.raises(ConnectionResetError) as reset:
        sandbox.repay()
    assert not isinstance(reset.value, http.client.RemoteDisconnected)
    assert sandbox.loan()["debt"] == PAID


def test_truncate_cuts_the_answer_after_the_effect(sandbox):
    sandbox.fault(answer="truncate")
    with pytest.raises(http.client.IncompleteRead) as cut:
        sandbox.repay()
    assert cut.value.partial.startswith(b'{"retCode":0,') and cut.value.expected > 0
    with pytest.raises(ValueError):
        json.loads(cut.value.partial)
    assert sandbox.loan()["debt"] == PAID


@pytest.mark.parametrize("answer", ["close", "reset", "truncate"])
def test_broken_connections_can_be_without_effect(sandbox, answer):
    sandbox.fault(answer=answer, commit=False)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        sandbox.repay()
    assert sandbox.loan()["debt"] == UNPAID and sandbox.balance() == 10000


@pytest.mark.parametrize(("answer", "status", "start"), [
    ("html_502", 502, b"<html>"), ("html_200", 200, b"<html>"), ("not_json", 200, b"upstream"),
])
@pytest.mark.parametrize("commit", [True, False])
def test_answers_can_be_other_than_json(sandbox, answer, status, start, commit):
    sandbox.fault(answer=answer, commit=commit)
    seen = sandbox.repay()
    assert seen.status == status and seen.body.startswith(start)
    with pytest.raises(ValueError):
        json.loads(seen.body)
    assert sandbox.loan()["debt"] == (PAID if commit else UNPAID)


@pytest.mark.parametrize("commit", [None, True, False])
def test_a_fault_can_answer_with_a_return_code(sandbox, commit):
    chosen = {} if commit is None else {"commit": commit}
    sandbox.fault(answer={"ret_code": 10016, "ret_msg": "out of order"}, **chosen)
    answer = sandbox.repay()
    assert (answer.status, answer.code, answer.document["retMsg"], answer.result) == (200, 10016, "out of order", {})
    assert sandbox.loan()["debt"] == (PAID if commit else UNPAID)


def test_a_return_code_has_the_documented_text(sandbox):
    sandbox.fault(answer={"ret_code": 10006, "headers": {"X-Bapi-Limit-Status": "0"}})
    answer = sandbox.repay()
    assert (answer.code, answer.headers["x-bapi-limit-status"]) == (10006, "0")
    assert answer.document["retMsg"].startswith("Too many visits")


@pytest.mark.parametrize("commit", [None, True])
def test_a_fault_can_answer_with_an_http_status(sandbox, commit):
    chosen = {} if commit is None else {"commit": commit}
    sandbox.fault(answer={"http_status": 503, "body": "later", "headers": {"Retry-After": "7"}}, **chosen)
    answer = sandbox.repay()
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"later", "7")
    assert sandbox.loan()["debt"] == (PAID if commit else UNPAID)


def test_a_request_is_handled_after_the_client_gave_up(sandbox):
    """The client gives up before the request is handled."""
    sandbox.fault(delay_ms=800)
    with pytest.raises(TimeoutError):
        sandbox.repay(timeout=0.1)
    assert sandbox.loan()["debt"] == UNPAID
    deadline = time.monotonic() + 30
    while sandbox.loan()["debt"] != PAID and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sandbox.loan()["debt"] == PAID


def test_a_delay_can_exceed_the_time_window(sandbox):
    sandbox.fault(delay_ms=200)
    assert sandbox.repay(window="100").code == 10002
    assert sandbox.loan()["debt"] == UNPAID


def test_an_answer_can_be_delayed_after_the_effect(sandbox):
    sandbox.fault(delay_answer_ms=20_000)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        sandbox.repay(timeout=0.1)
    assert sandbox.loan()["debt"] == PAID
    assert time.monotonic() - begun < 20
    sandbox.fault(delay_answer_ms=200)
    begun = time.monotonic()
    assert sandbox.repay().code == 0
    assert time.monotonic() - begun >= 0.2


def test_a_delayed_answer_does_not_delay_others(sandbox):
    sandbox.fault(delay_answer_ms=20_000)
    with pytest.raises(TimeoutError):
        sandbox.repay(timeout=0.1)
    begun = time.monotonic()
    assert sandbox.repay().code == 0
    assert time.monotonic() - begun < 15


def test_a_committed_fault_still_needs_authentication(sandbox):
    sandbox.fault(answer="html_502")
    assert sandbox.repay(secret="another").status == 502
    assert sandbox.loan()["debt"] == UNPAID
    [entry] = sandbox.requests()["requests"]
    assert (entry["ret_code"], entry["http_status"], entry["committed"]) == (10004, 502, False)


def test_the_limit_headers_can_be_omitted(sandbox):
    assert "x-bapi-limit" in sandbox.repay().headers
    sandbox.fault(omit_limit_headers=True)
    answer = sandbox.repay()
    assert answer.code == 0 and not [name for name in answer.headers if name.startswith("x-bapi")]


def test_the_clock_can_be_off_for_one_request(sandbox):
    sandbox.fault(clock_offset_ms=-3000)
    answer = sandbox.repay()
    assert answer.code == 10002 and sandbox.loan()["debt"] == UNPAID
    assert answer.document["time"] < time.time() * 1000 - 2500
    assert sandbox.repay().code == 0
    sandbox.control("POST", "faults", {"path": "/v5/market/time", "clock_offset_ms": 60_000})
    shown = int(sandbox.raw("GET", "/v5/market/time").result["timeNano"]) / 10**6
    assert shown - time.time() * 1000 == pytest.approx(60_000, abs=2000)
