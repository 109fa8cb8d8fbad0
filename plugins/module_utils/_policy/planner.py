# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan what a policy does: walk through its rules in order, and let each rule see the book and the money as earlier rules leave them.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, plain, total
from .._loans.loan import PRODUCTS
from .._loans.outlook import Shock
from .._times import utc
from . import ltv
from .book import Book, is_whole, key_of
from .draft import Draft
from .money import Money
from .plan import Operation, Plan, merged, play
from .rules import SOONEST_DUE, DebtRule, InstallmentRule, LtvRule, MaturityRule, Rule, in_order
from .scope import reaches

_ZERO = Decimal(0)
# A run keeps the lock of each loan until it has reported everything, and a process may have about a thousand open files.
MAX_OPERATIONS = 500


class Policy(t.NamedTuple):
    """The rules of a policy in the order of their importance.

    :ivar stress: The price changes under which its LTV rules must hold, too.
    """

    rules: tuple[Rule, ...]
    stress: Shock = {}


def plan(policy: Policy, book: Book, money: Money, repaid: t.Mapping[str, Decimal]) -> Plan:
    """Plan what a policy does to a book.

    :param repaid: What was repaid under each rule in its current period, by the name of the rule.
    """
    book = book.with_each_loan_once()
    draft = Draft(book, money)
    for rule in policy.rules:
        unread = [product for product in PRODUCTS if product in book.unread and reaches(rule, product)]
        if unread:
            draft = draft.without(rule.name, _unread(rule, unread))
        if unread and isinstance(rule, (InstallmentRule, DebtRule)):
            continue
        if isinstance(rule, LtvRule):
            draft = ltv.lower(draft, rule, policy.stress)
        elif isinstance(rule, MaturityRule):
            draft = _before_maturity(draft, rule)
        elif isinstance(rule, InstallmentRule):
            draft = _installment(draft, rule, repaid.get(rule.name, _ZERO))
        else:
            draft = _max_debt(draft, rule)
    operations = merged((*draft.transfers(), *draft.operations))
    draft = _without_the_rest(draft, operations[MAX_OPERATIONS:])
    played, after = play(book, operations[:MAX_OPERATIONS])
    return Plan(tuple(played), tuple(dict.fromkeys(draft.unmet)), book, after)


def _without_the_rest(draft: Draft, rest: t.Sequence[Operation]) -> Draft:
    """Tell which rules need more operations than one run carries out."""
    for rule in dict.fromkeys(name for operation in rest for name in operation.rules):
        number = sum(rule in operation.rules for operation in rest)
        draft = draft.without(rule, f"{number} more operations are needed, but one run carries out at most {MAX_OPERATIONS}. Run again after this one.")
    return draft


def _unread(rule: Rule, products: t.Sequence[str]) -> str:
    """Say what a rule misses if it selects products that cannot be read, as a sentence."""
    what = f"The {' and '.join(products)} loans cannot be read"
    if isinstance(rule, (InstallmentRule, DebtRule)):
        return f"{what}, so the debt that the rule selects is not known, and it is not applied. If it is not meant for them, name a product."
    return f"{what}, so the rule is not applied to them."


def _before_maturity(draft: Draft, rule: MaturityRule) -> Draft:
    now_ms = draft.book.now_ms
    for loan in in_order(draft.book.loans, SOONEST_DUE, draft.money.prices):
        if rule.loans.selects(loan) and loan.is_due_by(now_ms + rule.within_ms):
            why = f"loan {loan.loan_id} {'was' if loan.is_due_by(now_ms) else 'is'} due at {utc(loan.maturity_time_ms or 0)}"
            draft, short = draft.repay(rule.name, loan, loan.debt, why)
            left = draft.book.loan(*key_of(loan))
            if short and left is not None:
                what = "repaid" if left.debt == loan.debt else "fully repaid"
                limit = draft.money.payable(loan.coin).why
                draft = draft.without(rule.name, f"Loan {loan.loan_id} is not {what}: {plain(left.debt)} {loan.coin} is needed, but {limit}.")
    return draft


def _installment(draft: Draft, rule: InstallmentRule, repaid: Decimal) -> Draft:
    missing = max(difference(rule.amount, repaid), _ZERO)
    why = f"{plain(repaid)} of {plain(rule.amount)} was repaid under this rule this {rule.per}"
    return _repay_in_order(draft, rule, missing, why)


def _max_debt(draft: Draft, rule: DebtRule) -> Draft:
    debt = total(*(loan.debt for loan in draft.book.loans if rule.loans.selects(loan)))
    why = f"the debt is {plain(debt)}, and at most {plain(rule.max_debt)} is allowed"
    return _repay_in_order(draft, rule, max(difference(debt, rule.max_debt), _ZERO), why)


def _repay_in_order(draft: Draft, rule: InstallmentRule | DebtRule, missing: Decimal, why: str) -> Draft:
    """Repay what is missing on the selected loans, one after the other. Those that can only be repaid in full come last."""
    selected = in_order([loan for loan in draft.book.loans if rule.loans.selects(loan)], rule.order, draft.money.prices)
    if len({loan.coin for loan in selected}) > 1:
        return draft.without(rule.name, "The rule selects loans in several coins, whose amounts cannot be added up.")
    reasons = []
    for loan in sorted(selected, key=is_whole):
        if not missing:
            return draft
        if is_whole(loan) and loan.debt > missing:
            reasons.append("fixed contracts can only be repaid in full")
            continue
        draft, short = draft.repay(rule.name, loan, min(missing, loan.debt), why)
        left = draft.book.loan(*key_of(loan))
        missing = max(total(missing, _ZERO if left is None else left.debt, loan.debt.copy_negate()), _ZERO)
        # What limits it is told as this payment leaves it.
        reasons += [draft.money.payable(loan.coin).why] if short else []
        if short and not is_whole(loan):
            break
    if missing and reasons:
        return draft.without(rule.name, f"{plain(missing)} {selected[0].coin} is missing: {'; '.join(dict.fromkeys(reasons))}.")
    return draft
