# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the debt shows when no entry of the history can be the repayment."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, judge
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent, baseline_of
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

SENT_MS = 1793534400000
WINDOW_MS = 5000
MARGIN_MS = 10_000
EARLIEST_MS = SENT_MS - 1000
SURE_MS = SENT_MS + WINDOW_MS + MARGIN_MS + 1
# By this machine's own clock, every window is over.
LONG_AWAY_MS = 10**9
# An entry from then cannot be the repayment, but explains a fall if the history shows it late.
SHORTLY_BEFORE_MS = SENT_MS - 60_000
HOUR_MS = 3600_000
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal(0), Decimal(0), OPEN)


def loan(principal: str = "1000", interest: str = "0", penalty: str = "0", status: str = OPEN) -> Loan:
    return Loan(LEGACY, "17", "USDT", Decimal(principal), Decimal(interest), Decimal(penalty), status)


def entry(
    amount: str, time_ms: int = SHORTLY_BEFORE_MS, status: str = SUCCESS, by_user: bool = True, repay_id: str = "50"
) -> HistoryEntry:
    return HistoryEntry(repay_id, Decimal(amount), status, by_user, time_ms)


def judged(
    now: Loan | None,
    entries: tuple[HistoryEntry, ...] = (),
    before: tuple[HistoryEntry, ...] = (),
    then: Loan = LOAN,
    at_ms: int | None = SURE_MS,
    others: frozenset[str] = frozenset(),
) -> Finding:
    """Judge a repayment of 100 for a loan that looked like C(then), with C(before) in its history."""
    baseline = Baseline(then.levels, before)
    intent = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", baseline, SENT_MS, WINDOW_MS)
    return judge(intent, Observation(at_ms, LONG_AWAY_MS, list(entries), now), MARGIN_MS, others)


def assert_unexplained(finding: Finding, amount: str) -> None:
    assert finding == ("unknown", f"the debt fell by {amount} more than the history explains", None, ())


@pytest.mark.parametrize(
    "now",
    [
        loan(),
        loan(interest="0.7"),
        loan(penalty="12"),
    ],
    ids=repr,
)
def test_a_debt_that_did_not_fall_rules_it_out(now: Loan) -> None:
    assert judged(now).outcome == "not_executed"


@pytest.mark.parametrize(
    ("now", "amount"),
    [
        (loan("900"), "100"),
        (loan("999.999999999999999999"), "0.000000000000000001"),
        (loan("850"), "150"),
        (loan("0", status=REPAID), "1000"),
        (loan("0", status=LIQUIDATED), "1000"),
        # Accrued interest hides part of the fall of the debt, but not of the principal.
        (loan("900", interest="30"), "100"),
        (loan("900", interest="100"), "100"),
        (loan("900", penalty="200"), "100"),
    ],
    ids=repr,
)
def test_a_debt_that_fell_without_an_entry_is_a_doubt(now: Loan, amount: str) -> None:
    assert_unexplained(judged(now), amount)


@pytest.mark.parametrize(
    ("now", "entries", "amount"),
    [
        (loan("1100"), (), "100"),
        (loan("1000.000000000000000001"), (), "0.000000000000000001"),
        # Borrowing may have hidden the fall in part or completely.
        (loan("1050"), (entry("50"),), "50"),
        (loan("1100"), (entry("100", SENT_MS, FAILED),), "100"),
    ],
    ids=repr,
)
def test_a_debt_that_was_raised_meanwhile_is_a_doubt(now: Loan, entries: tuple[HistoryEntry, ...], amount: str) -> None:
    reason = f"another {amount} USDT has been borrowed since, so the debt proves nothing"
    assert judged(now, entries) == ("unknown", reason, None, ())


def test_borrowing_does_not_hide_an_entry() -> None:
    ours = entry("100", SENT_MS)
    assert judged(loan("1500"), (ours,)) == ("executed", "the history shows it", ours, (ours,))


def test_interest_that_fell_is_a_doubt_too() -> None:
    assert_unexplained(judged(loan(), then=loan(interest="100")), "100")
    assert_unexplained(judged(loan(penalty="50"), then=loan(penalty="150")), "100")


def test_the_debt_does_not_count_before_the_margin_has_passed() -> None:
    assert judged(loan("900"), at_ms=SURE_MS - 1).reason.startswith("wait_timeout expired before settle_margin")
    assert judged(loan("900"), at_ms=None).reason == "the exchange did not report its time"


def test_a_loan_that_is_gone_is_a_doubt() -> None:
    assert judged(None) == ("unknown", "the exchange no longer lists the loan", None, ())


@pytest.mark.parametrize(
    ("now", "other"),
    [
        (loan("900"), entry("100", by_user=False)),
        (loan("950"), entry("50", EARLIEST_MS - 1)),
        (loan("950"), entry("50")),
        (loan("950"), entry("50", SENT_MS + WINDOW_MS + 60 * MARGIN_MS + 1)),
        (loan("950"), entry("50", SHORTLY_BEFORE_MS, PROCESSING)),
        # It paid interest first.
        (loan("970"), entry("50")),
        (loan(), entry("50", SHORTLY_BEFORE_MS, PROCESSING)),
        (loan("0", status=LIQUIDATED), entry("1000", by_user=False)),
        (loan("0", status=REPAID), entry("1000")),
    ],
    ids=repr,
)
def test_a_fall_that_another_repayment_explains(now: Loan, other: HistoryEntry) -> None:
    assert judged(now, (other,)).outcome == "not_executed"


@pytest.mark.parametrize(
    ("now", "others", "amount"),
    [
        (loan("850"), (entry("50"),), "100"),
        (loan("899"), (entry("100", by_user=False),), "1"),
        (loan("949.9"), (entry("50"),), "0.1"),
        (loan("900"), (entry("100", SENT_MS, FAILED),), "100"),
        (loan("850"), (entry("100", SENT_MS, FAILED), entry("50", repay_id="51")), "100"),
        (loan("0", status=LIQUIDATED), (entry("900", by_user=False),), "100"),
    ],
    ids=repr,
)
def test_a_fall_that_others_explain_in_part(now: Loan, others: tuple[HistoryEntry, ...], amount: str) -> None:
    assert_unexplained(judged(now, others), amount)


@pytest.mark.parametrize(
    ("status", "explained", "outcome"),
    [
        # The exchange may waive a small rest when a loan is closed.
        (REPAID, "999.99999", "not_executed"),
        (LIQUIDATED, "950", "not_executed"),
        (REPAID, "949.99999", "unknown"),
        (REPAID, "900", "unknown"),
        (OPEN, "999.99999", "unknown"),
    ],
)
def test_the_remainder_of_a_closed_loan_is_no_trace(status: str, explained: str, outcome: str) -> None:
    assert judged(loan("0", status=status), (entry(explained),)).outcome == outcome


def test_many_other_repayments_are_added_up() -> None:
    others = tuple(entry("7", SHORTLY_BEFORE_MS + index, repay_id=str(index)) for index in range(10))
    assert judged(loan("930"), others).outcome == "not_executed"
    assert_unexplained(judged(loan("929"), others), "1")


@pytest.mark.parametrize(
    ("now", "other", "is_explained"),
    [
        (loan("900"), entry("100", SENT_MS), True),
        (loan("800"), entry("100", SENT_MS), False),
        (loan("900"), entry("100", SENT_MS + 3000, PROCESSING), True),
    ],
    ids=repr,
)
def test_a_repayment_that_is_known_as_another_one_explains(now: Loan, other: HistoryEntry, is_explained: bool) -> None:
    finding = judged(now, (other,), others=frozenset({"50"}))
    assert finding.outcome == ("not_executed" if is_explained else "unknown")


def test_an_entry_that_the_history_showed_before_does_not_explain_a_fall() -> None:
    old = entry("100", EARLIEST_MS - MARGIN_MS)
    assert_unexplained(judged(loan("900"), (old,), before=(old,)), "100")


@pytest.mark.parametrize(
    ("time_ms", "is_explained"),
    [(EARLIEST_MS - HOUR_MS, False), (EARLIEST_MS - HOUR_MS + 1, True), (EARLIEST_MS - 24 * HOUR_MS, False)],
)
def test_an_entry_that_the_history_should_have_shown_before_does_not_explain_a_fall(time_ms: int, is_explained: bool) -> None:
    finding = judged(loan("900"), (entry("100", time_ms),))
    assert finding.outcome == ("not_executed" if is_explained else "unknown")


@pytest.mark.parametrize("lag_ms", [0, 1000, 60_000, 1800_000])
def test_an_hourly_repayment_does_not_explain_the_next(lag_ms: int) -> None:
    # It was signed by a slow clock, or long after the look.
    for jitter_ms in (-500, 0, 500):
        last = entry("100", SENT_MS + lag_ms - HOUR_MS + jitter_ms)
        before = baseline_of(LOAN, [last], SENT_MS + lag_ms, None, ()).entries
        assert_unexplained(judged(loan("900"), (last,), before), "100")


@pytest.mark.parametrize(
    ("time_ms", "is_explained"),
    [
        (EARLIEST_MS - MARGIN_MS - 1, False),
        (EARLIEST_MS - MARGIN_MS, False),
        (EARLIEST_MS - MARGIN_MS + 1, True),
        (SENT_MS, True),
    ],
)
def test_a_recent_earlier_repayment_may_have_lowered_the_debt_late(time_ms: int, is_explained: bool) -> None:
    young = entry("100", time_ms)
    finding = judged(loan("900"), (young,), before=(young,))
    assert finding.outcome == ("not_executed" if is_explained else "unknown")


@pytest.mark.parametrize(
    ("status", "is_explained"),
    [(SUCCESS, True), (PROCESSING, True), (FAILED, False)],
)
def test_a_repayment_that_was_in_process_before_may_lower_the_debt_now(status: str, is_explained: bool) -> None:
    before = entry("100", SENT_MS - 24 * HOUR_MS, PROCESSING)
    finding = judged(loan("900"), (before._replace(status=status),), before=(before,))
    assert finding.outcome == ("not_executed" if is_explained else "unknown")


def test_a_repayment_that_was_in_process_before_explains_only_itself() -> None:
    before = entry("60", SENT_MS - 24 * HOUR_MS, PROCESSING)
    assert_unexplained(judged(loan("840"), (before._replace(status=SUCCESS),), before=(before,)), "100")


def test_an_entry_that_vanished_explains_nothing() -> None:
    before = entry("100", SENT_MS - 500, PROCESSING)
    assert_unexplained(judged(loan("900"), (), before=(before,)), "100")


def test_a_found_entry_outweighs_a_debt_that_does_not_show_it() -> None:
    ours = entry("100", SENT_MS)
    for now in (loan(), loan("900"), None):
        assert judged(now, (ours,)).outcome == "executed"


def test_a_debt_that_fell_by_more_makes_the_only_entry_a_doubt() -> None:
    perhaps_of_somebody_else = entry("100", SENT_MS)
    finding = judged(loan("800"), (perhaps_of_somebody_else,))
    reason = "the debt fell by 100 more than the history explains"
    assert finding == ("unknown", reason, None, (perhaps_of_somebody_else,))


def test_long_numbers_are_not_rounded() -> None:
    then, now = loan("123456789012345678.000000000000000001"), loan("123456789012345678")
    assert_unexplained(judged(now, then=then), "0.000000000000000001")
