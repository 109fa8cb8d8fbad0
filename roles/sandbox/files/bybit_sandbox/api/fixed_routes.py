# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of fixed loans, with the documented fields and types."""

from __future__ import annotations

import operator

from ..amounts import plain
from ..errors import Refusal
from ..ledger.records import AUTO_REPAY, FIXED, OPEN, FixedContract, Repayment
from ..switches import Switches
from . import history_rows, pagination, visibility
from .request import LOANS, TERMS, ApiRequest, Route, amount_of, json_body

UNREPAID, REPAID, OVERDUE = 1, 2, 3
REPAY_ID, LOAN_ID = operator.attrgetter("repay_id"), operator.attrgetter("loan_id")


def fully_repay(request: ApiRequest) -> dict:
    body = json_body(request.body, optional=("loanId", "loanCurrency"))
    if not any(body.values()):
        raise Refusal(10001, "loanId or loanCurrency is needed")
    repayment = request.loan_book.fixed.fully_repay(
        request.account, body["loanId"], body["loanCurrency"], request.now, settlement=request.settlement
    )
    request.report(repayment.summary())
    return {"repayId": repayment.repay_id}


def repay_with_collateral(request: ApiRequest) -> dict:
    body = json_body(request.body, "loanCurrency", "amount", "collateralCoin", optional=("loanId",))
    repayment = request.loan_book.fixed.repay_with_collateral(
        request.account, body["loanId"], body["loanCurrency"], amount_of(body["amount"]), body["collateralCoin"],
        request.now, request.settlement,
    )
    request.report(repayment.summary())
    return {}


def contracts(request: ApiRequest) -> dict:
    if request.query.get("term", TERMS[0]) not in TERMS:
        raise Refusal(10001, "term must be 7, 14, 30, 90 or 180")
    filters = {"orderId": "order_id", "loanId": "loan_id", "orderCurrency": "coin", "term": "term"}
    shown = visibility.contracts(request.account, request.now)
    items, cursor = pagination.paginate(
        request.account.fixed_contracts, request.query, filters, LOAN_ID, request.switches.list_end, lambda item: [shown(item)]
    )
    return {"list": [_contract(item, request.now, request.switches) for item in items], "nextPageCursor": cursor}


def repayment_history(request: ApiRequest) -> dict:
    filters = {"repayId": "repay_id", "loanCurrency": "coin"}
    shown = history_rows.repayments(FIXED, request.now, request.switches, request.by_id)
    items, cursor = pagination.paginate(
        request.account.repayments, request.query, filters, REPAY_ID, request.switches.list_end, shown
    )
    return {"list": [_repaid(item, request.switches) for item in items], "nextPageCursor": cursor}


def status_of(contract: FixedContract, now: int) -> int:
    if contract.status != OPEN:
        return REPAID
    return UNREPAID if now < contract.due_at else OVERDUE


def _contract(contract: FixedContract, now: int, switches: Switches) -> dict:
    return {
        "annualRate": switches.optional(plain(contract.annual_rate)),
        "autoRepay": "true" if contract.repay_type == AUTO_REPAY else "false",
        "borrowCurrency": contract.coin,
        "borrowTime": str(contract.borrowed_at),
        "interestPaid": switches.amount(contract.interest_paid),
        "loanId": contract.loan_id,
        "orderId": contract.order_id,
        "repayType": contract.repay_type,
        "repaymentTime": str(contract.due_at),
        "residualPenaltyInterest": switches.optional(switches.amount(contract.penalty)),
        "residualPrincipal": switches.amount(contract.principal),
        "status": status_of(contract, now),
        "term": contract.term,
    }


def _repaid(item: Repayment, switches: Switches) -> dict:
    return {
        "details": [
            {"loanCurrency": item.coin, "loanId": share.loan_id, "repayAmount": switches.amount(share.amount)}
            for share in item.allocations
        ],
        "loanCurrency": item.coin,
        "repayAmount": switches.amount(item.amount),
        "repayId": item.repay_id,
        "repayStatus": item.status,
        "repayTime": item.time,
        "repayType": item.type,
    }


FIXED_ROUTES = {
    "POST /v5/crypto-loan-fixed/fully-repay": Route(fully_repay, LOANS, "ok"),
    "POST /v5/crypto-loan-fixed/repay-collateral": Route(repay_with_collateral, LOANS, "ok"),
    "GET /v5/crypto-loan-fixed/borrow-contract-info": Route(contracts, LOANS, "ok"),
    "GET /v5/crypto-loan-fixed/repayment-history": Route(repayment_history, LOANS, "ok"),
}
