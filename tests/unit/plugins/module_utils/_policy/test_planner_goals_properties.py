# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the book, the money, and the rules: a rule is met or told as unmet, never overshot, and a stricter one never pays less."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, LEGACY, LTV_STEP, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.outlook import Shock
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, Operation, Plan, play
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from hypothesis import assume, given, settings
from policies import PRICES, books, moneys, policies

D = Decimal
often = settings(max_examples=300, deadline=None)


def drawn(function: t.Callable[..., None]) -> t.Callable[..., None]:
    return often(given(policies(), books(), moneys())(function))


def of_rule(planned: Plan, rule: str) -> list[Operation]:
    return [played.operation for played in planned.operations if rule in played.operation.rules and played.operation.kind != TRANSFER]


def moved_usd(planned: Plan) -> Decimal:
    return sum((played.operation.amount * PRICES[played.operation.coin] for played in planned.operations if played.operation.kind != TRANSFER), D(0))


def step(book: Book, operation: Operation) -> Decimal:
    """Return the smallest amount of an operation."""
    loan = book.loan(operation.product or "", operation.loan_id, operation.coin)
    is_addition = operation.kind == rules.ADD_COLLATERAL
    return D(1).scaleb(-(book.places_of_collateral(operation.coin) if is_addition or loan is None else book.places_of(loan)))


def subjects(rule: rules.LtvRule, book: Book) -> list[Loan | None]:
    """Return whose LTVs a rule is about: legacy loans, and none for the account."""
    selected = [loan for loan in book.loans if rule.loans.selects(loan)]
    own: list[Loan | None] = [loan for loan in selected if loan.product == LEGACY]
    return [*own, None] if len(own) < len(selected) else own


def shocks(policy: Policy) -> list[Shock]:
    return [{}, policy.stress] if policy.stress else [{}]


@drawn
def test_a_rule_is_met_or_told_as_unmet(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    short = {unmet.rule for unmet in planned.unmet}
    for rule in policy.rules:
        if rule.name in short:
            continue
        selected = [loan for loan in planned.after.loans if rule.loans.selects(loan)]
        if isinstance(rule, rules.MaturityRule):
            latest_ms = book.now_ms + rule.within_ms
            assert not [loan for loan in selected if loan.maturity_time_ms is not None and loan.maturity_time_ms <= latest_ms]
        elif isinstance(rule, rules.DebtRule):
            assert sum((loan.debt for loan in selected), D(0)) <= rule.max_debt
        elif isinstance(rule, rules.InstallmentRule):
            assert not selected or sum(operation.amount_of(rule.name) for operation in of_rule(planned, rule.name)) >= rule.amount
        else:
            for loan in subjects(rule, planned.after):
                above = rule.above.at(planned.after.marks_of(loan))
                for shock in shocks(policy):
                    ltv = planned.after.ltv(loan, shock)
                    assert above is not None and ltv is not None and ltv <= above


@drawn
def test_no_rule_repays_more_than_it_needs(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    for rule in policy.rules:
        operations = of_rule(planned, rule.name)
        paid = sum((operation.amount_of(rule.name) for operation in operations), D(0))
        rounding = sum((step(book, operation) for operation in operations), D(0))
        if isinstance(rule, rules.InstallmentRule):
            assert paid <= rule.amount + rounding
        elif isinstance(rule, rules.DebtRule):
            owed = sum((loan.debt for loan in book.loans if rule.loans.selects(loan)), D(0))
            assert paid <= max(owed - rule.max_debt, D(0)) + rounding


@drawn
def test_no_ltv_is_lowered_further_than_needed(policy: Policy, book: Book, money: Money) -> None:
    ltv_rules = [rule for rule in policy.rules if isinstance(rule, rules.LtvRule)]
    for rule in ltv_rules:
        planned = plan(Policy((rule,), policy.stress), book, money, {})
        operations = of_rule(planned, rule.name)
        for loan in subjects(rule, book):
            own = [one for one in operations if (one.loan_id if one.product == LEGACY else None) == (loan.loan_id if loan else None)]
            # A contract can only be repaid in full.
            if not own or (own[-1].kind, own[-1].product) == (rules.REPAY, FIXED):
                continue
            *others, last = own
            # A legacy loan's LTV has four decimal places, so it is lowered by up to three steps more.
            less = last.amount - (2 * step(book, last) if loan is None else max(2 * step(book, last), excess(book, last, loan)))
            without = play(book, [*others, last._replace(amount=less)] if less > 0 else others)[1]
            marks = book.marks_of(loan)
            target = min(t.cast(Decimal, rule.down_to.at(marks)), t.cast(Decimal, rule.above.at(marks)))
            current = None if loan is None else without.loan(loan.product, loan.loan_id, loan.coin)
            ltvs = [without.ltv(current, shock) for shock in shocks(policy)]
            assert any(ltv is None or ltv > target for ltv in ltvs)


def excess(book: Book, operation: Operation, loan: Loan) -> Decimal:
    """Return how much five steps of the LTV are worth for a legacy loan, at twice the LTV under stress."""
    part = 10 * LTV_STEP / max(loan.ltv or LTV_STEP, LTV_STEP)
    return part * loan.debt if operation.kind == rules.REPAY else part * ((loan.collateral_amount or D(0)) + operation.amount) * 10


@drawn
def test_a_stricter_rule_never_pays_less(policy: Policy, book: Book, money: Money) -> None:
    # Contracts that can only be repaid in full may cost more than what another rule repays of them.
    without = dataclasses.replace(book, loans=tuple(loan for loan in book.loans if loan.product != FIXED))
    for rule in policy.rules:
        less, more = (moved_usd(plan(Policy((one,), policy.stress), without, money, {})) for one in (rule, stricter(rule)))
        # What a shortage of a coin leaves is not moved if it is less than 1 USD.
        assert less <= more + len(PRICES)


def stricter(rule: rules.Rule) -> rules.Rule:
    if isinstance(rule, rules.MaturityRule):
        return rule._replace(within_ms=rule.within_ms + 86_400_000)
    if isinstance(rule, rules.InstallmentRule):
        return rule._replace(amount=rule.amount * D("1.5"))
    if isinstance(rule, rules.DebtRule):
        return rule._replace(max_debt=rule.max_debt / 2)
    # Half of the rules also get a lower trigger.
    above = rule.above._replace(distance=rule.above.distance - D("0.05")) if rule.using[0].kind == rules.REPAY else rule.above
    return rule._replace(down_to=rule.down_to._replace(distance=rule.down_to.distance * D("0.8")), above=above)


@often
@given(policies(), policies(), books(), moneys())
def test_rules_for_other_loans_and_other_money_may_have_any_order(first: Policy, second: Policy, book: Book, money: Money) -> None:
    kinds = rules.MaturityRule, rules.InstallmentRule, rules.DebtRule
    found = [
        tuple(
            rule._replace(name=coin + rule.name, loans=rules.Selection(rule.loans.product, coin))
            for rule in policy.rules if isinstance(rule, kinds)
        )
        for policy, coin in ((first, "USDT"), (second, "ETH"))
    ]
    assume(all(found))
    free = money._replace(caps=())
    plans = [plan(Policy((*one, *other)), book, free, {}) for one, other in (found, reversed(found))]
    operations = [sorted((played.operation for played in planned.operations), key=str) for planned in plans]
    assert operations[0] == operations[1] and set(plans[0].unmet) == set(plans[1].unmet)
