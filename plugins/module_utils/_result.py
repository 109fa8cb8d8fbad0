# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repay module returns.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loan import Loan
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import CHANGED
from ansible_collections.treasury.bybit.plugins.module_utils._plan import Progress


@dataclasses.dataclass
class Result:
    """What is known so far, also when the run fails half-way; the modules' documentation describes each value."""

    order_id: str
    amount: Decimal
    outcome: str | None = None
    repay_id: str | None = None
    recovered: bool = False
    message: str = ""
    before: Loan | None = None
    after: Loan | None = None
    sent_at_ms: int | None = None
    intent_id: str | None = None
    since_ms: int | None = None
    progress: Progress | None = None
    evidence: dict[str, t.Any] | None = None
    earlier: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def conclude(self, outcome: str, message: str, after: Loan | None = None) -> None:
        self.outcome, self.message, self.after = outcome, message, after

    def add_earlier(self, intent: Intent, outcome: str) -> None:
        """Add what became of the repayment of an earlier run."""
        self.earlier.append(
            {
                "intent": intent.intent_id,
                "amount": plain(intent.amount),
                "outcome": outcome,
                "repay_id": intent.repay_id,
                "sent_at_ms": intent.sent_at_ms,
            }
        )

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "changed": self.outcome in CHANGED,
            "outcome": self.outcome,
            "repay_id": self.repay_id,
            "recovered": self.recovered,
            "order_id": self.order_id,
            "amount": plain(self.amount),
            "loan": {
                "before": self.before.as_result() if self.before else None,
                "after": self.after.as_result() if self.after else None,
            },
            "since": self._since(),
            "sent_at_ms": self.sent_at_ms,
            "intent": self.intent_id,
            "earlier": self.earlier,
            "evidence": self.evidence,
            "msg": self.message,
        }

    def diff(self) -> dict[str, dict[str, t.Any]]:
        """Return debt and LTV before and after, for C(--diff)."""
        return {"before": _debt_and_ltv(self.before), "after": _debt_and_ltv(self.after)}

    def _since(self) -> dict[str, t.Any] | None:
        if self.progress is None:
            return None
        return {
            "time_ms": self.since_ms,
            "repaid": plain(self.progress.repaid),
            "missing": plain(self.progress.missing),
        }


def _debt_and_ltv(loan: Loan | None) -> dict[str, t.Any]:
    if loan is None:
        return {}
    values = loan.as_result()
    return {name: values[name] for name in ("order_id", "coin", "debt", "ltv")}
