# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run knows so far, in the form in which the modules return it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._amounts import plain, total
from .._journal.intent import Intent
from .._loans.loan import Loan
from .._outcomes import CHANGED, NOTHING_TO_DO, PENDING, PLANNED
from .._reconcile.judge import Reconciled
from .diff import before_and_after
from .plan import Decision
from .progress import Progress


@dataclasses.dataclass
class Report:
    """What is known so far, also when the run fails half-way; the modules' documentation describes each value.

    :ivar ids: The options that name the loan.
    :ivar label: The name of the loan in messages.
    :ivar amount: What this result speaks of, as long as no repayment is made.
    :ivar made: The repayments that were made, by this run or an earlier one that could not tell it.
    """

    ids: dict[str, t.Any]
    label: str
    amount: Decimal
    since_ms: int | None = None
    outcome: str | None = None
    repay_id: str | None = None
    recovered: bool = False
    inferred: bool = False
    stories: list[str] = dataclasses.field(default_factory=list)
    made: list[Reconciled] = dataclasses.field(default_factory=list)
    before: Loan | None = None
    after: Loan | None = None
    sent_at_ms: int | None = None
    intent_id: str | None = None
    progress: Progress | None = None
    decision: Decision | None = None
    dust: Decimal = Decimal(0)
    evidence: dict[str, t.Any] | None = None
    earlier: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def speak_of(self, intent: Intent) -> None:
        """Make the result one of this repayment, whatever becomes of it."""
        self.amount, self.repay_id, self.sent_at_ms = intent.amount, intent.repay_id, intent.sent_at_ms

    def add_made(self, found: Reconciled, story: str, is_earlier: bool) -> None:
        """Add a repayment that was made."""
        self.made.append(found)
        self.stories.append(story)
        first = self.made[0].intent
        self.speak_of(first)
        self.amount = total(*(other.intent.amount for other in self.made))
        self.outcome = PENDING if any(other.outcome == PENDING for other in self.made) else found.outcome
        self.recovered = self.recovered or is_earlier or (found.finding is not None and found.intent.accepted_at_ms is None)
        self.inferred = self.inferred or found.finding is not None
        self.evidence = self.evidence or found.evidence

    def add_earlier(self, intent: Intent, outcome: str) -> None:
        """Add what became of the repayment of an earlier run."""
        self.earlier.append(_summary(intent, outcome))

    def plan(self, decision: Decision, after: Loan | None) -> None:
        """Tell what would be paid."""
        self.outcome, self.amount, self.after = PLANNED, decision.amount, after
        self.stories.append(f"Would repay {decision.message}.")

    def nothing_to_do(self, message: str, after: Loan | None = None) -> None:
        """Tell that nothing is paid."""
        self.outcome, self.amount, self.after = NOTHING_TO_DO, Decimal(0), after
        self.stories.append(message)

    def message(self) -> str:
        return " ".join(self.stories)

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "changed": self.outcome in CHANGED or bool(self.made),
            "msg": self.message(),
            "outcome": self.outcome,
            "repay_id": self.repay_id,
            **self.ids,
            "amount": plain(self.amount),
            "goal_reached": self.decision.reaches_goal if self.decision else None,
            "repayments": [_summary(found.intent, found.outcome) for found in self.made],
            "loan": {
                "before": self.before.as_result() if self.before else None,
                "after": self.after.as_result() if self.after else None,
            },
            "details": {
                "recovered": self.recovered,
                "inferred": self.inferred,
                "decision": self.decision.arithmetic or None if self.decision else None,
                "dust": plain(self.dust),
                "since": self._since(),
                "sent_at_ms": self.sent_at_ms,
                "intent": self.intent_id,
                "earlier": self.earlier,
                "evidence": self.evidence,
            },
        }

    def diff(self) -> dict[str, str]:
        """Return debt and LTV before and after, for C(--diff), under the arithmetic that led from one to the other."""
        arithmetic = self.decision.arithmetic if self.decision else ""
        before, after = before_and_after(self._before(), _debt_and_ltv(self.after))
        return {"before_header": self.label, "after_header": arithmetic or self.label, "before": before, "after": after}

    def _before(self) -> dict[str, t.Any]:
        if self.before is None and self.made:
            baseline = self.made[0].intent.baseline
            return {"coin": self.made[0].intent.coin, "debt": plain(baseline.debt)}
        return _debt_and_ltv(self.before)

    def _since(self) -> dict[str, t.Any] | None:
        if self.progress is None:
            return None
        return {
            "time_ms": self.since_ms,
            "repaid": plain(self.progress.repaid),
            "missing": plain(self.progress.missing),
        }


def _summary(intent: Intent, outcome: str) -> dict[str, t.Any]:
    return {
        "intent": intent.intent_id,
        "amount": plain(intent.amount),
        "coin": intent.coin,
        "outcome": outcome,
        "repay_id": intent.repay_id,
        "sent_at_ms": intent.sent_at_ms,
    }


def _debt_and_ltv(loan: Loan | None) -> dict[str, t.Any]:
    if loan is None:
        return {}
    values = loan.as_result()
    return {name: values[name] for name in ("coin", "debt", "ltv")}
