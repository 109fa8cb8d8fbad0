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


def read_flexible_and_fixed(part: Fields, account: Account, ledger: Ledger, now: int) -> None:
    account.collateral = part.amounts("collateral", {})
    for coin in account.collateral:
        if coin not in ledger.collateral_coins:
            raise part.wrong(f"holds {coin}, which is not a collateral coin", "collateral")
    account.borrowings = part.parts("flexible_borrowings", lambda item: _borrowing(item, ledger, now), [])
    for debt in part.parts("flexible_loans", lambda item: _flexible(item, account, ledger, now), []):
        if debt.coin in account.flexible_loans:
            raise part.wrong(f"has {debt.coin} more than once", "flexible_loans")
        account.flexible_loans[debt.coin] = debt
    account.fixed_contracts = part.parts("fixed_contracts", lambda item: _contract(item, ledger, now), [])
    owes = account.flexible_loans or any(contract.status == OPEN for contract in account.fixed_contracts)
    if owes and not any(account.collateral.values()):
        raise part.wrong("is missing although the account has flexible or fixed loans", "collateral")
    account.pending_borrowings = part.parts("pending_borrowings", lambda item: _pending(item, ledger, now), [])
    account.supply = part.amounts("supply", {})
    for coin in account.supply:
        if coin not in ledger.prices:
            raise part.wrong(f"has {coin}, which has no price", "supply")
    contracts = {contract.loan_id: contract for contract in account.fixed_contracts}
    account.repayments = [
        *part.parts("flexible_repayments", lambda item: _flexible_repayment(item, ledger, now), []),
        *part.parts("fixed_repayments", lambda item: _fixed_repayment(item, contracts, now), []),
    ]
    for items in (account.borrowings, account.fixed_contracts, account.repayments):
        items.sort(key=lambda item: item.position)


def _number(part: Fields, name: str) -> str:
    text = part.text(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise part.wrong("must consist of up to 19 digits", name)
    return text


def _coin(part: Fields, ledger: Ledger) -> str:
    return part.text("loan_coin", choices=tuple(ledger.loan_coins))


def _borrowing(part: Fields, ledger: Ledger, now: int) -> Borrowing:
    order = Borrowing(
        _number(part, "order_id"), _coin(part, ledger), part.amount("amount", above_zero=True), part.moment("time", now)
    )
    part.done()
    return order


def _pending(part: Fields, ledger: Ledger, now: int) -> PendingBorrowing:
    order = PendingBorrowing(
        _number(part, "order_id"), _coin(part, ledger), part.amount("amount", above_zero=True),
        part.text("term", choices=TERMS), part.amount("annual_rate"), part.moment("time", now),
    )
    part.done()
    return order


def _flexible(part: Fields, account: Account, ledger: Ledger, now: int) -> FlexibleDebt:
    coin = _coin(part, ledger)
    rate = Decimal(ledger.loan_coins[coin].flexible_rate or 0)
    charged = "interest" in part
    debt = FlexibleDebt(
        coin, part.amount("principal", above_zero=True), part.amount("hourly_rate", rate),
        part.moment("borrowed_at", now), part.amount("interest", ZERO),
    )
    if "order_id" in part:
        account.borrowings.append(Borrowing(
            _number(part, "order_id"), coin, part.amount("initial_loan", debt.principal), debt.borrowed_at
        ))
    part.done()
    if charged:
        # The seed states what is owed now, so it already contains the hours so far.
        debt.accrued_hours = hours_charged(ledger.settings.switches.interest_hours, debt.borrowed_at, now)
    else:
        flexible_loans.accrue(debt, now, ledger.settings.switches.interest_hours)
    return debt


def _contract(part: Fields, ledger: Ledger, now: int) -> FixedContract:
    status = part.text("status", OPEN, (OPEN, REPAID))
    term = part.text("term", choices=TERMS)
    if "due_at" in part and "borrowed_at" not in part:
        due_at = part.moment("due_at", now)
        borrowed_at = due_at - int(term) * DAY_MS
    else:
        borrowed_at = part.moment("borrowed_at", now)
        due_at = part.moment("due_at", now, borrowed_at + int(term) * DAY_MS)
    initial = part.amount("principal", above_zero=True)
    rate = part.amount("annual_rate")
    charged = "penalty" in part
    contract = FixedContract(
        loan_id=_number(part, "loan_id"), order_id=part.text("order_id"), coin=_coin(part, ledger), term=term,
        principal=initial if status == OPEN else ZERO, annual_rate=rate, borrowed_at=borrowed_at, due_at=due_at,
        interest_paid=part.amount("interest_paid", fixed_loans.prepaid_interest(initial, rate, term)),
        initial_loan=part.amount("initial_loan", initial),
        repay_type=part.text("repay_type", AUTO_REPAY, (NO_AUTOMATIC, AUTO_REPAY, TO_FLEXIBLE)),
        penalty=part.amount("penalty", ZERO), status=status,
        # A contract that is overdue at the start reached its due time without a repayment.
        matured=due_at <= now, closed_at=None if status == OPEN else part.moment("closed_at", now),
    )
    part.done()
    if charged:
        contract.overdue_hours = hours_charged(ledger.settings.switches.interest_hours, due_at, now)
    elif status == OPEN:
        fixed_loans.accrue(contract, now, ledger.settings.switches.interest_hours)
    return contract


def _flexible_repayment(part: Fields, ledger: Ledger, now: int) -> Repayment:
    repayment = Repayment(
        FLEXIBLE, _coin(part, ledger), part.amount("amount", above_zero=True), part.moment("time", now), _type(part),
        _number(part, "repay_id"), origin="seed",
    )
    part.done()
    repayment.settled_at = repayment.time
    return repayment


def _fixed_repayment(part: Fields, contracts: dict[str, FixedContract], now: int) -> Repayment:
    allocations = part.parts("details", _share)
    coins = {contracts[share.loan_id].coin for share in allocations if share.loan_id in contracts}
    if len(coins) != 1 or not all(share.loan_id in contracts for share in allocations):
        raise part.wrong("must name contracts of this account, all of one coin", "details")
    repayment = Repayment(
        FIXED, coins.pop(), sum((share.amount for share in allocations), ZERO), part.moment("time", now), _type(part),
        _number(part, "repay_id"), origin="seed", allocations=allocations,
    )
    part.done()
    repayment.settled_at = repayment.time
    return repayment


def _share(part: Fields) -> Allocation:
    share = Allocation(part.text("loan_id"), part.amount("amount", above_zero=True))
    part.done()
    return share


def _type(part: Fields) -> int:
    kind = part.integer("type", BY_USER, least=1)
    if kind > HIGHEST_TYPE:
        raise part.wrong(f"must be at most {HIGHEST_TYPE}", "type")
    return kind
