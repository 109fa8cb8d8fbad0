# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much collateral to add or to take back, before anything is sent.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, round_down, round_up, total
from .._goal import ADD, Goal
from .._loans.loan import LIQUIDATED
from .._loans.pledging import collateral_at, least_price
from .._loans.subject import Pledge
from .._loans.tiers import Tiers
from .._words import WORDS
from .decision import Decision, Means, capital, decline, nothing, places_of
from .limits import Source, Wanted, too_exact, within
from .terms import Terms

# An LTV this close below min_ltv has reached it: the exchange rounds the LTV, so each run could find a little more to take back.
_NEAR = Decimal("0.995")


def decide(terms: Terms, pledge: Pledge | None, goal: Goal, means: Means, tiers: Tiers | None = None) -> Decision:
    """Decide how much collateral of one coin to add or to take back.

    :param terms: The label names the loan, or the account.
    :param pledge: What is pledged; none if the exchange knows no such loan or coin.
    :param goal: An amount, which is moved exactly, C(max_ltv) to add what is missing, or C(min_ltv) to take back what is not needed.
    :param means: C(allow_partial) has no effect on an amount.
    :param tiers: The collateral ratio tiers of the coin, for the account; none if this collection does not understand them.
    """
    if pledge is None:
        return decline(terms.missing)
    plan = _Plan(terms, pledge, goal, means, tiers)
    return plan.of_amount() if goal.amount is not None else plan.of_level()


class _Plan(t.NamedTuple):
    """One decision. The fields are the arguments of C(decide)."""

    terms: Terms
    pledge: Pledge
    goal: Goal
    means: Means
    tiers: Tiers | None

    @property
    def is_adding(self) -> bool:
        return self.goal.move == ADD

    @property
    def verb(self) -> str:
        return WORDS[self.goal.move].do

    @property
    def is_free(self) -> bool:
        """Whether nothing is owed, as far as the exchange shows."""
        position, loan = self.pledge.position, self.pledge.loan
        if position is not None:
            return not (position.ltv or position.total_debt_usd or any(debt.flexible or debt.fixed for debt in position.debts))
        return loan is not None and not loan.debt

    def of_amount(self) -> Decision:
        amount = self.goal.amount or Decimal(0)
        what = f"{self.goal.move} '{plain(amount)}'"
        asked = f"collateral {_shown(self.pledge.amount)}, {plain(amount)} requested"
        if not self.pledge.is_open:
            return decline(f"{what} is not possible, because {self.terms.label} {self.closed()}: use the ID of an open loan", asked)
        refusal = too_exact(what, amount, self.pledge.coin, self.means.accuracy)
        if refusal:
            return decline(refusal, asked)
        if not self.is_adding and self.pledge.amount is not None and amount > self.pledge.amount:
            pledged = f"the {plain(self.pledge.amount)} {self.pledge.coin} in the collateral of {self.terms.label}"
            most = round_down(self.pledge.amount, places_of(self.means.accuracy))
            remedy = f"use at most '{plain(most)}'" if most else "there is nothing to take back"
            return decline(f"{what} is more than {pledged}: {remedy}", asked)
        return self.limited(amount, what, self.means._replace(allow_partial=False))

    def of_level(self) -> Decision:
        pledge, limit = self.pledge, self.limit()
        what = f"{'max_ltv' if self.is_adding else 'min_ltv'} '{plain(limit)}'"
        reached = self.reached(limit)
        if reached:
            return nothing(reached, pledge)
        if not self.is_adding and pledge.amount is not None and not pledge.amount:
            # Nothing of the coin is pledged, so its value does not matter.
            return self.none_left()
        if pledge.amount is None or (pledge.ltv is None and not self.is_free):
            lacking = "how much is pledged" if pledge.amount is None else f"the LTV of {self.terms.label}"
            return self.unknown(what, f"the exchange does not report {lacking}")
        if self.is_free:
            target: Decimal | None = Decimal(0)
        elif pledge.loan is not None:
            target = pledge.loan.collateral_at(limit)
        else:
            price = least_price(pledge.position, pledge.coin, self.tiers) if pledge.position is not None else None
            if pledge.position is None or price is None or not self.tiers:
                reason = f"the exchange does not show how it values {pledge.coin} as collateral"
                return self.unknown(what, reason)
            target = collateral_at(pledge.position, pledge.coin, self.tiers, price, limit)
        return self.of_target(target, pledge.amount, what)

    def of_target(self, target: Decimal | None, pledged: Decimal, what: str) -> Decision:
        """Decide how to reach an amount of collateral; none means that no amount is enough."""
        places = places_of(self.means.accuracy)
        if self.is_adding:
            if target is None:
                return decline(f"{what} cannot be reached by adding {self.pledge.coin}: repay, or raise max_ltv", self.asked())
            return self.limited(round_up(max(difference(target, pledged), Decimal(0)), places), what, self.means)
        amount = Decimal(0) if target is None else round_down(max(difference(pledged, target), Decimal(0)), places)
        if not amount:
            return self.none_left()
        is_all = target == 0 and not self.is_free
        shortfall = f"{what} cannot be reached with {self.pledge.coin} alone, of which {plain(pledged)} is pledged" if is_all else ""
        return self.limited(amount, what, self.means, shortfall)

    def none_left(self) -> Decision:
        """Decide to move nothing, because there is no collateral of the coin to take back."""
        shown = _shown(self.pledge.ltv)
        return nothing(f"The LTV of {self.terms.label} is {shown}, and {self.named_limit()}: no {self.pledge.coin} to take back.", self.pledge)

    def limited(self, amount: Decimal, what: str, means: Means, shortfall: str = "") -> Decision:
        where = f"{WORDS[self.goal.move].place} {self.terms.label}"
        if self.is_adding:
            source = Source(where, "the Funding wallet holds", "top up the Funding wallet")
        else:
            remedy = "repay first" if self.goal.amount is not None else "set allow_partial to take back as much as possible"
            source = Source(where, "the exchange releases", remedy, "take back other coins, too")
        return within(Wanted(amount, what, self.levels, self.after, shortfall), means, self.pledge.coin, self.pledge, source)

    def reached(self, limit: Decimal) -> str:
        """Say why nothing is to be moved; empty when something is."""
        pledge, label = self.pledge, self.terms.label
        if not pledge.is_open:
            return f"{capital(label)} {self.closed()}: nothing to {self.verb}."
        if self.is_free and pledge.position is None:
            return f"Nothing is owed on {label}: nothing to {self.verb}."
        if pledge.ltv is None:
            return ""
        if self.is_adding:
            is_reached = pledge.position.is_surely_at_most(limit) if pledge.position else bool(pledge.loan and pledge.loan.is_ltv_surely_at_most(limit))
        else:
            is_reached = not pledge.amount if self.is_free else pledge.ltv >= multiply(limit, _NEAR)
        return f"The LTV of {label} is {plain(pledge.ltv)}, and {self.named_limit()}: nothing to {self.verb}." if is_reached else ""

    def limit(self) -> Decimal:
        return (self.goal.max_ltv if self.is_adding else self.goal.min_ltv) or Decimal(0)

    def named_limit(self) -> str:
        return f"at most {plain(self.limit())} was requested" if self.is_adding else f"min_ltv is {plain(self.limit())}"

    def closed(self) -> str:
        is_liquidated = self.pledge.loan is not None and self.pledge.loan.status == LIQUIDATED
        return "was closed by liquidation" if is_liquidated else "is already fully repaid"

    def unknown(self, what: str, reason: str) -> Decision:
        by_amount = "add an amount with add, or repay" if self.is_adding else "take back an amount with take_back"
        return decline(f"The amount for {what} cannot be calculated, because {reason}: {by_amount}", self.asked())

    def asked(self) -> str:
        return f"LTV {_shown(self.pledge.ltv)}, {plain(self.limit())} requested"

    def after(self, amount: Decimal) -> Pledge:
        """Predict the collateral and the LTV. The LTV of the account is unknown if the value of the coin is."""
        if self.pledge.amount is None:
            loan = dataclasses.replace(self.pledge.loan, ltv=None) if self.pledge.loan is not None else None
            return dataclasses.replace(self.pledge, loan=loan, position=None)
        left = total(self.pledge.amount, amount) if self.is_adding else max(difference(self.pledge.amount, amount), Decimal(0))
        loan, position = self.pledge.loan, self.pledge.position
        return dataclasses.replace(
            self.pledge,
            amount=left,
            loan=None if loan is None else loan.with_collateral(left),
            position=None if position is None else position.after_pledging(self.pledge.coin, left, self.tiers),
        )

    def levels(self, amount: Decimal) -> str:
        """Describe how an amount changes the LTV and the collateral."""
        after = self.after(amount)
        ltv = "" if self.pledge.ltv is None else f"LTV {plain(self.pledge.ltv)} → {_shown(after.ltv)}, "
        return f"{ltv}collateral {_shown(self.pledge.amount)} → {_shown(after.amount)} {self.pledge.coin}, {self.verb} {plain(amount)}"


def _shown(number: Decimal | None) -> str:
    return "unknown" if number is None else plain(number)
