# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a loan, its history, and the paying money before a repayment is sent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import BASELINE_REACH_MS, Baseline, baseline_of
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Payment

SENT_MS = 1793534400000
YOUNG = HistoryEntry("11", Decimal("0.1"), SUCCESS, True, SENT_MS - 5000)
LOAN = Loan(LEGACY, "17", "USDT", Decimal("1000"), Decimal("0.3"), Decimal("0.1"), OPEN)


def test_a_baseline_has_debt_and_principal() -> None:
    assert baseline_of(LOAN, [], SENT_MS, None, ()) == Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000"))), ())


def test_a_baseline_has_the_paying_money() -> None:
    pledged = (("BTC", Decimal("0.5")),)
    assert baseline_of(LOAN, [], SENT_MS, Decimal("523.5"), ())[2:] == (Decimal("523.5"), (), (), None)
    assert baseline_of(LOAN, [], SENT_MS, None, pledged)[2:] == (None, pledged, (), None)


def test_a_baseline_has_recent_payments_in_the_coin() -> None:
    paid = Payment("USDT", Decimal(5), SENT_MS - 2000, SENT_MS - 1900)
    old, other = paid._replace(to_ms=SENT_MS - 60_000), paid._replace(coin="ETH")
    assert baseline_of(LOAN, [], SENT_MS, None, (), [old, other, paid]).recent_payments == (paid,)
    young = old._replace(to_ms=SENT_MS - 59_999)
    assert baseline_of(LOAN, [], SENT_MS, None, (), [young, paid]).recent_payments == (young, paid)


@pytest.mark.parametrize(
    ("age_ms", "status", "is_kept"),
    [
        (0, SUCCESS, True),
        (2 * BASELINE_REACH_MS - 1, SUCCESS, True),
        (2 * BASELINE_REACH_MS, SUCCESS, False),
        (2 * BASELINE_REACH_MS, FAILED, False),
        (2 * BASELINE_REACH_MS, PROCESSING, True),
        (0, FAILED, True),
        # Another server of the exchange with another clock.
        (-5000, SUCCESS, True),
    ],
)
def test_a_baseline_keeps_what_can_still_matter(age_ms: int, status: str, is_kept: bool) -> None:
    entry = HistoryEntry("11", Decimal(5), status, True, SENT_MS - age_ms)
    assert baseline_of(LOAN, [entry], SENT_MS, None, ()).entries == ((entry,) if is_kept else ())


def test_a_baseline_keeps_repayments_of_others_too() -> None:
    entry = HistoryEntry("11", Decimal(5), SUCCESS, False, SENT_MS)
    assert baseline_of(LOAN, [entry, YOUNG], SENT_MS, None, ()).entries == (entry, YOUNG)
