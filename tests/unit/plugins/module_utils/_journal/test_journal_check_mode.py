# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in check mode reads the records and changes nothing."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Database, Row
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target

TARGET = Target("mainnet", "104", "legacy", "17")
BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
SENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000, reference="INV-7")
ACCEPTED = dataclasses.replace(SENT, intent_id="b", repay_id="98", reference=None)

Begin = t.Callable[..., Journal]
Put = t.Callable[[list[Intent]], None]


@pytest.fixture
def whole(select: t.Callable[..., list[Row]]) -> t.Callable[[], list[list[Row]]]:
    """Read all records."""
    tables = ("bybit_targets", "bybit_intents", "bybit_chains", "bybit_entries", "bybit_positions")
    return lambda: [select(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]


def test_check_mode_creates_nothing(begin: Begin, new_database: t.Callable[[], Database], tmp_path: Path) -> None:
    journal = begin(check_mode=True)
    assert not journal.is_in_doubt
    assert journal.use_of("INV-7") is None
    journal.note(SENT)
    journal.close(True)
    assert journal.open_intents() == [SENT]
    database = new_database()
    if database.is_there():
        database.open(writes=False)
        assert not database.has_tables()
    assert list(tmp_path.iterdir()) == []


def test_check_mode_changes_no_record(begin: Begin, put: Put, whole: t.Callable[[], list[list[Row]]]) -> None:
    put([SENT, ACCEPTED])
    before = whole()
    journal = begin(check_mode=True)
    assert journal.open_intents() == [SENT, ACCEPTED]
    assert journal.use_of("INV-7") is not None
    journal.note(dataclasses.replace(SENT, repay_id="99"))
    journal.discard(SENT, "no trace")
    journal.mark_confirmed(ACCEPTED)
    assert journal.open_intents() == []
    journal.close(True)
    assert whole() == before
    assert len(before[1]) == 2


def test_check_mode_waits_for_others_too(begin: Begin, put: Put) -> None:
    put([])
    begin()
    with pytest.raises(Busy):
        begin(check_mode=True)


def test_others_wait_for_check_mode(begin: Begin, put: Put) -> None:
    put([])
    looking = begin(check_mode=True)
    with pytest.raises(Busy):
        begin()
    looking.release()
    begin()


def test_check_mode_does_not_raise_the_epoch(begin: Begin, lose_lock: t.Callable[[], None], epoch_of: t.Callable[[Target], int]) -> None:
    first = begin()
    epoch = epoch_of(TARGET)
    lose_lock()
    begin(check_mode=True)
    first.note(SENT)
    assert epoch_of(TARGET) == epoch == 1


def test_two_runs_in_check_mode_do_not_wait_for_each_other(begin: Begin, put: Put) -> None:
    put([SENT])
    begin(check_mode=True)
    assert begin(check_mode=True).open_intents() == [SENT]


@pytest.mark.parametrize("change", [lambda d: d.begin(), lambda d: d.change("UPDATE bybit_targets SET epoch = 7")], ids=["begin", "change"])
def test_a_database_that_is_only_read_cannot_be_written(
    put: Put, new_database: t.Callable[[], Database], epoch_of: t.Callable[[Target], int], change: t.Callable[[Database], object]
) -> None:
    put([])
    database = new_database()
    database.open(writes=False)
    try:
        change(database)
        database.change("UPDATE bybit_targets SET epoch = 8")
        database.commit()
    except Exception:
        database.close()
    else:
        pytest.fail("it was written")
    assert epoch_of(TARGET) == 1


def test_a_store_that_only_read_writes_nothing(store: Store, put: Put, epoch_of: t.Callable[[Target], int]) -> None:
    put([])
    assert store.acquire(0, writes=False) == []
    assert epoch_of(TARGET) == 1
