# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adjusting the collateral of a legacy loan or an account: what moves, what the histories show, and how much can be taken back."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

SMALLEST = Decimal("0.00000001")
ADD, TAKE_BACK = "0", "1"
LEGACY, ACCOUNT = "/v5/crypto-loan", "/v5/crypto-loan-common"
HALF_A_YEAR_MS = 183 * 24 * 3600 * 1000


class Adjuster:
    """Adjusts the BTC collateral of the legacy loan of 1000.4 USDT or of the account."""

    def __init__(self, sandbox, base: str, order_id: str) -> None:
        self.sandbox, self.base = sandbox, base
        self.what = {"orderId": order_id} if base == LEGACY else {"currency": "BTC"}

    def adjust(self, amount: object, direction: object = ADD, **changes: object):
        body = json.dumps({**self.what, "amount": amount, "direction": direction, **changes})
        return self.sandbox.signed("POST", f"{self.base}/adjust-ltv", body=body, timestamp=self.now())

    def history(self, query: str = "limit=100") -> list[dict]:
        return self.sandbox.signed("GET", f"{self.base}/adjustment-history", query, timestamp=self.now()).result["list"]

    def most(self) -> Decimal:
        [(name, value)] = self.what.items()
        answer = self.sandbox.signed("GET", f"{self.base}/max-collateral-amount", f"{name}={value}", timestamp=self.now())
        return Decimal(answer.result["maxCollateralAmount"])

    def now(self) -> int:
        return self.sandbox.state()["server_time"]

    def held(self) -> tuple[str, str]:
        """The BTC in the Funding wallet, and the pledged BTC."""
        account = self.sandbox.account()
        pledged = self.sandbox.loan()["collateral"] if self.base == LEGACY else account["collateral"]["BTC"]
        return account["wallet"]["BTC"], pledged

    def fault(self, **fault: object) -> None:
        self.sandbox.control("POST", "faults", {"method": "POST", "path": f"{self.base}/adjust-ltv", **fault})


@pytest.fixture
def legacy(sandbox, names) -> Adjuster:
    sandbox.clock(freeze=True)
    return Adjuster(sandbox, LEGACY, names.loan)


@pytest.fixture
def account(sandbox, names) -> Adjuster:
    sandbox.clock(freeze=True)
    return Adjuster(sandbox, ACCOUNT, names.loan)


@pytest.fixture(params=[LEGACY, ACCOUNT])
def either(sandbox, names, request) -> Adjuster:
    sandbox.clock(freeze=True)
    return Adjuster(sandbox, request.param, names.loan)


def test_adjusting_a_legacy_loan_moves_coins_and_is_in_its_history(legacy, sandbox, names):
    added = legacy.adjust("0.01").result["adjustId"]
    assert isinstance(added, str) and len(added) == 19 and legacy.held() == ("0.24", "0.05")
    taken = legacy.adjust("0.02", TAKE_BACK).result["adjustId"]
    assert legacy.held() == ("0.26", "0.03") and sandbox.loan()["ltv"] == "0.5558"
    entry = sandbox.account()["funding"][0]
    assert (entry["coin"], entry["amount"], entry["after"], entry["kind"]) == ("BTC", "0.02", "0.26", "adjustment")
    newest, oldest = legacy.history()
    assert newest == {
        "adjustId": taken, "adjustTime": str(legacy.now()), "afterLTV": "0.5558", "amount": "0.02", "collateralCurrency": "BTC",
        "direction": 1, "orderId": names.loan, "preLTV": "0.3335",
    }
    assert (oldest["adjustId"], oldest["direction"], oldest["preLTV"], oldest["afterLTV"]) == (added, 0, "0.4168", "0.3335")


def test_adjustments_of_an_account_are_in_its_history(account):
    first = account.adjust("0.05").result["adjustId"]
    second = account.adjust("0.1", TAKE_BACK).result["adjustId"]
    newest, oldest = account.history()
    assert newest == {
        "adjustId": second, "adjustTime": account.now(), "afterLTV": newest["afterLTV"], "amount": "0.1",
        "collateralCurrency": "BTC", "direction": 1, "preLTV": oldest["afterLTV"], "status": 1,
    }
    assert oldest["adjustId"] == first and Decimal(oldest["afterLTV"]) < Decimal(oldest["preLTV"])


def test_histories_are_filtered_and_separate(sandbox, names):
    sandbox.clock(freeze=True)
    legacy, account = (Adjuster(sandbox, base, names.loan) for base in (LEGACY, ACCOUNT))
    ids = [legacy.adjust("0.001").result["adjustId"] for _number in range(2)]
    number = account.adjust("0.001").result["adjustId"]
    assert [row["adjustId"] for row in legacy.history()] == ids[::-1] and len(account.history()) == 1
    assert [row["adjustId"] for row in legacy.history(f"adjustId={ids[0]}")] == [ids[0]]
    assert legacy.history(f"orderId={names.sol}") == legacy.history("collateralCurrency=ETH") == []
    assert [row["adjustId"] for row in account.history(f"adjustId={number}")] == [number]
    assert account.history("adjustId=1") == account.history("collateralCurrency=ETH") == []
    page = sandbox.signed("GET", f"{LEGACY}/adjustment-history", "limit=1", timestamp=legacy.now()).result
    assert [row["adjustId"] for row in legacy.history(f"limit=1&cursor={page['nextPageCursor']}")] == [ids[0]]


def test_only_the_legacy_history_ends_after_six_months(legacy, account):
    legacy.adjust("0.001")
    account.adjust("0.001")
    legacy.sandbox.clock(advance_ms=HALF_A_YEAR_MS + 1)
    assert legacy.history() == [] and len(account.history()) == 1


@pytest.mark.parametrize(("changes", "code"), [
    ({"orderId": ""}, 10001), ({"amount": 1}, 10001), ({"direction": 1}, 10001), ({"amount": "1e-3"}, 177003),
    ({"amount": "0"}, 177019), ({"direction": "2"}, 177019), ({"orderId": "1"}, 177005),
    ({"orderId": "1793569729874260992"}, 177005), ({"orderId": "1794299000112233472"}, 177005),
    ({"amount": "0.000000001"}, 177004), ({"amount": "0.26"}, 177011), ({"amount": "800"}, 177015),
    ({"direction": TAKE_BACK, "amount": "0.05"}, 177013), ({"direction": TAKE_BACK, "amount": "0.02"}, 177013),
])
def test_invalid_adjustments_of_a_legacy_loan_are_refused(legacy, sandbox, changes, code):
    before = sandbox.state()["accounts"]
    assert legacy.adjust(**{"amount": "0.01", **changes}).code == code
    assert sandbox.state()["accounts"] == before


@pytest.mark.parametrize(("path", "code"), [
    (f"{LEGACY}/max-collateral-amount?", 10001), (f"{LEGACY}/max-collateral-amount?orderId=1", 177005),
    (f"{ACCOUNT}/max-collateral-amount?", 10001), (f"{ACCOUNT}/max-collateral-amount?currency=XRP", 148004),
])
def test_invalid_queries_for_the_most_collateral_are_refused(sandbox, path, code):
    target, _mark, query = path.partition("?")
    assert sandbox.signed("GET", target, query).code == code


def test_exactly_the_stated_maximum_can_be_taken_back(either):
    most = either.most()
    assert most > 0 and either.adjust(str(most + SMALLEST), TAKE_BACK).code in (177013, 148037)
    assert either.adjust(f"{most:f}", TAKE_BACK).code == 0
    assert either.most() == 0
    limit = Decimal("0.8") if either.base == LEGACY else Decimal("0.85")
    assert limit - Decimal("0.0001") < Decimal(either.history()[0]["afterLTV"]) <= limit


@pytest.mark.parametrize("principal", ["5000", "100000", "150000", "200000"])
def test_the_stated_maximum_of_an_account_is_exact_in_every_tier(account, sandbox, roomy_seed, principal):
    roomy_seed["accounts"][0]["collateral"] = {"BTC": "20", "ETH": "2.6"}
    roomy_seed["accounts"][0]["flexible_loans"][0]["principal"] = principal
    sandbox.control("PUT", "seed", roomy_seed)
    most = account.most()
    assert account.adjust(str(most + SMALLEST), TAKE_BACK).code == 148037
    assert account.adjust(str(most), TAKE_BACK).code == 0
    assert Decimal("0.84999") < Decimal(account.history()[0]["afterLTV"]) <= Decimal("0.85")


def test_nothing_can_be_taken_back_without_a_debt(loans):
    key = {"key": "sandbox-key-second-account"}
    loans.repay("USDT", "250.0225", **key)
    assert loans.get("common/max-collateral-amount", "currency=BTC", **key) == {"maxCollateralAmount": "0"}


@pytest.mark.parametrize("code", ["148048", "131239"])
def test_the_platform_limit_refuses_only_additions(loans, account, sandbox, code):
    sandbox.control("POST", "switches", {"platform_limit_code": code})
    assert sandbox.control("POST", "col_res", {"col_res": 2}) == {"col_res": 2}
    assert loans.get("common/position")["colRes"] == "2" and sandbox.state()["col_res"] == 2
    assert account.adjust("0.01").code == int(code)
    assert account.adjust("0.01", TAKE_BACK).code == 0
    sandbox.control("POST", "col_res", {"col_res": 1})
    assert loans.get("common/position")["colRes"] == "1" and account.adjust("0.01").code == 0


@pytest.mark.parametrize(("document", "text"), [
    ({}, "col_res is missing"), ({"col_res": 3}, "col_res must be at most 2"), ({"col_res": -2}, "col_res must be at least -1"),
    ({"col_res": "2"}, "col_res must be a whole number"), ({"col_res": 0, "x": 1}, "unknown field 'x'"),
])
def test_invalid_restrictions_are_refused(sandbox, document, text):
    assert text in sandbox.control("POST", "col_res", document, expect=400)["error"]


def test_the_seed_sets_the_platform_limit(loans, sandbox, roomy_seed):
    roomy_seed["settings"]["col_res"] = -1
    sandbox.control("PUT", "seed", roomy_seed)
    assert loans.get("common/position")["colRes"] == "-1"


def test_an_adjustment_in_process_has_left_the_wallet_only(either):
    wallet, pledged = either.held()
    either.fault(processing_ms=5000)
    either.adjust("0.01")
    assert either.held() == ("0.24", pledged)
    shown = [row.get("status") for row in either.history()]
    assert shown == ([] if either.base == LEGACY else [2])
    either.sandbox.control("POST", "switches", {"legacy_adjustment_processing": "shown"})
    assert len(either.history()) == 1
    either.sandbox.clock(advance_ms=5000)
    assert either.held() == ("0.24", str(Decimal(pledged) + Decimal("0.01"))) and len(either.history()) == 1
    assert wallet == "0.25"


@pytest.mark.parametrize("direction", [ADD, TAKE_BACK])
def test_a_failed_adjustment_returns_the_coins(either, direction):
    before = either.held()
    either.fault(processing_ms=5000, final_status=3)
    assert either.adjust("0.01", direction).code == 0
    assert either.held() != before
    either.sandbox.clock(advance_ms=5000)
    assert either.held() == before
    rows = either.history()
    assert [row["status"] for row in rows] == ([] if either.base == LEGACY else [3])
    assert all(row["preLTV"] == row["afterLTV"] for row in rows)


@pytest.mark.parametrize(("direction", "status", "wallet"), [(ADD, 3, "0.29"), (TAKE_BACK, 1, "0.29")])
def test_collateral_returns_when_the_loan_is_closed_meanwhile(legacy, sandbox, direction, status, wallet):
    legacy.fault(processing_ms=5000)
    assert legacy.adjust("0.01", direction).code == 0
    assert sandbox.repay(amount="1000.4", timestamp=legacy.now()).code == 0
    sandbox.clock(advance_ms=5000)
    assert sandbox.account()["legacy_adjustments"][0]["status"] == status
    assert sandbox.account()["wallet"]["BTC"] == wallet


def test_histories_collateral_and_wallets_can_lag_separately(either):
    either.fault(history_delay_ms=1000, debt_delay_ms=2000, wallet_delay_ms=3000)
    either.adjust("0.01")
    sandbox = either.sandbox

    def shown() -> tuple:
        if either.base == LEGACY:
            [loan] = sandbox.listed("ongoing-orders", f"orderId={either.what['orderId']}", timestamp=either.now())
            held = loan["collateralAmount"]
        else:
            position = sandbox.signed("GET", f"{ACCOUNT}/position", timestamp=either.now()).result
            held = next(row["amount"] for row in position["collateralList"] if row["currency"] == "BTC")
        return len(either.history()), held, str(sandbox.balance("BTC", timestamp=either.now()))

    before, after = ("0.04", "0.05") if either.base == LEGACY else ("0.25", "0.26")
    seen = [shown()]
    for _second in range(3):
        sandbox.clock(advance_ms=1000)
        seen.append(shown())
    assert seen == [(0, before, "0.25"), (1, before, "0.25"), (1, after, "0.25"), (1, after, "0.24")]


def test_an_adjustment_whose_answer_is_lost_is_executed(either):
    either.fault(answer="html_502")
    assert either.adjust("0.01").status == 502
    assert len(either.history()) == 1 and either.held()[0] == "0.24"


def test_adjusting_requires_the_permission_for_loans(either):
    body = json.dumps({**either.what, "amount": "0.01", "direction": ADD})
    for key in ("sandbox-key-readonly", "sandbox-key-no-permission"):
        assert either.sandbox.signed("POST", f"{either.base}/adjust-ltv", body=body, key=key, timestamp=either.now()).code == 10005
