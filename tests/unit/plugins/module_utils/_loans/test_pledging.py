# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a coin must be pledged in the worst case of rounding: cases calculated by hand."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.pledging import collateral_at, least_price
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers

D = Decimal
TIERS: Tiers = (Tier(D(0), D(10000), D("0.8")), Tier(D(10000), D(20000), D("0.5")))
POSITION = Position(
    D("0.6"), D(6000), D(10000),
    debts=(CoinDebt("USDT", D(6000), D(6000), D(0), D(0)),),
    collateral=(CoinCollateral("BTC", D(1), D(8000)), CoinCollateral("ETH", D(1), D(2000))),
)


@pytest.mark.parametrize(
    ("seen", "debt", "others"),
    [
        # The LTV may be 0.600001 of 8000.01 + 2000.01; the total 9999.99, of which BTC 8000.01.
        ({}, "6000.02200002", "1999.98"),
        ({"total_debt_usd": D(6001)}, "6001.01", "1999.98"),
        ({"debts": (CoinDebt("USDT", D(6000), D(5000), D(1000), D(1002)),)}, "6002.02", "1999.98"),
        ({"ltv": D("0.601")}, "6010.02202002", "1999.98"),
        # The lower one of total and parts is what remains. The LTV may refer to the higher one.
        ({"total_collateral_usd": D(9990)}, "6000.02200002", "1989.98"),
        ({"total_collateral_usd": D(10010)}, "6006.01601001", "1999.99"),
        ({"ltv": D("0.5")}, "6000.01", "1999.98"),
    ],
)
def test_the_worst_case_counts(seen: dict[str, t.Any], debt: str, others: str) -> None:
    # At a price of 1 and a goal of 0.5, plus two steps of the LTV.
    own_usd = D(debt) * 2 - D(others)
    assert collateral_at(POSITION._replace(**seen), "BTC", TIERS, D(1), D("0.500002")) == 10000 + (own_usd - 8000) * 2


def test_the_bounds_of_an_amount() -> None:
    assert collateral_at(POSITION, "BTC", TIERS, D(1), D("0.000002")) is None
    # Tiers and others count 8000 + 5000 + 2000 at most, for an LTV a little above 0.4.
    assert collateral_at(POSITION, "BTC", TIERS, D(1), D("0.41")) is not None
    assert collateral_at(POSITION, "BTC", TIERS, D(1), D("0.4")) is None
    assert collateral_at(POSITION._replace(ltv=D("0.06"), total_debt_usd=D(600), debts=()), "BTC", TIERS, D(1), D("0.5")) == 0


def test_the_lowest_price_that_the_exchange_may_mean() -> None:
    assert least_price(POSITION, "BTC", TIERS) == D("7999.99") / D("0.8")
    assert least_price(POSITION, "BTC", None) is None
    assert least_price(POSITION, "BTC", ()) is None
    assert least_price(POSITION, "SOL", TIERS) is None
    # 1.99 to 2.01 is 1 %.
    assert least_price(POSITION._replace(collateral=(CoinCollateral("BTC", D(1), D("2.02")),)), "BTC", TIERS) == D("2.01") / D("0.8")
    assert least_price(POSITION._replace(collateral=(CoinCollateral("BTC", D(1), D(2)),)), "BTC", TIERS) is None
    contradicting = POSITION._replace(debts=(CoinDebt("BTC", D(1), D(12000), D(0), D(0)),))
    assert least_price(contradicting, "BTC", TIERS) is None


@pytest.mark.parametrize(
    ("amount", "tiers", "after"),
    [
        ("2", TIERS, ("0.4", "15000", "13000")),
        ("0.5", TIERS, ("1", "6000", "4000")),
        ("0", None, ("3", "2000", None)),
        ("2", None, None),
    ],
)
def test_the_account_after_pledging(amount: str, tiers: Tiers | None, after: tuple[str, str, str | None] | None) -> None:
    found = POSITION.after_pledging("BTC", D(amount), tiers)
    if after is None or found is None:
        assert found is None and after is None
        return
    assert (found.ltv, found.total_collateral_usd) == (D(after[0]), D(after[1]))
    assert {entry.coin: entry.amount_usd for entry in found.collateral} == {"ETH": D(2000), **({"BTC": D(after[2])} if after[2] else {})}
    assert (found.total_debt_usd, found.debts) == (POSITION.total_debt_usd, POSITION.debts)


def test_no_account_has_debt_without_collateral() -> None:
    alone = Position(D("0.75"), D(6000), D(8000), POSITION.debts, POSITION.collateral[:1])
    assert alone.after_pledging("BTC", D(0), TIERS) is None
    free = alone._replace(ltv=D(0), total_debt_usd=D(0), debts=())
    assert free.after_pledging("BTC", D(0), TIERS) == Position(D(0), D(0), D(0))


def order(ltv: str | None, amount: str | None) -> Loan:
    held, level = (None if text is None else D(text) for text in (amount, ltv))
    return Loan(LEGACY, "17", "USDT", D(6000), D(0), D(0), OPEN, collateral_coin="BTC", collateral_amount=held, ltv=level)


@pytest.mark.parametrize(
    ("ltv", "amount", "max_ltv", "needed"),
    [
        ("0.6", "0.1", "0.5002", "0.12002"),
        ("0.2", "0.1", "0.5002", "0.04002"),
        ("0", "0.1", "0.5002", "0.00002"),
        ("0.6", "0.1", "0.0002", None),
        (None, "0.1", "0.5", None),
        ("0.6", None, "0.5", None),
    ],
)
def test_an_order_needs(ltv: str | None, amount: str | None, max_ltv: str, needed: str | None) -> None:
    assert order(ltv, amount).collateral_at(D(max_ltv)) == (None if needed is None else D(needed))


@pytest.mark.parametrize(
    ("ltv", "held", "amount", "after"),
    [("0.6", "0.1", "0.12", "0.5"), ("0.5", "0.1", "0.03", "1.6667"), ("0.6", "0.1", "0", None), (None, "0.1", "0.2", None), ("0.6", None, "0.2", None)],
)
def test_an_order_with_other_collateral(ltv: str | None, held: str | None, amount: str, after: str | None) -> None:
    found = order(ltv, held).with_collateral(D(amount))
    assert (found.collateral_amount, found.ltv) == (D(amount), None if after is None else D(after))
    assert found.debt == 6000 and found.is_open
