# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What price changes do to an account and to a legacy loan, and what it takes to reach an LTV: cases calculated by hand."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FLEXIBLE, LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import (
    LoanOutlook,
    Outlook,
    Owed,
    Pledged,
    account_outlook,
    loan_outlook,
)
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.prices import Price
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers, collateral_value

D = Decimal
# The example in the exchange's documentation.
TIERS: Tiers = (
    Tier(D(0), D(10000), D("0.8")), Tier(D(10000), D(20000), D("0.7")), Tier(D(20000), D(30000), D("0.5")),
    Tier(D(30000), D(99999999999), D("0.4")),
)
POSITION = Position(
    D("0.524344"), D("9638.17"), D("18381.41"),
    debts=(CoinDebt("BTC", D("0.08800022"), D("9355.37"), D(0), D(0)), CoinDebt("ETH", D(0), D(0), D("0.1"), D("282.8"))),
    collateral=(
        CoinCollateral("BTC", D("0.12"), D("9930.11")), CoinCollateral("ETH", D(2), D("4524.81")),
        CoinCollateral("USDT", D("4002.12"), D("3201.69")), CoinCollateral("USDC", D(1000), D("724.8")),
    ),
)


def pledged(coin: str, market: str, price: str = "1000") -> Pledged:
    return Pledged(coin, D(market) / D(price), collateral_value(TIERS, D(market)), D(market), TIERS)


def account(debts: dict[str, str], *collateral: Pledged) -> Outlook:
    return Outlook(tuple(Owed(coin, D(usd) / 10, D(usd)) for coin, usd in debts.items()), collateral)


SMALL = account({"USDT": "5000"}, pledged("BTC", "10000"))
TWO_TIERS = account({"USDT": "8000"}, pledged("BTC", "15000"))
OWES_BITCOIN = account({"BTC": "5000"}, pledged("BTC", "15000"))
MIXED = account({"BTC": "2000", "USDT": "3000"}, pledged("BTC", "10000"))
TWO_COINS = account({"USDT": "6000"}, pledged("BTC", "10000"), pledged("ETH", "5000"))
UNKNOWN = account({"USDT": "6000"}, pledged("BTC", "10000"), Pledged("ETH", D(5), D(4000)))
BOTH = ["BTC", "ETH"]


@pytest.mark.parametrize(
    ("of", "coins", "ltv", "fall"),
    [
        # 5000 / 0.8 = 6250 = 0.8 x 7812.5, a fall by 0.21875.
        (SMALL, ["BTC"], "0.8", "0.2187"),
        # 5000 / 0.75 = 6666.67 = 0.8 x 8333.33, a fall by 0.16667.
        (SMALL, ["BTC"], "0.75", "0.1666"),
        # The LTV is 5000 / 8000.
        (SMALL, ["BTC"], "0.625", "0"),
        (SMALL, ["BTC"], "0.5", "0"),
        (SMALL, ["ETH"], "0.8", None),
        # 8000 / 0.8 = 10,000 = 8000 + 0.7 x 2857.14, a fall from 15,000 by 0.142857.
        (TWO_TIERS, ["BTC"], "0.8", "0.1428"),
        # 8000 / 0.96 = 8333.33 = 8000 + 0.7 x 476.19, a fall by 0.30159.
        (TWO_TIERS, ["BTC"], "0.96", "0.3015"),
        # At the border of the tier, where 10,000 counts 8000 = 7600 / 0.95, a fall by 1/3.
        (account({"USDT": "7600"}, pledged("BTC", "15000")), ["BTC"], "0.95", "0.3333"),
        # 7600 / 0.9975 = 7619.05 = 0.8 x 9523.81, in the lower tier: a fall by 0.36508.
        (account({"USDT": "7600"}, pledged("BTC", "15000")), ["BTC"], "0.9975", "0.365"),
        # 0.99 x 17,000 = 16,830 count 8000 + 4781 = 10,863.85 / 0.85, just one whole step away.
        (account({"USDT": "10863.85"}, pledged("BTC", "17000")), ["BTC"], "0.85", "0.01"),
        # The debt falls as well: 5000 / 11,500 becomes 3333 / 8000 and stays so.
        (OWES_BITCOIN, ["BTC"], "0.5", None),
        # 2000 x + 3000 = 0.8 x 8000 x has x = 3000 / 4400 = 0.68182.
        (MIXED, ["BTC"], "0.8", "0.3181"),
        # 6000 / 0.8 = 7500. BTC alone: 3500 left = 0.8 x 4375. ETH alone: 8000 are left, which is enough. Both: 7500 of 12,000.
        (TWO_COINS, ["BTC"], "0.8", "0.5625"),
        (TWO_COINS, ["ETH"], "0.8", None),
        (TWO_COINS, BOTH, "0.8", "0.375"),
        # Unknown prices stay unchanged, or no fall is returned.
        (UNKNOWN, ["BTC"], "0.8", "0.5625"),
        (UNKNOWN, ["ETH"], "0.8", None),
        (UNKNOWN, BOTH, "0.8", None),
        (UNKNOWN, BOTH, "0.5", "0"),
        (account({}, pledged("BTC", "10000")), ["BTC"], "0.8", None),
        (account({"USDT": "1"}), [], "0.8", "0"),
        (Outlook(), [], "0.8", None),
    ],
)
def test_the_fall_that_reaches_an_ltv(of: Outlook, coins: list[str], ltv: str, fall: str | None) -> None:
    assert of.fall_to(D(ltv), coins) == (None if fall is None else D(fall))


@pytest.mark.parametrize(
    ("of", "shock", "ltv"),
    [
        (SMALL, {}, "0.625"),
        (SMALL, {"BTC": "-0.5"}, "1.25"),
        (SMALL, {"DOGE": "-0.5"}, "0.625"),
        # 20,000 count 8000 + 7000.
        (SMALL, {"BTC": "1"}, "0.333333"),
        # 15,000 x 0.6 = 9000 count 7200, and 5000 x 0.6 = 3000 are owed.
        (OWES_BITCOIN, {"BTC": "-0.4"}, "0.416667"),
        # Only the debt rises: 5000 x 1.2.
        (SMALL, {"USDT": "0.2"}, "0.75"),
        (UNKNOWN, {"BTC": "-0.5"}, "0.75"),
        (UNKNOWN, {"ETH": "-0.5"}, None),
        (account({}), {"BTC": "-0.5"}, "0"),
        (account({"USDT": "1"}), {}, None),
    ],
)
def test_the_ltv_after_a_shock(of: Outlook, shock: dict[str, str], ltv: str | None) -> None:
    found = of.ltv({coin: D(change) for coin, change in shock.items()})
    assert (None if found is None else round(found, 6)) == (None if ltv is None else D(ltv))


@pytest.mark.parametrize(
    ("of", "max_ltv", "shock", "usd", "repay", "add"),
    [
        # 5000 - 0.5 x 8000; or 10,000 instead of 8000: 2000 / 0.7 = 2857.14 USD more in the second tier, at 1000 each.
        (SMALL, "0.5", {}, "1000", {"USDT": "100"}, {"BTC": "2.85714286"}),
        (SMALL, "0.625", {}, "0", {"USDT": "0"}, {"BTC": "0"}),
        (SMALL, "0", {}, "5000", {"USDT": "500"}, {"BTC": None}),
        # At half the price: 5000 - 0.5 x 4000; 6000 more are the rest of the first tier, 5000 x 0.8, and 2000 / 0.7, at 500 each.
        (SMALL, "0.5", {"BTC": "-0.5"}, "3000", {"USDT": "300"}, {"BTC": "15.71428572"}),
        # 5000 - 0.25 x 8000, more than all BTC; or 20,000 = 8000 + 7000 + 5000 for a market value of 30,000.
        (MIXED, "0.25", {}, "3000", {"BTC": None, "USDT": "300"}, {"BTC": "20"}),
        # 4000 - 0.25 x 4000; or 16,000 = 8000 + 7000 + 0.5 x 2000 for a market value of 22,000 instead of 5000, at 500 each.
        (MIXED, "0.25", {"BTC": "-0.5"}, "3000", {"BTC": None, "USDT": "300"}, {"BTC": "34"}),
        # Each coin in its own tiers: 3000 more, of BTC in the second (0.7), of ETH in the first (0.8).
        (TWO_COINS, "0.4", {}, "1200", {"USDT": "120"}, {"BTC": "4.28571429", "ETH": "3.75"}),
        (UNKNOWN, "0.4", {}, "1200", {"USDT": "120"}, {"BTC": "4.28571429", "ETH": None}),
        (UNKNOWN, "0.4", {"ETH": "-0.1"}, None, {"USDT": None}, {"BTC": None, "ETH": None}),
        (account({}, pledged("BTC", "10")), "0", {}, "0", {}, {"BTC": "0"}),
    ],
)
def test_the_amounts_that_reach_an_ltv(
    of: Outlook, max_ltv: str, shock: dict[str, str], usd: str | None, repay: dict[str, str | None], add: dict[str, str | None]
) -> None:
    changes = {coin: D(change) for coin, change in shock.items()}
    assert of.repay_usd(D(max_ltv), changes) == (None if usd is None else D(usd))
    for found, expected in ((of.repayments(D(max_ltv), changes), repay), (of.additions(D(max_ltv), changes), add)):
        assert {entry.coin: entry.amount for entry in found} == {coin: None if text is None else D(text) for coin, text in expected.items()}


def test_no_amount_is_enough_above_the_last_tier() -> None:
    full = Pledged("BTC", D(1), D(95), D(100), (Tier(D(0), D(110), D("0.95")),))
    found = account({"USDT": "90"}, full)
    # 100 are needed; the last 10 USD count 9.5.
    assert [entry.amount for entry in found.additions(D("0.9"), {})] == [D("0.05263158")]
    assert [entry.amount for entry in found.additions(D("0.85"), {})] == [None]


def test_the_documented_account() -> None:
    found = account_outlook(POSITION, {"BTC": TIERS, "ETH": TIERS})
    assert found.debts == (Owed("BTC", D("0.08800022"), D("9355.38")), Owed("ETH", D("0.1"), D("282.81")))
    assert [entry.value_usd for entry in found.collateral] == [D("9930.10"), D("4524.80"), D("3201.68"), D("724.79")]
    assert found.unpredictable_coins == ["USDT", "USDC"]
    # (9930.10 - 8000) / 0.7 + 10,000.
    assert round(found.collateral[0].market_usd or D(0), 4) == D("12757.2857")
    # The debt is in BTC, so no fall of BTC endangers it. ETH is only a quarter of the collateral.
    assert [found.fall_to(D("0.85"), [coin]) for coin in ("BTC", "ETH")] == [None, None]
    # 1.5 x 9355.38 + 282.81 = 14,315.88 against 8000 + 0.7 x (19,135.93 - 10,000) + 8451.27 = 22,846.42.
    assert round(found.ltv({"BTC": D("0.5")}) or D(0), 5) == D("0.62661")


@pytest.mark.parametrize(
    ("shown", "debt", "collateral", "ltv"),
    [
        # The sums of the parts, 9355.38 + 282.81 and 18,381.37; 9638.19 / 18,381.37.
        ({}, "9638.19", "18381.37", "0.524346"),
        # 0.5295 + 0.000001.
        ({"ltv": "0.5295"}, "9732.95", "18381.37", "0.529501"),
        # 9730.01 / 18,381.37.
        ({"total_debt_usd": "9730"}, "9730.01", "18381.37", "0.529341"),
        # 9638.19 / 18,199.99, and with the debt as well, 9730.01 / 18,199.99.
        ({"total_collateral_usd": "18200"}, "9638.19", "18199.99", "0.529571"),
        ({"total_collateral_usd": "18200", "total_debt_usd": "9730"}, "9730.01", "18199.99", "0.534616"),
        # 0.54 + 0.000001 is worse than both.
        ({"total_collateral_usd": "18200", "ltv": "0.54"}, "9828.01", "18199.99", "0.540001"),
        # A higher total makes nothing better.
        ({"total_collateral_usd": "18500", "total_debt_usd": "9600", "ltv": "0.519"}, "9638.19", "18381.37", "0.524346"),
    ],
)
def test_the_worst_reading_counts(shown: dict[str, str], debt: str, collateral: str, ltv: str) -> None:
    found = account_outlook(POSITION._replace(**{name: D(text) for name, text in shown.items()}), {"BTC": TIERS, "ETH": TIERS})
    assert [round(value or D(0), places) for value, places in ((found.debt_usd({}), 2), (found.collateral_usd({}), 2), (found.ltv({}), 6))] == [
        D(debt), D(collateral), D(ltv)
    ]
    # The parts keep their proportions, and their values follow.
    assert round(found.debts[0].usd / found.debt_usd({}), 12) == round(D("9355.38") / D("9638.19"), 12)
    for entry, usd in zip(found.collateral, ("9930.10", "4524.80", "3201.68", "724.79")):
        assert round(entry.value_usd, 6) == round(D(usd) * D(collateral) / D("18381.37"), 6)
        assert entry.market_usd is None or round(collateral_value(TIERS, entry.market_usd), 6) == round(entry.value_usd, 6)


def test_an_empty_account() -> None:
    found = account_outlook(Position(D(0), D(0), D(0)), {})
    assert (found.ltv({}), found.fall_to(D("0.85"), []), found.repay_usd(D("0.5"), {})) == (D(0), None, D(0))
    nothing = CoinDebt("BTC", D(0), D(0), D(0), D(0))
    assert account_outlook(Position(D(0), D(0), D(0), (nothing,)), {}).debts == (Owed("BTC", D(0), D(0)),)


def order(**more: t.Any) -> LoanOutlook:
    shown = {"collateral_coin": "BTC", "collateral_amount": D("0.04"), "ltv": D("0.4168"), **more}
    found = loan_outlook(Loan(LEGACY, "17", "USDT", D(1000), D(0), D(0), OPEN, **shown))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("of", "ltv", "fall"),
    [
        # 1 - 0.4169 / 0.87 = 0.52080.
        (order(), "0.87", "0.5208"),
        (order(ltv=D("0.8699")), "0.87", "0"),
        (order(ltv=D("0.8698")), "0.87", "0.0001"),
        (order(collateral_coin="USDT"), "0.87", None),
        (order(collateral_coin="USDT", ltv=D("0.9")), "0.87", "0"),
    ],
)
def test_the_fall_that_a_legacy_loan_bears(of: LoanOutlook, ltv: str, fall: str | None) -> None:
    assert of.fall_to(D(ltv)) == (None if fall is None else D(fall))


@pytest.mark.parametrize(
    ("of", "max_ltv", "shock", "repay", "add"),
    [
        # 1000 x (0.4169 - 0.4) / 0.4169 = 40.53729912; 0.04 x 0.0169 / 0.4 = 0.00169.
        (order(), "0.4", {}, "40.53729", "0.00169"),
        # After a fall by half, 0.8338: 1000 x 0.4338 / 0.8338 = 520.26864956, and 0.04 x 0.4338 / 0.4.
        (order(), "0.4", {"BTC": "-0.5"}, "520.26864", "0.04338"),
        # The LTV falls with the debt: 0.2085 is below 0.4.
        (order(), "0.4", {"USDT": "-0.5"}, "0", "0"),
        (order(), "0", {}, "1000", None),
        (order(collateral_amount=None), "0.4", {}, "40.53729", None),
    ],
)
def test_the_amounts_that_reach_an_ltv_of_a_legacy_loan(of: LoanOutlook, max_ltv: str, shock: dict[str, str], repay: str, add: str | None) -> None:
    changes = {coin: D(change) for coin, change in shock.items()}
    found = of.repayment(D(max_ltv), changes)
    # Five places by hand, of eight.
    assert D(repay) <= found < D(repay) + D("0.00001")
    assert of.addition(D(max_ltv), changes) == (None if add is None else D(add))


def test_a_legacy_loan_in_usd() -> None:
    price = Price(D(59999), D(60001))
    # 0.04 x 59,999 x 0.7, and 1000 x 60,001.
    assert order().collateral_usd(price, {"BTC": D("-0.3")}) == D("1679.972")
    assert order(collateral_amount=None).collateral_usd(price, {}) is None
    assert order().debt_usd(price, {"BTC": D("-0.3")}) == D(60001000)


def test_loans_without_an_outlook_of_their_own() -> None:
    assert loan_outlook(Loan(FLEXIBLE, None, "USDT", D(1), D(0), D(0), OPEN, position=POSITION)) is None
    assert loan_outlook(Loan(LEGACY, "17", "USDT", D(1), D(0), D(0), OPEN, collateral_coin="BTC")) is None
