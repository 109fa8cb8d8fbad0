# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the book, the money, and the rules: an unchanged plan is not stale, and a plan that is not stale can be done."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import Book
from ansible_collections.treasury.bybit.plugins.module_utils._policy.document import Document, Origin, document_of, read, written
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import TRANSFER, book_after
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.staleness import differences
from hypothesis import given
from hypothesis import strategies as st
from policies import DAY_MS, NOW_MS, book, books, moneys, policies

D = Decimal
ORIGIN = Origin("mainnet", "104", NOW_MS, NOW_MS + DAY_MS)


def stale(saved: Document, fresh: Document, book: Book, money: Money, tolerance: str) -> tuple[str, ...]:
    return differences(read(written(saved)), fresh, book, money, D(tolerance))


@given(policies(), books(), moneys())
def test_a_plan_is_not_stale_if_nothing_changed(policy: Policy, book: Book, money: Money) -> None:
    planned = plan(policy, book, money, {})
    saved = document_of(planned, policy, money, {}, ORIGIN)
    fresh = document_of(planned, policy, money, {}, ORIGIN._replace(created_ms=NOW_MS + 60_000))
    assert stale(saved, fresh, book, money, "0") == ()


@given(st.data())
def test_whatever_changed_a_plan_that_is_not_stale_can_be_done(data: st.DataObject) -> None:
    policy, before, money_before = data.draw(policies()), data.draw(books()), data.draw(moneys())
    saved = document_of(plan(policy, before, money_before, {}), policy, money_before, {}, ORIGIN)
    # Amounts grow or shrink by up to 2 %, so that some plans stay within the tolerance.
    factors = st.integers(980, 1020).map(lambda part: D(part) / 1000)
    wallets = {wallet: {coin: amount * data.draw(factors) for coin, amount in held.items()} for wallet, held in money_before.wallets.items()}
    debt = data.draw(factors)
    loans = tuple(entry.after_paying((entry.debt * (1 - debt)).quantize(D("0.0001"))) if debt < 1 else entry for entry in before.loans)
    after = book_with(before, loans)
    money_after = money_before._replace(wallets=wallets)
    fresh = document_of(plan(policy, after, money_after, {}), policy, money_after, {}, ORIGIN)
    if stale(saved, fresh, after, money_after, "0.05"):
        return
    funding, unified = (dict(wallets.get(wallet, {})) for wallet in (FUND, UNIFIED))
    for operation in (played.operation for played in saved.operations):
        coin, amount = operation.coin, operation.amount
        if operation.kind == TRANSFER:
            unified[coin], funding[coin] = unified[coin] - amount, funding.get(coin, D(0)) + amount
            assert unified[coin] >= 0
            continue
        if operation.kind != rules.REPAY_FROM_COLLATERAL:
            funding[coin] -= amount
            assert funding[coin] >= 0
        if operation.kind != rules.ADD_COLLATERAL:
            owed = after.loan(operation.product or "", operation.loan_id, coin)
            assert owed is not None and amount <= owed.debt
            assert operation.product != FIXED or operation.kind != rules.REPAY or amount == owed.debt
        after = book_after(after, operation)
    moved = [played.operation for played in saved.operations if played.operation.kind != TRANSFER]
    for coin in {operation.coin for operation in moved if operation.kind != rules.REPAY_FROM_COLLATERAL}:
        assert funding[coin] + unified.get(coin, D(0)) >= money_after.keep.get(coin, D(0))
    for cap in money_after.caps:
        if moved and cap.usd is not None:
            assert sum((operation.amount * money_after.prices[operation.coin].high for operation in moved), cap.used_usd or D(0)) <= cap.usd


def book_with(before: Book, loans: t.Sequence[Loan]) -> Book:
    """Return a book with other debts."""
    return book([entry for entry in loans if entry.is_open], *before.account.collateral)
