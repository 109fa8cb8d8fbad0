# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that delay a repayment: what the queries show meanwhile, and what the ledger holds."""

from __future__ import annotations

UNPAID, PAID = "1000.4", "900.4"


def test_a_repayment_can_enter_the_history_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(history_delay_ms=5000)
    repay_id = sandbox.repay().result["repayId"]
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["totalDebt"] == PAID
    stamp = sandbox.clock(advance_ms=4999)
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp) == []
    stamp = sandbox.clock(advance_ms=1)
    assert len(sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)) == 1


def test_a_debt_can_fall_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(debt_delay_ms=5000)
    repay_id = sandbox.repay().result["repayId"]
    stamp = sandbox.clock(advance_ms=4999)
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp)
    assert (loan["totalDebt"], loan["residualInterest"]) == ("1000", "0.4")
    assert sandbox.balance(timestamp=stamp) == 9900
    assert sandbox.loan()["debt"] == PAID
    assert len(sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)) == 1
    stamp = sandbox.clock(advance_ms=1)
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp)[0]["totalDebt"] == PAID


def test_a_wallet_can_fall_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(wallet_delay_ms=5000)
    sandbox.repay()
    stamp = sandbox.clock(advance_ms=4999)
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp)[0]["totalDebt"] == PAID
    assert sandbox.balance(timestamp=stamp) == 10000 and sandbox.account()["wallet"]["USDT"] == "9900"
    assert sandbox.repay(names.loan, "9900", timestamp=stamp).code == 177010
    stamp = sandbox.clock(advance_ms=1)
    assert sandbox.balance(timestamp=stamp) == 9900


def test_a_loan_can_close_later(sandbox, names):
    sandbox.clock(freeze=True)
    sandbox.fault(debt_delay_ms=5000)
    sandbox.repay(names.loan, "1000.4")
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["totalDebt"] == "1000"
    assert sandbox.listed("borrow-history", f"orderId={names.loan}") == []
    assert sandbox.repay(names.loan, "1").code == 177005
    stamp = sandbox.clock(advance_ms=5000)
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp) == []
    assert len(sandbox.listed("borrow-history", f"orderId={names.loan}", timestamp=stamp)) == 1


def test_a_repayment_in_process_lowers_the_debt_when_it_succeeds(sandbox, names):
    """The money leaves at once, and the debt falls when the status becomes 1."""
    sandbox.clock(freeze=True)
    sandbox.fault(processing_ms=5000)
    repay_id = sandbox.repay(names.loan, "1000.4").result["repayId"]
    [item] = sandbox.listed("repayment-history", f"repayId={repay_id}")
    assert (item["repayStatus"], item["collateralReturn"]) == (2, "0")
    assert str(sandbox.balance()) == "8999.6"
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}")[0]["totalDebt"] == "1000"
    assert sandbox.repay(names.loan, "1").code == 177010
    stamp = sandbox.clock(advance_ms=5000)
    [item] = sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp)
    assert (item["repayStatus"], item["collateralReturn"]) == (1, "0.04")
    assert sandbox.listed("ongoing-orders", f"orderId={names.loan}", timestamp=stamp) == []


def test_a_repayment_in_process_that_fails_returns_the_money(sandbox):
    sandbox.clock(freeze=True)
    sandbox.fault(processing_ms=5000, final_status=3)
    repay_id = sandbox.repay().result["repayId"]
    assert sandbox.balance() == 9900
    stamp = sandbox.clock(advance_ms=5000)
    # The history shows only successful repayments.
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp) == []
    assert sandbox.repayments()[0]["status"] == 3
    assert sandbox.balance(timestamp=stamp) == 10000 and sandbox.loan()["debt"] == UNPAID


def test_a_repayment_in_process_fails_when_the_loan_is_liquidated(sandbox):
    sandbox.clock(freeze=True)
    sandbox.fault(processing_ms=5000)
    repay_id = sandbox.repay().result["repayId"]
    sandbox.control("POST", "prices", {"BTC": "20000"})
    stamp = sandbox.clock(advance_ms=5000)
    assert sandbox.listed("repayment-history", f"repayId={repay_id}", timestamp=stamp) == []
    assert sandbox.repayments()[1]["status"] == 3
    assert sandbox.balance(timestamp=stamp) == 10000
