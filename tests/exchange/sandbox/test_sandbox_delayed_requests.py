# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delayed requests, which reach the exchange when the client already has its answer."""

from __future__ import annotations

import http.client
import time

import pytest

MINUTE = 60_000
UNPAID, PAID = "1000.4", "900.4"
REPAY = "/v5/crypto-loan/repay"


def send(sandbox, after: int, *, fault: dict | None = None, **options) -> None:
    """Send a repayment whose connection breaks at once and that arrives this many milliseconds later."""
    sandbox.fault(**{"answer": "close", "arrive_after_ms": after, **(fault or {})})
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.repay(**options)


def outcomes(sandbox) -> list[tuple]:
    return [(entry["ret_code"], entry["committed"]) for entry in sandbox.requests()["requests"]]


def test_a_delayed_request_is_handled_when_its_time_comes(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now)
    assert sandbox.state()["waiting"] == [{"method": "POST", "path": REPAY, "arrives_at_ms": now + 3000}]
    sandbox.clock(advance_ms=2999)
    assert sandbox.loan()["debt"] == UNPAID and sandbox.balance(timestamp=now + 2999) == 10000
    entry = sandbox.requests()["requests"][0]
    assert (entry["ret_code"], entry["committed"], entry["time"], entry["handled_at"]) == (None, False, now, None)
    sandbox.clock(advance_ms=1)
    assert sandbox.loan()["debt"] == PAID and sandbox.state()["waiting"] == []
    entry = sandbox.requests()["requests"][0]
    assert (entry["fault"], entry["http_status"]) == ("close", None)
    assert (entry["ret_code"], entry["committed"], entry["time"], entry["handled_at"]) == (0, True, now, now + 3000)


def test_a_clock_that_jumps_ahead_handles_the_request_at_its_own_time(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now)
    sandbox.clock(advance_ms=MINUTE)
    assert outcomes(sandbox) == [(0, True)]
    assert sandbox.repayments()[0]["time"] == now + 3000


@pytest.mark.parametrize(("after", "outcome", "debt"), [(5000, (0, True), PAID), (5001, (10002, False), UNPAID)])
def test_the_time_window_is_checked_on_arrival(sandbox, after, outcome, debt):
    now = sandbox.clock(freeze=True)
    send(sandbox, after, timestamp=now, window="5000")
    sandbox.clock(advance_ms=MINUTE)
    assert outcomes(sandbox) == [outcome] and sandbox.loan()["debt"] == debt


def test_the_signature_is_checked_on_arrival(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now, secret="another")
    sandbox.clock(advance_ms=3000)
    assert outcomes(sandbox) == [(10004, False)] and sandbox.loan()["debt"] == UNPAID


def test_interest_is_charged_up_to_the_arrival_and_no_further(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 30 * MINUTE, timestamp=now, window="9999999", amount=UNPAID)
    sandbox.clock(advance_ms=120 * MINUTE)
    assert sandbox.loan() is None
    assert now + 30 * MINUTE in [loan["closed_at"] for loan in sandbox.account()["closed_loans"]]


def test_interest_before_the_arrival_is_charged(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 90 * MINUTE, timestamp=now, window="9999999", amount=UNPAID)
    sandbox.clock(advance_ms=90 * MINUTE)
    loan = sandbox.loan()
    assert (loan["interest"], loan["principal"]) == ("0", loan["debt"]) and 0 < float(loan["debt"]) < 0.05


def test_requests_arrive_in_order_of_time_not_of_sending(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 4000, timestamp=now, amount=UNPAID)
    send(sandbox, 2000, timestamp=now, amount="1")
    assert [request["arrives_at_ms"] - now for request in sandbox.state()["waiting"]] == [2000, 4000]
    sandbox.clock(advance_ms=MINUTE)
    assert outcomes(sandbox) == [(177010, False), (0, True)]


def test_requests_of_the_same_moment_arrive_as_sent(sandbox):
    now = sandbox.clock(freeze=True)
    for amount in ("1", UNPAID, "2"):
        send(sandbox, 2000, timestamp=now, amount=amount)
    sandbox.clock(advance_ms=2000)
    assert outcomes(sandbox) == [(0, True), (177010, False), (0, True)]


@pytest.mark.parametrize(("after", "outcome"), [(1999, (177011, False)), (2000, (0, True))])
def test_other_events_happen_in_order_of_time(sandbox, after, outcome):
    """The money for the request comes back from a repayment that fails after 2 seconds."""
    now = sandbox.clock(freeze=True)
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "100"})
    sandbox.fault(processing_ms=2000, final_status=3)
    assert sandbox.repay(timestamp=now).code == 0
    send(sandbox, after, timestamp=now)
    sandbox.clock(advance_ms=MINUTE)
    assert outcomes(sandbox) == [(0, True), outcome]


@pytest.mark.parametrize(("answer", "status", "start"), [
    ("html_502", 502, b"<html>"), ("html_200", 200, b"<html>"), ("not_json", 200, b"upstream"),
    ({"ret_code": 10016}, 200, b'{"retCode":10016,'), ({"http_status": 503, "body": "later"}, 503, b"later"),
])
@pytest.mark.parametrize("chosen", [{}, {"commit": True}])
def test_a_delayed_request_can_have_any_answer(sandbox, answer, status, start, chosen):
    now = sandbox.clock(freeze=True)
    sandbox.fault(answer=answer, arrive_after_ms=3000, **chosen)
    seen = sandbox.repay(timestamp=now)
    assert seen.status == status and seen.body.startswith(start)
    assert sandbox.loan()["debt"] == UNPAID
    sandbox.clock(advance_ms=3000)
    assert sandbox.loan()["debt"] == PAID
    assert sandbox.requests()["requests"][0]["http_status"] == status


@pytest.mark.parametrize("answer", ["reset", "truncate"])
def test_a_delayed_request_can_break_its_connection_in_any_way(sandbox, answer):
    now = sandbox.clock(freeze=True)
    sandbox.fault(answer=answer, arrive_after_ms=3000)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        sandbox.repay(timestamp=now)
    assert sandbox.loan()["debt"] == UNPAID
    sandbox.clock(advance_ms=3000)
    assert sandbox.loan()["debt"] == PAID


def test_a_delay_of_zero_loses_the_answer_after_the_effect(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 0, timestamp=now)
    assert outcomes(sandbox) == [(0, True)] and sandbox.repayments()[0]["time"] == now


def test_delays_of_the_effect_count_from_the_arrival(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now, fault={"history_delay_ms": 2000, "wallet_delay_ms": 1000})
    stamp = sandbox.clock(advance_ms=3999)
    assert sandbox.loan()["debt"] == PAID and sandbox.balance(timestamp=stamp) == 10000
    stamp = sandbox.clock(advance_ms=1)
    assert sandbox.balance(timestamp=stamp) == 9900
    repay_id = sandbox.repayments()[0]["repay_id"]
    stamp = sandbox.clock(advance_ms=999)
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp) == []
    stamp = sandbox.clock(advance_ms=1)
    assert len(sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)) == 1


def test_processing_counts_from_the_arrival(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now, fault={"processing_ms": 2000, "final_status": 3})
    sandbox.clock(advance_ms=4999)
    assert (sandbox.repayments()[0]["status"], sandbox.repayments()[0]["settles_at"]) == (2, now + 5000)
    sandbox.clock(advance_ms=1)
    assert sandbox.repayments()[0]["status"] == 3 and sandbox.account()["wallet"]["USDT"] == "10000"


def test_a_clock_offset_applies_on_arrival(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now, fault={"clock_offset_ms": 2001})
    sandbox.clock(advance_ms=3000)
    assert outcomes(sandbox) == [(10002, False)]


def test_the_rate_limit_counts_arrivals(strict):
    now = strict.clock(freeze=True)
    for after in (3000, 3999, 4000):
        send(strict, after, timestamp=now)
    assert strict.repay(timestamp=now).code == 0
    strict.clock(advance_ms=MINUTE)
    assert outcomes(strict) == [(0, True), (10006, False), (0, True), (0, True)]


def test_a_query_can_be_delayed(sandbox):
    now = sandbox.clock(freeze=True)
    sandbox.control("POST", "faults", {"method": "GET", "answer": {"http_status": 504}, "arrive_after_ms": 10})
    assert sandbox.query("ongoing-orders", timestamp=now).status == 504
    assert sandbox.state()["waiting"][0]["method"] == "GET"
    sandbox.clock(advance_ms=10)
    assert outcomes(sandbox) == [(0, True)]


def test_each_use_of_a_fault_delays_a_request(sandbox):
    now = sandbox.clock(freeze=True)
    sandbox.fault(answer="not_json", arrive_after_ms=3000, times=2)
    assert [sandbox.repay(timestamp=now).body[:8] for _number in range(2)] == [b"upstream"] * 2
    assert sandbox.repay(timestamp=now).code == 0
    sandbox.clock(advance_ms=3000)
    assert sandbox.loan()["debt"] == "700.4"


def test_setting_the_clock_back_makes_a_request_wait_longer(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now)
    sandbox.clock(freeze_at_ms=now - MINUTE)
    sandbox.clock(freeze_at_ms=now + 2999)
    assert outcomes(sandbox) == [(None, False)]
    sandbox.clock(freeze_at_ms=now + 3000)
    assert outcomes(sandbox) == [(0, True)]


@pytest.mark.parametrize(("method", "call"), [("POST", "reset"), ("PUT", "seed")])
def test_a_reset_drops_waiting_requests(sandbox, roomy_seed, method, call):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now)
    sandbox.control(method, call, roomy_seed if call == "seed" else None)
    assert sandbox.state()["waiting"] == []
    sandbox.clock(advance_ms=3000)
    assert sandbox.loan()["debt"] == UNPAID


def test_clearing_the_log_does_not_stop_a_waiting_request(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 3000, timestamp=now)
    sandbox.control("DELETE", "requests")
    sandbox.clock(advance_ms=3000)
    assert sandbox.loan()["debt"] == PAID and sandbox.requests()["requests"] == []


def test_nothing_arrives_while_the_clock_is_frozen(sandbox):
    now = sandbox.clock(freeze=True)
    send(sandbox, 100, timestamp=now)
    time.sleep(0.3)
    assert outcomes(sandbox) == [(None, False)]


def test_a_request_in_the_far_future_costs_nothing(sandbox):
    send(sandbox, 10**15)
    assert sandbox.repay().code == 0 and len(sandbox.state()["waiting"]) == 1


@pytest.mark.parametrize(("document", "text"), [
    ({}, 'arrive_after_ms needs an answer other than "normal"'),
    ({"answer": "normal"}, 'arrive_after_ms needs an answer other than "normal"'),
    ({"answer": "close", "commit": False}, "commit must not be false"),
    ({"answer": {"ret_code": 10016}, "commit": False}, "commit must not be false"),
    ({"answer": "close", "arrive_after_ms": -1}, "at least 0"),
    ({"answer": "close", "arrive_after_ms": "1"}, "whole number"),
])
def test_invalid_delays_are_refused(sandbox, document, text):
    error = sandbox.control("POST", "faults", {"arrive_after_ms": 1000, **document}, expect=400)["error"]
    assert text in error and "\n" not in error
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_a_listed_fault_can_be_added_again(sandbox):
    sandbox.control("POST", "faults", [{"answer": "close"}, {"answer": {"ret_code": 1}, "arrive_after_ms": 5}])
    listed = sandbox.control("GET", "faults")["faults"]
    assert [(fault["arrive_after_ms"], fault["commit"]) for fault in listed] == [(None, True), (5, True)]
    for fault in listed:
        del fault["id"]
    sandbox.control("POST", "faults", listed)
