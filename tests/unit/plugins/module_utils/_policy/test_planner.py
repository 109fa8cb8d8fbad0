# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the planner plans, by hand: for each kind of rule, way, order, and shortage.

In these cases BTC costs 50,000 USD, ETH 2,500, SOL 125, and USDT 1. The first 100,000 USD of a collateral coin count with 90 %, more with 75 %.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap, Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import MAX_OPERATIONS
from policies import NOW_MS, legacy, level, money, pledged
from policies_planned import (
    ADD, ALL, ETH, REPAY, RICH, SELL, TWO_BTC, contract, due, flexible, installment, ltv_rule, max_debt, operations, planned, unmet,
)

D = Decimal
# 72,000 USDT against 90,000 USD are 80 %. 60 % allow 54,000 USDT, or need 120,000 USD.
HIGH = (flexible("72000"),)


@pytest.mark.parametrize(
    ("rule", "loans", "collateral", "expected"),
    [
        pytest.param(ltv_rule(above="0.8"), HIGH, TWO_BTC, [], id="at the level, not above it"),
        pytest.param(ltv_rule(), HIGH, TWO_BTC, ["repay 18000 USDT of flexible"], id="72,000 - 0.6 x 90,000"),
        # 30,000 USD are missing. The first 100,000 USD of BTC are pledged already, so more counts with 75 %: 40,000 USD.
        pytest.param(ltv_rule(rules.Way(ADD, ("BTC",))), HIGH, TWO_BTC, ["add_collateral 0.8 BTC"], id="30,000 / 0.75 / 50,000"),
        # Selling costs 2 % in the worst case: 72,000 - x = 0.6 x (90,000 - 0.9 x 1.02 x).
        pytest.param(
            ltv_rule(rules.Way(SELL, ("BTC",))), HIGH, TWO_BTC,
            ["repay_from_collateral 40071.2378 USDT by selling BTC of flexible"], id="18,000 / (1 - 0.6 x 0.918)",
        ),
        pytest.param(ltv_rule(rules.Way(ADD, ("DOGE",)), REPAY), HIGH, TWO_BTC, ["repay 18000 USDT of flexible"], id="a way that is impossible"),
        # The loan's worst LTV is 0.8001, and 0.6 must be reached surely: 0.5998.
        pytest.param(
            ltv_rule(), (legacy("6001", "40000", "1", "0.8"),), None, ["repay 10013.7483 USDT of 6001"], id="40,000 x (1 - 0.5998 / 0.8001)"
        ),
        pytest.param(
            ltv_rule(rules.Way(ADD, ("BTC",))), (legacy("6001", "40000", "1", "0.8"),), None,
            ["add_collateral 0.33394465 BTC of 6001"], id="0.8001 / 0.5998 - 1",
        ),
        pytest.param(ltv_rule(loans=ETH), HIGH, TWO_BTC, [], id="no loan is selected"),
        pytest.param(due(3), (contract("570", "100", 3),), TWO_BTC, ["repay 100 USDT of 570"], id="due in time"),
        pytest.param(due(3), (contract("570", "100", 4),), TWO_BTC, [], id="due later"),
        pytest.param(due(3), (contract("570", "100", -1),), TWO_BTC, ["repay 100 USDT of 570"], id="overdue"),
        pytest.param(due(3), (flexible("100"),), TWO_BTC, [], id="without a term"),
        pytest.param(installment("500"), (flexible("800"),), TWO_BTC, ["repay 500 USDT of flexible"], id="an instalment"),
        pytest.param(installment("500"), (flexible("300"),), TWO_BTC, ["repay 300 USDT of flexible"], id="more than the debt"),
        pytest.param(max_debt("500"), (flexible("800"),), TWO_BTC, ["repay 300 USDT of flexible"], id="800 - 500"),
        pytest.param(max_debt("900"), (flexible("800"),), TWO_BTC, [], id="less than allowed"),
        pytest.param(
            max_debt("500"), (flexible("800"), contract("570", "400")), TWO_BTC, ["repay 700 USDT of flexible"], id="800 + 400 - 500"
        ),
        pytest.param(
            max_debt("500"), (flexible("800"), contract("570", "1300")), TWO_BTC,
            ["repay 800 USDT of flexible"], id="a contract can only be repaid in full",
        ),
        pytest.param(
            max_debt("0"), (flexible("800"), contract("570", "400")), TWO_BTC,
            ["repay 800 USDT of flexible", "repay 400 USDT of 570"], id="a contract that is not more than what is missing",
        ),
        # Less than a smallest amount of 0.0001 USDT would remain.
        pytest.param(max_debt("0.00001"), (flexible("2.00003"),), TWO_BTC, ["repay 2.00003 USDT of flexible"], id="a remainder below a step"),
    ],
)
def test_a_rule_moves_as_much_as_it_needs(rule: rules.Rule, loans: t.Any, collateral: t.Any, expected: list[str]) -> None:
    found = planned([rule], loans, *([collateral] if collateral else []))
    assert operations(found) == expected
    assert bool(unmet(found)) is any(loan.loan_id == "570" and loan.debt == 1300 for loan in loans)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (rules.HIGHEST_RATE, ["repay 10 USDT of 6002", "repay 20 USDT of 6001", "repay 5 USDT of 6003"]),
        (rules.SOONEST_DUE, ["repay 5 USDT of 6003", "repay 20 USDT of 6001", "repay 10 USDT of 6002"]),
        (rules.SMALLEST_DEBT, ["repay 5 USDT of 6003", "repay 10 USDT of 6002", "repay 20 USDT of 6001"]),
        (rules.AS_LISTED, ["repay 20 USDT of 6001", "repay 10 USDT of 6002", "repay 5 USDT of 6003"]),
    ],
)
def test_loans_are_repaid_in_the_order_of_the_rule(order: str, expected: list[str]) -> None:
    loans = [
        legacy("6001", "20", "1", "0.9", annual_rate=D("0.05"), maturity_time_ms=NOW_MS + 5),
        legacy("6002", "10", "1", "0.9", annual_rate=D("0.09")),
        legacy("6003", "5", "1", "0.9", maturity_time_ms=NOW_MS),
    ]
    assert operations(planned([max_debt("0", order=order)], loans)) == expected
    assert operations(planned([ltv_rule(down_to="0", order=order)], loans)) == expected


def test_the_smallest_debt_is_the_one_that_is_worth_least() -> None:
    # 1 ETH is 2,500 USD.
    found = planned([ltv_rule(order=rules.SMALLEST_DEBT, down_to="0.01")], [flexible("1", "ETH"), flexible("2000")], pledged("SOL", 40))
    assert operations(found) == ["repay 2000 USDT of flexible", "repay 0.982 ETH of flexible"]


def test_what_is_due_soonest_gets_the_money_first() -> None:
    found = planned([due(9)], [contract("571", "60", 5), contract("570", "60", 2)], having=money({"USDT": "100"}))
    assert operations(found) == ["repay 60 USDT of 570"]
    assert unmet(found) == ["Loan 571 is not repaid: 60 USDT is needed, but the Funding wallet has 40 USDT left."]


@pytest.mark.parametrize(
    ("having", "expected", "reason"),
    [
        (money({"USDT": "10000"}, keep={"USDT": "200"}), ["repay 9800 USDT of flexible"],
         "200 USDT is missing: the Funding wallet has 200 USDT left, of which 200 must remain."),
        (money({}), [], "10000 USDT is missing: the balance of USDT in the Funding wallet is not known."),
        (money({"USDT": "100"}, {"USDT": "250"}, {"USDT": "50"}), ["transfer 200 USDT", "repay 300 USDT of flexible"],
         "9700 USDT is missing: the Funding wallet and the UNIFIED wallet have 50 USDT left, of which 50 must remain."),
        (money({"USDT": "100"}, {}), ["repay 100 USDT of flexible"],
         "9900 USDT is missing: the Funding wallet has 0 USDT left."),
        (money({"USDT": "100"}, {}, {"USDT": "1"}), [],
         "10000 USDT is missing: the balance of USDT in the UNIFIED wallet is not known."),
        (RICH._replace(sources=()), [],
         "10000 USDT is missing: the policy names no wallet to take money from."),
        (RICH._replace(caps=(Cap("per_run", D(5000)), Cap("per_day", D(9000), {}, D(8000)))), ["repay 1000 USDT of flexible"],
         "9000 USDT is missing: nothing of per_day (9000 USD) is left."),
        (RICH._replace(caps=(Cap("per_run", D(5000), {"USDT": D(40)}),)), ["repay 40 USDT of flexible"],
         "9960 USDT is missing: nothing of per_run (40 USDT) is left."),
        (RICH._replace(caps=(Cap("per_day", D(5000), used_usd=None),)), [],
         "10000 USDT is missing: per_day is 5000 USD, and what was moved before in USD is not known."),
        (RICH._replace(caps=(Cap("per_day", D(5000)),), prices={}), [],
         "10000 USDT is missing: per_day is 5000 USD, and the price of USDT in USD is not known."),
    ],
)
def test_a_shortage_is_paid_up_to_and_told(having: Money, expected: list[str], reason: str) -> None:
    found = planned([max_debt("0")], [flexible("10000")], having=having)
    assert (operations(found), unmet(found)) == (expected, [reason])


@pytest.mark.parametrize(
    ("rule", "having", "expected"),
    [
        pytest.param(max_debt("0"), money({"USDT": "0.99"}), [], id="a wallet"),
        pytest.param(max_debt("0"), money({"USDT": "1"}), ["repay 1 USDT of flexible"], id="1 USD"),
        pytest.param(max_debt("0"), money({"USDT": "0.5"})._replace(prices={}), ["repay 0.5 USDT of flexible"], id="an unknown price"),
        pytest.param(max_debt("0"), RICH._replace(caps=(Cap("per_run", D(5), {}, D("4.1")),)), [], id="a cap"),
        pytest.param(ltv_rule(rules.Way(ADD, ("BTC",))), money({"BTC": "0.000019"}), [], id="collateral"),
        # A sale of 1.01 USD repays 0.99 USDT.
        pytest.param(ltv_rule(rules.Way(SELL, ("BTC",))), RICH._replace(caps=(Cap("per_run", D("1.01")),)), [], id="a sale"),
        pytest.param(
            ltv_rule(rules.Way(SELL, ("BTC",))), RICH._replace(caps=(Cap("per_run", D("1.02")),)),
            ["repay_from_collateral 1 USDT by selling BTC of flexible"], id="a sale of 1.02 USD",
        ),
    ],
)
def test_a_shortage_that_leaves_less_than_1_usd_moves_nothing(rule: rules.Rule, having: Money, expected: list[str]) -> None:
    found = planned([rule], HIGH, TWO_BTC, having=having)
    assert operations(found) == expected
    assert len(unmet(found)) == 1


def test_a_small_amount_is_repaid_if_that_is_all_that_a_rule_needs() -> None:
    assert operations(planned([installment("0.5")], HIGH, TWO_BTC)) == ["repay 0.5 USDT of flexible"]
    assert operations(planned([max_debt("71999.9")], HIGH, TWO_BTC)) == ["repay 0.1 USDT of flexible"]


def test_no_sale_repays_less_than_1_usd() -> None:
    # 0.5 USDT more than 60 % of 90,000 USD.
    found = planned([ltv_rule(rules.Way(SELL, ("BTC",)), above="0.6")], [flexible("54000.4")], TWO_BTC)
    assert operations(found) == []
    assert unmet(found) == ["The LTV of the account reaches 60.01 %, not 60.00 %: sales of less than 1 USD are not worth a request."]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ((FUND, UNIFIED), ["transfer 20 USDT", "repay 120 USDT of flexible"]),
        ((UNIFIED, FUND), ["transfer 70 USDT", "repay 120 USDT of flexible"]),
        ((FUND,), ["repay 100 USDT of flexible"]),
        ((UNIFIED,), ["transfer 70 USDT", "repay 70 USDT of flexible"]),
        ((FUND, FUND), ["repay 100 USDT of flexible"]),
    ],
)
def test_money_is_taken_from_the_wallets_in_their_order(sources: tuple[str, ...], expected: list[str]) -> None:
    having = money({"USDT": "100"}, {"USDT": "70"})._replace(sources=sources)
    assert operations(planned([max_debt("0")], [flexible("120")], having=having)) == expected


def test_a_transfer_names_all_rules_that_it_pays_for() -> None:
    having = money({"USDT": "1"}, {"USDT": "70"})
    found = planned([due(3), installment("5")], [contract("570", "10", 1), flexible("120")], having=having)
    assert found.operations[0].operation.kind == TRANSFER
    assert found.operations[0].operation.rules == ("due", "installment")


def test_an_operation_of_two_rules_tells_how_much_each_of_them_repays() -> None:
    found = planned([ltv_rule(), installment("500")], HIGH, TWO_BTC)
    assert operations(found) == ["repay 18500 USDT of flexible"]
    operation = found.operations[0].operation
    assert [(share.rule, share.amount) for share in operation.shares] == [("ltv", D(18000)), ("installment", D(500))]
    assert found.operations[0].arithmetic == "LTV 80.00 % → 59.45 %, debt 72000 → 53500 USDT"


@pytest.mark.parametrize(
    ("stress", "expected"),
    [
        # 1.4 x 50,000 x 0.9 are 63,000 USD: 72,000 - 0.6 x 63,000.
        ({"BTC": D("-0.3")}, ["repay 34200 USDT of flexible"]),
        # 85,500 USD. The first 18,000 USDT bring 63.16 %, below the trigger, but not down to 60 %.
        ({"BTC": D("-0.05")}, ["repay 20700 USDT of flexible"]),
        # The rule holds without the shock, too.
        ({"BTC": D("0.5")}, ["repay 18000 USDT of flexible"]),
        ({"USDT": D("-0.5")}, ["repay 18000 USDT of flexible"]),
        ({"USDT": D("-1")}, ["repay 18000 USDT of flexible"]),
        # A debt without any collateral is above every LTV.
        ({"BTC": D("-1")}, ["repay 72000 USDT of flexible"]),
    ],
)
def test_a_rule_holds_now_and_under_stress(stress: dict[str, Decimal], expected: list[str]) -> None:
    found = planned([ltv_rule()], HIGH, TWO_BTC, stress=stress)
    assert (operations(found), unmet(found)) == (expected, [])


@pytest.mark.parametrize("stress", [{}, {"BTC": D("-1")}, {"USDT": D("-1")}, {"BTC": D("-1"), "USDT": D("-1")}])
def test_worthless_coins_do_not_confuse_any_way(stress: dict[str, Decimal]) -> None:
    loans = [flexible("72000"), flexible("1", "ETH"), legacy("6001", "40000", "1", "0.8")]
    for way in (REPAY, rules.Way(ADD, ("BTC",)), rules.Way(SELL, ("BTC",))):
        found = planned([ltv_rule(way)], loans, TWO_BTC, stress=stress)
        assert found.operations


def test_without_tiers_a_rule_holds_now_and_tells_that_it_may_not_under_stress() -> None:
    unknown = TWO_BTC._replace(market_usd=None, tiers=())
    found = planned([ltv_rule()], HIGH, unknown, stress={"BTC": D("-0.3")})
    assert operations(found) == ["repay 18000 USDT of flexible"]
    assert unmet(found) == ["The LTV of the account under stress is not known, so the rule cannot be applied."]


def test_a_debt_without_collateral_is_above_every_level() -> None:
    found = planned([ltv_rule()], [flexible("100")])
    assert (operations(found), unmet(found)) == (["repay 100 USDT of flexible"], [])
    assert [share.reason for share in found.operations[0].operation.shares] == ["the LTV of the account is infinite, above 70.00 %"]


@pytest.mark.parametrize(
    ("above", "down_to", "expected", "reasons"),
    [
        # The marks are 80 % and 85 %: above 75 %, down to 70 %.
        (rules.Level(D("-0.1"), "margin_call"), rules.Level(D("-0.1"), "initial"), ["repay 9000 USDT of flexible"], []),
        # Above 70 %, down to 75 %. Marks differ between coins, so that may happen. The lower one counts.
        (rules.Level(D("-0.15"), "margin_call"), level("0.75"), ["repay 9000 USDT of flexible"], []),
        (rules.Level(D("-0.9"), "margin_call"), level("0"), [], ["The levels of the account are below zero, so the rule cannot be applied."]),
        (rules.Level(D("0"), "unheard"), level("0.5"), [], ["The marks of the account are not known, so the rule cannot be applied."]),
        (level("0.8"), rules.Level(D("0"), "unheard"), [], []),
        (level("0.7"), rules.Level(D("0"), "unheard"), [], ["The marks of the account are not known, so the rule cannot be applied."]),
    ],
)
def test_levels_may_refer_to_marks(above: rules.Level, down_to: rules.Level, expected: list[str], reasons: list[str]) -> None:
    found = planned([rules.LtvRule("ltv", ALL, above, down_to)], HIGH, TWO_BTC)
    assert (operations(found), unmet(found)) == (expected, reasons)


def test_what_one_run_cannot_carry_out_is_left_to_the_next_and_told() -> None:
    found = planned([due(3)], [contract(str(number), "1", 2) for number in range(600, 600 + MAX_OPERATIONS + 2)], TWO_BTC)
    assert len(found.operations) == MAX_OPERATIONS
    assert unmet(found) == ["2 more operations are needed, but one run carries out at most 500. Run again after this one."]
    assert len(found.after.loans) - len([loan for loan in found.after.loans if not loan.debt]) == 2
