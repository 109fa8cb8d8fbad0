# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whenever the database fails: nothing is sent that is not recorded, and a second run does not pay again."""

from __future__ import annotations

import itertools
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BybitError, OutcomeUnknown
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._engine.run import run as engine
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal, RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import Answer, CommitInDoubt, Database, DatabaseFailed, Statement
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import Target

TARGET = Target("mainnet", "104", "legacy", "17")
OPTIONS = RunOptions(True, 60_000, 10_000, 1000, None)


class FailingDatabase(SqliteDatabase):
    """A database in which one call fails, or all calls from that one on.

    :param fails_at: The number of the call, from 1.
    :param commits: Whether a failing COMMIT takes effect nevertheless.
    :param recovers: Whether later calls succeed.
    """

    def __init__(self, path: str, clock: t.Any, fails_at: int, commits: bool, recovers: bool) -> None:
        super().__init__(path, clock)
        self.calls = 0
        self._fails_at, self._commits, self._recovers = fails_at, commits, recovers

    @property
    def has_failed(self) -> bool:
        return self.calls >= self._fails_at

    def _call(self) -> bool:
        self.calls += 1
        return self.calls == self._fails_at or (self.calls > self._fails_at and not self._recovers)

    def begin(self, writes: bool) -> None:
        if self._call():
            raise DatabaseFailed("the disk is gone")
        super().begin(writes)

    def run(self, *statements: Statement) -> list[Answer]:
        answers = []
        for statement in statements:
            if self._call():
                raise DatabaseFailed("the disk is gone")
            answers += super().run(statement)
        return answers

    def commit(self) -> None:
        if self._call():
            if self._commits:
                super().commit()
            else:
                super().rollback()
            raise CommitInDoubt("the disk is gone")
        super().commit()


def carried_out(bybit: t.Any, database: Database, goal: Goal, reference: str | None) -> Report:
    with Journal(Store(database, TARGET, bybit.clock)) as journal:
        report = engine(new_context(bybit, bybit, journal, goal, OPTIONS._replace(reference=reference)))
        assert report.trace == ""
        try:
            journal.close(report.ended is None, report.message)
        except BybitError:
            # The result has already been reported.
            pass
        return report


@pytest.mark.parametrize("recovers", [True, False], ids=["once", "for good"])
@pytest.mark.parametrize("commits", [True, False], ids=["committed", "lost"])
@pytest.mark.parametrize(("is_answered", "is_made"), [(True, True), (False, False), (False, True)], ids=["answered", "not made", "made, unanswered"])
@pytest.mark.parametrize(("goal", "reference"), [(Goal(Decimal(100)), "INV-7"), (Goal(max_debt=Decimal("900.4")), None)], ids=["step", "goal"])
def test_a_journal_that_fails_at_any_moment(
    tmp_path: Path,
    bybit: t.Any,
    clock: t.Any,
    recovers: bool,
    commits: bool,
    is_answered: bool,
    is_made: bool,
    goal: Goal,
    reference: str | None,
) -> None:
    new_exchange = type(bybit)
    for fails_at in itertools.count(1):
        path = str(tmp_path / f"{fails_at}" / "journal.sqlite")
        exchange = new_exchange(clock)
        if not is_answered:
            lost = OutcomeUnknown("no answer came")
            lost.is_committed = is_made  # type: ignore[attr-defined]
            exchange.troubles = [lost]
        failing = FailingDatabase(path, clock, fails_at, commits, recovers)
        carried_out(exchange, failing, goal, reference)
        if not failing.has_failed:
            break
        if exchange.sent:
            database = SqliteDatabase(path, clock)
            database.open(writes=False)
            assert database.query("SELECT COUNT(*) FROM bybit_intents") == [(len(exchange.sent),)], fails_at
            database.close()
        clock.pass_ms(120_000)
        exchange.troubles = []
        second = carried_out(exchange, SqliteDatabase(path, clock), goal, reference)
        assert second.ended is None, (fails_at, second.message)
        assert exchange.find().debt == Decimal("900.4"), (fails_at, second.message)
    assert fails_at > 20
