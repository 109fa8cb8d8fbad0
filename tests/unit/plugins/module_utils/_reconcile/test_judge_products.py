# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proves the repayment of a whole loan, and a repayment that was accepted without an ID."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, judge
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

SENT_MS = 1793534400000
WINDOW_MS = 5000
MARGIN_MS = 10_000
CLOSED_MS = SENT_MS + WINDOW_MS + 1
SURE_MS = CLOSED_MS + MARGIN_MS
ACCEPTED_MS = SENT_MS + 40
FOUND = "the history shows it"
# By this machine's own clock, every window is over.
LONG_AWAY_MS = 10**9
BEFORE = Baseline((("debt", Decimal("1.4")), ("principal", Decimal("1.4"))), ())
WHOLE = Intent("8f2a", Goal(max_debt=Decimal(0)), Decimal("1.4"), "ETH", BEFORE, SENT_MS, WINDOW_MS, is_whole=True)
SOLD = dataclasses.replace(
    WHOLE, goal=Goal(Decimal("0.4"), collateral=("BTC",)), amount=Decimal("0.4"), is_whole=False, accepted_at_ms=ACCEPTED_MS
)


def loan(principal: str, status: str = OPEN) -> Loan:
    return Loan(FIXED, "571", "ETH", Decimal(principal), Decimal(0), Decimal(0), status)


def entry(amount: str, time_ms: int = SENT_MS + 40, status: str = SUCCESS, by_user: bool = True) -> HistoryEntry:
    return HistoryEntry("99", Decimal(amount), status, by_user, time_ms)


def judged(intent: Intent, now: Loan | None, *entries: HistoryEntry, at_ms: int = SURE_MS, margin_ms: int = MARGIN_MS) -> Finding:
    return judge(intent, Observation(at_ms, LONG_AWAY_MS, list(entries), now), margin_ms, frozenset())


@pytest.mark.parametrize(
    ("amount", "now"),
    [
        ("1.4", loan("0", REPAID)),
        ("1.4", loan("1.4")),
        # Penalty interest accrued meanwhile.
        ("1.4001", loan("0", REPAID)),
        ("1.4001", loan("1.4")),
        ("2", None),
        # Somebody paid a part meanwhile, and the rest was repaid.
        ("0.9", loan("0", REPAID)),
    ],
    ids=repr,
)
def test_a_whole_loan_is_known_by_an_amount_that_the_exchange_has_reckoned(amount: str, now: Loan | None) -> None:
    entries = [entry(amount)]
    if amount == "0.9":
        entries.append(HistoryEntry("98", Decimal("0.5"), SUCCESS, False, SENT_MS + 10, kind="liquidation"))
    assert judged(WHOLE, now, *entries) == ("executed", FOUND, entries[0], (entries[0],))


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        (entry("1.3999"), "1.3999 (user)"),
        (entry("0.9"), "0.9 (user)"),
        (entry("1.4", by_user=False)._replace(kind="overdue"), "1.4 (overdue)"),
    ],
    ids=repr,
)
def test_an_entry_for_a_part_of_an_open_loan_may_be_the_repayment_of_the_whole(other: HistoryEntry, shown: str) -> None:
    """The documentation does not say which amount the exchange shows for a whole loan: the principal alone, or less a fee."""
    reason = f"the history shows {shown} at about that time, which may be this repayment"
    assert judged(WHOLE, loan("1.4"), other) == ("unknown", reason, None, (other,))


def test_an_earlier_entry_is_not_the_repayment_of_the_whole_loan() -> None:
    finding = judged(WHOLE, loan("1.4"), entry("1.5", SENT_MS - 1001))
    assert (finding.outcome, finding.candidates) == ("not_executed", ())


def test_the_repayment_of_a_whole_loan_is_not_found_for_a_named_amount() -> None:
    part = dataclasses.replace(WHOLE, is_whole=False)
    assert judged(part, loan("1.4"), entry("1.4001")).outcome == "unknown"
    assert judged(part, loan("1.4"), entry("1.4")).outcome == "executed"


def test_two_entries_that_may_have_closed_a_loan_are_a_doubt() -> None:
    rest = entry("0.5")._replace(repay_id="98")
    finding = judged(WHOLE, loan("0", REPAID), entry("0.9"), rest)
    assert (finding.outcome, finding.reason) == ("unknown", "2 repayments in the history match it")


def test_a_whole_loan_that_was_closed_without_a_trace_is_a_doubt() -> None:
    finding = judged(WHOLE, loan("0", REPAID))
    assert finding == ("unknown", "the debt fell by 1.4 more than the history explains", None, ())


@pytest.mark.parametrize(
    ("at_ms", "outcome"),
    [(ACCEPTED_MS, "unknown"), (ACCEPTED_MS + 1, "executed"), (SURE_MS, "executed")],
)
def test_an_accepted_repayment_need_not_wait_for_its_time_window(at_ms: int, outcome: str) -> None:
    ours = entry("0.4", ACCEPTED_MS)
    assert judged(SOLD, loan("1"), ours, at_ms=at_ms).outcome == outcome


@pytest.mark.parametrize(("late_ms", "outcome"), [(MARGIN_MS, "executed"), (MARGIN_MS + 1, "unknown")])
def test_its_entry_may_be_as_late_as_the_margin(late_ms: int, outcome: str) -> None:
    finding = judged(SOLD, loan("1"), entry("0.4", ACCEPTED_MS + late_ms))
    assert finding.outcome == outcome
    assert outcome == "executed" or finding.reason.endswith("too late to be this one")


@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
def test_an_accepted_repayment_is_found_in_the_history(status: str) -> None:
    ours = entry("0.4", status=status)
    assert judged(SOLD, loan("1"), ours) == ("executed", FOUND, ours, (ours,))


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (ACCEPTED_MS, "wait_timeout expired before the time window of the request closed"),
        (
            ACCEPTED_MS + MARGIN_MS,
            "wait_timeout expired before settle_margin had passed since the end of the request's time window",
        ),
        (ACCEPTED_MS + MARGIN_MS + 1, "the exchange accepted it, but neither its history nor the debt shows it"),
        (SURE_MS + 86_400_000, "the exchange accepted it, but neither its history nor the debt shows it"),
    ],
)
def test_an_accepted_repayment_that_never_shows_is_a_lasting_doubt(at_ms: int, reason: str) -> None:
    assert judged(SOLD, loan("1.4"), at_ms=at_ms) == ("unknown", reason, None, ())


def test_an_accepted_repayment_that_failed_was_not_executed() -> None:
    failed = entry("0.4", status=FAILED)
    reason = "its time window has closed, the only such repayment in the history, 99, has failed, the debt did not fall by that amount"
    assert judged(SOLD, loan("1.4"), failed) == ("not_executed", reason, None, (failed,))


@pytest.mark.parametrize("intent", [WHOLE, SOLD], ids=["whole", "accepted"])
@pytest.mark.parametrize("with_failed", [False, True])
def test_borrowing_meanwhile_hides_a_fall(intent: Intent, with_failed: bool) -> None:
    failed = [entry(str(intent.amount), status=FAILED)] if with_failed else []
    finding = judged(intent, loan("1.5"), *failed)
    assert finding == ("unknown", f"another 0.1 {intent.coin} has been borrowed since, so the debt proves nothing", None, ())


def test_without_margin_the_acceptance_decides() -> None:
    assert judged(SOLD, loan("1.4"), at_ms=ACCEPTED_MS, margin_ms=0).reason.startswith("wait_timeout expired")
    assert judged(SOLD, loan("1.4"), at_ms=ACCEPTED_MS + 1, margin_ms=0).reason.startswith("the exchange accepted it")
