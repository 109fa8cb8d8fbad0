# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a debt or LTV goal where the cap or the wallet allows only a part."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import REPAID
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from goals_planned import DEBT, FINE, FLEXIBLE_LOAN, LOAN, ORDER, can, of_account, to_debt, to_ltv


@pytest.mark.parametrize("means", [can("250.4", "250.4"), can("250.4"), can(at_most="250.4"), can("1000000", "1000000", True)])
def test_an_exact_balance_or_cap_is_enough(means: Means) -> None:
    assert to_debt("750", means=means) == to_debt("750")


def test_a_cap_is_paid_up_to_and_never_past() -> None:
    decision = to_debt("750", means=can(at_most="100.00009", partial=True))
    assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal(100), False)
    assert decision.message == (
        "100 USDT on loan 17: debt 1000.4 → 900.4, pay 100; this is as much as possible, because max_debt '750' needs 250.4 USDT on loan "
        "17, more than at_most '100.00009'"
    )
    # What this run already paid counts.
    assert to_debt("750", means=can(at_most="100", partial=True)._replace(moved_so_far=Decimal(60))).amount == 40
    nothing = to_debt("750", means=can(at_most="100", partial=True)._replace(moved_so_far=Decimal(100)))
    assert (nothing.kind, nothing.amount, nothing.reaches_goal) == (NOTHING_TO_DO, Decimal(0), False)


def test_the_lower_of_cap_and_wallet_holds() -> None:
    assert to_debt("750", means=can("50", "100", True)).amount == 50
    assert to_debt("750", means=can("100", "50", True)).amount == 50


@pytest.mark.parametrize(
    ("decision", "arithmetic"),
    [
        (to_debt("750", means=can(at_most="250")), "debt 1000.4 → 750, pay 250.4"),
        (to_ltv("0.4", means=can("1")), "LTV 0.5002 → 0.3997, debt 1000.4 → 799.4401, pay 200.9599"),
        (of_account("0.4"), "LTV 0.6 → 0.49996, debt 1000.4 → 0, pay 1000.4"),
        (decide(ORDER, LOAN, Goal(Decimal(2000)), can()), "debt 1000.4, 2000 requested"),
        (decide(ORDER, LOAN, Goal(Decimal("0.00001")), Means(4)), "debt 1000.4, 0.00001 requested"),
        (of_account("0.4", debts=()), "LTV 0.6, 0.4 requested"),
    ],
)
def test_a_refusal_reports_its_arithmetic(decision: Decision, arithmetic: str) -> None:
    assert (decision.kind, decision.arithmetic) == (DECLINE, arithmetic)


def test_a_debt_goal_may_be_reached_in_part() -> None:
    decision = to_debt("750", means=can("100.00009", partial=True))
    arithmetic = "debt 1000.4 → 900.4, pay 100"
    assert decision.message == (
        f"100 USDT on loan 17: {arithmetic}; this is as much as possible, because max_debt '750' needs 250.4 USDT, but the "
        f"Funding wallet holds 100.00009"
    )
    assert decision[2:5] == (Decimal(100), LOAN.after_paying(Decimal(100)), arithmetic)
    assert decision.shortfall == "max_debt '750' needs 250.4 USDT, but the Funding wallet holds 100.00009"
    assert not decision.reaches_goal


def test_the_remark_on_dust_is_left_out_when_more_is_left() -> None:
    assert to_debt("0", FINE, means=can("100", partial=True)).arithmetic == "debt 1000.40005 → 900.40005, pay 100"


def test_an_ltv_may_be_reached_in_part() -> None:
    assert to_ltv("0.4", means=can("100", partial=True)).arithmetic == "LTV 0.5002 → 0.4502, debt 1000.4 → 900.4, pay 100"
    decision = of_account("0.4", can(partial=True))
    assert decision.message == (
        "1000.4 USDT on the flexible USDT loan: LTV 0.6 → 0.49996, debt 1000.4 → 0, pay 1000.4; this is as much as possible, "
        "because max_ltv '0.4' cannot be reached with the flexible USDT loan alone (repaying all 1000.4 USDT: LTV 0.6 → 0.49996)"
    )
    assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal("1000.4"), False)


@pytest.mark.parametrize("wallet", ["0", "0.00009"])
def test_nothing_can_be_paid_from_an_empty_wallet(wallet: str) -> None:
    shortfall = f"the whole debt needs 1000.4 USDT, but the Funding wallet holds {wallet}"
    message = f"Nothing can be paid now, because {shortfall}."
    assert to_debt("0", means=can(wallet, partial=True)) == (
        NOTHING_TO_DO, message, Decimal(0), LOAN, "", shortfall, Decimal(0), Decimal("1000.4") - Decimal(wallet)
    )


def test_nothing_more_can_be_paid_where_all_is_repaid() -> None:
    closed = dataclasses.replace(FLEXIBLE_LOAN, principal=Decimal(0), interest=Decimal(0), status=REPAID)
    decision = to_ltv("0.4", closed, DEBT, can(partial=True))
    shortfall = "max_ltv '0.4' cannot be reached with the flexible USDT loan alone (nothing can be repaid there)"
    message = f"Nothing can be paid now, because {shortfall}."
    assert decision == (NOTHING_TO_DO, message, Decimal(0), closed, "", shortfall, Decimal(0), Decimal(0))
