# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repayments of all products in one list, compared with the exchange's ledger."""

from __future__ import annotations

import datetime
import json
import typing as t
from decimal import Decimal

import pytest

ALL = [
    "1794268920441270272", "1768", "1764", "1752", "1793588112660135936", "1793571003145827328", "1793240118830694400"
]
LIQUIDATED = "1793240118830694400"
PATH = "/v5/crypto-loan-flexible/repayment-history"
REPAY = "/v5/crypto-loan-flexible/repay"


@pytest.fixture
def ask(run_module) -> t.Callable[..., t.Any]:
    """List repayments, with these options and the connection options."""
    return lambda **options: run_module("bybit_loan_repayment_info", **options)


def shown(run: t.Any) -> list[str]:
    return [entry["repay_id"] for entry in run["repayments"]]


def days_ago(days: float) -> str:
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return moment.isoformat(timespec="milliseconds")


def test_all_repayments_are_listed_newest_first(ask) -> None:
    run = ask()
    assert (run.failed, run["changed"], shown(run)) == (False, False, ALL)
    assert (run["msg"], run["unavailable"], run.warnings) == ("7 repayments (4 legacy, 2 flexible, 1 fixed).", [], "")
    times = [entry["time_ms"] for entry in run["repayments"]]
    assert times == sorted(times, reverse=True)


def test_repayments_are_those_of_the_ledger(ask, sandbox) -> None:
    listed = ask()["repayments"]
    true = {entry["repay_id"]: entry for entry in sandbox.account()["repayments"]}
    assert len(listed) == len(true)
    for entry in listed:
        ledger = true[entry["repay_id"]]
        assert {name: entry[name] for name in ("product", "coin", "amount", "time_ms")} == {
            "product": ledger["product"], "coin": ledger["coin"], "amount": ledger["amount"], "time_ms": ledger["time"]
        }


def test_each_product_has_its_own_fields(ask, names) -> None:
    entries = {entry["repay_id"]: entry for entry in ask()["repayments"]}
    told = {
        repay_id: (entry["parts"], entry["collateral_coin"], entry["collateral_return"], entry["kind"], entry["by_user"])
        for repay_id, entry in entries.items()
    }
    assert told["1794268920441270272"] == ([{"loan_id": names.loan, "amount": "100.1"}], "BTC", "0", "user", True)
    assert told["1768"] == ([], None, None, "user", True)
    assert told["1764"] == ([{"loan_id": "561", "amount": "1.4"}], None, None, "user", True)
    assert told[LIQUIDATED][1:] == ("SOL", "0.12", "liquidation", False)


def test_sums_distinguish_liquidations_from_repayments(ask) -> None:
    assert ask()["totals"] == [
        {"coin": "ETH", "by_user": "2.50000534", "by_exchange": "0", "by_unknown": "0", "processing": "0", "repayments": 4},
        {"coin": "USDT", "by_user": "212.6", "by_exchange": "400.3614", "by_unknown": "0", "processing": "0", "repayments": 3},
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"product": "flexible"}, ["1768", "1752"]),
        ({"loan_currency": "USDT"}, ["1794268920441270272", "1768", LIQUIDATED]),
        ({"loan_currency": "BTC"}, []),
        ({"loan_id": "1793569729874260992"}, ["1793588112660135936", "1793571003145827328"]),
        ({"loan_id": "561"}, ["1764"]),
        ({"loan_id": "56"}, []),
        ({"repay_id": "1768"}, ["1768"]),
        ({"repay_id": "1768", "product": "fixed"}, []),
        ({"repay_id": "1768", "loan_currency": "ETH"}, []),
        ({"since": 3}, ["1794268920441270272", "1768"]),
        ({"until": 38.5}, ["1793571003145827328", LIQUIDATED]),
        ({"since": 30, "until": 10}, ["1764", "1752"]),
        ({"since": 3, "product": "legacy"}, ["1794268920441270272"]),
        ({"status": "success"}, ALL),
        ({"status": ["processing", "failed"]}, []),
    ],
    ids=str,
)
def test_filters_select_repayments(ask, options: dict[str, t.Any], expected: list[str]) -> None:
    moments = {name: days_ago(options[name]) for name in ("since", "until") if name in options}
    run = ask(**{**options, **moments})
    assert (run.failed, shown(run), run.warnings) == (False, expected, "")
    assert sum(total["repayments"] for total in run["totals"]) == len(expected)


def test_a_period_includes_its_start_and_excludes_its_end(ask) -> None:
    first, second = [entry["time"] for entry in ask(product="flexible")["repayments"]][::-1]
    # The times of a seed are not whole seconds, so each lies within the second that is shown.
    later = second.replace("Z", ".999Z")
    assert shown(ask(product="flexible", since=first, until=second)) == ["1752"]
    assert shown(ask(product="flexible", since=second, until=later)) == ["1768"]


def test_repayments_in_process_and_failed_ones_are_listed(ask, sandbox) -> None:
    def repay(amount: str, **fault: int) -> str:
        sandbox.control("POST", "faults", {"method": "POST", "path": REPAY, **fault})
        body = json.dumps({"loanCurrency": "USDT", "amount": amount})
        return sandbox.signed("POST", REPAY, body=body).result["repayId"]

    first = repay("100", processing_ms=3_600_000)
    second = repay("50", processing_ms=1, final_status=3)
    sandbox.clock(advance_ms=100)
    statuses = {entry["repay_id"]: entry["status"] for entry in ask(product="flexible")["repayments"]}
    assert (statuses[first], statuses[second]) == ("processing", "failed")
    assert shown(ask(status="processing")) == [first]
    assert shown(ask(status="failed")) == [second]
    [usdt] = ask(product="flexible", loan_currency="USDT")["totals"]
    assert (usdt["by_user"], usdt["processing"], usdt["repayments"]) == ("112.5", "100", 3)


def test_a_repayment_of_several_contracts_shows_the_part_of_each(ask, sandbox) -> None:
    answer = sandbox.signed("POST", "/v5/crypto-loan-fixed/fully-repay", body='{"loanCurrency":"USDT"}')
    repay_id = answer.result["repayId"]
    (whole,) = ask(repay_id=repay_id)["repayments"]
    assert {part["loan_id"] for part in whole["parts"]} == {"570", "568", "569"}
    assert Decimal(whole["amount"]) == sum(Decimal(part["amount"]) for part in whole["parts"])
    (part,) = ask(loan_id="568")["repayments"]
    assert (part["repay_id"], part["amount"], part["parts"]) == (repay_id, "1000", [{"loan_id": "568", "amount": "1000"}])
    assert ask(loan_id="568")["totals"][0]["by_user"] == "1000"


def test_a_repayment_from_collateral_counts_as_the_users(ask, sandbox) -> None:
    body = '{"loanCurrency":"USDT","amount":"50","collateralCoin":"BTC"}'
    assert sandbox.signed("POST", "/v5/crypto-loan-flexible/repay-collateral", body=body).code == 0
    youngest = ask(product="flexible")["repayments"][0]
    assert (youngest["amount"], youngest["kind"], youngest["by_user"]) == ("50", "by_currency", True)


def test_a_query_for_more_than_six_months_says_what_is_missing(ask) -> None:
    reached, beyond = ask(since=days_ago(179)), ask(since=days_ago(200))
    assert (shown(reached), reached.warnings) == (ALL, "")
    assert (shown(beyond), "since is more than 180 days ago" in beyond.warnings) == (ALL, True)
    assert ask(since=days_ago(200), product=["flexible", "fixed"]).warnings == ""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"repay_id": "1"}, None),
        ({"loan_currency": "BTC"}, "Bybit's answer to {0} has an invalid loanCurrency: 'USDT', but 'BTC' was requested."),
    ],
    ids=str,
)
def test_an_exchange_that_ignores_a_filter_is_not_believed(
    ask, sandbox, options: dict[str, t.Any], sentence: str | None
) -> None:
    """IDs are unique, so other IDs are other repayments. Another coin may be a row that is misread."""
    body = sandbox.signed("GET", PATH, "limit=100").body.decode()
    assert len(json.loads(body)["result"]["list"]) == 2
    sandbox.control("POST", "faults", {"method": "GET", "path": PATH, "answer": {"http_status": 200, "body": body}})
    run = ask(product="flexible", **options)
    assert (run.failed, run.result.get("repayments")) == ((True, None) if sentence else (False, []))
    assert not sentence or run["msg"] == sentence.format(PATH)


def test_only_requested_products_are_read(ask, sandbox) -> None:
    ask(loan_currency="ETH", loan_id="561", repay_id="1764")
    requests = [(request["path"], request["query"]) for request in sandbox.requests()["requests"]]
    assert requests == [
        ("/v5/crypto-loan/repayment-history", "orderId=561&repayId=1764&loanCurrency=ETH&limit=100"),
        ("/v5/crypto-loan-fixed/repayment-history", "loanCurrency=ETH&repayId=1764&limit=100"),
    ]


def test_a_time_beyond_the_calendar_is_not_guessed(ask, sandbox) -> None:
    document = sandbox.signed("GET", PATH, "limit=100").document
    document["result"]["list"][0]["repayTime"] = 10**18
    answer = {"http_status": 200, "body": json.dumps(document)}
    sandbox.control("POST", "faults", {"method": "GET", "path": PATH, "answer": answer})
    run = ask()
    assert (run.failed, run["msg"]) == (True, f"Bybit's answer to {PATH} has an invalid repayTime: {10**18} is not a time in milliseconds.")


def test_nothing_is_changed_in_any_mode(ask, sandbox, calls, journal) -> None:
    before = sandbox.account()
    first, second, checked = ask(), ask(diff=True, api_key="sandbox-key-readonly"), ask(check=True)
    assert first.result == second.result == checked.result
    assert {call.partition(" ")[0] for call in calls()} == {"GET"}
    assert sandbox.account() == before
    assert not journal.parent.exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"since": "yesterday"}, "since 'yesterday'"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "until '2026-11-01' is not after since '2026-11-02'"),
        ({"repay_id": "17 68"}, "repay_id '17 68'"),
        ({"product": "flexible", "loan_id": "571"}, "loan_id '571' matches no flexible loan"),
        ({"status": "done"}, "status"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_read(ask, calls, options: dict[str, t.Any], named: str) -> None:
    run = ask(**options)
    assert (run.failed, named in run["msg"], calls()) == (True, True, [])
