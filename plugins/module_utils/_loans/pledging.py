# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calculates how much of one coin an account must pledge to reach an LTV, in the worst case that the exchange's rounded figures allow.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import difference, divide, multiply, total
from .position import ACCOUNT_LTV_STEP, USD_STEP, Position
from .prices import coin_prices, contradicted_coins
from .tiers import Tiers, market_value

# A price derived from less than about 2 USD, shown in cents, is too inexact to calculate an amount from.
_MAX_SPREAD = Decimal("0.01")
_ZERO = Decimal(0)


def least_price(position: Position, coin: str, tiers: Tiers | None) -> Decimal | None:
    """Return the lowest possible price of a pledged coin in USD; none if it is not known exactly enough.

    :param tiers: The tiers of the coin; none if they are not known.
    """
    if not tiers or coin in contradicted_coins(position, {coin: tiers}):
        return None
    # Only the price at which the exchange values the collateral counts. It may value a debt at another moment.
    price = coin_prices(position._replace(debts=()), {coin: tiers}, ()).get(coin)
    return None if price is None or price.spread > _MAX_SPREAD else price.low


def collateral_at(position: Position, coin: str, tiers: Tiers, price: Decimal, max_ltv: Decimal) -> Decimal | None:
    """Return how much of a coin must be pledged so that the LTV, as the exchange shows it, is certainly at most this.

    :param price: The lowest possible price of the coin in USD.
    :return: The total amount, more or less than now; none if no amount is enough.
    """
    target_ltv = difference(max_ltv, 2 * ACCOUNT_LTV_STEP)
    if target_ltv <= 0:
        return None
    needed_usd = difference(divide(_most_debt(position), target_ltv), _least_of_others(position, coin))
    if needed_usd <= 0:
        return _ZERO
    # The collateral value rises with the price in every tier, so what is enough at the lowest price is enough at any other.
    market_usd = market_value(tiers, needed_usd)
    return None if market_usd is None else divide(market_usd, price)


def _most_debt(position: Position) -> Decimal:
    """Return the highest debt in USD that the totals, the parts, and the LTV allow; they may be from different moments."""
    parts = [usd for debt in position.debts for amount, usd in ((debt.flexible, debt.flexible_usd), (debt.fixed, debt.fixed_usd)) if amount]
    most_collateral = max(
        total(position.total_collateral_usd, USD_STEP), total(*(total(entry.amount_usd, USD_STEP) for entry in position.collateral))
    )
    return max(
        total(position.total_debt_usd, USD_STEP),
        total(*(total(usd, USD_STEP) for usd in parts)),
        multiply(total(position.ltv, ACCOUNT_LTV_STEP), most_collateral),
    )


def _least_of_others(position: Position, coin: str) -> Decimal:
    """Return the lowest possible value in USD of all collateral except one coin."""
    parts = total(*(max(difference(entry.amount_usd, USD_STEP), _ZERO) for entry in position.collateral if entry.coin != coin))
    own = total(*(entry.amount_usd for entry in position.collateral if entry.coin == coin))
    # The total may be one step lower, and the own part one higher.
    return max(min(parts, difference(position.total_collateral_usd, total(own, 2 * USD_STEP))), _ZERO)
