# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the fixed loans, each with the documented fields and types."""

from __future__ import annotations

import operator

from . import history, queries, views
from .calls import LOANS, TERMS, Call, Route, amount_of, json_body
from .debts import AUTO_REPAY, FIXED, OPEN, FixedContract, Payment
from .errors import Refusal
from .money import plain
from .switches import Switches

UNREPAID, REPAID, OVERDUE = 1, 2, 3
REPAY_ID, LOAN_ID = operator.attrgetter("repay_id"), operator.attrgetter("loan_id")


def fully_repay(call: Call) -> dict:
    body = json_body(call.body, optional=("loanId", "loanCurrency"))
    if not any(body.values()):
        raise Refusal(10001, "loanId or loanCurrency is needed")
    payment = call.book.fixed.fully_repay(
        call.account, body["loanId"], body["loanCurrency"], call.now, effects=call.effects
    )
    call.report(payment.told())
    return {"repayId": payment.repay_id}


def repay_with_collateral(call: Call) -> dict:
    body = json_body(call.body, "loanCurrency", "amount", "collateralCoin", optional=("loanId",))
    payment = call.book.fixed.repay_with_collateral(
        call.account, body["loanId"], body["loanCurrency"], amount_of(body["amount"]), body["collateralCoin"],
        call.now, call.effects,
    )
    call.report(payment.told())
    return {}


def contracts(call: Call) -> dict:
    if call.query.get("term", TERMS[0]) not in TERMS:
        raise Refusal(10001, "term must be 7, 14, 30, 90 or 180")
    filters = {"orderId": "order_id", "loanId": "loan_id", "orderCurrency": "coin", "term": "term"}
    shown = views.contracts(call.account, call.now)
    items, cursor = queries.page(
        call.account.fixed, call.query, filters, LOAN_ID, call.switches.list_end, lambda item: [shown(item)]
    )
    return {"list": [_contract(item, call.now, call.switches) for item in items], "nextPageCursor": cursor}


def repayment_history(call: Call) -> dict:
    filters = {"repayId": "repay_id", "loanCurrency": "coin"}
    shown = history.payments(FIXED, call.now, call.switches, call.by_id)
    items, cursor = queries.page(call.account.payments, call.query, filters, REPAY_ID, call.switches.list_end, shown)
    return {"list": [_repaid(item, call.switches) for item in items], "nextPageCursor": cursor}


def status_of(contract: FixedContract, now: int) -> int:
    if contract.status != OPEN:
        return REPAID
    return UNREPAID if now < contract.due_at else OVERDUE


def _contract(contract: FixedContract, now: int, switches: Switches) -> dict:
    return {
        "annualRate": switches.unneeded(plain(contract.annual_rate)),
        "autoRepay": "true" if contract.repay_type == AUTO_REPAY else "false",
        "borrowCurrency": contract.coin,
        "borrowTime": str(contract.borrowed_at),
        "interestPaid": switches.amount(contract.interest_paid),
        "loanId": contract.loan_id,
        "orderId": contract.order_id,
        "repayType": contract.repay_type,
        "repaymentTime": str(contract.due_at),
        "residualPenaltyInterest": switches.unneeded(switches.amount(contract.penalty)),
        "residualPrincipal": switches.amount(contract.principal),
        "status": status_of(contract, now),
        "term": contract.term,
    }


def _repaid(item: Payment, switches: Switches) -> dict:
    return {
        "details": [
            {"loanCurrency": item.coin, "loanId": share.loan_id, "repayAmount": switches.amount(share.amount)}
            for share in item.shares
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
