# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry of the exchange's repayment history, whatever product it comes from, in one vocabulary.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

SUCCESS = "success"
PROCESSING = "processing"
FAILED = "failed"

USER = "user"
BY_CURRENCY = "by_currency"
OTHER = "other"
# The exchange's repayType; its documentation leaves open whether 7 is a repayment from collateral or of a whole coin.
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


class Part(t.NamedTuple):
    """What a repayment has paid of one loan; the loan has an id in some products only."""

    loan_id: str
    amount: Decimal


class Record(t.NamedTuple):
    """A repayment as the exchange tells it.

    :ivar amount: In the loan's coin.
    :ivar status: One of C(success), C(processing), C(failed).
    :ivar by_user: Whether the owner of the account made it, by API or otherwise; false for a liquidation.
    :ivar time_ms: When it was made, by the exchange's clock (UTC).
    :ivar kind: How it came about: a value of C(KINDS), or C(other).
    :ivar parts: The loans that it has paid, where the product tells them.
    :ivar collateral_coin: Of the loan, where the product has it.
    :ivar collateral_return: What came back with it of the collateral, where the product tells it.
    """

    repay_id: str
    amount: Decimal
    status: str
    by_user: bool
    time_ms: int
    coin: str = ""
    kind: str = ""
    parts: tuple[Part, ...] = ()
    collateral_coin: str | None = None
    collateral_return: Decimal | None = None

    @property
    def is_final(self) -> bool:
        return self.status != PROCESSING
