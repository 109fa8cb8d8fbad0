# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules written by hand, and the plans for them in words."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FIXED, FLEXIBLE, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.plan import Plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from policies import DAY_MS, NOW_MS, book, level, loan, money, pledged

D = Decimal
ALL, USDT, ETH = rules.Selection(), rules.Selection(coin="USDT"), rules.Selection(coin="ETH")
REPAY, ADD, SELL = rules.Way(rules.REPAY), rules.ADD_COLLATERAL, rules.REPAY_FROM_COLLATERAL
# 2 BTC are worth 100,000 USD, and count as 90,000 USD.
TWO_BTC = pledged("BTC", 2)
RICH = money({"USDT": "1000000", "ETH": "1000", "BTC": "100", "SOL": "100000"})


def ltv_rule(*using: rules.Way, above: str = "0.7", down_to: str = "0.6", loans: rules.Selection = ALL, **more: t.Any) -> rules.LtvRule:
    return rules.LtvRule("ltv", loans, level(above), level(down_to), using or (REPAY,), **more)


def due(days: int, selected: rules.Selection = ALL) -> rules.MaturityRule:
    return rules.MaturityRule("due", selected, days * DAY_MS)


def installment(amount: str, selected: rules.Selection = USDT, **more: t.Any) -> rules.InstallmentRule:
    return rules.InstallmentRule("installment", selected, D(amount), "month", **more)


def max_debt(amount: str, selected: rules.Selection = USDT, **more: t.Any) -> rules.DebtRule:
    return rules.DebtRule("max debt", selected, D(amount), **more)


def flexible(debt: str, coin: str = "USDT", **more: t.Any) -> Loan:
    return loan(FLEXIBLE, debt, None, coin, **more)


def contract(loan_id: str, debt: str, days: int = 100, **more: t.Any) -> Loan:
    return loan(FIXED, debt, loan_id, maturity_time_ms=NOW_MS + days * DAY_MS, **more)


def planned(
    of: t.Sequence[rules.Rule], loans: t.Sequence[Loan], *collateral: t.Any, having: Money = RICH, stress: t.Any = None, **more: t.Any
) -> Plan:
    return plan(Policy(tuple(of), stress or {}), book(loans, *collateral, **more), having, {})


def operations(found: Plan) -> list[str]:
    """Return the operations in words: kind, amount, coin, what is sold, and the loan."""
    return [_words(played.operation) for played in found.operations]


def _words(operation: t.Any) -> str:
    loan_of = operation.loan_id or operation.product
    sold = f" by selling {operation.sells}" if operation.sells else ""
    return f"{operation.kind} {plain(operation.amount)} {operation.coin}{sold}{f' of {loan_of}' if loan_of else ''}"


def unmet(found: Plan) -> list[str]:
    return [one.reason for one in found.unmet]
