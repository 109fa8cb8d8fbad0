# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, Busy
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store

BEFORE = Baseline(Decimal(1000), Decimal(1000), ())
SENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000)
ACCEPTED = dataclasses.replace(SENT, intent_id="b", repay_id="98")


def test_check_mode_makes_no_directory(begin: t.Callable[..., Journal], directory: Path) -> None:
    journal = begin(check_mode=True)
    journal.note(SENT)
    journal.close(True)
    assert journal.open_intents() == [SENT]
    assert not directory.exists()


def test_check_mode_changes_no_memory(begin: t.Callable[..., Journal], store: Store) -> None:
    begin().release()
    store.put([SENT, ACCEPTED])
    before = Path(store.path).read_bytes()
    journal = begin(check_mode=True)
    assert journal.open_intents() == [SENT, ACCEPTED]
    journal.note(dataclasses.replace(SENT, repay_id="99"))
    journal.discard(SENT)
    journal.mark_confirmed(ACCEPTED)
    assert journal.open_intents() == []
    journal.close(True)
    assert Path(store.path).read_bytes() == before


def test_check_mode_waits_for_others_too(begin: t.Callable[..., Journal], store: Store) -> None:
    store.put([])
    begin()
    with pytest.raises(Busy):
        begin(check_mode=True)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_damaged_memory_stops_the_run(begin: t.Callable[..., Journal], store: Store, check_mode: bool) -> None:
    begin().release()
    Path(store.path).write_text("{")
    with pytest.raises(BadInput, match="is not a readable journal"):
        begin(check_mode)


def test_check_mode_leaves_the_lock_file_alone(begin: t.Callable[..., Journal], directory: Path) -> None:
    begin().release()
    (lock_file,) = directory.iterdir()
    lock_file.write_text("4711")
    begin(check_mode=True)
    assert lock_file.read_text() == "4711"
    assert list(directory.iterdir()) == [lock_file]


def test_check_mode_finds_what_is_open_without_a_lock_file(begin: t.Callable[..., Journal], store: Store) -> None:
    begin().release()
    store.put([SENT])
    lock = Path(store.path).with_suffix(".lock")
    lock.unlink()
    assert begin(check_mode=True).open_intents() == [SENT]
    assert not lock.exists()


def test_two_runs_in_check_mode_do_not_wait_for_each_other(begin: t.Callable[..., Journal], store: Store) -> None:
    begin().release()
    begin(check_mode=True)
    assert begin(check_mode=True).open_intents() == []
