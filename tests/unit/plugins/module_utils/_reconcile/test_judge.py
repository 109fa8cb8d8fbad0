# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entries of the history can be the repayment, and when that is certain. The debt is in test_judge_debt, time in
test_judge_time, what happened to the money in test_judge_funds."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, judge
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

SENT_MS = 1793534400000
WINDOW_MS = 5000
MARGIN_MS = 10_000
CLOSES_MS = SENT_MS + WINDOW_MS
# The first moments at which no late packet can be accepted any more, and nothing can show late any more.
CLOSED_MS = CLOSES_MS + 1
SURE_MS = CLOSES_MS + MARGIN_MS + 1
FOUND = "the history shows it"
WINDOW_OPEN = "wait_timeout expired before the time window of the request closed"
MARGIN_OPEN = "wait_timeout expired before settle_margin had passed since the end of the request's time window"
ABSENT = "its time window has closed, the history shows no such repayment, the debt did not fall by that amount"
# By this machine's own clock, every window is over.
LONG_AWAY_MS = 10**9

LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal(0), Decimal(0), OPEN)
OURS = HistoryEntry("99", Decimal(100), SUCCESS, True, SENT_MS + 40)
TWIN = OURS._replace(repay_id="98", time_ms=SENT_MS + 3001)
# Without a readable wallet ledger, an entry of the history may be this late.
LATEST_MS = CLOSES_MS + 60 * MARGIN_MS


def intent(*baseline: HistoryEntry) -> Intent:
    before = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), baseline)
    return Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", before, SENT_MS, WINDOW_MS)


def judged(
    entries: t.Iterable[HistoryEntry], at_ms: int | None = SURE_MS, others: t.Iterable[str] = (), before: t.Iterable[HistoryEntry] = ()
) -> Finding:
    """Judge with a debt that has not fallen."""
    return judge(intent(*before), Observation(at_ms, LONG_AWAY_MS, list(entries), LOAN), MARGIN_MS, frozenset(others))


@pytest.mark.parametrize(
    ("at_ms", "outcome", "reason"),
    [
        (None, "unknown", "the exchange did not report its time"),
        (SENT_MS, "unknown", WINDOW_OPEN),
        (CLOSES_MS - 1, "unknown", WINDOW_OPEN),
        (CLOSES_MS, "unknown", WINDOW_OPEN),
        (CLOSED_MS, "unknown", MARGIN_OPEN),
        (SURE_MS - 2, "unknown", MARGIN_OPEN),
        (SURE_MS - 1, "unknown", MARGIN_OPEN),
        (SURE_MS, "not_executed", ABSENT),
        (SURE_MS + 86_400_000, "not_executed", ABSENT),
    ],
)
def test_without_evidence_time_decides(at_ms: int | None, outcome: str, reason: str) -> None:
    assert judged([], at_ms) == (outcome, reason, None, ())


@pytest.mark.parametrize(
    ("at_ms", "outcome", "reason"),
    [
        (None, "unknown", WINDOW_OPEN),
        (SENT_MS + 41, "unknown", WINDOW_OPEN),
        (CLOSES_MS, "unknown", WINDOW_OPEN),
        (CLOSED_MS, "executed", FOUND),
        (SURE_MS, "executed", FOUND),
    ],
)
def test_an_equal_entry_is_the_repayment(at_ms: int | None, outcome: str, reason: str) -> None:
    assert judged([OURS], at_ms) == (outcome, reason, OURS, (OURS,))


def test_without_margin_the_window_alone_decides() -> None:
    sent, seen = intent(), Observation(CLOSED_MS, LONG_AWAY_MS, [], LOAN)
    assert judge(sent, seen, 0, frozenset()).outcome == "not_executed"
    assert judge(sent, seen._replace(at_ms=CLOSES_MS), 0, frozenset()).outcome == "unknown"


def test_a_repayment_in_process_is_executed() -> None:
    found = OURS._replace(status=PROCESSING)
    assert judged([found]) == ("executed", FOUND, found, (found,))


@pytest.mark.parametrize(
    "amount", ["100", "100.0", "100.000000000000000000", "1E+2"],
)
def test_an_amount_is_a_number_however_it_is_written(amount: str) -> None:
    assert judged([OURS._replace(amount=Decimal(amount))]).outcome == "executed"


@pytest.mark.parametrize(
    "change",
    [
        # Before it was sent. Whole seconds may mean any moment of that second.
        {"time_ms": SENT_MS - 1001},
        {"time_ms": SENT_MS - 2000},
        {"time_ms": SENT_MS - 86_400_000},
        {"amount": Decimal(10), "time_ms": SENT_MS - 1001},
        {"amount": Decimal(10), "status": FAILED},
        {"amount": Decimal(10), "time_ms": LATEST_MS + 1},
        {"by_user": False, "kind": "liquidation", "time_ms": LATEST_MS + 1},
    ],
    ids=str,
)
def test_entries_that_cannot_be_the_repayment(change: dict[str, t.Any]) -> None:
    other = OURS._replace(**change)
    assert judged([other]) == ("not_executed", ABSENT, None, ())
    assert judged([other, TWIN]) == ("executed", FOUND, TWIN, (TWIN,))


@pytest.mark.parametrize(
    ("others", "shown"),
    [
        # Less a fee, rounded, the principal only, or in parts: the documentation does not define the shown amount.
        ([{"amount": "99.95"}], "99.95 (user)"),
        ([{"amount": "100.0001"}], "100.0001 (user)"),
        ([{"amount": "99.999999999999999999"}], "99.999999999999999999 (user)"),
        ([{"amount": "60"}, {"amount": "40", "repay_id": "98"}], "60 (user) and 40 (user)"),
        ([{"amount": "10"}], "10 (user)"),
        ([{"amount": "5000"}], "5000 (user)"),
        ([{"amount": "10", "status": PROCESSING}], "10 (user)"),
        ([{"amount": "10", "by_user": None, "kind": "unknown"}], "10 (unknown)"),
        # The same amount, with a type that is not the user's.
        ([{"by_user": False, "kind": "liquidation"}], "100 (liquidation)"),
        ([{"by_user": False, "kind": "moved_to_flexible"}], "100 (moved_to_flexible)"),
        # At each end of its time window.
        ([{"amount": "10", "time_ms": SENT_MS - 999}], "10 (user)"),
        ([{"amount": "10", "time_ms": SENT_MS - 1000}], "10 (user)"),
        ([{"amount": "10", "time_ms": LATEST_MS}], "10 (user)"),
    ],
    ids=str,
)
@pytest.mark.parametrize("at_ms", [CLOSED_MS, SURE_MS, LATEST_MS + 1, LATEST_MS + 86_400_000])
def test_any_new_entry_in_its_time_may_be_it(others: list[dict[str, t.Any]], shown: str, at_ms: int) -> None:
    entries = [OURS._replace(**{**other, "amount": Decimal(other.get("amount", "100"))}) for other in others]
    reason = f"the history shows {shown} at about that time, which may be this repayment"
    assert judged(entries, at_ms) == ("unknown", reason, None, tuple(entries))


@pytest.mark.parametrize("with_our_own", [False, True])
def test_an_entry_that_is_accounted_for_is_no_doubt(with_our_own: bool) -> None:
    other, ours = OURS._replace(repay_id="50", amount=Decimal(10)), [OURS] if with_our_own else []
    outcome = "executed" if with_our_own else "not_executed"
    assert judged([other, *ours], others={"50"}).outcome == outcome
    assert judged([other, *ours], before=[other]).outcome == outcome


def test_an_entry_of_its_amount_is_it_although_another_one_is_near() -> None:
    other = OURS._replace(repay_id="50", amount=Decimal("99.95"))
    assert judged([OURS, other]) == ("executed", FOUND, OURS, (OURS,))


def test_an_entry_of_unknown_type_may_be_it() -> None:
    strange = OURS._replace(by_user=None, kind="unknown")
    reason = "the history contains an entry that matches it, but this collection does not know its type"
    assert judged([strange], SURE_MS + 86_400_000) == ("unknown", reason, None, (strange,))
    assert judged([strange], CLOSES_MS) == ("unknown", WINDOW_OPEN, strange, (strange,))
    assert judged([strange, TWIN]) == ("unknown", "2 repayments in the history match it", None, (strange, TWIN))
    assert judged([strange._replace(status=FAILED)]).outcome == "not_executed"
    assert judged([strange], others={"99"}).outcome == judged([strange], before=[strange]).outcome == "not_executed"


def test_a_failed_entry_is_named_but_is_not_it() -> None:
    failed = OURS._replace(status=FAILED)
    reason = "its time window has closed, the only such repayment in the history, 99, has failed, the debt did not fall by that amount"
    assert judged([failed]) == ("not_executed", reason, None, (failed,))
    assert judged([failed, TWIN]) == ("executed", FOUND, TWIN, (TWIN,))
    assert judged([failed], CLOSES_MS) == ("unknown", WINDOW_OPEN, None, ())
    assert judged([failed], SURE_MS - 1) == ("unknown", MARGIN_OPEN, None, ())
    assert judged([failed], others={"99"}) == ("not_executed", ABSENT, None, ())


@pytest.mark.parametrize(
    "time_ms",
    [
        SENT_MS - 999,
        # In whole seconds.
        SENT_MS - 1000,
        SENT_MS,
        CLOSES_MS,
        CLOSES_MS + 1,
        CLOSES_MS + MARGIN_MS,
    ],
)
def test_the_times_at_which_it_can_have_been_made(time_ms: int) -> None:
    assert judged([OURS._replace(time_ms=time_ms)]).outcome == "executed"


def test_an_equal_entry_after_its_time_is_a_doubt() -> None:
    later = OURS._replace(time_ms=CLOSES_MS + MARGIN_MS + 1)
    reason = "the history shows a matching repayment, but at 2026-11-01 12:00:15 UTC, which is too late to be this one"
    assert judged([later], SURE_MS + 60_000) == ("unknown", reason, None, (later,))


def test_an_entry_in_time_outweighs_one_after_it() -> None:
    later = TWIN._replace(time_ms=CLOSES_MS + MARGIN_MS + 1)
    for entries in ([OURS, later], [later, OURS]):
        assert judged(entries) == ("executed", FOUND, OURS, (OURS,))


@pytest.mark.parametrize("at_ms", [None, SENT_MS, CLOSED_MS, SURE_MS, SURE_MS + 86_400_000])
def test_two_equal_entries_are_a_doubt_at_any_time(at_ms: int | None) -> None:
    reason = "2 repayments in the history match it"
    assert judged([OURS, TWIN], at_ms) == ("unknown", reason, None, (OURS, TWIN))


def test_three_equal_entries_are_a_doubt() -> None:
    third = OURS._replace(repay_id="97", status=PROCESSING)
    assert judged([OURS, TWIN, third]).reason == "3 repayments in the history match it"


@pytest.mark.parametrize("entries", [[OURS], [TWIN, OURS], [OURS, TWIN]])
def test_an_entry_that_was_there_before_is_not_it(entries: list[HistoryEntry]) -> None:
    rest = tuple(entry for entry in entries if entry != OURS)
    finding = judged(entries, before=[OURS])
    assert (finding.outcome, finding.candidates) == ("executed" if rest else "not_executed", rest)


def test_an_entry_that_was_there_before_in_process_is_not_it() -> None:
    assert judged([OURS], before=[OURS._replace(status=PROCESSING)]).outcome == "not_executed"


@pytest.mark.parametrize(
    ("others", "outcome", "entry"),
    [
        ((), "unknown", None),
        (("1",), "unknown", None),
        (("98",), "executed", OURS),
        (("99",), "executed", TWIN),
        (("98", "99"), "not_executed", None),
    ],
)
def test_an_entry_known_as_another_one_is_not_it(others: tuple[str, ...], outcome: str, entry: HistoryEntry | None) -> None:
    finding = judged([OURS, TWIN], others=others)
    assert (finding.outcome, finding.entry) == (outcome, entry)


def test_a_failed_entry_does_not_replace_a_successful_one() -> None:
    assert judged([TWIN._replace(status=FAILED), OURS]).entry == OURS


@pytest.mark.parametrize(("later_ms", "outcome"), [(0, "unknown"), (MARGIN_MS, "executed")])
def test_a_look_without_the_loan_needs_the_margin_to_believe_a_record(later_ms: int, outcome: str) -> None:
    seen = Observation(CLOSED_MS + later_ms, LONG_AWAY_MS, [OURS], None)
    assert judge(intent(), seen, MARGIN_MS, frozenset()).outcome == outcome


def test_the_order_of_the_history_does_not_matter() -> None:
    crowd = [OURS, OURS._replace(repay_id="1", amount=Decimal(7)), OURS._replace(repay_id="2", by_user=False, kind="auto")]
    assert judged(crowd) == judged(crowd[::-1]) == ("executed", FOUND, OURS, (OURS,))


def test_a_wide_time_window_is_waited_for() -> None:
    sent = intent()
    wide = Intent(sent.intent_id, sent.goal, sent.amount, sent.coin, sent.baseline, SENT_MS, 60_000)
    assert judge(wide, Observation(SENT_MS + 60_000, LONG_AWAY_MS, [OURS], LOAN), 0, frozenset()).outcome == "unknown"
    assert judge(wide, Observation(SENT_MS + 60_001, LONG_AWAY_MS, [OURS], LOAN), 0, frozenset()).outcome == "executed"
    assert judge(wide, Observation(SENT_MS + 70_000, LONG_AWAY_MS, [], LOAN), MARGIN_MS, frozenset()).outcome == "unknown"
    assert judge(wide, Observation(SENT_MS + 70_001, LONG_AWAY_MS, [], LOAN), MARGIN_MS, frozenset()).outcome == "not_executed"


def test_an_entry_in_another_coin_is_a_doubt() -> None:
    strange = OURS._replace(coin="USDC", kind="user")
    assert judged([strange])[:2] == ("unknown", "the history shows 100 (user) at about that time, which may be this repayment")
    assert judged([OURS._replace(coin="USDT")]).outcome == "executed"
