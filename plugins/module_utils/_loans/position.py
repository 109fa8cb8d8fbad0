# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The position of an account: the debts and the collateral of its flexible and fixed loans, and how operations change them.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import ROUND_HALF_UP, Decimal

from .._amounts import difference, divide, multiply, plain, total
from .tiers import Tiers, collateral_value, market_value

# The exchange shows USD with two decimal places, and the LTV with six. Whether it rounds or truncates is not documented.
USD_STEP = Decimal("0.01")
ACCOUNT_LTV_STEP = Decimal("0.000001")
# Allows for figures that the exchange calculated at different moments, but not for a wrong unit or a missing part.
_MAX_DRIFT = Decimal("0.01")

# Amounts of collateral, by coin.
Pledged = t.Tuple[t.Tuple[str, Decimal], ...]


class CoinDebt(t.NamedTuple):
    """The debt in one coin, in the coin and in USD."""

    coin: str
    flexible: Decimal
    flexible_usd: Decimal
    fixed: Decimal
    fixed_usd: Decimal


class CoinCollateral(t.NamedTuple):
    """The collateral in one coin; C(amount_usd) is its value after the exchange's collateral ratio."""

    coin: str
    amount: Decimal
    amount_usd: Decimal


class Position(t.NamedTuple):
    """The position of the account at one moment.

    :ivar ltv: The LTV as the exchange shows it.
    :ivar total_collateral_usd: The value of the collateral after the exchange's collateral ratios.
    :ivar refuses_collateral: Whether the exchange accepts no more collateral, because its limit for all accounts is reached.
    """

    ltv: Decimal
    total_debt_usd: Decimal
    total_collateral_usd: Decimal
    debts: tuple[CoinDebt, ...] = ()
    collateral: tuple[CoinCollateral, ...] = ()
    refuses_collateral: bool = False

    def contradiction(self) -> str:
        """Return which figures contradict each other, as a clause; empty if none do."""
        debts_usd = [usd for debt in self.debts for usd in (debt.flexible_usd, debt.fixed_usd)]
        collateral_usd = [entry.amount_usd for entry in self.collateral]
        for name, shown, parts in (
            ("totalDebt", self.total_debt_usd, debts_usd), ("totalCollateral", self.total_collateral_usd, collateral_usd)
        ):
            if not _is_near(shown, total(*parts), multiply(USD_STEP, Decimal(len(parts) + 1))):
                return f"{name} is {plain(shown)}, but its parts add up to {plain(total(*parts))}"
        rounding = total(USD_STEP, multiply(ACCOUNT_LTV_STEP, self.total_collateral_usd))
        if not _is_near(multiply(self.ltv, self.total_collateral_usd), self.total_debt_usd, rounding):
            return f"ltv is {plain(self.ltv)}, but totalDebt is {plain(self.total_debt_usd)} and totalCollateral {plain(self.total_collateral_usd)}"
        return ""

    def is_surely_at_most(self, max_ltv: Decimal) -> bool:
        """Return whether the LTV is at most this, however the exchange rounded it."""
        return self.ltv + ACCOUNT_LTV_STEP <= max_ltv or not (self.ltv or self.total_debt_usd)

    def usd_above(self, max_ltv: Decimal) -> Decimal:
        """Return how many USD must be repaid so that the LTV, as the exchange shows it, is certainly at most this."""
        most_collateral = self.total_collateral_usd + USD_STEP
        least_collateral = max(self.total_collateral_usd - USD_STEP, Decimal(0))
        most_debt = max(self.total_debt_usd + USD_STEP, multiply(self.ltv + ACCOUNT_LTV_STEP, most_collateral))
        target_ltv = max(max_ltv - 2 * ACCOUNT_LTV_STEP, Decimal(0))
        return max(difference(most_debt, multiply(target_ltv, least_collateral)), Decimal(0))

    def shows(self, product: str, coin: str) -> bool:
        """Return whether the position has a debt of the product in a coin."""
        return bool(self._owed(product, coin)[0])

    def pledged(self, coins: t.Container[str]) -> Pledged:
        """Return the pledged amounts of these coins."""
        return tuple((entry.coin, entry.amount) for entry in self.collateral if entry.coin in coins)

    def coins_for(self, product: str, coin: str, usd: Decimal) -> Decimal | None:
        """Return an amount of a coin that is certainly worth this many USD; none if its price is not known exactly enough."""
        owed, owed_usd = self._owed(product, coin)
        least_usd = owed_usd - USD_STEP
        return divide(multiply(usd, owed), least_usd) if owed and least_usd > 0 else None

    def after_paying(self, product: str, coin: str, amount: Decimal) -> Position:
        """Predict the totals after a repayment from the Funding wallet, at current prices."""
        owed, owed_usd = self._owed(product, coin)
        paid_usd = divide(multiply(owed_usd, min(amount, owed)), owed) if owed else Decimal(0)
        debt_usd = max(difference(self.total_debt_usd, paid_usd.quantize(USD_STEP, ROUND_HALF_UP)), Decimal(0))
        ltv = divide(debt_usd, self.total_collateral_usd) if self.total_collateral_usd else Decimal(0)
        return self._replace(ltv=ltv.quantize(ACCOUNT_LTV_STEP, ROUND_HALF_UP), total_debt_usd=debt_usd, debts=())

    def after_pledging(self, coin: str, amount: Decimal, tiers: Tiers | None) -> Position | None:
        """Predict the totals with another pledged amount of a coin, at current prices.

        :param amount: The total pledged amount of the coin.
        :param tiers: The tiers of the coin; none if they are not known.
        :return: None if the coin's value is unknown, or if a debt would have no collateral.
        """
        own = next((entry for entry in self.collateral if entry.coin == coin), CoinCollateral(coin, Decimal(0), Decimal(0)))
        market_usd = market_value(tiers, own.amount_usd) if tiers and own.amount else None
        if not amount:
            value_usd = Decimal(0)
        elif tiers and market_usd:
            value_usd = collateral_value(tiers, divide(multiply(market_usd, amount), own.amount)).quantize(USD_STEP, ROUND_HALF_UP)
        else:
            return None
        collateral_usd = max(difference(total(self.total_collateral_usd, value_usd), own.amount_usd), Decimal(0))
        if not collateral_usd and self.total_debt_usd:
            return None
        ltv = divide(self.total_debt_usd, collateral_usd) if collateral_usd else Decimal(0)
        others = tuple(entry for entry in self.collateral if entry.coin != coin)
        return self._replace(
            ltv=ltv.quantize(ACCOUNT_LTV_STEP, ROUND_HALF_UP),
            total_collateral_usd=collateral_usd,
            collateral=(*others, CoinCollateral(coin, amount, value_usd)) if amount else others,
        )

    def as_result(self) -> dict[str, t.Any]:
        """Return the totals as the modules return them, with amounts as decimal strings."""
        return {
            "ltv": plain(self.ltv),
            "total_debt_usd": plain(self.total_debt_usd),
            "total_collateral_usd": plain(self.total_collateral_usd),
        }

    def _owed(self, product: str, coin: str) -> tuple[Decimal, Decimal]:
        for debt in self.debts:
            if debt.coin == coin:
                return (debt.flexible, debt.flexible_usd) if product == "flexible" else (debt.fixed, debt.fixed_usd)
        return Decimal(0), Decimal(0)


def _is_near(shown: Decimal, calculated: Decimal, rounding: Decimal) -> bool:
    """Return whether rounding, or prices from different moments, can explain the difference of two sums in USD."""
    return abs(difference(shown, calculated)) <= max(rounding, multiply(max(shown, calculated), _MAX_DRIFT))
