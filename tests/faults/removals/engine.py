# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What decides how much is still to be paid, and whether anything is."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .replacing import Removal, around, instead


def _trusting(original: t.Any) -> t.Callable[..., t.Any]:
    """Believe each reading of a debt at once."""
    return lambda snapshot, before, margin_ms: original.__globals__["FreshnessCheck"](None, before)


def _sending_goals_again(original: t.Any) -> t.Callable[..., t.Any]:
    """Decide a goal on what was known when the gate turned its repayment away."""
    def redecide(context: t.Any, before: t.Any, intent: t.Any, refusal: t.Any) -> t.Any:
        if context.goal.is_declarative:
            return original.__globals__["Redecision"](before)
        return original(context, before, intent, refusal)

    return redecide


REMOVALS = (
    Removal("the goal: an earlier repayment answers the same goal only", (
        instead("_engine.recover:is_same_step", lambda intent, context: True),
    )),
    Removal("since: what is accepted but not shown yet", (
        around("_operations.progress:progress_of", lambda original: lambda amount, since_ms, entries, missing_from_history: original(
            amount, since_ms, entries, []
        )),
    )),
    Removal("goals of the debt: the wait until what was repaid just now shows", (
        around("_engine.freshness:check_freshness", _trusting),
    )),
    Removal("goals of the debt: the wait until the debt has fallen", (
        instead("_engine.conclude:must_await_change", lambda goal, outcome, is_earlier: False),
    )),
    Removal("goals of the debt: the most that accrued interest can be", (
        instead("_engine.run:MAX_ACCRUED", Decimal(1)),
    )),
    Removal("the gate: a goal is decided again", (
        around("_engine.gate:redecide", _sending_goals_again),
    )),
    Removal("the gate: a step is looked for when the history shows a new entry", (
        instead("_engine.gate:may_show_it", lambda news, goal, decision: False),
    )),
    Removal("the gate: the wait for the history when money has moved", (
        instead("_engine.gate:must_await_entry", lambda movements, intent, before, now: False),
    )),
    Removal("the cap: at_most with allow_partial", (
        around("_operations.repayment_plan:decide", lambda original: lambda terms, loan, goal, means, progress=None: original(
            terms, loan, goal, means._replace(at_most=None), progress
        )),
    )),
)
