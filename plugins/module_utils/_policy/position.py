# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The position of an account as a policy reads it: for the result of the run, and as a note in the journal.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import plain, plain_or_none, total
from .._loans.loan import Loan
from .canonical import down, up
from .reading import Reading


def position_of(reading: Reading) -> dict[str, t.Any]:
    """Return the LTV of the account, all debts and the collateral of the account by coin, and the prices in USD."""
    book = reading.book
    debts: dict[str, Decimal] = {}
    for loan in book.loans:
        debts[loan.coin] = total(debts.get(loan.coin, Decimal(0)), loan.debt)
    return {
        "ltv": up(book.ltv(None, {})),
        "debts": {coin: plain(debts[coin]) for coin in sorted(debts)},
        "collateral": {entry.coin: plain(entry.amount) for entry in book.account.collateral},
        "prices": {coin: {"low": down(price.low), "high": up(price.high)} for coin, price in sorted(reading.prices.items())},
    }


def noted(reading: Reading) -> dict[str, t.Any]:
    """Return the position with each loan, as the journal notes it."""
    return {**position_of(reading), "loans": [_loan(loan) for loan in reading.book.loans]}


def _loan(loan: Loan) -> dict[str, t.Any]:
    return {
        "product": loan.product,
        "loan_id": loan.loan_id,
        "coin": loan.coin,
        "debt": plain(loan.debt),
        "ltv": up(loan.ltv),
        "collateral_coin": loan.collateral_coin,
        "collateral_amount": plain_or_none(loan.collateral_amount),
    }
