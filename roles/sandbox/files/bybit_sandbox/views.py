# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account's owner can see at a given time, which a fault can hold back behind the ledger."""

from __future__ import annotations

from decimal import Decimal

from .clock import DAY_MS
from .model import OPEN, Account, Loan, Repayment, Snapshot

# "Last 6 months", as the documentation says without counting days.
HISTORY_MS = 183 * DAY_MS


def _snapshot(account: Account, order_id: str, now: int) -> Snapshot | None:
    return next((item for item in account.snapshots if item.loan.order_id == order_id and item.until > now), None)


def open_loans(account: Account, now: int) -> list[Loan]:
    shown = []
    for loan in account.loans:
        before = _snapshot(account, loan.order_id, now)
        if before is not None:
            shown.append(before.loan)
        elif loan.status == OPEN:
            shown.append(loan)
    return sorted(shown, key=lambda loan: (loan.borrowed_at, loan.order_id), reverse=True)


def closed_loans(account: Account, now: int) -> list[Loan]:
    shown = [
        loan for loan in account.loans
        if loan.status != OPEN and loan.closed_at >= now - HISTORY_MS and _snapshot(account, loan.order_id, now) is None
    ]
    return sorted(shown, key=lambda loan: (loan.closed_at, loan.order_id), reverse=True)


def repayments(account: Account, now: int) -> list[Repayment]:
    shown = [item for item in account.repayments if item.visible_at <= now and item.time >= now - HISTORY_MS]
    return sorted(shown, key=lambda item: (item.time, item.repay_id), reverse=True)


def wallet(account: Account, now: int) -> dict[str, Decimal]:
    before = next((item for item in account.snapshots if item.until > now), None)
    return account.wallet if before is None else before.wallet
