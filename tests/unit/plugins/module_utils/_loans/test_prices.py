# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which prices follow from the exchange's figures, and how precisely."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.prices import Price, coin_prices, contradicted_coins
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers
from hypothesis import given
from hypothesis import strategies as st

D = Decimal
DOCUMENTED: Tiers = (
    Tier(D(0), D(10000), D("0.8")), Tier(D(10000), D(20000), D("0.7")), Tier(D(20000), D(30000), D("0.5")),
    Tier(D(30000), D(99999999999), D("0.4")),
)
# The example in the exchange's documentation.
POSITION = Position(
    D("0.524344"), D("9638.17"), D("18381.41"),
    debts=(CoinDebt("BTC", D("0.08800022"), D("9355.37"), D(0), D(0)), CoinDebt("ETH", D(0), D(0), D("0.1"), D("282.8"))),
    collateral=(
        CoinCollateral("BTC", D("0.12"), D("9930.11")), CoinCollateral("ETH", D(2), D("4524.81")),
        CoinCollateral("USDT", D("4002.12"), D("3201.69")), CoinCollateral("USDC", D(1000), D("724.8")),
    ),
)


def legacy(coin: str = "USDT", collateral_coin: str = "BTC", **more: t.Any) -> Loan:
    shown = {"collateral_amount": D("0.04"), "ltv": D("0.4168"), **more}
    return Loan(LEGACY, "17", coin, D(1000), D("0.4"), D(0), OPEN, collateral_coin=collateral_coin, **shown)


@pytest.mark.parametrize(
    ("coin", "low", "high"),
    [
        # 9355.36 / 0.08800022 and 9355.38 / 0.08800022. From the collateral, ((9930.10 - 8000) / 0.7 + 10,000) / 0.12 = 106310.71 to
        # 106310.95 would be less exact.
        ("BTC", "106310.64", "106310.87"),
        # From the collateral, (4524.80 / 0.8) / 2 and (4524.82 / 0.8) / 2; 282.79 / 0.1 would be less exact.
        ("ETH", "2828.00", "2828.01"),
    ],
)
def test_the_documented_account(coin: str, low: str, high: str) -> None:
    price = coin_prices(POSITION, {"BTC": DOCUMENTED, "ETH": DOCUMENTED}, [])[coin]
    assert (round(price.low, 2), round(price.high, 2)) == (D(low), D(high))


def test_no_coin_is_assumed_to_be_worth_a_dollar() -> None:
    assert set(coin_prices(POSITION, {"BTC": DOCUMENTED}, [])) == {"BTC", "ETH"}
    assert coin_prices(None, {}, [legacy()]) == {}


def test_a_debt_of_a_cent_tells_no_price() -> None:
    dust = CoinDebt("BTC", D("0.0000001"), D("0.01"), D(0), D(0))
    assert coin_prices(POSITION._replace(debts=(dust,), collateral=()), {}, []) == {}


def test_prices_follow_from_legacy_loans() -> None:
    only_usdt = Position(D("0.5"), D(1000), D(2000), debts=(CoinDebt("USDT", D(1000), D(1000), D(0), D(0)),))
    # From USDT to BTC to ETH, whichever comes first.
    loans = [legacy("ETH", "BTC", ltv=D("0.5")), legacy()]
    for order in (loans, loans[::-1]):
        prices = coin_prices(only_usdt, {}, order)
        # 1000.4 / 0.04 / 0.4168 = 60004.8, and 60004.8 x 0.04 x 0.5 / 1000.4 = 1.1996.
        for coin, price in (("BTC", D("60004.8")), ("ETH", D("1.1996"))):
            assert prices[coin].low < price < prices[coin].high
            assert prices[coin].spread < D("0.002")


@pytest.mark.parametrize("loan", [legacy(ltv=None), legacy(ltv=D("0.0001")), legacy(collateral_amount=None), legacy(collateral_amount=D(0))])
def test_some_legacy_loans_tell_no_price(loan: Loan) -> None:
    assert set(coin_prices(POSITION._replace(debts=(CoinDebt("USDT", D(9), D(9), D(0), D(0)),), collateral=()), {}, [loan])) == {"USDT"}


def pair(btc_usd: str, eth_usd: str) -> Position:
    """An account that owes 1 BTC and 10 ETH with these values."""
    return Position(D(0), D(0), D(0), debts=(CoinDebt("BTC", D(1), D(btc_usd), D(0), D(0)), CoinDebt("ETH", D(10), D(eth_usd), D(0), D(0))))


def bounds(position: Position | None, loans: t.Sequence[Loan], tiers: dict[str, Tiers] | None = None) -> dict[str, tuple[int, int]]:
    return {coin: (round(price.low), round(price.high)) for coin, price in coin_prices(position, tiers or {}, loans).items()}


def test_debt_and_collateral_of_different_moments() -> None:
    # 0.7 x 60,000 = 42,000 are shown as owed; 8000 + 7000 + 5000 + 0.4 x 30,600 = 32,240 are what 60,600 count.
    moved = Position(
        D(0), D(0), D(0), debts=(CoinDebt("BTC", D("0.7"), D(42000), D(0), D(0)),), collateral=(CoinCollateral("BTC", D(1), D(32240)),)
    )
    assert bounds(moved, [], {"BTC": DOCUMENTED}) == {"BTC": (60000, 60600)}
    # A loan that agrees with one of them does not decide between them: 1000.4 ETH at 3000 against 100 BTC at 60,024.
    with_eth = moved._replace(debts=(*moved.debts, CoinDebt("ETH", D(10), D(30000), D(0), D(0))))
    agreeing = legacy("ETH", "BTC", collateral_amount=D(100), ltv=D("0.5"))
    assert bounds(with_eth, [agreeing], {"BTC": DOCUMENTED})["BTC"] == (60000, 60600)


def test_a_loan_that_contradicts_two_prices_widens_both() -> None:
    # 1000.4 ETH at 3000 against 40 BTC at 60,000 have the LTV 1.2505; shown is half of it.
    loan = legacy("ETH", "BTC", collateral_amount=D(40), ltv=D("0.6253"))
    # So ETH could be at 0.6252 x 40 x 60,000 / 1000.4 = 1500, or BTC at 1000.4 x 3000 / 40 / 0.6252 = 120,000.
    found = bounds(pair("60000", "30000"), [loan])
    assert (found["ETH"][1], found["BTC"][0]) == (3000, 60000)
    assert 1499 <= found["ETH"][0] <= 1500 and 119_950 <= found["BTC"][1] <= 120_020
    # Prices that follow from a doubtful price are as doubtful: 0.5 x 20 SOL = 1000.4 ETH.
    sol = bounds(pair("60000", "30000"), [legacy("ETH", "SOL", collateral_amount=D(20), ltv=D("0.5")), loan])["SOL"]
    assert sol[0] < D("100.05") * 1501 and sol[1] > D("100.03") * 3000


def test_loans_that_show_different_prices_of_a_coin() -> None:
    only_usdt = Position(D("0.5"), D(1000), D(2000), debts=(CoinDebt("USDT", D(1000), D(1000), D(0), D(0)),))
    # 1000.4 / 0.04 / 0.4168 = 60,004.8, and 1000.4 / 0.04 / 0.5 = 50,020.
    loans = [legacy(), legacy(ltv=D("0.5"))]
    for order in (loans, loans[::-1]):
        low, high = bounds(only_usdt, order)["BTC"]
        assert 50_000 < low <= 50_020 and 60_004 <= high < 60_025


def test_loans_between_coins_that_only_loans_tell_may_contradict_each_other() -> None:
    only_usdt = Position(D("0.5"), D(1000), D(2000), debts=(CoinDebt("USDT", D(1000), D(1000), D(0), D(0)),))
    derived = [legacy(), legacy("USDT", "ETH", collateral_amount=D("0.8"), ltv=D("0.4168"))]
    # BTC at 60,004.8 and ETH at 3000.24; with this one, ETH would be at 0.04 x 60,004.8 x 0.5 / 1000.4 = 1.2.
    found = bounds(only_usdt, [*derived, legacy("ETH", "BTC", ltv=D("0.5"))])
    assert found["ETH"][0] == 1 and found["ETH"][1] >= 3000
    assert found["BTC"][0] <= 60_005 and found["BTC"][1] > 10**8


def test_a_loan_in_its_own_collateral_tells_no_price() -> None:
    doubtful = legacy("BTC", "BTC", ltv=D("0.9"))
    assert bounds(pair("60000", "30000"), [doubtful]) == {"BTC": (60000, 60000), "ETH": (3000, 3000)}


def test_prices_that_contradict_each_other_are_doubtful_even_beside_one_that_fits_both() -> None:
    # Ten cents for 0.1 USDT are 0.9 to 1.1 for one. From the loans, 0.04 x 0.4002 x 60,000 / 1000.4 = 0.96, and 1.04.
    vague = Position(
        D(0), D(0), D(0), debts=(CoinDebt("USDT", D("0.1"), D("0.1"), D(0), D(0)), CoinDebt("BTC", D(1), D(60000), D(0), D(0)))
    )
    loans = [legacy(ltv=D(ltv)) for ltv in ("0.4002", "0.4335")]
    low, high = (getattr(coin_prices(vague, {}, loans)["USDT"], name) for name in ("low", "high"))
    assert (round(low, 2), round(high, 2)) == (D("0.90"), D("1.10"))


STEP = D("0.0001")
# The tests calculate with 28 digits.
ALMOST_ONE = 1 + D("1e-20")
COINS = ("BTC", "ETH", "SOL", "USDT")
LTVS = st.decimals(D("0.01"), D("1.2"), places=4)
AMOUNTS = st.decimals(D("0.01"), D(5000), places=2)


def loans_in(coins: t.Sequence[str]) -> st.SearchStrategy[list[Loan]]:
    of = st.sampled_from(coins)
    return st.lists(st.builds(legacy, of, of, ltv=LTVS, collateral_amount=AMOUNTS), max_size=6)


@given(loans_in(("BTC", "ETH")), st.decimals(D(1), D(100_000), places=2))
def test_no_loan_contradicts_the_prices(loans: list[Loan], btc_usd: Decimal) -> None:
    found = coin_prices(pair(str(btc_usd), "30000"), {}, loans)
    for loan in loans:
        if loan.coin != loan.collateral_coin:
            owed, pledged, amount, ltv = found[loan.coin], found[str(loan.collateral_coin)], loan.collateral_amount or D(0), loan.ltv or D(0)
            assert loan.debt * owed.low <= (ltv + STEP) * amount * pledged.high * ALMOST_ONE
            assert loan.debt * owed.high * ALMOST_ONE >= (ltv - STEP) * amount * pledged.low


@given(loans_in(COINS), st.decimals(D(1), D(100_000), places=2), st.randoms(use_true_random=False))
def test_the_order_of_loans_does_not_matter(loans: list[Loan], btc_usd: Decimal, random: t.Any) -> None:
    position = pair(str(btc_usd), "30000")
    assert coin_prices(position, {}, loans) == coin_prices(position, {}, random.sample(loans, len(loans)))


@given(loans_in(COINS), st.fixed_dictionaries({coin: st.decimals(D("0.5"), D(100_000), places=2) for coin in COINS}))
def test_figures_of_one_moment_show_the_true_prices(loans: list[Loan], true: dict[str, Decimal]) -> None:
    shown = []
    for loan in loans:
        ltv = loan.debt * true[loan.coin] / (loan.collateral_amount or D(1)) / true[str(loan.collateral_coin)]
        shown.append(dataclasses.replace(loan, ltv=round(ltv, 4)))
    found = coin_prices(pair(str(true["BTC"]), str(10 * true["ETH"])), {}, shown)
    for coin, price in found.items():
        assert price.low <= true[coin] * ALMOST_ONE and true[coin] <= price.high * ALMOST_ONE


def test_tiers_in_coins_are_noticed_where_the_debt_knows_the_price() -> None:
    assert contradicted_coins(POSITION, {"BTC": DOCUMENTED, "ETH": DOCUMENTED}) == set()
    # If the bounds were quantities, 0.12 BTC would lie in the first tier and count 0.8 x 12,757.2.
    in_coins = POSITION._replace(collateral=(CoinCollateral("BTC", D("0.12"), D("10205.76")),))
    assert contradicted_coins(in_coins, {"BTC": DOCUMENTED}) == {"BTC"}
    assert contradicted_coins(in_coins._replace(debts=()), {"BTC": DOCUMENTED}) == set()


def test_prices_of_neighbouring_moments_are_near() -> None:
    now = Price(D(100), D(101))
    assert now.is_near(Price(D(102), D(103))) and Price(D(102), D(103)).is_near(now)
    assert not now.is_near(Price(D("102.1"), D(103))) and not Price(D("102.1"), D(103)).is_near(now)
