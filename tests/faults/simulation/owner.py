# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody does by hand while runs are in progress, in the exchange's app or on the machine."""

from __future__ import annotations

import typing as t
import uuid
from decimal import ROUND_DOWN, Decimal

from .goals import Goal
from .products import ADD, COLLATERAL, FIXED, FLEXIBLE, LEGACY, PRODUCTS, TAKE_BACK, TO_FUND, TO_UNIFIED, WALLETS, Loan
from .standin import StandIn


# The factor between amounts in dollars and amounts in coins of collateral.
_COLLATERAL_IS_SMALLER = 1000


class OwnerAct(t.NamedTuple):
    """The owner pays, borrows, pledges, or transfers something after this many steps of a batch.

    :ivar borrows: Whether the owner borrows, takes collateral back, or transfers money out of the Funding wallet.
    :ivar in_pause: Whether the act is postponed until a run pauses after its request to repay.
    """

    after_steps: int
    loan: Loan
    amount: str | None
    borrows: bool = False
    in_pause: bool = False


class LockLoss(t.NamedTuple):
    """The lock files are removed or replaced after this many steps of a batch."""

    after_steps: int
    is_replaced: bool = False


class JournalLoss(t.NamedTuple):
    """The file of the journal is removed after this many steps of a batch."""

    after_steps: int


Event = t.Union[OwnerAct, LockLoss, JournalLoss]


def like(goal: Goal, after_steps: int, is_opposite: bool = False) -> OwnerAct:
    """Return the act by which the owner does the same as a step, or the opposite."""
    amount = goal.amount
    if amount is not None and goal.loan.product in COLLATERAL:
        amount = str(Decimal(amount) * _COLLATERAL_IS_SMALLER)
    is_away = goal.move in (TAKE_BACK, TO_UNIFIED)
    return OwnerAct(after_steps, goal.loan, amount, borrows=is_away is not is_opposite)


def act(standin: StandIn, owner_act: OwnerAct, send: t.Callable[[str, dict[str, str]], str]) -> str:
    """Do what the owner does; return what was done, empty if it is not possible.

    :param send: Sends a signed request.
    """
    loan, amount = owner_act.loan, owner_act.amount
    if loan.product in COLLATERAL:
        return _adjust(loan, str(Decimal(amount or "50") / _COLLATERAL_IS_SMALLER), TAKE_BACK if owner_act.borrows else ADD, send)
    if loan.product == WALLETS:
        return _transfer(loan, amount or "50", TO_UNIFIED if owner_act.borrows else TO_FUND, send)
    return (borrow if owner_act.borrows else repay)(standin, loan, amount)


def _adjust(target: Loan, amount: str, move: str, send: t.Callable[[str, dict[str, str]], str]) -> str:
    product = PRODUCTS[target.product]
    adjust_id = send(product.repay, {product.field: target.name, "amount": amount, "direction": "0" if move == ADD else "1"})
    return adjust_id and f"does {move} {amount} of {target!r}: {adjust_id}"


def _transfer(target: Loan, amount: str, move: str, send: t.Callable[[str, dict[str, str]], str]) -> str:
    wallets = ("UNIFIED", "FUND") if move == TO_FUND else ("FUND", "UNIFIED")
    body = {"transferId": str(uuid.uuid4()), "coin": target.name, "amount": amount}
    transfer_id = send(PRODUCTS[WALLETS].repay, {**body, "fromAccountType": wallets[0], "toAccountType": wallets[1]})
    return transfer_id and f"does {move} {amount} of {target!r}: {transfer_id}"


def repay(standin: StandIn, loan: Loan, amount: str | None) -> str:
    """Repay an amount, or everything if there is none; return what was done, empty if it is not possible."""
    left = standin.open_books().debts.get(loan, Decimal(0))
    amount = amount or str(left.quantize(Decimal("0.0001"), ROUND_DOWN))
    # A contract can be repaid only as a whole.
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
    """Borrow more of a coin; return what was done, empty if it is not possible."""
    # Do not borrow on a loan that was paid off, so that at the end everybody can see that it was.
    if loan.product != FLEXIBLE or amount is None or standin.open_books().debts.get(loan, Decimal(0)) <= 0:
        return ""
    standin.control("POST", "borrow", {"product": FLEXIBLE, "loanCurrency": loan.name, "amount": amount})
    return f"borrows {amount} more on {loan!r}"
