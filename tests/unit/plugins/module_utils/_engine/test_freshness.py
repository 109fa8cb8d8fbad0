# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait until a debt can be believed, and when an accepted repayment no longer needs to be remembered."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._engine.freshness import (
    Snapshot,
    Freshness,
    FreshnessCheck,
    check_freshness,
    is_confirmed_alone,
    newly_confirmed,
)
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, REPAID, Loan

# Whole seconds would be taken for a truncated time.
NOW_MS = 1793534400007
BEGUN_MS = 7_000_000
MARGIN_MS = 10_000
BLIND_MS = 60 * MARGIN_MS
HOUR_MS = 3_600_000


def made(age_ms: int, status: str = SUCCESS, repay_id: str = "50") -> HistoryEntry:
    return HistoryEntry(repay_id, Decimal(100), status, True, NOW_MS - age_ms)


def read(*entries: HistoryEntry, is_any_open: bool = False) -> Snapshot:
    return Snapshot(entries, is_any_open, BEGUN_MS, BEGUN_MS + 40, NOW_MS)


@pytest.mark.parametrize(
    ("entries", "pause_ms"),
    [
        ([], None),
        ([made(2 * HOUR_MS)], None),
        # The newest repayment counts. Within the margin, the debt may not show it yet.
        ([made(0)], MARGIN_MS + 100),
        ([made(4000)], MARGIN_MS - 4000 + 100),
        ([made(2 * HOUR_MS), made(4000, repay_id="51"), made(9000, repay_id="52")], MARGIN_MS - 4000 + 100),
        ([made(9999)], 101),
        ([made(10_000)], 100),
        # At worst, the known time of the exchange is too early.
        ([made(-500)], MARGIN_MS + 600),
        # A failed one lowers nothing.
        ([made(0, FAILED)], None),
        # Whole seconds may mean any moment of that second.
        ([made(7)], MARGIN_MS + 999 - 7 + 100),
        # One in process can become final at any moment, however old it is.
        ([made(2 * HOUR_MS, PROCESSING)], MARGIN_MS),
        ([made(2 * HOUR_MS, PROCESSING), made(0, repay_id="51")], MARGIN_MS),
    ],
)
def test_how_long_a_debt_is_waited_for(entries: list[HistoryEntry], pause_ms: int | None) -> None:
    known = Freshness(final_ids=frozenset(entry.repay_id for entry in entries))
    assert check_freshness(read(*entries), known, MARGIN_MS).pause_ms == pause_ms


def test_an_accepted_repayment_that_is_not_shown_is_waited_for() -> None:
    wait = check_freshness(read(is_any_open=True), Freshness(), MARGIN_MS)
    assert wait == FreshnessCheck(MARGIN_MS, Freshness(late_until_ms=BEGUN_MS + 40 + MARGIN_MS))
    # Without a margin, it is read again soon, but not at once.
    assert check_freshness(read(is_any_open=True), Freshness(), 0).pause_ms == 100


@pytest.mark.parametrize(("late_until_ms", "pause_ms"), [(BEGUN_MS, None), (BEGUN_MS + 1, 100), (BEGUN_MS + 5000, 5099)])
def test_after_one_has_become_final_the_debt_may_be_late(late_until_ms: int, pause_ms: int | None) -> None:
    before = Freshness(late_until_ms, frozenset({"50"}))
    assert check_freshness(read(made(2 * HOUR_MS)), before, MARGIN_MS) == FreshnessCheck(pause_ms, before)


@pytest.mark.parametrize(
    ("age_ms", "known", "pause_ms"),
    [
        # It may have been in process at the read of the debt, and final at that of the history.
        (20_000, set(), 0), (HOUR_MS - 1, set(), 0), (20_000, {"50"}, None), (20_000, {"51"}, 0), (HOUR_MS, set(), None),
    ],
)
def test_a_new_history_entry_is_no_older_than_the_debt(age_ms: int, known: set[str], pause_ms: int | None) -> None:
    wait = check_freshness(read(made(age_ms)), Freshness(final_ids=frozenset(known)), MARGIN_MS)
    assert wait.pause_ms == pause_ms
    assert check_freshness(read(made(age_ms)), wait.freshness, MARGIN_MS).pause_ms is None


def accepted(repay_id: str = "100") -> Intent:
    before = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), ())
    return Intent(f"of {repay_id}", Goal(Decimal(100)), Decimal(100), "USDT", before, NOW_MS, 5000, repay_id=repay_id, reported=True)


def owing(debt: str) -> Loan:
    status = OPEN if Decimal(debt) else REPAID
    return Loan(LEGACY, "17", "USDT", Decimal(debt), Decimal(0), Decimal(0), status)


@pytest.mark.parametrize(
    ("in_history", "debt", "is_shown"),
    [
        (None, "1000.4", False), (SUCCESS, "1000.4", False), (PROCESSING, "1000.4", False), (PROCESSING, "900.4", False),
        (None, "900.4", False), (SUCCESS, "900.4", True), (SUCCESS, "0", True),
    ],
)
def test_history_and_debt_must_show_it(in_history: str | None, debt: str, is_shown: bool) -> None:
    entries = [] if in_history is None else [made(0, in_history, "100")]
    assert newly_confirmed([accepted()], entries, owing(debt), NOW_MS, MARGIN_MS) == ([accepted()] if is_shown else [])


@pytest.mark.parametrize(("age_ms", "is_shown"), [(5000 + BLIND_MS, False), (5001 + BLIND_MS, True)])
def test_a_debt_that_never_shows_it_is_believed_after_a_long_time(age_ms: int, is_shown: bool) -> None:
    found = newly_confirmed([accepted()], [made(0, repay_id="100")], owing("1000.4"), NOW_MS + age_ms, MARGIN_MS)
    assert bool(found) == is_shown


def test_a_fall_for_one_is_not_taken_for_two() -> None:
    both, entries = [accepted("100"), accepted("101")], [made(0, repay_id="100"), made(0, repay_id="101")]
    assert newly_confirmed(both, entries, owing("900.4"), NOW_MS, MARGIN_MS) == both[:1]


@pytest.mark.parametrize(
    ("debt", "others", "by_owner", "is_shown"),
    [
        ("900.4", [], None, True), ("1000.4", [], None, False), ("900.4", [accepted("101")], None, False),
        # The debt must also show what somebody else repaid.
        ("900.4", [], "100", False), ("800.4", [], "100", True), ("860", [], "40.4", True),
    ],
)
def test_the_only_one_is_shown_at_once(debt: str, others: list[Intent], by_owner: t.Any, is_shown: bool) -> None:
    entries = [HistoryEntry("500", Decimal(by_owner), SUCCESS, True, NOW_MS)] if by_owner else []
    assert is_confirmed_alone(accepted(), [accepted(), *others], entries, owing(debt)) == is_shown
