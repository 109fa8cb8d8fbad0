# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import FOUND, Finding, Reconciled
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FLEXIBLE, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._engine.plan import NOTHING_TO_DO, PAY, Decision
from ansible_collections.treasury.bybit.plugins.module_utils._engine.progress import Progress
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report

SENT_MS = 1793534400000
LOAN = Loan(FLEXIBLE, None, "USDT", Decimal(1000), Decimal("0.4"), Decimal(0), OPEN, ltv=Decimal("0.5"))
BEFORE = Baseline(Decimal("1000.40"), Decimal(1000), ())
FIRST = Intent("8f2a", Goal(max_debt=Decimal(0)), Decimal("1000.40"), "USDT", BEFORE, SENT_MS, 5000, repay_id="99")
SECOND = dataclasses.replace(FIRST, intent_id="8f2b", amount=Decimal("0.0002"), sent_at_ms=SENT_MS + 20_000, repay_id="100")
SEEN = Finding("executed", FOUND, HistoryEntry("99", Decimal("1000.4"), SUCCESS, True, SENT_MS), ())
EVIDENCE = {"looks": 3}
ARITHMETIC = "debt 1000.4 → 0, pay 1000.4"
DECISION = Decision(PAY, f"1000.4 USDT on the flexible USDT loan: {ARITHMETIC}", FIRST.amount, None, ARITHMETIC)


@pytest.fixture
def result() -> Report:
    return Report({"loan_currency": "USDT", "collateral": []}, "the flexible USDT loan", Decimal(0))


def made(result: Report, intent: Intent = FIRST, outcome: str = "executed", **more: t.Any) -> dict[str, t.Any]:
    is_earlier = more.pop("is_earlier", False)
    result.add_made(Reconciled(outcome, intent, **more), f"Repaid {intent.repay_id}.", is_earlier)
    return result.as_dict()


def test_before_anything_is_known(result: Report) -> None:
    assert json.loads(json.dumps(result.as_dict())) == {
        "changed": False,
        "msg": "",
        "outcome": None,
        "repay_id": None,
        "loan_currency": "USDT",
        "collateral": [],
        "amount": "0",
        "goal_reached": None,
        "repayments": [],
        "loan": {"before": None, "after": None},
        "details": {
            "recovered": False,
            "inferred": False,
            "decision": None,
            "dust": "0",
            "since": None,
            "sent_at_ms": None,
            "intent": None,
            "earlier": [],
            "evidence": None,
        },
    }


def test_one_repayment(result: Report) -> None:
    result.before, result.decision = LOAN, DECISION
    told = made(result)
    assert (told["changed"], told["outcome"], told["repay_id"]) == (True, "executed", "99")
    assert (told["amount"], told["details"]["sent_at_ms"], told["msg"]) == ("1000.4", SENT_MS, "Repaid 99.")
    details = told["details"]
    assert (details["recovered"], details["inferred"], details["evidence"]) == (False, False, None)
    assert (told["details"]["decision"], told["goal_reached"]) == (ARITHMETIC, True)
    assert told["repayments"] == [
        {"intent": "8f2a", "amount": "1000.4", "coin": "USDT", "outcome": "executed", "repay_id": "99", "sent_at_ms": SENT_MS}
    ]
    assert told["loan"]["before"]["debt"] == "1000.4" and told["loan"]["after"] is None


def test_two_repayments_are_added_up_and_the_first_gives_its_name(result: Report) -> None:
    made(result)
    told = made(result, SECOND)
    assert (told["amount"], told["repay_id"], told["details"]["sent_at_ms"]) == ("1000.4002", "99", SENT_MS)
    assert [one["repay_id"] for one in told["repayments"]] == ["99", "100"]
    assert [one["amount"] for one in told["repayments"]] == ["1000.4", "0.0002"]
    assert told["msg"] == "Repaid 99. Repaid 100."


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("executed", "executed", "executed"),
        ("executed", "pending", "pending"),
        ("pending", "executed", "pending"),
        ("pending", "pending", "pending"),
    ],
)
def test_as_long_as_one_is_pending_all_is(result: Report, first: str, second: str, outcome: str) -> None:
    made(result, FIRST, first)
    told = made(result, SECOND, second)
    assert (told["outcome"], told["changed"]) == (outcome, True)
    assert [one["outcome"] for one in told["repayments"]] == [first, second]


@pytest.mark.parametrize(
    ("intent", "more", "recovered", "inferred"),
    [
        (FIRST, {}, False, False),
        # Its answer was lost.
        (FIRST, {"finding": SEEN, "evidence": EVIDENCE}, True, True),
        # The call gives no id.
        (dataclasses.replace(FIRST, accepted_at_ms=SENT_MS + 40), {"finding": SEEN, "evidence": EVIDENCE}, False, True),
        (FIRST, {"is_earlier": True}, True, False),
        (FIRST, {"is_earlier": True, "finding": SEEN, "evidence": EVIDENCE}, True, True),
    ],
)
def test_how_it_is_known(result: Report, intent: Intent, more: dict[str, t.Any], recovered: bool, inferred: bool) -> None:
    told = made(result, intent, **more)
    details = told["details"]
    assert (details["recovered"], details["inferred"], details["evidence"]) == (recovered, inferred, more.get("evidence"))
    # A second one that is known at once takes nothing of that back.
    again = made(result, SECOND)
    details = again["details"]
    assert (details["recovered"], details["inferred"], details["evidence"]) == (recovered, inferred, more.get("evidence"))


@pytest.mark.parametrize("accepted_at_ms", [None, SENT_MS + 40], ids=["with an id", "from collateral"])
def test_a_second_one_whose_answer_was_lost_is_recovered(result: Report, accepted_at_ms: int | None) -> None:
    made(result, dataclasses.replace(FIRST, accepted_at_ms=accepted_at_ms))
    told = made(result, SECOND, finding=SEEN, evidence=EVIDENCE)
    details = told["details"]
    assert (details["recovered"], details["inferred"], details["evidence"], told["repay_id"]) == (True, True, EVIDENCE, "99")


@pytest.mark.parametrize("outcome", ["executed", "pending"])
def test_a_failure_after_a_payment_has_changed_something(result: Report, outcome: str) -> None:
    told = made(result, FIRST, outcome)
    result.outcome = "unknown"
    later = result.as_dict()
    assert (later["changed"], later["outcome"]) == (True, "unknown")
    assert later["repayments"] == told["repayments"] != []


def test_a_repayment_in_doubt_has_changed_nothing_that_is_known(result: Report) -> None:
    result.speak_of(dataclasses.replace(FIRST, repay_id=None))
    result.outcome, result.intent_id = "unknown", "8f2a"
    told = result.as_dict()
    assert (told["changed"], told["repayments"]) == (False, [])
    assert (told["amount"], told["repay_id"], told["details"]["sent_at_ms"], told["details"]["intent"]) == ("1000.4", None, SENT_MS, "8f2a")


def test_a_plan(result: Report) -> None:
    result.before, result.decision = LOAN, DECISION
    result.plan(DECISION, LOAN.after_paying(FIRST.amount))
    told = result.as_dict()
    assert (told["changed"], told["outcome"], told["amount"]) == (True, "planned", "1000.4")
    assert told["msg"] == f"Would repay 1000.4 USDT on the flexible USDT loan: {ARITHMETIC}."
    assert (told["repayments"], told["loan"]["after"]["debt"]) == ([], "0")


def test_nothing_to_do(result: Report) -> None:
    result.amount = Decimal(5)
    result.decision = Decision(NOTHING_TO_DO, "Done.", Decimal(0), LOAN)
    result.nothing_to_do("Done.", LOAN)
    told = result.as_dict()
    assert (told["changed"], told["outcome"], told["amount"], told["msg"]) == (False, "nothing_to_do", "0", "Done.")
    assert (told["details"]["decision"], told["goal_reached"], told["loan"]["after"]["debt"]) == (None, True, "1000.4")


@pytest.mark.parametrize(("shortfall", "reaches_goal"), [("", True), ("the wallet holds 5", False)])
def test_a_goal_that_was_reached_in_part_is_told(result: Report, shortfall: str, reaches_goal: bool) -> None:
    result.decision, result.dust = DECISION._replace(shortfall=shortfall), Decimal("0.00005")
    assert (result.as_dict()["goal_reached"], result.as_dict()["details"]["dust"]) == (reaches_goal, "0.00005")


def test_progress(result: Report) -> None:
    result.since_ms, result.progress = 1793491200000, Progress(Decimal("30.0"), Decimal(70))
    assert result.as_dict()["details"]["since"] == {"time_ms": 1793491200000, "repaid": "30", "missing": "70"}


def test_repayments_of_earlier_runs(result: Report) -> None:
    result.add_earlier(SECOND, "not_executed")
    assert result.as_dict()["details"]["earlier"] == [
        {"intent": "8f2b", "amount": "0.0002", "coin": "USDT", "outcome": "not_executed", "repay_id": "100", "sent_at_ms": SENT_MS + 20_000}
    ]
    assert result.as_dict()["repayments"] == []


def test_the_difference(result: Report) -> None:
    result.before, result.decision, result.after = LOAN, DECISION, LOAN.after_paying(FIRST.amount)
    assert result.diff() == {
        "before_header": "the flexible USDT loan",
        "after_header": ARITHMETIC,
        "before": "debt 1000.4 USDT  LTV 0.5\n",
        "after": "debt    0   USDT\n",
    }


def test_the_difference_when_an_earlier_run_has_made_it(result: Report) -> None:
    made(result, is_earlier=True)
    assert result.diff() == {
        "before_header": "the flexible USDT loan",
        "after_header": "the flexible USDT loan",
        "before": "debt 1000.4 USDT\n",
        "after": "",
    }
