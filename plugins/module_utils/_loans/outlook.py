# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forecasts the LTV of the account or a legacy loan after price changes, and what it takes to reach an LTV.

All figures are worst cases: the highest debt and the lowest collateral that the exchange's rounded figures allow.
Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, divide, multiply, round_down, round_up, total, unit
from .loan import LTV_STEP, Loan
from .position import ACCOUNT_LTV_STEP, USD_STEP, CoinDebt, Position
from .prices import Price, TiersOfCoins
from .tiers import Tiers, collateral_value, market_value

# Falls of prices are fractions with four decimal places.
FALL_PLACES = 4
AMOUNT_PLACES = 8
_LAST_DIGIT = unit(60)

_ZERO, _ONE = Decimal(0), Decimal(1)

# Price changes by coin, as fractions: -0.3 is a fall of 30 %.
Shock = t.Mapping[str, Decimal]


class Owed(t.NamedTuple):
    """The debt of the account in one coin."""

    coin: str
    amount: Decimal
    usd: Decimal


class Pledged(t.NamedTuple):
    """The collateral of the account in one coin.

    :ivar value_usd: Its value as collateral, after the collateral ratio.
    :ivar market_usd: Its market value; none if the tiers of the coin are not known.
    """

    coin: str
    amount: Decimal
    value_usd: Decimal
    market_usd: Decimal | None = None
    tiers: Tiers = ()

    def value_at(self, price: Decimal) -> Decimal | None:
        """Return its value as collateral at a price relative to the current one; none if unknown."""
        if price == _ONE:
            return self.value_usd
        return None if self.market_usd is None else collateral_value(self.tiers, multiply(self.market_usd, price))


class Addition(t.NamedTuple):
    """An amount of a coin; none if no amount is enough, or if it is unknown."""

    coin: str
    amount: Decimal | None


class Outlook(t.NamedTuple):
    """The worst case of the account that the exchange's rounded figures allow."""

    debts: tuple[Owed, ...] = ()
    collateral: tuple[Pledged, ...] = ()

    @property
    def unpredictable_coins(self) -> list[str]:
        return [entry.coin for entry in self.collateral if entry.market_usd is None]

    def debt_usd(self, shock: Shock) -> Decimal:
        return total(*(multiply(debt.usd, _price(shock, debt.coin)) for debt in self.debts))

    def collateral_usd(self, shock: Shock) -> Decimal | None:
        """Return the value of the collateral after price changes; none if they affect a coin whose tiers are not known."""
        values = [entry.value_at(_price(shock, entry.coin)) for entry in self.collateral]
        return None if None in values else total(*(value for value in values if value is not None))

    def ltv(self, shock: Shock) -> Decimal | None:
        """Return the LTV after price changes; none if it is unknown, or there is debt without collateral."""
        debt, collateral = self.debt_usd(shock), self.collateral_usd(shock)
        if not debt:
            return _ZERO
        return divide(debt, collateral) if collateral else None

    def fall_to(self, ltv: Decimal, coins: t.Collection[str]) -> Decimal | None:
        """Return by which fraction the prices of these coins must fall together until the account reaches an LTV.

        :return: Zero if it is reached already; none if no fall reaches it, or if it is unknown.
        """
        falling = [entry for entry in self.collateral if entry.coin in coins]
        if self.debt_usd({}) and self._excess_usd(ltv, coins, _ONE) >= 0:
            return _ZERO
        if any(entry.market_usd is None for entry in falling):
            return None
        high = _ONE
        for low in self._bends(falling):
            above, below = self._excess_usd(ltv, coins, high), self._excess_usd(ltv, coins, low)
            if below > 0:
                # Between two bends, all values are linear in the price.
                way = divide(multiply(difference(high, low), below), difference(below, above))
                return _fall(difference(_ONE, total(low, way)))
            high = low
        return None

    def repay_usd(self, max_ltv: Decimal, shock: Shock) -> Decimal | None:
        """Return how many USD must be repaid for the LTV to be at most this after price changes; none if unknown."""
        collateral = self.collateral_usd(shock)
        return None if collateral is None else max(difference(self.debt_usd(shock), multiply(max_ltv, collateral)), _ZERO)

    def repayments(self, max_ltv: Decimal, shock: Shock) -> list[Addition]:
        """Return for each owed coin the repayment that alone is enough."""
        usd = self.repay_usd(max_ltv, shock)
        return [Addition(debt.coin, None if usd is None else _part(debt, usd, _price(shock, debt.coin))) for debt in self.debts]

    def additions(self, max_ltv: Decimal, shock: Shock) -> list[Addition]:
        """Return for each pledged coin the additional collateral that alone is enough."""
        collateral = self.collateral_usd(shock)
        if collateral is None or (not max_ltv and self.debt_usd(shock)):
            return [Addition(entry.coin, None) for entry in self.collateral]
        needed = divide(self.debt_usd(shock), max_ltv) if max_ltv else _ZERO
        missing = max(difference(needed, collateral), _ZERO)
        return [Addition(entry.coin, _addition(entry, missing, _price(shock, entry.coin))) for entry in self.collateral]

    def after_repaying(self, coin: str, amount: Decimal) -> Outlook:
        """Predict the account after a repayment of at most its debt in a coin."""
        return self._replace(debts=tuple(_less_debt(debt, amount) if debt.coin == coin else debt for debt in self.debts))

    def after_pledging(self, coin: str, amount: Decimal) -> Outlook:
        """Predict the account after it pledged more of a coin that is pledged already, or less if the amount is negative.

        Without the tiers of the coin, its new value is unknown, so an addition does not count, and what is left after a sale has no value.
        """
        return self._replace(collateral=tuple(_with_more(entry, amount) if entry.coin == coin else entry for entry in self.collateral))

    def _excess_usd(self, ltv: Decimal, coins: t.Collection[str], price: Decimal) -> Decimal:
        """Return how many more USD are owed than this LTV allows, if these coins have this price relative to the current one."""
        shock = {coin: difference(price, _ONE) for coin in coins}
        return difference(self.debt_usd(shock), multiply(ltv, self.collateral_usd(shock) or _ZERO))

    def _bends(self, falling: t.Iterable[Pledged]) -> list[Decimal]:
        """Return the prices, relative to the current ones, at which a coin passes from one tier to the next; the last is zero."""
        at = {divide(tier.min_usd, entry.market_usd) for entry in falling if entry.market_usd for tier in entry.tiers}
        return sorted((price for price in at | {_ZERO} if price < 1), reverse=True)


def account_outlook(position: Position, tiers: TiersOfCoins) -> Outlook:
    """Return the worst case of the account that its rounded figures allow.

    The exchange may calculate the totals and the LTV at another moment than the parts. The highest debt and the lowest collateral count.

    :param tiers: The valid tiers, by coin.
    """
    values = [_less(entry.amount_usd) for entry in position.collateral]
    parts_usd = total(*values)
    value_usd = min(parts_usd, _less(position.total_collateral_usd))
    collateral = tuple(
        _pledged(entry.coin, entry.amount, _share(value, value_usd, parts_usd), tiers.get(entry.coin))
        for entry, value in zip(position.collateral, values)
    )
    debts = [Owed(debt.coin, total(debt.flexible, debt.fixed), _highest_usd(debt)) for debt in position.debts]
    owed_usd = total(*(debt.usd for debt in debts))
    debt_usd = max(owed_usd, total(position.total_debt_usd, USD_STEP), multiply(position.ltv + ACCOUNT_LTV_STEP, value_usd))
    return Outlook(tuple(debt._replace(usd=_share(debt.usd, debt_usd, owed_usd)) for debt in debts), collateral)


class LoanOutlook(t.NamedTuple):
    """The worst case of a loan with its own collateral: its LTV is one step above the one that the exchange shows."""

    loan: Loan
    highest_ltv: Decimal

    def ltv(self, shock: Shock) -> Decimal:
        of_loan, of_collateral = _price(shock, self.loan.coin), _price(shock, self.loan.collateral_coin or "")
        return divide(multiply(self.highest_ltv, of_loan), of_collateral)

    def debt_usd(self, price: Price, shock: Shock) -> Decimal:
        return multiply(multiply(self.loan.debt, price.high), _price(shock, self.loan.coin))

    def collateral_usd(self, price: Price, shock: Shock) -> Decimal | None:
        """Return the value of the collateral after price changes; none if its amount is not known."""
        amount = self.loan.collateral_amount
        return None if amount is None else multiply(multiply(amount, price.low), _price(shock, self.loan.collateral_coin or ""))

    def fall_to(self, ltv: Decimal) -> Decimal | None:
        """Return by which fraction the price of the collateral must fall until the loan reaches an LTV; like C(Outlook.fall_to)."""
        if self.highest_ltv >= ltv:
            return _ZERO
        return None if self.loan.coin == self.loan.collateral_coin else _fall(difference(_ONE, divide(self.highest_ltv, ltv)))

    def repayment(self, max_ltv: Decimal, shock: Shock) -> Decimal:
        """Return how much must be repaid for the LTV to be at most this after price changes."""
        ltv = self.ltv(shock)
        part = max(difference(ltv, max_ltv), _ZERO)
        return _rounded_up(divide(multiply(self.loan.debt, part), ltv), self.loan.debt)

    def addition(self, max_ltv: Decimal, shock: Shock) -> Decimal | None:
        """Return how much collateral must be added for that; none if no amount is enough, or if the collateral is unknown."""
        if not self.loan.collateral_amount or not max_ltv:
            return None
        part = max(difference(self.ltv(shock), max_ltv), _ZERO)
        return round_up(divide(multiply(self.loan.collateral_amount, part), max_ltv), AMOUNT_PLACES)


def loan_outlook(loan: Loan) -> LoanOutlook | None:
    """Return the outlook of a loan with its own collateral; none for any other loan, or if its LTV is not known."""
    if loan.collateral_coin is None or loan.ltv is None:
        return None
    return LoanOutlook(loan, total(loan.ltv, LTV_STEP))


def _less_debt(debt: Owed, amount: Decimal) -> Owed:
    left = max(difference(debt.amount, amount), _ZERO)
    return debt._replace(amount=left, usd=_share(debt.usd, left, debt.amount))


def _with_more(entry: Pledged, more: Decimal) -> Pledged:
    amount = max(total(entry.amount, more), _ZERO)
    if entry.market_usd is None or not entry.amount:
        return entry._replace(amount=amount, value_usd=entry.value_usd if more > 0 else _ZERO)
    market_usd = _share(entry.market_usd, amount, entry.amount)
    return entry._replace(amount=amount, market_usd=market_usd, value_usd=collateral_value(entry.tiers, market_usd))


def _highest_usd(debt: CoinDebt) -> Decimal:
    parts = ((debt.flexible, debt.flexible_usd), (debt.fixed, debt.fixed_usd))
    return total(*(total(usd, USD_STEP) for amount, usd in parts if amount))


def _less(usd: Decimal) -> Decimal:
    return max(difference(usd, USD_STEP), _ZERO)


def _share(part: Decimal, whole: Decimal, parts: Decimal) -> Decimal:
    """Scale a part so that all parts together make up the whole."""
    return divide(multiply(part, whole), parts) if parts else part


def _pledged(coin: str, amount: Decimal, value_usd: Decimal, tiers: Tiers | None) -> Pledged:
    market_usd = market_value(tiers, value_usd) if tiers else None
    return Pledged(coin, amount, value_usd) if tiers is None or market_usd is None else Pledged(coin, amount, value_usd, market_usd, tiers)


def _price(shock: Shock, coin: str) -> Decimal:
    return total(_ONE, shock.get(coin, _ZERO))


def _part(debt: Owed, usd: Decimal, price: Decimal) -> Decimal | None:
    """Return the amount of a debt that is worth this many USD at a price relative to the current one; none if it exceeds the debt."""
    worth = multiply(debt.usd, price)
    if usd > worth:
        return None
    return _rounded_up(divide(multiply(debt.amount, usd), worth), debt.amount) if usd else _ZERO


def _addition(entry: Pledged, missing_usd: Decimal, price: Decimal) -> Decimal | None:
    if not missing_usd:
        return _ZERO
    value = entry.value_at(price)
    if not entry.market_usd or value is None:
        return None
    now = multiply(entry.market_usd, price)
    needed = market_value(entry.tiers, total(value, missing_usd))
    if needed is None:
        return None
    return round_up(divide(multiply(entry.amount, difference(needed, now)), now), AMOUNT_PLACES)


def _rounded_up(amount: Decimal, most: Decimal) -> Decimal:
    return min(round_up(amount, AMOUNT_PLACES), most)


def _fall(exact: Decimal) -> Decimal:
    # Rounding down must not lose a step because of the last digit of a division.
    return round_down(total(exact, _LAST_DIGIT), FALL_PLACES)
