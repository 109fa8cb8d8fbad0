# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lower an LTV that is above the level of a rule: that of a legacy loan, or that of the account.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, divide, multiply, round_down, total, unit
from .._loans.loan import LEGACY, Loan
from .._loans.outlook import Shock
from .book import Book, is_whole, key_of
from .draft import Draft, Short, short_of
from .plan import percent
from .rules import ADD_COLLATERAL, REPAY, LtvRule, Way, in_order

_ZERO, _ONE = Decimal(0), Decimal(1)
_INFINITE = Decimal("Infinity")
_NO_SHOCK: Shock = {}


def lower(draft: Draft, rule: LtvRule, stress: Shock) -> Draft:
    """Lower the LTVs of the selected loans that are above the level of a rule, now or under stress."""
    selected = in_order([loan for loan in draft.book.loans if rule.loans.selects(loan)], rule.order, draft.money.prices)
    subjects: list[Loan | None] = [loan for loan in selected if loan.product == LEGACY]
    subjects += [None] if len(subjects) < len(selected) else []
    for subject in subjects:
        # Stress may also lower an LTV, for example if it is that of the owed coin.
        lowerings = [_Lowering(rule, shock, subject) for shock in ((_NO_SHOCK, stress) if stress else (_NO_SHOCK,))]
        # One LTV above the level lowers both, or a lower target for one could keep the other from being lowered.
        why = next(filter(None, [lowering.why(draft.book) for lowering in lowerings]), "")
        for lowering in lowerings:
            draft = lowering.lower(draft, why)
    return draft


class _Lowering(t.NamedTuple):
    """One LTV to lower.

    :ivar stress: The price changes under which it is lowered; empty for now.
    :ivar loan: The legacy loan as it was at first; none for the account.
    """

    rule: LtvRule
    stress: Shock
    loan: Loan | None

    def why(self, book: Book) -> str:
        """Say that the LTV is above the level of the rule, as a clause; empty if it is not, or unknown."""
        above, ltv = self.rule.above.at(book.marks_of(self.loan)), self.ltv(book)
        return "" if above is None or ltv is None or ltv <= above else f"the LTV of {self.label} is {percent(ltv)}, above {percent(above)}"

    def lower(self, draft: Draft, why: str) -> Draft:
        """Lower the LTV if there is a reason, which may be the LTV under other price changes."""
        marks = draft.book.marks_of(self.loan)
        above, target, ltv = self.rule.above.at(marks), self.rule.down_to.at(marks), self.ltv(draft.book)
        if ltv is None:
            return self.not_applied(draft, f"The LTV of {self.label} is not known")
        if above is not None and above >= ltv and not why:
            return draft
        if above is None or target is None:
            return self.not_applied(draft, f"The marks of {self.subject} are not known")
        if min(above, target) < 0:
            return self.not_applied(draft, f"The levels of {self.subject} are below zero")
        # Marks differ by coin, so the target may be above the level.
        target = min(above, target)
        if ltv <= target:
            return draft
        left: Decimal | None = ltv
        reasons: dict[str, str] = {}
        for way in self.rule.using:
            draft, short = self.by(way, draft, target, why)
            for found in short:
                # One cap or wallet often stops several loans.
                reasons.setdefault(found.cause, found.why)
            left = self.ltv(draft.book)
            if left is not None and left <= target:
                return draft
        limits = "; ".join(reasons.values()) or "the ways that the rule may use are not enough"
        reached = "is not known" if left is None else f"reaches {percent(left)}"
        return draft.without(self.rule.name, f"The LTV of {self.label} {reached}, not {percent(target)}: {limits}.")

    def not_applied(self, draft: Draft, why: str) -> Draft:
        return draft.without(self.rule.name, f"{why}, so the rule cannot be applied.")

    @property
    def subject(self) -> str:
        return "the account" if self.loan is None else f"loan {self.loan.loan_id}"

    @property
    def label(self) -> str:
        return f"{self.subject} under stress" if self.stress else self.subject

    def ltv(self, book: Book) -> Decimal | None:
        """Return the LTV to lower, under stress: zero for a closed loan, infinite for a debt whose collateral is worth nothing."""
        loan = self.current(book)
        if self.loan is not None and loan is None:
            return _ZERO
        if loan is not None and not self.price(loan.collateral_coin or ""):
            return _INFINITE if self.price(loan.coin) else _ZERO
        found = book.ltv(loan, self.stress)
        has_no_collateral = loan is None and book.knows_account and book.account.collateral_usd(self.stress) == 0
        return _INFINITE if found is None and has_no_collateral else found

    def price(self, coin: str) -> Decimal:
        """Return the price of a coin under stress, relative to the current one."""
        return total(_ONE, self.stress.get(coin, _ZERO))

    def current(self, book: Book) -> Loan | None:
        return None if self.loan is None else book.loan(*key_of(self.loan))

    def by(self, way: Way, draft: Draft, target: Decimal, why: str) -> tuple[Draft, list[Short]]:
        """Lower the LTV in one way as far as needed and possible; also return what keeps it from more."""
        if way.kind == REPAY:
            return self.by_repaying(draft, target, why)
        if way.kind == ADD_COLLATERAL:
            return self.by_adding(draft, way.coins, target, why)
        return self.by_selling(draft, way.coins, target, why)

    def by_repaying(self, draft: Draft, target: Decimal, why: str) -> tuple[Draft, list[Short]]:
        reasons: list[Short | None] = []
        for loan in self.repayable(draft):
            needed = self.repayment(draft.book, loan, target)
            if needed is None:
                reasons.append(short_of(f"how far a repayment in {loan.coin} lowers the LTV is not known"))
            elif needed:
                draft, short = draft.repay(self.rule.name, loan, min(needed, loan.debt), why)
                reasons.append(short)
        return draft, [short for short in reasons if short]

    def repayable(self, draft: Draft) -> list[Loan]:
        """Return the loans to repay, in order. Contracts that can only be repaid in full come last, because they can repay too much."""
        if self.loan is not None:
            return [loan for loan in [self.current(draft.book)] if loan is not None]
        selected = [loan for loan in draft.book.loans if loan.product != LEGACY and self.rule.loans.selects(loan)]
        shared = in_order(selected, self.rule.order, draft.money.prices)
        return sorted(shared, key=is_whole)

    def repayment(self, book: Book, loan: Loan, target: Decimal) -> Decimal | None:
        """Return how much of a loan must be repaid, possibly more than its debt; none if that is unknown."""
        if self.loan is not None:
            return self.own_limit(loan, target, loan.amount_above_ltv)
        usd = book.account.repay_usd(target, self.stress)
        owed, price = book.owed(loan.coin), self.price(loan.coin)
        if usd is None or owed is None or not owed.usd:
            return None
        # A coin that is worth nothing under stress does not matter.
        return divide(multiply(owed.amount, usd), multiply(owed.usd, price)) if price else _ZERO

    def own_limit(self, loan: Loan, target: Decimal, amount_at: t.Callable[[Decimal], Decimal | None]) -> Decimal | None:
        """Return an amount that depends on the LTV of a legacy loan without stress; zero or less if none is needed."""
        owed, pledged = self.price(loan.coin), self.price(loan.collateral_coin or "")
        needed = amount_at(divide(multiply(target, pledged), owed))
        return None if needed is None else max(needed, _ZERO)

    def by_adding(self, draft: Draft, coins: t.Sequence[str], target: Decimal, why: str) -> tuple[Draft, list[Short]]:
        if draft.book.refuses_collateral and self.loan is None:
            return draft, [short_of("the exchange accepts no more collateral at the moment")]
        reasons: list[Short | None] = []
        for coin in coins:
            loan = self.current(draft.book)
            needed = self.addition(draft.book, loan, coin, target)
            if needed is None and loan is None and target:
                needed = self.most(draft.book, coin)
            if loan is not None and loan.collateral_coin != coin:
                reasons.append(short_of(f"{self.subject} only takes {loan.collateral_coin} as collateral"))
            elif needed is None:
                why_not = f"the exchange does not show how it values {coin} as collateral of {self.label}, or no amount of it is enough"
                reasons.append(short_of(why_not))
            elif needed:
                draft, short = draft.add(self.rule.name, coin, needed, why, loan)
                reasons.append(short)
        return draft, [short for short in reasons if short]

    def addition(self, book: Book, loan: Loan | None, coin: str, target: Decimal) -> Decimal | None:
        """Return how much collateral of a coin must be added; none if that is unknown, or no amount is enough."""
        if loan is not None:
            if loan.collateral_coin != coin:
                return None
            level = self.own_limit(loan, target, loan.collateral_at)
            return None if level is None else max(difference(level, loan.collateral_amount or _ZERO), _ZERO)
        if self.loan is not None:
            return _ZERO
        if not self.price(coin):
            return None
        found = {addition.coin: addition.amount for addition in book.account.additions(target, self.stress)}
        return found.get(coin)

    def most(self, book: Book, coin: str) -> Decimal | None:
        """Return how much more collateral of a coin counts before its last tier ends; none if that is unknown, or nothing."""
        entry, price = book.pledged(coin), self.price(coin)
        if entry is None or not entry.market_usd or not price:
            return None
        room = difference(divide(entry.tiers[-1].max_usd, price), entry.market_usd)
        return divide(multiply(entry.amount, room), entry.market_usd) if room > 0 else None

    def by_selling(self, draft: Draft, coins: t.Sequence[str], target: Decimal, why: str) -> tuple[Draft, list[Short]]:
        if self.loan is not None:
            return draft, [short_of("the exchange does not sell the collateral of legacy loans to repay them")]
        reasons: list[Short | None] = []
        for coin in coins:
            # In order again: a sale may repay a part of a contract.
            for loan in in_order(self.repayable(draft), self.rule.order, draft.money.prices):
                most = draft.sellable(loan, coin)
                needed = self.sale(draft, loan, coin, target, most.amount or _ZERO)
                if needed:
                    draft, short = draft.sell(self.rule.name, loan, needed, coin, why)
                    reasons.append(short)
                reasons += [Short(most.why, most.cause or most.why)] if most.amount is not None and most.amount < loan.debt else []
        return draft, [short for short in reasons if short]

    def sale(self, draft: Draft, loan: Loan, coin: str, target: Decimal, most: Decimal) -> Decimal:
        """Return the smallest amount to repay by selling a coin, or the largest possible one that lowers the LTV if none is enough.

        :param most: The largest possible amount, perhaps more than the debt.
        """
        book, step = draft.book, unit(draft.book.places_of(loan))

        def after(steps: int) -> Decimal | None:
            return book.after_selling(loan, multiply(Decimal(steps), step), coin).ltv(None, self.stress)

        def is_enough(steps: int) -> bool:
            found = after(steps)
            return found is not None and found <= target

        now = book.ltv(None, self.stress)
        low, high = 0, int(divide(round_down(min(most, loan.debt), draft.book.places_of(loan)), step))
        at_most = after(high)
        if not high or is_enough(0) or now is None or at_most is None or at_most >= now:
            return _ZERO
        if not is_enough(high):
            return multiply(Decimal(high), step)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if is_enough(middle) else (middle, high)
        return multiply(Decimal(high), step)
