# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a rounded LTV, for an account and for a loan with its own collateral."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY, OPEN, REPAID, Loan, annual
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position

# The example in the exchange's documentation.
POSITION = Position(
    ltv=Decimal("0.524344"),
    total_debt_usd=Decimal("9638.17"),
    total_collateral_usd=Decimal("18381.41"),
    debts=(
        CoinDebt("BTC", Decimal("0.08800022"), Decimal("9355.37"), Decimal(0), Decimal(0)),
        CoinDebt("ETH", Decimal(0), Decimal(0), Decimal("0.1"), Decimal("282.8")),
    ),
    collateral=(CoinCollateral("BTC", Decimal("0.12"), Decimal("9930.11")),),
)
NO_DEBT = Position(Decimal(0), Decimal(0), Decimal("18381.41"))
BTC = Loan(FLEXIBLE, None, "BTC", Decimal("0.088"), Decimal("0.00000022"), Decimal(0), OPEN, position=POSITION)
ETH = Loan(FIXED, "571", "ETH", Decimal("0.1"), Decimal(0), Decimal(0), OPEN, position=POSITION)
ORDER = Loan(
    LEGACY, "17", "USDT", Decimal(1000), Decimal("0.4"), Decimal(0), OPEN,
    collateral_coin="BTC", collateral_amount=Decimal("0.04"), ltv=Decimal("0.4168"), maturity_time_ms=1795737600000,
)


@pytest.mark.parametrize(
    ("max_ltv", "is_sure"),
    [("0.5", False), ("0.524343", False), ("0.524344", False), ("0.524345", True), ("0.8", True)],
)
def test_the_ltv_of_an_account_may_be_a_step_off(max_ltv: str, is_sure: bool) -> None:
    assert POSITION.is_surely_at_most(Decimal(max_ltv)) == is_sure
    assert BTC.is_ltv_surely_at_most(Decimal(max_ltv)) == is_sure


@pytest.mark.parametrize(
    ("max_ltv", "is_sure"),
    [("0.4", False), ("0.4168", False), ("0.41689", False), ("0.4169", True), ("0.9", True)],
)
def test_the_ltv_of_a_loan_may_be_a_step_off(max_ltv: str, is_sure: bool) -> None:
    assert ORDER.is_ltv_surely_at_most(Decimal(max_ltv)) == is_sure


def test_without_debt_any_ltv_is_reached() -> None:
    assert NO_DEBT.is_surely_at_most(Decimal("0.0000001"))
    assert dataclasses.replace(ORDER, ltv=None).is_ltv_surely_at_most(Decimal("0.0001"))


def test_a_debt_below_a_cent_is_none_only_when_the_ltv_says_so_too() -> None:
    cents = NO_DEBT._replace(ltv=Decimal("0.8"), total_collateral_usd=Decimal(0))
    assert not cents.is_surely_at_most(Decimal("0.5"))
    assert not NO_DEBT._replace(total_debt_usd=Decimal("0.01")).is_surely_at_most(Decimal("0.0000001"))


@pytest.mark.parametrize(
    ("ltv", "debt_usd", "collateral_usd", "max_ltv", "usd"),
    [
        # The debt may be a cent higher and the collateral a cent lower. The target is two steps below the LTV.
        ("0.6", "6000", "10000", "0.5", "1000.04099999"),
        # The shown LTV implies more debt than the shown debt.
        ("0.65", "6000", "10000", "0.5", "1500.04149999"),
        ("0.1", "6000", "10000", "0.5", "1000.03499998"),
        ("0.3", "6000", "10000", "0.9", "0"),
        ("0.6", "6000", "10000", "0.000001", "6000.01600001"),
        ("0.6", "0.01", "0.01", "0.5", "0.02"),
    ],
)
def test_the_excess_debt_in_usd(ltv: str, debt_usd: str, collateral_usd: str, max_ltv: str, usd: str) -> None:
    position = Position(Decimal(ltv), Decimal(debt_usd), Decimal(collateral_usd))
    assert position.usd_above(Decimal(max_ltv)) == Decimal(usd)


@pytest.mark.parametrize(
    ("product", "coin", "usd", "coins"),
    [
        # At a price that is a cent lower for all of the debt.
        (FLEXIBLE, "BTC", "9355.36", "0.08800022"),
        (FLEXIBLE, "BTC", "0", "0"),
        (FIXED, "ETH", "282.79", "0.1"),
        (FIXED, "ETH", "2827.9", "1"),
        # Nothing is owed there.
        (FIXED, "BTC", "100", None),
        (FLEXIBLE, "ETH", "100", None),
        (FLEXIBLE, "USDT", "100", None),
        (FLEXIBLE, "DOGE", "100", None),
    ],
)
def test_usd_are_converted_to_coins(product: str, coin: str, usd: str, coins: str | None) -> None:
    expected = None if coins is None else Decimal(coins)
    # No price follows from an account that contradicts itself.
    odd = CoinDebt("DOGE", Decimal(0), Decimal(5), Decimal(0), Decimal(0))
    assert POSITION._replace(debts=(*POSITION.debts, odd)).coins_for(product, coin, Decimal(usd)) == expected


@pytest.mark.parametrize(("owed_usd", "is_known"), [("0", False), ("0.01", False), ("0.011", True), ("0.02", True)])
def test_a_debt_of_a_cent_tells_no_price(owed_usd: str, is_known: bool) -> None:
    position = POSITION._replace(debts=(CoinDebt("BTC", Decimal(1), Decimal(owed_usd), Decimal(0), Decimal(0)),))
    assert (position.coins_for(FLEXIBLE, "BTC", Decimal(1)) is not None) == is_known


def test_the_repayment_that_reaches_an_ltv() -> None:
    needed = BTC.amount_above_ltv(Decimal("0.5"))
    # About (9638.17 - 0.5 * 18381.41) / (9355.37 / 0.08800022), and a little more to be sure.
    assert needed is not None and Decimal("0.004209") < needed < Decimal("0.00421")
    assert ORDER.amount_above_ltv(Decimal("0.20865")) == Decimal("1000.4") / 2
    assert ORDER.amount_above_ltv(Decimal("0.0001")) == Decimal("1000.4")
    assert dataclasses.replace(BTC, position=NO_DEBT).amount_above_ltv(Decimal("0.5")) is None


@pytest.mark.parametrize(
    ("product", "coin", "amount", "debt_usd", "ltv"),
    [
        (FLEXIBLE, "BTC", "0.08800022", "282.8", "0.015385"),
        (FLEXIBLE, "BTC", "0.04400011", "4960.48", "0.269864"),
        # At most the debt can be paid.
        (FLEXIBLE, "BTC", "5", "282.8", "0.015385"),
        (FIXED, "ETH", "0.1", "9355.37", "0.508958"),
        (FIXED, "BTC", "1", "9638.17", "0.524343"),
    ],
)
def test_the_account_after_a_repayment(product: str, coin: str, amount: str, debt_usd: str, ltv: str) -> None:
    after = POSITION.after_paying(product, coin, Decimal(amount)).as_result()
    assert after == {"ltv": ltv, "total_debt_usd": debt_usd, "total_collateral_usd": "18381.41"}


def test_the_debt_of_an_account_does_not_fall_below_nothing() -> None:
    odd = POSITION._replace(total_debt_usd=Decimal(100), total_collateral_usd=Decimal(0))
    assert odd.after_paying(FLEXIBLE, "BTC", Decimal("0.08800022")).as_result() == {
        "ltv": "0", "total_debt_usd": "0", "total_collateral_usd": "0",
    }


def test_a_loan_of_the_account_shows_its_ltv() -> None:
    assert (BTC.reported_ltv, ORDER.reported_ltv) == (Decimal("0.524344"), Decimal("0.4168"))
    assert BTC.after_paying(Decimal("0.08800022")).as_result()["ltv"] == "0.015385"
    closed = BTC.after_paying(Decimal("0.08800022"))
    assert (closed.status, closed.debt, closed.reported_ltv) == (REPAID, 0, Decimal("0.015385"))
    assert closed.as_result()["collateral_amount"] is None


def test_contracts_together_are_due_when_the_first_open_one_is() -> None:
    together = dataclasses.replace(ETH, loan_id=None, maturity_time_ms=5)
    for loan, amount, maturity_time_ms in (
        (together, "0.05", 5), (together, "0.1", None), (dataclasses.replace(together, loan_id="571"), "0.1", 5),
    ):
        assert loan.after_paying(Decimal(amount)).maturity_time_ms == maturity_time_ms


def test_an_ltv_that_is_not_known_tells_no_amount() -> None:
    assert dataclasses.replace(ORDER, ltv=None).amount_above_ltv(Decimal("0.4")) is None
    assert dataclasses.replace(BTC, position=None).amount_above_ltv(Decimal("0.4")) is None


def test_a_loan_as_result() -> None:
    rated = dataclasses.replace(ORDER, hourly_rate=Decimal("1E-7"), annual_rate=annual(Decimal("1E-7")))
    assert rated.as_result() == {
        "product": "legacy",
        "id": "17",
        "status": "open",
        "coin": "USDT",
        "debt": "1000.4",
        "principal": "1000",
        "interest": "0.4",
        "penalty_interest": "0",
        "hourly_rate": "0.0000001",
        "annual_rate": "0.000876",
        "collateral_coin": "BTC",
        "collateral_amount": "0.04",
        "ltv": "0.4168",
        "maturity_time_ms": 1795737600000,
    }
    without = dataclasses.replace(BTC, position=None).as_result()
    names = ("id", "hourly_rate", "annual_rate", "collateral_coin", "collateral_amount", "ltv", "maturity_time_ms")
    assert {name: without[name] for name in names} == dict.fromkeys(names)
