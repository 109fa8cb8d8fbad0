# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules can touch is enough to read, and what could not be read is never planned with."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, PRODUCTS
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import ACCOUNT, Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.scope import not_open, reaches, scope_of
from hypothesis import given
from hypothesis import strategies as st
from policies import books, moneys, policies
from policies_planned import contract, due, flexible

AMOUNT_RULES = (rules.InstallmentRule, rules.DebtRule)


def drawn(function: t.Callable[..., None]) -> t.Callable[..., None]:
    return given(policies(), books(), moneys())(function)


@drawn
def test_balances_and_places_outside_of_the_scope_change_no_plan(policy: Policy, book: Book, money: Money) -> None:
    scope = scope_of(policy.rules, book.loans, {entry.coin for entry in book.account.collateral}, book.now_ms)
    wallets = {wallet: {coin: amount for coin, amount in held.items() if coin in scope.spent} for wallet, held in money.wallets.items()}
    places = {pair: places for pair, places in book.places.items() if pair in scope.repaid}
    whole = plan(policy, book, money, {})
    read = plan(policy, dataclasses.replace(book, places=places), money._replace(wallets=wallets), {})
    assert (read.operations, read.unmet) == (whole.operations, whole.unmet)


@given(policies(), books(), moneys(), st.sampled_from(PRODUCTS))
def test_a_product_that_was_not_read_stops_only_rules_that_need_all_its_loans(policy: Policy, book: Book, money: Money, product: str) -> None:
    rest = dataclasses.replace(book, loans=tuple(loan for loan in book.loans if loan.product != product))
    found = plan(policy, dataclasses.replace(rest, unread=frozenset({product})), money, {})
    touched = [rule for rule in policy.rules if reaches(rule, product)]
    others = policy._replace(rules=tuple(rule for rule in policy.rules if rule not in touched or not isinstance(rule, AMOUNT_RULES)))
    assert found.operations == plan(others, rest, money, {}).operations
    told = [entry for entry in found.unmet if entry.reason.startswith(f"The {product} loans cannot be read, so ")]
    assert [entry.rule for entry in told] == [rule.name for rule in touched]


def test_a_rule_for_one_loan_that_is_not_open_is_found() -> None:
    every, some, typo = due(3), due(3)._replace(name="some"), due(3)._replace(name="typo")
    some = some._replace(loans=rules.Selection("fixed", None, "570"))
    typo = typo._replace(loans=rules.Selection("fixed", None, "5700"))
    assert not_open([every, some, typo], [contract("570", "600", 9), flexible("100")]) == [(typo, "5700")]


@drawn
def test_without_the_position_no_ltv_of_the_account_is_lowered(policy: Policy, book: Book, money: Money) -> None:
    found = plan(policy, dataclasses.replace(book, unread=frozenset({ACCOUNT})), money, {})
    of_ltv = {rule.name: rule for rule in policy.rules if isinstance(rule, rules.LtvRule)}
    shared = [played for played in found.operations if played.operation.product in (*PRODUCTS[1:], None) and played.operation.kind != "transfer"]
    assert not any(set(played.operation.rules) & set(of_ltv) for played in shared)
    unknown = {entry.rule for entry in found.unmet if entry.reason == "The LTV of the account is not known, so the rule cannot be applied."}
    # Earlier rules may close the selected loans.
    still = {name for name, rule in of_ltv.items() if any(loan.product != LEGACY and rule.loans.selects(loan) for loan in found.after.loans)}
    assert still <= unknown
