# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The open loans of all products in one list, compared with the exchange's ledger."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest

DAY_MS = 24 * 3_600_000
SABOTAGED = """
from ansible_collections.treasury.bybit.plugins.module_utils._loans import fixed
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_info
def broken(*dummy): raise ZeroDivisionError
fixed.open_loans = broken
bybit_loan_info.main()
"""
FLEXIBLE_BTC, FLEXIBLE_USDT = "BTC", "USDT"
FIXED = ["571", "570", "569", "568"]


@pytest.fixture
def ask(run_module) -> t.Callable[..., t.Any]:
    """List loans, with these options and the connection options."""
    return lambda **options: run_module("bybit_loan_info", **options)


@pytest.fixture
def legacy(names) -> list[str]:
    return [names.eth, names.sol, names.loan, names.overdue, names.dusty]


def shown(run: t.Any) -> list[str]:
    """Name the loans of a result by ID, or by coin if they have none."""
    return [loan["id"] or loan["coin"] for loan in run["loans"]]


def test_all_open_loans_are_listed(ask, sandbox, legacy) -> None:
    run = ask()
    assert (run.failed, run["changed"]) == (False, False)
    assert shown(run) == [*legacy, FLEXIBLE_BTC, FLEXIBLE_USDT, *FIXED]
    assert [loan["product"] for loan in run["loans"]] == ["legacy"] * 5 + ["flexible"] * 2 + ["fixed"] * 4
    assert {loan["status"] for loan in run["loans"]} == {"open"}
    assert (run["unavailable"], run.warnings) == ([], "")
    assert run["msg"] == "11 open loans (5 legacy, 2 flexible, 4 fixed)."
    assert run["api_host"] in sandbox.url


def test_debts_are_those_of_the_ledger(ask, sandbox) -> None:
    listed = ask()["loans"]
    account = sandbox.account()
    true = {loan["order_id"]: loan for loan in account["loans"]}
    true |= {loan["loan_coin"]: loan for loan in account["flexible_loans"]}
    true |= {loan["loan_id"]: loan for loan in account["fixed_contracts"] if loan["status"] != 2}
    assert len(listed) == len(true)
    for loan in listed:
        ledger = true[loan["id"] or loan["coin"]]
        assert {name: loan[name] for name in ("coin", "debt", "principal", "interest", "penalty_interest")} == {
            "coin": ledger["loan_coin"],
            "debt": ledger["debt"],
            "principal": ledger["principal"],
            "interest": ledger.get("interest", "0"),
            "penalty_interest": ledger.get("penalty", "0"),
        }
        assert (loan["hourly_rate"], loan["maturity_time_ms"]) == (ledger.get("hourly_rate"), ledger.get("due_at"))


def test_loans_have_ltv_and_thresholds(ask, sandbox) -> None:
    listed = ask()["loans"]
    account = sandbox.account()
    of_loans = {loan["order_id"]: (loan["ltv"], loan["margin_call_ltv"], loan["liquidation_ltv"]) for loan in account["loans"]}
    for loan in listed:
        expected = of_loans.get(loan["id"], (account["ltv"], "0.85", "0.95"))
        assert (loan["ltv"], loan["margin_call_ltv"], loan["liquidation_ltv"]) == expected
        assert loan["thresholds_assumed"] is (loan["id"] not in of_loans)
    assert {loan["liquidation_ltv"] for loan in listed} == {"0.95", "0.9"}


def test_rates_are_annual(ask) -> None:
    rates = {loan["id"] or loan["coin"]: loan["annual_rate"] for loan in ask()["loans"]}
    assert (rates[FLEXIBLE_USDT], rates["571"]) == ("0.079143096", "0.022")
    assert Decimal(rates[FLEXIBLE_USDT]) == Decimal("0.0000090346") * 24 * 365


def test_overdue_loans_are_marked(ask, names) -> None:
    run = ask()
    assert [loan["id"] for loan in run["loans"] if loan["is_overdue"]] == [names.overdue, "570"]
    assert [loan["maturity_time"] is None for loan in run["loans"][:3]] == [True, True, True]
    assert run["loans"][3]["maturity_time"].endswith("Z")


def test_the_position_is_that_of_the_account(ask, sandbox) -> None:
    position = ask()["position"]
    assert position["ltv"] == sandbox.account()["ltv"]
    assert Decimal(position["total_debt_usd"]) > 9900
    assert [(entry["coin"], entry["amount"], entry["amount_usd"]) for entry in position["collateral"]] == [
        ("BTC", "0.25", "12000"), ("ETH", "2.6", "6240")
    ]
    assert [debt["coin"] for debt in position["debts"]] == ["BTC", "ETH", "USDT"]
    assert position["debts"][1] == {"coin": "ETH", "flexible": "0", "flexible_usd": "0", "fixed": "0.5", "fixed_usd": "1500"}


def test_sums_match_the_list(ask) -> None:
    run = ask()
    usdt = run["totals"][2]
    assert [total["coin"] for total in run["totals"]] == ["BTC", "ETH", "USDT"]
    assert (usdt["loans"], {name: sums["loans"] for name, sums in usdt["by_product"].items()}) == (
        8, {"legacy": 4, "flexible": 1, "fixed": 3}
    )
    assert Decimal(usdt["debt"]) == sum(Decimal(loan["debt"]) for loan in run["loans"] if loan["coin"] == "USDT")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"product": "fixed"}, FIXED),
        ({"product": ["flexible", "fixed"], "loan_currency": "USDT"}, [FLEXIBLE_USDT, "570", "569", "568"]),
        ({"loan_currency": "BTC"}, [FLEXIBLE_BTC]),
        ({"loan_currency": "XRP"}, []),
        ({"loan_id": "571"}, ["571"]),
        ({"loan_id": "1794267532472646144"}, ["1794267532472646144"]),
        ({"loan_id": "561"}, []),
        ({"loan_id": "nobodys"}, []),
        ({"loan_id": "571", "loan_currency": "USDT"}, []),
        ({"ltv_above": "0.6"}, ["1794288290015682560"]),
        ({"ltv_above": "0.7923", "product": "legacy"}, []),
        ({"ltv_above": "0.5"}, ["1794288290015682560", "BTC", "USDT", *FIXED]),
        ({"ltv_above": "0.5", "loan_currency": "ETH"}, ["571"]),
        ({"matures_within": "0d"}, ["1793401222384701440", "570"]),
        ({"matures_within": "6h"}, ["1793401222384701440", "571", "570"]),
        ({"matures_within": "4d", "product": "fixed"}, ["571", "570", "568"]),
        ({"matures_within": "30d", "loan_currency": "ETH"}, ["571"]),
    ],
    ids=str,
)
def test_filters_select_loans(ask, options: dict[str, t.Any], expected: list[str]) -> None:
    run = ask(**options)
    assert (run.failed, shown(run), run.warnings) == (False, expected, "")
    assert sum(total["loans"] for total in run["totals"]) == len(expected)


def test_due_loans_follow_the_exchanges_clock(ask, sandbox) -> None:
    sandbox.clock(offset_ms=DAY_MS)
    run = ask(matures_within="0d", product="fixed")
    assert shown(run) == ["571", "570"]
    assert run.details["gate_retries"]["clock_syncs"] == 1


def test_only_requested_products_are_read(ask, sandbox) -> None:
    ask(loan_currency="ETH", loan_id="571", product=["fixed", "flexible"])
    requests = [(request["path"].rpartition("/")[2], request["query"]) for request in sandbox.requests()["requests"]]
    loans = [("position", ""), ("borrow-contract-info", "orderCurrency=ETH&loanId=571&limit=100"), ("collateral-data", "")]
    wallets = {("query-account-coin-balance", f"accountType={kind}&coin={coin}") for kind in ("FUND", "UNIFIED") for coin in ("BTC", "ETH", "USDT")}
    assert (requests[:3], set(requests[3:]), len(requests[3:])) == (loans, wallets, 6)


def test_only_legacy_loans_need_no_position(ask, calls, legacy) -> None:
    run = ask(product="legacy")
    assert (shown(run), run["position"]) == (legacy, None)
    # BTC, ETH, SOL, and USDT in two wallets.
    assert calls() == ["GET ongoing-orders", "GET collateral-data", *["GET query-account-coin-balance"] * 8]


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/v5/crypto-loan/ongoing-orders", {"product": "legacy", "loan_id": "17"}),
        ("/v5/crypto-loan/ongoing-orders", {"product": "legacy", "loan_currency": "BTC"}),
        ("/v5/crypto-loan-fixed/borrow-contract-info", {"product": "fixed", "loan_id": "17"}),
        ("/v5/crypto-loan-fixed/borrow-contract-info", {"product": "fixed", "loan_currency": "BTC"}),
        ("/v5/crypto-loan-flexible/ongoing-coin", {"product": "flexible", "loan_currency": "ETH"}),
    ],
    ids=str,
)
def test_an_exchange_that_ignores_a_filter_is_not_believed(ask, sandbox, path: str, options: dict[str, t.Any]) -> None:
    query = "limit=100" if "ongoing-coin" not in path else ""
    body = sandbox.signed("GET", path, query).body.decode()
    assert len(json.loads(body)["result"]["list"]) >= 2
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "answer": {"http_status": 200, "body": body}})
    run = ask(**options)
    [asked] = [value for name, value in options.items() if name != "product"]
    assert (run.failed, "loans" in run.result) == (True, False)
    assert f"Bybit's answer to {path} has an invalid " in run["msg"] and f", but '{asked}' was requested." in run["msg"]


def test_a_loan_on_two_pages_is_one_loan(ask, sandbox, legacy) -> None:
    path = "/v5/crypto-loan/ongoing-orders"
    answer = sandbox.signed("GET", path, "limit=100").document
    answer["result"]["nextPageCursor"] = "1"
    first = {"method": "GET", "path": path, "answer": {"http_status": 200, "body": json.dumps(answer)}}
    answer["result"]["nextPageCursor"] = ""
    second = {"method": "GET", "path": path, "answer": {"http_status": 200, "body": json.dumps(answer)}}
    sandbox.control("POST", "faults", [first, second])
    run = ask(product="legacy")
    assert (shown(run), run["totals"][1]["loans"]) == (legacy, 4)


def test_an_account_without_loans_has_an_empty_list(ask, sandbox, calls, default_seed) -> None:
    seed = json.loads(json.dumps(default_seed))
    seed["accounts"] = [{"uid": "1", "keys": [seed["accounts"][0]["keys"][0]], "wallet": {"USDT": "1"}}]
    sandbox.control("PUT", "seed", seed)
    run = ask()
    assert (run.failed, run["loans"], run["totals"], run["msg"]) == (False, [], [], "0 open loans.")
    empty = {"ltv": "0", "total_debt_usd": "0", "total_collateral_usd": "0", "debts": [], "collateral": [], "unpredictable_coins": []}
    assert {name: run["position"][name] for name in empty} == empty
    assert (run["position"]["fall_to_liquidation"], run["coins"]) == (None, [])
    assert "GET query-account-coin-balance" not in calls()


def test_another_key_shows_another_account(ask, names) -> None:
    run = ask(api_key="sandbox-key-second-account")
    assert shown(run) == [names.second, FLEXIBLE_USDT]


def test_nothing_is_changed_in_any_mode(ask, sandbox, calls, journal) -> None:
    before = sandbox.account()
    first, second, checked = ask(), ask(diff=True, api_key="sandbox-key-readonly"), ask(check=True)
    assert first.result == second.result == checked.result
    assert {call.partition(" ")[0] for call in calls()} == {"GET"}
    assert sandbox.account() == before
    assert not journal.parent.exists()


@pytest.mark.parametrize("answer", ["reset", "html_502", "not_json", {"ret_code": 10016}, {"http_status": 500}])
@pytest.mark.parametrize(
    "path", ["/v5/crypto-loan-flexible/ongoing-coin", "/v5/crypto-loan-common/position", "/v5/crypto-loan/collateral-data"]
)
def test_any_other_failed_read_is_a_failure(ask, sandbox, path: str, answer: t.Any) -> None:
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "answer": answer})
    run = ask()
    assert (run.failed, "loans" in run.result, path in run["msg"]) == (True, False, True)
    assert run["failure"]["outcome"] == "not_executed"
    assert set(run.details["gate_retries"].values()) == {0}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"ltv_above": "75 %"}, "ltv_above"),
        ({"matures_within": "3"}, "matures_within '3' has no unit"),
        ({"loan_currency": "usdt"}, "loan_currency 'usdt'"),
        ({"loan_id": "a/b"}, "loan_id 'a/b'"),
        ({"product": []}, "product '[]'"),
        ({"rate_limit_timeout": -1}, "rate_limit_timeout '-1'"),
        ({"api_key": ""}, "api_key is missing"),
        ({"product": ["margin"]}, "product"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_read(ask, calls, options: dict[str, t.Any], named: str) -> None:
    run = ask(**options)
    assert (run.failed, named in run["msg"], calls()) == (True, True, [])


def test_a_defect_of_the_collection_is_reported_as_one(ask) -> None:
    run = ask(program=("-c", SABOTAGED))
    assert (run.failed, run["failure"]) == (True, None)
    assert run["msg"] == "Internal error in treasury.bybit (ZeroDivisionError). Nothing was changed; report the error."


def test_no_secret_is_shown(ask) -> None:
    for run in (ask(), ask(api_secret="sandbox-secret-2"), ask(program=("-c", SABOTAGED))):
        assert "sandbox-key" not in run.output
        assert "sandbox-secret" not in run.output


def test_the_products_are_read_in_parallel(ask, sandbox) -> None:
    paths = ["/v5/crypto-loan/ongoing-orders", "/v5/crypto-loan-flexible/ongoing-coin", "/v5/crypto-loan-fixed/borrow-contract-info"]
    for path in paths:
        sandbox.control("POST", "faults", {"method": "GET", "path": path, "delay_answer_ms": 1500})
    assert not ask().failed
    arrived = [request["time"] for request in sandbox.requests()["requests"] if request["path"] in paths]
    # All requests arrive before the first answer.
    assert len(arrived) == 3 and max(arrived) - min(arrived) < 1500
