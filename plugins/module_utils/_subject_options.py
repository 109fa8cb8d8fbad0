# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that name a loan, for each repay module: their specification, and the subject and goal that they mean.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._option_values import Options, checked_coin, coin_of, id_of
from ansible_collections.treasury.bybit.plugins.module_utils._repay_options import REPAY_RULES, goal_of
from ansible_collections.treasury.bybit.plugins.module_utils._subject import Subject
from ansible_collections.treasury.bybit.plugins.module_utils._subjects import FixedContracts, FlexibleDebt, LegacyOrder

# What holds between the options of bybit_fixed_loan_repay, as AnsibleModule takes it.
FIXED_RULES = {
    **REPAY_RULES,
    "mutually_exclusive": [*REPAY_RULES["mutually_exclusive"], ("loan_id", "loan_currency")],
    "required_one_of": [("loan_id", "loan_currency")],
}


class Ask(t.NamedTuple):
    """What a task asks for: a subject, and a goal for it."""

    subject: Subject
    goal: Goal


def legacy_ask(client: Client, options: Options) -> Ask:
    """Return what the options of C(bybit_loan_repay) ask for.

    :raises BadInput: When one of them cannot be used; the other functions raise it too.
    """
    return Ask(LegacyOrder(client, id_of(options, "order_id", "1794267532472646144")), goal_of(options))


def flexible_ask(client: Client, options: Options) -> Ask:
    """Return what the options of C(bybit_flexible_loan_repay) ask for."""
    coin, collateral = coin_of(options, "loan_currency"), _collateral(options)
    goal = goal_of(options)._replace(collateral=collateral)
    _check_goal_from_collateral(goal)
    return Ask(FlexibleDebt(client, coin, collateral), goal)


def fixed_ask(client: Client, options: Options) -> Ask:
    """Return what the options of C(bybit_fixed_loan_repay) ask for."""
    loan_id = id_of(options, "loan_id", "571") if options["loan_id"] is not None else None
    coin = coin_of(options, "loan_currency") if options["loan_currency"] is not None else None
    collateral = _collateral(options)
    if loan_id is None and coin is None:
        raise BadInput("loan_id and loan_currency are missing, or their variable is empty: give one of them.")
    goal = goal_of(options, is_needed=bool(collateral))._replace(collateral=collateral)
    if collateral:
        _check_goal_from_collateral(goal)
    else:
        goal = _whole(goal)
        if coin is not None and not options["sweep"]:
            raise BadInput(
                f"loan_currency '{coin}' without loan_id repays all fixed {coin} contracts: set sweep to true if that is "
                f"meant, or give loan_id."
            )
    return Ask(FixedContracts(client, loan_id, coin, collateral), goal)


def _collateral(options: Options) -> tuple[str, ...]:
    names = options["collateral"]
    if names is None:
        return ()
    if not names:
        raise BadInput("collateral '[]' names no coin: name the coins to sell, or leave it out to repay from the wallet.")
    coins = tuple(checked_coin("collateral", name) for name in names)
    for coin in coins:
        if coins.count(coin) > 1:
            raise BadInput(f"collateral names '{coin}' twice: name each coin once.")
    return coins


def _check_goal_from_collateral(goal: Goal) -> None:
    if goal.collateral and goal.max_ltv is not None:
        raise BadInput(
            f"max_ltv '{goal.max_ltv}' cannot be reckoned with collateral, because the exchange does not tell its fee "
            f"beforehand: give amount or max_debt, or leave collateral out."
        )


def _whole(goal: Goal) -> Goal:
    """Return the goal of repaying whole contracts from the Funding wallet, which knows no amount."""
    if goal.amount is not None:
        raise BadInput(
            f"amount '{goal.amount}' cannot be used without collateral, because the Funding wallet repays a fixed contract "
            f"only as a whole: leave amount out, or name collateral."
        )
    if goal.max_debt:
        raise BadInput(
            f"max_debt '{goal.max_debt}' cannot be used without collateral, because the Funding wallet repays a fixed "
            f"contract only as a whole: give '0', or name collateral."
        )
    return goal if goal.max_ltv is not None else goal._replace(max_debt=Decimal(0))
