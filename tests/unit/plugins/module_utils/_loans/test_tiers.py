# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a market value counts as collateral, and which tiers are invalid."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers, are_usable, collateral_value, market_value
from hypothesis import given
from hypothesis import strategies as st


def tiers(*rows: tuple[str, str, str]) -> Tiers:
    return tuple(Tier(*map(Decimal, row)) for row in rows)


# The example in the exchange's documentation.
DOCUMENTED = tiers(("0", "10000", "0.8"), ("10000", "20000", "0.7"), ("20000", "30000", "0.5"), ("30000", "99999999999", "0.4"))
SHORT = tiers(("0", "100", "0.9"), ("100", "300", "0.5"))


@pytest.mark.parametrize(
    ("of", "market", "value"),
    [
        (DOCUMENTED, "0", "0"),
        (DOCUMENTED, "5000", "4000"),
        (DOCUMENTED, "10000", "8000"),
        # The documented account: 0.12 BTC at 106,310 are 12,757.2; 8000 + 0.7 x 2757.2.
        (DOCUMENTED, "12757.2", "9930.04"),
        # 8000 + 7000 + 5000 + 0.4 x 10,000.
        (DOCUMENTED, "40000", "24000"),
        # 90 + 0.5 x 200, as above the last tier nothing counts.
        (SHORT, "300", "190"),
        (SHORT, "5000", "190"),
    ],
)
def test_each_tier_counts_with_its_own_ratio(of: Tiers, market: str, value: str) -> None:
    assert collateral_value(of, Decimal(market)) == Decimal(value)


@pytest.mark.parametrize(
    ("of", "value", "market"),
    [
        (DOCUMENTED, "0", "0"),
        (DOCUMENTED, "8000", "10000"),
        (DOCUMENTED, "9930.04", "12757.2"),
        (DOCUMENTED, "24000", "40000"),
        (SHORT, "190", "300"),
        (SHORT, "190.01", None),
    ],
)
def test_the_market_value_is_found_again(of: Tiers, value: str, market: str | None) -> None:
    assert market_value(of, Decimal(value)) == (None if market is None else Decimal(market))


@given(st.decimals(min_value=0, max_value=10**7, places=2), st.decimals(min_value=0, max_value=10**7, places=2))
def test_more_is_worth_more_and_the_way_back_is_the_same(first: Decimal, second: Decimal) -> None:
    less, more = sorted((first, second))
    assert collateral_value(DOCUMENTED, less) <= collateral_value(DOCUMENTED, more) <= more
    found = market_value(DOCUMENTED, collateral_value(DOCUMENTED, more))
    assert found is not None and abs(found - more) < Decimal("1e-20")


@pytest.mark.parametrize(
    "of",
    [
        (),
        tiers(("1", "10", "0.8")),
        tiers(("0", "10", "0.8"), ("11", "20", "0.7")),
        tiers(("0", "10", "0.8"), ("9", "20", "0.7")),
        tiers(("0", "0", "0.8")),
        tiers(("0", "10", "0.7"), ("10", "20", "0.8")),
        tiers(("0", "10", "1.01")),
        tiers(("0", "10", "80")),
        tiers(("0", "10", "0.8"), ("10", "20", "0")),
    ],
    ids=["none", "not from zero", "gap", "overlap", "empty", "rising", "above one", "percent", "zero"],
)
def test_invalid_tiers_are_refused(of: Tiers) -> None:
    assert not are_usable(of)


def test_valid_tiers_are_understood() -> None:
    assert are_usable(DOCUMENTED) and are_usable(SHORT) and are_usable(tiers(("0", "10", "1")))
