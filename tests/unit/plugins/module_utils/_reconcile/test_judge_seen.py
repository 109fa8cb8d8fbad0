# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which repayments the debt already shows, so that nothing is paid twice for a goal."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import seen_in_level
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

SENT_MS = 1793534400000
BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
FIRST = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, SENT_MS, 5000, repay_id="1", reported=True)
LATER = Baseline((("debt", Decimal(900)), ("principal", Decimal(900))), ())
SECOND = dataclasses.replace(FIRST, intent_id="b", amount=Decimal(50), repay_id="2", sent_at_ms=SENT_MS + 60_000, baseline=LATER)


def loan(debt: str, status: str = OPEN) -> Loan:
    return Loan(LEGACY, "17", "USDT", Decimal(debt), Decimal(0), Decimal(0), status)


def other(amount: str, **change: t.Any) -> HistoryEntry:
    return HistoryEntry("50", Decimal(amount), SUCCESS, True, SENT_MS + 1)._replace(**change)


def shown(*entries: HistoryEntry) -> list[HistoryEntry]:
    return [HistoryEntry("1", Decimal(100), SUCCESS, True, SENT_MS + 40), HistoryEntry("2", Decimal(50), SUCCESS, True, SENT_MS + 60_040), *entries]


def seen(debt: str, *entries: HistoryEntry, intents: tuple[Intent, ...] = (FIRST, SECOND)) -> str:
    return "".join(intent.intent_id for intent in seen_in_level(intents, shown(*entries), loan(debt)))


@pytest.mark.parametrize(
    ("debt", "expected"),
    [
        ("1000", ""),
        ("950.0001", ""),
        # Interest may hide up to half of it.
        ("950", "a"),
        ("900", "a"),
        ("875.0001", "a"),
        ("875", "ab"),
        ("850", "ab"),
        ("500", "ab"),
        ("1200", ""),
    ],
)
def test_a_debt_shows_the_oldest_first(debt: str, expected: str) -> None:
    assert seen(debt) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        # Repayments by others must show as well, so the fall may be theirs.
        ([other("100")], ""),
        ([other("30")], "a"),
        ([other("60")], ""),
        ([other("100", by_user=False)], ""),
        ([other("100", by_user=None)], ""),
        ([other("100", status=PROCESSING)], ""),
        ([other("100", time_ms=SENT_MS - 999)], ""),
        ([other("100", time_ms=SENT_MS - 1000)], ""),
        ([other("100", status=FAILED)], "a"),
        ([other("100", time_ms=SENT_MS - 1001)], "a"),
        ([other("30", repay_id="51"), other("30", repay_id="52")], ""),
    ],
)
def test_repayments_by_others_explain_a_fall_first(entries: list[HistoryEntry], expected: str) -> None:
    assert seen("900", *entries) == expected


def test_an_entry_that_was_there_before_is_in_the_debt_already() -> None:
    before = FIRST.baseline._replace(entries=(other("100"),))
    assert seen("900", other("100"), intents=(dataclasses.replace(FIRST, baseline=before), SECOND)) == "a"


@pytest.mark.parametrize("status", [REPAID, LIQUIDATED])
def test_a_loan_that_is_closed_shows_all(status: str) -> None:
    assert seen_in_level([FIRST, SECOND], shown(), loan("0", status)) == [FIRST, SECOND]


def test_without_repayments_none_is_seen() -> None:
    assert seen_in_level([], shown(), loan("0")) == []
