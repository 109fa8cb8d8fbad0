# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Could the declared money have prevented a liquidation? Somebody else uses it, who only lowers LTVs, in exact arithmetic and without the planner."""

from __future__ import annotations

import typing as t
from decimal import ROUND_DOWN, Decimal
from functools import partial

from account import ACCOUNT, ADD, DAY_MS, FLEXIBLE, FUND, RATIOS, REPAY, SALE_FEE, SELL, UNIFIED, Account
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from declared import Case, Terms
from judge import SALE_COST, Run, levels

D = Decimal
STEP = D("0.0001")


def could_prevent(case: Case, subject: str, others: t.Mapping[int, t.Sequence[tuple[str, Decimal]]]) -> bool:
    """Return whether the account, or a legacy loan, survives if somebody else uses the declared money.

    :param others: What the policy declares to repay of which loan for other reasons, by time (UTC, ms).
    """
    account = case.account.copy()
    for step, prices in enumerate(case.path.prices):
        account.move_to(case.account.now_ms + step * case.path.minutes * 60_000, prices)
        if subject in account.liquidated:
            return False
        if step == case.withdrawal_step:
            account.withdraw(D("0.9"))
        rescue(account, case.terms)
        for target, amount in others.get(account.now_ms, ()):
            owed = account.flexible if target == FLEXIBLE else account.fixed.get(target, (D(0), 0))[0]
            payable = min(amount, owed, _free(account, case.terms, "USDT", REPAY, len(account.moves)))
            if payable == owed > 0 or payable > 0 and target == FLEXIBLE:
                _spend(account, "USDT", payable, partial(account.repay, target, payable))
    return True


def rescue(account: Account, terms: Terms) -> None:
    """Lower each LTV that is above its level as far as declared and possible."""
    begun, shock = len(account.moves), terms.policy.stress
    for rule in (rule for rule in terms.policy.rules if isinstance(rule, rules.LtvRule)):
        for subject in Run(terms, account, account, {}).subjects(rule, account):
            above, target = levels(rule, subject, account)
            if account.ltv(subject, shock) <= above:
                continue
            for way in rule.using:
                for coin in way.coins or ("USDT",):
                    # Some amounts change the part of a coin's value that counts, so one attempt may be too little.
                    for dummy in range(4):
                        missing = account.owed(subject) - target * account.counts(subject, shock) if subject in account.subjects else D(0)
                        if missing > STEP:
                            _lower(account, terms, subject, way.kind, coin, missing, target, _free(account, terms, coin, way.kind, begun))


def _lower(account: Account, terms: Terms, subject: str, kind: str, coin: str, missing: Decimal, target: Decimal, free: Decimal) -> None:
    if kind == REPAY and subject == ACCOUNT and account.flexible < STEP:
        # Only whole contracts are left.
        payable = [(debt, key) for key, (debt, dummy) in account.fixed.items() if debt <= free]
        if payable:
            _spend(account, "USDT", payable[0][0], lambda: account.repay(payable[0][1], payable[0][0]))
        return
    if kind == REPAY:
        loan = FLEXIBLE if subject == ACCOUNT else subject
        debt = account.flexible if subject == ACCOUNT else account.owed(subject)
        amount = _down(min(missing + STEP, free, debt)) if missing + STEP < debt else min(free, debt)
        if amount > 0:
            _spend(account, "USDT", amount, lambda: account.repay(loan, amount))
        return
    price = account.prices.get(coin, D(0)) * (1 + terms.policy.stress.get(coin, D(0)))
    ratio = _ratio(coin, account.collateral.get(coin, D(0)) * price) if subject == ACCOUNT else D(1)
    if kind == ADD:
        accepted = coin in account.collateral if subject == ACCOUNT else account.legacy[subject].coin == coin
        amount = _down(min(missing / (target * ratio * price) + STEP, free))
        if accepted and amount > 0:
            _spend(account, coin, amount, lambda: account.add(subject, coin, amount))
    elif subject == ACCOUNT:
        part = 1 - target * ratio * (1 + SALE_FEE) * (1 + terms.policy.stress.get(coin, D(0)))
        pledged = account.collateral.get(coin, D(0)) * account.prices[coin] / (1 + SALE_FEE)
        loan = FLEXIBLE if account.flexible > 1 else next(iter(account.fixed), FLEXIBLE)
        debt = account.flexible if loan == FLEXIBLE else account.fixed[loan][0]
        amount = _down(min(missing / part + STEP, free, pledged - STEP, debt))
        if amount > 0:
            account.sell(loan, coin, amount)


def _free(account: Account, terms: Terms, coin: str, kind: str, begun: int) -> Decimal:
    """Return how much of a coin may be moved; of what is repaid if collateral is sold."""
    allowed = _allowed(account, terms, coin, begun)
    if kind == SELL:
        # A policy must expect that a sale costs as much as possible.
        return min(_allowed(account, terms, "USDT", begun), allowed * account.prices[coin] / (1 + SALE_COST))
    held = sum((account.wallets[wallet].get(coin, D(0)) for wallet in terms.sources), D(0)) - terms.keep.get(coin, D(0))
    return max(min(held, allowed), D(0))


def _allowed(account: Account, terms: Terms, coin: str, begun: int) -> Decimal:
    """Return how much of a coin the caps still allow."""
    found = D("Infinity")
    for cap, moves in ((terms.per_run, account.moves[begun:]), (terms.per_day, account.moved_since(account.now_ms - DAY_MS))):
        if cap.usd is not None and not account.shows_prices:
            return D(0)
        if cap.usd is not None:
            found = min(found, (cap.usd - sum((move.usd for move in moves), D(0))) / account.prices[coin])
        if coin in cap.coins:
            found = min(found, cap.coins[coin] - sum((move.of(coin) for move in moves), D(0)))
    return max(found, D(0))


def _spend(account: Account, coin: str, amount: Decimal, action: t.Callable[[], None]) -> None:
    short = amount - account.wallets[FUND].get(coin, D(0))
    if short > 0 and UNIFIED in account.wallets:
        account.transfer(coin, short)
    action()


def _ratio(coin: str, market_usd: Decimal) -> Decimal:
    return next(ratio for begin, ratio in reversed(RATIOS[coin]) if market_usd >= begin)


def _down(amount: Decimal) -> Decimal:
    return amount.quantize(D("1e-8"), ROUND_DOWN)
