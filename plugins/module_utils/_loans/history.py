# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An entry of one of the exchange's histories (repayments, adjustments of collateral, transfers) in a common form.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._goal import REPAY
from .._times import SECOND_MS

SUCCESS = "success"
PROCESSING = "processing"
FAILED = "failed"

USER = "user"
BY_CURRENCY = "by_currency"
UNKNOWN_KIND = "unknown"
# The exchange's repayType. Its documentation does not say whether 7 is a repayment from collateral, or one of a whole coin.
KINDS = {
    1: USER,
    2: "liquidation",
    3: "auto",
    4: "overdue",
    5: "delisting",
    6: "delayed_liquidation",
    7: BY_CURRENCY,
    8: "moved_to_flexible",
}
# Whether the user made it; none for a kind that the exchange may add in the future.
BY_USER: dict[str, bool | None] = {
    **{kind: kind in (USER, BY_CURRENCY) for kind in KINDS.values()},
    UNKNOWN_KIND: None,
}


class Contradiction(ValueError):
    """Two rows with the same ID contradict each other."""


class Part(t.NamedTuple):
    """The part of a repayment that went to one loan."""

    loan_id: str
    amount: Decimal


class HistoryEntry(t.NamedTuple):
    """A repayment, an adjustment of collateral, or a transfer as the exchange reports it.

    :ivar repay_id: The exchange's ID of the operation.
    :ivar amount: The amount, in C(coin).
    :ivar status: One of C(success), C(processing), C(failed).
    :ivar by_user: Whether the user made it, by API or otherwise; false for a liquidation, for example; none if unknown.
    :ivar time_ms: When it was made, by the exchange's clock (UTC, ms).
    :ivar kind: The cause: a value of C(KINDS), or C(unknown).
    :ivar parts: The loans that it repaid; empty if the product does not report them.
    :ivar collateral_coin: The collateral coin of the loan, if the product reports it.
    :ivar collateral_return: The collateral that was returned with the repayment, if the product reports it.
    :ivar move: The kind of operation; one of C(MOVES).
    """

    repay_id: str
    amount: Decimal
    status: str
    by_user: bool | None
    time_ms: int
    coin: str = ""
    kind: str = ""
    parts: tuple[Part, ...] = ()
    collateral_coin: str | None = None
    collateral_return: Decimal | None = None
    move: str = REPAY

    @property
    def is_final(self) -> bool:
        return self.status != PROCESSING

    @property
    def latest_ms(self) -> int:
        """The latest time (UTC, ms) at which it can have been made, because the exchange may report whole seconds."""
        return self.time_ms if self.time_ms % SECOND_MS else self.time_ms + SECOND_MS - 1

    def united_with(self, other: HistoryEntry) -> HistoryEntry:
        """Merge two rows with the same ID: one entry that was listed twice, perhaps again after it became final.

        :raises Contradiction: If they cannot be the same entry.
        """
        first, second = (row._replace(status="", collateral_return=None) for row in (self, other))
        both_final = self.is_final and other.is_final
        if first != second or (both_final and self.status != other.status):
            raise Contradiction()
        return other if other.is_final else self
