# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How operations and the targets of the journal belong together.

This module util is private to the collection.
"""

from __future__ import annotations

from .._api.client import Client
from .._goal import Goal
from .._journal.target import ACCOUNT_COLLATERAL, LTV, ORDER_COLLATERAL, SharedLtv, Target
from .._loans.loan import FLEXIBLE, LEGACY
from .base import ACCOUNT, Operation
from .collateral import AccountCollateral, LegacyCollateral
from .fixed import FixedRepayment
from .flexible import FlexibleRepayment
from .legacy import LegacyRepayment
from .transfer import Transfer


def operation_on(client: Client, product: str, name: str, goal: Goal) -> Operation:
    """Return the operation that a run with this goal carries out on a target of the journal.

    :param name: What identifies the target within its product.
    """
    if product == LEGACY:
        return LegacyRepayment(client, name)
    if product == FLEXIBLE:
        return FlexibleRepayment(client, name, goal.collateral)
    if product == ORDER_COLLATERAL:
        return LegacyCollateral(client, name, goal.move)
    if product == ACCOUNT_COLLATERAL:
        return AccountCollateral(client, name, goal.move)
    if goal.has_own_id:
        return Transfer(client, name, goal.move)
    # The target of all contracts of a coin is named by the coin, that of one contract by its number.
    loan_id, coin = (name, None) if name.isdigit() else (None, name)
    return FixedRepayment(client, loan_id, coin, goal.collateral)


def ltv_of(operation: Operation, target: Target, is_exclusive: bool) -> SharedLtv | None:
    """Return the LTV that a run shares with others; none for a transfer.

    :param is_exclusive: Whether the run derives an amount from it.
    """
    if operation.ltv_name is None:
        return None
    order_id = None if operation.ltv_name == ACCOUNT else operation.ltv_name
    return SharedLtv(target._replace(product=LTV, loan=operation.ltv_name), operation.ltv_products, order_id, is_exclusive)
