# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads flexible crypto loans (C(/v5/crypto-loan-flexible/)): one debt per coin, secured by the collateral of the account.

This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._amounts import difference, total
from .._api.client import Client, rows_of
from .history import HistoryEntry
from .loan import FLEXIBLE, OPEN, REPAID, Loan, annual
from .parsing import Row, each_once, rows_like, united

_OPEN_LOANS = "/v5/crypto-loan-flexible/ongoing-coin"
HISTORY = "/v5/crypto-loan-flexible/repayment-history"

# By how much a rounded sum may differ from its parts.
_ROUNDING = Decimal("0.0001")


def find(client: Client, coin: str) -> Loan | None:
    """Return the debt in a coin; none if there is none.

    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form.
    """
    found = open_loans(client, coin)
    return found[0] if found else None


def open_loans(client: Client, coin: str | None = None) -> list[Loan]:
    """Return the debts of the account, one per coin; raises what C(find) raises."""
    answer = client.read(_OPEN_LOANS, {"loanCurrency": coin} if coin else {})
    rows = (Row(_OPEN_LOANS, fields) for fields in rows_of(_OPEN_LOANS, answer))
    loans = each_once(_OPEN_LOANS, (_open_loan(row, coin) for row in rows), "")
    return [loan for loan in loans if loan.debt]


def no_debt(coin: str) -> Loan:
    """Return a debt of zero in a coin."""
    return Loan(FLEXIBLE, None, coin, Decimal(0), Decimal(0), Decimal(0), REPAID)


def repayments(client: Client, coin: str | None = None, repay_id: str | None = None, most_rows: int | None = None) -> list[HistoryEntry]:
    """Return the repayments of the account that the exchange lists; raises what C(find) raises.

    :param most_rows: How many rows to read at most; none for all.
    """
    rows = rows_like(client, HISTORY, {"loanCurrency": coin, "repayId": repay_id}, most_rows)
    return united(HISTORY, (row.entry() for row in rows), repay_id)


def _open_loan(row: Row, coin: str | None) -> Loan:
    if coin is not None:
        row.must_be("loanCurrency", coin)
    hourly_rate = row.number_or_none("hourlyInterestRate")
    principal, interest = row.number("unpaidAmount"), row.number("unpaidInterest")
    # Unlike that of a legacy loan, this "totalDebt" includes the interest.
    owed = row.number("totalDebt")
    if abs(difference(owed, total(principal, interest))) > _ROUNDING:
        raise row.unusable("totalDebt", f": {owed} is not the sum of unpaidAmount {principal} and unpaidInterest {interest}")
    return Loan(
        product=FLEXIBLE,
        loan_id=None,
        coin=row.text("loanCurrency"),
        principal=principal,
        interest=interest,
        penalty_interest=Decimal(0),
        status=OPEN,
        hourly_rate=hourly_rate,
        annual_rate=annual(hourly_rate),
    )
