# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much is transferred between the wallets: a table of cases, and properties."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms
from ansible_collections.treasury.bybit.plugins.module_utils._operations.transfer_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO
from hypothesis import given
from hypothesis import strategies as st

D = Decimal
LABEL = "this account"


def planned(balances: Balances | None, means: Means = Means(), **goal: t.Any) -> Decision:
    goal.setdefault("move", TO_FUND)
    given_goal = Goal(**{name: value if name == "move" else D(value) for name, value in goal.items()})
    return decide(Terms(LABEL, "coin 'FOO' is not a coin of the exchange: check it"), balances, given_goal, means)


NOW = Balances("USDT", D(120), D(1000))


@pytest.mark.parametrize(
    ("goal", "means", "kind", "amount", "message"),
    [
        ({"ensure": "500"}, Means(), MOVE, "380", "380 USDT from UNIFIED to FUND in this account: Funding 120 → 500, transfer 380"),
        (
            {"ensure": "120"}, Means(), NOTHING_TO_DO, "0",
            "The Funding wallet holds 120 USDT, and at least 120 was requested: nothing to transfer.",
        ),
        ({"ensure": "120.001"}, Means(accuracy=2), MOVE, "0.01", "0.01 USDT from UNIFIED to FUND in this account: Funding 120 → 120.01, transfer 0.01"),
        (
            {"ensure": "500"}, Means(available=D(300)), DECLINE, "0",
            "ensure '500' needs 380 USDT, but the transferable balance of the UNIFIED wallet is 300: top up the UNIFIED wallet, or request less.",
        ),
        (
            {"ensure": "500"}, Means(at_most=D(300)), DECLINE, "0",
            "ensure '500' needs 380 USDT from UNIFIED to FUND in this account, more than at_most '300': raise at_most, or request less.",
        ),
        (
            {"ensure": "500"}, Means(at_most=D(300), allow_partial=True), MOVE, "300",
            "300 USDT from UNIFIED to FUND in this account: Funding 120 → 420, transfer 300; this is as much as possible, because "
            "ensure '500' needs 380 USDT from UNIFIED to FUND in this account, more than at_most '300'",
        ),
        ({"amount": "100"}, Means(), MOVE, "100", "100 USDT from UNIFIED to FUND in this account: Funding 120 → 220, transfer 100"),
        ({"amount": "100", "move": TO_UNIFIED}, Means(), MOVE, "100", "100 USDT from FUND to UNIFIED in this account: Funding 120 → 20, transfer 100"),
        (
            {"amount": "130", "move": TO_UNIFIED}, Means(available=D(120), allow_partial=True), DECLINE, "0",
            "amount '130' needs 130 USDT, but the Funding wallet holds 120: top up the Funding wallet, or request less.",
        ),
        (
            {"amount": "0.123"}, Means(accuracy=2), DECLINE, "0",
            "amount '0.123' has 3 decimal places, but the exchange lists 2 for USDT: use '0.12', for example.",
        ),
        ({"amount": "1"}, Means(lack="the key may not transfer: give it the right"), DECLINE, "0", "The key may not transfer: give it the right."),
    ],
)
def test_transfer_plans(goal: dict[str, str], means: Means, kind: str, amount: str, message: str) -> None:
    found = planned(NOW, means, **goal)
    assert (found.kind, found.amount, found.message) == (kind, D(amount), message)
    if kind == MOVE:
        assert found.after == NOW.moved(D(amount), goal.get("move", TO_FUND) == TO_FUND)


def test_unknown_balances() -> None:
    unread = Balances("USDT", None)
    assert planned(None, amount="1").message == "coin 'FOO' is not a coin of the exchange: check it."
    assert planned(unread, ensure="500").message == (
        "ensure '500' needs to know how much USDT the Funding wallet holds, which the exchange does not report: "
        "check coin, grant api_key the permission 'Account transfer', or transfer an amount."
    )
    assert planned(unread, amount="5").message == "5 USDT from UNIFIED to FUND in this account: transfer 5"


def test_the_missing_amount_is_reported() -> None:
    found = planned(NOW, Means(available=D(300), allow_partial=True), ensure="500")
    assert (found.amount, found.shortage, found.reaches_goal) == (D(300), D(80), False)


HELD = st.decimals(min_value=0, max_value=10**6, places=10)


@given(HELD, HELD, HELD, HELD, st.integers(0, 10), st.booleans())
def test_the_goal_is_reached_and_no_unit_too_much_is_moved(
    funding: Decimal, unified: Decimal, ensure: Decimal, at_most: Decimal, accuracy: int, is_partial: bool
) -> None:
    means = Means(accuracy, unified, at_most, is_partial)
    now = Balances("USDT", funding, unified)
    found = planned(now, means, ensure=ensure)
    unit = D(1).scaleb(-accuracy)
    assert found.amount <= min(unified, at_most) and found.amount % unit == 0
    if found.kind == MOVE:
        assert funding + found.amount - unit < ensure
        assert found.reaches_goal == (funding + found.amount >= ensure)
        assert isinstance(found.after, Balances)
        again = planned(found.after, means._replace(available=found.after.unified), ensure=ensure)
        assert not found.reaches_goal or again.kind == NOTHING_TO_DO
        # A fuller wallet never needs a larger transfer, and a higher goal never a smaller one.
        assert planned(Balances("USDT", funding + 1, unified), means, ensure=ensure).amount <= found.amount
        assert not is_partial or planned(now, means, ensure=ensure + 1).amount >= found.amount


@given(st.decimals(min_value=D("0.01"), max_value=10**6, places=4), HELD, st.integers(0, 6), st.sampled_from([TO_FUND, TO_UNIFIED]), st.booleans())
def test_a_step_moves_exactly_what_was_requested_or_nothing(
    amount: Decimal, available: Decimal, accuracy: int, move: str, is_partial: bool
) -> None:
    found = planned(Balances("USDT", available, available), Means(accuracy, available, None, is_partial), amount=amount, move=move)
    fits = amount <= available and amount == round(amount, accuracy)
    assert (found.kind, found.amount) == ((MOVE, amount) if fits else (DECLINE, 0))
