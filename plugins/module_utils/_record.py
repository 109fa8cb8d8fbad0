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


class Record(t.NamedTuple):
    """A repayment as the exchange tells it.

    :ivar amount: In the loan's coin.
    :ivar status: One of C(success), C(processing), C(failed).
    :ivar by_user: Whether the owner of the account made it, by API or otherwise; false for a liquidation.
    :ivar time_ms: When it was made, by the exchange's clock (UTC).
    """

    repay_id: str
    amount: Decimal
    status: str
    by_user: bool
    time_ms: int

    @property
    def is_final(self) -> bool:
        return self.status != PROCESSING
