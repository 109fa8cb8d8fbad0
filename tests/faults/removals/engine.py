# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safeguards that decide whether and how much to pay."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .replacing import Removal, around, instead


def _trusting(original: t.Any) -> t.Callable[..., t.Any]:
    """Trust every reading of a debt at once."""
    return lambda snapshot, before, margin_ms: original.__globals__["FreshnessCheck"](None, before)


def _sending_goals_again(original: t.Any) -> t.Callable[..., t.Any]:
    """Send a goal's repayment again after a refusal at the gate, without deciding anew."""
    def redecide(context: t.Any, before: t.Any, intent: t.Any, refusal: t.Any) -> t.Any:
        if context.goal.is_declarative:
            return original.__globals__["Redecision"](before)
        return original(context, before, intent, refusal)

    return redecide


REMOVALS = (
    Removal("the goal: an earlier repayment answers only the same goal", (
        instead("_engine.recover:is_same_step", lambda intent, context: True),
    )),
    Removal("since: repayments that are accepted but not shown yet count", (
        around("_operations.progress:progress_of", lambda original: lambda amount, since_ms, entries, missing_from_history: original(
            amount, since_ms, entries, []
        )),
    )),
    Removal("goals for the debt: the wait until a recent repayment shows", (
        around("_engine.freshness:check_freshness", _trusting),
    )),
    Removal("goals for the debt: the wait until the debt has fallen", (
        instead("_engine.conclude:must_await_change", lambda goal, outcome, is_earlier: False),
    )),
    Removal("goals for the debt: the upper limit of accrued interest", (
        instead("_engine.rest:MAX_ACCRUED", Decimal(1)),
    )),
    Removal("the gate: a goal is decided anew", (
        around("_engine.gate:redecide", _sending_goals_again),
    )),
    Removal("the gate: a new entry in the history may be the step", (
        instead("_engine.gate:may_show_it", lambda news, goal, decision: False),
    )),
    Removal("the gate: the wait for the history after money has moved", (
        instead("_engine.gate:must_await_entry", lambda movements, intent, before, now: False),
    )),
    Removal("the cap: at_most with allow_partial", (
        around("_operations.repayment_plan:decide", lambda original: lambda terms, loan, goal, means, progress=None: original(
            terms, loan, goal, means._replace(at_most=None), progress
        )),
    )),
)
