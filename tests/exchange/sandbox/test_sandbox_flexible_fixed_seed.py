# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flexible and fixed loans in the seed and the state file, and a ledger with ten thousand of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

DEBT = {"loan_coin": "ETH", "principal": "1", "borrowed_at": "-1d"}
CONTRACT = {"loan_id": "7", "order_id": "8", "loan_coin": "ETH", "term": "7", "principal": "1", "annual_rate": "0.1"}
MANY = 10_000


@pytest.mark.parametrize(("field", "value", "text"), [
    ("flexible_loans", [{**DEBT, "term": "7"}], "flexible_loans[0] has an unknown field 'term'"),
    ("flexible_loans", [{**DEBT, "principal": 1}], "flexible_loans[0].principal must be a plain decimal number"),
    ("flexible_loans", [{**DEBT, "loan_coin": "DOGE"}], "flexible_loans[0].loan_coin must be one of USDT"),
    ("flexible_loans", [DEBT, DEBT], "flexible_loans has ETH more than once"),
    ("flexible_loans", [{**DEBT, "order_id": "x"}], "flexible_loans[0].order_id must consist of up to 19 digits"),
    ("fixed_contracts", [CONTRACT], "fixed_contracts[0].borrowed_at is missing"),
    ("fixed_contracts", [{**CONTRACT, "due_at": "+1d", "repay_type": "3"}], "repay_type must be one of 0, 1, 2"),
    ("fixed_contracts", [{**CONTRACT, "due_at": "+1d", "term": "8"}], "fixed_contracts[0].term must be one of 7, 14"),
    ("fixed_contracts", [{**CONTRACT, "loan_id": "561", "due_at": "+1d"}] * 2, "The seed has loan_id 561 more than once"),
    ("flexible_repayments", [{"repay_id": "1", "loan_coin": "ETH", "amount": "1", "time": "-1d", "type": 9}], "at most 8"),
    ("flexible_repayments", [{"repay_id": "1764", "loan_coin": "ETH", "amount": "1", "time": "-1d"}],
     "The seed has repay_id 1764 more than once"),
    ("fixed_repayments", [{"repay_id": "1", "time": "-1d", "details": [{"loan_id": "1", "amount": "1"}]}],
     "fixed_repayments[0].details must name contracts of this account"),
    ("flexible_borrowings", [{"order_id": "1", "loan_coin": "ETH", "amount": "0", "time": "-1d"}], "above zero"),
    ("collateral", {"XRP": "1"}, "collateral holds XRP, which is not a collateral coin"),
    ("collateral", {}, "collateral is missing although the account has flexible or fixed loans"),
])
def test_invalid_accounts_are_refused(sandbox, roomy_seed, field, value, text):
    before = sandbox.account()
    roomy_seed["accounts"][0][field] = value
    assert text in sandbox.control("PUT", "seed", roomy_seed, expect=400)["error"]
    assert sandbox.account() == before


@pytest.mark.parametrize(("change", "text"), [
    (lambda seed: seed["settings"].update(initial_ltv="0"), "settings.initial_ltv must be a plain decimal number above"),
    (lambda seed: seed.update(repay_fees={"DOGE": "1"}), "repay_fees names a coin that has no price"),
    (lambda seed: seed["collateral_coins"]["BTC"].update(ratios={"1": "0.8"}), "ratios must start at 0 and increase"),
    (lambda seed: seed["collateral_coins"]["BTC"].update(ratios={"0": "1", "9": "1", "3": "1"}), "ratios must start at 0"),
    (lambda seed: seed["collateral_coins"]["BTC"].update(ratios={}), "ratios must start at 0"),
    (lambda seed: seed["loan_coins"]["BTC"].update(fixed_annual_rates={"8": "1"}), "has an unknown field '8'"),
])
def test_invalid_coins_are_refused(sandbox, roomy_seed, change, text):
    change(roomy_seed)
    assert text in sandbox.control("PUT", "seed", roomy_seed, expect=400)["error"]


def test_the_seed_sets_the_accuracy_of_repayments(loans, sandbox, roomy_seed):
    roomy_seed["loan_coins"]["USDT"].update(flexible_accuracy=2, fixed_accuracy=1)
    sandbox.control("PUT", "seed", roomy_seed)
    assert [loans.repay("USDT", amount).code for amount in ("1.001", "1.01")] == [148028, 0]
    sale = {"loanCurrency": "USDT", "collateralCoin": "BTC"}
    assert [loans.post("fixed/repay-collateral", amount=text, **sale).code for text in ("1.01", "1.1")] == [148028, 0]


def test_the_state_file_keeps_everything(start, cli, names, tmp_path, roomy_seed):
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(roomy_seed), encoding="utf-8")
    options = ("--seed", str(seed), "--state", str(tmp_path / "state.json"))
    found = start(*options)
    client = names.client(found.url)

    def post(path, **body):
        stamp = client.state()["server_time"]
        return client.signed("POST", f"/v5/crypto-loan-{path}", body=json.dumps(body), timestamp=stamp).code

    client.clock(freeze=True)
    late = {"path": "/v5/crypto-loan-fixed/fully-repay", "processing_ms": 60_000, "debt_delay_ms": 90_000}
    client.control("POST", "faults", late)
    slow = {"path": "/v5/crypto-loan-common/adjust-ltv", "processing_ms": 60_000}
    client.control("POST", "faults", slow)
    assert post("fixed/fully-repay", loanId="568") == post("flexible/repay", loanCurrency="USDT", amount="5") == 0
    assert post("flexible/repay-collateral", loanCurrency="USDT", amount="5", collateralCoin="ETH") == 0
    assert post("common/adjust-ltv", currency="BTC", amount="0.1", direction="0") == 0
    before = client.state()["accounts"]
    cli("stop", "--run-dir", found.run_dir)
    client = names.client(start(*options, name="second").url)
    assert client.state()["accounts"] == before
    client.clock(advance_ms=60_000)
    account = client.account()
    assert {item["loan_id"]: item["status"] for item in account["fixed_contracts"]}["568"] == 2
    assert account["collateral"]["BTC"] == "0.35" and [item["settles_at"] for item in account["adjustments"]] == [None]
    stamp = client.state()["server_time"]
    path, query = "/v5/crypto-loan-fixed/borrow-contract-info", "loanId=568"
    assert client.signed("GET", path, query, timestamp=stamp).result["list"][0]["status"] == 1
    stamp = client.clock(advance_ms=30_000)
    assert client.signed("GET", path, query, timestamp=stamp).result["list"][0]["status"] == 2
    assert post("flexible/repay", loanCurrency="USDT", amount="5") == 0
    assert client.account()["repayments"][0]["repay_id"] == "1774"


@pytest.fixture
def crowded(sandbox, roomy_seed):
    """The stand-in exchange with ten thousand items in each paged list."""
    account = roomy_seed["accounts"][0]
    loan = {**account["loans"][0], "principal": "1", "collateral": "0.001"}
    for number in range(MANY):
        name = str(10**18 + number)
        account["loans"].append({**loan, "order_id": name, "borrowed_at": f"-{number}m"})
        account["repayments"].append({"repay_id": name, "order_id": name, "amount": "1", "time": f"-{number}m"})
        when = f"+{number + 1}m" if number % 2 else f"-{number % 2000}m"
        contract = {**CONTRACT, "loan_id": str(1000 + number), "principal": "0.0001", "due_at": when}
        account["fixed_contracts"].append(contract)
        paid = {"repay_id": str(20_000 + number), "time": f"-{number}m"}
        account["fixed_repayments"].append({**paid, "details": [{"loan_id": "561", "amount": "1"}]})
    sandbox.control("PUT", "seed", roomy_seed)
    return sandbox


def seconds_used(sandbox) -> float:
    """Return the processor time of the server's process."""
    pid = sandbox.control("GET", "ping")["pid"]
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("path", [
    "crypto-loan/ongoing-orders", "crypto-loan/repayment-history", "crypto-loan-fixed/borrow-contract-info",
    "crypto-loan-fixed/repayment-history",
])
def test_ten_thousand_items_are_paged_quickly(crowded, path):
    """A hundred pages show each item once, at 50 or more requests per second of the server's own processor time."""
    seen, cursor, began = set(), "", seconds_used(crowded)
    for number in range(1, 200):
        query = "limit=100" + (f"&cursor={cursor}" if cursor else "")
        result = crowded.signed("GET", f"/v5/{path}", query).result
        ids = [item.get("loanId") or item.get("repayId") or item["orderId"] for item in result["list"]]
        assert not seen & set(ids)
        seen.update(ids)
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    assert len(seen) > MANY and 50 * (seconds_used(crowded) - began) < number
