# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a run: the result is reported before the journal is closed, and what was not reported stays open."""

from __future__ import annotations

import typing as t
from decimal import Decimal
from types import SimpleNamespace

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._module.operation import _Result, finish

PLAIN, DECLARATIVE = Goal(amount=Decimal(1)), Goal(max_debt=Decimal(1))
NOW_MS = 1_790_000_000_000
NOTE = "note The result may not have reached anyone, so the next run reports it again."


class Cut(BaseException):
    """Raised by a task's timeout."""


class World:
    """A module, its journal, and the parent processes, which record what happens to them, in order."""

    def __init__(self, are_known: bool = True, are_alive: bool = True, emit_raises: bool = False, disk_is_full: bool = False) -> None:
        self.events: list[str] = []
        self.are_known = are_known
        self._are_alive, self._emit_raises, self._disk_is_full = are_alive, emit_raises, disk_is_full

    def emit(self, result: dict[str, t.Any], failed: bool) -> None:
        if self._emit_raises:
            raise Cut
        self.events.append(f"emit {result} {failed}")

    def log_late(self, text: str) -> None:
        self.events.append(f"note {text}")

    def are_alive(self) -> bool:
        self.events.append("ask")
        return self._are_alive

    def close(self, is_success: bool, message: str) -> None:
        if self._disk_is_full:
            raise JournalUnusable("The disk is full.")
        self.events.append(f"close {is_success} {message}")

    def leave_open(self, reported_at_ms: int) -> None:
        self.events.append(f"leave open {reported_at_ms}")

    def finish(self, result: _Result, goal: Goal = PLAIN, reference: str | None = None) -> list[str]:
        client = SimpleNamespace(exchange_time_or_local_ms=lambda: NOW_MS)
        task = t.cast(t.Any, SimpleNamespace(journal=self, client=client, goal=goal, options=SimpleNamespace(reference=reference)))
        finish(t.cast(t.Any, self), result, task, t.cast(t.Any, self))
        return self.events


PAID, FAILED = _Result({"outcome": "executed", "msg": "paid"}), _Result({"msg": "no"}, failed=True)


def test_the_journal_is_closed_after_the_report() -> None:
    assert World().finish(PAID) == ["emit {'outcome': 'executed', 'msg': 'paid'} False", "ask", "close True paid"]


def test_a_failure_is_closed_as_one_whoever_saw_it() -> None:
    assert World(are_alive=False).finish(FAILED) == ["emit {'msg': 'no'} True", "close False no"]


def test_a_result_that_reaches_nobody_stays_open() -> None:
    assert World(are_alive=False).finish(PAID)[1:] == ["ask", f"leave open {NOW_MS}", NOTE]


@pytest.mark.parametrize(("goal", "end"), [(PLAIN, [f"leave open {NOW_MS}", NOTE]), (DECLARATIVE, ["ask", "close True paid"])])
def test_an_unknown_reader_counts_if_a_second_run_pays_nothing(goal: Goal, end: list[str]) -> None:
    assert World(are_known=False).finish(PAID, goal)[1:] == end


def test_a_step_with_a_reference_is_closed_as_well() -> None:
    assert World(are_known=False).finish(PAID, reference="invoice 7")[1:] == ["ask", "close True paid"]


def test_an_error_inside_leaves_the_journal_as_it_is() -> None:
    result = _Result({"msg": "An error inside"}, failed=True, is_defect=True)
    assert World().finish(result) == ["emit {'msg': 'An error inside'} True"]


def test_a_result_that_is_cut_off_is_not_closed() -> None:
    world = World(emit_raises=True)
    with pytest.raises(Cut):
        world.finish(PAID)
    assert world.events == []


def test_a_journal_that_cannot_be_closed_takes_no_result_away() -> None:
    assert World(disk_is_full=True).finish(PAID)[2:] == ["note The disk is full. The next run checks this repayment again."]
