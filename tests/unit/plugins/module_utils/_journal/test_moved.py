# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was moved since a moment is read from the journal, in each database: all that may have been executed, whoever sent it."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, MOVES, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED, Counted, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Damaged, Database
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import ACCEPTED, ACKNOWLEDGED, EXECUTED, NOT_EXECUTED, SIGNED, UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.moved import Moved, read_moved
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import DONE, GIVEN_UP, MADE, OPEN, VOID
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._times import DAY_MS
from changes import INTENT, TARGET, changed, new

SINCE_MS = INTENT.sent_at_ms
COUNTED = Counted((("calm", Decimal("40.5")),), (("USDT", Decimal("40.5")),), Decimal("40.6"))
Read = t.Callable[..., t.List[Moved]]
Send = t.Callable[..., Intent]


@pytest.fixture
def read(new_database: t.Callable[[], Database]) -> Read:
    def call(realm: str = "mainnet", account: str = "104", since_ms: int = SINCE_MS, writes: bool = False) -> list[Moved]:
        with contextlib.closing(new_database()) as database:
            database.open(writes=writes)
            return read_moved(database, realm, account, since_ms)

    return call


@pytest.fixture
def send(new_store: t.Callable[..., Store]) -> Send:
    """Record an intent, as a run of its own."""

    def call(intent_id: str, state: str = DONE, outcome: str = EXECUTED, target: Target = TARGET, **values: t.Any) -> Intent:
        intent = dataclasses.replace(INTENT, intent_id=intent_id, **values)
        store = new_store(target)
        store.acquire(0)
        store.write([new(intent, state, outcome)])
        store.release()
        return intent

    return call


@pytest.mark.parametrize(
    ("state", "outcome"),
    [(OPEN, SIGNED), (OPEN, ACCEPTED), (OPEN, UNKNOWN), (MADE, ACCEPTED), (MADE, EXECUTED), (DONE, EXECUTED), (GIVEN_UP, ACKNOWLEDGED)],
)
def test_what_may_have_moved_counts(read: Read, send: Send, state: str, outcome: str) -> None:
    intent = send("a", state, outcome, counted=COUNTED)
    assert read() == [Moved(TARGET, intent, state)]


def test_what_was_certainly_not_executed_does_not_count(read: Read, send: Send) -> None:
    send("a", VOID, NOT_EXECUTED)
    assert read() == []


def test_what_turned_out_not_to_be_executed_no_longer_counts(read: Read, send: Send, new_store: t.Callable[..., Store]) -> None:
    intent = send("a", OPEN, UNKNOWN)
    assert len(read()) == 1
    store = new_store()
    store.acquire(0)
    store.write([changed(intent, VOID, NOT_EXECUTED)])
    store.release()
    assert read() == []


GOALS = {
    REPAY: Goal(Decimal(1)), ADD: Goal(Decimal(1), move=ADD), TAKE_BACK: Goal(Decimal(1), move=TAKE_BACK), TO_FUND: Goal(Decimal(1), move=TO_FUND),
    TO_UNIFIED: Goal(Decimal(1), move=TO_UNIFIED), "sale": Goal(max_ltv=Decimal("0.5"), collateral=("BTC",)),
}


@pytest.mark.parametrize(("kind", "counts"), [(REPAY, True), ("sale", True), (ADD, True), (TAKE_BACK, False), (TO_FUND, False), (TO_UNIFIED, False)])
def test_repayments_sales_and_additions_count(read: Read, send: Send, kind: str, counts: bool) -> None:
    assert set(MOVES) == set(GOALS) - {"sale"}
    send("a", goal=GOALS[kind])
    assert [moved.intent.intent_id for moved in read()] == (["a"] if counts else [])


@pytest.mark.parametrize(("early_ms", "counts"), [(-1, True), (0, True), (1, False)])
def test_the_time_of_the_request_decides(read: Read, send: Send, early_ms: int, counts: bool) -> None:
    send("a", sent_at_ms=SINCE_MS - early_ms)
    assert bool(read()) == counts


@pytest.mark.parametrize("behind_ms", [-30 * DAY_MS, DAY_MS, 400 * DAY_MS])
def test_the_clock_of_the_machine_does_not_matter(read: Read, send: Send, clock: t.Any, behind_ms: int) -> None:
    clock.time_ms = SINCE_MS - behind_ms
    send("a")
    assert len(read()) == 1


@pytest.mark.parametrize("older", [0, 1, 199, 200, 201, 450])
def test_old_ones_are_not_read_to_the_end(read: Read, send: Send, new_store: t.Callable[..., Store], older: int) -> None:
    """They are read in blocks of 200, from the latest on."""
    store = new_store()
    store.acquire(0)
    store.write([new(dataclasses.replace(INTENT, intent_id=f"old {number}", sent_at_ms=SINCE_MS - 2 * DAY_MS), DONE, EXECUTED) for number in range(older)])
    store.write([new(dataclasses.replace(INTENT, intent_id=f"new {number}"), DONE, EXECUTED) for number in range(250)])
    store.release()
    assert [moved.intent.intent_id for moved in read()] == [f"new {number}" for number in range(250)]


def test_later_entries_do_not_make_a_request_younger(read: Read, send: Send, clock: t.Any, new_store: t.Callable[..., Store]) -> None:
    intent = send("a", OPEN, SIGNED, sent_at_ms=SINCE_MS - 1)
    clock.pass_ms(5 * DAY_MS)
    store = new_store()
    store.acquire(0)
    store.write([changed(intent, DONE)])
    assert read() == []
    assert len(read(since_ms=SINCE_MS - 1)) == 1


def test_all_targets_of_the_account_count_in_the_order_of_their_requests(read: Read, send: Send) -> None:
    targets = [Target("mainnet", "104", *rest) for rest in (("legacy", "18"), ("flexible", "USDT"), ("fixed", "7"), ("order_collateral", "17"))]
    # Two at the same moment are in the order in which they were written.
    sent = [send(name, target=target, sent_at_ms=SINCE_MS + late_ms) for name, target, late_ms in zip("dbca", targets, (7, 5, 7, 6))]
    assert read() == [Moved(targets[place], sent[place], DONE) for place in (1, 3, 0, 2)]


def test_other_accounts_and_realms_do_not_count(read: Read, send: Send) -> None:
    for name, change in (("a", {"account": "105"}), ("b", {"realm": "testnet"}), ("c", {})):
        send(name, target=TARGET._replace(**change))
    assert [moved.intent.intent_id for moved in read()] == ["c"]
    assert [moved.target.account for moved in read(account="105")] == ["105"]
    assert [moved.target.realm for moved in read(realm="testnet")] == ["testnet"]


def test_a_run_that_holds_a_target_reads_it_too(acquired: Store, read: Read) -> None:
    acquired.write([new()])
    assert [moved.state for moved in read(writes=True)] == [OPEN]


def test_nothing_was_moved_by_a_journal_without_tables(read: Read) -> None:
    assert read(writes=True) == []


def test_an_intent_that_cannot_be_read_is_an_error(read: Read, send: Send, write_anyhow: t.Callable[..., None]) -> None:
    send("a")
    write_anyhow("UPDATE bybit_intents SET document = ?", "{}")
    with pytest.raises(Damaged, match="an intent in it is invalid"):
        read()
