# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The draft of a plan: the book and the money as the operations so far leave them.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, divide, multiply, plain, round_down, round_up, total
from .._loans.loan import Loan
from .book import Book, is_whole
from .money import Affordable, Money
from .plan import SHOWN_PLACES, TRANSFER, Operation, Share, Unmet, money_after, played_on
from .rules import ADD_COLLATERAL, REPAY, REPAY_FROM_COLLATERAL

_ZERO, _ONE = Decimal(0), Decimal(1)
# The exchange refuses to sell more collateral than this in one request (retCode 148047).
_MAX_SALE_USD = Decimal(300000)
# What a shortage leaves of a payment, and what a sale repays, is not worth a request if it is less than this.
_DUST_USD = Decimal(1)


class Short(t.NamedTuple):
    """Why a rule does not get all that it needs.

    :ivar why: A clause.
    :ivar cause: What is to blame. A rule tells one cause only once.
    """

    why: str
    cause: str


class Draft(t.NamedTuple):
    """A plan in the making. Each method returns another draft."""

    book: Book
    money: Money
    operations: tuple[Operation, ...] = ()
    unmet: tuple[Unmet, ...] = ()

    def without(self, rule: str, reason: str) -> Draft:
        """Return the draft with something that a rule needs and does not get."""
        return self._replace(unmet=(*self.unmet, Unmet(rule, reason)))

    def transfers(self) -> list[Operation]:
        """Return the transfers that the operations need."""
        why = "the Funding wallet pays, partly with money of the UNIFIED wallet"
        paying = [operation for operation in self.operations if operation.kind != REPAY_FROM_COLLATERAL]
        found = []
        for coin, amount in self.money.transfers.items():
            rules = dict.fromkeys(rule for operation in paying if operation.coin == coin for rule in operation.rules)
            found.append(Operation(TRANSFER, coin, amount, shares=tuple(Share(rule, why) for rule in rules)))
        return found

    def repay(self, rule: str, loan: Loan, wanted: Decimal, why: str) -> tuple[Draft, Short | None]:
        """Repay an amount from the wallets, or as much of it as possible.

        :param wanted: At most the debt. A loan that can only be repaid in full is repaid in full, or not at all.
        :return: The draft, and what keeps it from repaying all of that; none if nothing does.
        """
        places = self.book.places_of(loan)
        # Less than the smallest amount must not remain.
        amount = loan.debt if is_whole(loan) else min(round_up(wanted, places), loan.debt)
        limit = self.money.payable(loan.coin)
        short = _shortness(amount, loan.coin, limit)
        if short:
            amount = _ZERO if is_whole(loan) else self._worthwhile(loan.coin, round_down(limit.amount or _ZERO, places))
        if not amount:
            return self, short
        operation = Operation(REPAY, loan.coin, amount, loan.product, loan.loan_id, None, (Share(rule, why, amount),))
        return self._with(operation), short

    def add(self, rule: str, coin: str, wanted: Decimal, why: str, loan: Loan | None = None) -> tuple[Draft, Short | None]:
        """Add collateral from the wallets to a legacy loan, or to the account; like C(repay)."""
        places = self.book.places_of_collateral(coin)
        amount = round_up(wanted, places)
        limit = self.money.payable(coin)
        short = _shortness(amount, coin, limit)
        if short:
            amount = self._worthwhile(coin, round_down(limit.amount or _ZERO, places))
        if not amount:
            return self, short
        product, loan_id = (None, None) if loan is None else (loan.product, loan.loan_id)
        operation = Operation(ADD_COLLATERAL, coin, amount, product, loan_id, None, (Share(rule, why, amount),))
        return self._with(operation), short

    def sell(self, rule: str, loan: Loan, wanted: Decimal, coin: str, why: str) -> tuple[Draft, Short | None]:
        """Sell collateral of a coin to repay an amount; like C(repay)."""
        places = self.book.places_of(loan)
        amount = min(round_up(wanted, places), round_down(loan.debt, places))
        limit = self.sellable(loan, coin)
        short = _shortness(amount, loan.coin, limit)
        amount = self._worthwhile(loan.coin, round_down(limit.amount or _ZERO, places) if short else amount)
        if not amount:
            return self, short or short_of("sales of less than 1 USD are not worth a request")
        operation = Operation(REPAY_FROM_COLLATERAL, loan.coin, amount, loan.product, loan.loan_id, coin, (Share(rule, why, amount),))
        return self._with(operation), short

    def sellable(self, loan: Loan, coin: str) -> Affordable:
        """Return how much of a loan the collateral in a coin can repay. One plan sells it for a loan only once."""
        entry, sold = self.book.pledged(coin), self.book.sold_for(loan, _ONE, coin)
        prices = self.money.highest_price(loan.coin), self.money.highest_price(coin)
        if entry is None or not sold or prices[0] is None or prices[1] is None:
            return Affordable(_ZERO, f"no {coin} is pledged, or its value is not known")
        pledged = Affordable(divide(entry.amount, sold), f"{plain(round_down(entry.amount, SHOWN_PLACES))} {coin} is pledged")
        target = Operation(REPAY_FROM_COLLATERAL, loan.coin, _ZERO, loan.product, loan.loan_id, coin).target
        before = total(*(operation.amount for operation in self.operations if operation.target == target))
        at_once = difference(divide(_MAX_SALE_USD, max(prices[0], multiply(sold, prices[1]))), before)
        sale = Affordable(max(at_once, _ZERO), "the exchange sells collateral for at most 300,000 USD at once")
        return self.money.allowed_by_selling(loan.coin, coin, sold).and_also(pledged).and_also(sale)

    def _worthwhile(self, coin: str, amount: Decimal) -> Decimal:
        """Return the amount; zero if it is surely worth too little for a request."""
        price = self.money.highest_price(coin)
        return _ZERO if price is not None and multiply(amount, price) < _DUST_USD else amount

    def _with(self, operation: Operation) -> Draft:
        played, book = played_on(self.book, operation)
        return self._replace(book=book, money=money_after(self.money, played), operations=(*self.operations, operation))


def short_of(why: str) -> Short:
    """Return a reason that is a cause of its own."""
    return Short(why, why)


def _shortness(amount: Decimal, coin: str, limit: Affordable) -> Short | None:
    """Say why an amount cannot be moved; none if it can."""
    if limit.amount is None or amount <= limit.amount:
        return None
    return Short(f"{plain(amount)} {coin} is needed, but {limit.why}", limit.cause or limit.why)
