# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the money shows about a request that was sent: the wallets, their ledger, and the collateral that is sold.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, multiply, plain, total
from .._goal import REPAY, TAKE_BACK, TO_FUND
from .._journal.intent import Intent
from .._loans.history import SUCCESS, HistoryEntry
from .._loans.position import Pledged
from .._loans.wallet import Movement, Payment
from .._times import SECOND_MS
from .evidence import was_listed_before

# The exchange may show an amount rounded, or after a fee.
_NEARLY = Decimal("0.99")


class Funds(t.NamedTuple):
    """What happened to the money, in the Funding wallet or in the collateral that is sold. What cannot be read is none.

    :ivar moved: What moved in the direction of the request while it could be executed, by the Funding wallet's ledger.
    :ivar balance: What the Funding wallet holds now.
    :ivar net: What came into the Funding wallet since the request was sent, less what left, by its ledger.
    :ivar pledged: What is pledged now, by coin.
    :ivar unified: The transferable balance of the UNIFIED wallet now; also none if the money does not come from there.
    :ivar ledger_gap: Why no ledger can rule out that the money moved, as a clause; empty if a ledger can.
    """

    moved: Decimal | None = None
    balance: Decimal | None = None
    net: Decimal | None = None
    pledged: Pledged = ()
    ledger_gap: str = ""
    unified: Decimal | None = None

    def gap(self, intent: Intent) -> str:
        """Return why neither the ledger nor the paying wallet can rule out that the money moved, as a clause; empty if they can."""
        if self.ledger_gap or intent.goal.move != TO_FUND:
            return self.ledger_gap
        before = intent.baseline.unified
        if before is None or self.unified is None:
            return "the transferable balance of the UNIFIED wallet could not be read"
        # A transfer in process has already left the UNIFIED wallet.
        has_fallen = difference(before, self.unified) >= multiply(intent.amount, _NEARLY)
        return f"the transferable balance of the UNIFIED wallet was {plain(before)} {intent.coin} before and is {plain(self.unified)} now" if has_fallen else ""


def has_moved(intent: Intent, funds: Funds) -> bool:
    """Return whether the wallet's ledger shows a movement of about the amount that was sent."""
    return funds.moved is not None and funds.moved >= multiply(intent.amount, _NEARLY)


def has_balance_moved(intent: Intent, funds: Funds) -> bool:
    """Return whether the wallet's balance changed by about the amount that was sent, beyond what its ledger explains."""
    before = intent.baseline.wallet
    if before is None or funds.balance is None:
        return False
    fallen = difference(total(before, funds.net or Decimal(0)), funds.balance)
    return (-fallen if intent.goal.is_incoming else fallen) >= multiply(intent.amount, _NEARLY)


def sold_collateral(intent: Intent, funds: Funds) -> tuple[str, Decimal, Decimal] | None:
    """Return the first coin of which less is pledged than before, with both amounts; none if there is no such coin."""
    pledged = dict(funds.pledged)
    for coin, before in intent.baseline.pledged:
        now = pledged.get(coin, Decimal(0))
        if now < before:
            return coin, before, now
    return None


def without_own(movements: t.Sequence[Movement], paid: t.Iterable[Payment]) -> list[Movement]:
    """Remove what this process moved before: one entry of the ledger for each payment."""
    left = list(movements)
    for payment in paid:
        # The ledger truncates its times to the second.
        fitting = [
            movement for movement in left
            if movement.amount == payment.change and payment.from_ms - 2 * SECOND_MS < movement.time_ms <= payment.to_ms
        ]
        if fitting:
            left.remove(fitting[0])
    return left


def moved_before(intent: Intent, entries: t.Sequence[HistoryEntry]) -> list[Payment]:
    """Return what other adjustments or transfers moved before an intent was sent.

    Nothing for repayments, which need not be paid from the wallet.
    """
    if intent.goal.move == REPAY:
        return []
    done = [r for r in entries if r.repay_id != intent.intent_id and r.status == SUCCESS]
    # Adjustments do not carry the ID of an intent, so only one that was listed before is certainly another one.
    others = [r for r in done if was_listed_before(r, intent) or (intent.goal.has_own_id and r.time_ms < intent.sent_at_ms)]
    moved = [Payment(intent.coin, r.amount, r.time_ms, r.time_ms + SECOND_MS, r.move in (TO_FUND, TAKE_BACK)) for r in others]
    # What this process moved is in recent_payments already, and may explain only one movement.
    return [p for p in moved if not any(_is_same(p, own) for own in intent.baseline.recent_payments)]


def _is_same(payment: Payment, own: Payment) -> bool:
    return payment.change == own.change and own.from_ms - 2 * SECOND_MS < payment.from_ms <= own.to_ms + SECOND_MS
