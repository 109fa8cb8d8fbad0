# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner sees rounded figures. Whatever the exact ones are, the LTV that it predicts is never below the true one."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from random import Random

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FLEXIBLE
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import account_outlook
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import collateral_value
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import NOW_MS, PRICES, TIERS, legacy, loan

D = Decimal
CENT, MICRO, LTV_STEP, DUST = D("0.01"), D("0.000001"), D("0.0001"), D("1e-18")
SALE_FEE = D("0.02")
seeds = given(st.integers(0, 2**64))
often = settings(max_examples=600, deadline=None)


class Truth:
    """An account with exact prices and amounts, of which the exchange shows rounded figures."""

    def __init__(self, random: Random) -> None:
        self.prices = {coin: price * random.randint(9000, 11000) / 10000 + D(random.randint(0, 999)).scaleb(-5) for coin, price in PRICES.items()}
        size = D(random.choice([1, 100, 10000, 1000000]))
        self.debts = {coin: size * random.randint(1, 999) / 1000 / PRICES[coin] for coin in random.sample(["USDT", "ETH"], random.choice([1, 2]))}
        coins = random.sample(["BTC", "SOL", "ETH"], random.choice([1, 2, 3]))
        self.collateral = {coin: size * random.randint(1, 2000) / 1000 / PRICES[coin] for coin in coins}
        self.rounding = random.choice([ROUND_DOWN, ROUND_HALF_UP])

    def value(self, coin: str) -> Decimal:
        return collateral_value(TIERS, self.collateral[coin] * self.prices[coin])

    @property
    def ltv(self) -> Decimal:
        debt = sum((amount * self.prices[coin] for coin, amount in self.debts.items()), D(0))
        return debt / sum((self.value(coin) for coin in self.collateral), D(0))

    def book(self) -> Book:
        """Return the book that follows from what the exchange shows."""
        usd = {coin: (amount * self.prices[coin]) for coin, amount in self.debts.items()}
        values = {coin: self.value(coin) for coin in self.collateral}
        position = Position(
            self.ltv.quantize(MICRO, self.rounding), self.cents(sum(usd.values(), D(0))), self.cents(sum(values.values(), D(0))),
            tuple(CoinDebt(coin, self.debts[coin], self.cents(usd[coin]), D(0), D(0)) for coin in usd),
            tuple(CoinCollateral(coin, self.collateral[coin], self.cents(values[coin])) for coin in values),
        )
        outlook = account_outlook(position, {coin: TIERS for coin in values})
        return Book(NOW_MS, tuple(loan(FLEXIBLE, amount, None, coin) for coin, amount in self.debts.items()), outlook)

    def cents(self, usd: Decimal) -> Decimal:
        return usd.quantize(CENT, self.rounding)


@often
@seeds
def test_the_predicted_ltv_of_the_account_is_never_below_the_true_one(seed: int) -> None:
    random = Random(seed)
    truth = Truth(random)
    book = truth.book()
    for dummy in range(random.randint(0, 5)):
        loan_ = random.choice(book.loans)
        coin, part = random.choice(list(truth.collateral)), D(random.randint(1, 90)) / 100
        amount = (loan_.debt * part).quantize(D("0.00000001"))
        kind = random.choice(["repay", "add", "sell"])
        if kind == "add":
            more = truth.collateral[coin] * part * 3
            book = book.after_adding(coin, more)
            truth.collateral[coin] += more
            continue
        if kind == "repay":
            book = book.after_repaying(loan_, amount)
        else:
            most, pledged = book.sold_for(loan_, amount, coin), book.pledged(coin)
            sold = amount * truth.prices[loan_.coin] * (1 + SALE_FEE * random.randint(0, 100) / 100) / truth.prices[coin]
            if most is None or pledged is None or most >= pledged.amount:
                continue
            assert most >= sold - DUST
            book = book.after_selling(loan_, amount, coin)
            truth.collateral[coin] -= sold
        truth.debts[loan_.coin] -= amount
    predicted = book.ltv(None, {})
    assert predicted is None or predicted >= truth.ltv - DUST


@often
@seeds
def test_the_predicted_ltv_of_a_loan_is_never_below_the_true_one(seed: int) -> None:
    random = Random(seed)
    collateral, debt, price = D(random.randint(1, 50)) / 10, D(random.randint(1, 99999)), D(random.randint(20000, 90000))

    def true_ltv() -> Decimal:
        return debt / (collateral * price)

    shown = true_ltv().quantize(LTV_STEP, random.choice([ROUND_DOWN, ROUND_HALF_UP]))
    book = Book(NOW_MS, (legacy("6001", debt, collateral, shown),))
    for dummy in range(random.randint(1, 40)):
        part = D(random.randint(1, 90)) / random.choice([100, 100000])
        if random.randrange(2):
            amount = (debt * part).quantize(D("0.00000001"))
            book = book.after_repaying(book.loans[0], amount)
            debt -= amount
        else:
            more = (collateral * part).quantize(D("0.00000001"))
            book = book.after_adding("BTC", more, book.loans[0])
            collateral += more
    predicted = book.ltv(book.loans[0], {})
    assert predicted is not None and predicted >= true_ltv()
