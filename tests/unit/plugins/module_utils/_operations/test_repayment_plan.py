# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms

LOAN = Loan(
    product=LEGACY,
    loan_id="17",
    coin="USDT",
    principal=Decimal("1000"),
    interest=Decimal("0.3"),
    penalty_interest=Decimal("0.1"),
    status=OPEN,
    collateral_coin="BTC",
    collateral_amount=Decimal("0.04"),
    ltv=Decimal("0.5002"),
)
TERMS = Terms("loan 17", "order_id '17' is not a loan of this account: check order_id")


def plan(loan: Loan | None, amount: str, accuracy: int | None) -> Decision:
    return decide(TERMS, loan, Goal(Decimal(amount)), Means(accuracy))


def test_debt_is_everything_that_is_owed() -> None:
    assert LOAN.debt == Decimal("1000.4")


@pytest.mark.parametrize(
    ("amount", "penalty", "interest", "principal", "ltv"),
    [
        ("0.05", "0.05", "0.3", "1000", "0.5002"),
        ("0.2", "0", "0.2", "1000", "0.5001"),
        ("0.4", "0", "0", "1000", "0.5"),
        ("100", "0", "0", "900.4", "0.4502"),
        ("1000", "0", "0", "0.4", "0.0002"),
    ],
)
def test_interest_is_paid_first(amount: str, penalty: str, interest: str, principal: str, ltv: str) -> None:
    after = LOAN.after_paying(Decimal(amount)).as_result()
    assert (after["penalty_interest"], after["interest"], after["principal"]) == (penalty, interest, principal)
    assert Decimal(after["debt"]) == Decimal("1000.4") - Decimal(amount)
    assert (after["ltv"], after["status"], after["collateral_amount"]) == (ltv, "open", "0.04")


def test_the_last_repayment_returns_the_collateral() -> None:
    after = LOAN.after_paying(Decimal("1000.4")).as_result()
    assert (after["debt"], after["status"], after["collateral_amount"], after["ltv"]) == ("0", "repaid", "0", None)


def test_repayment_plans() -> None:
    decision = plan(LOAN, "100", 4)
    assert (decision.kind, decision.amount) == (MOVE, Decimal(100))
    assert decision.message == "100 USDT on loan 17: debt 1000.4 → 900.4, pay 100"
    assert decision.arithmetic == "debt 1000.4 → 900.4, pay 100"
    assert decision.after == LOAN.after_paying(Decimal("100"))
    assert decision.reaches_goal


@pytest.mark.parametrize("amount", ["0.0001", "1000.4", "1000.3999"])
def test_the_limits_themselves_are_allowed(amount: str) -> None:
    assert plan(LOAN, amount, 4).kind == MOVE


@pytest.mark.parametrize(
    ("loan", "amount", "accuracy", "sentence"),
    [
        (None, "100", 4, "order_id '17' is not a loan of this account: check order_id."),
        (LOAN, "1.00001", 4, "amount '1.00001' has 5 decimal places, but the exchange lists 4 for USDT: use '1', for example."),
        (LOAN, "0.00001", 4, "use at least '0.0001'."),
        (LOAN, "1.5", 0, "but the exchange lists 0 for USDT: use '1'"),
        (LOAN, "0.5", 0, "use at least '1'."),
        (
            LOAN,
            "1000.41",
            4,
            "amount '1000.41' is more than the debt of 1000.4 USDT (principal 1000, interest 0.3, penalty interest 0.1): "
            "use at most '1000.4'.",
        ),
        (dataclasses.replace(LOAN, interest=Decimal("0.34567")), "1000.4457", 4, "use at most '1000.4456'."),
        (dataclasses.replace(LOAN, interest=Decimal("0.34567")), "2000", None, "use at most '1000.44567'."),
        (
            dataclasses.replace(LOAN, principal=Decimal(0), interest=Decimal("0.00001"), penalty_interest=Decimal(0)),
            "1",
            4,
            "set max_debt to '0' to try it anyway; it is less than the smallest amount that the exchange lists.",
        ),
    ],
)
def test_refusals_are_explained(loan: Loan | None, amount: str, accuracy: int | None, sentence: str) -> None:
    decision = plan(loan, amount, accuracy)
    assert sentence in decision.message
    assert decision[:4] == (DECLINE, decision.message, Decimal(0), None)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (REPAID, "Loan 17 is already fully repaid: nothing to repay."),
        (LIQUIDATED, "Loan 17 was closed by liquidation: nothing to repay."),
    ],
)
def test_a_closed_loan_needs_nothing(status: str, message: str) -> None:
    closed = dataclasses.replace(LOAN, status=status)
    assert plan(closed, "1.123456789", 4) == (NOTHING_TO_DO, message, Decimal(0), closed, "", "", Decimal(0), Decimal(0))


FINE = dataclasses.replace(LOAN, interest=Decimal("0.34567"))


@pytest.mark.parametrize(
    ("amount", "kind"), [("1000.44567", MOVE), ("1000.4456", MOVE), ("1000.44566", DECLINE), ("0.44567", DECLINE), ("1000.44568", DECLINE)]
)
def test_closing_a_loan_may_need_as_many_decimal_places_as_its_debt(amount: str, kind: str) -> None:
    decision = plan(FINE, amount, 4)
    assert (decision.kind, decision.amount) == (kind, Decimal(amount) if kind == MOVE else 0)


def test_unknown_accuracy_is_left_to_the_exchange() -> None:
    assert plan(LOAN, "1.123456789", None).kind == MOVE
