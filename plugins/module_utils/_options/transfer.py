# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of C(bybit_funding_transfer): specification, rules, and the instruction that they mean.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._amounts import plain
from .._api.client import Client
from .._api.errors import BadInput
from .._goal import TO_FUND, TO_UNIFIED, Goal
from .._loans.wallet import FUND, UNIFIED
from .._operations.transfer import Transfer
from .run import Instruction, check_given, check_partial_step, run_argument_spec
from .values import Options, amount_of, coin_of

# The exchange's names for the wallets.
_WALLETS = (UNIFIED, FUND)
_GOALS = ("amount", "ensure")
# The rules between options, in the form that AnsibleModule expects.
TRANSFER_RULES: dict[str, t.Any] = {"mutually_exclusive": [_GOALS], "required_one_of": [_GOALS]}


def transfer_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_funding_transfer) without those of the connection."""
    return {
        "coin": {"type": "str", "required": True},
        "amount": {"type": "raw"},
        "ensure": {"type": "raw"},
        "from_account_type": {"type": "str", "choices": list(_WALLETS), "default": UNIFIED},
        "to_account_type": {"type": "str", "choices": list(_WALLETS), "default": FUND},
        **run_argument_spec(),
    }


def parse_transfer_options(client: Client, options: Options) -> Instruction:
    """Return the instruction that the options of C(bybit_funding_transfer) mean.

    :raises BadInput: If an option cannot be used.
    """
    coin, move = coin_of(options, "coin"), _direction(options)
    return Instruction(Transfer(client, coin, move), _goal(options, move))


def _direction(options: Options) -> str:
    source, target = options["from_account_type"], options["to_account_type"]
    if source == target:
        other = FUND if source == UNIFIED else UNIFIED
        raise BadInput(f"from_account_type and to_account_type are both '{source}': set one of them to '{other}'.")
    return TO_FUND if target == FUND else TO_UNIFIED


def _goal(options: Options, move: str) -> Goal:
    check_given(options, _GOALS)
    if options["amount"] is not None:
        check_partial_step(options, "amount", "ensure")
        return Goal(amount=amount_of(options, "amount"), move=move)
    ensure = amount_of(options, "ensure")
    if ensure is not None and move != TO_FUND:
        raise BadInput(
            f"ensure '{plain(ensure)}' tops up the Funding wallet, but this transfer goes from {FUND} to {UNIFIED}: omit from_account_type "
            f"and to_account_type, or set amount instead."
        )
    return Goal(ensure=ensure, move=move)
