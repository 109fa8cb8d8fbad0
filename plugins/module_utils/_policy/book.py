# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loan book of one account at one moment, and what operations do to it at current prices.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from decimal import Decimal

from .._amounts import divide, multiply, round_up, total
from .._loans.loan import FIXED, LEGACY, Loan
from .._loans.outlook import Outlook, Owed, Pledged, Shock, loan_outlook
from .rules import Marks

_ZERO, _ONE = Decimal(0), Decimal(1)
# For coins whose decimal places the exchange does not list.
_DEFAULT_PLACES = 8
# What selling collateral may cost beyond the repaid debt, as a fraction: the exchange's fee, and the difference between prices.
_SALE_COST = Decimal("0.02")
# Predicted LTVs are rounded up to this, far below the step that the exchange shows.
_LTV_PLACES = 12
# The key of the account's own marks. Legacy loans have those of their collateral coin.
ACCOUNT = ""


@dataclasses.dataclass(frozen=True)
class Book:
    """The loan book of one account, in the worst case that the exchange's rounded figures allow.

    :ivar now_ms: The time of the book (exchange's time, UTC, ms).
    :ivar loans: The open loans, in the order in which the exchange lists them.
    :ivar account: The debts and the collateral that the flexible and fixed loans share.
    :ivar marks: The marks by collateral coin, and those of the account under C(ACCOUNT).
    :ivar places: How many decimal places a repayment may have, by product and coin.
    :ivar refuses_collateral: Whether the exchange accepts no more collateral.
    :ivar collateral_places: How many decimal places an addition of collateral may have, by coin.
    :ivar unread: The products whose loans could not be read, and C(ACCOUNT) if the position of the account could not be read.
    """

    now_ms: int
    loans: tuple[Loan, ...] = ()
    account: Outlook = Outlook()
    marks: t.Mapping[str, Marks] = dataclasses.field(default_factory=dict)
    places: t.Mapping[tuple[str, str], int] = dataclasses.field(default_factory=dict)
    refuses_collateral: bool = False
    unread: frozenset[str] = frozenset()
    collateral_places: t.Mapping[str, int] = dataclasses.field(default_factory=dict)

    def with_each_loan_once(self) -> Book:
        """Return the book with one entry for each loan: the one with the smallest debt, so that no more than the debt is repaid."""
        once: dict[tuple[str, str | None, str], Loan] = {}
        for loan in self.loans:
            first = once.setdefault(key_of(loan), loan)
            if loan.debt < first.debt:
                once[key_of(loan)] = loan
        return self if len(once) == len(self.loans) else dataclasses.replace(self, loans=tuple(once.values()))

    @functools.cached_property
    def _places_in_list(self) -> dict[tuple[str, str | None, str], int]:
        return {key_of(loan): place for place, loan in enumerate(self.loans)}

    @property
    def knows_account(self) -> bool:
        """Whether the position of the account could be read."""
        return ACCOUNT not in self.unread

    def loan(self, product: str, loan_id: str | None, coin: str) -> Loan | None:
        """Return an open loan; none if it is not open."""
        place = self._places_in_list.get((product, loan_id, coin))
        return None if place is None else self.loans[place]

    def ltv(self, loan: Loan | None, shock: Shock) -> Decimal | None:
        """Return the LTV of a legacy loan, or of the account, after price changes; none if it is unknown."""
        if loan is None:
            # Without the position, the account would look as if it had no debt.
            return self.account.ltv(shock) if self.knows_account else None
        if not loan.debt:
            return _ZERO
        outlook = loan_outlook(loan)
        return None if outlook is None else outlook.ltv(shock)

    def marks_of(self, loan: Loan | None) -> Marks:
        return self.marks.get(ACCOUNT if loan is None else loan.collateral_coin or "", {})

    def places_of(self, loan: Loan) -> int:
        return self.places.get((loan.product, loan.coin), _DEFAULT_PLACES)

    def places_of_collateral(self, coin: str) -> int:
        return self.collateral_places.get(coin, _DEFAULT_PLACES)

    def pledged(self, coin: str) -> Pledged | None:
        """Return the account's collateral in a coin; none if it has none."""
        return next((entry for entry in self.account.collateral if entry.coin == coin and entry.amount), None)

    def owed(self, coin: str) -> Owed | None:
        """Return the account's debt in a coin; none if it has none."""
        return next((debt for debt in self.account.debts if debt.coin == coin and debt.amount), None)

    def after_repaying(self, loan: Loan, amount: Decimal) -> Book:
        """Return the book after a repayment from the Funding wallet."""
        account = self.account if loan.product == LEGACY else self.account.after_repaying(loan.coin, amount)
        after = loan.after_paying(amount)
        after = dataclasses.replace(after, ltv=_predicted_ltv(loan, after.debt, loan.debt) if after.is_open else None)
        return dataclasses.replace(self, loans=self._with(loan, after), account=account)

    def after_adding(self, coin: str, amount: Decimal, loan: Loan | None = None) -> Book:
        """Return the book after collateral was added to a legacy loan, or to the account."""
        if loan is None:
            return dataclasses.replace(self, account=self.account.after_pledging(coin, amount))
        more = total(loan.collateral_amount or _ZERO, amount)
        after = dataclasses.replace(loan, collateral_amount=more, ltv=_predicted_ltv(loan, loan.collateral_amount or _ZERO, more))
        return dataclasses.replace(self, loans=self._with(loan, after))

    def after_selling(self, loan: Loan, amount: Decimal, coin: str) -> Book:
        """Return the book after collateral of a coin was sold to repay an amount of a loan."""
        sold = self.sold_for(loan, amount, coin) or _ZERO
        repaid = self.after_repaying(loan, amount)
        return dataclasses.replace(repaid, account=repaid.account.after_pledging(coin, sold.copy_negate()))

    def sold_for(self, loan: Loan, amount: Decimal, coin: str) -> Decimal | None:
        """Return how much of a pledged coin is sold at most to repay an amount of a loan; none if its price is unknown."""
        entry, owed = self.pledged(coin), self.owed(loan.coin)
        if entry is None or not entry.market_usd or owed is None:
            return None
        usd = multiply(divide(multiply(owed.usd, amount), owed.amount), _ONE + _SALE_COST)
        return divide(multiply(entry.amount, usd), entry.market_usd)

    def _with(self, loan: Loan, after: Loan) -> tuple[Loan, ...]:
        place = self._places_in_list[key_of(loan)]
        return (*self.loans[:place], *([after] if after.is_open else []), *self.loans[place + 1:])


def key_of(loan: Loan) -> tuple[str, str | None, str]:
    """Return what identifies a loan within its account."""
    return loan.product, loan.loan_id, loan.coin


def _predicted_ltv(loan: Loan, less: Decimal, more: Decimal) -> Decimal | None:
    """Return the LTV of a loan times a fraction. Unlike the exchange's LTV it is rounded up, so that it stays the worst case."""
    return None if loan.ltv is None else round_up(divide(multiply(loan.ltv, less), more), _LTV_PLACES)


def is_whole(loan: Loan) -> bool:
    """Return whether the Funding wallet can only repay the loan in full."""
    return loan.product == FIXED
