# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a goal for collateral or a wallet is from the truth: details of the oracle's laws, as in C(overpayment) for debts.

Pure: no I/O.
"""

from __future__ import annotations

from decimal import Decimal

from . import forgeries
from .goals import Goal
from .ledger import Books, Entry, share_ltv
from .products import ACCOUNT_COLLATERAL, ADD, ORDER_COLLATERAL, WALLETS
from .recording import Recording
from .runs import Post
from .standin import BTC_USD, RATIO

# The exchange rounds an LTV, so a run adds collateral for the worst case, and must never take back too much. The LTV of a legacy
# loan has four decimal places.
_ADDED_FOR_ROUNDING, _UNSAFE = {ORDER_COLLATERAL: Decimal("0.004"), ACCOUNT_COLLATERAL: Decimal("0.0005")}, Decimal("0.0002")
# An LTV this close to its limit has reached it; a coin has eight decimal places.
_NEAR, _UNIT = Decimal("0.98"), Decimal("1E-8")


def beyond_level(post: Post, goal: Goal, recording: Recording) -> str:
    """Return how an operation exceeds its goal: it adds or transfers too much, or takes back past the LTV; empty if it does not."""
    meanwhile = [
        entry for entry in recording.ledger.values()
        if entry.repay_id != post.repay_id and post.sent_at <= entry.time <= (post.handled_at or post.sent_at) and counts(entry, goal)
    ]
    if meanwhile:
        # The exchange has accepted something else first.
        return ""
    if goal.ensure is not None and forgeries.BALANCE in recording.forged:
        return ""
    if goal.ensure is not None:
        needed = Decimal(goal.ensure) - post.books.wallets.get(goal.loan.name, Decimal(0))
        return f"{needed} was needed" if post.amount >= max(needed, Decimal(0)) + _UNIT else ""
    held = post.books.pledged.get(goal.loan, Decimal(0))
    needed = needed_coins(post.books, goal)
    if post.move == ADD:
        most = max(needed - held, Decimal(0)) + needed * _ADDED_FOR_ROUNDING[goal.loan.product]
        return f"{needed} of {held} was needed" if post.amount > most else ""
    left = held - post.amount
    return f"{needed} had to be left of {held}" if left < needed * (1 - _UNSAFE) else ""


def needed_coins(books: Books, goal: Goal) -> Decimal:
    """Return the number of coins that must be pledged for the LTV of a goal."""
    debt, value = books.ltv_of(goal.loan)
    price = Decimal(BTC_USD) if goal.loan.product == ORDER_COLLATERAL else BTC_USD * RATIO
    others = value - books.pledged.get(goal.loan, Decimal(0)) * price
    return max((debt / Decimal(goal.limit or 1) - others) / price, Decimal(0))


def below_level(goal: Goal, recording: Recording, growth: Decimal) -> str:
    """Return why a goal that was reported as met is not met; empty if it is."""
    books = recording.books
    if goal.ensure is not None:
        held = books.wallets.get(goal.loan.name, Decimal(0))
        return f"the Funding wallet holds {held}" if held < Decimal(goal.ensure) else ""
    debt, value = books.ltv_of(goal.loan)
    if goal.max_ltv is not None:
        return f"{debt} is owed for {value} USD of collateral" if debt > Decimal(goal.max_ltv) * value * growth else ""
    is_near = debt >= Decimal(goal.min_ltv or 0) * value * _NEAR
    return "" if is_near else f"{debt} is owed for {value} USD of collateral, of which some can be taken back"


def counts(entry: Entry, goal: Goal) -> bool:
    """Check whether an entry changes the level that a goal is about."""
    if goal.loan.product == WALLETS:
        return entry.coin == goal.loan.name
    return share_ltv(entry.loan, goal.loan)
