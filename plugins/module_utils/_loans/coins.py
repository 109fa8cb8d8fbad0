# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the coins of flexible and fixed loans: their decimal places, and which coins can be collateral.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client, rows_of
from .._api.errors import ReadFailed
from .parsing import Row, places_by_coin, row_of_coin
from .tiers import Tier, Tiers, are_usable

_COINS = "/v5/crypto-loan-common/loanable-data"
_COLLATERAL = "/v5/crypto-loan-common/collateral-data"


def borrowing_accuracy(client: Client, coin: str, product: str) -> int | None:
    """Return how many decimal places an amount of the coin may have; none if the exchange does not list it.

    :param product: C(flexible) or C(fixed).
    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form.
    """

    def row_of(answer: dict[str, t.Any]) -> Row | None:
        return row_of_coin(coin, [Row(_COINS, fields) for fields in rows_of(_COINS, answer)])

    field = f"{product}BorrowingAccuracy"
    # The list of all coins, if C(borrowing_accuracies) has read it.
    known = places_by_coin(client.recall(_COINS, {}) or [], [coin], field)
    if coin in known:
        return known[coin]
    row = client.cached(_COINS, {"currency": coin}, row_of)
    return row.decimal_places(field) if row else None


def borrowing_accuracies(client: Client, coins: t.Collection[str], product: str) -> dict[str, int]:
    """Return how many decimal places an amount of each of these coins may have, with one request for both products.

    A coin is missing if the exchange does not list it. Raises what C(borrowing_accuracy) raises.
    """
    rows = client.cached(_COINS, {}, lambda answer: [Row(_COINS, fields) for fields in rows_of(_COINS, answer)]) or []
    return places_by_coin(rows, coins, f"{product}BorrowingAccuracy")


class CollateralList(t.NamedTuple):
    """The coins that can be collateral of flexible and fixed loans.

    :ivar coins: All such coins.
    :ivar tiers: The collateral ratio tiers of each coin whose tiers are valid.
    """

    coins: frozenset[str] = frozenset()
    tiers: t.Mapping[str, Tiers] = {}


def collateral_list(client: Client) -> CollateralList:
    """Return the coins that can be collateral; raises what C(borrowing_accuracy) raises."""

    def listed(answer: dict[str, t.Any]) -> CollateralList:
        found: dict[str, set[Tiers]] = {}
        for group in _rows(answer, "collateralRatioConfigList"):
            tiers = tuple(sorted(map(_tier, _rows(group, "collateralRatioList"))))
            for coin in Row(_COLLATERAL, group).text("currencies").split(","):
                found.setdefault(coin.strip(), set()).add(tiers)
        # A coin in two groups with different tiers is ambiguous.
        usable = {coin: tiers for coin, (tiers, *others) in found.items() if not others and are_usable(tiers)}
        return CollateralList(frozenset(found), usable)

    return client.cached(_COLLATERAL, {}, listed) or CollateralList()


def collateral_tiers(client: Client) -> t.Mapping[str, Tiers]:
    """Return the collateral ratio tiers of each coin whose tiers are valid; raises what C(borrowing_accuracy) raises."""
    return collateral_list(client).tiers


def _tier(fields: dict[str, t.Any]) -> Tier:
    row = Row(_COLLATERAL, fields)
    return Tier(row.number("minValue"), row.number("maxValue"), row.number("collateralRatio"))


def _rows(holder: dict[str, t.Any], name: str) -> list[dict[str, t.Any]]:
    rows = holder.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadFailed(f"Bybit's answer to {_COLLATERAL} has an invalid {name}.")
    return rows
