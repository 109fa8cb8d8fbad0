# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the repay modules: specification, rules, and the instruction that they mean.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._api.client import Client
from .._api.errors import BadInput
from .._goal import Goal
from .._operations.fixed import FixedRepayment
from .._operations.flexible import FlexibleRepayment
from .._operations.legacy import LegacyRepayment
from .run import Instruction, check_given, check_partial_step, run_argument_spec
from .values import Options, amount_of, checked_coin, coin_of, fraction_of, id_of, moment_of

_GOALS = ("amount", "max_debt", "max_ltv")
# The rules between options, in the form that AnsibleModule expects.
_REPAY_RULES: dict[str, t.Any] = {"mutually_exclusive": [_GOALS], "required_by": {"since": ("amount",)}}
LEGACY_RULES = FLEXIBLE_RULES = {**_REPAY_RULES, "required_one_of": [_GOALS]}
FIXED_RULES = {
    **_REPAY_RULES,
    "mutually_exclusive": [*_REPAY_RULES["mutually_exclusive"], ("loan_id", "loan_currency")],
    # The goal has a default for whole contracts.
    "required_one_of": [("loan_id", "loan_currency")],
}


def legacy_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_loan_repay) without those of the connection."""
    return {"order_id": {"type": "str", "required": True, "aliases": ["loan_id"]}, **repay_argument_spec()}


def flexible_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_flexible_loan_repay) without those of the connection."""
    return {
        "loan_currency": {"type": "str", "required": True},
        "collateral": {"type": "list", "elements": "str"},
        **repay_argument_spec(),
    }


def fixed_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_fixed_loan_repay) without those of the connection."""
    return {
        "loan_id": {"type": "str"},
        "loan_currency": {"type": "str"},
        "sweep": {"type": "bool", "default": False},
        "collateral": {"type": "list", "elements": "str"},
        **repay_argument_spec(),
    }


def repay_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that every repay module shares; documented in the doc fragments C(repayment) and C(operation)."""
    return {
        "amount": {"type": "raw"},
        "since": {"type": "str"},
        "max_debt": {"type": "raw"},
        "max_ltv": {"type": "raw"},
        "fund_from": {"type": "str", "choices": ["unified"]},
        **run_argument_spec(),
    }


def goal_of(options: dict[str, t.Any], is_needed: bool = True) -> Goal:
    """Return the goal that the options mean, without the collateral to sell for it.

    :param is_needed: Whether one of the goals is required.
    :raises BadInput: If an option cannot be used.
    """
    if is_needed:
        check_given(options, _GOALS)
    if options["amount"] is not None and options["since"] is None:
        check_partial_step(options, "amount without since", "since, max_debt, or max_ltv")
    return Goal(
        amount=amount_of(options, "amount"),
        since_ms=moment_of(options, "since"),
        max_debt=amount_of(options, "max_debt", zero_allowed=True),
        max_ltv=_max_ltv(options),
    )


def _max_ltv(options: dict[str, t.Any]) -> Decimal | None:
    max_ltv = fraction_of(options, "max_ltv")
    if max_ltv is not None and not max_ltv:
        raise BadInput("max_ltv '0' is not an LTV above 0: set max_debt to '0' to repay the whole debt.")
    return max_ltv


def parse_legacy_options(client: Client, options: Options) -> Instruction:
    """Return the instruction that the options of C(bybit_loan_repay) mean.

    :raises BadInput: If an option cannot be used.
    """
    return Instruction(LegacyRepayment(client, id_of(options, "order_id", "1794267532472646144")), goal_of(options))


def parse_flexible_options(client: Client, options: Options) -> Instruction:
    """Return the instruction that the options of C(bybit_flexible_loan_repay) mean."""
    coin, collateral = coin_of(options, "loan_currency"), _collateral(options)
    goal = goal_of(options)._replace(collateral=collateral)
    _check_goal_from_collateral(goal)
    return Instruction(FlexibleRepayment(client, coin, collateral), goal)


def parse_fixed_options(client: Client, options: Options) -> Instruction:
    """Return the instruction that the options of C(bybit_fixed_loan_repay) mean."""
    loan_id = id_of(options, "loan_id", "571") if options["loan_id"] is not None else None
    coin = coin_of(options, "loan_currency") if options["loan_currency"] is not None else None
    collateral = _collateral(options)
    check_given(options, ("loan_id", "loan_currency"), "set one of them")
    goal = goal_of(options, is_needed=bool(collateral))._replace(collateral=collateral)
    if collateral:
        _check_goal_from_collateral(goal)
    else:
        goal = _whole(goal)
        if coin is not None and not options["sweep"]:
            raise BadInput(
                f"loan_currency '{coin}' without loan_id repays all fixed {coin} contracts: set sweep to true to "
                f"confirm this, or set loan_id."
            )
    return Instruction(FixedRepayment(client, loan_id, coin, collateral), goal)


def _collateral(options: Options) -> tuple[str, ...]:
    names = options["collateral"]
    if names is None:
        return ()
    if options["fund_from"] is not None:
        raise BadInput(
            f"fund_from '{options['fund_from']}' cannot be combined with collateral, because then the exchange sells collateral and takes nothing "
            f"from the Funding wallet: omit one of them."
        )
    if not names:
        raise BadInput("collateral '[]' is empty: list the coins to sell, or omit it to repay from the Funding wallet.")
    coins = tuple(checked_coin("collateral", name) for name in names)
    for coin in coins:
        if coins.count(coin) > 1:
            raise BadInput(f"collateral lists '{coin}' more than once: list each coin once.")
    return coins


def _check_goal_from_collateral(goal: Goal) -> None:
    if goal.collateral and goal.max_ltv is not None:
        raise BadInput(
            f"max_ltv '{goal.max_ltv}' cannot be combined with collateral, because the exchange does not publish its fee "
            f"in advance: set amount or max_debt instead, or omit collateral."
        )


def _whole(goal: Goal) -> Goal:
    """Return the goal of repaying whole contracts from the Funding wallet, which is not possible by amount.

    :raises BadInput: If the goal is another one.
    """
    if goal.amount is not None:
        raise BadInput(
            f"amount '{goal.amount}' cannot be used without collateral, because the Funding wallet repays a fixed contract "
            f"only in full: omit amount, or set collateral."
        )
    if goal.max_debt:
        raise BadInput(
            f"max_debt '{goal.max_debt}' cannot be used without collateral, because the Funding wallet repays a fixed "
            f"contract only in full: set max_debt to '0', or set collateral."
        )
    return goal if goal.max_ltv is not None else goal._replace(max_debt=Decimal(0))
