# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do, decided before anything is sent: pay this much, nothing to do, or refuse and why.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import decimal_places, plain, round_down
from ansible_collections.treasury.bybit.plugins.module_utils._loan import LIQUIDATED, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO

PAY = "pay"
DECLINE = "decline"


class Decision(t.NamedTuple):
    """The outcome of the plan.

    :ivar kind: C(PAY), C(NOTHING_TO_DO) or C(DECLINE).
    :ivar message: The arithmetic in words, or why not and what to do instead.
    :ivar after: The loan as it will be when this decision has been carried out; none when declined.
    """

    kind: str
    message: str
    after: Loan | None


def decide(order_id: str, loan: Loan | None, amount: Decimal, accuracy: int | None) -> Decision:
    """Decide on repaying an amount of one loan.

    :param loan: The loan, none when the exchange knows no such order.
    :param accuracy: How many decimal places the coin allows; none when that is unknown and left to the exchange.
    """
    if loan is None:
        return _decline(
            f"order_id '{order_id}' names no loan of this account, neither an open one nor one completed within the last "
            f"6 months: check order_id, and that api_key and environment belong to the account that borrowed"
        )
    if loan.status != OPEN:
        how = "was closed by liquidation" if loan.status == LIQUIDATED else "is already fully repaid"
        return Decision(NOTHING_TO_DO, f"Loan {order_id} {how}: nothing to repay.", loan)
    if accuracy is not None and decimal_places(amount) > accuracy:
        return _decline(
            f"amount '{plain(amount)}' has {decimal_places(amount)} decimal places, but {loan.coin} allows {accuracy}: "
            f"{_closest(amount, accuracy)}"
        )
    if amount > loan.debt:
        return _decline(
            f"amount '{plain(amount)}' is more than the debt of {plain(loan.debt)} {loan.coin} (principal "
            f"{plain(loan.principal)}, interest {plain(loan.interest)}, penalty interest {plain(loan.penalty_interest)}): "
            f"{_at_most(loan.debt, accuracy)}"
        )
    after = loan.after_paying(amount)
    return Decision(
        PAY,
        f"{plain(amount)} {loan.coin} on loan {order_id}: debt {plain(loan.debt)} to {plain(after.debt)}",
        after,
    )


def _decline(message: str) -> Decision:
    return Decision(DECLINE, f"{message}.", None)


def _closest(amount: Decimal, accuracy: int) -> str:
    lower = round_down(amount, accuracy)
    if lower:
        return f"give '{plain(lower)}', for example"
    return f"give at least '{plain(Decimal(1).scaleb(-accuracy))}'"


def _at_most(debt: Decimal, accuracy: int | None) -> str:
    most = debt if accuracy is None else round_down(debt, accuracy)
    if most:
        return f"give at most '{plain(most)}'"
    return "what is left is less than the coin's smallest amount, and cannot be repaid by this call"
