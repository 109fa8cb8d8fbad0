# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a debt with more decimal places than the exchange lists."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import MOVE, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide, dust_of
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms

TERMS = Terms("loan 17", "order_id '17' names no loan: check order_id")
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal("0.3"), Decimal("0.1"), OPEN)
FINE = dataclasses.replace(LOAN, interest=Decimal("0.30005"))
DUST = dataclasses.replace(LOAN, principal=Decimal(0), interest=Decimal("0.00005"), penalty_interest=Decimal(0))


@pytest.mark.parametrize(
    ("loan", "max_debt", "accuracy", "dust"),
    [
        (DUST, "0", 4, "0.00005"),
        (DUST, "0.00002", 4, "0.00003"),
        (DUST, "0.00005", 4, "0"),
        (DUST, "1", 4, "0"),
        (DUST, "0", 5, "0"),
        (DUST, "0", None, "0"),
        # Less than a unit above the goal can be repaid as long as at least one unit is owed.
        (FINE, "1000.4", 4, "0"),
        (FINE, "0", 4, "0"),
    ],
)
def test_dust(loan: Loan, max_debt: str, accuracy: int | None, dust: str) -> None:
    assert dust_of(loan, Goal(max_debt=Decimal(max_debt)), accuracy) == Decimal(dust)


@pytest.mark.parametrize(
    ("loan", "max_debt", "accuracy", "kind", "rest"),
    [
        # Only a rest with more decimal places than are listed: it is tried.
        (DUST, "0", 4, NOTHING_TO_DO, "0.00005"),
        (DUST, "0.00002", 4, NOTHING_TO_DO, "0.00003"),
        (DUST, "0.00005", 4, NOTHING_TO_DO, "0"),
        (DUST, "0", 5, MOVE, "0"),
        # What can be paid is paid first.
        (FINE, "0", 4, MOVE, "0"),
        (LOAN, "0.3", 0, MOVE, "0"),
        (dataclasses.replace(DUST, interest=Decimal("0.4")), "0.3", 0, NOTHING_TO_DO, "0.1"),
    ],
)
def test_the_rest_to_be_tried(loan: Loan, max_debt: str, accuracy: int, kind: str, rest: str) -> None:
    decision = decide(TERMS, loan, Goal(max_debt=Decimal(max_debt)), Means(accuracy))
    assert (decision.kind, decision.dust_to_try, decision.reaches_goal) == (kind, Decimal(rest), True)


def test_there_is_no_dust_without_a_debt_to_reach() -> None:
    assert dust_of(DUST, Goal(Decimal(5)), 4) == dust_of(DUST, Goal(max_ltv=Decimal("0.5")), 4) == 0
