# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What decides how much is still to be paid, and whether anything is."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .replacing import Edit, Removal, around, instead


def _sending_again(self: t.Any, turned: t.Any, before: t.Any, most: t.Any, is_rest: bool) -> t.Any:
    self._journal.forget(turned.intent)
    return before


def _undecided(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    def decide_anew(self: t.Any, turned: t.Any, before: t.Any, most: t.Any, is_rest: bool) -> t.Any:
        decide = _sending_again if self._goal.is_declarative else original
        return decide(self, turned, before, most, is_rest)

    return decide_anew


REMOVALS = (
    Removal("the goal: any earlier repayment answers a run", (), (
        Edit("_engine/recover.py", "if intent.goal == goal and found", "if found"),
    )),
    Removal("since: what is accepted but not shown yet", (
        around("_engine.progress:progress_of", lambda original: lambda amount, since_ms, entries, unseen: original(
            amount, since_ms, entries, []
        )),
    )),
    Removal("goals of the debt: the wait until what was repaid just now shows", (
        instead("_engine.preflight:Preparation._until_settled_ms", lambda self, prepared, begun_ms: None),
    )),
    Removal("goals of the debt: the wait until the debt has fallen", (
        around("_reconcile.poll:Poller.see_fall", lambda original: lambda self, intent, deadline_ms: original(self, intent, 0)),
    )),
    Removal("goals of the debt: the most that accrued interest can be", (
        instead("_engine.run:_MOST_ACCRUED", Decimal(1)),
    )),
    Removal("the gate: a goal is decided anew", (
        around("_engine.run:Repayment._decide_anew", _undecided),
    )),
    Removal("the gate: the wait for the history when money has moved", (
        instead("_engine.run:Repayment._await_entry", lambda self, intent: None),
    )),
    Removal("the gate: a step is looked for when the history shows a new entry", (), (
        Edit("_engine/run.py", "        if news and (not self._goal.is_declarative or now.decision.kind == DECLINE):\n", "        if False:\n"),
    )),
    Removal("the cap: at_most with allow_partial", (
        around("_engine.plan:decide", lambda original: lambda traits, loan, goal, means, progress=None: original(
            traits, loan, goal, means._replace(at_most=None), progress
        )),
    )),
)
