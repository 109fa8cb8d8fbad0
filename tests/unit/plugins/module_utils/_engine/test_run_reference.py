# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference names one step of an account: whatever happens, it is executed once, and every later run reports it."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined, Failure, NotExecuted, OutcomeUnknown, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS

HUNDRED = Goal(Decimal(100))
LOST = OutcomeUnknown("no answer came", Failure(http_status=502))
# The exchange says that it accepted it, and nothing shows it.
IN_DOUBT = OutcomeUnknown("Bybit reported success without repayId", Failure(ret_code=0, http_status=200))

Run = t.Callable[..., Report]


def amounts(bybit: t.Any) -> list[str]:
    return [plain(amount) for amount, dummy in bybit.sent]


def told(report: Report) -> tuple[object, ...]:
    result = report.as_dict()
    return result["changed"], result["outcome"], result["amount"], result["repay_id"], len(result["repayments"])


def as_status(bybit: t.Any, status: str) -> None:
    """Let the history show all repayments with this status."""
    bybit.entries = [(since_ms, entry._replace(status=status)) for since_ms, entry in bybit.entries]


def test_a_step_that_was_repaid_under_a_reference_is_never_repaid_again(run: Run, bybit: t.Any) -> None:
    first = run(HUNDRED, reference="INV-7")
    assert told(first) == (True, "executed", "100", "100", 1)
    sent_at_ms = first.as_dict()["details"]["sent_at_ms"]
    for days in (0, 1, 400):
        bybit.clock.pass_ms(days * 86_400_000)
        again = run(HUNDRED, reference="INV-7")
        assert told(again) == (False, "executed", "100", "100", 0)
        assert (again.as_dict()["goal_reached"], again.as_dict()["details"]["sent_at_ms"]) == (True, sent_at_ms)
    assert again.message == (
        "Nothing was sent: reference 'INV-7' was already used for 100 USDT on loan 17 (repayment 100), which was sent at 2026-11-01 12:00:00 UTC and was "
        "executed."
    )
    assert amounts(bybit) == ["100"]


def test_check_mode_foresees_it(run: Run, bybit: t.Any) -> None:
    assert run(HUNDRED, check_mode=True, reference="INV-7").outcome == "planned"
    run(HUNDRED, reference="INV-7")
    assert told(run(HUNDRED, check_mode=True, reference="INV-7")) == (False, "executed", "100", "100", 0)
    assert amounts(bybit) == ["100"]


def test_other_references_and_none_are_other_steps(run: Run, bybit: t.Any) -> None:
    for reference in ("INV-7", "INV-8", None):
        assert run(HUNDRED, reference=reference).outcome == "executed"
    assert amounts(bybit) == ["100"] * 3


@pytest.mark.parametrize("goal", [Goal(Decimal(101)), Goal(Decimal(100), collateral=("BTC",))], ids=["amount", "collateral"])
def test_a_reference_cannot_name_something_else(run: Run, bybit: t.Any, goal: Goal) -> None:
    run(HUNDRED, reference="INV-7")
    report = run(goal, error=Declined, reference="INV-7")
    assert report.message == (
        "reference 'INV-7' was already used for the repayment of 100 USDT on the legacy loan 17, sent at 2026-11-01 12:00:00 UTC. "
        "Nothing was sent: use another reference for this step."
    )
    assert (told(report)[:2], amounts(bybit)) == ((False, "not_executed"), ["100"])


def test_a_reference_of_another_loan_cannot_name_this_one(run: Run, bybit: t.Any, new_store: t.Callable[..., Store]) -> None:
    other = new_store(Target("mainnet", "104", "flexible", "USDT"))
    other.acquire(0)
    before = Baseline((("debt", Decimal(1)), ("principal", Decimal(1))), ())
    intent = Intent("8f2a", HUNDRED, Decimal(100), "USDT", before, 1793534400000, 5000, reference="INV-7")
    other.write([Change(Record(intent, DONE, SIGNED), (Event(SIGNED, ""),), is_new=True)])
    other.release()
    assert "on the flexible loan USDT" in run(HUNDRED, error=Declined, reference="INV-7").message
    assert bybit.sent == []


@pytest.mark.parametrize(
    ("trouble", "error"), [(Refused("The balance is too small.", Failure(ret_code=177011)), Refused), (LOST, NotExecuted)], ids=["refused", "lost"]
)
def test_a_step_that_was_certainly_not_executed_is_sent_by_the_next_run(run: Run, bybit: t.Any, trouble: Exception, error: type[Exception]) -> None:
    bybit.troubles = [trouble]
    run(HUNDRED, error=error, reference="INV-7")
    assert told(run(HUNDRED, reference="INV-7"))[:3] == (True, "executed", "100")
    assert told(run(HUNDRED, reference="INV-7"))[:3] == (False, "executed", "100")
    assert amounts(bybit) == ["100", "100"]


def test_a_step_that_may_have_been_executed_is_not_sent_again(run: Run, bybit: t.Any) -> None:
    bybit.troubles = [IN_DOUBT]
    run(HUNDRED, error=OutcomeUnknown, reference="INV-7")
    for reference in ("INV-7", "INV-8", None):
        run(HUNDRED, error=OutcomeUnknown, reference=reference)
    assert amounts(bybit) == ["100"]


def test_the_next_run_reports_what_a_killed_run_sent(run: Run, bybit: t.Any, store: Store) -> None:
    before = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), ())
    with Journal(store) as killed:
        killed.begin(False, 0)
        killed.note(Intent("8f2a", HUNDRED, Decimal(100), "USDT", before, bybit.now_ms(), 5000, reference="INV-7"))
        bybit.commit(Decimal(100))
    bybit.clock.pass_ms(60_000)
    found = run(HUNDRED, reference="INV-7")
    assert (told(found), found.as_dict()["details"]["recovered"]) == ((True, "executed", "100", "100", 1), True)
    assert told(run(HUNDRED, reference="INV-7")) == (False, "executed", "100", "100", 0)
    assert bybit.sent == []


def test_a_report_that_reached_nobody_still_answers_after_any_time(run: Run, bybit: t.Any, store: Store) -> None:
    before = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), ())
    intent = Intent("8f2a", HUNDRED, Decimal(100), "USDT", before, bybit.now_ms(), 5000, reference="INV-7")
    with Journal(store) as unheard:
        unheard.begin(False, 0)
        unheard.note(intent)
        made = dataclasses.replace(intent, repay_id=bybit.commit(Decimal(100)))
        unheard.note(made)
        unheard.mark_made(made, True, "the history shows it")
        unheard.leave_open(bybit.now_ms())
    bybit.clock.pass_ms(30 * 86_400_000)
    assert told(run(HUNDRED, reference="INV-7"))[1:] == ("executed", "100", "100", 1)
    assert bybit.sent == []


def test_an_acknowledged_step_is_not_sent_under_its_reference(run: Run, bybit: t.Any) -> None:
    bybit.troubles = [IN_DOUBT]
    named = run(HUNDRED, error=OutcomeUnknown, reference="INV-7").as_dict()["details"]["intent"]
    assert "is discarded, because acknowledge names it" in run(HUNDRED, reference="INV-7", acknowledge=named).message
    report = run(HUNDRED, error=Declined, reference="INV-7")
    assert report.message == (
        "reference 'INV-7' was already used for 100 USDT on loan 17, sent at 2026-11-01 12:00:00 UTC; its unknown outcome was "
        "acknowledged. Nothing was sent: if it still needs to be repaid, use another reference for this step."
    )
    assert amounts(bybit) == ["100"]
    assert run(HUNDRED, reference="INV-7-again").outcome == "executed"


@pytest.mark.parametrize(
    ("becomes", "answer", "sent"),
    [(PROCESSING, (False, "pending"), 1), (SUCCESS, (False, "executed"), 1), (FAILED, (True, "executed"), 2)],
)
def test_an_accepted_step_is_looked_for_again(run: Run, bybit: t.Any, becomes: str, answer: tuple[object, ...], sent: int) -> None:
    bybit.new_status = PROCESSING
    assert told(run(HUNDRED, reference="INV-7", wait=False))[:2] == (True, "pending")
    bybit.new_status = SUCCESS
    as_status(bybit, becomes)
    if becomes == FAILED:
        bybit.falls.clear()
    bybit.clock.pass_ms(3600_000)
    report = run(HUNDRED, reference="INV-7")
    assert told(report)[:2] == answer
    assert len(bybit.sent) == sent
    if becomes == PROCESSING:
        assert report.message.endswith(" and was accepted and is still pending.")
    again = told(run(HUNDRED, reference="INV-7"))
    assert (again[0], len(bybit.sent)) == (False, sent)
