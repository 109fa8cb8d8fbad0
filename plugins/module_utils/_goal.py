# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run was asked for, and the options that say how to go about it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ._amounts import plain_or_none


class Goal(t.NamedTuple):
    """What a run was asked for: just one of C(amount), C(max_debt) and C(max_ltv).

    :ivar amount: To be repaid once, or at least repaid since C(since_ms).
    :ivar since_ms: The moment of a declarative goal (UTC, ms); none for a plain repayment.
    :ivar max_debt: What shall at most be left of the debt.
    :ivar max_ltv: What the LTV shall be at most, as a fraction.
    :ivar collateral: The coins that are sold for it; empty when the Funding wallet pays.
    """

    amount: Decimal | None = None
    since_ms: int | None = None
    max_debt: Decimal | None = None
    max_ltv: Decimal | None = None
    collateral: tuple[str, ...] = ()

    @property
    def is_of_debt(self) -> bool:
        """Whether what is to be paid follows from the debt as it is now."""
        return self.amount is None

    @property
    def is_declarative(self) -> bool:
        """Whether a second run pays only what is still missing; otherwise each run is a further step."""
        return self.amount is None or self.since_ms is not None

    def as_document(self) -> dict[str, t.Any]:
        """Return what is stored: JSON values only, amounts as decimal strings."""
        return {
            "amount": plain_or_none(self.amount),
            "since_ms": self.since_ms,
            "max_debt": plain_or_none(self.max_debt),
            "max_ltv": plain_or_none(self.max_ltv),
            "collateral": list(self.collateral),
        }


class RunOptions(t.NamedTuple):
    """How a run goes about its goal: the options of these names, times in milliseconds."""

    wait: bool
    wait_timeout_ms: int
    settle_margin_ms: int
    lock_timeout_ms: int
    acknowledge: str | None
    reference: str | None = None
    at_most: Decimal | None = None
    allow_partial: bool = False
