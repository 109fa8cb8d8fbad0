# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in which a field changes: what the client sees, while the ledger stays true."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

HISTORY = "/v5/crypto-loan/repayment-history"
COINS = "/v5/crypto-loan-common/loanable-data"


def changed(sandbox, path: str, field: str, how: str, query: str = "") -> dict:
    """The answer of an endpoint with this mutation."""
    sandbox.control("POST", "faults", {"path": path, "mutations": [{"field": field, "how": how}]})
    answer = sandbox.signed("GET", path, query)
    assert answer.status == 200
    return json.loads(answer.body, parse_float=Decimal)


def values(document: dict, name: str) -> list:
    return [row.get(name, "missing") for row in document["result"]["list"]]


@pytest.mark.parametrize(("field", "how", "expected"), [
    ("repayAmount", "absent", "missing"), ("repayAmount", "null", None), ("repayAmount", "empty", ""),
    ("repayAmount", "type", Decimal("100.1")), ("repayAmount", "unit", "10010"), ("repayAmount", "unknown", "99"),
    ("repayAmount", "doubled", ["100.1", "100.1"]), ("repayAmount", "reordered", "100.1"),
    ("repayAmount", "extra", "100.1"), ("orderId", "type", 1794267532472646144), ("loanTerm", "type", {"value": ""}),
    ("loanCurrency", "type", {"value": "USDT"}), ("loanCurrency", "unit", "USDT"), ("repayStatus", "type", "1"),
    ("repayStatus", "unknown", 99), ("repayStatus", "unit", 100), ("nowhere", "null", "missing"),
])
def test_a_mutation_changes_the_field_in_every_row(sandbox, names, field, how, expected):
    seen = changed(sandbox, HISTORY, f"result.list.{field}", how, f"orderId={names.loan}")
    assert values(seen, field) == [expected]
    # The fault applies only once.
    assert sandbox.listed("repayment-history", f"orderId={names.loan}")[0]["repayAmount"] == "100.1"


def test_a_change_of_unit_keeps_the_type_of_a_time(sandbox):
    [as_it_is, *_older] = sandbox.listed("repayment-history")
    assert values(changed(sandbox, HISTORY, "result.list.repayTime", "unit"), "repayTime")[0] == as_it_is["repayTime"][:-3]
    [new] = sandbox.signed("GET", "/v5/crypto-loan-flexible/repayment-history", "limit=1").result["list"]
    seen = changed(sandbox, "/v5/crypto-loan-flexible/repayment-history", "result.list.repayTime", "unit", "limit=1")
    assert values(seen, "repayTime") == [new["repayTime"] // 1000]
    assert len(str(changed(sandbox, "/v5/market/time", "time", "unit")["time"])) == 10
    second = changed(sandbox, "/v5/market/time", "result.timeSecond", "unit")["result"]["timeSecond"]
    assert len(second) == 13 and second.endswith("000")


def test_lists_can_be_mutated(sandbox):
    rows = sandbox.listed("repayment-history")
    assert len(rows) == 4

    def seen(how):
        return changed(sandbox, HISTORY, "result.list", how)["result"]["list"]

    assert seen("doubled") == [row for row in rows for _time in range(2)]
    assert seen("reordered") == rows[::-1] and seen("unknown") == rows
    assert seen("type") == {str(place): row for place, row in enumerate(rows)}
    assert seen("extra") == [{**row, "unexpected": {"a": [1]}} for row in rows]


def test_the_envelope_can_be_mutated(sandbox):
    assert "retCode" not in changed(sandbox, HISTORY, "retCode", "absent")
    assert changed(sandbox, HISTORY, "retCode", "type")["retCode"] == "0"
    assert changed(sandbox, HISTORY, "result", "null")["result"] is None
    assert changed(sandbox, HISTORY, "result", "extra")["result"]["unexpected"] == {"a": [1]}
    seen = changed(sandbox, HISTORY, "result", "type")["result"]
    assert isinstance(seen, list) and len(seen) == 2


def test_nested_lists_and_objects_can_be_mutated(sandbox):
    path = "/v5/crypto-loan-fixed/repayment-history"
    rows = changed(sandbox, path, "result.list.details.loanId", "absent")["result"]["list"]
    assert [sorted(item) for row in rows for item in row["details"]] == [["loanCurrency", "repayAmount"]]
    wallet = "/v5/asset/transfer/query-account-coin-balance"
    seen = changed(sandbox, wallet, "result.balance.walletBalance", "unit", "accountType=FUND&coin=USDT")
    assert seen["result"]["balance"]["walletBalance"] == "1000000"


def test_public_endpoints_and_flags_can_be_mutated(sandbox):
    [row] = changed(sandbox, COINS, "result.list.fixedBorrowable", "type", "currency=USDT")["result"]["list"]
    assert row["fixedBorrowable"] == "true"
    [row] = changed(sandbox, COINS, "result.list.flexibleBorrowingAccuracy", "empty", "currency=USDT")["result"]["list"]
    assert row["flexibleBorrowingAccuracy"] == ""


def test_an_amount_as_a_number_keeps_all_its_decimals(sandbox):
    path = "/v5/crypto-loan-fixed/borrow-contract-info"
    [row] = sandbox.signed("GET", path, "loanId=568").result["list"]
    assert len(row["interestPaid"]) > 18
    assert values(changed(sandbox, path, "result.list.interestPaid", "type", "loanId=568"), "interestPaid") == [
        Decimal(row["interestPaid"])
    ]


def test_a_mutated_answer_does_not_change_the_effect(sandbox):
    sandbox.fault(mutations=[{"field": "result.repayId", "how": "absent"}], processing_ms=60_000)
    answer = sandbox.repay()
    assert (answer.code, answer.result) == (0, {})
    [first, _seeded] = sandbox.repayments()
    assert first["status"] == 2 and sandbox.balance() == 9900
    [entry] = [item for item in sandbox.requests()["requests"] if item["method"] == "POST"]
    assert (entry["fault"], entry["committed"]) == ("mutated result.repayId: absent", True)


def test_mutations_can_be_combined_with_each_other_and_a_return_code(sandbox):
    sandbox.fault(
        answer={"ret_code": 10016}, mutations=[{"field": "retCode", "how": "type"}, {"field": "result", "how": "null"}]
    )
    document = sandbox.repay().document
    assert (document["retCode"], document["result"]) == ("10016", None)
    [entry] = sandbox.requests()["requests"]
    assert entry["fault"] == "ret_code 10016, mutated retCode: type, result: null"


def test_a_refusal_without_json_is_not_mutated(sandbox):
    sandbox.control("POST", "faults", {"mutations": [{"field": "retCode", "how": "absent"}]})
    answer = sandbox.raw("GET", "/v5/nowhere")
    assert (answer.status, answer.body) == (404, b"404 page not found")


@pytest.mark.parametrize(("document", "text"), [
    ({"mutations": "all"}, "mutations must be a list"), ({"mutations": ["all"]}, "mutations[0] must be a JSON object"),
    ({"mutations": [{"field": "result"}]}, "mutations[0].how is missing"),
    ({"mutations": [{"how": "null"}]}, "mutations[0].field is missing"),
    ({"mutations": [{"field": "result", "how": "gone"}]}, "mutations[0].how must be one of absent, null, empty"),
    ({"mutations": [{"field": "result..list", "how": "null"}]}, "mutations[0].field must be field names joined by dots"),
    ({"mutations": [{"field": "", "how": "null"}]}, "mutations[0].field must be field names joined by dots"),
    ({"mutations": [{"field": "result", "how": "null", "when": 1}]}, "has an unknown field 'when'"),
    ({"mutations": [{"field": "result", "how": "null"}], "answer": "close"}, "mutations need a JSON answer"),
    ({"mutations": [{"field": "a", "how": "null"}], "answer": {"http_status": 500}}, "mutations need a JSON answer"),
    ({"mutations": [{"field": "result", "how": "null"}], "commit": False}, "commit must be true"),
])
def test_invalid_mutations_are_refused(sandbox, document, text):
    assert text in sandbox.control("POST", "faults", document, expect=400)["error"]
    assert sandbox.control("GET", "faults") == {"faults": []}
