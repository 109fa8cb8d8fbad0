# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of the outlook for every account: more debt is never safer, and the stated amounts are enough."""

from __future__ import annotations

from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import LoanOutlook, Outlook, Owed, Pledged
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers, collateral_value
from hypothesis import assume, given
from hypothesis import strategies as st

D = Decimal
COINS = ("BTC", "ETH", "USDT")
STEP, UNIT = D("0.0001"), D("0.00000001")
# The tests calculate with 28 digits, and an inexact quotient may be rounded up by one unit too many.
ALMOST_ONE = 1 + D("1e-20")
USD = st.decimals(min_value=D("0.01"), max_value=50_000, places=2)
LTVS = st.decimals(min_value=D("0.05"), max_value=D("0.99"), places=2)
CHANGES = st.decimals(min_value=D("-0.95"), max_value=2, places=4)
SHOCKS = st.dictionaries(st.sampled_from(COINS), CHANGES)


@st.composite
def tiers(draw: st.DrawFn) -> Tiers:
    bounds = [D(0), *sorted(draw(st.lists(st.integers(1, 40_000), max_size=3, unique=True))), D(10) ** 11]
    ratios = sorted(draw(st.lists(st.decimals(D("0.1"), 1, places=2), min_size=len(bounds) - 1, max_size=len(bounds) - 1)), reverse=True)
    return tuple(Tier(D(low), D(high), ratio) for low, high, ratio in zip(bounds, bounds[1:], ratios))


@st.composite
def pledges(draw: st.DrawFn, coin: str) -> Pledged:
    market, of = draw(USD), draw(tiers())
    return Pledged(coin, draw(st.decimals(min_value=D("0.001"), max_value=1000, places=3)), collateral_value(of, market), market, of)


@st.composite
def accounts(draw: st.DrawFn) -> Outlook:
    owed = draw(st.lists(st.sampled_from(COINS), min_size=1, max_size=3, unique=True))
    pledged = draw(st.lists(st.sampled_from(COINS), min_size=1, max_size=3, unique=True))
    amounts = st.decimals(min_value=D("0.001"), max_value=1000, places=3)
    return Outlook(tuple(Owed(coin, draw(amounts), draw(USD)) for coin in owed), tuple(draw(pledges(coin)) for coin in pledged))


def ltv_of(account: Outlook, shock: dict[str, Decimal]) -> Decimal:
    ltv = account.ltv(shock)
    assert ltv is not None
    return ltv


@given(accounts(), st.sets(st.sampled_from(COINS), min_size=1), LTVS)
def test_the_stated_fall_is_borne_and_one_step_more_is_not(account: Outlook, coins: set[str], threshold: Decimal) -> None:
    fall = account.fall_to(threshold, coins)
    if fall is None:
        for step in range(1, 100):
            assert ltv_of(account, dict.fromkeys(coins, -D(step) / 100)) < threshold
    elif fall == 0:
        assert ltv_of(account, dict.fromkeys(coins, -STEP)) >= threshold or ltv_of(account, {}) >= threshold
    else:
        assert ltv_of(account, dict.fromkeys(coins, -fall)) <= threshold
        assert fall + STEP >= 1 or ltv_of(account, dict.fromkeys(coins, -fall - STEP)) > threshold


@given(accounts(), st.sets(st.sampled_from(COINS), min_size=1), LTVS, USD, SHOCKS, st.data())
def test_more_debt_is_never_safer(
    account: Outlook, coins: set[str], threshold: Decimal, usd: Decimal, shock: dict[str, Decimal], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(account.debts) - 1))
    debts = list(account.debts)
    debts[place] = debts[place]._replace(usd=debts[place].usd + usd)
    worse = account._replace(debts=tuple(debts))
    assert ltv_of(worse, shock) > ltv_of(account, shock)
    assert bounded(worse.fall_to(threshold, coins)) <= bounded(account.fall_to(threshold, coins))
    assert (worse.repay_usd(threshold, shock) or D(0)) >= (account.repay_usd(threshold, shock) or D(0))


@given(accounts(), SHOCKS, st.sampled_from(COINS), st.decimals(min_value=D("0.0001"), max_value=D("0.04"), places=4), LTVS)
def test_a_worse_shock_is_never_better(account: Outlook, shock: dict[str, Decimal], coin: str, more: Decimal, max_ltv: Decimal) -> None:
    # A debt in the coin that falls becomes smaller with it.
    assume(coin not in {debt.coin for debt in account.debts})
    worse = {**shock, coin: shock.get(coin, D(0)) - more}
    assert ltv_of(account, worse) >= ltv_of(account, shock)
    assert (account.repay_usd(max_ltv, worse) or D(0)) >= (account.repay_usd(max_ltv, shock) or D(0))


@given(accounts(), SHOCKS, LTVS)
def test_the_stated_amounts_are_enough_and_less_is_not(account: Outlook, shock: dict[str, Decimal], max_ltv: Decimal) -> None:
    repayments, additions = account.repayments(max_ltv, shock), account.additions(max_ltv, shock)
    for number, entry in enumerate(repayments):
        if entry.amount is not None:
            assert ltv_of(repaid(account, number, entry.amount), shock) <= max_ltv * ALMOST_ONE
            assert not entry.amount or ltv_of(repaid(account, number, entry.amount - UNIT), shock) * ALMOST_ONE > max_ltv
    for number, entry in enumerate(additions):
        assert entry.amount is not None
        assert ltv_of(added(account, number, entry.amount), shock) <= max_ltv * ALMOST_ONE
        assert not entry.amount or ltv_of(added(account, number, entry.amount - UNIT), shock) * ALMOST_ONE > max_ltv


@given(st.decimals(D("0.0001"), D("1.5"), places=4), LTVS, st.decimals(min_value=D("0.01"), max_value=10**6, places=2), SHOCKS)
def test_the_stated_amounts_for_a_legacy_loan_are_enough_and_less_is_not(ltv: Decimal, threshold: Decimal, debt: Decimal, shock: dict[str, Decimal]) -> None:
    loan = Loan(LEGACY, "17", "USDT", debt, D(0), D(0), OPEN, collateral_coin="BTC", collateral_amount=D("0.5"), ltv=ltv)
    outlook = LoanOutlook(loan, ltv)
    fall = outlook.fall_to(threshold)
    assert fall is not None
    assert fall == 0 or outlook.ltv({"BTC": -fall}) <= threshold
    assert outlook.ltv({"BTC": -fall - STEP}) > threshold
    left = 1 - outlook.repayment(threshold, shock) / debt
    assert outlook.ltv(shock) * left <= threshold * ALMOST_ONE
    addition = outlook.addition(threshold, shock)
    assert addition is not None and outlook.ltv(shock) * D("0.5") / (D("0.5") + addition) <= threshold * ALMOST_ONE


def bounded(fall: Decimal | None) -> Decimal:
    return D(1) if fall is None else fall


def repaid(account: Outlook, number: int, amount: Decimal) -> Outlook:
    debts = list(account.debts)
    debt = debts[number]
    debts[number] = debt._replace(amount=debt.amount - amount, usd=debt.usd * (debt.amount - amount) / debt.amount)
    return account._replace(debts=tuple(debts))


def added(account: Outlook, number: int, amount: Decimal) -> Outlook:
    collateral = list(account.collateral)
    entry = collateral[number]
    market = (entry.market_usd or D(0)) * (entry.amount + amount) / entry.amount
    collateral[number] = entry._replace(amount=entry.amount + amount, market_usd=market, value_usd=collateral_value(entry.tiers, market))
    return account._replace(collateral=tuple(collateral))
