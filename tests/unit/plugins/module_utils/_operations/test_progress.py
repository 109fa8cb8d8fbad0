# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._operations.progress import check_since, progress_of
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

# 2026-11-01 00:00:00 UTC
SINCE_MS = 1793491200000
DAY_MS = 86_400_000


def entry(amount: str, time_ms: int = SINCE_MS, status: str = SUCCESS, by_user: bool | None = True) -> HistoryEntry:
    return HistoryEntry("1", Decimal(amount), status, by_user, time_ms)


def missing_from_history(amount: str, sent_at_ms: int = SINCE_MS + 1) -> Intent:
    before = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
    return Intent("8f2a", Goal(Decimal(100), SINCE_MS), Decimal(amount), "USDT", before, sent_at_ms, 5000, repay_id="2", reported=True)


@pytest.mark.parametrize(
    ("entries", "repaid", "missing"),
    [
        ([], "0", "100"),
        ([entry("30")], "30", "70"),
        ([entry("30"), entry("30")], "60", "40"),
        ([entry("100")], "100", "0"),
        ([entry("99.999999999999999999")], "99.999999999999999999", "0.000000000000000001"),
        ([entry("100.000000000000000001")], "100.000000000000000001", "0"),
        ([entry("250")], "250", "0"),
        ([entry("30", status=PROCESSING)], "30", "70"),
        ([entry("30", status=FAILED)], "0", "100"),
        ([entry("30", by_user=False)], "0", "100"),
        ([entry("30", SINCE_MS - 1)], "0", "100"),
        # Whole seconds may mean any moment of the second that contains the goal's moment; earlier seconds are over.
        ([entry("30", SINCE_MS - 1000)], "0", "100"),
        ([entry("30", SINCE_MS)], "30", "70"),
        ([entry("30", SINCE_MS + 365 * DAY_MS)], "30", "70"),
        ([entry("0.1")] * 3, "0.3", "99.7"),
        ([entry("30"), entry("5", by_user=False), entry("7", status=FAILED), entry("9", 1)], "30", "70"),
    ],
)
def test_progress(entries: list[HistoryEntry], repaid: str, missing: str) -> None:
    assert progress_of(Decimal(100), SINCE_MS, entries, []) == (Decimal(repaid), Decimal(missing))


@pytest.mark.parametrize(
    ("intents", "repaid"),
    [
        ([missing_from_history("30")], "50"),
        ([missing_from_history("30"), missing_from_history("10")], "60"),
        ([missing_from_history("30", SINCE_MS)], "50"),
        # Its exact time is not known yet, and a clock may be slow.
        ([missing_from_history("30", SINCE_MS - 5000)], "50"),
        ([missing_from_history("30", SINCE_MS - 5001)], "20"),
        ([missing_from_history("30", SINCE_MS - DAY_MS)], "20"),
    ],
)
def test_an_accepted_repayment_that_does_not_show_yet_counts(intents: list[Intent], repaid: str) -> None:
    assert progress_of(Decimal(100), SINCE_MS, [entry("20")], intents).repaid == Decimal(repaid)


def test_the_whole_history_counts_since_1970() -> None:
    assert progress_of(Decimal(100), 0, [entry("30", 1)], []).repaid == 30


@pytest.mark.parametrize(("since_ms", "repaid"), [(SINCE_MS + 1, "30"), (SINCE_MS + 999, "30"), (SINCE_MS + 1000, "0")])
def test_a_time_in_whole_seconds_may_be_later(since_ms: int, repaid: str) -> None:
    assert progress_of(Decimal(100), since_ms, [entry("30", SINCE_MS)], []).repaid == Decimal(repaid)


@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
def test_an_entry_of_unknown_type_leaves_the_sum_unknown(status: str) -> None:
    strange = entry("30", SINCE_MS + 5, status, by_user=None)._replace(coin="USDT", kind="unknown")
    with pytest.raises(ReadFailed) as caught:
        progress_of(Decimal(100), SINCE_MS, [entry("20"), strange], [])
    assert str(caught.value) == (
        "The exchange's history contains repayment 1 of 30 USDT, of a type that this collection does not know, so it is unknown how much "
        "has been repaid since 2026-11-01 00:00:00 UTC."
    )


@pytest.mark.parametrize("change", [{"status": FAILED}, {"time_ms": SINCE_MS - 1}, {"time_ms": SINCE_MS - DAY_MS}], ids=str)
def test_an_entry_of_unknown_type_that_would_not_count_leaves_it_known(change: dict[str, t.Any]) -> None:
    strange = entry("30", SINCE_MS + 5, by_user=None)._replace(**change)
    assert progress_of(Decimal(100), SINCE_MS, [entry("20"), strange], []).repaid == 20


def test_an_entry_without_amount_cannot_be_added_up() -> None:
    with pytest.raises(ReadFailed, match="repayment 1 with an amount of 0, so it is unknown how much has been repaid since 2026"):
        progress_of(Decimal(100), SINCE_MS, [entry("20"), entry("0")], [])
    assert progress_of(Decimal(100), SINCE_MS, [entry("20"), entry("0", SINCE_MS - DAY_MS), entry("0", by_user=False)], []).repaid == 20


@pytest.mark.parametrize("age_ms", [0, 1, DAY_MS, 180 * DAY_MS])
def test_a_since_that_the_history_can_reach(age_ms: int) -> None:
    check_since(SINCE_MS, SINCE_MS + age_ms)


@pytest.mark.parametrize(
    ("age_ms", "sentence"),
    [
        (-1, "since is in the future (2026-11-01 00:00:00 UTC; it is 2026-10-31 23:59:59 UTC): set a time in the past."),
        (-365 * DAY_MS, "since is in the future"),
        (
            180 * DAY_MS + 1,
            "since is too far in the past (2026-11-01 00:00:00 UTC): the exchange's history only goes back 6 months; "
            "set a time after 2026-11-01 00:00:00 UTC.",
        ),
        (2000 * DAY_MS, "since is too far in the past"),
    ],
)
def test_a_since_that_it_cannot_reach(age_ms: int, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_since(SINCE_MS, SINCE_MS + age_ms)
    assert str(caught.value).startswith(sentence)
