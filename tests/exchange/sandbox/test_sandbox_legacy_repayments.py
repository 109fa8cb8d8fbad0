# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repayment of a legacy loan does to debt, wallet, and collateral, and why one is refused."""

from __future__ import annotations

import hashlib
import hmac
import time
from decimal import Decimal

import pytest

HOUR = 3600 * 1000


@pytest.mark.parametrize(("order_id", "amount", "code"), [
    (None, "1", 10001), ("", "1", 10001), (1794267532472646144, "1", 10001), (["1"], "1", 10001),
    ("loan", None, 10001), ("loan", 1, 10001), ("loan", 1.5, 10001), ("loan", "", 10001), ("loan", True, 10001),
    ("loan", "abc", 177003), ("loan", "1e2", 177003), ("loan", "1,5", 177003), ("loan", " 1", 177003),
    ("loan", "+1", 177003), ("loan", ".5", 177003), ("loan", "1.", 177003), ("loan", "NaN", 177003),
    ("loan", "0x10", 177003), ("loan", "١", 177003), ("loan", "1\n", 177003),
    ("loan", "0", 177019), ("loan", "0.0000", 177019), ("loan", "-1", 177019), ("loan", "-0", 177019),
    ("loan", "1.23456", 177004), ("loan", "0.00001", 177004),
    ("1794267532472646145", "1", 177005), ("nonsense", "1", 177005),
    ("1793569729874260992", "1", 177005), ("1794299000112233472", "1", 177005),
    ("loan", "1000.4001", 177010), ("loan", "9" * 40, 177010),
])
def test_invalid_repayments_are_refused(sandbox, names, order_id, amount, code):
    before = sandbox.state()["accounts"]
    answer = sandbox.repay(names.loan if order_id == "loan" else order_id, amount)
    assert (answer.status, answer.code, answer.result) == (200, code, {})
    assert sandbox.state()["accounts"] == before


@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "{", "orderId=1&amount=1", '{"orderId":"1"}', "[" * 100000])
def test_bodies_other_than_the_documented_object_are_refused(sandbox, names, body):
    assert sandbox.signed("POST", names.prefix + "repay", body=body).code == 10001


def test_a_body_that_is_not_text_is_refused(sandbox, names):
    body = b'{"orderId":"\xff\xfe"}'
    stamp = str(int(time.time() * 1000))
    sign = hmac.new(b"sandbox-secret", stamp.encode() + b"sandbox-key5000" + body, hashlib.sha256).hexdigest()
    answer = sandbox.raw("POST", names.prefix + "repay", body, {
        "X-BAPI-API-KEY": "sandbox-key", "X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": "5000", "X-BAPI-SIGN": sign,
    })
    assert answer.code == 10001


def test_trailing_zeros_are_not_decimals(sandbox, names):
    assert sandbox.repay(names.loan, "1.500000000").code == 0
    assert sandbox.listed("repayment-history", "limit=1")[0]["repayAmount"] == "1.5"


def test_the_coin_sets_the_precision(sandbox, names):
    assert sandbox.repay(names.eth, "0.123456789").code == 177004
    assert sandbox.repay(names.eth, "0.12345678").code == 0
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.eth}")
    assert (loan["totalDebt"], loan["residualInterest"]) == ("1.11113642", "0")
    assert sandbox.balance("ETH") == Decimal("3.87654322")


def test_a_repayment_beyond_the_wallet_is_refused(sandbox, names):
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "99.9999"})
    assert sandbox.repay(names.loan, "100").code == 177011
    assert sandbox.repay(names.loan, "99.9999").code == 0
    assert sandbox.balance() == 0


def test_interest_is_paid_before_principal(sandbox, names):
    assert sandbox.repay(names.loan, "0.3").code == 0
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.loan}")
    assert (loan["totalDebt"], loan["residualInterest"]) == ("1000", "0.1")
    assert sandbox.repay(names.loan, "0.2").code == 0
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.loan}")
    assert (loan["totalDebt"], loan["residualInterest"]) == ("999.9", "0")


def test_penalty_is_paid_before_interest(sandbox, names):
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.overdue}")
    # 168 hours at 500 x 0.0000180692, and 12 overdue hours at three times that.
    assert (loan["residualInterest"], loan["residualPenaltyInterest"]) == ("1.5178128", "0.3252456")
    assert sandbox.repay(names.overdue, "0.3").code == 0
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.overdue}")
    assert (loan["residualInterest"], loan["residualPenaltyInterest"]) == ("1.5178128", "0.0252456")
    assert sandbox.repay(names.overdue, "1.0252").code == 0
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.overdue}")
    assert (loan["totalDebt"], loan["residualInterest"], loan["residualPenaltyInterest"]) == ("500", "0.5178584", "0")


def test_a_full_repayment_returns_the_collateral(sandbox, names):
    assert sandbox.balance("BTC") == Decimal("0.25")
    first = sandbox.repay(names.loan, "1000").result["repayId"]
    last = sandbox.repay(names.loan, "0.4").result["repayId"]
    assert int(last) > int(first)
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}") == []
    assert (sandbox.balance("BTC"), sandbox.balance()) == (Decimal("0.29"), Decimal("8999.6"))
    history = sandbox.listed("repayment-history", f"orderId={names.loan}&limit=2")
    assert [(item["repayId"], item["collateralReturn"]) for item in history] == [(last, "0.04"), (first, "0")]
    [closed] = sandbox.listed("borrow-history", f"orderId={names.loan}")
    assert (closed["repaidInterest"], closed["initialLoanAmount"], closed["status"]) == ("0.5", "1100", 1)
    assert (closed["loanTerm"], closed["expirationTime"]) == ("", "")
    assert sandbox.repay(names.loan, "1").code == 177005


def test_what_cannot_be_paid_for_lack_of_decimals_is_forgiven(sandbox, names):
    assert sandbox.loan(names.dusty)["debt"] == "1888.045358"
    assert sandbox.repay(names.dusty, "1888.0454").code == 177010
    assert sandbox.repay(names.dusty, "1888.0453").code == 0
    assert sandbox.loan(names.dusty) is None
    assert sandbox.listed("borrow-history", f"orderId={names.dusty}")[0]["repaidInterest"] == "0.04016"


def test_the_seed_can_leave_dust_unforgiven(sandbox, names, roomy_seed):
    roomy_seed["settings"]["forgive_dust"] = False
    sandbox.control("PUT", "seed", roomy_seed)
    assert sandbox.repay(names.dusty, "1888.0453").code == 0
    assert sandbox.loan(names.dusty)["debt"] == "0.000058"


def test_one_unit_is_not_forgiven(sandbox, names):
    assert sandbox.repay(names.dusty, "1888.0452").code == 0
    assert sandbox.loan(names.dusty)["debt"] == "0.000158"
    assert sandbox.repay(names.loan, "1000.3999").code == 0
    assert sandbox.loan(names.loan)["debt"] == "0.0001"


def test_interest_is_charged_every_hour(sandbox, names):
    sandbox.clock(advance_ms=HOUR - 60_000)
    assert sandbox.loan(names.loan)["interest"] == "0.4"
    sandbox.clock(advance_ms=60_000)
    assert sandbox.loan(names.loan)["interest"] == "0.4090346"
    sandbox.clock(advance_ms=23 * HOUR)
    assert sandbox.loan(names.loan)["interest"] == "0.6168304"


def test_a_repayment_lowers_future_interest(sandbox, names):
    sandbox.repay(names.loan, "500.4")
    sandbox.clock(advance_ms=HOUR)
    assert sandbox.loan(names.loan)["interest"] == "0.0045173"


def test_a_loan_is_liquidated_48_hours_after_the_due_time(sandbox, names):
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.overdue}")
    end = int(loan["expirationTime"]) + 48 * HOUR
    stamp = sandbox.clock(freeze_at_ms=end - 1)
    assert sandbox.query("ongoing-orders", f"orderId={names.overdue}", timestamp=stamp).result["list"]
    stamp = sandbox.clock(advance_ms=1)
    assert sandbox.query("ongoing-orders", f"orderId={names.overdue}", timestamp=stamp).result["list"] == []
    [closed] = sandbox.listed("borrow-history", f"orderId={names.overdue}", timestamp=stamp)
    # 47 full overdue hours at three times 500 x 0.0000180692.
    assert (closed["repaidInterest"], closed["repaidPenaltyInterest"]) == ("1.5178128", "1.2738786")
    assert closed["status"] == 2
    [item] = sandbox.listed("repayment-history", f"orderId={names.overdue}", timestamp=stamp)
    assert (item["repayType"], item["repayStatus"], item["repayAmount"]) == ("2", 1, "502.7916914")
    assert item["collateralReturn"] == "0.23240276"
    assert sandbox.balance("ETH", timestamp=stamp) == Decimal("4.23240276")
    assert sandbox.repay(names.overdue, "1", timestamp=stamp).code == 177005


def test_the_current_ltv_follows_debt_and_price(sandbox, names):
    def ltv():
        return sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["currentLTV"]

    assert ltv() == "0.4168"
    sandbox.control("POST", "prices", {"BTC": "30000"})
    assert ltv() == "0.8337"
    sandbox.repay(names.loan, "500")
    assert ltv() == "0.417"


def test_a_loan_is_liquidated_when_its_ltv_reaches_the_limit(sandbox, names):
    sandbox.repay(names.loan, "50.4")
    # The ETH loan against BTC must not be liquidated as well.
    sandbox.control("POST", "prices", {"BTC": "25000.01", "ETH": "1500"})
    assert sandbox.loan(names.loan)["ltv"] == "0.95"
    sandbox.control("POST", "prices", {"BTC": "25000"})
    assert sandbox.loan(names.loan) is None
    [item] = sandbox.listed("repayment-history", f"orderId={names.loan}&limit=1")
    assert (item["repayType"], item["repayAmount"], item["collateralReturn"]) == ("2", "950", "0.002")
    [closed] = sandbox.listed("borrow-history", f"orderId={names.loan}")
    assert closed["status"] == 2
    assert sandbox.balance("BTC") == Decimal("0.252") and sandbox.balance() == Decimal("9949.6")


def test_a_liquidation_writes_off_debt_that_the_collateral_does_not_cover(sandbox, names):
    sandbox.control("POST", "prices", {"BTC": "20000"})
    [item] = sandbox.listed("repayment-history", f"orderId={names.loan}&limit=1")
    assert (item["repayAmount"], item["collateralReturn"]) == ("800", "0")
    assert sandbox.loan(names.loan) is None and sandbox.balance() == 10000


def test_the_owner_can_repay_in_the_app(sandbox, names):
    repay_id = sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "200"})["repayId"]
    assert sandbox.listed("repayment-history", f"repayId={repay_id}")[0]["repayAmount"] == "200"
    assert sandbox.repayments()[0]["origin"] == "app"
    refused = sandbox.control("POST", "repay", {"orderId": names.loan, "amount": "900"}, expect=400)
    assert refused["ret_code"] == 177010
    assert sandbox.requests()["counts"].get("POST /v5/crypto-loan/repay") is None


def test_the_origin_of_a_repayment_is_kept_but_the_exchange_does_not_show_it(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    assert client.repay().code == 0
    client.control("POST", "repay", {"orderId": names.loan, "amount": "200"})
    cli("stop", "--run-dir", found.run_dir)
    client = names.client(start("--state", state, name="second").url)
    assert [item["origin"] for item in client.repayments()] == ["app", "api", "seed"]
    assert not [item for item in client.listed("repayment-history") if {"origin", "app"} & {*item, *item.values()}]


def test_accounts_do_not_see_each_other(sandbox, names):
    key = {"key": "sandbox-key-second-account"}
    assert [loan["orderId"] for loan in sandbox.listed("ongoing-orders", **key)] == [names.second]
    assert sandbox.listed("repayment-history", **key) == [] and sandbox.balance(**key) == 750
    assert sandbox.repay(names.second, "800", **key).code == 177011
    assert sandbox.repay(names.second, "750", **key).code == 0
    assert sandbox.balance() == 10000


def test_money_is_neither_created_nor_lost(sandbox, names):
    """Whatever leaves the wallet pays debt, to the last decimal."""
    paid = Decimal(0)
    for number in range(1, 40):
        amount = Decimal(number) * Decimal("0.6173")
        assert sandbox.repay(names.loan, str(amount)).code == 0
        paid += amount
    assert sandbox.balance() == 10000 - paid
    assert Decimal(sandbox.loan()["debt"]) == Decimal("1000.4") - paid
    assert sum(Decimal(item["amount"]) for item in sandbox.repayments()) == paid + Decimal("100.1")
    assert len({item["repay_id"] for item in sandbox.repayments()}) == 40
