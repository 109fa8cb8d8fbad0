# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding faults: which requests they affect, which are refused, and what the request log shows."""

from __future__ import annotations

import json

import pytest

REPAY = "POST /v5/crypto-loan/repay"


def test_a_fault_skips_requests_and_then_applies_several_times(sandbox):
    sandbox.fault(answer={"ret_code": 10016}, skip=1, times=2)
    assert [sandbox.repay().code for _number in range(4)] == [0, 10016, 10016, 0]
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_times_zero_applies_until_the_fault_is_cleared(sandbox):
    sandbox.fault(answer={"ret_code": 10016}, times=0)
    assert [sandbox.repay().code for _number in range(3)] == [10016] * 3
    sandbox.control("DELETE", "faults")
    assert sandbox.repay().code == 0


def test_one_request_can_add_several_faults(sandbox):
    path = "/v5/crypto-loan/repay"
    added = sandbox.control("POST", "faults", [
        {"path": path, "answer": {"ret_code": 10016}}, {"path": path, "answer": {"ret_code": 177002}},
    ])
    assert len(added["added"]) == 2 == len(sandbox.control("GET", "faults")["faults"])
    assert [sandbox.repay().code for _number in range(3)] == [10016, 177002, 0]


def test_a_fault_without_method_and_path_applies_to_any_request(sandbox):
    sandbox.control("POST", "faults", {"answer": {"ret_code": 10000}})
    assert sandbox.query("ongoing-orders").code == 10000
    assert sandbox.query("ongoing-orders").code == 0


def test_other_requests_are_not_affected(sandbox):
    sandbox.fault(answer={"ret_code": 10016})
    assert sandbox.query("ongoing-orders").code == 0
    assert sandbox.repay().code == 10016


def test_the_request_log_shows_what_was_delivered(sandbox, names):
    sandbox.fault(answer="reset")
    with pytest.raises(ConnectionResetError):
        sandbox.repay(amount="2.5", change={"X-Referer": "broker", "User-Agent": "test"})
    sandbox.repay(amount="x")
    sandbox.query("ongoing-orders", "limit=5&orderId=%31")
    log = sandbox.requests()
    assert log["counts"] == {REPAY: 2, "GET /v5/crypto-loan/ongoing-orders": 1}
    first, second, third = log["requests"]
    assert json.loads(first["body"]) == {"orderId": names.loan, "amount": "2.5"}
    assert (first["fault"], first["ret_code"], first["http_status"], first["committed"]) == ("reset", 0, None, True)
    assert (first["key"], first["referer"], first["user_agent"]) == ("sandbox-key", "broker", "test")
    assert abs(int(first["timestamp"]) - first["time"]) < 2000
    assert (second["fault"], second["ret_code"], second["committed"]) == (None, 177003, False)
    assert (third["query"], third["method"]) == ("limit=5&orderId=%31", "GET")
    sandbox.control("DELETE", "requests")
    assert sandbox.requests() == {"counts": {}, "requests": []}


def test_uncommitted_requests_are_counted(sandbox):
    sandbox.fault(answer={"ret_code": 10016})
    sandbox.repay()
    log = sandbox.requests()
    assert log["counts"] == {REPAY: 1}
    assert (log["requests"][0]["ret_code"], log["requests"][0]["committed"]) == (None, False)


@pytest.mark.parametrize(("document", "text"), [
    ({"answer": "explode"}, "answer must be one of"),
    ({"answer": {}}, "needs either ret_code or http_status"),
    ({"answer": {"ret_code": 1, "http_status": 500}}, "needs either"),
    ({"answer": {"ret_code": "1"}}, "whole number"),
    ({"answer": {"ret_code": 1, "colour": "red"}}, "unknown field 'colour'"),
    ({"answer": {"http_status": 99}}, "at least 200"),
    ({"answer": {"http_status": 1000}}, "at most 599"),
    ({"answr": "close"}, "unknown field 'answr'"),
    ({"method": "PATCH"}, "method must be one of"),
    ({"times": -1}, "at least 0"), ({"skip": "1"}, "whole number"), ({"delay_ms": 1.5}, "whole number"),
    ({"commit": "yes"}, "true or false"), ({"commit": False}, "commit must be true"),
    ({"final_status": 2}, "must be 1 or 3"), ({"final_status": 3}, "needs a processing_ms"),
    ({"clock_offset_ms": "1"}, "whole number"), ("close", "JSON object"),
])
def test_invalid_faults_are_refused(sandbox, document, text):
    assert text in sandbox.control("POST", "faults", document, expect=400)["error"]
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_a_list_with_one_invalid_fault_adds_none(sandbox):
    sandbox.control("POST", "faults", [{"answer": "close"}, {"answer": "explode"}], expect=400)
    assert sandbox.control("GET", "faults") == {"faults": []}
