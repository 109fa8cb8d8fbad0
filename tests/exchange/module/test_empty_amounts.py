# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An empty string from the exchange means "not known": no debt, total, LTV, or amount is taken for zero because of it."""

from __future__ import annotations

import typing as t

import pytest
from ways import FIXED, FLEXIBLE, LEGACY, WAYS

POSITION = "/v5/crypto-loan-common/position"
FLEXIBLE_DEBT = "/v5/crypto-loan-flexible/ongoing-coin"
LEGACY_LOANS = "/v5/crypto-loan/ongoing-orders"
CONTRACTS = "/v5/crypto-loan-fixed/borrow-contract-info"
COINS = "/v5/crypto-loan-common/loanable-data"
USDT = {"loan_currency": "USDT"}
LOAN = {"order_id": "1794267532472646144"}


@pytest.mark.parametrize(
    ("path", "fields", "module", "options", "named"),
    [
        (POSITION, ["ltv", "totalDebt"], "bybit_flexible_loan_repay", {**USDT, "max_ltv": "0.3"}, "totalDebt"),
        (POSITION, ["ltv"], "bybit_flexible_loan_repay", {**USDT, "max_ltv": "0.3"}, "ltv"),
        (POSITION, ["totalCollateral"], "bybit_flexible_loan_repay", {**USDT, "max_ltv": "0.3"}, "totalCollateral"),
        (POSITION, ["ltv", "totalDebt", "totalCollateral"], "bybit_loan_info", {"product": "flexible"}, "totalDebt"),
        (POSITION, ["borrowList.flexibleTotalDebtUSD"], "bybit_loan_info", {"product": "flexible"}, "flexibleTotalDebtUSD"),
        (FLEXIBLE_DEBT, ["list.unpaidAmount", "list.unpaidInterest"], "bybit_flexible_loan_repay", {**USDT, "max_debt": "0"}, "unpaidAmount"),
        (FLEXIBLE_DEBT, ["list.totalDebt"], "bybit_flexible_loan_repay", {**USDT, "max_debt": "0"}, "totalDebt"),
        (FLEXIBLE_DEBT, ["list.unpaidAmount", "list.unpaidInterest"], "bybit_loan_info", {"product": "flexible"}, "unpaidAmount"),
        (LEGACY_LOANS, ["list.totalDebt", "list.residualInterest"], "bybit_loan_repay", {**LOAN, "max_debt": "0"}, "totalDebt"),
        (LEGACY_LOANS, ["list.residualInterest"], "bybit_loan_repay", {**LOAN, "max_debt": "0"}, "residualInterest"),
        (CONTRACTS, ["list.residualPrincipal"], "bybit_fixed_loan_repay", {"loan_id": "569"}, "residualPrincipal"),
        (CONTRACTS, ["list.residualPenaltyInterest"], "bybit_fixed_loan_repay", {"loan_id": "570"}, "residualPenaltyInterest"),
        (
            FLEXIBLE.history, ["list.repayAmount"], "bybit_flexible_loan_repay",
            {**USDT, "amount": "112.5", "since": "2026-11-01"}, "repayAmount",
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
@pytest.mark.parametrize("how", ["empty", "null"])
def test_an_empty_amount_is_not_zero(
    run_module, change, posted, ledger, path: str, fields: list[str], module: str, options: dict[str, t.Any], named: str, how: str
) -> None:
    change(path, how, *fields)
    run = run_module(module, **options)
    assert (run.failed, run.result.get("changed"), run.result.get("goal_reached")) == (True, None if "info" in module else False, None)
    assert f"Bybit's answer to {path} has an invalid {named}" in run["msg"]
    assert ("loans" in run.result, posted(), ledger()) == (False, [], [])


@pytest.mark.parametrize("amount", ["10.5", "100"])
def test_empty_decimal_places_are_left_to_the_exchange(pay, change, ledger, amount: str) -> None:
    change(COINS, "empty", "list.flexibleBorrowingAccuracy")
    run = pay(FLEXIBLE, amount=amount)
    assert (run["outcome"], [entry["amount"] for entry in ledger()]) == ("executed", [amount])
    assert f"could not be checked beforehand: Bybit's answer to {COINS} has an invalid flexibleBorrowingAccuracy" in run.warnings


@pytest.mark.parametrize("takes_all", [True, False])
def test_without_decimal_places_no_dust_is_left(pay, sandbox, change, switch, ledger, takes_all: bool) -> None:
    """Either everything is paid, or the exchange refuses the request."""
    change(COINS, "empty", "list.flexibleBorrowingAccuracy")
    switch(repay_decimals="debt" if takes_all else "accuracy")
    run = pay(FLEXIBLE, amount=None, max_debt="0", at_most="6000")
    assert (run.failed, run["outcome"]) == ((False, "executed") if takes_all else (True, "not_executed"))
    assert [entry["amount"] for entry in ledger()] == ([FLEXIBLE.before] if takes_all else [])
    assert FLEXIBLE.debt(sandbox.account()) == ("0" if takes_all else FLEXIBLE.before)
    assert (run.details["dust"], run["goal_reached"]) == ("0", True if takes_all else None)


def test_the_parts_of_a_debt_must_add_up_to_its_total(pay, change, posted) -> None:
    change(FLEXIBLE_DEBT, "unit", "list.totalDebt")
    run = pay(FLEXIBLE, amount=None, max_debt="0")
    assert (run.failed, run["outcome"], posted()) == (True, "not_executed", [])
    assert "an invalid totalDebt: 498888.888939 is not the sum of unpaidAmount 4987.6543215 and unpaidInterest 1.23456789" in run["msg"]


@pytest.mark.parametrize("field", ["totalDebt", "totalCollateral", "ltv", "borrowList", "collateralList"])
@pytest.mark.parametrize("module", ["bybit_flexible_loan_repay", "bybit_loan_info"])
def test_a_position_must_agree_with_its_own_lists(run_module, change, posted, module: str, field: str) -> None:
    change(POSITION, "absent" if field.endswith("List") else "unit", field)
    run = run_module(module, **({**USDT, "max_ltv": "0.3"} if "repay" in module else {"product": "flexible"}))
    assert (run.failed, posted()) == (True, [])
    assert f"Bybit's answer to {POSITION} has contradictory figures: " in run["msg"]


def test_rates_and_the_like_may_be_empty(pay_all, run_module, switch, ledger) -> None:
    """None of them says how much is owed or paid. But an overdue loan owes penalty interest."""
    switch(empty_amounts="untold")
    assert {loan["annual_rate"] for loan in run_module("bybit_loan_info", product="flexible")["loans"]} == {None}
    overdue = run_module("bybit_loan_info", product="legacy")
    assert overdue["msg"] == f"Bybit's answer to {LEGACY_LOANS} has an invalid residualPenaltyInterest: it is empty, but the loan is overdue."
    for way, run in pay_all(way for way in WAYS if way is not FIXED):
        assert (run["outcome"], [entry["amount"] for entry in ledger(way)]) == ("executed", [way.amount]), way.name


def test_an_exchange_that_writes_zero_as_an_empty_string_gets_no_wrong_payment(pay_all, switch, ledger) -> None:
    """The debt is read from such an answer, or the read fails. No wrong amount is paid."""
    switch(empty_amounts="zeros")
    for way, run in pay_all((LEGACY, FLEXIBLE, FIXED)):
        entries = [entry["amount"] for entry in ledger(way)]
        assert (run["outcome"], entries) == (("executed", [way.amount]) if entries else ("not_executed", [])), way.name
        assert entries or "has an invalid " in run["msg"], way.name
