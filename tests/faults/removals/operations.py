# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safeguards of adjustments of collateral and of transfers."""

from __future__ import annotations

import typing as t
import uuid

from .replacing import Removal, around, instead


def _without_moves(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """Mistake an opposite operation for the one that was sent."""
    def new_entries(intent: t.Any, observation: t.Any, others: t.Any) -> t.Any:
        entries = [entry._replace(move=intent.goal.move) for entry in observation.entries]
        return original(intent, observation._replace(entries=entries), others)

    return new_entries


def _not_incoming(original: t.Callable[..., bool]) -> t.Callable[..., bool]:
    return lambda intent, funds: not intent.goal.is_incoming and original(intent, funds)


def _only_own_lock(original: t.Callable[..., None]) -> t.Callable[..., None]:
    return lambda self, target, exclusive, timeout_ms, writes: None if target.product == "ltv" else original(self, target, exclusive, timeout_ms, writes)


def _with_new_id(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """Send another ID than the recorded one."""
    return lambda self, subject, amount, intent_id: original(self, subject, amount, str(uuid.uuid4()))


REMOVALS = (
    Removal("transfers: a request sent again after a refusal at the gate has the same ID", (
        instead("_engine.pay:_keeps_id", lambda turned_away, now: False),
    )),
    Removal("transfers: the sent ID is the recorded one", (
        around("_operations.transfer:Transfer.request", _with_new_id),
    )),
    Removal("transfers: a balance that the wallet's ledger contradicts is not trusted", (
        instead("_operations.transfer:Transfer.doubt", lambda self, subject: ""),
    )),
    Removal("transfers: a copy of a refused request may be why nothing is missing", (
        instead("_engine.gate:may_be_carried_out", lambda decision, goal: decision.kind == "move"),
    )),
    Removal("collateral: a copy of a refused request may have lowered the collateral", (
        instead("_engine.gate:has_level_fallen", lambda intent, now: False),
    )),
    Removal("moves: the opposite operation is not mistaken for it", (
        around("_reconcile.evidence:new_entries", _without_moves),
    )),
    Removal("moves: money that comes into the wallet, by its ledger and its balance", (
        around("_reconcile.evidence:has_moved", _not_incoming),
        around("_reconcile.evidence:has_balance_moved", _not_incoming),
    )),
    Removal("collateral: its level is evidence", (
        instead("_loans.subject:Pledge.levels", property(lambda self: ())),
    )),
    Removal("collateral: it is never taken back past min_ltv", (
        around("_operations.collateral_plan:_Plan.limit", lambda original: lambda self: original(self) * (1 if self.is_adding else 2)),
    )),
    Removal("the LTV: its lock keeps two runs from changing it side by side", (
        around("_journal.store:Store._await_lock", _only_own_lock),
    )),
    Removal("the LTV: operations of others with an unknown outcome", (
        instead("_engine.preflight:_unresolved_of_ltv", lambda context, entries: ""),
    )),
)
