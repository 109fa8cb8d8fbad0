# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of flexible loans, with the documented fields and types."""

from __future__ import annotations

import operator

from ..amounts import plain
from ..ledger.model import SUCCESS
from ..ledger.records import FLEXIBLE, Borrowing, FlexibleDebt, Repayment
from ..switches import Switches
from . import history_rows, pagination, visibility
from .request import LOANS, ApiRequest, Route, amount_of, json_body

REPAY_ID, ORDER_ID = operator.attrgetter("repay_id"), operator.attrgetter("order_id")


def repay(request: ApiRequest) -> dict:
    body = json_body(request.body, "loanCurrency", "amount")
    repayment = request.loan_book.flexible.repay(
        request.account, body["loanCurrency"], amount_of(body["amount"]), request.now, settlement=request.settlement
    )
    request.report(repayment.summary())
    return {"repayId": repayment.repay_id}


def repay_with_collateral(request: ApiRequest) -> dict:
    body = json_body(request.body, "loanCurrency", "amount", "collateralCoin")
    repayment = request.loan_book.flexible.repay_with_collateral(
        request.account, body["loanCurrency"], amount_of(body["amount"]), body["collateralCoin"], request.now, request.settlement
    )
    request.report(repayment.summary())
    return {}


def ongoing_coins(request: ApiRequest) -> dict:
    debts = visibility.flexible(request.account, request.now)
    coin = request.query.get("loanCurrency")
    return {"list": [_debt(debt, request.switches) for debt in debts if coin in (None, debt.coin)]}


def repayment_history(request: ApiRequest) -> dict:
    filters = {"repayId": "repay_id", "loanCurrency": "coin"}
    shown = history_rows.repayments(FLEXIBLE, request.now, request.switches, request.by_id)
    items, cursor = pagination.paginate(
        request.account.repayments, request.query, filters, REPAY_ID, request.switches.list_end, shown
    )
    return {"list": [_repaid(item, request.switches) for item in items], "nextPageCursor": cursor}


def borrow_history(request: ApiRequest) -> dict:
    filters = {"orderId": "order_id", "loanCurrency": "coin"}
    items, cursor = pagination.paginate(request.account.borrowings, request.query, filters, ORDER_ID, request.switches.list_end)
    return {"list": [_borrowed(item, request.switches) for item in items], "nextPageCursor": cursor}


def _debt(debt: FlexibleDebt, switches: Switches) -> dict:
    return {
        "hourlyInterestRate": switches.optional(plain(debt.hourly_rate)),
        "loanCurrency": debt.coin,
        "totalDebt": switches.amount(debt.debt),
        "unpaidAmount": switches.amount(debt.principal),
        "unpaidInterest": switches.amount(debt.interest),
    }


def _repaid(item: Repayment, switches: Switches) -> dict:
    return {
        "loanCurrency": item.coin,
        "repayAmount": switches.amount(item.amount),
        "repayId": item.repay_id,
        "repayStatus": item.status,
        "repayTime": item.time,
        "repayType": item.type,
    }


def _borrowed(item: Borrowing, switches: Switches) -> dict:
    return {
        "borrowTime": item.time,
        "initialLoanAmount": switches.amount(item.amount),
        "loanCurrency": item.coin,
        "orderId": item.order_id,
        "status": SUCCESS,
    }


FLEXIBLE_ROUTES = {
    "POST /v5/crypto-loan-flexible/repay": Route(repay, LOANS, "ok"),
    "POST /v5/crypto-loan-flexible/repay-collateral": Route(repay_with_collateral, LOANS, "ok"),
    "GET /v5/crypto-loan-flexible/ongoing-coin": Route(ongoing_coins, LOANS, "ok"),
    "GET /v5/crypto-loan-flexible/repayment-history": Route(repayment_history, LOANS, "ok"),
    "GET /v5/crypto-loan-flexible/borrow-history": Route(borrow_history, LOANS, "ok"),
}
