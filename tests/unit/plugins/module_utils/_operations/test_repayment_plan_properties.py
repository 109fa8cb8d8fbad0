# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of every repayment plan, checked against the true figures, which the exchange shows rounded."""

from __future__ import annotations

import typing as t
from decimal import Decimal
from fractions import Fraction

from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import dust_of
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from drawn_cases import ALL_MODES, Case, cases, decimals
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

holds = settings(max_examples=100, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
ANY = cases("debt", "ltv", "since", "amount")
GOALS = cases("debt", "ltv", "since")


@holds
@given(ANY)
def test_never_more_than_debt_cap_or_wallet(case: Case) -> None:
    decision = case.decide()
    assert (decision.amount > 0) == (decision.kind == MOVE)
    assert decision.amount <= case.world.debt
    assert case.means.available is None or decision.amount <= case.means.available
    if decision.kind == MOVE and case.means.at_most is not None:
        assert case.means.moved_so_far + decision.amount <= case.means.at_most


@holds
@given(ANY)
def test_the_amount_is_one_that_the_coin_allows(case: Case) -> None:
    amount = case.decide().amount
    if case.terms.is_whole:
        assert amount in (0, case.world.debt)
    elif case.world.accuracy is not None or case.goal.is_of_level:
        # An amount that the user named is left to the exchange if the decimal places are not known.
        assert Fraction(amount) / Fraction(case.world.unit) % 1 == 0


@holds
@given(ANY)
def test_never_a_step_away_from_the_goal(case: Case) -> None:
    decision = case.decide()
    after = case.after(decision.amount)
    assert after.world.debt == case.world.debt - decision.amount
    assert after.world.ltv <= case.world.ltv
    assert after.holds() or not case.holds()
    assert decision.after is None or decision.after.debt == after.world.debt


@holds
@given(GOALS)
def test_a_plan_that_claims_to_reach_the_goal_does(case: Case) -> None:
    decision = case.decide()
    if decision.kind != DECLINE and decision.reaches_goal:
        assert case.after(decision.amount).holds()


@holds
@given(GOALS)
def test_a_second_run_pays_nothing(case: Case) -> None:
    decision = case.decide()
    if decision.kind != DECLINE:
        after = case.after(decision.amount)
        # A payment is enough however the exchange rounds. A goal that needed none was judged as shown.
        for modes in ALL_MODES if decision.kind == MOVE else (case.modes,):
            again = after._replace(modes=modes).decide()
            assert (again.kind, again.amount) == (NOTHING_TO_DO, 0)
            assert again.reaches_goal or not decision.reaches_goal


@holds
@given(cases("debt"))
def test_one_unit_less_would_miss_the_debt(case: Case) -> None:
    decision = case.decide()
    if decision.kind == MOVE and not case.terms.is_whole:
        assert case.world.debt - (decision.amount - case.world.unit) > (case.goal.max_debt or 0)


@holds
@given(cases("debt"))
def test_dust_is_the_excess_of_which_no_unit_can_be_paid(case: Case) -> None:
    unlimited = case._replace(terms=case.terms._replace(is_whole=False), means=Means(case.world.accuracy))
    above = max(case.world.debt - (case.goal.max_debt or 0), Decimal(0))
    dust = dust_of(case.world.view(case.modes), case.goal, case.world.accuracy)
    assert dust == (above if unlimited.decide().kind == NOTHING_TO_DO else 0)


@holds
@given(cases("ltv"))
def test_no_more_is_paid_for_an_ltv_than_the_rounding_makes_necessary(case: Case) -> None:
    world, decision = case.world, case.decide()
    if decision.kind != MOVE or case.terms.is_whole:
        return
    ideal_usd = max((world.ltv - Fraction(case.goal.max_ltv)) * world.collateral_usd, Fraction(0))
    paid_usd = (Fraction(decision.amount) - Fraction(world.unit)) * world.price
    if world.product == LEGACY:
        # Two steps between the shown and the true value, and two so that the value shown afterward is not above the goal either.
        assert paid_usd < ideal_usd + 4 * Fraction(1, 10**4) * world.collateral_usd
    else:
        # In addition, the USD of debt, collateral, and coin may each be a cent off to either side.
        cent, total_ltv = Fraction(1, 100), world.ltv + Fraction(case.goal.max_ltv)
        doubt_usd = 4 * Fraction(1, 10**6) * (world.collateral_usd + cent) + 2 * cent * (1 + total_ltv)
        assert paid_usd * (world.coin_usd - 2 * cent) <= (ideal_usd + doubt_usd) * world.coin_usd


@holds
@given(ANY, st.data())
def test_a_fuller_wallet_never_turns_a_payment_into_a_refusal(case: Case, data: st.DataObject) -> None:
    decision = case.decide()
    more = decimals(case.world.debt, 18)
    changes: dict[str, t.Any] = {"allow_partial": case.means.allow_partial or data.draw(st.booleans())}
    for name in ("available", "at_most"):
        most = getattr(case.means, name)
        changes[name] = None if most is None else data.draw(st.none() | more.map(lambda extra, most=most: most + extra))
    richer = case._replace(means=case.means._replace(**changes)).decide()
    if decision.kind == MOVE:
        assert richer.kind == MOVE or changes["at_most"] is not None
        assert richer.kind == DECLINE or richer.amount >= decision.amount


@holds
@given(cases("ltv"))
def test_how_the_exchange_rounds_does_not_decide_whether_the_goal_is_met(case: Case) -> None:
    for modes in ALL_MODES:
        decision = case._replace(modes=modes).decide()
        if decision.kind == NOTHING_TO_DO and decision.reaches_goal:
            assert case.holds()
