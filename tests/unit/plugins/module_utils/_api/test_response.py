# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import json

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.response import interpret, reported_time_ms


def envelope(code: object, message: object = "", **more: object) -> bytes:
    return json.dumps({"retCode": code, "retMsg": message, "result": {"repayId": "1"} if code == 0 else {}, **more}).encode()


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
    (401, envelope(10003), "not_executed"),
    (400, envelope(10016), "unknown"),
    (429, envelope(10006), "unknown"),
    (307, b"", "unknown"),
    (200, b'{"retCode":0,"result":{"repayId":"1"},"time":Infinity}', "unknown"),
    (200, b'{"retCode":177010,"retCode":0,"result":{"repayId":"1"}}', "unknown"),
    (200, b'{"retCode":0,"retCode":177010}', "unknown"),
    (200, b'{"retCode":0,"result":{"repayId":"1","repayId":"2"}}', "unknown"),
    (200, b'{"retCode":0,"result":' + b"[" * 100 + b"]" * 100 + b"}", "unknown"),
    (200, b'{"retCode":0,"result":{"repayId":"\\ud800"}}', "unknown"),
    (200, b'{"retCode":177010,"retMsg":"\\udfff"}', "unknown"),
    (200, b'{"retCode":0,"\\ud800":1}', "unknown"),
    (200, b'{"retCode":0,"result":{"a":1e9999999999999999999}}', "unknown"),
    (200, b'{"retCode":0,"result":{"a":1e999999999}}', "unknown"),
    (200, b'{"retCode":0,"result":{"a":0.' + b"1" * 5000 + b"}}", "unknown"),
    (200, b'{"retCode":1' + b"0" * 101 + b"}", "unknown"),
    (200, b'{"retCode":-0.0}', "unknown"),
    (200, envelope(0) + envelope(0), "unknown"),
    (200, b"\xef\xbb\xbf" + envelope(0), "unknown"),
    (200, envelope(0).decode().encode("utf-16"), "unknown"),
    (200, b'{"retCode":0,"retMsg":"\x00"}', "unknown"),
    (200, gzip.compress(envelope(0), mtime=0), "unknown"),
    (200, envelope(0, "\N{GRINNING FACE} fine"), "accepted"),
    (400, envelope(177010), "not_executed"),
    (404, envelope(10017), "not_executed"),
]
# Bodies that are not the exchange's own JSON.
NOT_THE_EXCHANGES = [
    b"",
    b" ",
    b"access too frequent",
    b"{}",
    b"[]",
    b"null",
    b'{"error":"blocked"}',
    b'{"retCode":"10003"}',
    b'{"retCode":true}',
    b'{"retCode":10003.0}',
    b'{"retCode":null,"retMsg":"no"}',
    b'{"retCode":10003,"retCode":10003}',
    b'[{"retCode":10003}]',
    b'{"data":{"retCode":10003}}',
    b"<html>Blocked by your company</html>",
    b"\n<!DOCTYPE html><html></html>",
    b"\xef\xbb\xbf<html></html>",
    "<html></html>".encode("utf-16"),
    "<html></html>".encode("utf-16-le"),
    b'<?xml version="1.0"?><Error/>',
    gzip.compress(b"<html></html>", mtime=0),
    b"\x1f\x8b\x08garbage",
]


@pytest.mark.parametrize(("status", "body", "reading"), CASES, ids=lambda value: repr(value)[:24])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_answers_are_read(method: str, status: int, body: bytes, reading: str) -> None:
    response = interpret(method, status, body, "the-request-id")
    assert response.reading == response.failure.outcome == reading
    assert response.failure.http_status == status
    assert response.failure.request_id == "the-request-id"


@pytest.mark.parametrize("body", NOT_THE_EXCHANGES, ids=repr)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_only_the_exchanges_own_json_refuses_a_repayment(status: int, body: bytes) -> None:
    response = interpret("POST", status, body, "id")
    assert (response.reading, response.failure.outcome, response.failure.ret_code) == ("unknown", "unknown", None)
    assert response.cause() == f"the answer is not from the exchange's API (HTTP {status})"
    # A read moves nothing, whoever refused it.
    assert interpret("GET", status, body, "id").reading == "not_executed"


def test_the_cause_names_the_answer() -> None:
    response = interpret("POST", 200, envelope(177011, "Balance is not enough"), "id")
    assert response.cause() == 'the balance is too small (retCode 177011 "Balance is not enough")'
    assert response.meaning.remedy == "Top up the Funding wallet, for example with bybit_funding_transfer, or request less."


def test_the_cause_without_a_body_names_the_status() -> None:
    response = interpret("GET", 403, b"access too frequent", "id")
    assert response.cause().endswith("(HTTP 403)")
    assert response.meaning.remedy.startswith("Stop all requests")


def test_a_contradiction_between_status_and_code_is_named() -> None:
    cause = interpret("POST", 502, envelope(0, "OK"), "id").cause()
    assert cause == 'the HTTP status and the return code contradict each other (retCode 0 "OK", HTTP 502)'


@pytest.mark.parametrize(("status", "expected"), [(200, True), (403, False), (502, False)])
def test_only_the_exchange_itself_can_be_the_gate(status: int, expected: bool) -> None:
    response = interpret("POST", status, envelope(10006), "id")
    assert response.is_gate_refusal(10006) is expected
    assert not response.is_gate_refusal(10002)


def test_odd_fields_are_dropped_rather_than_believed() -> None:
    body = json.dumps({"retCode": 0, "retMsg": None, "result": [], "time": "soon"}).encode()
    response = interpret("POST", 200, body, "id")
    assert (response.result, response.time_ms, response.failure.ret_msg) == ({}, None, "")


def test_a_long_message_of_the_exchange_is_cut() -> None:
    response = interpret("POST", 200, envelope(10001, "word " * 10_000), "id")
    assert response.failure.ret_msg == "word " * 60 + "…"


def test_a_quoted_message_hides_the_secrets_that_were_sent() -> None:
    body = envelope(10004, f"error sign! origin_string[1672531200000the-key5000{{}}], sign {'5a' * 32}: {'word ' * 60}the-key")
    response = interpret("POST", 200, body, "id", ("the-key", "5a" * 32))
    assert str(response.failure.ret_msg).startswith("error sign! origin_string[1672531200000…5000{}], sign …: word word ")
    assert ("the-" in response.cause(), "5a" in response.cause()) == (False, False)


def test_a_quoted_message_has_no_control_characters() -> None:
    response = interpret("POST", 200, envelope(10001, "a\x1b[2Jb\nc\u202ed \u00e9"), "id")
    assert response.failure.ret_msg == "a\ufffd[2Jb\ufffdc\ufffdd \u00e9"


@pytest.mark.parametrize("message", [["a"], {"a": 1}, 7, True], ids=repr)
def test_a_message_that_is_no_string_is_ignored(message: object) -> None:
    assert interpret("POST", 200, envelope(10001, message), "id").failure.ret_msg == ""


FIRST_MS, LAST_MS = 1_514_764_800_000, 253_370_764_799_999


@pytest.mark.parametrize("time", [FIRST_MS, 1728629786884, LAST_MS])
def test_a_plausible_time_is_returned(time: int) -> None:
    assert interpret("GET", 200, envelope(0, time=time), "id").time_ms == reported_time_ms(time) == time


@pytest.mark.parametrize(
    "time", [0, -1, 1, True, 1728629786, FIRST_MS - 1, LAST_MS + 1, 1728629786884000, 10**90, "1728629786884", 1.7e12, None, [], {}]
)
def test_an_implausible_time_is_dropped(time: object) -> None:
    assert interpret("GET", 200, envelope(0, time=time), "id").time_ms is reported_time_ms(time) is None


@pytest.mark.parametrize("code", [10006, 10002, 148029, 177010])
@pytest.mark.parametrize("result", [{"repayId": "1771"}, {"repayId": 5}, {"list": [{}]}], ids=str)
def test_a_refusal_of_a_repayment_that_has_a_result_contradicts_itself(code: int, result: dict[str, object]) -> None:
    body = json.dumps({"retCode": code, "retMsg": "no", "result": result}).encode()
    response = interpret("POST", 200, body, "id")
    assert (response.reading, response.is_gate_refusal(code)) == ("unknown", False)
    assert "the answer refuses the request, but contains a result" in response.cause()
    # A read moves nothing, and an empty field is no result.
    assert interpret("GET", 200, body, "id").reading == "not_executed"
    for nothing in ({}, {"repayId": ""}, None, [], "x"):
        assert interpret("POST", 200, json.dumps({"retCode": code, "result": nothing}).encode(), "id").reading == "not_executed"
