# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that the repay modules share: argument specification and validation.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import re
import typing as t
from decimal import Decimal

from ansible.module_utils.basic import env_fallback

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import InvalidAmount, parse_amount
from ansible_collections.treasury.bybit.plugins.module_utils._connection import check_ranges
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._repayment import Manner
from ansible_collections.treasury.bybit.plugins.module_utils._times import SECOND_MS, InvalidTime, parse_moment

_RANGES = {"wait_timeout": (0, 86_400), "settle_margin": (0, 3600), "lock_timeout": (0, 86_400)}


def repay_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that every repay module shares; documented in the doc fragment C(repayment)."""
    return {
        "amount": {"type": "raw", "required": True},
        "since": {"type": "str"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 60},
        "settle_margin": {"type": "int", "default": 10},
        "state_dir": {
            "type": "path",
            "default": "~/.local/state/treasury.bybit",
            "fallback": (env_fallback, ["BYBIT_STATE_DIR"]),
        },
        "lock_timeout": {"type": "int", "default": 180},
        "acknowledge": {"type": "str"},
    }


def goal_of(options: dict[str, t.Any]) -> Goal:
    """Return what the options ask for.

    :raises BadInput: When C(amount) or C(since) cannot be used.
    """
    return Goal(_amount(options["amount"]), _since(options["since"]))


def manner_of(options: dict[str, t.Any]) -> Manner:
    """Return how the options want it to be done.

    :raises BadInput: When one of them is out of range.
    """
    check_ranges(options, _RANGES)
    return Manner(
        wait=options["wait"],
        wait_timeout_ms=options["wait_timeout"] * SECOND_MS,
        settle_margin_ms=options["settle_margin"] * SECOND_MS,
        lock_timeout_ms=options["lock_timeout"] * SECOND_MS,
        acknowledge=options["acknowledge"],
    )


def order_id_of(options: dict[str, t.Any]) -> str:
    """Return the id of the loan order.

    :raises BadInput: When it cannot be one.
    """
    order_id = options["order_id"].strip()
    if not re.fullmatch("[0-9A-Za-z_-]{1,64}", order_id):
        raise BadInput(
            f"order_id '{order_id[:64]}' is not an order id: give it as the exchange shows it, "
            f"such as '1794267532472646144'."
        )
    return order_id


def state_dir_of(options: dict[str, t.Any]) -> str:
    """Return the directory of the intents.

    :raises BadInput: When it would be another one for each working directory.
    """
    state_dir = options["state_dir"]
    if not os.path.isabs(state_dir):
        raise BadInput(
            f"state_dir '{state_dir}' is not an absolute path: give one such as '/var/lib/treasury', so that every run "
            f"finds what an earlier one has noted."
        )
    return state_dir


def _amount(amount: object) -> Decimal:
    try:
        return parse_amount(amount)
    except InvalidAmount as error:
        raise BadInput(f"amount cannot be used: {error}.") from None


def _since(since: str | None) -> int | None:
    if since is None:
        return None
    try:
        return parse_moment(since)
    except InvalidTime as error:
        raise BadInput(f"since cannot be used: {error}.") from None
