# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Derives prices in USD from the exchange's rounded figures; no coin is assumed to be worth 1 USD.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, divide, multiply, total
from .loan import LTV_STEP, Loan
from .position import USD_STEP, CoinCollateral, CoinDebt, Position
from .tiers import Tiers, market_value

# Allows for figures that the exchange calculated at different moments, but not for misunderstood tiers.
_MAX_DRIFT = Decimal("0.01")


class Price(t.NamedTuple):
    """The lowest and the highest price of a coin, in USD, that the rounded figures allow."""

    low: Decimal
    high: Decimal

    @property
    def spread(self) -> Decimal:
        return divide(difference(self.high, self.low), self.low)

    def is_near(self, other: Price) -> bool:
        """Return whether both can be prices of one coin, perhaps at different moments."""
        drift = Decimal(1) + _MAX_DRIFT
        return self.low <= multiply(other.high, drift) and other.low <= multiply(self.high, drift)


Prices = t.Mapping[str, Price]
TiersOfCoins = t.Mapping[str, Tiers]
# A coin, and a price that follows from some figures of the exchange.
CoinPrice = t.Tuple[str, Price]


def coin_prices(position: Position | None, tiers: TiersOfCoins, loans: t.Sequence[Loan]) -> dict[str, Price]:
    """Return the prices of the owed and pledged coins that can be derived from debts, collateral, or LTVs.

    If several contradictory prices of a coin can be derived, the bounds cover them all.

    :param tiers: The valid tiers, by coin.
    :param loans: For a loan with its own collateral, the price of one coin follows from the price of the other.
    """
    found: dict[str, Price] = {}
    shown = list(_of_position(position, tiers)) if position else []
    while shown:
        new = _united(shown)
        # A loan whose coins both have a price yields no new price, but may contradict both.
        found.update(_united([*shown, *((coin, price) for coin, price in _of_loans(loans, new) if coin in new)]))
        shown = [(coin, price) for coin, price in _of_loans(loans, found) if coin not in found]
    return found


def contradicted_coins(position: Position, tiers: TiersOfCoins) -> set[str]:
    """Return the coins whose debt and collateral imply different prices, so that their tiers must be misunderstood."""
    of_debts = {debt.coin: _of_debt(debt) for debt in position.debts}
    found = set()
    for entry in position.collateral:
        owed, pledged = of_debts.get(entry.coin), _of_collateral(entry, tiers)
        if owed is not None and pledged is not None and not owed.is_near(pledged):
            found.add(entry.coin)
    return found


def _united(shown: t.Iterable[CoinPrice]) -> dict[str, Price]:
    """Return the most exact price of each coin; if its prices contradict each other, the bounds that cover them all."""
    prices_of: dict[str, list[Price]] = {}
    for coin, price in shown:
        prices_of.setdefault(coin, []).append(price)
    return {coin: _one_of(prices) for coin, prices in prices_of.items()}


def _one_of(prices: t.Sequence[Price]) -> Price:
    lows, highs = [price.low for price in prices], [price.high for price in prices]
    if max(lows) > min(highs):
        return Price(min(lows), max(highs))
    return min(prices, key=lambda price: (price.spread, price))


def _of_position(position: Position, tiers: TiersOfCoins) -> t.Iterator[CoinPrice]:
    shown = [(debt.coin, _of_debt(debt)) for debt in position.debts]
    shown += [(entry.coin, _of_collateral(entry, tiers)) for entry in position.collateral]
    return ((coin, price) for coin, price in shown if price is not None)


def _of_debt(debt: CoinDebt) -> Price | None:
    parts = [(amount, usd) for amount, usd in ((debt.flexible, debt.flexible_usd), (debt.fixed, debt.fixed_usd)) if amount]
    amount, usd = total(*(part[0] for part in parts)), total(*(part[1] for part in parts))
    rounding = multiply(USD_STEP, Decimal(len(parts)))
    return _between(difference(usd, rounding), total(usd, rounding), amount)


def _of_collateral(entry: CoinCollateral, tiers: TiersOfCoins) -> Price | None:
    if entry.coin not in tiers or entry.amount_usd <= USD_STEP:
        return None
    low = market_value(tiers[entry.coin], difference(entry.amount_usd, USD_STEP))
    high = market_value(tiers[entry.coin], total(entry.amount_usd, USD_STEP))
    return None if low is None or high is None else _between(low, high, entry.amount)


def _of_loans(loans: t.Iterable[Loan], known: Prices) -> t.Iterator[CoinPrice]:
    return (shown for loan in loans for shown in _of_loan(loan, known))


def _of_loan(loan: Loan, known: Prices) -> t.Iterator[CoinPrice]:
    """Yield what follows from debt x price = LTV x collateral x price."""
    if loan.collateral_coin in (None, loan.coin) or not loan.collateral_amount or loan.ltv is None or loan.ltv <= LTV_STEP:
        return
    most, least = (multiply(loan.collateral_amount, ltv) for ltv in (total(loan.ltv, LTV_STEP), difference(loan.ltv, LTV_STEP)))
    of_loan, of_collateral = known.get(loan.coin), known.get(loan.collateral_coin)
    if of_loan is not None:
        low, high = divide(multiply(loan.debt, of_loan.low), most), divide(multiply(loan.debt, of_loan.high), least)
        yield loan.collateral_coin, Price(low, high)
    if of_collateral is not None:
        yield loan.coin, Price(divide(multiply(of_collateral.low, least), loan.debt), divide(multiply(of_collateral.high, most), loan.debt))


def _between(low_usd: Decimal, high_usd: Decimal, amount: Decimal) -> Price | None:
    return Price(divide(low_usd, amount), divide(high_usd, amount)) if amount and low_usd > 0 else None
