# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for a debt or LTV goal, on loans that the tests share."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import FLEXIBLE, LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._operations.repayment_plan import decide
from ansible_collections.treasury.bybit.plugins.module_utils._loans.position import CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms

ORDER = Terms("loan 17", "order_id '17' names no loan: check order_id")
DEBT = Terms("the flexible USDT loan", "loan_currency 'USDT' is no coin: check it", shares_collateral=True)
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal("0.3"), Decimal("0.1"), OPEN, ltv=Decimal("0.5002"))
FINE = dataclasses.replace(LOAN, interest=Decimal("0.30005"))
COINS = CoinDebt("USDT", Decimal("1000.4"), Decimal("1000.40"), Decimal("1000.4"), Decimal("1000.40"))
ACCOUNT = Position(Decimal("0.600000"), Decimal("6000.00"), Decimal("10000.00"), (COINS,))
FLEXIBLE_LOAN = Loan(FLEXIBLE, None, "USDT", Decimal(1000), Decimal("0.4"), Decimal(0), OPEN, position=ACCOUNT)


def to_debt(max_debt: str, loan: Loan = LOAN, terms: Terms = ORDER, means: Means = Means(4)) -> Decision:
    return decide(terms, loan, Goal(max_debt=Decimal(max_debt)), means)


def to_ltv(max_ltv: str, loan: Loan = LOAN, terms: Terms = ORDER, means: Means = Means(4)) -> Decision:
    return decide(terms, loan, Goal(max_ltv=Decimal(max_ltv)), means)


def of_account(max_ltv: str, means: Means = Means(4), **change: object) -> Decision:
    loan = dataclasses.replace(FLEXIBLE_LOAN, position=ACCOUNT._replace(**change))
    return to_ltv(max_ltv, loan, DEBT, means)


def can(wallet: str | None = None, at_most: str | None = None, partial: bool = False, accuracy: int | None = 4) -> Means:
    wallet_holds, cap = [None if text is None else Decimal(text) for text in (wallet, at_most)]
    return Means(accuracy, wallet_holds, cap, partial)
