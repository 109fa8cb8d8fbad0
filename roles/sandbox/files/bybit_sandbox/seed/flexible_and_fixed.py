# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a seed that describes an account's flexible and fixed loans."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import ZERO
from ..api.request import TERMS
from ..clock import DAY_MS
from ..fields import Fields
from ..ledger import fixed_loans, flexible_loans
from ..ledger.interest import hours_charged
from ..ledger.model import Account, Ledger
from ..ledger.records import (
    AUTO_REPAY, BY_USER, FIXED, FLEXIBLE, NO_AUTOMATIC, OPEN, REPAID, TO_FLEXIBLE, Allocation, Borrowing, FixedContract,
    FlexibleDebt, PendingBorrowing, Repayment,
)

HIGHEST_TYPE = 8


def read_flexible_and_fixed(fields: Fields, account: Account, ledger: Ledger, now: int) -> None:
    account.collateral = fields.amounts("collateral", {})
    for coin in account.collateral:
        if coin not in ledger.collateral_coins:
            raise fields.error(f"holds {coin}, which is not a collateral coin", "collateral")
    account.borrowings = fields.nested_list("flexible_borrowings", lambda item: _borrowing(item, ledger, now), [])
    for debt in fields.nested_list("flexible_loans", lambda item: _flexible(item, account, ledger, now), []):
        if debt.coin in account.flexible_loans:
            raise fields.error(f"has {debt.coin} more than once", "flexible_loans")
        account.flexible_loans[debt.coin] = debt
    account.fixed_contracts = fields.nested_list("fixed_contracts", lambda item: _contract(item, ledger, now), [])
    owes = account.flexible_loans or any(contract.status == OPEN for contract in account.fixed_contracts)
    if owes and not any(account.collateral.values()):
        raise fields.error("is missing although the account has flexible or fixed loans", "collateral")
    account.pending_borrowings = fields.nested_list("pending_borrowings", lambda item: _pending(item, ledger, now), [])
    account.supply = fields.amounts("supply", {})
    for coin in account.supply:
        if coin not in ledger.prices:
            raise fields.error(f"has {coin}, which has no price", "supply")
    contracts = {contract.loan_id: contract for contract in account.fixed_contracts}
    account.repayments = [
        *fields.nested_list("flexible_repayments", lambda item: _flexible_repayment(item, ledger, now), []),
        *fields.nested_list("fixed_repayments", lambda item: _fixed_repayment(item, contracts, now), []),
    ]
    for items in (account.borrowings, account.fixed_contracts, account.repayments):
        items.sort(key=lambda item: item.position)


def _number(fields: Fields, name: str) -> str:
    text = fields.string(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise fields.error("must consist of up to 19 digits", name)
    return text


def _coin(fields: Fields, ledger: Ledger) -> str:
    return fields.string("loan_coin", choices=tuple(ledger.loan_coins))


def _borrowing(fields: Fields, ledger: Ledger, now: int) -> Borrowing:
    order = Borrowing(
        _number(fields, "order_id"), _coin(fields, ledger), fields.amount("amount", above_zero=True), fields.time("time", now)
    )
    fields.reject_unknown()
    return order


def _pending(fields: Fields, ledger: Ledger, now: int) -> PendingBorrowing:
    order = PendingBorrowing(
        _number(fields, "order_id"), _coin(fields, ledger), fields.amount("amount", above_zero=True),
        fields.string("term", choices=TERMS), fields.amount("annual_rate"), fields.time("time", now),
    )
    fields.reject_unknown()
    return order


def _flexible(fields: Fields, account: Account, ledger: Ledger, now: int) -> FlexibleDebt:
    coin = _coin(fields, ledger)
    rate = Decimal(ledger.loan_coins[coin].flexible_rate or 0)
    charged = "interest" in fields
    debt = FlexibleDebt(
        coin, fields.amount("principal", above_zero=True), fields.amount("hourly_rate", rate),
        fields.time("borrowed_at", now), fields.amount("interest", ZERO),
    )
    if "order_id" in fields:
        account.borrowings.append(Borrowing(
            _number(fields, "order_id"), coin, fields.amount("initial_loan", debt.principal), debt.borrowed_at
        ))
    fields.reject_unknown()
    if charged:
        # The seed states what is owed now, so it already contains the hours so far.
        debt.accrued_hours = hours_charged(ledger.settings.switches.interest_hours, debt.borrowed_at, now)
    else:
        flexible_loans.accrue(debt, now, ledger.settings.switches.interest_hours)
    return debt


def _contract(fields: Fields, ledger: Ledger, now: int) -> FixedContract:
    status = fields.string("status", OPEN, (OPEN, REPAID))
    term = fields.string("term", choices=TERMS)
    if "due_at" in fields and "borrowed_at" not in fields:
        due_at = fields.time("due_at", now)
        borrowed_at = due_at - int(term) * DAY_MS
    else:
        borrowed_at = fields.time("borrowed_at", now)
        due_at = fields.time("due_at", now, borrowed_at + int(term) * DAY_MS)
    initial = fields.amount("principal", above_zero=True)
    rate = fields.amount("annual_rate")
    charged = "penalty" in fields
    contract = FixedContract(
        loan_id=_number(fields, "loan_id"), order_id=fields.string("order_id"), coin=_coin(fields, ledger), term=term,
        principal=initial if status == OPEN else ZERO, annual_rate=rate, borrowed_at=borrowed_at, due_at=due_at,
        interest_paid=fields.amount("interest_paid", fixed_loans.prepaid_interest(initial, rate, term)),
        initial_loan=fields.amount("initial_loan", initial),
        repay_type=fields.string("repay_type", AUTO_REPAY, (NO_AUTOMATIC, AUTO_REPAY, TO_FLEXIBLE)),
        penalty=fields.amount("penalty", ZERO), status=status,
        # A contract that is overdue at the start has reached its due time without being repaid.
        matured=due_at <= now, closed_at=None if status == OPEN else fields.time("closed_at", now),
    )
    fields.reject_unknown()
    if charged:
        contract.overdue_hours = hours_charged(ledger.settings.switches.interest_hours, due_at, now)
    elif status == OPEN:
        fixed_loans.accrue(contract, now, ledger.settings.switches.interest_hours)
    return contract


def _flexible_repayment(fields: Fields, ledger: Ledger, now: int) -> Repayment:
    repayment = Repayment(
        FLEXIBLE, _coin(fields, ledger), fields.amount("amount", above_zero=True), fields.time("time", now), _type(fields),
        _number(fields, "repay_id"), origin="seed",
    )
    fields.reject_unknown()
    repayment.settled_at = repayment.time
    return repayment


def _fixed_repayment(fields: Fields, contracts: dict[str, FixedContract], now: int) -> Repayment:
    allocations = fields.nested_list("details", _share)
    coins = {contracts[share.loan_id].coin for share in allocations if share.loan_id in contracts}
    if len(coins) != 1 or not all(share.loan_id in contracts for share in allocations):
        raise fields.error("must name contracts of this account, all of one coin", "details")
    repayment = Repayment(
        FIXED, coins.pop(), sum((share.amount for share in allocations), ZERO), fields.time("time", now), _type(fields),
        _number(fields, "repay_id"), origin="seed", allocations=allocations,
    )
    fields.reject_unknown()
    repayment.settled_at = repayment.time
    return repayment


def _share(fields: Fields) -> Allocation:
    share = Allocation(fields.string("loan_id"), fields.amount("amount", above_zero=True))
    fields.reject_unknown()
    return share


def _type(fields: Fields) -> int:
    kind = fields.integer("type", BY_USER, least=1)
    if kind > HIGHEST_TYPE:
        raise fields.error(f"must be at most {HIGHEST_TYPE}", "type")
    return kind
