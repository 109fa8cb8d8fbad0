# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._verdict import judge


def envelope(code: object, message: object = "", **more: object) -> bytes:
    return json.dumps({"retCode": code, "retMsg": message, "result": {"repayId": "1"}, **more}).encode()


CASES = [
    (200, envelope(0, "OK"), "accepted"),
    (200, envelope(0, "request.success", time=1728629786884), "accepted"),
    (200, envelope(177010), "not_executed"),
    (200, envelope(10016), "unknown"),
    (200, envelope(177018), "earlier_request"),
    (200, envelope(424242), "unknown"),
    (200, envelope("0"), "unknown"),
    (200, envelope(True), "unknown"),
    (200, envelope(0.0), "unknown"),
    (200, envelope(None), "unknown"),
    (200, b"{}", "unknown"),
    (200, b"[]", "unknown"),
    (200, b'"ok"', "unknown"),
    (200, b"", "unknown"),
    (200, b'{"retCode":0,"retMsg":"OK","resu', "unknown"),
    (200, b"<html>all is well</html>", "unknown"),
    (200, b"\xff\xfe", "unknown"),
    (200, b"[" * 100_000, "unknown"),
    (200, b'{"retCode":' + b"9" * 5000 + b"}", "unknown"),
    (502, b"<html>Bad Gateway</html>", "unknown"),
    (500, envelope(177010), "unknown"),
    (502, envelope(0), "unknown"),
    (302, envelope(0), "unknown"),
    (404, envelope(0), "unknown"),
    (201, envelope(0), "unknown"),
    (403, b"access too frequent", "not_executed"),
    (404, b"not found", "not_executed"),
    (401, b"", "not_executed"),
    (401, envelope(10003), "not_executed"),
    (400, envelope(10016), "unknown"),
    (429, envelope(10006), "unknown"),
    (307, b"", "unknown"),
    (403, b"\n<!DOCTYPE html><html>Blocked by your company</html>", "unknown"),
    (401, b"<html></html>", "unknown"),
    (200, b'{"retCode":0,"result":{"repayId":"1"},"time":Infinity}', "unknown"),
]


@pytest.mark.parametrize(("status", "body", "reading"), CASES, ids=lambda value: repr(value)[:24])
def test_reading(status: int, body: bytes, reading: str) -> None:
    verdict = judge(status, body, "the-request-id")
    assert verdict.reading == verdict.failure.reading == reading
    assert verdict.failure.http_status == status
    assert verdict.failure.request_id == "the-request-id"


def test_the_sentence_names_cause_answer_and_remedy() -> None:
    verdict = judge(200, envelope(177011, "Balance is not enough"), "id")
    assert verdict.sentence() == (
        'the balance is too small (retCode 177011 "Balance is not enough"): '
        "top up the Funding wallet or give a smaller amount."
    )


def test_the_sentence_without_a_body_names_the_status() -> None:
    verdict = judge(403, b"access too frequent", "id")
    assert "(HTTP 403): stop all requests" in verdict.sentence()


def test_a_contradiction_between_status_and_code_is_named() -> None:
    cause = judge(502, envelope(0, "OK"), "id").cause()
    assert cause == 'the HTTP status and the return code contradict each other (retCode 0 "OK", HTTP 502)'


@pytest.mark.parametrize(("status", "expected"), [(200, True), (403, False), (502, False)])
def test_only_the_exchange_itself_can_be_the_gate(status: int, expected: bool) -> None:
    verdict = judge(status, envelope(10006), "id")
    assert verdict.is_gate_refusal(10006) is expected
    assert not verdict.is_gate_refusal(10002)


def test_odd_fields_are_dropped_rather_than_believed() -> None:
    body = json.dumps({"retCode": 0, "retMsg": None, "result": [], "time": "soon"}).encode()
    verdict = judge(200, body, "id")
    assert (verdict.result, verdict.time_ms, verdict.failure.ret_msg) == ({}, None, "")


def test_a_long_message_of_the_exchange_is_cut() -> None:
    verdict = judge(200, envelope(10001, "x" * 10_000), "id")
    assert verdict.failure.ret_msg == "x" * 300
