# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine is asked for to carry out an operation of a plan."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TO_FUND, Counted, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation, Played, Share
from ansible_collections.treasury.bybit.plugins.module_utils._policy.steps import Step, counted_of, steps_of
from policies import money

D = Decimal
RICH = money({"USDT": "1000", "ETH": "10", "BTC": "1"})
CLIENT: t.Any = None


def played(kind: str, coin: str, amount: str, after: str | None = None, **more: t.Any) -> Played:
    share = Share("rule", "why", D(amount))
    before = None if after is None else D(after) + D(amount)
    return Played(Operation(kind, coin, D(amount), shares=(share,), **more), before, None if after is None else D(after))


def step(one: Played, held: Money = RICH) -> Step:
    (found,) = steps_of(CLIENT, [one], held, D("0.01"))
    return found


@pytest.mark.parametrize(
    ("operation", "name", "goal", "path"),
    [
        (
            played("repay", "USDT", "5", "3", product="legacy", loan_id="1794267532472646144"),
            "1794267532472646144", Goal(amount=D(5)), "/v5/crypto-loan/repay",
        ),
        (played("repay", "USDT", "5", "3", product="flexible"), "USDT", Goal(amount=D(5)), "/v5/crypto-loan-flexible/repay"),
        (
            played("repay_from_collateral", "USDT", "5", "0", product="flexible", sells="BTC"),
            "USDT", Goal(amount=D(5), collateral=("BTC",)), "/v5/crypto-loan-flexible/repay-collateral",
        ),
        (
            played("repay_from_collateral", "USDT", "5", "3", product="fixed", loan_id="570", sells="BTC"),
            "570", Goal(amount=D(5), collateral=("BTC",)), "/v5/crypto-loan-fixed/repay-collateral",
        ),
        (played("add_collateral", "BTC", "1", "3"), "BTC", Goal(amount=D(1), move=ADD), "/v5/crypto-loan-common/adjust-ltv"),
        (
            played("add_collateral", "BTC", "1", "3", product="legacy", loan_id="1794267532472646144"),
            "1794267532472646144", Goal(amount=D(1), move=ADD), "/v5/crypto-loan/adjust-ltv",
        ),
        (played("transfer", "USDT", "5"), "USDT", Goal(amount=D(5), move=TO_FUND), "/v5/asset/transfer/inter-transfer"),
    ],
    ids=lambda value: value.operation.kind if isinstance(value, Played) else None,
)
def test_an_operation_is_a_step_with_its_amount(operation: Played, name: str, goal: Goal, path: str) -> None:
    found = step(operation)
    assert (found.on_exchange.name, found.goal, found.on_exchange.path) == (name, goal, path)
    assert (found.at_most, found.expected) == (None, operation.before)


@pytest.mark.parametrize("product", ["legacy", "flexible", "fixed"])
def test_closing_a_loan_repays_its_debt_and_a_little_more_at_most(product: str) -> None:
    found = step(played("repay", "USDT", "100", "0", product=product, loan_id=None if product == "flexible" else "570"))
    assert (found.goal, found.at_most) == (Goal(max_debt=D(0)), D(101))


@pytest.mark.parametrize(
    ("held", "at_most"),
    [
        (money({"USDT": "100"}), "100"),
        (money({"USDT": "100.5"}), "100.5"),
        (money({"USDT": "300"}, keep={"USDT": "199.75"}), "100.25"),
        (money({"USDT": "1000"}, caps=[Cap("per_run", D("100.3"))]), "100.3"),
        (money({"USDT": "1000"}, caps=[Cap("per_day", None, {"USDT": D("150")}, used_coins={"USDT": D("49.9")})]), "100.1"),
        (money({"USDT": "1000"}), "101"),
    ],
    ids=str,
)
def test_interest_on_a_closed_loan_breaks_no_cap(held: Money, at_most: str) -> None:
    assert step(played("repay", "USDT", "100", "0", product="flexible"), held).at_most == D(at_most)


def test_loans_that_are_closed_share_what_is_left() -> None:
    operations = [played("repay", "USDT", "100", "0", product="fixed", loan_id=str(number)) for number in (570, 571)]
    steps = steps_of(CLIENT, operations, money({"USDT": "201"}), D("0.01"))
    assert [one.at_most for one in steps] == [D("100.5"), D("100.5")]


@pytest.mark.parametrize(
    ("operation", "counted"),
    [
        (played("repay", "ETH", "2", "3", product="flexible"), Counted((("rule", D(2)),), (("ETH", D(2)),), D(5000))),
        (
            played("repay_from_collateral", "USDT", "50", "3", product="flexible", sells="BTC")._replace(sold=D("0.0011")),
            Counted((("rule", D(50)),), (("USDT", D(50)), ("BTC", D("0.0011"))), D(55)),
        ),
        (
            played("repay_from_collateral", "BTC", "1", "3", product="flexible", sells="BTC")._replace(sold=D("1.02")),
            Counted((("rule", D(1)),), (("BTC", D("1.02")),), D(51000)),
        ),
        (played("add_collateral", "XRP", "2", "3"), Counted((("rule", D(2)),), (("XRP", D(2)),), None)),
        (played("transfer", "USDT", "5"), Counted((), (), D(0))),
    ],
    ids=lambda value: value.operation.kind if isinstance(value, Played) else None,
)
def test_an_operation_counts_toward_its_rules_and_the_caps(operation: Played, counted: Counted) -> None:
    assert counted_of(operation, RICH) == counted
