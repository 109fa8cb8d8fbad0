# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run reports after the exchange's gate rejected a request, and what it still sends."""

from __future__ import annotations

import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import TURNED_AWAY, NotAccepted
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined, Failure, OutcomeUnknown, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import run as engine
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal, RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target

USUAL = RunOptions(True, 60_000, 10_000, 1000, None)
TARGET = Target("mainnet", "104", "legacy", "17")
TO_750 = Goal(max_debt=Decimal(750))
TOO_SMALL = Refused("The balance is too small.", Failure(ret_code=177011))

Run = t.Callable[..., Report]


def amounts(bybit: t.Any) -> list[Decimal]:
    return [amount for amount, dummy in bybit.sent]


def turn_away(bybit: t.Any, number: int, between: t.Callable[[], object]) -> None:
    """Let the gate reject a request, while something else happens during the pause.

    :param number: The number of the request, from 1.
    """
    usual = bybit.post

    def post(signed: t.Any) -> t.Any:
        if len(bybit.sent) != number - 1:
            return usual(signed)
        bybit.posted_at_ms = bybit.now_ms()
        bybit.sent.append((Decimal(signed.prepared.payload), bybit.now_ms()))
        between()
        bybit.clock.pass_ms(1050)
        return NotAccepted(TURNED_AWAY, Refused("too many requests", Failure(ret_code=10006), "Run fewer at once."))

    bybit.post = post


def has_appeared(report: Report, amount: str) -> bool:
    return any(f"of {amount} USDT" in warning and "While" in warning for warning in report.warnings)


@pytest.mark.parametrize("trouble", [TOO_SMALL, OutcomeUnknown("no answer came")], ids=["refused", "lost"])
def test_a_repayment_that_appeared_is_reported_although_the_next_request_fails(run: Run, bybit: t.Any, trouble: Exception) -> None:
    turn_away(bybit, 1, lambda: bybit.commit(Decimal(7)))
    bybit.troubles = [trouble]
    report = run(TO_750, error=type(trouble), wait_timeout_ms=12_000)
    assert amounts(bybit) == [Decimal("250.4"), Decimal("243.4")]
    assert has_appeared(report, "7")


def test_a_refusal_is_quoted_without_its_remedy(run: Run, bybit: t.Any) -> None:
    def hide() -> None:
        bybit.unreadable = ReadFailed("No answer from the exchange", None, "Check the network.")

    turn_away(bybit, 1, hide)
    message = run(TO_750, error=OutcomeUnknown, wait_timeout_ms=12_000).message
    cause = "too many requests. After that, this run could not read the state again (No answer from the exchange)"
    assert f"was made: {cause}, and the exchange could not be read (No answer from the exchange). It was sent at " in message


def test_a_repayment_that_appeared_is_reported_after_a_second_failed_round(run: Run, bybit: t.Any) -> None:
    bybit.accruals, bybit.troubles = ["0.0009"], [None, TOO_SMALL]
    turn_away(bybit, 2, lambda: bybit.commit(Decimal("0.0003")))
    report = run(TO_750)
    assert amounts(bybit) == [Decimal("250.4"), Decimal("0.0009"), Decimal("0.0006")]
    assert (report.outcome, has_appeared(report, "0.0003")) == ("executed", True)


def test_the_cap_of_a_sweep_is_warned_of_after_the_gate_too(run: Run, bybit: t.Any) -> None:
    bybit.terms = bybit.terms._replace(is_whole=True, is_sweep=True)
    turn_away(bybit, 1, lambda: None)
    report = run(at_most=Decimal(2000))
    assert [warning for warning in report.warnings if warning.startswith("at_most is")]


def test_where_the_gate_leaves_only_a_rest_nothing_more_is_sent(run: Run, bybit: t.Any) -> None:
    """Somebody, or a copy of the request, has paid everything except a rest with more decimal places than the exchange lists."""
    bybit.debt = Decimal("1000.40003")
    turn_away(bybit, 1, lambda: bybit.commit(Decimal("1000.4")))
    report = run()
    assert (amounts(bybit), report.outcome) == ([Decimal("1000.4")], "nothing_to_do")


@pytest.mark.parametrize("accrued", ["0.0007", "5"])
def test_more_is_owed_after_the_rest_was_paid_than_the_goal_allows(run: Run, bybit: t.Any, accrued: str) -> None:
    bybit.debt, bybit.accruals = Decimal("0.00003"), [accrued]
    report = run()
    result = report.as_dict()
    assert (amounts(bybit), result["loan"]["after"]["debt"], result["goal_reached"]) == ([Decimal("0.00003")], accrued, False)
    assert any("is still owed, more than max_debt" in warning for warning in report.warnings)


def test_a_rest_does_not_become_a_repayment_of_what_was_borrowed_meanwhile(run: Run, bybit: t.Any) -> None:
    bybit.debt = Decimal("0.00003")

    def borrow() -> None:
        bybit.debt += 500

    turn_away(bybit, 1, borrow)
    report = run(error=Declined)
    assert (amounts(bybit), "something was probably borrowed" in report.message) == ([Decimal("0.00003")], True)


@pytest.mark.parametrize(
    ("goal", "outcome"), [(Goal(Decimal(100)), "unknown"), (Goal(max_debt=Decimal(750)), "not_executed")], ids=["step", "goal"]
)
def test_an_overtaken_run_does_not_claim_the_other_runs_repayment(
    bybit: t.Any, clock: t.Any, journal_path: Path, goal: Goal, outcome: str
) -> None:
    """It was delayed so long that its request is rejected, and the other run paid meanwhile."""

    def overtake() -> None:
        for lock in journal_path.parent.glob("*.lock"):
            lock.unlink()
        clock.pass_ms(120_000)
        with Journal(Store(SqliteDatabase(str(journal_path), clock), TARGET, clock)) as other:
            assert engine(new_context(bybit, bybit, other, Goal(Decimal(100)), USUAL)).outcome == "executed"
            other.close(True)

    turn_away(bybit, 1, overtake)
    with Journal(Store(SqliteDatabase(str(journal_path), clock), TARGET, clock)) as journal:
        report = engine(new_context(bybit, bybit, journal, goal, USUAL))
    assert (report.as_dict()["changed"], report.outcome) == (False, outcome)
    assert "Another run" in report.message and "Nothing more is sent. Run again." in report.message
    assert "acknowledge" not in report.message
    assert len(bybit.sent) == 2


def test_a_defect_after_a_refusal_leaves_the_intent_open(run: Run, bybit: t.Any, store: Store) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    bybit.troubles = [Refused("No such order.", Failure(ret_code=177005))]
    usual = bybit.post

    def post(signed: t.Any) -> t.Any:
        answer = usual(signed)
        bybit.find = break_down
        return answer

    bybit.post = post
    with Journal(store) as journal:
        report = engine(new_context(bybit, bybit, journal, Goal(max_debt=Decimal(0)), USUAL))
    assert (report.outcome, report.as_dict()["changed"]) == ("unknown", False)


def test_a_copy_that_was_executed_is_reported_where_nothing_is_left_to_do(run: Run, bybit: t.Any) -> None:
    turn_away(bybit, 1, lambda: bybit.commit(Decimal("1000.4")))
    report = run()
    assert (report.outcome, has_appeared(report, "1000.4")) == ("nothing_to_do", True)
