# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task asks for, and how a run is started: plain data."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass

from .products import ADD, FIXED, PRODUCTS, REPAID, TAKE_BACK, TO_FUND, TO_UNIFIED, Loan


@dataclass(frozen=True)
class Goal:
    """What a task in a playbook asks for; a fixed contract without an amount means all of it.

    :ivar collateral: The coins to sell; empty if the Funding wallet pays.
    :ivar reference: The reference of a step; empty if it has none.
    :ivar move: The operation, if it is not a repayment.
    :ivar min_ltv: The LTV up to which collateral is taken back.
    :ivar ensure: What the Funding wallet has to hold.
    """

    loan: Loan
    amount: str | None = None
    since_ms: int | None = None
    max_debt: str | None = None
    max_ltv: str | None = None
    collateral: tuple[str, ...] = ()
    reference: str = ""
    move: str = REPAID
    min_ltv: str | None = None
    ensure: str | None = None

    @property
    def module(self) -> str:
        return PRODUCTS[self.loan.product].module

    @property
    def limit(self) -> str | None:
        """The LTV of the goal, if it has one."""
        return self.max_ltv if self.max_ltv is not None else self.min_ltv

    @property
    def can_be_named(self) -> bool:
        """Whether the task may have a reference."""
        return self.amount is not None and self.since_ms is None

    @property
    def is_whole(self) -> bool:
        """Whether the task closes a contract, whatever that costs."""
        return self.loan.product == FIXED

    @property
    def is_of_debt(self) -> bool:
        """Whether the amount depends on the current debt or level."""
        return self.amount is None

    @property
    def is_declarative(self) -> bool:
        """Whether the task names the state to reach, so that a second run pays nothing."""
        return self.is_of_debt or self.since_ms is not None

    def options(self) -> dict[str, t.Any]:
        step = self.move if self.move in (ADD, TAKE_BACK) else "amount"
        given = {
            step: self.amount, "max_debt": self.max_debt, "max_ltv": self.max_ltv, "min_ltv": self.min_ltv, "ensure": self.ensure,
        }
        options: dict[str, t.Any] = {name: value for name, value in given.items() if value is not None}
        options[PRODUCTS[self.loan.product].option] = self.loan.name
        if self.move in (TO_FUND, TO_UNIFIED):
            wallets = ("UNIFIED", "FUND") if self.move == TO_FUND else ("FUND", "UNIFIED")
            options["from_account_type"], options["to_account_type"] = wallets
        if self.collateral:
            options["collateral"] = list(self.collateral)
        if self.reference:
            options["reference"] = self.reference
        if self.since_ms is not None:
            moment = datetime.datetime.fromtimestamp(self.since_ms // 1000, tz=datetime.timezone.utc)
            options["since"] = f"{moment:%Y-%m-%dT%H:%M:%S}.{self.since_ms % 1000:03d}Z"
        return options

    def __repr__(self) -> str:
        parts = [
            self.move.replace("_", " "), self.amount or "", f"LTV at least {self.min_ltv}" if self.min_ltv is not None else "",
            f"at least {self.ensure}" if self.ensure is not None else "", f"debt at most {self.max_debt}" if self.max_debt is not None else "",
            f"LTV at most {self.max_ltv}" if self.max_ltv is not None else "", "all" if self.is_whole else "",
            f"on {self.loan!r}", f"since {self.since_ms}" if self.since_ms is not None else "",
            f"from {','.join(self.collateral)}" if self.collateral else "", f"under {self.reference}" if self.reference else "",
        ]
        return f"<{' '.join(filter(None, parts))}>"


@dataclass(frozen=True)
class Kill:
    """When to kill a run: before its n-th step, or before the n-th step after a moment.

    :ivar moment: "step", "post" (the body of its request is about to leave), or "reported" (its result has been printed).
    """

    moment: str
    number: int


@dataclass(frozen=True)
class Loss(Kill):
    """When a process that would get a run's result ends, while the run itself goes on.

    :ivar who: "playbook" or "worker".
    """

    who: str = "playbook"


@dataclass(frozen=True)
class Plan:
    """One run of a module.

    :ivar at_most: The option, with C(allow_partial) where that makes sense.
    :ivar key: The key of the account: empty for the usual one, "second", or "old" for the one that the usual one has replaced.
    :ivar is_at_other_address: Whether the exchange is called by its other name.
    :ivar loss: When a parent process ends; None if all go on.
    :ivar is_buffered: Whether something other than Ansible takes the output, so that it may reach nobody.
    :ivar flushes: How often a directory can be flushed to the disk, with C(broken_state) "flush".
    :ivar longest_file: The largest size of a file in bytes, with C(broken_state) "full".
    :ivar defect_at: The pause, counted from 0, in which an internal error occurs.
    """

    goal: Goal
    wait: bool = True
    wait_timeout: int = 60
    settle_margin: int = 10
    recv_window: int = 5000
    lock_timeout: int = 180
    check: bool = False
    kill: Kill | None = None
    drift_ms: int = 0
    start_after_ms: int = 0
    acknowledge: str | None = None
    # "file": a file is where the folder should be. "full": nothing can be written to the disk. "flush": directories cannot be flushed, which
    # is necessary only when the journal is created.
    broken_state: str | None = None
    at_most: str | None = None
    key: str = ""
    is_at_other_address: bool = False
    loss: Loss | None = None
    is_buffered: bool = False
    flushes: int = 0
    longest_file: int = 0
    defect_at: int | None = None

    @property
    def may_send(self) -> bool:
        """Whether the run may get as far as sending a repayment."""
        return not self.check and (self.broken_state is None or self.flushes > 0 or self.longest_file > 0)

    @property
    def is_partial(self) -> bool:
        """Whether the run pays as much as at_most allows if that is not enough."""
        return self.at_most is not None and self.goal.is_declarative and not self.goal.is_whole

    def __repr__(self) -> str:
        usual = Plan(self.goal)
        changed = [f"{n}={v!r}" for n, v in vars(self).items() if n != "goal" and v != getattr(usual, n)]
        return f"Plan({', '.join([repr(self.goal), *changed])})"
