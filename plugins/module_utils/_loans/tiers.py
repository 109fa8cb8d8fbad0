# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collateral ratio tiers of a coin: each part of its market value in USD counts with the ratio of its tier.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, divide, multiply, total

_ZERO = Decimal(0)


class Tier(t.NamedTuple):
    """The part of the market value between these bounds in USD counts as collateral with this ratio."""

    min_usd: Decimal
    max_usd: Decimal
    ratio: Decimal


# From the lowest to the highest.
Tiers = t.Tuple[Tier, ...]


def are_usable(tiers: Tiers) -> bool:
    """Return whether tiers are valid: they start at zero without gaps, and their ratios do not rise, and are above zero and at most one."""
    starts = [_ZERO, *(tier.max_usd for tier in tiers[:-1])]
    ratios = [Decimal(1), *(tier.ratio for tier in tiers)]
    return bool(tiers) and all(
        tier.min_usd == start and tier.max_usd > start and 0 < tier.ratio <= ratio
        for tier, start, ratio in zip(tiers, starts, ratios)
    )


def collateral_value(tiers: Tiers, market_usd: Decimal) -> Decimal:
    """Return the collateral value of a market value, both in USD; what exceeds the last tier does not count."""
    return total(*(multiply(_width(tier, market_usd), tier.ratio) for tier in tiers))


def market_value(tiers: Tiers, value_usd: Decimal) -> Decimal | None:
    """Return the market value with this collateral value, both in USD; none if it exceeds the last tier."""
    left = value_usd
    for tier in tiers:
        most = multiply(difference(tier.max_usd, tier.min_usd), tier.ratio)
        if left <= most:
            return total(tier.min_usd, divide(left, tier.ratio))
        left = difference(left, most)
    return None


def _width(tier: Tier, market_usd: Decimal) -> Decimal:
    return max(difference(min(market_usd, tier.max_usd), tier.min_usd), _ZERO)
