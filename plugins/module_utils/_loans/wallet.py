# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has moved in the Funding wallet, by its ledger, and what this process has paid from it.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from collections import deque
from decimal import Decimal

# Of the last seconds, in which the exchange takes one a second.
_KEPT_PAYMENTS = 20


class Payment(t.NamedTuple):
    """What has left the Funding wallet, or come into it, by what this process has sent and the exchange has accepted.

    :ivar is_incoming: Whether it came in.
    :ivar from_ms: When it was signed (exchange's time, UTC, ms), as C(to_ms) is when its answer was here.
    """

    coin: str
    amount: Decimal
    from_ms: int
    to_ms: int
    is_incoming: bool = False

    @property
    def change(self) -> Decimal:
        """By how much it has changed what the wallet holds."""
        return self.amount if self.is_incoming else -self.amount


class Movement(t.NamedTuple):
    """One entry of the Funding wallet's ledger.

    :ivar amount: What came in; negative for what left.
    :ivar time_ms: When (UTC, ms), to the second.
    :ivar after: What the wallet held then; none if unknown.
    """

    amount: Decimal
    time_ms: int
    after: Decimal | None = None


class Spending:
    """What one process knows of the Funding wallet from one item of a loop to the next.

    :ivar balances: What it held of a coin when it was read (ms, by the monotonic clock), less what was paid since.
    :ivar paid: What it has moved lately, the oldest first.
    """

    def __init__(self) -> None:
        self.balances: dict[str, tuple[int, Decimal]] = {}
        self.paid: deque[Payment] = deque(maxlen=_KEPT_PAYMENTS)
