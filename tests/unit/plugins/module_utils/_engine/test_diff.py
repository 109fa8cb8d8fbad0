# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._engine.diff import before_and_after


def side(debt: str | None, ltv: str | None = None) -> dict[str, t.Any]:
    return {"debt": debt, "LTV": ltv}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (side("1000.4", "0.4168"), side("900.4", "0.3752"), ("debt 1000.4 USDT  LTV 0.4168", "debt  900.4 USDT  LTV 0.3752")),
        (side("1000.4"), side("0"), ("debt 1000.4 USDT", "debt    0   USDT")),
        (side("1000"), side("0.25"), ("debt 1000    USDT", "debt    0.25 USDT")),
        (side("5", "1"), side("2.5", "0.5"), ("debt 5   USDT  LTV 1", "debt 2.5 USDT  LTV 0.5")),
        (side("5", "0.5"), side("0"), ("debt 5 USDT  LTV 0.5", "debt 0 USDT")),
        (side("7", "0.5"), side("7", "0.5"), ("debt 7 USDT  LTV 0.5", "debt 7 USDT  LTV 0.5")),
        ({"debt": "5"}, {}, ("debt 5 USDT", "")),
        ({"collateral": "0.04", "LTV": "0.5"}, {"collateral": "0.1"}, ("collateral 0.04 USDT  LTV 0.5", "collateral 0.1  USDT")),
        ({"Funding": "120", "UNIFIED": None}, {"Funding": "20"}, ("Funding 120 USDT", "Funding  20 USDT")),
        ({}, {}, ("", "")),
    ],
)
def test_each_side_is_a_line_in_columns(before, after, lines: tuple[str, str]) -> None:
    assert before_and_after(before, after, "USDT") == tuple(line and line + "\n" for line in lines)
