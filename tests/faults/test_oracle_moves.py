# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle finds violations with collateral and transfers, and accepts correct runs."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from cases import T0, judge, made, post, reported, run
from simulation import gate
from simulation.goals import Goal, Plan
from simulation.ledger import API, SUCCESS, Books, Entry
from simulation.levels import below_level, beyond_level
from simulation.products import ACCOUNT_COLLATERAL, ADD, FLEXIBLE, LEGACY, ORDER_COLLATERAL, TAKE_BACK, TO_FUND, TO_UNIFIED, WALLETS, Loan
from simulation.recording import Recording

ORDER, COIN, WALLET = Loan(ORDER_COLLATERAL, "1"), Loan(ACCOUNT_COLLATERAL, "BTC"), Loan(WALLETS, "USDT")
OWN_ID = "e2c0fc62-1b1b-4a66-b5a4-5f60c2a1a1b1"
# The LTVs are 0.15 and 0.2.
BOOKS = Books(
    {Loan(LEGACY, "1"): Decimal(9000), Loan(FLEXIBLE, "USDT"): Decimal(9600)}, Decimal(48_000),
    pledged_usd={Loan(LEGACY, "1"): Decimal(60_000)}, pledged={ORDER: Decimal(1), COIN: Decimal(1)}, wallets={"USDT": Decimal(400)},
)
ADDED, RETURNED = Goal(ORDER, max_ltv="0.12", move=ADD), Goal(ORDER, min_ltv="0.2", move=TAKE_BACK)
FILLED = Goal(WALLET, ensure="500", move=TO_FUND)


def moved(goal: Goal, amount: str, **changed: t.Any) -> Entry:
    usual = Entry("7", goal.loan, Decimal(amount), T0, SUCCESS, API, T0, goal.move, "BTC")
    return dataclasses.replace(usual, **changed)


@pytest.mark.parametrize(("goal", "amount", "is_right"), [
    (ADDED, "0.25", True), (ADDED, "0.254", True), (ADDED, "0.26", False), (ADDED, "0.1", True),
    (Goal(COIN, max_ltv="0.16", move=ADD), "0.25", True), (Goal(COIN, max_ltv="0.16", move=ADD), "0.2512", False),
    (RETURNED, "0.25", True), (RETURNED, "0.249", True), (RETURNED, "0.251", False),
    (Goal(COIN, min_ltv="0.25", move=TAKE_BACK), "0.2", True), (Goal(COIN, min_ltv="0.25", move=TAKE_BACK), "0.201", False),
    (FILLED, "100", True), (FILLED, "99", True), (FILLED, "100.01", False),
])
def test_operations_beyond_their_goal_are_found(goal: Goal, amount: str, is_right: bool) -> None:
    sent = post(loan=goal.loan, amount=Decimal(amount), move=goal.move, books=BOOKS)
    assert (beyond_level(sent, goal, Recording(T0)) == "") is is_right


@pytest.mark.parametrize(("goal", "is_met"), [
    (Goal(ORDER, max_ltv="0.15", move=ADD), True), (ADDED, False), (Goal(ORDER, min_ltv="0.15", move=TAKE_BACK), True), (RETURNED, False),
    (Goal(COIN, max_ltv="0.2", move=ADD), True), (Goal(COIN, max_ltv="0.19", move=ADD), False),
    (Goal(WALLET, ensure="400", move=TO_FUND), True), (FILLED, False),
])
def test_unmet_goals_are_found(goal: Goal, is_met: bool) -> None:
    assert (below_level(goal, Recording(T0, books=BOOKS), Decimal("1.001")) == "") is is_met


def _one(goal: Goal, entry: Entry, amount: str, **changed: t.Any) -> list[str]:
    sent = post(loan=goal.loan, amount=Decimal(amount), move=goal.move, **changed)
    result = reported("executed", amount=amount, repayments=[made(amount=amount)])
    return judge([run(result, [sent], plan=Plan(goal))], [entry], BOOKS)


def test_a_report_of_the_opposite_operation_is_found() -> None:
    step = Goal(ORDER, "0.1", move=ADD)
    assert _one(step, moved(step, "0.1"), "0.1") == []
    assert any("but the ledger holds" in said for said in _one(step, moved(step, "0.1", move=TAKE_BACK), "0.1"))


def test_a_request_for_the_opposite_operation_is_found() -> None:
    step = Goal(WALLET, "100", move=TO_UNIFIED)
    sent = post(loan=WALLET, move=TO_FUND)
    said = judge([run(reported("executed"), [sent], plan=Plan(step))], [moved(step, "100", move=TO_FUND)], BOOKS)
    assert any("sent to_fund for the goal" in sentence for sentence in said)


def test_a_copy_of_a_transfer_is_never_excused() -> None:
    """The exchange executes a transfer that is sent again with the same ID only once."""
    step = Goal(WALLET, "100", move=TO_FUND)
    turned = {"answer": {"ret_code": 10006}, "arrive_after_ms": 4900}
    first = post(fault=turned, loan=WALLET, move=TO_FUND, own_id=OWN_ID, repay_id=OWN_ID, committed=True)
    again = dataclasses.replace(first, fault={}, sent_at=T0 + 1000, repay_id="8", own_id="8")
    ledger = [moved(step, "100", repay_id=OWN_ID, time=T0 + 4900), moved(step, "100", repay_id="8")]
    result = reported("executed", repay_id="8", repayments=[made("8")])
    runs = [run(result, [first, again], plan=Plan(step))]
    assert gate.why_believed(first, Recording(T0, runs, runs[0].posts, {entry.repay_id: entry for entry in ledger})) is None
    assert any("2 repayments for 1 asks" in said for said in judge(runs, ledger, BOOKS))
