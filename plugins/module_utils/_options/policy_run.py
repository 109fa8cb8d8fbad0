# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All options of C(bybit_loan_policy): the policy, and what a run does with it.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import typing as t
from decimal import Decimal

from .._api.errors import BadInput
from .._goal import RunOptions
from .._policy.request import PolicyRequest
from .._redaction import quotable
from .policy import parse_policy_options, policy_argument_spec
from .policy_values import quoted_fraction
from .run import waiting_argument_spec, waiting_options_of
from .values import Options, duration_of

# What a run does: only plan, or also carry the plan out.
MODE_PLAN, MODE_APPLY = "plan", "apply"
_MAX_QUOTED = 40


class PolicyRun(t.NamedTuple):
    """What a run of a policy is asked for.

    :ivar mode: C(MODE_PLAN) or C(MODE_APPLY).
    :ivar plan_file: The absolute path to write the plan to, or to read it from; none to plan and apply at once.
    :ivar expires_after_ms: How long a written plan may be applied.
    :ivar tolerance: By which fraction of itself an amount of a plan may differ from what would be planned now.
    """

    request: PolicyRequest
    mode: str
    plan_file: str | None
    expires_after_ms: int
    tolerance: Decimal
    options: RunOptions


def policy_run_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of C(bybit_loan_policy) without those of the connection."""
    return {
        **policy_argument_spec(),
        "mode": {"type": "str", "choices": [MODE_PLAN, MODE_APPLY], "required": True},
        "plan_file": {"type": "path"},
        "plan_expires_after": {"type": "str", "default": "24h"},
        "tolerance": {"type": "raw", "default": "0.01"},
        **waiting_argument_spec(),
    }


def parse_policy_run(options: Options) -> PolicyRun:
    """Return what the options of C(bybit_loan_policy) ask for.

    :raises BadInput: If an option cannot be used.
    """
    return PolicyRun(
        request=parse_policy_options(options),
        mode=options["mode"],
        plan_file=_plan_file(options["plan_file"]),
        expires_after_ms=_expires_after_ms(options),
        tolerance=quoted_fraction("tolerance", options["tolerance"], "0.01"),
        options=waiting_options_of(options),
    )


def _plan_file(path: str | None) -> str | None:
    if path is None:
        return None
    if not path.strip():
        # Without the approved plan, a new one would be applied.
        raise BadInput(f"plan_file '{path}' is empty: set the path of a file, or omit it to plan and apply at once.")
    if not path.isprintable():
        raise BadInput(f"plan_file '{quotable(path, _MAX_QUOTED)}' is not a path of printable characters: set another path.")
    return os.path.abspath(path)


def _expires_after_ms(options: Options) -> int:
    duration_ms = duration_of(options, "plan_expires_after")
    if not duration_ms:
        given = quotable(str(options["plan_expires_after"]), _MAX_QUOTED)
        raise BadInput(f"plan_expires_after '{given}' leaves no time to apply the plan: use hours such as '12h', or days such as '3d'.")
    return duration_ms
