# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How operations and the targets of the journal belong together."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._operations.targets import ltv_of, operation_on

CLIENT: t.Any = None
STEP = Goal(amount=Decimal(1))


@pytest.mark.parametrize(
    ("product", "name", "goal", "path", "ltv"),
    [
        ("legacy", "17", STEP, "/v5/crypto-loan/repay", "17"),
        ("flexible", "USDT", STEP, "/v5/crypto-loan-flexible/repay", "account"),
        ("flexible", "USDT", STEP._replace(collateral=("BTC",)), "/v5/crypto-loan-flexible/repay-collateral", "account"),
        ("fixed", "570", STEP, "/v5/crypto-loan-fixed/fully-repay", "account"),
        ("fixed", "USDT", STEP, "/v5/crypto-loan-fixed/fully-repay", "account"),
        ("fixed", "570", STEP._replace(collateral=("BTC",)), "/v5/crypto-loan-fixed/repay-collateral", "account"),
        ("order_collateral", "17", STEP._replace(move=ADD), "/v5/crypto-loan/adjust-ltv", "17"),
        ("account_collateral", "BTC", STEP._replace(move=TAKE_BACK), "/v5/crypto-loan-common/adjust-ltv", "account"),
        ("wallets", "USDT", STEP._replace(move=TO_FUND), "/v5/asset/transfer/inter-transfer", None),
        ("wallets", "USDT", STEP._replace(move=TO_UNIFIED), "/v5/asset/transfer/inter-transfer", None),
    ],
)
def test_the_operation_on_a_target_has_this_target(product: str, name: str, goal: Goal, path: str, ltv: str | None) -> None:
    target = Target("mainnet", "104", product, name)
    operation = operation_on(CLIENT, product, name, goal)
    assert (operation.product, operation.name, operation.move, operation.path) == (product, name, goal.move, path)
    shared = ltv_of(operation, target, is_exclusive=True)
    assert (None if shared is None else (shared.lock, shared.order_id, shared.is_exclusive)) == (
        None if ltv is None else (Target("mainnet", "104", "ltv", ltv), None if ltv == "account" else ltv, True)
    )


@pytest.mark.parametrize(("name", "ids"), [("570", ("570", None)), ("USDT", (None, "USDT"))])
def test_a_fixed_target_is_a_contract_or_a_coin(name: str, ids: tuple[str | None, str | None]) -> None:
    operation = operation_on(CLIENT, "fixed", name, STEP)
    assert (operation.ids["loan_id"], operation.ids["loan_currency"]) == ids
