# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a policy: its operations, what it leaves undone, and the operations played on the book.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import MAX_DECIMALS, plain, round_down, round_up, total
from .._loans.loan import LEGACY, Loan
from .book import Book, key_of
from .money import Money
from .rules import ADD_COLLATERAL, REPAY, REPAY_FROM_COLLATERAL

# A transfer from the UNIFIED to the Funding wallet.
TRANSFER = "transfer"
# Of amounts that follow from prices.
SHOWN_PLACES = 8


class Share(t.NamedTuple):
    """Why one rule needs an operation.

    :ivar reason: A clause.
    :ivar amount: How much of the operation's amount it needs; none for a transfer.
    """

    rule: str
    reason: str
    amount: Decimal | None = None


class Operation(t.NamedTuple):
    """One operation of a plan.

    :ivar kind: C(repay), C(repay_from_collateral), C(add_collateral), or C(transfer) to the Funding wallet.
    :ivar product: The product of the loan; none for the collateral of the account, and for a transfer.
    :ivar loan_id: The ID of the loan, if it has one.
    :ivar coin: The coin of the amount.
    :ivar sells: The pledged coin that is sold to repay.
    :ivar shares: Which rules need it, and why.
    """

    kind: str
    coin: str
    amount: Decimal
    product: str | None = None
    loan_id: str | None = None
    sells: str | None = None
    shares: tuple[Share, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that need it."""
        return tuple(dict.fromkeys(share.rule for share in self.shares))

    def amount_of(self, rule: str) -> Decimal:
        """Return how much of the amount a rule needs."""
        return total(*(share.amount for share in self.shares if share.rule == rule and share.amount is not None))

    @property
    def target(self) -> tuple[str | None, ...]:
        """What distinguishes it from other operations. A plan has only one operation with the same target."""
        return self.kind, self.product, self.loan_id, self.coin, self.sells

    def merged(self, other: Operation) -> Operation:
        """Return one operation in place of two with the same target."""
        return self._replace(amount=total(self.amount, other.amount), shares=_united((*self.shares, *other.shares)))


class Unmet(t.NamedTuple):
    """What a rule needs and does not get, and why, as a sentence."""

    rule: str
    reason: str


class Played(t.NamedTuple):
    """An operation with the figures that it changes.

    :ivar before: The debt, or the collateral that is added to; C(after) is the same afterwards. None for a transfer.
    :ivar ltv_before: The LTV; C(ltv_after) is the same afterwards.
    :ivar sold: How much collateral a sale sells at most.
    """

    operation: Operation
    before: Decimal | None = None
    after: Decimal | None = None
    ltv_before: Decimal | None = None
    ltv_after: Decimal | None = None
    sold: Decimal | None = None

    @property
    def arithmetic(self) -> str:
        """How the operation changes the figures, in words."""
        parts = []
        if self.ltv_before is not None:
            parts.append(f"LTV {percent(self.ltv_before)} → {'none' if self.ltv_after is None else percent(self.ltv_after)}")
        if self.before is not None and self.after is not None:
            is_debt = self.operation.kind != ADD_COLLATERAL
            # What is left of sold collateral would have endless digits.
            before, after = (plain(level if is_debt else round_down(level, SHOWN_PLACES)) for level in (self.before, self.after))
            parts.append(f"{'debt' if is_debt else 'collateral'} {before} → {after} {self.operation.coin}")
        if self.sold is not None:
            parts.append(f"at most {plain(round_up(self.sold, SHOWN_PLACES))} {self.operation.sells} sold")
        return ", ".join(parts)


class Plan(t.NamedTuple):
    """What a policy does to a book.

    :ivar after: The book as it will be.
    """

    operations: tuple[Played, ...]
    unmet: tuple[Unmet, ...]
    before: Book
    after: Book


def _united(shares: t.Iterable[Share]) -> tuple[Share, ...]:
    """Return one share for each rule and reason."""
    found: dict[tuple[str, str], Share] = {}
    for share in shares:
        earlier = found.setdefault(share[:2], share)
        if earlier is not share and earlier.amount is not None and share.amount is not None:
            found[share[:2]] = share._replace(amount=total(earlier.amount, share.amount))
    return tuple(found.values())


def merged(operations: t.Iterable[Operation]) -> tuple[Operation, ...]:
    """Return operations with one for each target, at the place of the first.

    Sales, and repayments of loans with their own collateral, come at the place of the last, so that collateral is added before it is sold,
    and before its loan is closed.
    """
    found: dict[tuple[str | None, ...], Operation] = {}
    for operation in operations:
        comes_last = operation.kind == REPAY_FROM_COLLATERAL or (operation.kind, operation.product) == (REPAY, LEGACY)
        earlier = found.pop(operation.target, None) if comes_last else found.get(operation.target)
        found[operation.target] = operation if earlier is None else earlier.merged(operation)
    return tuple(found.values())


def book_after(book: Book, operation: Operation) -> Book:
    """Return the book after an operation."""
    loan = loan_of(book, operation)
    if operation.kind == REPAY and loan is not None:
        return book.after_repaying(loan, operation.amount)
    if operation.kind == REPAY_FROM_COLLATERAL and loan is not None:
        return book.after_selling(loan, operation.amount, operation.sells or "")
    if operation.kind == ADD_COLLATERAL and (loan is not None or operation.product is None):
        return book.after_adding(operation.coin, operation.amount, loan)
    return book


def money_after(money: Money, played: Played) -> Money:
    """Return the money after an operation. A transfer is a part of the operations that need it."""
    operation = played.operation
    if operation.kind == TRANSFER:
        return money
    if operation.kind == REPAY_FROM_COLLATERAL:
        return money.after_selling(operation.coin, operation.amount, operation.sells or "", played.sold or Decimal(0))
    return money.after_spending(operation.coin, operation.amount)


def play(book: Book, operations: t.Iterable[Operation]) -> tuple[list[Played], Book]:
    """Return the operations with the figures that each of them changes, and the book after all of them."""
    played = []
    for operation in operations:
        one, book = played_on(book, operation)
        played.append(one)
    return played, book


def loan_of(book: Book, operation: Operation) -> Loan | None:
    """Return the loan of an operation; none if it has none, or the loan is closed."""
    if operation.kind == ADD_COLLATERAL:
        legacy = (loan for loan in book.loans if (loan.product, loan.loan_id) == (LEGACY, operation.loan_id))
        return None if operation.product is None else next(legacy, None)
    return book.loan(operation.product or "", operation.loan_id, operation.coin)


def played_on(book: Book, operation: Operation) -> tuple[Played, Book]:
    """Return an operation with the figures that it changes in a book, and the book after it.

    Figures have at most 18 decimal places, as in a plan file. Amounts that are moved are exact.
    """
    if operation.kind == TRANSFER:
        return Played(operation), book
    loan, after = loan_of(book, operation), book_after(book, operation)
    later = None if loan is None else after.loan(*key_of(loan))
    with_own_ltv = loan if loan is not None and loan.product == LEGACY else None
    played = Played(operation, ltv_before=_up(book.ltv(with_own_ltv, {})), ltv_after=_up(_ltv_after(after, with_own_ltv, later)))
    if operation.kind == ADD_COLLATERAL:
        return played._replace(before=_down(_collateral(book, operation)), after=_down(_collateral(after, operation))), after
    sold = book.sold_for(loan, operation.amount, operation.sells) if loan is not None and operation.sells is not None else None
    before, debt_after = loan.debt if loan else None, later.debt if later else Decimal(0)
    return played._replace(before=_down(before), after=_down(debt_after), sold=_up(sold)), after


def _ltv_after(after: Book, with_own_ltv: Loan | None, later: Loan | None) -> Decimal | None:
    """Return the LTV after an operation; none for a legacy loan that it closed."""
    if with_own_ltv is None:
        return after.ltv(None, {})
    return None if later is None else after.ltv(later, {})


def _collateral(book: Book, operation: Operation) -> Decimal | None:
    loan = loan_of(book, operation)
    if loan is not None:
        return loan.collateral_amount
    entry = book.pledged(operation.coin)
    return entry.amount if entry is not None else Decimal(0)


def _down(figure: Decimal | None) -> Decimal | None:
    return None if figure is None else round_down(figure, MAX_DECIMALS)


def _up(figure: Decimal | None) -> Decimal | None:
    return None if figure is None else round_up(figure, MAX_DECIMALS)


def percent(ltv: Decimal) -> str:
    """Write an LTV, rounded up, so that one above a level also looks like it."""
    return "infinite" if ltv.is_infinite() else f"{round_up(ltv, 4).scaleb(2):.2f} %"
