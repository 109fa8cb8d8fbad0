# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of every collateral plan, checked against the true figures, which the exchange shows rounded."""

from __future__ import annotations

import dataclasses
import math
import typing as t
from decimal import Decimal
from fractions import Fraction

from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Pledge
from ansible_collections.treasury.bybit.plugins.module_utils._loans.tiers import Tier, Tiers
from ansible_collections.treasury.bybit.plugins.module_utils._operations.collateral_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

# The documentation does not say how the exchange rounds, so every way must work.
MODES = ("half up", "down", "up")
STEPS = {True: Fraction(1, 10**4), False: Fraction(1, 10**6)}
# How much all rounding together, and stopping just below min_ltv, may cost at the drawn amounts.
NEAR = Fraction(98, 100)

holds = settings(max_examples=150, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def shown(value: Fraction, places: int, mode: str) -> Decimal:
    scaled = value * 10**places
    rounded = {"down": math.floor(scaled), "up": math.ceil(scaled), "half up": math.floor(scaled + Fraction(1, 2))}
    return Decimal(f"{rounded[mode]}E-{places}")


@dataclasses.dataclass(frozen=True)
class World:
    """The true figures of a legacy order, or of an account that pledged BTC.

    :ivar others_usd: What other coins count as collateral; zero for an order.
    :ivar tiers: The tiers of BTC; empty for an order, whose collateral counts fully.
    """

    debt_usd: Fraction
    pledged: Decimal
    price: Fraction
    others_usd: Fraction
    tiers: Tiers
    mode: str
    accuracy: int

    @property
    def unit(self) -> Decimal:
        return Decimal(1).scaleb(-self.accuracy)

    @property
    def own_usd(self) -> Fraction:
        market = Fraction(self.pledged) * self.price
        if not self.tiers:
            return market
        return sum((max(min(market, Fraction(each.max_usd)) - Fraction(each.min_usd), 0) * Fraction(each.ratio) for each in self.tiers), Fraction(0))

    @property
    def ltv(self) -> Fraction | None:
        value = self.own_usd + self.others_usd
        return self.debt_usd / value if value else None

    def changed(self, amount: Decimal) -> World:
        return dataclasses.replace(self, pledged=self.pledged + amount)

    def seen(self) -> Pledge:
        ltv = self.ltv
        if not self.tiers:
            # The coins of the debt are worth one USD each, with as many decimal places as the exchange shows.
            debt = shown(self.debt_usd, 8, "half up")
            level = None if ltv is None else shown(ltv, 4, self.mode)
            loan = Loan(LEGACY, "17", "USDT", debt, Decimal(0), Decimal(0), OPEN, collateral_coin="BTC", collateral_amount=self.pledged, ltv=level)
            return Pledge("BTC", self.pledged, loan)
        usd = [shown(value, 2, self.mode) for value in (self.debt_usd, self.own_usd, self.others_usd, self.own_usd + self.others_usd)]
        collateral = tuple(CoinCollateral(*entry) for entry in (("BTC", self.pledged, usd[1]), ("ETH", Decimal(1), usd[2])) if entry[1])
        debts = (CoinDebt("USDT", shown(self.debt_usd, 8, "up"), usd[0], Decimal(0), Decimal(0)),)
        return Pledge("BTC", self.pledged, position=Position(shown(ltv or Fraction(0), 6, self.mode), usd[0], usd[3], debts, collateral))

    def decision(self, goal: Goal, means: Means) -> Decision:
        terms = Terms("the account" if self.tiers else "loan 17", "missing", shares_collateral=bool(self.tiers))
        return decide(terms, self.seen(), goal, means._replace(accuracy=self.accuracy), self.tiers or None)


USD = st.decimals(min_value=1000, max_value=50_000, places=4).map(Fraction)


@st.composite
def ladders(draw: t.Callable[..., t.Any]) -> Tiers:
    bounds = [0, *sorted(draw(st.lists(st.integers(1, 40_000), max_size=3, unique=True))), 10**11]
    ratios = sorted(draw(st.lists(st.decimals(Decimal("0.1"), 1, places=2), min_size=len(bounds) - 1, max_size=len(bounds) - 1)), reverse=True)
    return tuple(Tier(Decimal(low), Decimal(high), ratio) for low, high, ratio in zip(bounds, bounds[1:], ratios))


@st.composite
def worlds(draw: t.Callable[..., t.Any]) -> World:
    is_order = draw(st.booleans())
    market, price = draw(USD), draw(st.decimals(min_value=Decimal("0.01"), max_value=100_000, places=6).map(Fraction))
    pledged = max(shown(market / price, 6, "up"), Decimal("0.000001"))
    tiers = () if is_order else draw(ladders())
    others = Fraction(0) if is_order else draw(st.one_of(st.just(Fraction(0)), USD))
    world = World(Fraction(0), pledged, price, others, tiers, draw(st.sampled_from(MODES)), draw(st.integers(0, 8)))
    part = Fraction(draw(st.decimals(min_value=Decimal("0.05"), max_value=Decimal("0.95"), places=4)))
    return dataclasses.replace(world, debt_usd=(world.own_usd + others) * part)


LTVS = st.decimals(min_value=Decimal("0.1"), max_value=Decimal("0.95"), places=3)
ENOUGH = Means()
# A whole coin may be too little to reach min_ltv.
ALL_THERE_IS = Means(allow_partial=True)


def adding(max_ltv: Decimal) -> Goal:
    return Goal(move=ADD, max_ltv=max_ltv)


def taking(min_ltv: Decimal) -> Goal:
    return Goal(move=TAKE_BACK, min_ltv=min_ltv)


@holds
@given(worlds(), LTVS)
def test_the_added_amount_is_enough_and_not_too_much(world: World, max_ltv: Decimal) -> None:
    found = world.decision(adding(max_ltv), ENOUGH)
    assert found.amount % world.unit == 0
    if found.kind != MOVE:
        assert found.kind == NOTHING_TO_DO and world.ltv is not None and world.ltv <= max_ltv
        return
    better = world.changed(found.amount)
    assert better.ltv is not None
    for mode in MODES:
        seen = dataclasses.replace(better, mode=mode).seen()
        assert seen.ltv is not None and Fraction(seen.ltv) + STEPS[not world.tiers] <= max_ltv
        assert dataclasses.replace(better, mode=mode).decision(adding(max_ltv), ENOUGH).kind == NOTHING_TO_DO
    fewer = world.changed(found.amount - world.unit)
    assert fewer.ltv is not None and fewer.ltv > Fraction(max_ltv) * NEAR


@holds
@given(worlds(), LTVS)
def test_for_an_order_one_unit_less_might_not_be_enough(world: World, max_ltv: Decimal) -> None:
    assume(not world.tiers)
    loan = world.seen().loan
    assert loan is not None and loan.ltv is not None
    highest, target = Fraction(loan.ltv) + STEPS[True], Fraction(max_ltv) - 2 * STEPS[True]
    found = world.decision(adding(max_ltv), ENOUGH)
    if found.kind == MOVE:
        assert highest * Fraction(world.pledged) <= target * Fraction(world.pledged + found.amount)
        assert highest * Fraction(world.pledged) > target * Fraction(world.pledged + found.amount - world.unit)
    found = world.decision(taking(max_ltv), ENOUGH)
    if found.kind == MOVE:
        assert highest * Fraction(world.pledged) <= target * Fraction(world.pledged - found.amount)
        assert highest * Fraction(world.pledged) > target * Fraction(world.pledged - found.amount - world.unit)


@holds
@given(worlds(), LTVS)
def test_the_amount_taken_back_respects_the_goal_and_leaves_not_too_much(world: World, min_ltv: Decimal) -> None:
    found = world.decision(taking(min_ltv), ALL_THERE_IS)
    assert found.amount % world.unit == 0 and found.amount <= world.pledged
    assert found.kind != DECLINE
    after = world.changed(-found.amount)
    if found.kind == MOVE:
        for mode in MODES:
            seen = dataclasses.replace(after, mode=mode).seen()
            assert seen.ltv is not None and Fraction(seen.ltv) + STEPS[not world.tiers] <= min_ltv
    if after.pledged >= world.unit:
        more = after.changed(-world.unit)
        assert more.ltv is None or more.ltv > Fraction(min_ltv) * NEAR


@holds
@given(worlds(), LTVS)
def test_a_whole_coin_that_does_not_reach_the_goal_is_taken_back_only_if_allowed(world: World, min_ltv: Decimal) -> None:
    found, partial = world.decision(taking(min_ltv), ENOUGH), world.decision(taking(min_ltv), ALL_THERE_IS)
    if found.kind != DECLINE:
        assert found == partial and found.reaches_goal
        return
    assert "cannot be reached with BTC alone" in found.message
    assert (partial.kind, partial.amount, partial.reaches_goal) == (MOVE, world.pledged - world.pledged % world.unit, False)
    # By the figures, the goal is above the LTV without the coin.
    without = world.changed(-world.pledged)
    assert without.ltv is None or without.ltv <= min_ltv


@holds
@given(worlds(), LTVS, st.sampled_from([adding, taking]))
def test_deciding_again_moves_at_most_a_unit(world: World, ltv: Decimal, of: t.Callable[[Decimal], Goal]) -> None:
    found = world.decision(of(ltv), ALL_THERE_IS)
    if found.kind != MOVE:
        return
    assert isinstance(found.after, Pledge)
    terms = Terms("it", "missing", shares_collateral=bool(world.tiers))
    again = decide(terms, found.after, of(ltv), Means(world.accuracy, allow_partial=True), world.tiers or None)
    is_fine = world.unit <= (found.after.amount or 0) / 10**4
    assert again.kind == NOTHING_TO_DO or (not is_fine and again.amount <= world.unit)


@holds
@given(worlds(), LTVS, st.decimals(min_value=0, max_value=3, places=8), st.decimals(min_value=0, max_value=3, places=8), st.booleans())
def test_never_more_than_is_allowed_and_available(world: World, ltv: Decimal, at_most: Decimal, available: Decimal, is_partial: bool) -> None:
    means = Means(available=available, at_most=at_most, allow_partial=is_partial)
    for goal in (adding(ltv), taking(ltv)):
        found = world.decision(goal, means)
        unlimited = world.decision(goal, ALL_THERE_IS)
        assert found.amount <= min(at_most, available, unlimited.amount) and found.amount % world.unit == 0
        assert found.amount == unlimited.amount or not found.reaches_goal or found.kind == DECLINE
        assert unlimited.reaches_goal or not found.reaches_goal or found.kind == DECLINE


@holds
@given(worlds(), LTVS, LTVS)
def test_a_lower_goal_adds_no_less_and_takes_back_no_more(world: World, one: Decimal, other: Decimal) -> None:
    lower, higher = sorted((one, other))
    assert world.decision(adding(lower), ENOUGH).amount >= world.decision(adding(higher), ENOUGH).amount
    # Just below the goal, nothing is taken back.
    assert world.decision(taking(lower), ALL_THERE_IS).amount <= world.decision(taking(higher), ALL_THERE_IS).amount or lower > higher * Decimal("0.99")


@holds
@given(worlds(), LTVS, USD)
def test_more_debt_adds_no_less_and_takes_back_no_more(world: World, ltv: Decimal, usd: Fraction) -> None:
    worse = dataclasses.replace(world, debt_usd=world.debt_usd + usd)
    assert worse.decision(adding(ltv), ENOUGH).amount >= world.decision(adding(ltv), ENOUGH).amount
    assert worse.decision(taking(ltv), ALL_THERE_IS).amount <= world.decision(taking(ltv), ALL_THERE_IS).amount


@holds
@given(worlds(), st.decimals(min_value=Decimal("0.0001"), max_value=3, places=8), st.sampled_from([ADD, TAKE_BACK]), st.booleans())
def test_a_step_moves_exactly_what_was_requested_or_nothing(world: World, amount: Decimal, move: str, is_partial: bool) -> None:
    found = world.decision(Goal(move=move, amount=amount), Means(allow_partial=is_partial))
    fits = amount % world.unit == 0 and (move == ADD or amount <= world.pledged)
    assert (found.kind, found.amount) == ((MOVE, amount) if fits else (DECLINE, 0))
    if fits:
        left = world.changed(amount if move == ADD else -amount)
        assert isinstance(found.after, Pledge) and found.after.amount == left.pledged
