# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal

EMPTY = {"amount": None, "since_ms": None, "max_debt": None, "max_ltv": None, "collateral": []}


@pytest.mark.parametrize(
    ("goal", "document"),
    [
        (Goal(Decimal("100.50")), {"amount": "100.5"}),
        (Goal(Decimal("1E+3")), {"amount": "1000"}),
        (Goal(Decimal(100), 0), {"amount": "100", "since_ms": 0}),
        (Goal(max_debt=Decimal(0)), {"max_debt": "0"}),
        (Goal(max_debt=Decimal("0.000000000000000001")), {"max_debt": "0.000000000000000001"}),
        (Goal(max_ltv=Decimal("0.65")), {"max_ltv": "0.65"}),
        (Goal(Decimal(1), collateral=("ETH", "BTC")), {"amount": "1", "collateral": ["ETH", "BTC"]}),
    ],
    ids=str,
)
def test_what_is_stored_of_a_goal(goal: Goal, document: dict[str, t.Any]) -> None:
    assert goal.as_document() == {**EMPTY, **document}
    # There is a place for each of its fields, in JSON alone.
    assert json.loads(json.dumps(goal.as_document())) == goal.as_document()
    assert list(goal.as_document()) == list(goal._fields)


@pytest.mark.parametrize(
    ("goal", "is_of_debt", "is_declarative"),
    [
        (Goal(Decimal(100)), False, False),
        (Goal(Decimal(100), 0), False, True),
        (Goal(max_debt=Decimal(0)), True, True),
        (Goal(max_ltv=Decimal("0.5")), True, True),
    ],
    ids=str,
)
def test_kinds_of_goals(goal: Goal, is_of_debt: bool, is_declarative: bool) -> None:
    assert (goal.is_of_debt, goal.is_declarative) == (is_of_debt, is_declarative)
