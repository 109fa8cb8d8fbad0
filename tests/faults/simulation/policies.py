# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies over a small account, and what a run of one is asked for: plain data."""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass, field
from decimal import Decimal

from .goals import Goal
from .products import POLICY, Loan
from .standin import BTC_USD, HOUR_MS, OTHER_LOAN, SMALL_LOAN, START_MS, book

USD = {"USDT": Decimal(1), "USDC": Decimal(1), "BTC": Decimal(BTC_USD)}
# Two fixed contracts are due, and the Funding wallet has too little USDT.
RULES: tuple[dict[str, t.Any], ...] = (
    {"name": "due", "loans": {"product": "fixed"}, "before_maturity": "4d"},
    {"name": "monthly", "loans": {"product": "flexible", "coin": "USDT"}, "installment": {"amount": "500", "per": "month"}},
    {"name": "small", "loans": {"product": "legacy", "coin": "USDT", "id": SMALL_LOAN.name}, "max_debt": "0"},
    {"name": "other", "loans": {"product": "legacy", "coin": "USDT", "id": OTHER_LOAN.name}, "max_debt": "2000"},
    {"name": "no USDC", "loans": {"product": "flexible", "coin": "USDC"}, "max_debt": "50"},
    {"name": "safe", "loans": {"product": "fixed"}, "ltv": {"above": "0.1", "down_to": "0.09"}, "using": [{"add_collateral": ["BTC"]}]},
)
WALLETS: dict[str, dict[str, str]] = {"wallet": {"USDT": "1500", "USDC": "1000", "BTC": "10"}, "unified": {"USDT": "20000"}}


@dataclass(frozen=True)
class PolicyGoal(Goal):
    """What a task of C(bybit_loan_policy) asks for.

    :ivar keep: What must remain of a coin in both wallets together.
    :ivar per_day: The cap of a day, by coin or C(usd).
    :ivar plan_file: The plan to apply or to write; none to plan and apply at once.
    :ivar mode: C(apply) or C(plan).
    """

    loan: Loan = Loan(POLICY, "account")
    name: str = "roomy"
    keep: dict[str, str] = field(default_factory=dict)
    per_run: dict[str, str] = field(default_factory=dict)
    per_day: dict[str, str] = field(default_factory=dict)
    plan_file: str | None = None
    mode: str = "apply"

    @property
    def module(self) -> str:
        return "bybit_loan_policy"

    def options(self) -> dict[str, t.Any]:
        options = {
            "rules": list(RULES), "mode": self.mode, "funds": {"from": ["funding", "unified"], "keep": self.keep},
            "limits": {"per_run": self.per_run, "per_day": self.per_day},
        }
        return options if self.plan_file is None else {**options, "plan_file": self.plan_file}

    def with_file(self, plan_file: str, mode: str = "apply") -> PolicyGoal:
        return dataclasses.replace(self, plan_file=plan_file, mode=mode)

    def __repr__(self) -> str:
        return f"<{self.mode} the {self.name} policy{' from a file' if self.plan_file else ''}>"


ROOMY = PolicyGoal(keep={"USDT": "1000"}, per_run={"usd": "50000"}, per_day={"usd": "60000"})
# The last installment in USDT gets what may be taken from the wallets, and the collateral gets what is left of the cap of the day.
TIGHT = PolicyGoal(name="tight", keep={"USDT": "18300", "USDC": "100"}, per_run={"usd": "3700"}, per_day={"usd": "3700"})


def small_account() -> dict[str, t.Any]:
    """Return the seed of an account on which no interest is charged within the hour."""
    seed = book(START_MS, HOUR_MS)
    seed["accounts"][0].update(WALLETS)
    return seed
