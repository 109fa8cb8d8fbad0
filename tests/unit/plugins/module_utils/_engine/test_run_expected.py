# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a loan is still as it was planned for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import Expected
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import has_left_plan
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, REPAY, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Pledge, Subject
from policies import loan

D = Decimal


def debt(amount: str) -> Subject:
    return loan("flexible", amount)


def collateral(amount: str) -> Subject:
    return Pledge("BTC", D(amount))


@pytest.mark.parametrize(
    ("move", "subject", "has_left"),
    [
        (REPAY, debt("100"), False), (REPAY, debt("100.01"), False), (REPAY, debt("150"), False), (REPAY, debt("99"), False),
        (REPAY, debt("98.99"), True), (REPAY, debt("0"), True), (REPAY, None, False),
        (ADD, collateral("100"), False), (ADD, collateral("50"), False), (ADD, collateral("101"), False), (ADD, collateral("101.01"), True),
    ],
    ids=str,
)
def test_only_a_move_like_the_planned_one_leaves_the_plan(move: str, subject: Subject | None, has_left: bool) -> None:
    goal = Goal(amount=D(100), move=move)
    assert has_left_plan(Expected(D(100), D(1)), subject, goal) == has_left
    assert not has_left_plan(None, subject, goal)
