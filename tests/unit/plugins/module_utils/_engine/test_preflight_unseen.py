# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repayment that was accepted is kept in mind until history and debt show it, because what is missing would be paid twice."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined, ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._goal import RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._engine.preflight import Preparation
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import Repayment
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.poll import Poller

MARGIN_MS = 10_000
BLIND_MS = 60 * MARGIN_MS
TO_750 = Goal(max_debt=Decimal(750))


@pytest.fixture
def journal(begin: t.Callable[[], Journal]) -> Journal:
    return begin()


@pytest.fixture
def preparation(bybit: t.Any, journal: Journal) -> Preparation:
    run_options = RunOptions(True, 60_000, MARGIN_MS, 1000, None)
    return Preparation(bybit, bybit, journal, Poller(bybit, bybit, MARGIN_MS), TO_750, run_options, Report({}, "loan 17", Decimal(0)))


def accepted(bybit: t.Any, journal: Journal, repay_id: str = "100") -> Intent:
    """Note a repayment of 100 that an earlier run has told."""
    before = Baseline(Decimal("1000.4"), Decimal("1000.4"), ())
    intent = Intent(f"of {repay_id}", TO_750, Decimal(100), "USDT", before, bybit.now_ms(), 5000, repay_id=repay_id, told=True)
    journal.note(intent)
    return intent


@pytest.mark.parametrize(
    ("in_history", "in_debt", "is_kept"),
    [
        ("", False, True), (SUCCESS, False, True), (PROCESSING, False, True), (PROCESSING, True, True), ("", True, True),
        (SUCCESS, True, False),
    ],
)
def test_it_is_kept_until_history_and_debt_show_it(
    preparation: Preparation, journal: Journal, bybit: t.Any, in_history: str, in_debt: bool, is_kept: bool
) -> None:
    intent = accepted(bybit, journal)
    if in_history:
        bybit.entries.append((0, HistoryEntry("100", Decimal(100), in_history, True, bybit.now_ms())))
    if in_debt:
        bybit.debt -= 100
    unseen = preparation.unseen(bybit.history(), bybit.find())
    # What the history does not show is what a sum has to wait for.
    assert unseen == ([] if in_history else [intent])
    assert journal.unseen() == ([intent] if is_kept else [])


def test_without_the_debt_nothing_is_forgotten(preparation: Preparation, journal: Journal, bybit: t.Any) -> None:
    intent = accepted(bybit, journal)
    bybit.commit(Decimal(100))
    assert preparation.unseen(bybit.history()) == []
    assert journal.unseen() == [intent]


@pytest.mark.parametrize(("age_ms", "is_kept"), [(5000 + BLIND_MS, True), (5001 + BLIND_MS, False)])
def test_a_debt_that_never_shows_it_is_believed_after_a_long_time(
    preparation: Preparation, journal: Journal, bybit: t.Any, age_ms: int, is_kept: bool
) -> None:
    accepted(bybit, journal)
    bybit.debt_lag_ms = 10**9
    bybit.commit(Decimal(100))
    bybit.clock.pass_ms(age_ms)
    preparation.unseen(bybit.history(), bybit.find())
    assert bool(journal.unseen()) == is_kept


def test_a_fall_for_one_is_not_taken_for_two(preparation: Preparation, journal: Journal, bybit: t.Any) -> None:
    accepted(bybit, journal, "100")
    second = accepted(bybit, journal, "101")
    for dummy in range(2):
        bybit.commit(Decimal(100))
    bybit.falls.pop()
    preparation.unseen(bybit.history(), bybit.find())
    assert journal.unseen() == [second]


@pytest.mark.parametrize(
    ("debt", "others", "by_owner", "is_kept"),
    [
        ("900.4", False, None, False), ("1000.4", False, None, True), ("900.4", True, None, True),
        # What somebody else has repaid must be in the debt as well.
        ("900.4", False, "100", True), ("800.4", False, "100", False), ("860", False, "40.4", False),
    ],
)
def test_the_only_one_is_seen_in_the_debt_at_once(
    preparation: Preparation, journal: Journal, bybit: t.Any, debt: str, others: bool, by_owner: str | None, is_kept: bool
) -> None:
    intent = accepted(bybit, journal)
    if others:
        accepted(bybit, journal, "101")
    entries = [HistoryEntry("500", Decimal(by_owner), SUCCESS, True, bybit.now_ms())] if by_owner else []
    bybit.debt = Decimal(debt)
    preparation.see_alone(intent, entries, bybit.find())
    assert (intent in journal.unseen()) == is_kept


def pay_until_reached(run: t.Callable[..., Repayment], bybit: t.Any) -> None:
    """Run again as an operator would, at least until the debt shows all."""
    for dummy in range(20):
        try:
            run(TO_750)
        except Declined as error:
            assert "what the exchange shows as debt may be too much" in str(error)
        bybit.clock.pass_ms(20_000)


@pytest.mark.parametrize("debt_lag_ms", [0, 5000, 20_000, 90_000, 300_000])
@pytest.mark.parametrize("first", [Goal(Decimal(100)), TO_750])
def test_what_the_debt_shows_late_is_not_paid_again(
    run: t.Callable[..., Repayment], bybit: t.Any, first: Goal, debt_lag_ms: int
) -> None:
    bybit.debt_lag_ms = debt_lag_ms
    run(first)
    pay_until_reached(run, bybit)
    assert (bybit.find().debt, sum(amount for amount, dummy in bybit.sent)) == (750, Decimal("250.4"))


@pytest.mark.parametrize("debt_lag_ms", [20_000, 90_000])
def test_the_fall_for_somebody_elses_is_not_taken_for_ours(run: t.Callable[..., Repayment], bybit: t.Any, debt_lag_ms: int) -> None:
    class Busy(type(bybit)):  # type: ignore[misc]
        """Somebody else's repayment, made at the same time, shows in the debt before ours."""

        def repay(self, *asked: t.Any) -> t.Any:
            accepted = super().repay(*asked)
            if len(self.sent) == 1:
                self.entries.append((0, HistoryEntry("50", Decimal(100), SUCCESS, True, self.now_ms())))
                self.falls.append((0, Decimal(100)))
            return accepted

    bybit.__class__, bybit.debt_lag_ms = Busy, debt_lag_ms
    run(Goal(Decimal(100)))
    pay_until_reached(run, bybit)
    assert (bybit.find().debt, sum(amount for amount, dummy in bybit.sent)) == (750, Decimal("150.4"))


@pytest.mark.parametrize("goal", [Goal(Decimal(100)), Goal(Decimal(100), 1793534300000), TO_750], ids=str)
def test_a_history_in_another_coin_is_not_this_loans(run: t.Callable[..., Repayment], bybit: t.Any, goal: Goal) -> None:
    bybit.entries = [(0, HistoryEntry("7", Decimal(100), SUCCESS, True, bybit.now_ms() - 5000, "USDC", "user"))]
    repayment = run(goal, error=ReadFailed)
    assert repayment.message == "The exchange's history of loan 17 has repayment 7 in USDC, and not in USDT."
    assert bybit.sent == []
