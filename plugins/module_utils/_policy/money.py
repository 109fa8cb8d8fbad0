# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The money that a policy may move: what the wallets hold, what must remain, and the caps of a run and of a day.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, divide, multiply, plain, round_down, total
from .._loans.prices import Prices
from .._loans.wallet import FUND, UNIFIED

_ZERO = Decimal(0)
_CENTS = 2
WALLETS = {FUND: "the Funding wallet", UNIFIED: "the UNIFIED wallet"}

Amounts = t.Mapping[str, Decimal]


class Affordable(t.NamedTuple):
    """The most that can be moved, and what limits it, as a clause.

    :ivar amount: None for no limit.
    :ivar cause: What the clause is about, such as a cap, however much of it is left.
    """

    amount: Decimal | None
    why: str = ""
    cause: str = ""

    def and_also(self, other: Affordable) -> Affordable:
        """Return the tighter of two limits."""
        if self.amount is None or (other.amount is not None and other.amount < self.amount):
            return other
        return self

    def times(self, factor: Decimal) -> Affordable:
        return self if self.amount is None else self._replace(amount=multiply(self.amount, factor))


class Cap(t.NamedTuple):
    """A cap on what may be moved, and what of it is used.

    :ivar name: The option, such as C(per_day).
    :ivar usd: The most in USD over all coins; none for no such cap.
    :ivar coins: The most of each coin; a coin that is missing has no such cap.
    :ivar used_usd: What was moved already, in USD; none if that is unknown.
    """

    name: str
    usd: Decimal | None = None
    coins: Amounts = {}
    used_usd: Decimal | None = _ZERO
    used_coins: Amounts = {}

    def left(self, coin: str, price: Decimal | None) -> Affordable:
        """Return how much of a coin the cap still allows.

        :param price: The highest possible price of the coin in USD; none if it is unknown.
        """
        found = Affordable(None)
        if coin in self.coins:
            left = max(difference(self.coins[coin], self.used_coins.get(coin, _ZERO)), _ZERO)
            found = self._limit(left, left, self.coins[coin], coin)
        if self.usd is None:
            return found
        if price is None or self.used_usd is None:
            what = f"the price of {coin}" if price is None else "what was moved before"
            return Affordable(_ZERO, f"{self.name} is {plain(self.usd)} USD, and {what} in USD is not known")
        left = max(difference(self.usd, self.used_usd), _ZERO)
        return found.and_also(self._limit(divide(left, price), round_down(left, _CENTS), self.usd, "USD"))

    def _limit(self, amount: Decimal, left: Decimal, cap: Decimal, unit: str) -> Affordable:
        """Return an amount that a cap allows, and say how much of the cap is left."""
        cause = f"{self.name} ({plain(cap)} {unit})"
        if left == cap:
            return Affordable(amount, f"{self.name} is {plain(cap)} {unit}", cause)
        return Affordable(amount, f"{f'only {plain(left)} {unit}' if left else 'nothing'} of {cause} is left", cause)

    def after(self, moved: Amounts, usd: Decimal | None) -> Cap:
        """Return the cap after amounts were moved that are worth this many USD at most; none if that is unknown."""
        used_coins = self.used_coins
        for coin, amount in moved.items():
            used_coins = _plus(used_coins, coin, amount)
        return self._replace(used_usd=None if self.used_usd is None or usd is None else total(self.used_usd, usd), used_coins=used_coins)


class Money(t.NamedTuple):
    """The money of a policy at one moment of its plan.

    :ivar wallets: The balances by wallet and coin; a coin is missing if its balance is not known.
    :ivar sources: The wallets to take money from, in this order.
    :ivar keep: What must remain of a coin in these wallets together.
    :ivar transfers: What the plan transfers from the UNIFIED to the Funding wallet, by coin.
    """

    wallets: t.Mapping[str, Amounts]
    sources: tuple[str, ...] = (FUND,)
    keep: Amounts = {}
    caps: tuple[Cap, ...] = ()
    prices: Prices = {}
    transfers: Amounts = {}

    def held(self, coin: str) -> Affordable:
        """Return how much of a coin the wallets can give."""
        if not self.sources:
            return Affordable(_ZERO, "the policy names no wallet to take money from")
        # A wallet that is listed twice holds its money once.
        sources = tuple(dict.fromkeys(self.sources))
        unknown = [wallet for wallet in sources if coin not in self.wallets.get(wallet, {})]
        if len(unknown) == len(sources) or (unknown and coin in self.keep):
            return Affordable(_ZERO, f"the balance of {coin} in {WALLETS[unknown[0]]} is not known")
        amounts = [self.wallets[wallet][coin] for wallet in sources if wallet not in unknown]
        held = total(*amounts)
        kept = self.keep.get(coin, _ZERO)
        names = " and ".join(WALLETS[wallet] for wallet in sources if wallet not in unknown)
        # Payments that are planned already are taken off.
        why = f"{names} {'have' if len(amounts) > 1 else 'has'} {plain(held)} {coin} left"
        return Affordable(max(difference(held, kept), _ZERO), f"{why}, of which {plain(kept)} must remain" if kept else why, f"{coin} in {names}")

    def allowed(self, coin: str) -> Affordable:
        """Return how much of a coin the caps still allow."""
        found = Affordable(None)
        for cap in self.caps:
            found = found.and_also(cap.left(coin, self.highest_price(coin)))
        return found

    def payable(self, coin: str) -> Affordable:
        """Return how much of a coin may still be taken from the wallets."""
        return self.held(coin).and_also(self.allowed(coin))

    def highest_price(self, coin: str) -> Decimal | None:
        """Return the highest possible price of a coin in USD; none if it is unknown."""
        price = self.prices.get(coin)
        return price.high if price is not None and price.high else None

    def allowed_by_selling(self, coin: str, sold_coin: str, sold: Decimal) -> Affordable:
        """Return how much of a debt the caps still allow to repay by selling collateral. Both what is repaid and what is sold must fit.

        :param sold: How much is sold at most for each unit of the debt.
        """
        return self.allowed(coin).and_also(self.allowed(sold_coin).times(divide(Decimal(1), sold)))

    def after_selling(self, coin: str, amount: Decimal, sold_coin: str, sold: Decimal) -> Money:
        """Return the money after collateral was sold to repay an amount of a debt, for which only the caps matter."""
        return self._moved(sale(coin, amount, sold_coin, sold), self.most_usd({coin: amount}, {sold_coin: sold}))

    def _moved(self, moved: Amounts, usd: Decimal | None) -> Money:
        return self._replace(caps=tuple(cap.after(moved, usd) for cap in self.caps))

    def most_usd(self, *moved: Amounts) -> Decimal | None:
        """Return the highest value of these in USD; none if it is unknown."""
        values = [(amount, self.highest_price(coin)) for amounts in moved for coin, amount in amounts.items()]
        known = [multiply(amount, price) for amount, price in values if price is not None]
        return max(known) if len(known) == len(values) else None

    def after_spending(self, coin: str, amount: Decimal) -> Money:
        """Return the money after an amount that it can afford was taken from the sources. The Funding wallet pays, after transfers."""
        spent, missing, transfers = self._moved({coin: amount}, self.most_usd({coin: amount})), amount, self.transfers
        wallets = {wallet: dict(held) for wallet, held in self.wallets.items()}
        for wallet in self.sources:
            held = wallets.get(wallet, {}).get(coin)
            taken = min(held or _ZERO, missing)
            if not taken:
                continue
            wallets[wallet][coin] = difference(wallets[wallet][coin], taken)
            missing = difference(missing, taken)
            if wallet == UNIFIED:
                transfers = _plus(transfers, coin, taken)
        return spent._replace(wallets=wallets, transfers=transfers)


def sale(coin: str, amount: Decimal, sold_coin: str, sold: Decimal) -> Amounts:
    """Return what the caps count of a sale: what is repaid, and what is sold."""
    return {coin: max(amount, sold)} if coin == sold_coin else {coin: amount, sold_coin: sold}


def _plus(amounts: Amounts, coin: str, amount: Decimal) -> Amounts:
    return {**amounts, coin: total(amounts.get(coin, _ZERO), amount)}
