# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for an amount to be repaid since a moment. Its progress is in test_progress."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from ansible_collections.treasury.bybit.plugins.module_utils._operations.progress import progress_of
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms

# 2026-11-01 00:00:00 UTC
SINCE_MS = 1793491200000
TERMS = Terms("loan 17", "order_id '17' names no loan")
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal("0.4"), Decimal(0), OPEN)


def plan(repaid: str, amount: str = "100", accuracy: int | None = 4, loan: Loan | None = LOAN) -> Decision:
    history = [HistoryEntry("1", Decimal(repaid), SUCCESS, True, SINCE_MS)] if repaid != "0" else []
    progress = progress_of(Decimal(amount), SINCE_MS, history, [])
    return decide(TERMS, loan, Goal(Decimal(amount), SINCE_MS), Means(accuracy), progress)


@pytest.mark.parametrize(("repaid", "amount"), [("0", "100"), ("30", "70"), ("99.9999", "0.0001")])
def test_only_the_missing_amount_is_paid(repaid: str, amount: str) -> None:
    decision = plan(repaid)
    assert (decision.kind, decision.amount) == (MOVE, Decimal(amount))
    assert decision.after == LOAN.after_paying(Decimal(amount))


def test_the_arithmetic_is_reported() -> None:
    assert plan("30").message == (
        "70 USDT on loan 17: 30 of 100 repaid since 2026-11-01 00:00:00 UTC, debt 1000.4 → 930.4, pay 70"
    )


@pytest.mark.parametrize("repaid", ["100", "100.0001", "5000"])
def test_a_goal_that_is_reached_needs_nothing(repaid: str) -> None:
    message = (
        f"{repaid} USDT has been repaid on loan 17 since 2026-11-01 00:00:00 UTC, and at least 100 was requested: "
        f"nothing to repay."
    )
    assert plan(repaid) == (NOTHING_TO_DO, message, Decimal(0), LOAN, "", "", Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("repaid", "accuracy", "amount"),
    [
        # Somebody else paid with more decimal places than are allowed here.
        ("99.99995", 4, "0.0001"),
        ("99.99989", 4, "0.0002"),
        ("99.9999", 4, "0.0001"),
        ("99.5", 0, "1"),
        ("0.000000000000000001", 0, "100"),
        ("99.99995", None, "0.00005"),
    ],
)
def test_the_missing_amount_is_rounded_up(repaid: str, accuracy: int | None, amount: str) -> None:
    decision = plan(repaid, accuracy=accuracy)
    assert (decision.kind, decision.amount) == (MOVE, Decimal(amount))


def test_the_missing_amount_may_be_the_whole_debt() -> None:
    decision = plan("30", amount="1030.4")
    assert (decision.kind, decision.amount) == (MOVE, Decimal("1000.4"))
    assert decision.after is not None and decision.after.status == REPAID


@pytest.mark.parametrize(
    ("repaid", "amount", "sentence"),
    [
        (
            "30",
            "1030.5",
            "The 1000.5 USDT still missing from amount '1030.5' since 2026-11-01 00:00:00 UTC is more than the debt of 1000.4 USDT "
            "(principal 1000, interest 0.4, penalty interest 0): use at most '1030.4'.",
        ),
        ("0", "2000", "use at most '1000.4'."),
        ("0.00005", "2000", "use at most '1000.40005'."),
        ("0", "1.00001", "amount '1.00001' has 5 decimal places, but the exchange lists 4 for USDT: use '1', for example."),
    ],
)
def test_refusals_are_explained(repaid: str, amount: str, sentence: str) -> None:
    decision = plan(repaid, amount)
    assert (decision.kind, decision.amount, decision.after) == (DECLINE, Decimal(0), None)
    assert sentence in decision.message


def test_a_part_never_has_more_decimal_places_than_are_listed() -> None:
    # Even if the debt has more: the missing amount is rounded up, and the debt is not.
    fine = dataclasses.replace(LOAN, interest=Decimal("0.44567"))
    assert plan("0", "1000.44567", loan=fine).kind == plan("0.1", "1000.44567", loan=fine).kind == DECLINE
    assert plan("0", "1000.4456", loan=fine).amount == Decimal("1000.4456")


def test_a_loan_that_is_not_known_is_declined() -> None:
    assert plan("100", loan=None).kind == DECLINE


def test_a_remainder_below_the_smallest_amount_is_declined() -> None:
    dust = dataclasses.replace(LOAN, principal=Decimal(0), interest=Decimal("0.00001"))
    assert "set max_debt to '0' to try it anyway" in plan("30", loan=dust).message


@pytest.mark.parametrize(
    ("status", "how"), [(REPAID, "is already fully repaid"), (LIQUIDATED, "was closed by liquidation")]
)
def test_a_closed_loan_needs_nothing_whatever_is_missing(status: str, how: str) -> None:
    closed = dataclasses.replace(LOAN, status=status, principal=Decimal(0), interest=Decimal(0))
    message = f"Loan 17 {how}: nothing to repay."
    assert plan("30", loan=closed) == (NOTHING_TO_DO, message, Decimal(0), closed, "", "", Decimal(0), Decimal(0))
    assert plan("100", loan=closed).message.startswith("100 USDT has been repaid on loan 17 since")


def test_a_goal_that_closed_its_loan_needs_nothing() -> None:
    first = plan("0")
    again = plan(str(first.amount))
    assert (first.amount, again.kind) == (Decimal(100), NOTHING_TO_DO)


def test_the_last_installment_is_the_rest_of_the_debt() -> None:
    progress = progress_of(Decimal(2000), SINCE_MS, [HistoryEntry("1", Decimal(500), SUCCESS, True, SINCE_MS)], [])
    goal = Goal(Decimal(2000), SINCE_MS)
    assert decide(TERMS, LOAN, goal, Means(4), progress).kind == DECLINE
    decision = decide(TERMS, LOAN, goal, Means(4, allow_partial=True), progress)
    assert (decision.kind, decision.amount, decision.reaches_goal) == (MOVE, Decimal("1000.4"), False)
    missing = "the 1500 USDT still missing from amount '2000' since 2026-11-01 00:00:00 UTC"
    assert decision.shortfall == f"{missing} is more than the debt of 1000.4 USDT"


def test_a_short_wallet_or_cap_leaves_the_progress_in_the_arithmetic() -> None:
    """Its arithmetic does not mention the LTV."""
    progress = progress_of(Decimal(100), SINCE_MS, [HistoryEntry("1", Decimal(30), SUCCESS, True, SINCE_MS)], [])
    for means in (Means(4, Decimal(50), None, True), Means(4, None, Decimal(50), True)):
        decision = decide(TERMS, LOAN, Goal(Decimal(100), SINCE_MS), means, progress)
        assert decision.arithmetic == "30 of 100 repaid since 2026-11-01 00:00:00 UTC, debt 1000.4 → 950.4, pay 50"
        assert not decision.reaches_goal
