# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The movements in the Funding wallet: those in its ledger, and those that this process made.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from collections import deque
from decimal import Decimal

# The exchange's names of the wallets.
FUND = "FUND"
UNIFIED = "UNIFIED"

# More than the payments of the last seconds, as the exchange accepts one per second. Each intent records them.
_KEPT_PAYMENTS = 20
# More than a run makes within the minute in which one that failed may be doubted.
_KEPT_EXECUTIONS = 1000


class Payment(t.NamedTuple):
    """A payment from or to the Funding wallet that this process sent and the exchange accepted.

    :ivar from_ms: When the request was signed (exchange's time, UTC, ms).
    :ivar to_ms: When its answer arrived (exchange's time, UTC, ms).
    :ivar is_incoming: Whether the wallet received the payment.
    """

    coin: str
    amount: Decimal
    from_ms: int
    to_ms: int
    is_incoming: bool = False

    @property
    def change(self) -> Decimal:
        """By how much the payment changed the balance."""
        return self.amount if self.is_incoming else -self.amount


class Movement(t.NamedTuple):
    """One entry of the Funding wallet's ledger.

    :ivar amount: The amount; negative if it left the wallet.
    :ivar time_ms: Its time (UTC, ms), in whole seconds.
    :ivar after: The balance afterwards; none if unknown.
    """

    amount: Decimal
    time_ms: int
    after: Decimal | None = None


class Spending:
    """What one process knows about the Funding wallet from one item of a loop to the next.

    :ivar balances: By coin, when the balance was read (ms, by the monotonic clock), and the balance minus later payments.
    :ivar paid: The latest payments, oldest first.
    :ivar executed: The payments of which the history shows that they were executed, in the order in which that was found out.
    """

    def __init__(self) -> None:
        self.balances: dict[str, tuple[int, Decimal]] = {}
        self.paid: deque[Payment] = deque(maxlen=_KEPT_PAYMENTS)
        self.executed: deque[Payment] = deque(maxlen=_KEPT_EXECUTIONS)
