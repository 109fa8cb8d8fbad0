# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The goals of the users in a schedule, by the schedule's focus."""

from __future__ import annotations

from .goals import Goal
from .products import ACCOUNT_COLLATERAL, ADD, FIXED, FLEXIBLE, LEGACY, ORDER_COLLATERAL, TAKE_BACK, TO_FUND, TO_UNIFIED, WALLETS, Loan
from .standin import (
    BIG_COIN,
    BIG_LOAN,
    COIN_PLEDGE,
    CONTRACTS,
    DAY_MS,
    HOUR_MS,
    ORDER_PLEDGE,
    OTHER_LOAN,
    SMALL_COIN,
    SMALL_LOAN,
    START_MS,
    WALLET_USDT,
)

_BTC = ("BTC",)
LEGACY_GOALS = (
    Goal(BIG_LOAN, "100"),
    Goal(BIG_LOAN, "300", START_MS - 2 * DAY_MS),
    Goal(BIG_LOAN, max_debt="8700"),
    Goal(BIG_LOAN, "40.5"),
    Goal(BIG_LOAN, max_ltv="0.145"),
    Goal(BIG_LOAN, "150", START_MS - HOUR_MS),
    Goal(OTHER_LOAN, "100"),
    Goal(OTHER_LOAN, max_debt="2200"),
    Goal(SMALL_LOAN, "100"),
    Goal(SMALL_LOAN, max_debt="0"),
    Goal(SMALL_LOAN, "60.25", START_MS - 1),
)
FLEXIBLE_GOALS = (
    Goal(BIG_COIN, "100", collateral=_BTC),
    Goal(BIG_COIN, max_debt="4700"),
    Goal(BIG_COIN, "100"),
    Goal(BIG_COIN, "300", START_MS - 2 * DAY_MS),
    Goal(BIG_COIN, max_ltv="0.19"),
    Goal(BIG_COIN, max_debt="4600", collateral=_BTC),
    Goal(BIG_COIN, "150", START_MS - HOUR_MS, collateral=_BTC),
    Goal(SMALL_COIN, max_debt="0"),
    Goal(BIG_COIN, max_debt="4300"),
    Goal(SMALL_COIN, "60.25"),
)
FIXED_GOALS = (*(Goal(contract) for contract in CONTRACTS), Goal(BIG_COIN, "100"), Goal(BIG_COIN, max_ltv="0.19"))
_LIMITS = {ORDER_COLLATERAL: ("0.13", "0.2"), ACCOUNT_COLLATERAL: ("0.17", "0.25")}


def _collateral_goals(target: Loan) -> tuple[Goal, ...]:
    max_ltv, min_ltv = _LIMITS[target.product]
    return (
        Goal(target, "0.1", move=ADD), Goal(target, max_ltv=max_ltv, move=ADD), Goal(target, "0.05", move=TAKE_BACK),
        Goal(target, min_ltv=min_ltv, move=TAKE_BACK), Goal(target, "0.1", move=TAKE_BACK),
    )


ORDER_COLLATERAL_GOALS, ACCOUNT_COLLATERAL_GOALS = _collateral_goals(ORDER_PLEDGE), _collateral_goals(COIN_PLEDGE)
TRANSFER_GOALS = (
    Goal(WALLET_USDT, "100", move=TO_FUND), Goal(WALLET_USDT, ensure="100500", move=TO_FUND), Goal(WALLET_USDT, "100", move=TO_UNIFIED),
    Goal(WALLET_USDT, "40.5", move=TO_UNIFIED), Goal(WALLET_USDT, ensure="100100", move=TO_FUND),
)
MOVE_GOALS = {ORDER_COLLATERAL: ORDER_COLLATERAL_GOALS, ACCOUNT_COLLATERAL: ACCOUNT_COLLATERAL_GOALS, WALLETS: TRANSFER_GOALS}
FOCUSES = {
    LEGACY: LEGACY_GOALS, FLEXIBLE: FLEXIBLE_GOALS, FIXED: FIXED_GOALS,
    # The others are repayments that change the same LTV or come from the same wallet.
    ORDER_COLLATERAL: (*ORDER_COLLATERAL_GOALS, *ORDER_COLLATERAL_GOALS, Goal(BIG_LOAN, "100"), Goal(BIG_LOAN, max_ltv="0.145")),
    ACCOUNT_COLLATERAL: (*ACCOUNT_COLLATERAL_GOALS, *ACCOUNT_COLLATERAL_GOALS, Goal(BIG_COIN, "100"), Goal(BIG_COIN, max_ltv="0.19")),
    WALLETS: (*TRANSFER_GOALS, *TRANSFER_GOALS, Goal(BIG_COIN, "100"), Goal(BIG_LOAN, "100")),
}


def goals_on(loan: Loan) -> list[Goal]:
    return [goal for goal in dict.fromkeys(sum(FOCUSES.values(), ())) if goal.loan == loan]


def loans_of(focus: str) -> list[Loan]:
    return list(dict.fromkeys(goal.loan for goal in FOCUSES[focus]))


def probe(loan: Loan) -> Goal:
    """Return a goal whose only purpose is that a run reports open intents."""
    if loan.product in MOVE_GOALS:
        return Goal(loan, "0.001", move=MOVE_GOALS[loan.product][0].move)
    return Goal(loan) if loan.product == FIXED else Goal(loan, "0.5")
