# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of the journal that the tests of its store write."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import EXECUTED, INTENDED, SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE, OPEN, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry

TARGET = Target("mainnet", "104", "legacy", "17")
SEEN = HistoryEntry("11", Decimal("0.1"), SUCCESS, True, 1793534395000)
BEFORE = Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000"))), (SEEN,))
INTENT = Intent("8f2a", Goal(Decimal("100.5")), Decimal("40.5"), "USDT", BEFORE, 1793534400000, 5000)


def new(intent: Intent = INTENT, state: str = OPEN, outcome: str = SIGNED, events: tuple[str, ...] = (INTENDED, SIGNED)) -> Change:
    return Change(Record(intent, state, outcome), tuple(Event(name, "because") for name in events), is_new=True)


def changed(intent: Intent = INTENT, state: str = MADE, outcome: str = EXECUTED, **more: t.Any) -> Change:
    return Change(Record(intent, state, outcome), (Event(outcome, "because"),), **more)
