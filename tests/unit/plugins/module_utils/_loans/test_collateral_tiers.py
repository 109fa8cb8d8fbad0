# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collateral ratio tiers as the exchange lists them. Invalid ones are left out, or the answer is refused."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._loans.coins import collateral_list, collateral_tiers
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier

GOOD = [("0", "10000", "0.8"), ("10000", "99999999999", "0.7")]
READ = (Tier(Decimal(0), Decimal(10000), Decimal("0.8")), Tier(Decimal(10000), Decimal(99999999999), Decimal("0.7")))


def group(currencies: object, tiers: object = tuple(GOOD)) -> dict[str, t.Any]:
    rows = [dict(zip(("minValue", "maxValue", "collateralRatio"), row)) for row in tiers] if isinstance(tiers, (tuple, list)) else tiers
    return {"currencies": currencies, "collateralRatioList": rows}


class Exchange:
    """Answers with these groups."""

    def __init__(self, groups: object) -> None:
        self._groups = groups

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[t.Any], t.Any]) -> t.Any:
        assert (path, query) == ("/v5/crypto-loan-common/collateral-data", {})
        return extract({"collateralRatioConfigList": self._groups, "currencyLiquidationList": []})


def read(groups: object) -> dict[str, t.Any]:
    return collateral_tiers(t.cast(t.Any, Exchange(groups)))


@pytest.mark.parametrize(
    ("groups", "coins"),
    [
        ([], set()),
        ([group("ATOM,AAVE,BTC,BOB")], {"ATOM", "AAVE", "BTC", "BOB"}),
        ([group("BTC, ETH")], {"BTC", "ETH"}),
        ([group("BTC", GOOD[::-1])], {"BTC"}),
        # A repeated coin counts once. Contradictory ones count not at all.
        ([group("BTC"), group("BTC,ETH")], {"BTC", "ETH"}),
        ([group("BTC,ETH"), group("BTC", [("0", "1", "0.8")])], {"ETH"}),
        ([group("BTC", GOOD[1:]), group("ETH")], {"ETH"}),
        ([group("BTC", [])], set()),
        ([group("BTC", [("0", "10000", "80")])], set()),
    ],
)
def test_coins_whose_tiers_are_understood(groups: list[t.Any], coins: set[str]) -> None:
    found = read(groups)
    assert set(found) == coins
    assert all(tiers == READ for tiers in found.values())


@pytest.mark.parametrize(
    "groups",
    [None, {}, "", [5], [group("")], [group(None)], [group("BTC", None)], [group("BTC", {})], [group("BTC", [("0", "", "0.8")])],
     [group("BTC", [("0", "10", 0.8)])], [group("BTC", [("0", "-1", "0.8")])]],
    ids=str,
)
def test_answers_that_cannot_be_read(groups: object) -> None:
    with pytest.raises(ReadFailed, match="^Bybit's answer to /v5/crypto-loan-common/collateral-data (has|lacks)"):
        read(groups)


@pytest.mark.parametrize(
    ("groups", "coins", "understood"),
    [
        ([], set(), set()),
        ([group("BTC, ETH")], {"BTC", "ETH"}, {"BTC", "ETH"}),
        # The coin is accepted nevertheless.
        ([group("BTC,ETH"), group("BTC", [("0", "1", "0.8")])], {"BTC", "ETH"}, {"ETH"}),
        ([group("BTC", [])], {"BTC"}, set()),
    ],
)
def test_a_coin_is_listed_whether_or_not_its_tiers_are_understood(groups: list[t.Any], coins: set[str], understood: set[str]) -> None:
    found = collateral_list(t.cast(t.Any, Exchange(groups)))
    assert (found.coins, set(found.tiers)) == (coins, understood)
