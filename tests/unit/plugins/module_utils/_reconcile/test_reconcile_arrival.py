# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Without a status in the history, a move is final only when it has arrived, and an unreadable destination does not undo it."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal


@pytest.mark.parametrize("trouble", [ReadFailed("No answer."), Refused("Blocked.", Failure(http_status=403))], ids=str)
def test_a_move_is_reported_although_nothing_can_be_read_afterward(run: t.Any, bybit: t.Any, trouble: Exception) -> None:
    class Legacy(type(bybit)):  # type: ignore[misc]
        tells_status = False

        def find(self, is_of_ltv: bool = False) -> t.Any:
            if self.sent:
                raise trouble
            return super().find(is_of_ltv)

    bybit.__class__ = Legacy
    report = run(Goal(Decimal(100)))
    assert (report.outcome, report.as_dict()["changed"], len(bybit.sent)) == ("pending", True, 1)


@pytest.mark.parametrize(("lag_ms", "outcome"), [(0, "executed"), (3000, "executed"), (10**6, "pending")])
def test_it_is_final_as_soon_as_it_shows(run: t.Any, bybit: t.Any, lag_ms: int, outcome: str) -> None:
    bybit.tells_status, bybit.debt_lag_ms = False, lag_ms
    report = run(Goal(Decimal(100)))
    assert (report.outcome, report.as_dict()["changed"]) == (outcome, True)
