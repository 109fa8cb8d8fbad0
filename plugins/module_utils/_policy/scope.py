# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of a policy can touch: products, loans, and the coins that the wallets may pay.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._loans.loan import FLEXIBLE, LEGACY, Loan
from .rules import ADD_COLLATERAL, REPAY, REPAY_FROM_COLLATERAL, LtvRule, MaturityRule, Rule


class Scope(t.NamedTuple):
    """What the rules of a policy can touch.

    :ivar spent: The coins that the wallets may pay.
    :ivar repaid: The products and coins of the loans that may be repaid.
    """

    spent: frozenset[str] = frozenset()
    repaid: frozenset[tuple[str, str]] = frozenset()


def scope_of(rules: t.Iterable[Rule], loans: t.Sequence[Loan], pledged: t.Collection[str], now_ms: int) -> Scope:
    """Return what rules can touch.

    :param pledged: The coins of the account's collateral. Collateral can only be added in these, because the value of others is unknown.
    """
    found = Scope()
    for rule in rules:
        selected = [loan for loan in loans if rule.loans.selects(loan)]
        if isinstance(rule, LtvRule):
            reached = _of_ltv_rule(rule, selected, pledged)
        else:
            reached = _of_repaying([loan for loan in selected if not isinstance(rule, MaturityRule) or loan.is_due_by(now_ms + rule.within_ms)])
        found = Scope(found.spent | reached.spent, found.repaid | reached.repaid)
    return found


def reaches(rule: Rule, product: str) -> bool:
    """Return whether a rule can select loans of a product. Flexible loans have no ID, and no due date."""
    if product == FLEXIBLE and (rule.loans.loan_id is not None or isinstance(rule, MaturityRule)):
        return False
    return rule.loans.product in (None, product)


def not_open(rules: t.Iterable[Rule], loans: t.Sequence[Loan]) -> list[tuple[Rule, str]]:
    """Return the rules for one loan that is not open, each with the ID of the loan. Such a rule is reached, even if its ID is mistyped."""
    return [(rule, rule.loans.loan_id) for rule in rules if rule.loans.loan_id is not None and not any(rule.loans.selects(loan) for loan in loans)]


def _of_repaying(loans: t.Iterable[Loan]) -> Scope:
    repaid = frozenset((loan.product, loan.coin) for loan in loans)
    return Scope(frozenset(coin for dummy, coin in repaid), repaid)


def _of_ltv_rule(rule: LtvRule, selected: t.Sequence[Loan], pledged: t.Collection[str]) -> Scope:
    shared = [loan for loan in selected if loan.product != LEGACY]
    added = {loan.collateral_coin for loan in selected} | set(pledged if shared else ())
    kinds = {way.kind for way in rule.using}
    paying, selling = _of_repaying(selected if REPAY in kinds else ()), _of_repaying(shared if REPAY_FROM_COLLATERAL in kinds else ())
    adding = {coin for way in rule.using if way.kind == ADD_COLLATERAL for coin in way.coins if coin in added}
    return Scope(paying.spent | adding, paying.repaid | selling.repaid)
