# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps of a run, and the reports that they make."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined, Failure, OutcomeUnknown
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.steps import Attempt, Made, Preflight, Recovered
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FLEXIBLE, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import FOUND, Finding, Reconciled

SENT_MS = 1793534400000
LOAN = Loan(FLEXIBLE, None, "USDT", Decimal(1000), Decimal("0.4"), Decimal(0), OPEN, ltv=Decimal("0.5"))
PAY_OFF = Goal(max_debt=Decimal(0))
BEFORE = Baseline((("debt", Decimal("1000.40")), ("principal", Decimal(1000))), ())
FIRST = Intent("8f2a", PAY_OFF, Decimal("1000.40"), "USDT", BEFORE, SENT_MS, 5000, repay_id="99")
SEEN = Finding("executed", FOUND, HistoryEntry("99", Decimal("1000.4"), SUCCESS, True, SENT_MS), ())
EVIDENCE = {"reads": 3}
ARITHMETIC = "debt 1000.4 → 0, pay 1000.4"
AFTER = LOAN.after_paying(FIRST.amount)
DECISION = Decision(MOVE, f"1000.4 USDT on the flexible USDT loan: {ARITHMETIC}", FIRST.amount, AFTER, ARITHMETIC)
DONE = Decision(NOTHING_TO_DO, "Done.", Decimal(0), LOAN)
READY = Preflight(LOAN, [], Means(), DECISION)
NOTHING = Report({"loan_currency": "USDT", "collateral": []}, "the flexible USDT loan", PAY_OFF)
REFUSED = Declined("It is too much.", Failure(ret_code=177011))
IN_DOUBT = OutcomeUnknown("Nobody knows.")


def made(intent: Intent = FIRST, outcome: str = "executed", is_earlier: bool = False, **more: t.Any) -> Made:
    found = Reconciled(outcome, intent, **more)
    return Made(found, is_earlier, intent.amount, AFTER, (f"Repaid {intent.repay_id}.",), (f"Mind {intent.repay_id}.",))


def paid(*intents: Intent, outcomes: t.Sequence[str] = ("executed", "executed"), **more: t.Any) -> Report:
    """Return the report of a run that made these repayments."""
    report = NOTHING
    for intent, outcome in zip(intents, outcomes):
        report = report.with_attempt(Attempt(READY, outcome, made(intent, outcome, **more), AFTER))
    return report


def earlier(*intents: Intent, **more: t.Any) -> Report:
    """Return the report of a run that found these repayments of earlier runs."""
    return NOTHING.with_recovered(Recovered(made=tuple(made(intent, is_earlier=True, **more) for intent in intents)))


def known_by(report: Report) -> tuple[object, ...]:
    details = report.as_dict()["details"]
    return details["recovered"], details["inferred"], details["evidence"]
