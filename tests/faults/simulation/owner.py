# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody does by hand while runs are under way: in the exchange's app, or on the machine."""

from __future__ import annotations

import typing as t
from decimal import ROUND_DOWN, Decimal

from .products import FIXED, FLEXIBLE, LEGACY, Loan
from .standin import StandIn


class OwnerAct(t.NamedTuple):
    """Something that the owner pays, or borrows, after so many steps of a batch.

    :ivar in_pause: Whether that is put off until a run pauses after its repayment request.
    """

    after_steps: int
    loan: Loan
    amount: str | None
    borrows: bool = False
    in_pause: bool = False


class LockLoss(t.NamedTuple):
    """The lock files are removed after so many steps of a batch, or replaced by others."""

    after_steps: int
    is_replaced: bool = False


class JournalLoss(t.NamedTuple):
    """The file of the journal is removed after so many steps of a batch."""

    after_steps: int


Event = t.Union[OwnerAct, LockLoss, JournalLoss]


def repay(standin: StandIn, loan: Loan, amount: str | None) -> str:
    """Repay an amount, without one all that is left; return what was done, nothing when it is not possible."""
    left = standin.open_books().debts.get(loan, Decimal(0))
    amount = amount or str(left.quantize(Decimal("0.0001"), ROUND_DOWN))
    # A contract is repaid as a whole.
    if left <= 0 or (loan.product != FIXED and not 0 < Decimal(amount) <= left):
        return ""
    order = {
        LEGACY: {"orderId": loan.name, "amount": amount},
        FLEXIBLE: {"product": FLEXIBLE, "loanCurrency": loan.name, "amount": amount},
        FIXED: {"product": FIXED, "loanId": loan.name},
    }[loan.product]
    repay_id = standin.control("POST", "repay", order)["repayId"]
    return f"repays {'all' if loan.product == FIXED else amount} on {loan!r}: {repay_id}"


def borrow(standin: StandIn, loan: Loan, amount: str | None) -> str:
    """Borrow more of a coin; return what was done, nothing when it is not possible."""
    # What has been paid off stays closed, so that at the end everybody knows that it was.
    if loan.product != FLEXIBLE or amount is None or standin.open_books().debts.get(loan, Decimal(0)) <= 0:
        return ""
    standin.control("POST", "borrow", {"product": FLEXIBLE, "loanCurrency": loan.name, "amount": amount})
    return f"borrows {amount} more on {loan!r}"
