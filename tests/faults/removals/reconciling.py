# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safeguards that find out the outcome of a repayment that was sent."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .replacing import Removal, around, instead


def _refusing(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """Treat an unclear answer as a refusal."""
    def post(self: t.Any, signed: t.Any) -> t.Any:
        from ansible_collections.treasury.bybit.plugins.module_utils._api.client import NOT_MADE, UNCLEAR, NotAccepted
        from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Refused

        answer = original(self, signed)
        if isinstance(answer, NotAccepted) and answer.kind == UNCLEAR:
            return NotAccepted(NOT_MADE, Refused(str(answer.error), answer.error.failure))
        return answer

    return post


REMOVALS = (
    Removal("reconciling: a lost answer counts as a refusal", (
        around("_api.client:Client.post", _refusing),
    )),
    Removal("reconciling: the wait until the acceptance window has closed", (
        instead("_reconcile.evidence:is_window_closed", lambda intent, observation: True),
        instead("_reconcile.evidence:is_margin_over", lambda intent, observation, settle_margin_ms: True),
    )),
    Removal("reconciling: this machine's own clock also closes the acceptance window", (
        instead("_reconcile.evidence:has_passed_here", lambda intent, observation, margin_ms: True),
    )),
    Removal("reconciling: the debt", (
        instead("_reconcile.evidence:unexplained_change", lambda intent, observation, settle_margin_ms: Decimal(0)),
    )),
    Removal("reconciling: an entry of another amount or of an unknown type may be the repayment", (
        instead("_reconcile.evidence:ambiguous_entries", lambda new, intent, settle_margin_ms: []),
    )),
    Removal("reconciling: the wallet's ledger", (
        instead("_reconcile.evidence:has_moved", lambda intent, funds: False),
    )),
    Removal("reconciling: the wallet's balance", (
        instead("_reconcile.evidence:has_balance_moved", lambda intent, funds: False),
    )),
    Removal("reconciling: a key that may not read the wallet's ledger waits longer", (
        instead("_reconcile.evidence:_FACTOR_WITHOUT_LEDGER", 1),
    )),
    Removal("reconciling: requests that are older than the history", (
        instead("_reconcile.evidence:is_beyond_history", lambda intent, observation: False),
    )),
    Removal("reconciling: entries that were in the history before", (
        instead("_reconcile.evidence:new_entries", lambda intent, observation, others: list(observation.entries)),
    )),
    Removal("reconciling: money that was borrowed meanwhile", (
        instead("_reconcile.evidence:borrowed_since", lambda intent, subject: Decimal(0)),
    )),
    Removal("from collateral: an accepted repayment that does not show counts as executed", (
        instead("_reconcile.evidence:is_accepted_without_trace", lambda intent, failed: False),
    )),
    Removal("whole contracts: an entry of another amount", (
        instead("_reconcile.evidence:is_price_of_whole_loan", lambda entry, intent, is_loan_closed: False),
    )),
    Removal("an ID that the history had before proves nothing", (
        instead("_reconcile.judge:was_listed_before", lambda entry, intent: False),
        instead("_reconcile.judge:was_made_before", lambda entry, intent: False),
        instead("_engine.pay:is_known_id", lambda given_id, entries, noted_ids: False),
    )),
    Removal("the amount that the history shows for an ID", (
        instead("_reconcile.reconcile:with_history_amount", lambda intent, entry: intent),
    )),
    Removal("confirming: accepted counts as executed", (
        instead("_reconcile.reconcile:has_succeeded", lambda entry: True),
    )),
)
