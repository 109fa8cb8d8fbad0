# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An accepted repayment is remembered until history and debt show it. Otherwise it would be paid twice."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined, ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._engine.report import Report
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal

TO_750 = Goal(max_debt=Decimal(750))


def pay_until_reached(run: t.Callable[..., Report], bybit: t.Any) -> None:
    """Run again as an operator would, until the debt shows everything."""
    for dummy in range(20):
        report = run(TO_750, may_end=Declined)
        assert report.ended is None or "the debt that the exchange shows may be outdated" in report.message
        bybit.clock.pass_ms(20_000)


@pytest.mark.parametrize("debt_lag_ms", [0, 5000, 20_000, 90_000, 300_000])
@pytest.mark.parametrize("first", [Goal(Decimal(100)), TO_750])
def test_a_repayment_that_the_debt_shows_late_is_not_paid_again(
    run: t.Callable[..., Report], bybit: t.Any, first: Goal, debt_lag_ms: int
) -> None:
    bybit.debt_lag_ms = debt_lag_ms
    run(first)
    pay_until_reached(run, bybit)
    assert (bybit.find().debt, sum(amount for amount, dummy in bybit.sent)) == (750, Decimal("250.4"))


@pytest.mark.parametrize("debt_lag_ms", [20_000, 90_000])
def test_a_fall_by_somebody_elses_repayment_is_not_taken_for_this_runs(run: t.Callable[..., Report], bybit: t.Any, debt_lag_ms: int) -> None:
    class Busy(type(bybit)):  # type: ignore[misc]
        """Somebody else's repayment, made at the same time, shows in the debt before this run's."""

        def post(self, signed: t.Any) -> t.Any:
            accepted = super().post(signed)
            if len(self.sent) == 1:
                self.entries.append((0, HistoryEntry("50", Decimal(100), SUCCESS, True, self.now_ms())))
                self.falls.append((0, Decimal(100)))
            return accepted

    bybit.__class__, bybit.debt_lag_ms = Busy, debt_lag_ms
    run(Goal(Decimal(100)))
    pay_until_reached(run, bybit)
    assert (bybit.find().debt, sum(amount for amount, dummy in bybit.sent)) == (750, Decimal("150.4"))


@pytest.mark.parametrize("goal", [Goal(Decimal(100)), Goal(Decimal(100), 1793534300000), TO_750], ids=str)
def test_a_history_in_another_coin_is_not_this_loans(run: t.Callable[..., Report], bybit: t.Any, goal: Goal) -> None:
    bybit.entries = [(0, HistoryEntry("7", Decimal(100), SUCCESS, True, bybit.now_ms() - 5000, "USDC", "user"))]
    report = run(goal, error=ReadFailed)
    said = "The exchange's history of loan 17 contains repayment 7 in USDC instead of USDT."
    assert report.message == f"{said} Run again; if this persists, contact the exchange."
    assert bybit.sent == []
