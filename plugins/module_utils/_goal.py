# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run is asked for, and the options that say how to reach it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ._amounts import plain_or_none

# What an operation does: repay a debt, add or take back collateral, transfer to or from the Funding wallet.
REPAY = "repay"
ADD, TAKE_BACK = "add", "take_back"
TO_FUND, TO_UNIFIED = "to_fund", "to_unified"
MOVES = (REPAY, ADD, TAKE_BACK, TO_FUND, TO_UNIFIED)


class Goal(t.NamedTuple):
    """What a run is asked for: exactly one of C(amount), C(max_debt), C(max_ltv), C(min_ltv), and C(ensure).

    :ivar amount: The amount to move once, or with C(since_ms) the least to have repaid since then.
    :ivar since_ms: The moment from which repayments count (UTC, ms); none for a step.
    :ivar max_debt: The most that may be left of the debt.
    :ivar max_ltv: The highest LTV, as a fraction.
    :ivar collateral: The coins that are sold to repay; empty if the Funding wallet pays.
    :ivar move: One of C(MOVES).
    :ivar min_ltv: The LTV up to which collateral is taken back, as a fraction.
    :ivar ensure: The least that the Funding wallet must hold.
    """

    amount: Decimal | None = None
    since_ms: int | None = None
    max_debt: Decimal | None = None
    max_ltv: Decimal | None = None
    collateral: tuple[str, ...] = ()
    move: str = REPAY
    min_ltv: Decimal | None = None
    ensure: Decimal | None = None

    @property
    def is_of_level(self) -> bool:
        """Whether the amount to move follows from the present debt, LTV, or wallet."""
        return self.amount is None

    @property
    def is_of_ltv(self) -> bool:
        return self.max_ltv is not None or self.min_ltv is not None

    @property
    def is_declarative(self) -> bool:
        """Whether a second run moves only what is still missing; otherwise each run is another step."""
        return self.amount is None or self.since_ms is not None

    @property
    def is_incoming(self) -> bool:
        """Whether the money comes into the Funding wallet. Otherwise, it leaves it, or collateral is sold."""
        return self.move in (TAKE_BACK, TO_FUND)

    @property
    def raises_level(self) -> bool:
        """Whether the level of the move, the collateral or the balance, rises."""
        return self.move in (ADD, TO_FUND)

    @property
    def has_own_id(self) -> bool:
        """Whether the exchange identifies the request by the ID of the intent."""
        return self.move in (TO_FUND, TO_UNIFIED)

    def as_document(self) -> dict[str, t.Any]:
        """Return the goal as JSON values for the journal, with amounts as decimal strings."""
        return {
            "move": self.move,
            "amount": plain_or_none(self.amount),
            "since_ms": self.since_ms,
            "max_debt": plain_or_none(self.max_debt),
            "max_ltv": plain_or_none(self.max_ltv),
            "min_ltv": plain_or_none(self.min_ltv),
            "ensure": plain_or_none(self.ensure),
            "collateral": list(self.collateral),
        }


class Counted(t.NamedTuple):
    """What an operation of a policy counts toward.

    :ivar shares: The rules that need it, by name, each with the amount that it needs.
    :ivar moved: What the caps count, by coin: the repaid or added amount, and what a sale sells at most.
    :ivar usd: Its highest value in USD when it was planned; none if that is unknown.
    """

    shares: tuple[tuple[str, Decimal], ...]
    moved: tuple[tuple[str, Decimal], ...]
    usd: Decimal | None = None


class RunOptions(t.NamedTuple):
    """How a run reaches its goal: the options of these names, with times in milliseconds.

    :ivar counted: What the first move of the run counts toward; none outside a policy.
    """

    wait: bool
    wait_timeout_ms: int
    settle_margin_ms: int
    lock_timeout_ms: int
    acknowledge: str | None
    reference: str | None = None
    at_most: Decimal | None = None
    allow_partial: bool = False
    counted: Counted | None = None
