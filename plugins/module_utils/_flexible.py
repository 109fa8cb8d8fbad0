# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The flexible crypto loans (C(/v5/crypto-loan-flexible/)): one debt a coin, secured by the collateral of the account.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._client import Client, rows_of
from ansible_collections.treasury.bybit.plugins.module_utils._loan import FLEXIBLE, OPEN, REPAID, Loan, annual
from ansible_collections.treasury.bybit.plugins.module_utils._record import Record
from ansible_collections.treasury.bybit.plugins.module_utils._rows import Row, rows_like, unique

_OPEN_LOANS = "/v5/crypto-loan-flexible/ongoing-coin"
HISTORY = "/v5/crypto-loan-flexible/repayment-history"


def find(client: Client, coin: str) -> Loan | None:
    """Return the debt in a coin; none when there is none.

    :raises Refused: When the exchange refused to tell.
    :raises ReadFailed: When its answer is missing or does not have the documented form.
    """
    return next(open_loans(client, coin), None)


def open_loans(client: Client, coin: str | None = None) -> t.Iterator[Loan]:
    """Yield the debts of the account, one a coin; raises what C(find) raises."""
    for fields in rows_of(_OPEN_LOANS, client.read(_OPEN_LOANS, {"loanCurrency": coin} if coin else {})):
        if coin in (None, fields.get("loanCurrency")):
            loan = _open_loan(Row(_OPEN_LOANS, fields))
            if loan.debt:
                yield loan


def no_debt(coin: str) -> Loan:
    """Return the debt in a coin of which nothing is owed."""
    return Loan(FLEXIBLE, None, coin, Decimal(0), Decimal(0), Decimal(0), REPAID)


def repayments(client: Client, coin: str | None = None, repay_id: str | None = None) -> t.Iterator[Record]:
    """Yield the repayments of the account that the exchange tells of; raises what C(find) raises."""
    rows = rows_like(client, HISTORY, {"loanCurrency": coin, "repayId": repay_id})
    return unique(row.record() for row in rows)


def _open_loan(row: Row) -> Loan:
    hourly_rate = row.number("hourlyInterestRate")
    return Loan(
        product=FLEXIBLE,
        loan_id=None,
        coin=row.text("loanCurrency"),
        # Here "totalDebt" has the interest in it, so it is not needed.
        principal=row.number("unpaidAmount"),
        interest=row.number("unpaidInterest"),
        penalty_interest=Decimal(0),
        status=OPEN,
        hourly_rate=hourly_rate,
        annual_rate=annual(hourly_rate),
    )
