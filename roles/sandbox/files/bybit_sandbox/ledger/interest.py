# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hourly interest, and the loan-to-value ratio."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import rounded_up
from ..clock import DAY_MS, HOUR_MS, SECOND_MS
from ..switches import BEGUN, CLOCK, FULL
from .model import LegacyLoan

PLACES = 8
PENALTY_FACTOR = 3
GRACE_MS = 48 * HOUR_MS


def hours_charged(charging: str, since: int, now: int) -> int:
    """How many hours have been charged: full hours, started hours, or one for each full hour on the clock."""
    if charging == CLOCK:
        return max(0, now // HOUR_MS - since // HOUR_MS)
    return max(0, (now - since + (HOUR_MS - 1 if charging == BEGUN else 0)) // HOUR_MS)


def next_charge(charging: str, since: int, now: int) -> int:
    """The time of the next interest charge."""
    following = hours_charged(charging, since, now) + 1
    if charging == CLOCK:
        return (since // HOUR_MS + following) * HOUR_MS
    return since + (following - 1) * HOUR_MS + 1 if charging == BEGUN else since + following * HOUR_MS


def due_time(borrowed_at: int, term: str) -> int:
    """The last second of the term, counted from the start of the hour of borrowing, as in both documented loans."""
    return borrowed_at // HOUR_MS * HOUR_MS + int(term) * DAY_MS - SECOND_MS


def overdue_hours(loan: LegacyLoan, first: int, last: int) -> int:
    """How many of the hours first..last, counted from 1, end after the loan's due time."""
    if loan.due_at is None:
        return 0
    in_time = max(0, (loan.due_at - loan.borrowed_at) // HOUR_MS)
    if loan.term and loan.due_at == due_time(loan.borrowed_at, loan.term):
        # The due time is one second before a full hour; that second does not make the hour overdue.
        in_time = int(loan.term) * DAY_MS // HOUR_MS
    return max(0, last - max(first - 1, in_time))


def accrue(loan: LegacyLoan, now: int, charging: str = FULL) -> bool:
    """Charge all hours that are not charged yet; return True if there were any."""
    last = hours_charged(charging, loan.borrowed_at, now)
    if last <= loan.accrued_hours:
        return False
    overdue = overdue_hours(loan, loan.accrued_hours + 1, last)
    ordinary = last - loan.accrued_hours - overdue
    # Each hour is rounded up separately, as the documented 0.00000515 shows, so the sum does not depend on when this runs.
    loan.interest += ordinary * rounded_up(loan.principal * loan.hourly_rate, PLACES)
    loan.penalty += overdue * rounded_up(loan.principal * loan.hourly_rate * PENALTY_FACTOR, PLACES)
    loan.accrued_hours = last
    return True


def allocate(loan: LegacyLoan, amount: Decimal) -> None:
    """Pay penalty interest first, then interest, then principal."""
    penalty = min(amount, loan.penalty)
    interest = min(amount - penalty, loan.interest)
    loan.penalty -= penalty
    loan.interest -= interest
    loan.principal -= amount - penalty - interest
    loan.repaid_penalty += penalty
    loan.repaid_interest += interest


def ltv(loan: LegacyLoan, prices: dict[str, Decimal]) -> Decimal:
    """The debt divided by the collateral, both in USD."""
    return loan.debt * prices[loan.loan_coin] / (loan.collateral * prices[loan.collateral_coin])
