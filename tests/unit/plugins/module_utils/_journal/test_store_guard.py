# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of many operations: once another run has taken it over, none of its operations writes, even if nobody touched their targets."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, Overtaken
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database
from ansible_collections.treasury.bybit.plugins.module_utils._journal.guard import Guard
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE
from ansible_collections.treasury.bybit.plugins.module_utils._journal.shared import SharedDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import LTV, POLICY, WHOLE_ACCOUNT, SharedLtv, Target
from changes import INTENT, TARGET, changed, new

POLICY_TARGET = Target("mainnet", "104", POLICY, WHOLE_ACCOUNT)
OTHER = TARGET._replace(loan="18")
OVERTAKEN = "Another run took over this policy while this one was suspended or disconnected from the journal .*[.] Nothing more is sent[.] Run again[.]"

Recorded = t.Callable[[], t.List[Intent]]
Select = t.Callable[..., t.List[t.Any]]


class PolicyRun:
    """A run of the policy, with a connection of its own."""

    def __init__(self, database: Database, clock: t.Any) -> None:
        self.database, self._clock = SharedDatabase(database), clock
        self.store = Store(self.database, POLICY_TARGET, clock)

    def operation(self, target: Target = TARGET, ltv: SharedLtv | None = None) -> Store:
        return Store(self.database, target, self._clock, ltv, self.store.guard)

    def begun(self, target: Target = TARGET, ltv: SharedLtv | None = None) -> Store:
        store = self.operation(target, ltv)
        store.acquire(0)
        return store


NewRun = t.Callable[[], PolicyRun]


@pytest.fixture
def new_run(new_database: t.Callable[[], Database], clock: t.Any) -> NewRun:
    """Begin a policy run on a controller of its own."""

    def call() -> PolicyRun:
        run = PolicyRun(new_database(), clock)
        run.store.acquire(0)
        return run

    return call


@pytest.fixture
def overtake(new_run: NewRun, lose_lock: t.Callable[[], None]) -> NewRun:
    """Begin another policy run while the one before is paused, so that it does not notice the loss of its lock."""

    def call() -> PolicyRun:
        lose_lock()
        return new_run()

    return call


def test_operations_of_a_run_write_and_leave_its_epoch_alone(
    new_run: NewRun, epoch_of: t.Callable[[Target], int], recorded: Recorded, trail: t.Callable[..., list[str]]
) -> None:
    run = new_run()
    for number, target in enumerate((TARGET, OTHER, TARGET)):
        store = run.begun(target)
        store.write([new(dataclasses.replace(INTENT, intent_id=str(number)), MADE)])
        store.release()
    assert (epoch_of(POLICY_TARGET), epoch_of(TARGET), epoch_of(OTHER)) == (1, 2, 1)
    assert (sorted(intent.intent_id for intent in recorded()), len(trail())) == (["0", "1", "2"], 6)


def test_two_runs_of_the_policy_wait_for_each_other(new_run: NewRun) -> None:
    first = new_run()
    first.begun().release()
    first.store.release()
    with pytest.raises(Busy, match=r"^Another run for this policy \(process .*\) did not end within lock_timeout, 0 s, so nothing was sent"):
        new_run()
    first.database.disconnect()
    assert new_run().store.guard.epoch == 2


def test_a_paused_run_acquires_no_further_target(
    new_run: NewRun, overtake: NewRun, epoch_of: t.Callable[[Target], int], recorded: Recorded
) -> None:
    run = new_run()
    overtake()
    with pytest.raises(Overtaken, match=OVERTAKEN) as caught:
        run.operation().acquire(0)
    assert caught.value.outcome == "not_executed"
    assert (epoch_of(TARGET), recorded()) == (0, [])


def test_a_paused_run_does_not_take_a_target_from_the_next_one(new_run: NewRun, overtake: NewRun, epoch_of: t.Callable[[Target], int]) -> None:
    run = new_run()
    second = overtake()
    store = second.begun()
    # The lock is free, so that only the guard keeps the first run out.
    second.database.disconnect()
    with pytest.raises(Overtaken, match=OVERTAKEN):
        run.operation().acquire(0)
    assert epoch_of(TARGET) == 1
    second.database.open(writes=True)
    store.write([new()])


@pytest.mark.parametrize("is_acquired_again", [False, True], ids=["untouched", "touched"])
def test_a_paused_run_records_no_first_intent(
    new_run: NewRun, overtake: NewRun, recorded: Recorded, trail: t.Callable[..., list[str]], is_acquired_again: bool
) -> None:
    store = new_run().begun()
    second = overtake()
    if is_acquired_again:
        second.begun()
    with pytest.raises(Overtaken, match=OVERTAKEN):
        store.write([new()])
    assert (recorded(), trail()) == ([], [])
    another = second.begun(OTHER)
    another.write([new()])
    assert recorded() == [INTENT]


def test_a_paused_run_changes_nothing_that_it_recorded(
    new_run: NewRun, overtake: NewRun, recorded: Recorded, trail: t.Callable[..., list[str]]
) -> None:
    run = new_run()
    store = run.begun()
    store.write([new()])
    second = overtake()
    for change in (changed(), new(dataclasses.replace(INTENT, intent_id="9c1b"), MADE), changed(is_certain=False)):
        with pytest.raises(Overtaken, match=OVERTAKEN):
            store.write([change])
    assert (recorded(), trail()) == ([INTENT], ["intended", "signed"])
    # A server may have given the lock of the loan back to the paused run.
    run.database.disconnect()
    assert [record.intent for record in second.operation().acquire(0)] == [INTENT]


def test_a_paused_run_notices_before_it_sends(new_run: NewRun, overtake: NewRun) -> None:
    journal = Journal(new_run().operation())
    journal.begin(False, 0)
    journal.note(INTENT)
    assert journal.overtaken() is None
    overtake()
    assert "Another run took over this policy" in str(journal.overtaken())


def test_a_run_that_ended_and_was_followed_is_overtaken_too(new_run: NewRun, recorded: Recorded) -> None:
    first = new_run()
    store = first.begun()
    first.database.disconnect()
    new_run().database.disconnect()
    first.database.open(writes=True)
    with pytest.raises(Overtaken, match=OVERTAKEN):
        store.write([new()])
    assert recorded() == []


def test_another_run_for_the_target_alone_overtakes_the_operation(new_run: NewRun, new_store: t.Callable[..., Store], lose_lock: t.Callable[[], None]) -> None:
    run = new_run()
    store = run.begun()
    lose_lock()
    new_store().acquire(0)
    with pytest.raises(Overtaken, match="Another run took over this loan while"):
        store.write([new()])
    run.begun(OTHER).write([new()])


def test_a_restored_database_with_the_same_number_is_not_the_same_epoch(
    new_run: NewRun, write_anyhow: t.Callable[..., None], epoch_of: t.Callable[[Target], int], recorded: Recorded
) -> None:
    run = new_run()
    store = run.begun()
    write_anyhow("UPDATE bybit_targets SET holder = '{}' WHERE product = ?", POLICY)
    assert epoch_of(POLICY_TARGET) == run.store.guard.epoch
    with pytest.raises(Overtaken, match=OVERTAKEN):
        store.write([new()])
    with pytest.raises(Overtaken, match=OVERTAKEN):
        run.operation(OTHER).acquire(0)
    assert (recorded(), epoch_of(OTHER)) == ([], 0)


def test_a_restored_database_without_the_run_is_refused(new_run: NewRun, write_anyhow: t.Callable[..., None], recorded: Recorded) -> None:
    store = new_run().begun()
    write_anyhow("DELETE FROM bybit_targets WHERE product = ?", POLICY)
    with pytest.raises(Overtaken, match=OVERTAKEN):
        store.write([new()])
    assert recorded() == []


def test_each_account_has_a_policy_of_its_own(new_run: NewRun, new_store: t.Callable[..., Store]) -> None:
    store = new_run().begun()
    new_store(POLICY_TARGET._replace(account="105")).acquire(0)
    new_store(POLICY_TARGET._replace(realm="testnet")).acquire(0)
    store.write([new()])


def test_only_an_acquired_policy_is_a_guard(new_store: t.Callable[..., Store]) -> None:
    store = new_store(POLICY_TARGET)
    with pytest.raises(ValueError, match="this policy is not acquired for writing"):
        assert store.guard
    store.acquire(0)
    assert isinstance(store.guard, Guard) and store.guard[:2] == (POLICY_TARGET, 1)
    store.release()
    for dummy in range(2):
        with pytest.raises(ValueError, match="this policy is not acquired for writing"):
            assert store.guard
        store.acquire(0, writes=False)


def test_after_a_lost_connection_nothing_new_changes_an_ltv(new_run: NewRun, kind: str, lose_lock: t.Callable[[], None], recorded: Recorded) -> None:
    """The run may hold the LTV exclusively for operations that only share it."""
    store = new_run().begun(ltv=SharedLtv(TARGET._replace(product=LTV), ("legacy",), "17", False))
    intent = dataclasses.replace(INTENT, goal=Goal(Decimal("100.5")))
    lose_lock()
    if kind == "sqlite":
        # A file has no connection to lose.
        store.write([new(intent)])
        return
    with pytest.raises(Overtaken, match="was lost for a moment"):
        store.write([new(intent)])
    assert recorded() == []
