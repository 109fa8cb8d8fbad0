# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long lists of loans and repayments: every page is read, as fast as the exchange allows."""

from __future__ import annotations

import json
import typing as t

import pytest

CONTRACTS = "/v5/crypto-loan-fixed/borrow-contract-info"
COINS = ("USDT", "ETH")


def contract(number: int) -> dict[str, t.Any]:
    """Make a contract; every tenth is overdue."""
    return {
        "loan_id": str(10_000 + number), "order_id": str(50_000 + number), "loan_coin": COINS[number % 2], "term": "30",
        "principal": "0.25", "annual_rate": "0.06", "borrowed_at": "-20d", "penalty": "0", "repay_type": "0",
        "due_at": "-1h" if number % 10 == 0 else "+10d",
    }


def account_with(seed: dict[str, t.Any], contracts: int, repayments: int) -> dict[str, t.Any]:
    """Give the account of a seed this many fixed contracts and flexible repayments, and no other loans."""
    seed = json.loads(json.dumps(seed))
    account = seed["accounts"][0]
    for name in ("loans", "repayments", "flexible_loans", "flexible_borrowings", "fixed_repayments"):
        account[name] = []
    account["collateral"] = {"BTC": "400"}
    account["fixed_contracts"] = [contract(number) for number in range(contracts)]
    account["flexible_repayments"] = [
        {"repay_id": str(10_000 + number), "loan_coin": "USDT", "amount": "0.5", "time": f"-{number + 1}m"}
        for number in range(repayments)
    ]
    return seed


@pytest.fixture
def book(default_seed, sandbox) -> t.Callable[..., None]:
    """Restart the stand-in exchange with such an account and the exchange's rate limits."""

    def write(contracts: int = 0, repayments: int = 0) -> None:
        sandbox.control("PUT", "seed", account_with(default_seed, contracts, repayments))

    return write


@pytest.fixture
def limits_tripped(sandbox) -> t.Callable[[], int]:
    return lambda: sum(request["ret_code"] == 10006 for request in sandbox.requests()["requests"])


def test_ten_thousand_loans_are_listed(run_module, roomy_seed, start, names, tmp_path) -> None:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(account_with(roomy_seed, 10_000, 0)))
    large = names.client(start("--seed", str(file)).url)
    run = run_module("bybit_loan_info", api_url=large.url)
    assert (run.failed, run["msg"]) == (False, "10000 open loans (10000 fixed).")
    assert len({loan["id"] for loan in run["loans"]}) == 10_000
    sums = [(total["coin"], total["debt"], total["loans"]) for total in run["totals"]]
    assert sums == [("ETH", "1250", 5000), ("USDT", "1250", 5000)]
    assert large.requests()["counts"][f"GET {CONTRACTS}"] == 100
    few = run_module("bybit_loan_info", api_url=large.url, matures_within="0d")
    assert few["msg"] == "1000 open loans (1000 fixed)."
    assert {(loan["is_overdue"], loan["coin"]) for loan in few["loans"]} == {(True, "USDT")}


def test_pages_keep_to_the_exchanges_limit(simulated_time, run_module, book, limits_tripped) -> None:
    book(contracts=1150)
    begun = simulated_time.seconds()
    run = run_module("bybit_loan_info", product="fixed", rate_limit_timeout=0)
    assert (run.failed, len(run["loans"]), limits_tripped()) == (False, 1150, 0)
    assert run.details["gate_retries"] == {"clock_syncs": 0, "rate_limits": 0, "rate_limit_wait_ms": 0}
    # Twelve pages, five of them in a second.
    assert 2 < simulated_time.seconds() - begun < 30


def test_pages_of_repayments_keep_to_the_exchanges_limit(run_module, book, limits_tripped) -> None:
    book(repayments=750)
    run = run_module("bybit_loan_repayment_info", rate_limit_timeout=0)
    assert (run.failed, run["msg"], limits_tripped()) == (False, "750 repayments (750 flexible).", 0)
    assert run["totals"] == [{"coin": "USDT", "by_user": "375", "by_exchange": "0", "by_unknown": "0", "processing": "0", "repayments": 750}]
    assert [entry["repay_id"] for entry in run["repayments"]] == [str(10_000 + number) for number in range(750)]


def test_without_a_limit_in_the_answer_the_documented_one_holds(run_module, sandbox, book, limits_tripped) -> None:
    book(contracts=650)
    sandbox.control("POST", "faults", {"method": "GET", "omit_limit_headers": True, "times": 0})
    run = run_module("bybit_loan_info", product="fixed", rate_limit_timeout=0)
    assert (run.failed, len(run["loans"]), limits_tripped()) == (False, 650, 0)


def test_a_lost_page_does_not_shorten_the_list(run_module, sandbox, book) -> None:
    book(contracts=450)
    sandbox.control("POST", "faults", {"method": "GET", "path": CONTRACTS, "skip": 3, "answer": "reset"})
    run = run_module("bybit_loan_info")
    assert (run.failed, "loans" in run.result, CONTRACTS in run["msg"]) == (True, False, True)
