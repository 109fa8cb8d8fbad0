# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say what a repay module shall reach and how sure to be: their specification, and what they mean.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import typing as t
from decimal import Decimal

from ansible.module_utils.basic import env_fallback

from ansible_collections.treasury.bybit.plugins.module_utils._connection import check_ranges
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._manner import Manner
from ansible_collections.treasury.bybit.plugins.module_utils._option_values import amount_of, fraction_of, moment_of
from ansible_collections.treasury.bybit.plugins.module_utils._times import SECOND_MS

_RANGES = {"wait_timeout": (0, 86_400), "settle_margin": (0, 3600), "lock_timeout": (0, 86_400)}
_GOALS = ("amount", "max_debt", "max_ltv")
# What holds between the options of every repay module, as AnsibleModule takes it.
REPAY_RULES: dict[str, t.Any] = {"mutually_exclusive": [_GOALS], "required_by": {"since": ("amount",)}}
ONE_GOAL = {"required_one_of": [_GOALS]}


def repay_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that every repay module shares; documented in the doc fragment C(repayment)."""
    return {
        "amount": {"type": "raw"},
        "since": {"type": "str"},
        "max_debt": {"type": "raw"},
        "max_ltv": {"type": "raw"},
        "at_most": {"type": "raw"},
        "allow_partial": {"type": "bool", "default": False},
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


def goal_of(options: dict[str, t.Any], is_needed: bool = True) -> Goal:
    """Return what the options ask for; the goal's own amount only, not yet from where.

    :raises BadInput: When an option cannot be used.
    """
    if is_needed and all(options[name] is None for name in _GOALS):
        # Ansible counts an option as given whose variable is null.
        raise BadInput(f"{', '.join(_GOALS)} are missing, or their variable is empty: give just one of them.")
    if options["allow_partial"] and options["amount"] is not None and options["since"] is None:
        raise BadInput(
            "allow_partial 'true' has no meaning with amount alone, of which no part is paid: leave allow_partial out, or give "
            "since, max_debt or max_ltv."
        )
    return Goal(
        amount=amount_of(options, "amount"),
        since_ms=moment_of(options, "since"),
        max_debt=amount_of(options, "max_debt", zero_allowed=True),
        max_ltv=_max_ltv(options),
    )


def manner_of(options: dict[str, t.Any]) -> Manner:
    """Return how the options want it to be done.

    :raises BadInput: When one of them cannot be used.
    """
    check_ranges(options, _RANGES)
    return Manner(
        wait=options["wait"],
        wait_timeout_ms=options["wait_timeout"] * SECOND_MS,
        settle_margin_ms=options["settle_margin"] * SECOND_MS,
        lock_timeout_ms=options["lock_timeout"] * SECOND_MS,
        acknowledge=options["acknowledge"],
        at_most=amount_of(options, "at_most"),
        allow_partial=options["allow_partial"],
    )


def state_dir_of(options: dict[str, t.Any]) -> str:
    """Return the directory of the intents.

    :raises BadInput: When it would be another one for each working directory.
    """
    state_dir: str = options["state_dir"]
    if not os.path.isabs(state_dir):
        raise BadInput(
            f"state_dir '{state_dir}' is not an absolute path: give one such as '/var/lib/treasury', so that every run "
            f"finds what an earlier one has noted."
        )
    return state_dir


def _max_ltv(options: dict[str, t.Any]) -> Decimal | None:
    max_ltv = fraction_of(options, "max_ltv")
    if max_ltv is not None and not max_ltv:
        raise BadInput("max_ltv '0' is not a fraction between 0 and 1: give max_debt '0' to repay all.")
    return max_ltv
