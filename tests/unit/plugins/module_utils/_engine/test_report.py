# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run follows from its steps, and from what ended it."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.steps import Attempt, Recovered, RunEnded
from ansible_collections.treasury.bybit.plugins.module_utils._goal import TO_FUND, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._operations.progress import Progress
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from reports import AFTER, ARITHMETIC, DECISION, DONE, EVIDENCE, FIRST, IN_DOUBT, LOAN, NOTHING, READY, REFUSED, SEEN, SENT_MS, earlier, known_by, made, paid

SECOND = dataclasses.replace(FIRST, intent_id="8f2b", amount=Decimal("0.0002"), sent_at_ms=SENT_MS + 20_000, repay_id="100")


def test_before_anything_is_known() -> None:
    assert json.loads(json.dumps(NOTHING.as_dict())) == {
        "changed": False,
        "msg": "",
        "outcome": None,
        "move": "repay",
        "repay_id": None,
        "loan_currency": "USDT",
        "collateral": [],
        "amount": "0",
        "goal_reached": None,
        "repayments": [],
        "loan": {"before": None, "after": None},
        "funding": None,
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
    assert dataclasses.replace(NOTHING, goal=Goal(Decimal(100))).as_dict()["amount"] == "100"


def test_a_report_of_one_repayment() -> None:
    told = paid(FIRST).as_dict()
    assert (told["changed"], told["outcome"], told["repay_id"]) == (True, "executed", "99")
    assert (told["amount"], told["details"]["sent_at_ms"], told["msg"]) == ("1000.4", SENT_MS, "Repaid 99.")
    assert (told["details"]["decision"], told["goal_reached"]) == (ARITHMETIC, True)
    assert told["repayments"] == [
        {"intent": "8f2a", "amount": "1000.4", "move": "repay", "coin": "USDT", "outcome": "executed", "repay_id": "99", "sent_at_ms": SENT_MS}
    ]
    assert (told["loan"]["before"]["debt"], told["loan"]["after"]["debt"]) == ("1000.4", "0")
    assert known_by(paid(FIRST)) == (False, False, None)


def test_two_repayments_are_added_up_and_the_first_gives_its_name() -> None:
    report = paid(FIRST, SECOND)
    told = report.as_dict()
    assert (told["amount"], told["repay_id"], told["details"]["sent_at_ms"]) == ("1000.4002", "99", SENT_MS)
    assert [one["repay_id"] for one in told["repayments"]] == ["99", "100"]
    assert [one["amount"] for one in told["repayments"]] == ["1000.4", "0.0002"]
    assert (told["msg"], report.warnings) == ("Repaid 99. Repaid 100.", ["Mind 99.", "Mind 100."])
    assert report.moved_so_far == Decimal("1000.4002")


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (("executed", "executed"), "executed"),
        (("executed", "pending"), "pending"),
        (("pending", "executed"), "pending"),
        (("pending", "pending"), "pending"),
    ],
)
def test_one_pending_repayment_makes_the_whole_run_pending(outcomes: tuple[str, str], outcome: str) -> None:
    told = paid(FIRST, SECOND, outcomes=outcomes).as_dict()
    assert (told["outcome"], told["changed"]) == (outcome, True)
    assert tuple(one["outcome"] for one in told["repayments"]) == outcomes


FOUND_IT = {"finding": SEEN, "evidence": EVIDENCE}


@pytest.mark.parametrize(
    ("report", "known"),
    [
        (paid(FIRST), (False, False, None)),
        # Its answer was lost.
        (paid(FIRST, **FOUND_IT), (True, True, EVIDENCE)),
        # The call returns no ID.
        (paid(dataclasses.replace(FIRST, accepted_at_ms=SENT_MS + 40), **FOUND_IT), (False, True, EVIDENCE)),
        (earlier(FIRST), (True, False, None)),
        (earlier(FIRST, **FOUND_IT), (True, True, EVIDENCE)),
    ],
)
def test_how_it_is_known(report: Report, known: tuple[object, ...]) -> None:
    assert known_by(report) == known
    # A second one that is known at once does not change that.
    assert known_by(report.with_attempt(Attempt(READY, "executed", made(SECOND), AFTER))) == known


@pytest.mark.parametrize("accepted_at_ms", [None, SENT_MS + 40], ids=["with an id", "from collateral"])
def test_a_second_one_whose_answer_was_lost_is_recovered(accepted_at_ms: int | None) -> None:
    report = paid(dataclasses.replace(FIRST, accepted_at_ms=accepted_at_ms))
    report = report.with_attempt(Attempt(READY, "executed", made(SECOND, **FOUND_IT), AFTER))
    assert (known_by(report), report.as_dict()["repay_id"]) == ((True, True, EVIDENCE), "99")


@pytest.mark.parametrize("outcome", ["executed", "pending"])
@pytest.mark.parametrize(("error", "is_known"), [(REFUSED, True), (IN_DOUBT, False)])
def test_a_failure_after_a_payment_has_changed_something(outcome: str, error: t.Any, is_known: bool) -> None:
    report = paid(FIRST, outcomes=[outcome])
    later = report.with_end(RunEnded(error)).as_dict()
    assert (later["changed"], later["outcome"]) == (True, outcome if is_known else "unknown")
    assert later["repayments"] == report.as_dict()["repayments"] != []
    assert (later["msg"], later["goal_reached"]) == (f"Repaid 99. {error}", None)
    assert later["failure"] == (REFUSED.failure._asdict() if error is REFUSED else None)


def test_a_failure_before_anything_was_decided() -> None:
    told = NOTHING.with_end(RunEnded(REFUSED)).as_dict()
    assert (told["changed"], told["outcome"], told["msg"], told["failure"]["ret_code"]) == (False, "not_executed", "It is too much.", 177011)
    assert (told["amount"], told["details"]["intent"], told["details"]["sent_at_ms"]) == ("0", None, None)


def test_a_refusal_reports_its_arithmetic() -> None:
    told = NOTHING.with_end(RunEnded(REFUSED, READY._replace(warnings=("Mind.",)))).as_dict()
    assert (told["details"]["decision"], told["goal_reached"], told["loan"]["before"]["debt"]) == (ARITHMETIC, None, "1000.4")


def test_a_report_of_a_repayment_that_was_not_executed() -> None:
    intent = dataclasses.replace(FIRST, repay_id=None)
    told = NOTHING.with_end(RunEnded(REFUSED, READY, intent, sent_at_ms=SENT_MS)).as_dict()
    assert (told["changed"], told["outcome"], told["amount"], told["repay_id"]) == (False, "not_executed", "1000.4", None)
    assert (told["details"]["sent_at_ms"], told["details"]["intent"]) == (SENT_MS, None)


def test_a_repayment_in_doubt_has_changed_nothing_that_is_known() -> None:
    intent = dataclasses.replace(FIRST, repay_id=None)
    ended = RunEnded(IN_DOUBT, READY, intent, is_open=True, sent_at_ms=SENT_MS, evidence=EVIDENCE)
    told = NOTHING.with_end(ended).as_dict()
    assert (told["changed"], told["outcome"], told["repayments"]) == (False, "unknown", [])
    details = told["details"]
    assert (told["amount"], told["repay_id"], details["sent_at_ms"]) == ("1000.4", None, SENT_MS)
    assert (details["intent"], details["evidence"]) == ("8f2a", EVIDENCE)
    # After an executed first one, the result is about that one, and also names the one in doubt.
    later = paid(SECOND).with_end(ended).as_dict()
    assert (later["repay_id"], later["amount"], later["details"]["intent"]) == ("100", "0.0002", "8f2a")


def test_a_report_of_a_plan() -> None:
    told = NOTHING.with_attempt(Attempt(READY, "planned", after=AFTER)).as_dict()
    assert (told["changed"], told["outcome"], told["amount"]) == (True, "planned", "1000.4")
    assert told["msg"] == f"Would repay 1000.4 USDT on the flexible USDT loan: {ARITHMETIC}."
    assert (told["repayments"], told["loan"]["after"]["debt"]) == ([], "0")


def test_a_report_of_a_plan_and_an_earlier_runs_repayment() -> None:
    told = earlier(SECOND).with_attempt(Attempt(READY, "planned", after=AFTER)).as_dict()
    assert (told["changed"], told["outcome"], told["amount"]) == (True, "executed", "0.0002")
    assert told["msg"] == f"Repaid 100. Would repay 1000.4 USDT on the flexible USDT loan: {ARITHMETIC}, too."
    assert told["loan"]["before"] is None


def test_a_report_of_nothing_to_do() -> None:
    preflight = READY._replace(decision=DONE)
    told = NOTHING.with_attempt(Attempt(preflight, NOTHING_TO_DO, after=LOAN, sentences=("Done.",))).as_dict()
    assert (told["changed"], told["outcome"], told["amount"], told["msg"]) == (False, "nothing_to_do", "0", "Done.")
    assert (told["details"]["decision"], told["goal_reached"], told["loan"]["after"]["debt"]) == (None, True, "1000.4")


def test_a_report_of_an_acknowledged_doubt() -> None:
    recovered = Recovered(earlier=((FIRST, "unknown"),), left_to_user="It is forgotten.", warnings=("Mind.",))
    report = NOTHING.with_recovered(recovered)
    told = report.as_dict()
    assert (told["changed"], told["outcome"], told["amount"], told["msg"]) == (False, "nothing_to_do", "0", "It is forgotten.")
    assert (report.warnings, [one["outcome"] for one in told["details"]["earlier"]]) == (["Mind."], ["unknown"])


@pytest.mark.parametrize(("shortfall", "reaches_goal"), [("", True), ("the wallet holds 5", False)])
def test_a_goal_that_was_reached_in_part_is_reported(shortfall: str, reaches_goal: bool) -> None:
    preflight = READY._replace(decision=DECISION._replace(shortfall=shortfall))
    told = NOTHING.with_attempt(Attempt(preflight, "executed", made(), AFTER, Decimal("0.00005"))).as_dict()
    assert (told["goal_reached"], told["details"]["dust"]) == (reaches_goal, "0.00005")
    second = Attempt(READY, NOTHING_TO_DO, after=AFTER, shortfall="It is more than interest can be.", evidence=EVIDENCE)
    told = paid(FIRST).with_attempt(second).as_dict()
    assert (told["goal_reached"], told["outcome"], told["details"]["evidence"]) == (False, "executed", EVIDENCE)


@pytest.mark.parametrize("is_refused", [False, True])
def test_progress(is_refused: bool) -> None:
    preflight = READY._replace(progress=Progress(Decimal("30.0"), Decimal(70)))
    report = dataclasses.replace(NOTHING, goal=Goal(Decimal(100), 1793491200000))
    report = report.with_end(RunEnded(REFUSED, preflight)) if is_refused else report.with_attempt(Attempt(preflight, "planned", after=AFTER))
    assert report.as_dict()["details"]["since"] == {"time_ms": 1793491200000, "repaid": "30", "missing": "70"}


def test_repayments_of_earlier_runs() -> None:
    told = NOTHING.with_recovered(Recovered(earlier=((SECOND, "not_executed"),))).as_dict()
    assert told["details"]["earlier"] == [
        {"intent": "8f2b", "amount": "0.0002", "move": "repay", "coin": "USDT", "outcome": "not_executed", "repay_id": "100", "sent_at_ms": SENT_MS + 20_000}
    ]
    assert told["repayments"] == []


def test_each_warning_is_reported_once_in_the_order_of_the_steps() -> None:
    report = dataclasses.replace(NOTHING, notices=("Key.",)).with_recovered(Recovered(warnings=("Earlier.",)))
    report = report.with_attempt(Attempt(READY._replace(warnings=("Read.",)), "executed", made(), AFTER, warnings=("Late.",)))
    report = report.with_end(RunEnded(REFUSED, READY._replace(warnings=("Read.",)), warnings=("End.",)))
    assert report.warnings == ["Key.", "Earlier.", "Read.", "Mind 99.", "Late.", "End."]


def test_the_difference() -> None:
    assert paid(FIRST).diff() == {
        "before_header": "the flexible USDT loan",
        "after_header": ARITHMETIC,
        "before": "debt 1000.4 USDT  LTV 0.5\n",
        "after": "debt    0   USDT\n",
    }


def test_the_difference_made_by_an_earlier_run() -> None:
    report = NOTHING.with_recovered(Recovered(made=(made(is_earlier=True)._replace(after=None),)))
    assert report.diff() == {
        "before_header": "the flexible USDT loan",
        "after_header": "the flexible USDT loan",
        "before": "debt 1000.4 USDT\n",
        "after": "",
    }


def funded(outcome: str = "executed") -> Report:
    """Return the report of a run with the transfer that its repayment needed."""
    goal = Goal(ensure=Decimal("1000.4"), move=TO_FUND)
    intent = dataclasses.replace(FIRST, intent_id="7d0c", goal=goal, amount=Decimal(380), repay_id="7d0c")
    report = dataclasses.replace(paid(intent) if outcome == "executed" else NOTHING, goal=goal, ids={"coin": "USDT"})
    return report if outcome == "executed" else report.with_attempt(Attempt(READY._replace(decision=DONE), outcome, sentences=("Done.",)))


def test_a_transfer_before_a_repayment_is_reported_separately() -> None:
    told = paid(FIRST).with_funding(funded()).as_dict()
    assert (told["changed"], told["amount"], told["repay_id"], told["msg"]) == (True, "1000.4", "99", "Repaid 7d0c. Repaid 99.")
    funding = told["funding"]
    assert (funding["coin"], funding["changed"], funding["outcome"], funding["amount"], funding["transfer_id"]) == (
        "USDT", True, "executed", "380", "7d0c"
    )
    assert [(row["transfer_id"], row["amount"]) for row in funding["transfers"]] == [("7d0c", "380")]
    assert "funding" not in funded().as_dict()


@pytest.mark.parametrize(("outcome", "is_changed"), [("executed", True), ("planned", True), ("nothing_to_do", False)])
def test_a_transfer_alone_is_a_change(outcome: str, is_changed: bool) -> None:
    nothing = NOTHING.with_attempt(Attempt(READY._replace(decision=DONE), "nothing_to_do"))
    assert nothing.with_funding(funded(outcome)).as_dict()["changed"] == is_changed
    # Even if the repayment itself failed.
    failed = NOTHING.with_end(RunEnded(Declined("No."))).with_funding(funded(outcome)).as_dict()
    assert (failed["changed"], failed["outcome"], failed["amount"]) == (is_changed, "not_executed", "0")
