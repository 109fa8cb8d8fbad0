# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads fixed crypto loans (C(/v5/crypto-loan-fixed/)): contracts with a term, secured by the collateral of the account.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._amounts import total
from .._api.client import Client
from .._api.errors import ReadFailed
from .history import HistoryEntry, Part
from .loan import FIXED, OPEN, REPAID, Loan
from .parsing import Row, each_once, rows_like, united

_CONTRACTS = "/v5/crypto-loan-fixed/borrow-contract-info"
HISTORY = "/v5/crypto-loan-fixed/repayment-history"

_OVERDUE = 3
# Statuses 1 ("unrepaid") and 3 ("overdue") are both open.
_STATUSES = {1: OPEN, 2: REPAID, _OVERDUE: OPEN}


def find(client: Client, loan_id: str) -> Loan | None:
    """Return a contract, open or repaid; none if the exchange does not list it.

    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form.
    """
    found = list(_contracts(client, {"loanId": loan_id}))
    return found[0] if found else None


def open_loans(client: Client, coin: str | None = None, loan_id: str | None = None) -> t.Iterator[Loan]:
    """Yield the open contracts of the account, page by page; raises what C(find) raises."""
    query = {"orderCurrency": coin, "loanId": loan_id}
    found = _contracts(client, {name: value for name, value in query.items() if value})
    return (loan for loan in found if loan.status == OPEN)


def contracts(client: Client) -> t.Iterator[Loan]:
    """Yield the contracts of the account, open or repaid, page by page; raises what C(find) raises."""
    return _contracts(client, {})


def together(coin: str, contracts: t.Iterable[Loan]) -> Loan:
    """Return the debt of several contracts in one coin as one loan, due when the first contract is due."""
    owed = Loan(FIXED, None, coin, Decimal(0), Decimal(0), Decimal(0), REPAID)
    for contract in contracts:
        due_times = [time for time in (owed.maturity_time_ms, contract.maturity_time_ms) if time is not None]
        owed = dataclasses.replace(
            owed,
            principal=total(owed.principal, contract.principal),
            penalty_interest=total(owed.penalty_interest, contract.penalty_interest),
            status=OPEN,
            maturity_time_ms=min(due_times, default=None),
        )
    return owed


def repayments(
    client: Client, coin: str | None = None, loan_id: str | None = None, repay_id: str | None = None, most_rows: int | None = None
) -> list[HistoryEntry]:
    """Return the repayments of the account that the exchange lists; raises what C(find) raises.

    :param loan_id: Return only the repayments of this contract, each with the part of its amount that went to the contract.
    :param most_rows: How many rows to read at most; none for all.
    """
    rows = rows_like(client, HISTORY, {"loanCurrency": coin, "repayId": repay_id}, most_rows)
    entries = united(HISTORY, map(_entry, rows), repay_id)
    return entries if loan_id is None else list(of_contract(loan_id, entries))


def of_contract(loan_id: str, entries: t.Iterable[HistoryEntry]) -> t.Iterator[HistoryEntry]:
    """Yield the repayments of one contract, each with the part of its amount that went to the contract."""
    for entry in entries:
        parts = tuple(part for part in entry.parts if part.loan_id == loan_id)
        if parts:
            yield entry._replace(amount=total(*(part.amount for part in parts)), parts=parts)


def _contracts(client: Client, query: dict[str, str]) -> t.Iterator[Loan]:
    rows = (Row(_CONTRACTS, fields) for fields in client.pages(_CONTRACTS, query))
    return each_once(_CONTRACTS, (_contract(row, query) for row in rows), "contract ")


def _contract(row: Row, query: dict[str, str]) -> Loan:
    for name, field in (("loanId", "loanId"), ("orderCurrency", "borrowCurrency")):
        if name in query:
            row.must_be(field, query[name])
    code = row.whole_number("status")
    status = _STATUSES.get(code)
    if status is None:
        raise ReadFailed(f"Bybit's answer to {row.path} has the unknown status {row.get('status')}.")
    principal, penalty_interest = row.number("residualPrincipal"), row.penalty_interest(is_overdue=code == _OVERDUE)
    if (status == REPAID) == bool(principal or penalty_interest):
        raise row.unusable("status", f": {code} contradicts the amounts owed, {principal} and {penalty_interest}")
    return Loan(
        product=FIXED,
        loan_id=row.text("loanId"),
        coin=row.text("borrowCurrency"),
        principal=principal,
        # The interest for the term is paid when the loan is taken. Only overdue contracts owe penalty interest.
        interest=Decimal(0),
        penalty_interest=penalty_interest,
        status=status,
        annual_rate=row.number_or_none("annualRate"),
        maturity_time_ms=row.time_ms("repaymentTime"),
    )


def _entry(row: Row) -> HistoryEntry:
    details = row.get("details")
    # Without details, it is unknown which contract was repaid.
    if not isinstance(details, list) or not details or not all(isinstance(fields, dict) for fields in details):
        raise ReadFailed(f"Bybit's answer to {row.path} lacks details.")
    rows = (Row(row.path, fields) for fields in details)
    parts = tuple(Part(part.text("loanId"), part.amount("repayAmount")) for part in rows)
    entry = row.entry()
    if total(*(part.amount for part in parts)) != entry.amount:
        raise row.unusable("repayAmount", f": {entry.amount} is not the sum of its details")
    return entry._replace(parts=parts)
