# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that lost its lock or its target to another one, in each database."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Busy, JournalUnusable, Overtaken
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store

BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
SENT = Intent("a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, 1793534400000, 5000)
ACCEPTED = dataclasses.replace(SENT, intent_id="b", repay_id="98")
Begin = t.Callable[..., Journal]
Put = t.Callable[[list[Intent]], None]
Recorded = t.Callable[[], list[Intent]]


@pytest.mark.parametrize("end", [lambda m: m.close(True), lambda m: m.close(False), lambda m: m.leave_open(17), lambda m: m.release()])
def test_one_run_at_a_time(begin: Begin, end: t.Callable[[Journal], None]) -> None:
    first = begin()
    with pytest.raises(Busy):
        begin()
    end(first)
    begin()


def test_a_run_that_is_cut_off_lets_others_in(store: Store, begin: Begin) -> None:
    with pytest.raises(KeyboardInterrupt), Journal(store) as journal:
        journal.begin(False, 0)
        raise KeyboardInterrupt
    begin()


@pytest.mark.parametrize(
    "write",
    [
        lambda journal: journal.note(SENT),
        lambda journal: (journal.discard(ACCEPTED, "no trace"), journal.close(True)),
        lambda journal: (journal.mark_confirmed(ACCEPTED), journal.close(True)),
        lambda journal: (journal.mark_confirmed(ACCEPTED), journal.leave_open(17)),
    ],
    ids=["note", "discard", "close", "leave_open"],
)
def test_an_overtaken_run_writes_nothing(
    begin: Begin, put: Put, recorded: Recorded, lose_lock: t.Callable[[], None], write: t.Callable[[Journal], object]
) -> None:
    put([ACCEPTED])
    first = begin()
    lose_lock()
    second = begin()
    with pytest.raises(Overtaken, match="Another run took over this loan .* Nothing more is sent. Run again."):
        write(first)
    assert recorded() == [ACCEPTED]
    second.mark_confirmed(ACCEPTED)
    second.close(True)
    assert recorded() == []


def test_a_run_that_lost_only_the_lock_goes_on(begin: Begin, recorded: Recorded, lose_lock: t.Callable[[], None]) -> None:
    journal = begin()
    lose_lock()
    journal.note(SENT)
    assert recorded() == [SENT]


def test_a_refused_note_is_not_written_at_the_end(begin: Begin, recorded: Recorded, lose_lock: t.Callable[[], None]) -> None:
    first = begin()
    lose_lock()
    begin()
    with pytest.raises(Overtaken):
        first.note(SENT)
    first.discard(SENT, "it was not sent")
    with pytest.raises(JournalUnusable):
        first.close(False, "Overtaken.")
    assert recorded() == []
