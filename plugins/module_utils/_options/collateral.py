# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of C(bybit_loan_collateral): specification, rules, and the instruction that they mean.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import BadInput
from .._goal import ADD, TAKE_BACK, Goal
from .._operations.collateral import AccountCollateral, LegacyCollateral
from .run import Instruction, check_given, check_partial_step, run_argument_spec
from .values import Options, amount_of, coin_of, fraction_of, id_of

_NAMES = ("order_id", "currency")
_GOALS = ("add", "take_back", "max_ltv", "min_ltv")
# The rules between options, in the form that AnsibleModule expects.
COLLATERAL_RULES: dict[str, t.Any] = {"mutually_exclusive": [_NAMES, _GOALS], "required_one_of": [_NAMES, _GOALS]}


def collateral_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_loan_collateral) without those of the connection."""
    return {
        "order_id": {"type": "str"},
        "currency": {"type": "str"},
        **{name: {"type": "raw"} for name in _GOALS},
        **run_argument_spec(),
    }


def parse_collateral_options(client: Client, options: Options) -> Instruction:
    """Return the instruction that the options of C(bybit_loan_collateral) mean.

    :raises BadInput: If an option cannot be used.
    """
    check_given(options, _NAMES, "set one of them")
    goal = _goal(options)
    if options["order_id"] is not None:
        return Instruction(LegacyCollateral(client, id_of(options, "order_id", "1794267532472646144"), goal.move), goal)
    return Instruction(AccountCollateral(client, coin_of(options, "currency"), goal.move), goal)


def _goal(options: Options) -> Goal:
    check_given(options, _GOALS)
    for step, move in (("add", ADD), ("take_back", TAKE_BACK)):
        if options[step] is not None:
            check_partial_step(options, step, "max_ltv or min_ltv")
            return Goal(amount=amount_of(options, step), move=move)
    max_ltv, min_ltv = fraction_of(options, "max_ltv"), fraction_of(options, "min_ltv")
    if max_ltv is not None and not max_ltv:
        raise BadInput("max_ltv '0' cannot be reached, because collateral never brings an LTV to zero: set an LTV above 0, such as '0.5', or repay.")
    if min_ltv is not None and not min_ltv:
        raise BadInput("min_ltv '0' has no effect, because no LTV is below 0: set the LTV up to which collateral is taken back, such as '0.5'.")
    return Goal(max_ltv=max_ltv, move=ADD) if max_ltv is not None else Goal(min_ltv=min_ltv, move=TAKE_BACK)
