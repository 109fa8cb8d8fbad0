# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy and the book that it was applied to, as plain JSON values: the same policy always gives the same values.

Figures that come from a division are rounded towards the worse case. Amounts that somebody wrote or the exchange showed are exact.
Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import MAX_DECIMALS, plain, plain_or_none, round_down, round_up
from .._loans.loan import Loan
from .._loans.wallet import FUND, UNIFIED
from .._times import DAY_MS, HOUR_MS, iso
from .book import ACCOUNT, Book
from .money import Amounts, Cap, Money
from .planner import Policy
from .rules import InstallmentRule, Level, LtvRule, MaturityRule, Rule, Selection

Json = t.Dict[str, t.Any]

_WALLETS = {FUND: "funding", UNIFIED: "unified"}


def policy_of(policy: Policy, money: Money) -> Json:
    """Return all that was declared: the rules, the price changes, where money comes from, what must remain, and the caps."""
    return {
        "rules": [_rule(rule) for rule in policy.rules],
        "stress": _amounts(policy.stress),
        "funds": {"from": [_WALLETS.get(wallet, wallet) for wallet in money.sources], "keep": _amounts(money.keep)},
        "limits": {cap.name: _known({"usd": plain_or_none(cap.usd), "coins": _amounts(cap.coins)}) for cap in money.caps},
    }


def observed(book: Book, money: Money, repaid: Amounts) -> Json:
    """Return all that was read: the book, the balances, the prices, and what was moved before.

    :param repaid: What was repaid under each rule in its current period, by the name of the rule.
    """
    return {
        "time": iso(book.now_ms),
        "loans": [_loan(loan) for loan in book.loans],
        "debts": {debt.coin: {"amount": plain(debt.amount), "usd": up(debt.usd)} for debt in book.account.debts},
        "collateral": {
            entry.coin: _known({"amount": plain(entry.amount), "value_usd": down(entry.value_usd), "market_usd": down(entry.market_usd)})
            for entry in book.account.collateral
        },
        "ltv": up(book.ltv(None, {})),
        "marks": {"account" if coin == ACCOUNT else coin: _amounts(marks) for coin, marks in book.marks.items()},
        "refuses_collateral": book.refuses_collateral,
        "balances": {_WALLETS.get(wallet, wallet): _amounts(held) for wallet, held in money.wallets.items()},
        "prices_usd": {coin: {"low": down(price.low), "high": up(price.high)} for coin, price in money.prices.items()},
        "moved": {cap.name: _used(cap) for cap in money.caps},
        "repaid": _amounts(repaid),
    }


def up(number: Decimal | None) -> str | None:
    """Write a figure, rounded up; none stays none."""
    return None if number is None else plain(round_up(number, MAX_DECIMALS))


def down(number: Decimal | None) -> str | None:
    """Write a figure, rounded down; none stays none."""
    return None if number is None else plain(round_down(number, MAX_DECIMALS))


def _rule(rule: Rule) -> Json:
    shared: Json = {"name": rule.name, "loans": _selection(rule.loans)}
    if isinstance(rule, LtvRule):
        using = [{way.kind: list(way.coins)} for way in rule.using]
        return {**shared, "ltv": {"above": _level(rule.above), "down_to": _level(rule.down_to)}, "using": using, "order": rule.order}
    if isinstance(rule, MaturityRule):
        return {**shared, "before_maturity": _duration(rule.within_ms)}
    if isinstance(rule, InstallmentRule):
        return {**shared, "installment": {"amount": plain(rule.amount), "per": rule.per}, "order": rule.order}
    return {**shared, "max_debt": plain(rule.max_debt), "order": rule.order}


def _selection(loans: Selection) -> Json:
    return _known({"product": loans.product, "coin": loans.coin, "id": loans.loan_id})


def _level(level: Level) -> str:
    if level.mark is None:
        return plain(level.distance)
    sign = "-" if level.distance < 0 else "+"
    return f"{level.mark} {sign} {plain(level.distance.copy_abs())}" if level.distance else level.mark


def _duration(duration_ms: int) -> str:
    for unit_ms, unit in ((DAY_MS, "d"), (HOUR_MS, "h")):
        if not duration_ms % unit_ms:
            return f"{duration_ms // unit_ms}{unit}"
    return f"{duration_ms}ms"


def _loan(loan: Loan) -> Json:
    due = None if loan.maturity_time_ms is None else iso(loan.maturity_time_ms)
    shown = {key: value for key, value in loan.as_result().items() if key not in ("maturity_time_ms", "hourly_rate")}
    return _known({**shown, "maturity_time": due})


def _used(cap: Cap) -> Json:
    return _known({"usd": up(cap.used_usd), "coins": _amounts(cap.used_coins)})


def _amounts(amounts: Amounts) -> Json:
    return {name: plain(amount) for name, amount in amounts.items()}


def _known(values: Json) -> Json:
    """Leave out what is not set or not known."""
    return {key: value for key, value in values.items() if value is not None}
