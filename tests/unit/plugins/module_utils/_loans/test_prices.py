# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which prices follow from what the exchange shows, and how exactly."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.prices import Price, coin_prices, contradicted_coins
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers

D = Decimal
DOCUMENTED: Tiers = (
    Tier(D(0), D(10000), D("0.8")), Tier(D(10000), D(20000), D("0.7")), Tier(D(20000), D(30000), D("0.5")),
    Tier(D(30000), D(99999999999), D("0.4")),
)
# The example of the exchange's documentation.
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


def test_what_follows_from_legacy_loans() -> None:
    only_usdt = Position(D("0.5"), D(1000), D(2000), debts=(CoinDebt("USDT", D(1000), D(1000), D(0), D(0)),))
    # From USDT to BTC to ETH, whichever stands first.
    loans = [legacy("ETH", "BTC", ltv=D("0.5")), legacy()]
    for order in (loans, loans[::-1]):
        prices = coin_prices(only_usdt, {}, order)
        # 1000.4 / 0.04 / 0.4168 = 60004.8, and 60004.8 x 0.04 x 0.5 / 1000.4 = 1.1996.
        for coin, price in (("BTC", D("60004.8")), ("ETH", D("1.1996"))):
            assert prices[coin].low < price < prices[coin].high
            assert prices[coin].spread < D("0.002")


@pytest.mark.parametrize("loan", [legacy(ltv=None), legacy(ltv=D("0.0001")), legacy(collateral_amount=None), legacy(collateral_amount=D(0))])
def test_what_a_legacy_loan_does_not_tell(loan: Loan) -> None:
    assert set(coin_prices(POSITION._replace(debts=(CoinDebt("USDT", D(9), D(9), D(0), D(0)),), collateral=()), {}, [loan])) == {"USDT"}


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
