# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer of the stand-in has exactly the documented fields, with the documented types."""

from __future__ import annotations

import json

import pytest
from bybit_sandbox.api.routes import ROUTES
from documented_answers import Shape, differences, pages

PAGES = pages()
QUERIES = {
    "GET /v5/asset/transfer/query-account-coin-balance": "accountType=FUND&coin=USDT",
    "GET /v5/account/withdrawal": "coinName=BTC,SOL,XRP,ETH",
    "GET /v5/crypto-loan/max-collateral-amount": "orderId=1794267532472646144",
    "GET /v5/crypto-loan-common/max-collateral-amount": "currency=BTC",
}
BODIES = {
    "POST /v5/crypto-loan/repay": {"orderId": "1794267532472646144", "amount": "100"},
    "POST /v5/crypto-loan-flexible/repay": {"loanCurrency": "USDT", "amount": "600"},
    "POST /v5/crypto-loan-flexible/repay-collateral": {"loanCurrency": "USDT", "amount": "600", "collateralCoin": "BTC"},
    "POST /v5/crypto-loan-fixed/fully-repay": {"loanId": "571"},
    "POST /v5/crypto-loan-fixed/repay-collateral": {"loanCurrency": "ETH", "amount": "0.2", "collateralCoin": "BTC"},
    "POST /v5/crypto-loan-common/adjust-ltv": {"currency": "BTC", "amount": "0.01", "direction": "0"},
    "POST /v5/crypto-loan/adjust-ltv": {"orderId": "1794267532472646144", "amount": "0.001", "direction": "1"},
    "POST /v5/asset/transfer/inter-transfer": {
        "transferId": "42c0cfb0-6bca-c242-bc76-4e6df6cbab16", "coin": "BTC", "amount": "0.05",
        "fromAccountType": "UNIFIED", "toAccountType": "FUND",
    },
}
# What to do first, so that the list is not empty.
BEFORE = {
    "GET /v5/crypto-loan/adjustment-history": "POST /v5/crypto-loan/adjust-ltv",
    "GET /v5/crypto-loan-common/adjustment-history": "POST /v5/crypto-loan-common/adjust-ltv",
    "GET /v5/asset/transfer/query-inter-transfer-list": "POST /v5/asset/transfer/inter-transfer",
}
# Where the table (first) and the example (second) disagree; the stand-in follows the example.
DISAGREEMENTS = {
    ("/v5/crypto-loan/collateral-data", "result.vipCoinList.list.currency"): ("missing", "string"),
    ("/v5/crypto-loan-common/loanable-data", "result.list.flexibleAnnualizedInterestRate"): ("number", "string"),
    ("/v5/crypto-loan-fixed/repayment-history", "result.list.repayAmount"): ("number", "string"),
    ("/v5/crypto-loan-fixed/repayment-history", "result.list.details.repayAmount"): ("number", "string"),
    ("/v5/crypto-loan/adjustment-history", "result.list.amount"): ("missing", "string"),
    **{
        ("/v5/account/withdrawal", f"result.availableWithdrawalMap.{coin}"): ("missing", "string")
        for coin in ("BTC", "SOL", "XRP", "ETH")
    },
    ("/v5/user/query-api", "result.permissions.FiatGlobalPay"): ("missing", "array"),
    ("/v5/user/query-api", "result.userIDInt64"): ("missing", "string"),
    ("/v5/user/query-api", "result.inviterIDInt64"): ("missing", "string"),
    ("/v5/user/query-api", "result.affiliateIDInt64"): ("missing", "string"),
}


def asked(sandbox, endpoint: str) -> dict:
    method, path = endpoint.split(" ")
    body = json.dumps(BODIES[endpoint]) if method == "POST" else ""
    return sandbox.signed(method, path, QUERIES.get(endpoint, ""), body).document


@pytest.mark.parametrize("endpoint", ROUTES)
def test_an_answer_is_as_documented(sandbox, endpoint):
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "20000"})
    if endpoint in BEFORE:
        asked(sandbox, BEFORE[endpoint])
    page, document = PAGES[endpoint], asked(sandbox, endpoint)
    assert differences(document, page.answer, "answer") == []
    assert (document["retCode"], document["retMsg"], document["retExtInfo"]) == (0, page.message, {})


@pytest.mark.parametrize("endpoint", ROUTES)
def test_a_refusal_has_the_documented_envelope(sandbox, endpoint):
    sandbox.control("POST", "faults", {"answer": {"ret_code": 10016}})
    document = asked(sandbox, endpoint)
    envelope = {name: part for name, part in PAGES[endpoint].answer.fields.items() if name != "result"}
    assert differences(document, Shape("object", {**envelope, "result": Shape("object")}), "answer") == []


def test_disagreements_of_table_and_example_are_the_known_ones():
    served = {page.endpoint.split(" ")[1]: page for page in PAGES.values() if page.endpoint in ROUTES}
    found = {(path, place): both for path, page in served.items() for place, both in page.disagreements.items()}
    assert found == DISAGREEMENTS


@pytest.mark.parametrize(("value", "text"), [
    ({"list": [{"a": 1}]}, "r.list.a is number, not string"), ({"list": [{}]}, "r.list.a is missing"),
    ({"list": [{"a": "", "b": ""}]}, "r.list.b is not documented"), ({"list": []}, "r.list is empty"),
    ({"list": {}}, "r.list is object, not array"), ({"list": [{"a": ""}], "more": 1}, "r.more is not documented"),
    ({"list": [{"a": ""}, {"a": None}]}, "r.list.a is null, not string"), ([], "r is array, not object"),
    ({}, "r.list is missing"), ({"list": [1]}, "r.list is number, not object"),
])
def test_differences_are_found(value, text):
    shape = Shape("object", {"list": Shape("array", {"a": Shape("string")})})
    assert differences({"list": [{"a": "x"}]}, shape, "r") == []
    assert differences(value, shape, "r") == [text]
