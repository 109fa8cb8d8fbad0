# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the time of a repayment is over: by the exchange's clock, by this machine's clock, and by the range of the history."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation, margin_without_ledger_ms
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, judge
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import PROCESSING, SUCCESS, HistoryEntry

SENT_MS = 1793534400000
WINDOW_MS = 5000
MARGIN_MS = 10_000
# The exchange's tolerance for the timestamp of a request.
OPEN_FOR_MS = WINDOW_MS + 1000
DAY_MS = 86_400_000
WINDOW_OPEN = "wait_timeout expired before the time window of the request closed"
MARGIN_OPEN = "wait_timeout expired before settle_margin had passed since the end of the request's time window"
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal(0), Decimal(0), OPEN)
OURS = HistoryEntry("99", Decimal(100), SUCCESS, True, SENT_MS + 40)
INTENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ()), SENT_MS, WINDOW_MS)


def judged(
    *entries: HistoryEntry, at_ms: int | None, away_ms: int, intent: Intent = INTENT, margin_ms: int = MARGIN_MS
) -> Finding:
    return judge(intent, Observation(at_ms, away_ms, list(entries), LOAN), margin_ms, frozenset())


@pytest.mark.parametrize("at_ms", [SENT_MS + 60_000, SENT_MS + DAY_MS, SENT_MS + 100 * DAY_MS])
@pytest.mark.parametrize(
    ("away_ms", "outcome", "reason"),
    [
        (0, "unknown", WINDOW_OPEN),
        (OPEN_FOR_MS, "unknown", WINDOW_OPEN),
        (OPEN_FOR_MS + 1, "unknown", MARGIN_OPEN),
        (OPEN_FOR_MS + MARGIN_MS, "unknown", MARGIN_OPEN),
        (OPEN_FOR_MS + MARGIN_MS + 1, "not_executed", ""),
    ],
)
def test_an_exchange_that_claims_a_later_time_ends_nothing(at_ms: int, away_ms: int, outcome: str, reason: str) -> None:
    finding = judged(at_ms=at_ms, away_ms=away_ms)
    assert finding.outcome == outcome
    assert finding.reason == reason or outcome == "not_executed"


@pytest.mark.parametrize("at_ms", [SENT_MS - DAY_MS, SENT_MS, SENT_MS + WINDOW_MS, None])
@pytest.mark.parametrize("away_ms", [0, OPEN_FOR_MS + MARGIN_MS + 1, DAY_MS, 100 * DAY_MS])
def test_a_machine_that_waited_long_ends_nothing_alone(at_ms: int | None, away_ms: int) -> None:
    assert judged(at_ms=at_ms, away_ms=away_ms).outcome == "unknown"
    assert judged(OURS, at_ms=at_ms, away_ms=away_ms) == ("unknown", WINDOW_OPEN, OURS, (OURS,))


@pytest.mark.parametrize(("away_ms", "outcome"), [(0, "unknown"), (OPEN_FOR_MS, "unknown"), (OPEN_FOR_MS + 1, "executed")])
@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
def test_an_entry_counts_when_no_second_one_can_follow(away_ms: int, outcome: str, status: str) -> None:
    assert judged(OURS._replace(status=status), at_ms=SENT_MS + DAY_MS, away_ms=away_ms).outcome == outcome


def test_a_wide_window_passes_on_this_machines_clock_too() -> None:
    wide = dataclasses.replace(INTENT, recv_window_ms=60_000)
    assert judged(OURS, at_ms=SENT_MS + DAY_MS, away_ms=61_000, intent=wide).outcome == "unknown"
    assert judged(OURS, at_ms=SENT_MS + DAY_MS, away_ms=61_001, intent=wide).outcome == "executed"


def test_an_acceptance_has_no_window_left() -> None:
    accepted = dataclasses.replace(INTENT, accepted_at_ms=SENT_MS + 40)
    assert judged(OURS, at_ms=SENT_MS + 41, away_ms=0, intent=accepted).outcome == "unknown"
    assert judged(OURS, at_ms=SENT_MS + 41, away_ms=1, intent=accepted).outcome == "executed"


@pytest.mark.parametrize(
    ("time_ms", "is_it"),
    [
        # Whole seconds may mean any moment of that second.
        (SENT_MS - 1000, True),
        (SENT_MS - 999, True),
        (SENT_MS - 1001, False),
        (SENT_MS - 1999, False),
        (SENT_MS - 2000, False),
        (SENT_MS, True),
    ],
)
def test_a_time_in_whole_seconds_is_not_before(time_ms: int, is_it: bool) -> None:
    found = judged(OURS._replace(time_ms=time_ms), at_ms=SENT_MS + 60_000, away_ms=DAY_MS)
    assert found.outcome == ("executed" if is_it else "not_executed")


@pytest.mark.parametrize("sent_ms", [SENT_MS + 1, SENT_MS + 500, SENT_MS + 998])
def test_an_immediate_repayment_is_found_although_its_time_is_cut(sent_ms: int) -> None:
    late = dataclasses.replace(INTENT, sent_at_ms=sent_ms)
    cut = OURS._replace(time_ms=SENT_MS)
    assert judged(cut, at_ms=SENT_MS + 60_000, away_ms=DAY_MS, intent=late).entry == cut
    # The exchange's clock may be up to a second behind.
    assert judged(cut._replace(time_ms=SENT_MS - 1000), at_ms=SENT_MS + 60_000, away_ms=DAY_MS, intent=late).outcome == "executed"
    assert judged(cut._replace(time_ms=SENT_MS - 2000), at_ms=SENT_MS + 60_000, away_ms=DAY_MS, intent=late).outcome == "not_executed"


@pytest.mark.parametrize("entries", [(), (OURS,), (OURS._replace(amount=Decimal(7)),)])
@pytest.mark.parametrize("age_days", [181, 365, 3650])
def test_a_repayment_older_than_the_history_is_never_reported_as_not_executed(entries: tuple[HistoryEntry, ...], age_days: int) -> None:
    finding = judged(*entries, at_ms=SENT_MS + age_days * DAY_MS, away_ms=age_days * DAY_MS)
    assert finding == ("unknown", "it was sent more than 180 days ago, and the history does not go back that far", None, ())


@pytest.mark.parametrize(("age_ms", "outcome"), [(180 * DAY_MS, "not_executed"), (180 * DAY_MS + 1, "unknown")])
def test_how_far_the_history_reaches(age_ms: int, outcome: str) -> None:
    assert judged(at_ms=SENT_MS + age_ms, away_ms=age_ms).outcome == outcome


@pytest.mark.parametrize(("margin_ms", "blind_ms"), [(0, 0), (1000, 60_000), (10_000, 600_000)])
def test_it_takes_longer_without_a_ledger(margin_ms: int, blind_ms: int) -> None:
    assert margin_without_ledger_ms(margin_ms) == blind_ms
