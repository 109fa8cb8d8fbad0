# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that modules that move money share: specification, and how a run reaches its goal.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.errors import BadInput
from .._goal import Goal, RunOptions
from .._operations.base import Operation
from .._redaction import quotable
from .._times import SECOND_MS
from .connection import check_ranges
from .journal import journal_argument_spec
from .values import Options, amount_of, joined, reference_of

_RANGES = {"wait_timeout": (0, 86_400), "settle_margin": (0, 3600), "lock_timeout": (0, 86_400)}
_MAX_REFERENCE_LENGTH = 200
# The options of all modules that make a task a step.
STEPS = ("amount", "add", "take_back")


class Instruction(t.NamedTuple):
    """What the options ask for: the operation and its goal."""

    operation: Operation
    goal: Goal


def waiting_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that all modules that move money share; documented in the doc fragments C(waiting) and C(journal)."""
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 60},
        "settle_margin": {"type": "int", "default": 10},
        **journal_argument_spec(),
        "lock_timeout": {"type": "int", "default": 180},
    }


def run_argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options that all modules for one operation share; those that are not above are documented in the doc fragment C(operation)."""
    return {
        **waiting_argument_spec(),
        "at_most": {"type": "raw"},
        "allow_partial": {"type": "bool", "default": False},
        "reference": {"type": "str"},
        "acknowledge": {"type": "str"},
    }


def waiting_options_of(options: Options) -> RunOptions:
    """Return the options that say how long to wait, and what to wait for.

    :raises BadInput: If an option cannot be used.
    """
    check_ranges(options, _RANGES)
    return RunOptions(
        wait=options["wait"],
        wait_timeout_ms=options["wait_timeout"] * SECOND_MS,
        settle_margin_ms=options["settle_margin"] * SECOND_MS,
        lock_timeout_ms=options["lock_timeout"] * SECOND_MS,
        acknowledge=None,
    )


def run_options_of(options: Options) -> RunOptions:
    """Return the options that say how to reach the goal.

    :raises BadInput: If an option cannot be used.
    """
    return waiting_options_of(options)._replace(
        acknowledge=options["acknowledge"],
        at_most=amount_of(options, "at_most"),
        allow_partial=options["allow_partial"],
        reference=_reference(options),
    )


def check_given(options: Options, names: tuple[str, ...], remedy: str = "set exactly one of them") -> None:
    """Refuse options that all have no value: Ansible considers an option set even if its variable is null.

    :raises BadInput: If none of them has a value.
    """
    if all(options[name] is None for name in names):
        raise BadInput(f"{joined(names)} have no value: {remedy}.")


def check_partial_step(options: Options, step: str, goals: str) -> None:
    """Refuse C(allow_partial) for a step.

    :param step: The name of the step in the message.
    :param goals: The options to set instead.
    :raises BadInput: If it is set.
    """
    if options["allow_partial"]:
        raise BadInput(f"allow_partial 'true' has no effect on {step}, which is never moved in part: omit allow_partial, or set {goals}.")


def _reference(options: Options) -> str | None:
    """Return the reference of the step; none if the task has none.

    :raises BadInput: If it is not usable, or if the task is not a step.
    """
    reference = reference_of(options)
    if reference is None:
        return None
    if not reference.isprintable() or not 0 < len(reference) <= _MAX_REFERENCE_LENGTH or reference != reference.strip():
        raise BadInput(
            f"reference '{quotable(reference, 80)}' is not a valid name: use 1 to {_MAX_REFERENCE_LENGTH} printable characters without white space "
            f"at either end, or omit it."
        )
    steps = [name for name in STEPS if name in options]
    if all(options[name] is None for name in steps) or options.get("since") is not None:
        is_repayment = "since" in options
        step = "amount without since" if is_repayment else " or ".join(steps)
        more = "; repaying a whole fixed contract needs no reference" if is_repayment else ""
        raise BadInput(
            f"reference '{reference}' can name only a step: use it with {step}, or omit it, because a goal moves only what is "
            f"missing{more}."
        )
    return reference
