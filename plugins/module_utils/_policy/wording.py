# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words for the operations of a plan.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

from .._amounts import plain
from .plan import TRANSFER, Operation
from .rules import ADD_COLLATERAL, REPAY_FROM_COLLATERAL


def action(operation: Operation) -> str:
    """Say what is done, in the imperative, such as C(sell BTC to repay)."""
    if operation.kind == REPAY_FROM_COLLATERAL:
        return f"sell {operation.sells} to repay"
    return "add collateral" if operation.kind == ADD_COLLATERAL else operation.kind


def place(operation: Operation) -> str:
    """Say where it is done, such as C(flexible USDT) or C(fixed 570)."""
    if operation.kind == TRANSFER:
        return "UNIFIED to Funding"
    if operation.product is None:
        return "the account"
    return f"{operation.product} {operation.loan_id or operation.coin}"


def noun(operation: Operation) -> str:
    """Name the operation within a sentence, after an article, such as C(repayment on flexible USDT)."""
    if operation.kind == TRANSFER:
        return f"transfer of {operation.coin} from the UNIFIED to the Funding wallet"
    if operation.kind == ADD_COLLATERAL:
        return f"addition of {operation.coin} to the collateral of {place(operation)}"
    return f"repayment on {place(operation)}{f' by selling {operation.sells}' if operation.sells else ''}"


def amount(operation: Operation) -> str:
    return f"{plain(operation.amount)} {operation.coin}"
