# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, MOVES, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED, Goal

EMPTY = {"move": "repay", "amount": None, "since_ms": None, "max_debt": None, "max_ltv": None, "min_ltv": None, "ensure": None, "collateral": []}


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
        (Goal(min_ltv=Decimal("0.5"), move=TAKE_BACK), {"min_ltv": "0.5", "move": "take_back"}),
        (Goal(max_ltv=Decimal("0.5"), move=ADD), {"max_ltv": "0.5", "move": "add"}),
        (Goal(ensure=Decimal("5E+2"), move=TO_FUND), {"ensure": "500", "move": "to_fund"}),
        (Goal(Decimal(100), move=TO_UNIFIED), {"amount": "100", "move": "to_unified"}),
    ],
    ids=str,
)
def test_the_stored_document_of_a_goal(goal: Goal, document: dict[str, t.Any]) -> None:
    assert goal.as_document() == {**EMPTY, **document}
    # Each field has its own value in JSON.
    assert json.loads(json.dumps(goal.as_document())) == goal.as_document()
    assert set(goal.as_document()) == set(goal._fields)


@pytest.mark.parametrize(
    ("goal", "is_of_level", "is_declarative"),
    [
        (Goal(Decimal(100)), False, False),
        (Goal(Decimal(100), 0), False, True),
        (Goal(max_debt=Decimal(0)), True, True),
        (Goal(max_ltv=Decimal("0.5")), True, True),
        (Goal(min_ltv=Decimal("0.5"), move=TAKE_BACK), True, True),
        (Goal(ensure=Decimal(500), move=TO_FUND), True, True),
        (Goal(Decimal(100), move=TO_FUND), False, False),
    ],
    ids=str,
)
def test_kinds_of_goals(goal: Goal, is_of_level: bool, is_declarative: bool) -> None:
    assert (goal.is_of_level, goal.is_declarative) == (is_of_level, is_declarative)


def test_goals_of_an_ltv() -> None:
    goals = [Goal(Decimal(1)), Goal(max_debt=Decimal(0)), Goal(ensure=Decimal(5)), Goal(max_ltv=Decimal("0.5")), Goal(min_ltv=Decimal("0.5"))]
    assert [goal.is_of_ltv for goal in goals] == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("move", "is_incoming", "raises_level", "has_own_id"),
    [
        (REPAY, False, False, False),
        (ADD, False, True, False),
        (TAKE_BACK, True, False, False),
        (TO_FUND, True, True, True),
        (TO_UNIFIED, False, False, True),
    ],
)
def test_each_move_has_its_properties(move: str, is_incoming: bool, raises_level: bool, has_own_id: bool) -> None:
    goal = Goal(Decimal(1), move=move)
    assert (goal.is_incoming, goal.raises_level, goal.has_own_id) == (is_incoming, raises_level, has_own_id)
    assert move in MOVES and len(MOVES) == 5
