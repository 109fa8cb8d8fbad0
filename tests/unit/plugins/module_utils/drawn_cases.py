# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of repayments that Hypothesis draws: the true figures, and what the exchange shows of them."""

from __future__ import annotations

import dataclasses
import itertools
import math
import typing as t
from decimal import Decimal
from fractions import Fraction

from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, LEGACY, OPEN, PRODUCTS, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._operations.progress import Progress
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms
from hypothesis import strategies as st

# The documentation does not say how the exchange rounds, so every way must work.
MODES = ("half up", "down", "up")
ALL_MODES = tuple(itertools.product(MODES, MODES))
USUAL_ACCURACY = 8
SINCE_MS = 1793491200000


def shown(value: Fraction, places: int, mode: str) -> Decimal:
    scaled = value * 10**places
    rounded = {"down": math.floor(scaled), "up": math.ceil(scaled), "half up": math.floor(scaled + Fraction(1, 2))}
    return Decimal(f"{rounded[mode]}E-{places}")


@dataclasses.dataclass(frozen=True)
class World:
    """The true figures.

    :ivar siblings: What other contracts owe in the same coin.
    :ivar rest_usd: What the account owes in other coins.
    """

    product: str
    accuracy: int | None
    principal: Decimal
    interest: Decimal
    penalty_interest: Decimal
    siblings: Decimal
    price: Fraction
    rest_usd: Fraction
    collateral_usd: Fraction

    @property
    def debt(self) -> Decimal:
        return self.principal + self.interest + self.penalty_interest

    @property
    def unit(self) -> Decimal:
        return Decimal(1).scaleb(-(USUAL_ACCURACY if self.accuracy is None else self.accuracy))

    @property
    def coin_usd(self) -> Fraction:
        return Fraction(self.debt + self.siblings) * self.price

    @property
    def ltv(self) -> Fraction:
        return (self.coin_usd + self.rest_usd) / self.collateral_usd

    def after(self, amount: Decimal) -> World:
        """Interest is paid first; prices stay."""
        left, rest = {}, amount
        for name in ("penalty_interest", "interest", "principal"):
            paid = min(rest, getattr(self, name))
            left[name], rest = getattr(self, name) - paid, rest - paid
        assert rest == 0, f"{rest} more than the debt was paid"
        return dataclasses.replace(self, **left)

    def view(self, modes: tuple[str, str]) -> Loan:
        """What the exchange shows with these ways to round the LTV and the USD."""
        loan = Loan(
            self.product, "17", "USDT", self.principal, self.interest, self.penalty_interest, OPEN if self.debt else REPAID
        )
        if self.product == LEGACY:
            return dataclasses.replace(loan, ltv=shown(self.ltv, 4, modes[0]) if self.debt else None)
        owed = self.debt + self.siblings, shown(self.coin_usd, 2, modes[1])
        nothing = Decimal(0), Decimal(0)
        position = Position(
            ltv=shown(self.ltv, 6, modes[0]),
            total_debt_usd=shown(self.coin_usd + self.rest_usd, 2, modes[1]),
            total_collateral_usd=shown(self.collateral_usd, 2, modes[1]),
            debts=(CoinDebt("USDT", *owed, *nothing) if self.product == FLEXIBLE else CoinDebt("USDT", *nothing, *owed),),
        )
        return dataclasses.replace(loan, position=position)


class Case(t.NamedTuple):
    """A plan to be made."""

    world: World
    terms: Terms
    goal: Goal
    means: Means
    modes: tuple[str, str]
    progress: Progress | None = None

    def decide(self) -> Decision:
        view = self.world.view(self.modes)
        if self.goal.max_ltv is None:
            # The account is read only for its LTV.
            view = dataclasses.replace(view, position=None)
        return decide(self.terms, view, self.goal, self.means, self.progress)

    def after(self, amount: Decimal) -> Case:
        """The same request after the amount was paid."""
        available = None if self.means.available is None else self.means.available - amount
        means = self.means._replace(available=available, moved_so_far=self.means.moved_so_far + amount)
        case = self._replace(world=self.world.after(amount), means=means)
        if self.progress is None:
            return case
        missing = max(self.progress.missing - amount, Decimal(0))
        return case._replace(progress=Progress(self.progress.repaid + amount, missing))

    def holds(self) -> bool:
        """Whether the goal is truly reached, except for a rest below the coin's smallest amount."""
        world, goal = self.world, self.goal
        if goal.max_debt is not None:
            return world.debt <= goal.max_debt or world.debt < world.unit
        if goal.max_ltv is not None:
            return world.ltv <= Fraction(goal.max_ltv)
        return self.progress is not None and self.progress.missing == 0


def decimals(most: Decimal, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, int(most.scaleb(places))).map(lambda number: Decimal(number).scaleb(-places))


@st.composite
def worlds(draw: st.DrawFn, product: str) -> World:
    accuracy = draw(st.none() | st.integers(0, 10))
    places = USUAL_ACCURACY if accuracy is None else accuracy
    finer = places + draw(st.integers(0, 8))
    unit = Decimal(1).scaleb(-places)
    principal = draw(st.integers(0, 10 ** draw(st.integers(1, 9)))) * unit
    due = decimals(principal / 100 + 3 * unit, finer)
    interest, penalty = draw(due), draw(st.just(Decimal(0)) | due)
    if not principal + interest + penalty:
        principal = unit
    # From a coin worth a millionth of a USD to one worth millions.
    price = Fraction(draw(st.integers(1, 10**7)), 10 ** draw(st.integers(0, 6)))
    is_shared = product != LEGACY
    world = World(product, accuracy, principal, interest, penalty, Decimal(0), price, Fraction(0), Fraction(1))
    if product == FIXED:
        world = dataclasses.replace(world, siblings=draw(st.just(Decimal(0)) | decimals(principal + 1, places)))
    if is_shared:
        rest_usd = draw(st.just(Fraction(0)) | st.integers(0, 10**8).map(lambda number: Fraction(number, 997)))
        world = dataclasses.replace(world, rest_usd=rest_usd)
    factor = Fraction(draw(st.integers(1001, 20_000)), 1000)
    return dataclasses.replace(world, collateral_usd=(world.coin_usd + world.rest_usd) * factor)


@st.composite
def cases(draw: st.DrawFn, *kinds: str) -> Case:
    """Draw requests of some kinds: C(debt), C(ltv), C(since), C(amount)."""
    world = draw(st.sampled_from(PRODUCTS).flatmap(worlds))
    kind = draw(st.sampled_from(kinds))
    collateral = kind != "ltv" and world.product != LEGACY and (kind in ("amount", "since") or draw(st.booleans()))
    is_whole = world.product == FIXED and not collateral
    terms = Terms("loan 17", "order_id '17' is unknown", is_whole, collateral, world.product != LEGACY)
    fine = decimals(world.debt * Decimal("1.2") + 2 * world.unit, 18)
    goal, progress = Goal(), None
    if kind == "debt":
        near = st.integers(-2, 2).map(lambda count: max(world.debt + count * world.unit, Decimal(0)))
        goal = Goal(max_debt=draw(st.just(Decimal(0)) if is_whole else st.just(Decimal(0)) | near | fine))
    elif kind == "ltv":
        near = st.integers(-9, 9).map(lambda count: int(world.ltv * 10**6) + count * draw(st.sampled_from((1, 100))))
        goal = Goal(max_ltv=Decimal(min(max(draw(near | st.integers(1000, 10**6 - 1)), 1000), 10**6 - 1)).scaleb(-6))
    else:
        amount = draw(decimals(world.debt, USUAL_ACCURACY if world.accuracy is None else world.accuracy)) or world.unit
        goal = Goal(amount, SINCE_MS if kind == "since" else None)
        if kind == "since":
            repaid = draw(fine)
            progress = Progress(repaid, max(amount - repaid, Decimal(0)))
    means = Means(
        world.accuracy,
        None if collateral else draw(st.none() | fine),
        draw(st.none() | st.none() | fine.filter(bool)),
        kind in ("debt", "ltv") and draw(st.booleans()),
        draw(st.just(Decimal(0)) | st.just(Decimal(0)) | fine),
    )
    return Case(world, terms, goal, means, draw(st.sampled_from(ALL_MODES)), progress)
