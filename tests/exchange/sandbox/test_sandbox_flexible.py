# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repayment of a flexible loan does, and why one is refused."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

import pytest

MINUTE = 60 * 1000
HOUR = 60 * MINUTE


@pytest.mark.parametrize(("coin", "amount", "code"), [
    (None, "1", 10001), ("", "1", 10001), (7, "1", 10001), ("USDT", None, 10001), ("USDT", 1, 10001),
    ("USDT", "", 10001), ("USDT", "1e2", 10001), ("USDT", "abc", 10001), ("USDT", "0", 10001), ("USDT", "-1", 10001),
    ("usdt", "1", 148014), ("DOGE", "1", 148014), ("XRP", "1", 148032), ("ETH", "1", 148032),
    ("USDT", "0.00001", 148028), ("BTC", "0.000000001", 148028),
    ("USDT", "4988.8889", 148038), ("BTC", "0.02000035", 148038), ("USDT", "9" * 30, 148038),
])
def test_invalid_repayments_are_refused(loans, sandbox, coin, amount, code):
    before = sandbox.state()["accounts"]
    answer = loans.repay(coin, amount)
    assert (answer.status, answer.code, answer.result) == (200, code, {})
    assert sandbox.state()["accounts"] == before


def test_an_account_without_a_loan_has_nothing_to_repay(loans, sandbox, roomy_seed):
    del roomy_seed["accounts"][1]["flexible_loans"]
    sandbox.control("PUT", "seed", roomy_seed)
    assert loans.repay("USDT", "1", key="sandbox-key-second-account").code == 148027
    assert loans.get("flexible/ongoing-coin", key="sandbox-key-second-account") == {"list": []}


def test_interest_is_paid_before_principal(loans):
    before = loans.debt("USDT")
    assert (before["totalDebt"], before["unpaidAmount"]) == ("4988.88888939", "4987.6543215")
    answer = loans.repay("USDT", "1.2")
    assert (answer.document["retMsg"], answer.result) == ("ok", {"repayId": "1771"})
    assert loans.debt("USDT") == {**before, "totalDebt": "4987.68888939", "unpaidInterest": "0.03456789"}
    assert loans.repay("USDT", "1").result == {"repayId": "1772"}
    assert loans.debt("USDT") == {
        **before, "totalDebt": "4986.68888939", "unpaidAmount": "4986.68888939", "unpaidInterest": "0"
    }
    assert loans.wallet("USDT") == "9997.8"


def test_a_repaid_coin_vanishes_and_its_collateral_stays(loans, sandbox):
    pledged = sandbox.account()["collateral"]
    assert loans.repay("BTC", "0.02000034").code == 0
    assert loans.debt("BTC") is None
    assert [debt["loanCurrency"] for debt in loans.get("flexible/ongoing-coin")["list"]] == ["USDT"]
    assert sandbox.account()["collateral"] == pledged and loans.wallet("BTC") == "0.22999966"
    assert loans.repay("BTC", "0.00000001").code == 148032


def test_what_cannot_be_paid_for_lack_of_decimals_is_forgiven(loans):
    assert loans.repay("USDT", "4988.8887").code == 0
    assert loans.debt("USDT")["totalDebt"] == "0.00018939"
    assert loans.repay("USDT", "0.0001").code == 0
    assert loans.debt("USDT") is None


def test_the_seed_can_leave_dust_unforgiven(loans, sandbox, roomy_seed):
    roomy_seed["settings"]["forgive_dust"] = False
    sandbox.control("PUT", "seed", roomy_seed)
    assert loans.repay("USDT", "4988.8888").code == 0
    assert loans.debt("USDT")["totalDebt"] == "0.00008939"


def test_a_repayment_beyond_the_wallet_is_refused(loans, sandbox):
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "99.9999"})
    assert loans.repay("USDT", "100").code == 148029
    assert loans.repay("USDT", "99.9999").result == {"repayId": "1771"}
    assert loans.wallet("USDT") == "0"


def test_interest_is_charged_every_hour(loans):
    # 4987.6543215 x 0.0000090346, rounded up to 8 decimals.
    loans.wait(HOUR - MINUTE)
    assert loans.debt("USDT")["unpaidInterest"] == "1.23456789"
    loans.wait(MINUTE)
    assert loans.debt("USDT")["unpaidInterest"] == "1.27962936"
    loans.wait(9 * HOUR)
    assert loans.debt("USDT")["unpaidInterest"] == str(Decimal("1.23456789") + 10 * Decimal("0.04506147"))
    loans.repay("USDT", "4900")
    after = Decimal(loans.debt("USDT")["totalDebt"])
    loans.wait(HOUR)
    assert Decimal(loans.debt("USDT")["unpaidInterest"]) == (after * Decimal("0.0000090346")).quantize(
        Decimal("0.00000001"), ROUND_UP
    )


def test_the_owner_can_borrow_in_the_app(loans, sandbox):
    order = {"product": "flexible", "loanCurrency": "USDT", "amount": "1000"}
    assert sandbox.control("POST", "borrow", order) == {"orderId": "1363"}
    assert loans.debt("USDT")["totalDebt"] == "5988.88888939" and loans.wallet("USDT") == "11000"
    newest = loans.get("flexible/borrow-history", "limit=1")
    assert newest["list"] == [{
        "borrowTime": sandbox.state()["server_time"], "initialLoanAmount": "1000", "loanCurrency": "USDT",
        "orderId": "1363", "status": 1,
    }]
    assert newest["nextPageCursor"] == "1363"

    def refused(**changes):
        return sandbox.control("POST", "borrow", {**order, **changes}, expect=400).get("ret_code")

    assert refused(amount="1") == 148002 and refused(amount="100.00001") == 148003
    assert refused(loanCurrency="DOGE") == 148014 and refused(amount="5000") == 148009
    assert refused(product="legacy") is refused(amount="0") is refused(more="1") is None


def test_the_owner_can_repay_in_the_app(loans, sandbox):
    document = {"product": "flexible", "loanCurrency": "USDT", "amount": "200"}
    assert sandbox.control("POST", "repay", document) == {"repayId": "1771"}
    assert sandbox.control("POST", "repay", {**document, "amount": "9000"}, expect=400)["ret_code"] == 148038
    second = {**document, "uid": "1631390", "amount": "250"}
    assert sandbox.control("POST", "repay", second) == {"repayId": "1772"}
    assert [item["repayAmount"] for item in loans.history("flexible", "repayId=1771")] == ["200"]
    newest = sandbox.account()["repayments"][0]
    assert (newest["origin"], newest["product"], newest["repay_id"]) == ("app", "flexible", "1771")
    assert sandbox.account(1)["flexible_loans"][0]["debt"] == "0.0225"


def test_accounts_do_not_see_each_other(loans):
    other = {"key": "sandbox-key-second-account"}
    [debt] = loans.get("flexible/ongoing-coin", **other)["list"]
    assert debt["totalDebt"] == "250.0225"
    assert loans.get("flexible/repayment-history", **other)["list"] == []
    assert [item["orderId"] for item in loans.get("flexible/borrow-history", **other)["list"]] == ["1360"]
    assert loans.repay("BTC", "0.001", **other).code == 148032
    assert loans.repay("USDT", "250", **other).code == 0
    assert loans.debt("USDT")["totalDebt"] == "4988.88888939"


def test_money_is_neither_created_nor_lost(loans, sandbox):
    paid = Decimal(0)
    for number in range(1, 20):
        amount = Decimal(number) * Decimal("0.6173")
        assert loans.repay("USDT", str(amount)).code == 0
        paid += amount
    assert Decimal(loans.wallet("USDT")) == 10000 - paid
    assert Decimal(loans.debt("USDT")["totalDebt"]) == Decimal("4988.88888939") - paid
    items = [item for item in sandbox.account()["repayments"] if item["product"] == "flexible"]
    assert sum(Decimal(item["amount"]) for item in items if item["origin"] == "api") == paid
    assert [item["repay_id"] for item in items[:19]] == [str(number) for number in range(1789, 1770, -1)]


def test_pages_cover_the_whole_history(loans):
    sent = [loans.repay("USDT", "1").result["repayId"] for _number in range(5)]
    first = loans.get("flexible/repayment-history", "limit=3&loanCurrency=USDT")
    loans.repay("USDT", "1")
    second = loans.get("flexible/repayment-history", f"limit=3&loanCurrency=USDT&cursor={first['nextPageCursor']}")
    assert [item["repayId"] for item in first["list"] + second["list"]] == [*sent[::-1], "1768"]
    assert (first["nextPageCursor"], second["nextPageCursor"]) == (sent[2], "")
    wrong = ("cursor=12345", "cursor=x", "limit=0", "limit=101", "limit=x")
    assert [loans.get("flexible/repayment-history", query)["code"] for query in wrong] == [10001] * 5
