# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the book, the money, and the rules: caps and wallets are respected, no debt is overpaid, and a plan is enough."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, Operation, Plan, book_after
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import LOW, PRICES, books, moneys, policies

D = Decimal
# A sale costs 2 % more than it repays, and the pledged coins are worth as little as their figures allow.
MOST_SOLD = D("1.02") / LOW


def drawn(function: t.Callable[..., None]) -> t.Callable[..., None]:
    return settings(max_examples=300, deadline=None)(given(policies(), books(), moneys())(function))


def sums(planned: Plan, kinds: t.Collection[str]) -> dict[str, Decimal]:
    """Return what the operations of these kinds move, by coin."""
    found: dict[str, Decimal] = {}
    for operation in (played.operation for played in planned.operations if played.operation.kind in kinds):
        found[operation.coin] = found.get(operation.coin, D(0)) + operation.amount
    return found


PAID = (rules.REPAY, rules.ADD_COLLATERAL)
CAPPED = (*PAID, rules.REPAY_FROM_COLLATERAL)


@drawn
def test_the_wallets_hold_what_is_paid_and_keep_what_must_remain(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    paid, transferred = sums(planned, PAID), sums(planned, [TRANSFER])
    for coin, amount in paid.items():
        held = {wallet: money.wallets.get(wallet, {}).get(coin, D(0)) for wallet in money.sources}
        assert amount <= sum(held.values()) - money.keep.get(coin, D(0))
        assert amount <= held.get(FUND, D(0)) + transferred.get(coin, D(0))
        assert len(held) == 1 or coin not in money.keep or all(coin in money.wallets[wallet] for wallet in money.sources)
    for coin, amount in transferred.items():
        own, other = money.wallets[FUND].get(coin, D(0)), money.wallets[UNIFIED][coin]
        assert amount == (min(paid[coin], other) if money.sources[0] == UNIFIED else paid[coin] - own) and 0 < amount <= other


@drawn
def test_no_cap_is_exceeded(policy: Policy, book: Book, money: Money) -> None:
    usd, moved = D(0), sums(plan(policy, book, money, {}), CAPPED)
    for operation in (played.operation for played in plan(policy, book, money, {}).operations if played.operation.kind in CAPPED):
        value = operation.amount * PRICES[operation.coin]
        if operation.sells:
            value *= MOST_SOLD
            sold = value / PRICES[operation.sells]
            beyond = max(sold - operation.amount, D(0)) if operation.sells == operation.coin else sold
            moved[operation.sells] = moved.get(operation.sells, D(0)) + beyond
        usd += value
        assert all(cap.usd is None or (cap.used_usd is not None and operation.coin in money.prices) for cap in money.caps)
    dust = D("1e-15")
    for cap in money.caps:
        assert not moved or cap.usd is None or usd + (cap.used_usd or D(0)) <= cap.usd + dust
        assert all(amount <= cap.coins.get(coin, amount) + dust for coin, amount in moved.items())


@drawn
def test_no_more_than_the_debt_is_repaid_and_contracts_only_in_full(policy: Policy, book: Book, money: Money) -> None:
    repaid: dict[tuple[t.Any, ...], Decimal] = {}
    for operation in (played.operation for played in plan(policy, book, money, {}).operations):
        if operation.kind in (rules.REPAY, rules.REPAY_FROM_COLLATERAL):
            key = (operation.product, operation.loan_id, operation.coin)
            repaid[key] = repaid.get(key, D(0)) + operation.amount
            before = book.loan(operation.product or "", operation.loan_id, operation.coin)
            assert before is not None and repaid[key] <= before.debt
            if operation.kind == rules.REPAY and operation.product == FIXED:
                assert repaid[key] == before.debt


@drawn
def test_all_operations_move_something_and_none_is_split(policy: Policy, book: Book, money: Money) -> None:
    operations = [played.operation for played in plan(policy, book, money, {}).operations]
    assert all(operation.amount > 0 and operation.shares for operation in operations)
    assert len({operation.target for operation in operations}) == len(operations)
    for operation in operations:
        assert operation.kind == TRANSFER or sum(operation.amount_of(rule) for rule in operation.rules) == operation.amount
        if operation.kind == rules.REPAY_FROM_COLLATERAL:
            assert operation.amount * PRICES[operation.coin] * MOST_SOLD <= 300000 + D("1e-15")


@drawn
def test_each_operation_is_possible_after_those_before_it(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    for operation in (played.operation for played in planned.operations):
        loan = book.loan(operation.product or "", operation.loan_id, operation.coin)
        if operation.kind in (rules.REPAY, rules.REPAY_FROM_COLLATERAL):
            assert loan is not None and operation.amount <= loan.debt
            assert (operation.kind, operation.product) != (rules.REPAY, FIXED) or operation.amount == loan.debt
            if operation.sells:
                pledged, sold = book.pledged(operation.sells), book.sold_for(loan, operation.amount, operation.sells)
                assert pledged is not None and sold is not None and sold <= pledged.amount + D("1e-15")
        elif operation.kind == rules.ADD_COLLATERAL and operation.product is not None:
            assert any(loan.loan_id == operation.loan_id for loan in book.loans)
        book = book_after(book, operation)
    assert planned.after == book


@drawn
def test_planning_again_on_the_result_plans_nothing(policy: Policy, book: Book, money: Money) -> None:
    first = plan(policy, book, money, {})
    repaid = {
        rule.name: sum((played.operation.amount_of(rule.name) for played in first.operations), D(0)) for rule in policy.rules
    }
    again = plan(policy, first.after, spent(money, first), repaid)
    # What was short of money stays short. All others have what they need.
    short = {unmet.rule for unmet in first.unmet}
    assert [played for played in again.operations if not set(played.operation.rules) & short] == []


def sold(money: Money, book: Book, operation: Operation) -> Money:
    loan = book.loan(operation.product or "", operation.loan_id, operation.coin)
    assert loan is not None and operation.sells is not None
    amount = book.sold_for(loan, operation.amount, operation.sells)
    assert amount is not None
    return money.after_selling(operation.coin, operation.amount, operation.sells, amount)


def spent(money: Money, planned: Plan) -> Money:
    """Return the money after a plan."""
    book = planned.before
    for operation in (played.operation for played in planned.operations):
        if operation.kind in PAID:
            money = money.after_spending(operation.coin, operation.amount)
        elif operation.kind == rules.REPAY_FROM_COLLATERAL:
            money = sold(money, book, operation)
    return money._replace(transfers={})


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_lower_caps_never_move_more(data: st.DataObject) -> None:
    policy, book, money = data.draw(policies()), data.draw(books()), data.draw(moneys())
    factor = data.draw(st.integers(0, 100)) / D(100)
    lower = money._replace(caps=tuple(cap._replace(usd=None if cap.usd is None else cap.usd * factor) for cap in money.caps))
    free, capped = (sum((a * PRICES[c] for c, a in sums(plan(policy, book, m, {}), CAPPED).items()), D(0)) for m in (money, lower))
    if not any(isinstance(rule, rules.LtvRule) for rule in policy.rules) and not any(loan.product == FIXED for loan in book.loans):
        assert capped <= free
