# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several rules, ways, and coins at once, by hand: what they share, and in which order the operations come."""

from __future__ import annotations

import dataclasses
import time
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Cap
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Operation, Share, book_after, merged
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from policies import book, legacy, loan, money, pledged
from policies_planned import (
    ADD, REPAY, RICH, SELL, TWO_BTC, contract, due, flexible, installment, ltv_rule, max_debt, operations, planned, unmet,
)

D = Decimal
SALE = rules.Way(SELL, ("BTC",))


def named(name: str, rule: rules.LtvRule) -> rules.LtvRule:
    return rule._replace(name=name)


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        # Selling costs up to 2 %: 1,020 USD of BTC repay 1,000 USDT.
        (Cap("per_run", D(1020)), "1000"),
        (Cap("per_run", None, {"BTC": D("0.0204")}), "1000"),
        (Cap("per_run", None, {"USDT": D("77")}), "77"),
        (Cap("per_run", D(1020), {}, D(510)), "500"),
    ],
)
def test_a_sale_counts_as_what_is_sold_and_as_what_is_repaid(cap: Cap, expected: str) -> None:
    found = planned([ltv_rule(SALE)], [flexible("72000")], TWO_BTC, having=RICH._replace(caps=(cap,)))
    assert operations(found) == [f"repay_from_collateral {expected} USDT by selling BTC of flexible"]
    assert len(unmet(found)) == 1


def test_sales_share_a_cap_with_the_payments_after_them() -> None:
    caps = (Cap("per_run", D(1100)),)
    # 1078.4313 x 1.02 are 1,100 USD, so nothing is left for the second rule.
    found = planned([ltv_rule(SALE, above="0.7", down_to="0.69"), max_debt("0")], [flexible("64000")], TWO_BTC, having=RICH._replace(caps=caps))
    assert operations(found) == ["repay_from_collateral 1078.4313 USDT by selling BTC of flexible"]


def test_two_rules_together_sell_no_more_at_once_than_the_exchange_allows() -> None:
    # 300,000 USD of BTC repay 294,117.6470 USDT at most.
    two = [named("first", ltv_rule(SALE, above="0.7", down_to="0.69")), named("second", ltv_rule(SALE, above="0.6", down_to="0.1"))]
    found = planned(two, [flexible("1080000")], pledged("BTC", 40))
    assert operations(found) == ["repay_from_collateral 294117.647 USDT by selling BTC of flexible"]
    assert "the exchange sells collateral for at most 300,000 USD at once" in unmet(found)[-1]


def test_collateral_is_added_before_it_is_sold_and_before_its_loan_closes() -> None:
    def move(kind: str, amount: int, product: str | None, loan_id: str | None, sells: str | None = None, coin: str = "USDT") -> Operation:
        return Operation(kind, coin, D(amount), product, loan_id, sells, (Share("a", "b", D(amount)),))

    in_rules_order = [
        move(SELL, 1, "flexible", None, "BTC"), move(ADD, 2, None, None, coin="BTC"), move(SELL, 3, "flexible", None, "BTC"),
        move(rules.REPAY, 4, "legacy", "6001"), move(ADD, 5, "legacy", "6001", coin="BTC"), move(rules.REPAY, 6, "legacy", "6001"),
        move(ADD, 7, None, None, coin="BTC"),
    ]
    assert [(operation.kind, operation.amount) for operation in merged(in_rules_order)] == [(ADD, 9), (SELL, 4), (ADD, 5), (rules.REPAY, 10)]


def test_collateral_for_a_closed_loan_does_not_count_for_the_account() -> None:
    before = book([flexible("100")], TWO_BTC)
    assert book_after(before, Operation(ADD, "BTC", D(1), "legacy", "6001")) == before


def test_several_ways_reach_together_what_none_of_them_reaches() -> None:
    # Of each coin at most 20,000 USD count, with 50 %. BTC lacks 10,000 USD of them, SOL 16,000.
    tiers = (Tier(D(0), D(20000), D("0.5")),)
    collateral = [
        pledged("BTC", "0.2")._replace(value_usd=D(5000), tiers=tiers), pledged("SOL", 32)._replace(value_usd=D(2000), tiers=tiers),
    ]
    found = planned([ltv_rule(rules.Way(ADD, ("BTC", "SOL")), down_to="0.5")], [flexible("7000")], *collateral)
    # 14,000 USD are needed: 10,000 of BTC, and 4,000 of SOL, which is 8,000 USD of it.
    assert (operations(found), unmet(found)) == (["add_collateral 0.2 BTC", "add_collateral 32 SOL"], [])


def test_a_plan_tells_how_far_it_comes() -> None:
    found = planned([ltv_rule()], [flexible("72000")], TWO_BTC, having=money({"USDT": "9000"}))
    assert unmet(found) == [
        "The LTV of the account reaches 70.00 %, not 60.00 %: 18000 USDT is needed, but the Funding wallet has 9000 USDT left."
    ]


def test_a_cap_that_stops_several_loans_is_told_once() -> None:
    loans = [flexible("72000"), flexible("1", "ETH"), contract("570", "600", 9), legacy("6001", "40000", "1", "0.8")]
    found = planned([ltv_rule()], loans, TWO_BTC, having=RICH._replace(caps=(Cap("per_run", D("10500.5")),)))
    # 10,013.75 USD lower the LTV of the legacy loan. Less than the contract needs is left, so it goes to the flexible loans.
    assert unmet(found) == [
        "The LTV of the account reaches 82.91 %, not 60.00 %: 21100 USDT is needed, but only 486.75 USD of per_run (10500.5 USD) is left."
    ]


def test_each_cap_and_wallet_that_stops_a_rule_is_told() -> None:
    loans = [flexible("72000"), flexible("1", "ETH")]
    having = money({"USDT": "9000", "ETH": "1"})._replace(caps=(Cap("per_run", None, {"ETH": D("0.5")}),))
    found = planned([ltv_rule(down_to="0.1")], loans, TWO_BTC, having=having)
    assert unmet(found) == [
        "The LTV of the account reaches 71.39 %, not 10.00 %: 65500 USDT is needed, but the Funding wallet has 9000 USDT left; "
        "1 ETH is needed, but per_run is 0.5 ETH."
    ]


def test_a_legacy_loan_names_the_only_coin_that_it_takes() -> None:
    found = planned([ltv_rule(rules.Way(ADD, ("ETH",)))], [legacy("6001", "40000", "1", "0.8")])
    assert unmet(found) == ["The LTV of loan 6001 reaches 80.01 %, not 60.00 %: loan 6001 only takes BTC as collateral."]


def test_a_legacy_loan_that_is_partly_repaid_in_time_says_what_is_still_needed() -> None:
    found = planned([due(3)], [legacy("6001", "300", "1", "0.1", maturity_time_ms=1)], having=money({"USDT": "100"}))
    assert unmet(found) == ["Loan 6001 is not fully repaid: 200 USDT is needed, but the Funding wallet has 0 USDT left."]


def test_a_loan_that_is_listed_twice_is_repaid_once() -> None:
    twice = [legacy("6001", "300", "1", "0.1", maturity_time_ms=1), legacy("6001", "200", "1", "0.1", maturity_time_ms=1)]
    assert operations(planned([due(3), max_debt("0"), installment("50")], twice)) == ["repay 200 USDT of 6001"]


def test_debts_in_several_coins_are_not_added_up() -> None:
    found = planned([max_debt("10", rules.Selection())], [flexible("100"), flexible("100", "ETH")])
    assert (operations(found), unmet(found)) == ([], ["The rule selects loans in several coins, whose amounts cannot be added up."])


def test_interest_and_penalty_interest_are_repaid_too() -> None:
    overdue = dataclasses.replace(contract("570", "100", -1), penalty_interest=D("2.5"), interest=D("0.25"))
    assert operations(planned([due(0)], [overdue])) == ["repay 102.75 USDT of 570"]


def test_an_addition_has_the_decimal_places_of_its_coin() -> None:
    found = planned([ltv_rule(rules.Way(ADD, ("BTC",)))], [legacy("6001", "40000", "1", "0.8")], collateral_places={"BTC": 4})
    assert operations(found) == ["add_collateral 0.334 BTC of 6001"]


def test_an_unknown_collateral_of_a_legacy_loan_allows_to_repay_only() -> None:
    unknown = dataclasses.replace(legacy("6001", "40000", "1", "0.8"), collateral_amount=None)
    found = planned([ltv_rule(rules.Way(ADD, ("BTC",)), REPAY)], [unknown])
    assert operations(found) == ["repay 10013.7483 USDT of 6001"]
    assert unmet(planned([ltv_rule()], [dataclasses.replace(unknown, ltv=None)])) == [
        "The LTV of loan 6001 is not known, so the rule cannot be applied."
    ]


def test_a_tiny_debt_stays_known_after_an_instalment() -> None:
    found = planned([installment("1"), ltv_rule()], [legacy("6001", "2", "1", "0")])
    assert (operations(found), unmet(found)) == (["repay 1 USDT of 6001"], [])


def test_the_predicted_ltv_of_a_loan_is_never_below_the_true_one() -> None:
    # The exchange shows 70.00 % for up to 70.01 %.
    found = planned([installment("1")] , [legacy("6001", "10000", "1", "0.7")])
    assert found.after.ltv(found.after.loans[0], {}) >= D("0.7001") * 9999 / 10000


def test_a_refused_addition_is_told() -> None:
    found = planned([ltv_rule(rules.Way(ADD, ("BTC",)))], [flexible("72000")], TWO_BTC, refuses_collateral=True)
    assert unmet(found) == ["The LTV of the account reaches 80.00 %, not 60.00 %: the exchange accepts no more collateral at the moment."]


@pytest.mark.parametrize("amount", ["0.000000000000000001", "123456789012345678901234567890"])
def test_very_small_and_very_large_debts_are_repaid_in_full(amount: str) -> None:
    having = money({"USDT": "1" + "0" * 40})
    assert operations(planned([max_debt("0")], [flexible(amount)], having=having)) == [f"repay {amount} USDT of flexible"]


def test_a_large_book_with_nothing_to_do_takes_linear_time() -> None:
    policy = Policy((ltv_rule(above="0.9"), due(3), max_debt("99999999"), installment("0")), {"BTC": D("-0.05")})

    def seconds(count: int) -> float:
        large = book([legacy(str(number), "100", "1", "0.5") for number in range(count)] + [loan("flexible", "100")], TWO_BTC)
        started = time.process_time()
        assert plan(policy, large, RICH, {}).operations == ()
        return time.process_time() - started

    assert seconds(8000) < 20 * max(seconds(1000), 0.02)
