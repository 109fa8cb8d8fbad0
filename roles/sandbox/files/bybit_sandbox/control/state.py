# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of /sandbox/state: the true ledger, whatever the exchange's endpoints show because of faults."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..amounts import plain, rounded
from ..api.fixed_routes import status_of
from ..ledger import interest
from ..ledger.loan_book import LoanBook
from ..ledger.model import OPEN, Account, FundingEntry, Ledger, LegacyLoan, LegacyRepayment
from ..ledger.records import Adjustment, FixedContract, FlexibleDebt, PendingBorrowing, Repayment, Transfer

if TYPE_CHECKING:
    from ..exchange import Exchange

LEGACY = "legacy"


def state(exchange: Exchange) -> dict:
    now, ledger = exchange.catch_up(), exchange.loan_book.ledger
    return {
        "server_time": now,
        "clock": exchange.clock.to_dict(),
        "switches": asdict(ledger.settings.switches),
        "col_res": ledger.settings.col_res,
        "prices": {coin: plain(price) for coin, price in ledger.prices.items()},
        "accounts": [_account(account, exchange.loan_book, now) for account in ledger.accounts],
        "faults": exchange.faults.to_plain(),
        "waiting": exchange.delayed_requests.to_plain(),
    }


def _account(account: Account, loan_book: LoanBook, now: int) -> dict:
    ledger = loan_book.ledger
    repayments = [_repayment(item) for item in account.legacy_repayments] + [_payment(item) for item in account.repayments]
    debt, value = loan_book.collateral.debt_usd(account), loan_book.collateral.collateral_usd(account.collateral)
    return {
        "uid": account.uid,
        "name": account.name,
        "restriction": account.restriction,
        "keys": [key.key for key in account.keys if not key.deleted],
        "wallet": {coin: plain(amount) for coin, amount in account.wallet.items()},
        "unified": {coin: plain(amount) for coin, amount in account.unified.items()},
        "loans": [_open(loan, ledger) for loan in reversed(account.legacy_loans) if loan.status == OPEN],
        "closed_loans": [_closed(loan) for loan in reversed(account.legacy_loans) if loan.status != OPEN],
        "flexible_loans": [_flexible(item, ledger) for item in account.flexible_loans.values()],
        "fixed_contracts": [_contract(item, now) for item in reversed(account.fixed_contracts)],
        "collateral": {coin: plain(amount) for coin, amount in account.collateral.items()},
        "debt_usd": plain(rounded(debt, 2)),
        "collateral_usd": plain(rounded(value, 2)),
        "ltv": plain(rounded(debt / value, 6)) if value else "0",
        "initial_ltv": plain(ledger.settings.initial_ltv),
        "liquidation_ltv": plain(ledger.settings.liquidation_ltv),
        "margin_call_ltv": plain(ledger.settings.margin_call_ltv),
        "pending_borrowings": [_pending(item) for item in account.pending_borrowings],
        "funding": [_funding(item) for item in reversed(account.funding)],
        "adjustments": [_adjustment(item) for item in reversed(account.adjustments) if not item.order_id],
        "legacy_adjustments": [_legacy_adjustment(item) for item in reversed(account.adjustments) if item.order_id],
        "transfers": [_transfer(item) for item in reversed(account.transfers)],
        "repayments": sorted(repayments, key=lambda item: (item["time"], int(item["repay_id"])), reverse=True),
    }


def _open(loan: LegacyLoan, ledger: Ledger) -> dict:
    terms = ledger.collateral_coins[loan.collateral_coin]
    return {
        "order_id": loan.order_id, "loan_coin": loan.loan_coin, "term": loan.term,
        "principal": plain(loan.principal), "interest": plain(loan.interest), "penalty": plain(loan.penalty),
        "debt": plain(loan.debt), "initial_loan": plain(loan.initial_loan), "hourly_rate": plain(loan.hourly_rate),
        "collateral_coin": loan.collateral_coin, "collateral": plain(loan.collateral),
        "ltv": plain(rounded(interest.ltv(loan, ledger.prices), 4)),
        "initial_ltv": plain(terms.initial_ltv), "margin_call_ltv": plain(terms.margin_call_ltv),
        "liquidation_ltv": plain(terms.liquidation_ltv), "accuracy": ledger.loan_coins[loan.loan_coin].accuracy,
        "borrowed_at": loan.borrowed_at, "due_at": loan.due_at,
    }


def _closed(loan: LegacyLoan) -> dict:
    return {
        "order_id": loan.order_id, "loan_coin": loan.loan_coin, "term": loan.term, "status": loan.status,
        "initial_loan": plain(loan.initial_loan), "repaid_interest": plain(loan.repaid_interest),
        "repaid_penalty": plain(loan.repaid_penalty), "closed_at": loan.closed_at,
    }


def _repayment(item: LegacyRepayment) -> dict:
    return {
        "repay_id": item.repay_id, "product": LEGACY, "order_id": item.order_id, "coin": item.loan_coin,
        "amount": plain(item.amount), "time": item.time, "type": item.type, "status": item.status, "origin": item.origin,
        "collateral_coin": item.collateral_coin, "collateral_return": plain(item.collateral_return),
        "visible_at": item.visible_at, "settles_at": item.settles_at, "settled_at": item.settled_at,
    }


def _flexible(item: FlexibleDebt, ledger: Ledger) -> dict:
    return {
        "loan_coin": item.coin, "principal": plain(item.principal), "interest": plain(item.interest),
        "debt": plain(item.debt), "hourly_rate": plain(item.hourly_rate), "borrowed_at": item.borrowed_at,
        "accuracy": ledger.loan_coins[item.coin].flexible_accuracy,
    }


def _contract(item: FixedContract, now: int) -> dict:
    return {
        "loan_id": item.loan_id, "order_id": item.order_id, "loan_coin": item.coin, "term": item.term,
        "principal": plain(item.principal), "penalty": plain(item.penalty), "debt": plain(item.debt),
        "initial_loan": plain(item.initial_loan), "annual_rate": plain(item.annual_rate),
        "interest_paid": plain(item.interest_paid), "repay_type": item.repay_type, "status": status_of(item, now),
        "borrowed_at": item.borrowed_at, "due_at": item.due_at, "closed_at": item.closed_at,
    }


def _pending(item: PendingBorrowing) -> dict:
    return {
        "order_id": item.order_id, "loan_coin": item.coin, "amount": plain(item.amount), "term": item.term,
        "annual_rate": plain(item.annual_rate), "time": item.time,
    }


def _funding(item: FundingEntry) -> dict:
    return {
        "number": item.number, "coin": item.coin, "amount": plain(item.amount), "after": plain(item.after),
        "time": item.time, "kind": item.kind,
    }


def _payment(item: Repayment) -> dict:
    return {
        "repay_id": item.repay_id, "product": item.product, "order_id": "", "coin": item.coin,
        "amount": plain(item.amount), "time": item.time, "type": item.type, "status": item.status,
        "origin": item.origin, "details": [{"loan_id": part.loan_id, "amount": plain(part.amount)} for part in item.allocations],
        "fee": plain(item.fee), "collateral_sold": {coin: plain(amount) for coin, amount in item.sold.items()},
        "visible_at": item.visible_at, "settles_at": item.settles_at, "settled_at": item.settled_at,
    }


def _adjustment(item: Adjustment) -> dict:
    return {
        "adjust_id": int(item.adjust_id), "coin": item.coin, "amount": plain(item.amount), "direction": item.direction,
        "time": item.time, "status": item.status, "visible_at": item.visible_at, "settles_at": item.settles_at,
    }


def _legacy_adjustment(item: Adjustment) -> dict:
    return {**_adjustment(item), "adjust_id": item.adjust_id, "order_id": item.order_id}


def _transfer(item: Transfer) -> dict:
    return {
        "transfer_id": item.transfer_id, "coin": item.coin, "amount": plain(item.amount), "from": item.source, "to": item.target,
        "time": item.time, "status": item.status, "visible_at": item.visible_at, "settles_at": item.settles_at,
    }
