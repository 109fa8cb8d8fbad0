# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the histories show a repayment under the current switches: amounts, rows, types, and times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from ..amounts import ZERO, rounded, rounded_down
from ..clock import SECOND_MS
from ..ledger.model import FAILED, PROCESSING, LegacyRepayment
from ..ledger.records import BY_USER, Allocation, Repayment
from ..switches import ACCEPTED, AFTER_FEE, AS_RECORDED, EXECUTED, HIDDEN, PRINCIPAL, ROUNDED, SENT, SPLIT, Switches
from .visibility import HISTORY_MS

KEPT_AFTER_FEE = Decimal("0.9995")
FIRST_PART = Decimal("0.6")
PLACES = 8
UNCHANGED = (SENT, AS_RECORDED, ACCEPTED, "ms")
# Larger than any repayment ID, so that the ID of a second row is never that of another repayment.
SECOND_ROW = 10**18


def legacy_repayments(now: int, switches: Switches, by_id: bool) -> Callable[[LegacyRepayment], list[LegacyRepayment]]:
    """A function that returns the rows of a legacy repayment; a failed one has none."""

    def shown(item: LegacyRepayment) -> list[LegacyRepayment]:
        hidden = item.status == FAILED or (item.status == PROCESSING and switches.legacy_processing == HIDDEN)
        if hidden or item.time < now - HISTORY_MS or not _is_visible(item, now, switches, by_id):
            return []
        return _rows(item, switches)

    return shown


def repayments(product: str, now: int, switches: Switches, by_id: bool) -> Callable[[Repayment], list[Repayment]]:
    """A function that returns the rows of a repayment in the history of this product, which has no time limit."""

    def shown(item: Repayment) -> list[Repayment]:
        if item.product != product or not _is_visible(item, now, switches, by_id):
            return []
        return _rows(item, switches)

    return shown


def _is_visible(item: LegacyRepayment | Repayment, now: int, switches: Switches, by_id: bool) -> bool:
    if by_id and switches.repay_id_query_ms and item.origin != "seed":
        if item.settled_at is None or now < item.settled_at + switches.repay_id_query_ms:
            return False
    return item.visible_at <= now


def _rows(item: LegacyRepayment | Repayment, switches: Switches) -> list:
    if (switches.repay_amount, switches.user_repay_type, switches.repay_time, switches.repay_time_precision) == UNCHANGED:
        return [item]
    row = replace(item, type=_type(item, switches), time=_time(item, switches))
    if switches.repay_amount != SPLIT:
        return [_with_amounts(row, lambda amount, interest: _shown_amount(amount, interest, switches.repay_amount))]
    first = _with_amounts(row, _first_part)
    second = _with_amounts(row, lambda amount, interest: amount - _first_part(amount, interest))
    if not (first.amount > ZERO and second.amount > ZERO):
        return [row]
    return [first, replace(second, repay_id=str(int(item.repay_id) + SECOND_ROW))]


def _with_amounts(row: LegacyRepayment | Repayment, change: Callable[[Decimal, Decimal], Decimal]) -> LegacyRepayment | Repayment:
    """Change the amount of a row, and its allocations, so that they still add up."""
    if not isinstance(row, Repayment) or not row.allocations:
        return replace(row, amount=change(row.amount, row.interest))
    allocations = [Allocation(part.loan_id, change(part.amount, part.interest)) for part in row.allocations]
    return replace(row, allocations=allocations, amount=sum((part.amount for part in allocations), ZERO))


def _shown_amount(amount: Decimal, interest: Decimal, choice: str) -> Decimal:
    if choice == PRINCIPAL:
        return amount - interest
    if choice == ROUNDED:
        return rounded(amount, 2)
    return rounded_down(amount * KEPT_AFTER_FEE, PLACES) if choice == AFTER_FEE else amount


def _first_part(amount: Decimal, interest: Decimal) -> Decimal:
    """The interest, or three fifths of the amount if all or none of it is interest."""
    return interest if ZERO < interest < amount else rounded_down(amount * FIRST_PART, PLACES)


def _type(item: LegacyRepayment | Repayment, switches: Switches) -> int | str:
    by_user = str(item.type) == str(BY_USER) or item.origin in ("api", "app")
    if switches.user_repay_type == AS_RECORDED or not by_user:
        return item.type
    return type(item.type)(switches.user_repay_type)


def _time(item: LegacyRepayment | Repayment, switches: Switches) -> int:
    time = item.time
    if switches.repay_time == EXECUTED and item.settled_at is not None:
        time = item.settled_at
    return time // SECOND_MS * SECOND_MS if switches.repay_time_precision == "s" else time
