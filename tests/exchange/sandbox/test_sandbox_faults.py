# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault: what the client sees, and what the ledger holds afterwards."""

from __future__ import annotations

import http.client
import json
import time

import pytest

UNPAID, PAID = "1000.4", "900.4"
REPAY = "POST /v5/crypto-loan/repay"


def test_close_without_a_byte(sandbox):
    sandbox.fault(answer="close")
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.repay()
    assert sandbox.loan()["debt"] == PAID and sandbox.balance() == 9900


def test_reset(sandbox):
    sandbox.fault(answer="reset")
    with pytest.raises(ConnectionResetError) as reset:
        sandbox.repay()
    assert not isinstance(reset.value, http.client.RemoteDisconnected)
    assert sandbox.loan()["debt"] == PAID


def test_truncate(sandbox):
    sandbox.fault(answer="truncate")
    with pytest.raises(http.client.IncompleteRead) as cut:
        sandbox.repay()
    assert cut.value.partial.startswith(b'{"retCode":0,') and cut.value.expected > 0
    with pytest.raises(ValueError):
        json.loads(cut.value.partial)
    assert sandbox.loan()["debt"] == PAID


@pytest.mark.parametrize("answer", ["close", "reset", "truncate"])
def test_broken_connections_without_effect(sandbox, answer):
    sandbox.fault(answer=answer, commit=False)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        sandbox.repay()
    assert sandbox.loan()["debt"] == UNPAID and sandbox.balance() == 10000


@pytest.mark.parametrize(("answer", "status", "start"), [
    ("html_502", 502, b"<html>"), ("html_200", 200, b"<html>"), ("not_json", 200, b"upstream"),
])
@pytest.mark.parametrize("commit", [True, False])
def test_answers_that_are_not_json(sandbox, answer, status, start, commit):
    sandbox.fault(answer=answer, commit=commit)
    seen = sandbox.repay()
    assert seen.status == status and seen.body.startswith(start)
    with pytest.raises(ValueError):
        json.loads(seen.body)
    assert sandbox.loan()["debt"] == (PAID if commit else UNPAID)


@pytest.mark.parametrize("commit", [None, True, False])
def test_return_code(sandbox, commit):
    chosen = {} if commit is None else {"commit": commit}
    sandbox.fault(answer={"ret_code": 10016, "ret_msg": "out of order"}, **chosen)
    answer = sandbox.repay()
    assert (answer.status, answer.code, answer.document["retMsg"], answer.result) == (200, 10016, "out of order", {})
    assert sandbox.loan()["debt"] == (PAID if commit else UNPAID)


def test_return_code_with_the_documented_text_and_headers(sandbox):
    sandbox.fault(answer={"ret_code": 10006, "headers": {"X-Bapi-Limit-Status": "0"}})
    answer = sandbox.repay()
    assert (answer.code, answer.headers["x-bapi-limit-status"]) == (10006, "0")
    assert answer.document["retMsg"].startswith("Too many visits")


@pytest.mark.parametrize("commit", [None, True])
def test_http_status(sandbox, commit):
    chosen = {} if commit is None else {"commit": commit}
    sandbox.fault(answer={"http_status": 503, "body": "later", "headers": {"Retry-After": "7"}}, **chosen)
    answer = sandbox.repay()
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"later", "7")
    assert sandbox.loan()["debt"] == (PAID if commit else UNPAID)


def test_delay_before_handling(sandbox):
    """The request has not happened yet when the client gives up, and happens all the same."""
    sandbox.fault(delay_ms=800)
    with pytest.raises(TimeoutError):
        sandbox.repay(timeout=0.1)
    assert sandbox.loan()["debt"] == UNPAID
    deadline = time.monotonic() + 5
    while sandbox.loan()["debt"] != PAID and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sandbox.loan()["debt"] == PAID


def test_a_request_that_is_late_at_the_gate(sandbox):
    sandbox.fault(delay_ms=200)
    assert sandbox.repay(window="100").code == 10002
    assert sandbox.loan()["debt"] == UNPAID


def test_delay_after_handling(sandbox):
    sandbox.fault(delay_answer_ms=3000)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        sandbox.repay(timeout=0.1)
    assert sandbox.loan()["debt"] == PAID
    assert time.monotonic() - begun < 3
    sandbox.fault(delay_answer_ms=200)
    begun = time.monotonic()
    assert sandbox.repay().code == 0
    assert time.monotonic() - begun >= 0.2


def test_a_delayed_answer_does_not_hold_up_others(sandbox):
    sandbox.fault(delay_answer_ms=3000)
    with pytest.raises(TimeoutError):
        sandbox.repay(timeout=0.1)
    begun = time.monotonic()
    assert sandbox.repay().code == 0
    assert time.monotonic() - begun < 2


def test_the_gate_still_guards_a_committed_fault(sandbox):
    sandbox.fault(answer="html_502")
    assert sandbox.repay(secret="another").status == 502
    assert sandbox.loan()["debt"] == UNPAID
    [entry] = sandbox.requests()["requests"]
    assert (entry["ret_code"], entry["http_status"], entry["committed"]) == (10004, 502, False)


def test_skip_and_times(sandbox):
    sandbox.fault(answer={"ret_code": 10016}, skip=1, times=2)
    assert [sandbox.repay().code for _number in range(4)] == [0, 10016, 10016, 0]
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_times_zero_holds_until_it_is_cleared(sandbox):
    sandbox.fault(answer={"ret_code": 10016}, times=0)
    assert [sandbox.repay().code for _number in range(3)] == [10016] * 3
    sandbox.control("DELETE", "faults")
    assert sandbox.repay().code == 0


def test_several_faults_in_one_order(sandbox):
    path = "/v5/crypto-loan/repay"
    added = sandbox.control("POST", "faults", [
        {"path": path, "answer": {"ret_code": 10016}}, {"path": path, "answer": {"ret_code": 177002}},
    ])
    assert len(added["added"]) == 2 == len(sandbox.control("GET", "faults")["faults"])
    assert [sandbox.repay().code for _number in range(3)] == [10016, 177002, 0]


def test_a_fault_without_method_and_path_takes_any_call(sandbox):
    sandbox.control("POST", "faults", {"answer": {"ret_code": 10000}})
    assert sandbox.query("ongoing-orders").code == 10000
    assert sandbox.query("ongoing-orders").code == 0


def test_other_calls_pass_by(sandbox):
    sandbox.fault(answer={"ret_code": 10016})
    assert sandbox.query("ongoing-orders").code == 0
    assert sandbox.repay().code == 10016


def test_missing_limit_headers(sandbox):
    assert "x-bapi-limit" in sandbox.repay().headers
    sandbox.fault(omit_limit_headers=True)
    answer = sandbox.repay()
    assert answer.code == 0 and not [name for name in answer.headers if name.startswith("x-bapi")]


def test_repayment_that_enters_the_history_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(history_delay_ms=5000)
    repay_id = sandbox.repay().result["repayId"]
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["totalDebt"] == PAID
    stamp = sandbox.clock(advance_ms=4999)
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp) == []
    stamp = sandbox.clock(advance_ms=1)
    assert len(sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)) == 1


def test_debt_and_wallet_that_fall_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(debt_delay_ms=5000)
    repay_id = sandbox.repay().result["repayId"]
    stamp = sandbox.clock(advance_ms=4999)
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp)
    assert (loan["totalDebt"], loan["residualInterest"]) == ("1000", "0.4")
    assert sandbox.balance(timestamp=stamp) == 10000
    assert sandbox.loan()["debt"] == PAID
    assert len(sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)) == 1
    stamp = sandbox.clock(advance_ms=1)
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp)[0]["totalDebt"] == PAID
    assert sandbox.balance(timestamp=stamp) == 9900


def test_a_loan_that_closes_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(debt_delay_ms=5000)
    sandbox.repay(names.loan, "1000.4")
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["totalDebt"] == "1000"
    assert sandbox.listed("borrow-history", f"orderId={names.loan}") == []
    assert sandbox.repay(names.loan, "1").code == 177005
    stamp = sandbox.clock(advance_ms=5000)
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp) == []
    assert len(sandbox.listed("borrow-history", f"orderId={names.loan}", timestamp=stamp)) == 1


def test_processing(sandbox, names):
    """Money leaves at once, the debt falls when the status becomes 1."""
    sandbox.clock(freeze=True)
    sandbox.fault(processing_ms=5000)
    repay_id = sandbox.repay(names.loan, "1000.4").result["repayId"]
    [item] = sandbox.listed("repayment-history", f"repayId={repay_id}")
    assert (item["repayStatus"], item["collateralReturn"]) == (2, "0")
    assert str(sandbox.balance()) == "8999.6"
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["totalDebt"] == "1000"
    assert sandbox.repay(names.loan, "1").code == 177010
    stamp = sandbox.clock(advance_ms=5000)
    [item] = sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)
    assert (item["repayStatus"], item["collateralReturn"]) == (1, "0.04")
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp) == []


def test_processing_that_fails(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(processing_ms=5000, final_status=3)
    repay_id = sandbox.repay().result["repayId"]
    assert sandbox.balance() == 9900
    stamp = sandbox.clock(advance_ms=5000)
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)[0]["repayStatus"] == 3
    assert sandbox.balance(timestamp=stamp) == 10000 and sandbox.loan()["debt"] == UNPAID


def test_processing_of_a_loan_that_is_liquidated_meanwhile(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(processing_ms=5000)
    repay_id = sandbox.repay().result["repayId"]
    sandbox.control("POST", "prices", {"BTC": "20000"})
    stamp = sandbox.clock(advance_ms=5000)
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)[0]["repayStatus"] == 3
    assert sandbox.balance(timestamp=stamp) == 10000


def test_clock_of_one_request(sandbox):
    sandbox.fault(clock_offset_ms=-3000)
    answer = sandbox.repay()
    assert answer.code == 10002 and sandbox.loan()["debt"] == UNPAID
    assert answer.document["time"] < time.time() * 1000 - 2500
    assert sandbox.repay().code == 0
    sandbox.control("POST", "faults", {"path": "/v5/market/time", "clock_offset_ms": 60_000})
    shown = int(sandbox.raw("GET", "/v5/market/time").result["timeNano"]) / 10**6
    assert shown - time.time() * 1000 == pytest.approx(60_000, abs=2000)


def test_log_of_requests(sandbox, names):
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


def test_uncommitted_requests_are_counted_too(sandbox):
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
def test_refused_faults(sandbox, document, text):
    assert text in sandbox.control("POST", "faults", document, expect=400)["error"]
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_a_list_with_one_broken_fault_adds_none(sandbox):
    sandbox.control("POST", "faults", [{"answer": "close"}, {"answer": "explode"}], expect=400)
    assert sandbox.control("GET", "faults") == {"faults": []}
