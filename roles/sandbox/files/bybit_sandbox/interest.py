# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interest by the hour, and the loan-to-value ratio."""

from __future__ import annotations

from decimal import Decimal

from .clock import HOUR_MS
from .model import Loan
from .money import rounded

PLACES = 8
PENALTY_FACTOR = 3
GRACE_MS = 48 * HOUR_MS


def full_hours(since: int, now: int) -> int:
    return max(0, (now - since) // HOUR_MS)


def overdue_hours(loan: Loan, first: int, last: int) -> int:
    """How many of the hours number first..last (counted from 1) end after the loan was due."""
    if loan.due_at is None:
        return 0
    in_time = max(0, (loan.due_at - loan.borrowed_at) // HOUR_MS)
    return max(0, last - max(first - 1, in_time))


def accrue(loan: Loan, now: int) -> bool:
    """Charge every full hour that has not been charged yet; true if there was one."""
    last = full_hours(loan.borrowed_at, now)
    if last <= loan.accrued_hours:
        return False
    overdue = overdue_hours(loan, loan.accrued_hours + 1, last)
    ordinary = last - loan.accrued_hours - overdue
    # Each hour is rounded by itself, so the sum does not depend on how often someone looks.
    loan.interest += ordinary * rounded(loan.principal * loan.hourly_rate, PLACES)
    loan.penalty += overdue * rounded(loan.principal * loan.hourly_rate * PENALTY_FACTOR, PLACES)
    loan.accrued_hours = last
    return True


def allocate(loan: Loan, amount: Decimal) -> None:
    """Pay penalty interest first, then interest, then principal."""
    penalty = min(amount, loan.penalty)
    interest = min(amount - penalty, loan.interest)
    loan.penalty -= penalty
    loan.interest -= interest
    loan.principal -= amount - penalty - interest
    loan.repaid_penalty += penalty
    loan.repaid_interest += interest


def ltv(loan: Loan, prices: dict[str, Decimal]) -> Decimal:
    """The full debt over the collateral, both in USD."""
    return loan.debt * prices[loan.loan_coin] / (loan.collateral * prices[loan.collateral_coin])
