# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a debt or LTV goal, and what may and can be paid for it."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from goals_planned import ACCOUNT, DEBT, FINE, FLEXIBLE_LOAN, LOAN, ORDER, can, of_account, to_debt, to_ltv

CONTRACT = Terms("fixed contract 571", "loan_id '571' names no contract: check loan_id", is_whole=True, shares_collateral=True)
DUST = dataclasses.replace(LOAN, principal=Decimal(0), interest=Decimal("0.00005"), penalty_interest=Decimal(0))
FIXED_LOAN = Loan(FIXED, "571", "USDT", Decimal(1000), Decimal(0), Decimal("0.4"), OPEN, position=ACCOUNT)


@pytest.mark.parametrize(
    ("max_debt", "loan", "accuracy", "amount", "arithmetic"),
    [
        ("750", LOAN, 4, "250.4", "debt 1000.4 → 750, pay 250.4"),
        ("0", LOAN, 4, "1000.4", "debt 1000.4 → 0, pay 1000.4"),
        ("1000.3999", LOAN, 4, "0.0001", "debt 1000.4 → 1000.3999, pay 0.0001"),
        # Rounded towards the goal.
        ("750", FINE, 4, "250.4001", "debt 1000.40005 → 749.99995, pay 250.4001"),
        ("750", LOAN, 0, "251", "debt 1000.4 → 749.4, pay 251"),
        ("750.00001", LOAN, 4, "250.4", "debt 1000.4 → 750, pay 250.4"),
        ("1000.39999", LOAN, 4, "0.0001", "debt 1000.4 → 1000.3999, pay 0.0001"),
        # But never above the debt. The rest is reported.
        (
            "0", FINE, 4, "1000.4",
            "debt 1000.40005 → 0.00005 (0.00005 of it above max_debt '0' and less than the smallest amount that the exchange lists), pay 1000.4",
        ),
        ("0.00005", FINE, 4, "1000.4", "debt 1000.40005 → 0.00005, pay 1000.4"),
        (
            "0.3", LOAN, 0, "1000",
            "debt 1000.4 → 0.4 (0.1 of it above max_debt '0.3' and less than the smallest amount that the exchange lists), pay 1000",
        ),
        ("0", FINE, None, "1000.40005", "debt 1000.40005 → 0, pay 1000.40005"),
        ("750.000000000001", LOAN, None, "250.4", "debt 1000.4 → 750, pay 250.4"),
    ],
)
def test_a_debt_is_brought_down(max_debt: str, loan: Loan, accuracy: int | None, amount: str, arithmetic: str) -> None:
    decision = to_debt(max_debt, loan, means=Means(accuracy))
    assert (decision.kind, decision.amount, decision.arithmetic) == (MOVE, Decimal(amount), arithmetic)
    assert decision.message == f"{amount} USDT on loan 17: {arithmetic}"
    assert decision.after == loan.after_paying(Decimal(amount))
    assert decision.reaches_goal


def test_an_unknown_accuracy_counts_as_that_of_most_coins() -> None:
    loan = dataclasses.replace(LOAN, interest=Decimal("0.300000001"))
    assert to_debt("750", loan, means=Means(None)).amount == Decimal("250.40000001")


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (to_debt("1000.4"), "The debt on loan 17 is 1000.4 USDT, and at most 1000.4 was requested: nothing to repay."),
        (to_debt("2000"), "The debt on loan 17 is 1000.4 USDT, and at most 2000 was requested: nothing to repay."),
        (
            to_debt("0", DUST),
            "Only 0.00005 USDT above max_debt '0' remains on loan 17, less than the smallest amount that the exchange lists (4 decimal "
            "places).",
        ),
        (to_debt("0", dataclasses.replace(LOAN, status=REPAID)), "Loan 17 is already fully repaid: nothing to repay."),
        (to_debt("5", dataclasses.replace(LOAN, status=LIQUIDATED)), "Loan 17 was closed by liquidation: nothing to repay."),
        (
            to_debt("5", dataclasses.replace(FLEXIBLE_LOAN, principal=Decimal(0), interest=Decimal(0), status=REPAID), DEBT),
            "The flexible USDT loan is already fully repaid: nothing to repay.",
        ),
        (to_ltv("0.5003"), "The LTV of loan 17 is 0.5002, and at most 0.5003 was requested: nothing to repay."),
        (to_ltv("0.9"), "The LTV of loan 17 is 0.5002, and at most 0.9 was requested: nothing to repay."),
        (
            to_ltv("0.2", dataclasses.replace(LOAN, status=LIQUIDATED, ltv=None)),
            "Loan 17 was closed by liquidation: nothing to repay.",
        ),
        (of_account("0.600001"), "The LTV of the account is 0.6, and at most 0.600001 was requested: nothing to repay."),
    ],
)
def test_a_goal_that_is_reached_needs_nothing(decision: Decision, message: str) -> None:
    assert (decision.kind, decision.message) == (NOTHING_TO_DO, message)
    assert (decision.amount, decision.arithmetic, decision.reaches_goal) == (0, "", True)
    assert decision.after is not None


@pytest.mark.parametrize(
    ("max_ltv", "accuracy", "amount", "ltv"),
    [
        # 1000.4 - 1000.4 * (0.4 - 0.0002) / (0.5002 + 0.0001)
        ("0.4", 4, "200.9599", "0.3997"),
        ("0.4", 0, "201", "0.3997"),
        ("0.4", None, "200.95982411", "0.3997"),
        # It shows as 0.5002, but may be one step higher.
        ("0.5002", 4, "0.5999", "0.4999"),
        ("0.0001", 4, "1000.4", None),
    ],
)
def test_the_ltv_of_a_loan_is_brought_down(max_ltv: str, accuracy: int | None, amount: str, ltv: str | None) -> None:
    decision = to_ltv(max_ltv, means=Means(accuracy))
    assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal(amount), True)
    assert decision.after is not None and decision.after.as_result()["ltv"] == ltv
    assert decision.arithmetic.startswith(f"LTV 0.5002 → {ltv or 'none'}, debt 1000.4 → ")


def test_the_arithmetic_of_an_ltv_is_reported() -> None:
    arithmetic = "LTV 0.5002 → 0.3997, debt 1000.4 → 799.4401, pay 200.9599"
    assert to_ltv("0.4").message == f"200.9599 USDT on loan 17: {arithmetic}"
    assert to_ltv("0.4").arithmetic == arithmetic


@pytest.mark.parametrize(
    ("max_ltv", "accuracy", "amount", "ltv"),
    [
        # 6000.016 USD may be owed (0.600001 of 10,000.01), (0.55 - 0.000002) * 9999.99 are allowed; 1000.4 are worth 1000.39.
        ("0.55", 4, "500.0465", "0.549995"),
        ("0.55", 0, "501", "0.5499"),
        ("0.6", 4, "0.0421", "0.599996"),
    ],
)
def test_the_ltv_of_an_account_is_brought_down(max_ltv: str, accuracy: int, amount: str, ltv: str) -> None:
    decision = of_account(max_ltv, Means(accuracy))
    assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal(amount), True)
    assert decision.arithmetic.startswith(f"LTV 0.6 → {ltv}, debt 1000.4 → ")


def test_a_whole_contract_is_repaid_whatever_is_needed() -> None:
    for decision in (to_ltv("0.55", FIXED_LOAN, CONTRACT, Means(0)), to_debt("0", FIXED_LOAN, CONTRACT, Means(0))):
        assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal("1000.4"), True)
    arithmetic = "LTV 0.6 → 0.49996, debt 1000.4 → 0, pay 1000.4"
    assert to_ltv("0.55", FIXED_LOAN, CONTRACT).message == f"1000.4 USDT on fixed contract 571: {arithmetic}"


def test_a_whole_contract_that_is_not_enough_is_repaid_with_allow_partial() -> None:
    decision = to_ltv("0.4", FIXED_LOAN, CONTRACT, can(partial=True))
    assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal("1000.4"), False)


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (
            of_account("0.4"),
            "max_ltv '0.4' cannot be reached with the flexible USDT loan alone (repaying all 1000.4 USDT: LTV 0.6 → 0.49996): "
            "repay other loans too, or set allow_partial to pay as much as possible here.",
        ),
        (
            of_account("0.4", debts=()),
            "The amount for max_ltv '0.4' cannot be calculated, because the exchange does not report the value of the flexible USDT loan: "
            "run again later.",
        ),
        (
            of_account("0.4", can(partial=True), debts=()),
            "The amount for max_ltv '0.4' cannot be calculated, because the exchange does not report the value of the flexible USDT loan: "
            "run again later.",
        ),
        (
            to_ltv("0.4", dataclasses.replace(FLEXIBLE_LOAN, principal=Decimal(0), interest=Decimal(0), status=REPAID), DEBT),
            "max_ltv '0.4' cannot be reached with the flexible USDT loan alone (nothing can be repaid there): "
            "repay other loans too, or set allow_partial to pay as much as possible here.",
        ),
        (
            to_ltv("0.4", dataclasses.replace(LOAN, ltv=None), means=can(partial=True)),
            "The amount for max_ltv '0.4' cannot be calculated, because the exchange does not report the value of loan 17: run again "
            "later.",
        ),
        (
            to_ltv("0.4", FIXED_LOAN, CONTRACT),
            "max_ltv '0.4' cannot be reached with fixed contract 571 alone (repaying all 1000.4 USDT: LTV 0.6 → 0.49996): "
            "repay other loans too, or set allow_partial to pay as much as possible here.",
        ),
        (
            to_debt("750", means=can(at_most="250.3999")),
            "max_debt '750' needs 250.4 USDT on loan 17, more than at_most '250.3999': raise at_most, or request less.",
        ),
        (
            to_ltv("0.4", means=can(at_most="200")),
            "max_ltv '0.4' needs 200.9599 USDT on loan 17, more than at_most '200': raise at_most, or request less.",
        ),
        (
            decide(ORDER, LOAN, Goal(Decimal(100)), can(at_most="99")),
            "amount '100' needs 100 USDT on loan 17, more than at_most '99': raise at_most, or request less.",
        ),
        (
            to_debt("0", FIXED_LOAN, CONTRACT, can(at_most="1000.39", partial=True)),
            "The whole debt needs 1000.4 USDT on fixed contract 571, more than at_most '1000.39': raise at_most.",
        ),
        (
            to_debt("750", means=can(wallet="250.39999999")),
            "max_debt '750' needs 250.4 USDT, but the Funding wallet holds 250.39999999: top up the Funding wallet, or request "
            "less.",
        ),
        (
            decide(ORDER, LOAN, Goal(Decimal(100)), can(wallet="0")),
            "amount '100' needs 100 USDT, but the Funding wallet holds 0: top up the Funding wallet, or request less.",
        ),
        (
            to_debt("0", FIXED_LOAN, CONTRACT, can(wallet="1000.39", partial=True)),
            "The whole debt needs 1000.4 USDT, but the Funding wallet holds 1000.39: top up the Funding wallet.",
        ),
        (decide(DEBT, None, Goal(max_debt=Decimal(0)), Means()), "loan_currency 'USDT' is no coin: check it."),
    ],
)
def test_refusals_are_explained(decision: Decision, message: str) -> None:
    assert decision[:4] == (DECLINE, message, Decimal(0), None)
    # One sentence with the given value and the remedy.
    assert re.fullmatch(r"((The amount for )?\w+ '.*?'|The whole debt) .*[^.]: .*\w\.", message)
    assert not re.search(r"None|Decimal|  |\. [A-Z]|, :|E-", message)
