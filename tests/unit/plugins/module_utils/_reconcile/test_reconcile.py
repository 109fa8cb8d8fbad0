# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.reconcile import Reconciler
from fake_poller import EVIDENCE, OURS, TWIN, FakeJournal, FakePoller

BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
SENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000)
ACCEPTED = dataclasses.replace(SENT, repay_id="99")
UNDER_WAY = OURS._replace(status=PROCESSING)
HAS_FAILED = OURS._replace(status=FAILED)
SEEN = Finding("executed", "the history shows it", OURS, (OURS,))
ABSENT = Finding("not_executed", "its time window has closed")
DOUBT = Finding("unknown", "2 repayments in the history match it", None, (OURS, OURS._replace(repay_id="98")))


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal("98")


@pytest.mark.parametrize(
    ("followed", "outcome", "end"),
    [
        # It stays recorded until the debt shows it, which only a later look can find.
        (OURS, "executed", ("mark_made", ACCEPTED)),
        (UNDER_WAY, "pending", ("mark_made", ACCEPTED)),
        (None, "pending", ("mark_made", ACCEPTED)),
    ],
    ids=str,
)
def test_an_accepted_repayment_is_followed(
    journal: FakeJournal, followed: HistoryEntry | None, outcome: str, end: tuple[object, ...]
) -> None:
    poller = FakePoller(followed=followed)
    found = Reconciler(poller, journal, wait=True).reconcile(ACCEPTED, 777)
    assert found == (outcome, ACCEPTED, None, None, "", (TWIN,))
    assert poller.asked == [("99", 777), *([] if followed else [("99",)])]
    assert journal.done == [("note", ACCEPTED), end]


@pytest.mark.parametrize(("finding", "outcome", "done"), [(ABSENT, "not_executed", ("discard",)), (DOUBT, "unknown", ())], ids=str)
def test_a_repayment_reported_as_failed_is_looked_for(
    journal: FakeJournal, finding: Finding, outcome: str, done: tuple[str, ...]
) -> None:
    poller = FakePoller(finding, followed=HAS_FAILED)
    found = Reconciler(poller, journal, wait=True).reconcile(ACCEPTED, 777)
    looked_for = dataclasses.replace(SENT, accepted_at_ms=SENT.window_end_ms)
    # Its own entry is not another one's, although its ID was just recorded.
    assert poller.asked == [("99", 777), (looked_for, frozenset({"98"}), 777)]
    assert (found.outcome, found.intent.repay_id, found.finding) == (outcome, "99", finding)
    assert tuple(kind for kind, *dummy in journal.done) == ("note", *done)


def test_an_amount_of_zero_is_reported_as_shown(journal: FakeJournal) -> None:
    found = Reconciler(FakePoller(followed=OURS._replace(amount=Decimal(0))), journal, wait=True).reconcile(ACCEPTED, 777)
    assert (found.outcome, found.intent.amount) == ("executed", Decimal(100))
    assert "with an amount of 0" in found.warning


def test_without_wait_an_accepted_repayment_is_pending(journal: FakeJournal) -> None:
    poller = FakePoller(followed=OURS)
    assert Reconciler(poller, journal, wait=False).reconcile(ACCEPTED, 777).outcome == "pending"
    assert poller.asked == []
    assert journal.done == [("note", ACCEPTED), ("mark_made", ACCEPTED)]


def test_a_known_id_is_not_recorded_again() -> None:
    journal = FakeJournal("99")
    Reconciler(FakePoller(followed=OURS), journal, wait=True).reconcile(ACCEPTED, 777)
    assert journal.done == [("mark_made", ACCEPTED)]


def test_an_id_that_cannot_be_recorded_is_a_warning(journal: FakeJournal) -> None:
    journal.is_broken = True
    found = Reconciler(FakePoller(followed=OURS), journal, wait=True).reconcile(ACCEPTED, 777)
    assert (found.outcome, found.warning) == ("executed", "The ID of the repayment could not be recorded: The disk is full.")


@pytest.mark.parametrize(
    ("wait", "entry", "followed", "outcome"),
    [
        (True, OURS, None, "executed"),
        (True, UNDER_WAY, OURS, "executed"),
        (True, UNDER_WAY, None, "pending"),
        (True, UNDER_WAY, UNDER_WAY, "pending"),
        (False, OURS, None, "executed"),
        (False, UNDER_WAY, OURS, "pending"),
    ],
)
def test_a_found_repayment_is_reported(
    journal: FakeJournal, wait: bool, entry: HistoryEntry, followed: HistoryEntry | None, outcome: str
) -> None:
    finding = SEEN._replace(entry=entry, candidates=(entry,))
    poller = FakePoller(finding, followed=followed)
    found = Reconciler(poller, journal, wait).reconcile(SENT, 777)
    assert found == (outcome, ACCEPTED, finding, EVIDENCE, "", ())
    assert poller.asked[0] == (SENT, frozenset({"98"}), 777)
    # It stays recorded, because it may be somebody else's while this run's does not show yet.
    assert ("mark_made", ACCEPTED) in journal.done
    # Only a final one is certainly this run's.
    assert (("note", ACCEPTED) in journal.done) == (outcome == "executed")


@pytest.mark.parametrize(
    ("then", "outcome"), [(SEEN, "executed"), (ABSENT, "not_executed"), (DOUBT, "unknown")], ids=lambda value: str(value)[:40]
)
def test_a_candidate_that_fails_may_be_somebody_elses(journal: FakeJournal, then: Finding, outcome: str) -> None:
    twin = UNDER_WAY._replace(repay_id="97")
    first = SEEN._replace(entry=twin, candidates=(twin,))
    poller = FakePoller(first, then, followed=twin._replace(status=FAILED))
    found = Reconciler(poller, journal, wait=True).reconcile(SENT, 777)
    assert (found.outcome, found.finding) == (outcome, then)
    assert found.intent.repay_id == ("99" if outcome == "executed" else None)
    assert poller.asked == [(SENT, frozenset({"98"}), 777), ("97", 777), (SENT, frozenset({"98"}), 777)]
    assert "97" not in journal.known


def test_an_exchange_that_contradicts_itself_does_not_hold_a_run_forever(journal: FakeJournal) -> None:
    twin = UNDER_WAY._replace(repay_id="97")
    poller = FakePoller(*[SEEN._replace(entry=twin)] * 2, ABSENT, followed=twin._replace(status=FAILED))
    assert Reconciler(poller, journal, wait=True).reconcile(SENT, 777).outcome == "not_executed"
    assert poller.asked[-1] == (SENT, frozenset({"97", "98"}), 777)


def test_a_candidate_does_not_count_while_its_time_window_is_open(journal: FakeJournal) -> None:
    early = Finding("unknown", "wait_timeout ended", UNDER_WAY, (UNDER_WAY,))
    found = Reconciler(FakePoller(early), journal, wait=True).reconcile(SENT, 777)
    assert (found.outcome, found.intent, journal.done) == ("unknown", SENT, [])


def test_a_repayment_that_was_not_executed_is_forgotten(journal: FakeJournal) -> None:
    found = Reconciler(FakePoller(ABSENT), journal, wait=True).reconcile(SENT, 777)
    assert found == ("not_executed", SENT, ABSENT, EVIDENCE, "", ())
    assert journal.done == [("discard", SENT)]


def test_a_repayment_in_doubt_stays_open(journal: FakeJournal) -> None:
    found = Reconciler(FakePoller(DOUBT), journal, wait=True).reconcile(SENT, 777)
    assert found == ("unknown", SENT, DOUBT, EVIDENCE, "", ())
    assert journal.done == []


@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
@pytest.mark.parametrize("amount", ["9.9", "99.95", "100.5", "0.0001"])
def test_the_amount_in_the_history_is_reported(journal: FakeJournal, amount: str, status: str) -> None:
    other = OURS._replace(amount=Decimal(amount), status=status)
    found = Reconciler(FakePoller(followed=other), journal, wait=True).reconcile(ACCEPTED, 777)
    told = dataclasses.replace(ACCEPTED, amount=Decimal(amount))
    assert (found.outcome, found.intent) == ("executed" if status == SUCCESS else "pending", told)
    assert found.warning == (
        f"100 USDT was sent, but the exchange's history shows {amount} for repayment 99. This collection reports the "
        "amounts in the history."
    )
    assert journal.done[-1] == ("mark_made", told)


@pytest.mark.parametrize(
    ("status", "amount", "told"), [(SUCCESS, "250", "250"), (SUCCESS, "99", "99"), (PROCESSING, "250", "100")]
)
def test_the_cost_of_a_whole_loan_is_no_contradiction(journal: FakeJournal, status: str, amount: str, told: str) -> None:
    whole = dataclasses.replace(ACCEPTED, is_whole=True)
    other = OURS._replace(amount=Decimal(amount), status=status)
    found = Reconciler(FakePoller(followed=other), journal, wait=True).reconcile(whole, 777)
    # While it is in process, the exchange may recalculate it.
    assert (found.intent.amount, found.warning) == (Decimal(told), "")


KNOWN = OURS._replace(repay_id="99", time_ms=SENT.sent_at_ms - 60_001)
CONTRADICTED = [
    (OURS._replace(amount=Decimal("101.5")), "its amount is 101.5"),
    (OURS._replace(time_ms=SENT.sent_at_ms - 1001), "it was made at 2026-11-01 11:59:58 UTC, before this was sent"),
    (OURS._replace(coin="BTC"), "it is in BTC"),
    (OURS._replace(by_user=False, kind="liquidation"), "its type is liquidation"),
]


@pytest.mark.parametrize(("shown", "doubt"), CONTRADICTED)
@pytest.mark.parametrize("status", [SUCCESS, PROCESSING, FAILED])
def test_an_id_that_is_contradicted_proves_nothing(journal: FakeJournal, shown: HistoryEntry, doubt: str, status: str) -> None:
    poller = FakePoller(Finding("unknown", "it does not show"), followed=shown._replace(status=status))
    found = Reconciler(poller, journal, wait=True).reconcile(ACCEPTED, 777)
    assert found.outcome == "unknown"
    assert found.finding == Finding("unknown", f"the exchange gave it the ID 99, but {doubt}; it does not show")
    # It is looked for among all others. The exchange accepted it, so its absence alone is no proof.
    looked_for = dataclasses.replace(SENT, accepted_at_ms=SENT.window_end_ms)
    assert poller.asked[-1] == (looked_for, frozenset({"98", "99"}), 777)
    assert (found.intent, found.evidence) == (looked_for, EVIDENCE)
    # The intent stays, with the ID.
    assert journal.done == [("note", ACCEPTED)]


def test_an_id_of_the_baseline_proves_nothing(journal: FakeJournal) -> None:
    sent = dataclasses.replace(ACCEPTED, baseline=BEFORE._replace(entries=(KNOWN,)))
    found = Reconciler(FakePoller(DOUBT, followed=KNOWN), journal, wait=True).reconcile(sent, 777)
    assert found.finding is not None
    assert found.finding.reason.startswith("the exchange gave it the ID 99, but it was already in the history; ")
    assert (found.outcome, journal.done) == ("unknown", [("note", sent)])


def test_after_a_contradicted_id_the_real_entry_may_be_found(journal: FakeJournal) -> None:
    ours = OURS._replace(repay_id="97")
    poller = FakePoller(Finding("executed", "the history shows it", ours, (ours,)), followed=CONTRADICTED[0][0])
    found = Reconciler(poller, journal, wait=True).reconcile(ACCEPTED, 777)
    assert (found.outcome, found.intent.repay_id, found.intent.amount) == ("executed", "97", Decimal(100))
    assert "97" in journal.known


def test_an_entry_of_unknown_type_with_its_id_is_the_repayment(journal: FakeJournal) -> None:
    strange = OURS._replace(by_user=None, kind="unknown")
    assert Reconciler(FakePoller(followed=strange), journal, wait=True).reconcile(ACCEPTED, 777).outcome == "executed"


def test_an_id_of_another_loan_proves_nothing(journal: FakeJournal) -> None:
    poller = FakePoller(ABSENT._replace(outcome="unknown"))
    poller.other_loan = "that ID belongs to a repayment of 1.5 ETH on another loan"
    found = Reconciler(poller, journal, wait=True).reconcile(ACCEPTED, 777)
    assert found.outcome == "unknown" and found.finding is not None
    assert found.finding.reason == f"the exchange gave it the ID 99, but {poller.other_loan}; its time window has closed"
    assert poller.asked[-1][1] == {"98", "99"}


def test_an_id_that_shows_nowhere_is_believed(journal: FakeJournal) -> None:
    poller = FakePoller()
    assert Reconciler(poller, journal, wait=True).reconcile(ACCEPTED, 777).outcome == "pending"
    assert poller.asked == [("99", 777), ("99",)]
