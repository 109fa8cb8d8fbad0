# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard of a policy run while two controllers write to the server at the same moment."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Overtaken
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.postgresql import PostgresDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import POLICY, WHOLE_ACCOUNT, Target
from changes import INTENT, TARGET, new

POLICY_TARGET = Target("mainnet", "104", POLICY, WHOLE_ACCOUNT)
RAISE = "UPDATE bybit_targets SET epoch = epoch + 1, holder = 'another' WHERE product = 'policy'"

NewDatabase = t.Callable[[], PostgresDatabase]


@pytest.fixture
def operation(new_database: NewDatabase, clock: t.Any) -> Store:
    """An operation of a policy run, ready to write its first intent."""
    policy = Store(new_database(), POLICY_TARGET, clock)
    policy.acquire(0)
    store = Store(new_database(), TARGET, clock, guard=policy.guard)
    store.acquire(0)
    return store


class Attempt(threading.Thread):
    """What another controller does at the same time, and how it failed."""

    def __init__(self, act: t.Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._act = act
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._act()
        except Exception as error:
            self.error = error


def await_blocked(select: t.Callable[..., list[Row]], count: int = 1) -> None:
    """Wait until sessions wait for rows that others have locked."""
    deadline = time.monotonic() + 20
    while len(select("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("is_committed", [True, False], ids=["committed", "rolled_back"])
def test_a_write_waits_for_the_run_that_takes_over(
    operation: Store, database: PostgresDatabase, select: t.Callable[..., list[Row]], recorded: t.Callable[[], list[Intent]], is_committed: bool
) -> None:
    database.begin(writes=True)
    assert database.change(RAISE) == 1
    writing = Attempt(lambda: operation.write([new()]))
    await_blocked(select)
    if is_committed:
        database.commit()
    else:
        database.rollback()
    writing.join(20)
    assert isinstance(writing.error, Overtaken) == is_committed
    assert recorded() == ([] if is_committed else [INTENT])


def test_the_run_that_takes_over_waits_for_a_write(
    operation: Store, new_database: NewDatabase, select: t.Callable[..., list[Row]], database: PostgresDatabase
) -> None:
    """The writer finds out at its next write."""
    database.begin(writes=True)
    assert database.change("UPDATE bybit_targets SET epoch = epoch WHERE product = 'legacy'") == 1
    # The write has locked the guard, and waits for its own target.
    writing = Attempt(lambda: operation.write([new()]))
    await_blocked(select)
    taking_over = new_database()
    taking_over.open(writes=True)
    raising = Attempt(lambda: taking_over.change(RAISE))
    await_blocked(select, 2)
    database.commit()
    for attempt in (writing, raising):
        attempt.join(20)
        assert attempt.error is None
    with pytest.raises(Overtaken, match="Another run took over this policy"):
        operation.write([])
