# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the flexible loans, each with the documented fields and types."""

from __future__ import annotations

import operator

from . import history, queries, views
from .calls import LOANS, Call, Route, amount_of, json_body
from .debts import FLEXIBLE, Borrowing, FlexibleDebt, Payment
from .model import SUCCESS
from .money import plain
from .switches import Switches

REPAY_ID, ORDER_ID = operator.attrgetter("repay_id"), operator.attrgetter("order_id")


def repay(call: Call) -> dict:
    body = json_body(call.body, "loanCurrency", "amount")
    payment = call.book.flexible.repay(
        call.account, body["loanCurrency"], amount_of(body["amount"]), call.now, effects=call.effects
    )
    call.report(payment.told())
    return {"repayId": payment.repay_id}


def repay_with_collateral(call: Call) -> dict:
    body = json_body(call.body, "loanCurrency", "amount", "collateralCoin")
    payment = call.book.flexible.repay_with_collateral(
        call.account, body["loanCurrency"], amount_of(body["amount"]), body["collateralCoin"], call.now, call.effects
    )
    call.report(payment.told())
    return {}


def ongoing_coins(call: Call) -> dict:
    debts = views.flexible(call.account, call.now)
    coin = call.query.get("loanCurrency")
    return {"list": [_debt(debt, call.switches) for debt in debts if coin in (None, debt.coin)]}


def repayment_history(call: Call) -> dict:
    filters = {"repayId": "repay_id", "loanCurrency": "coin"}
    shown = history.payments(FLEXIBLE, call.now, call.switches, call.by_id)
    items, cursor = queries.page(call.account.payments, call.query, filters, REPAY_ID, call.switches.list_end, shown)
    return {"list": [_repaid(item, call.switches) for item in items], "nextPageCursor": cursor}


def borrow_history(call: Call) -> dict:
    filters = {"orderId": "order_id", "loanCurrency": "coin"}
    items, cursor = queries.page(call.account.borrowings, call.query, filters, ORDER_ID, call.switches.list_end)
    return {"list": [_borrowed(item, call.switches) for item in items], "nextPageCursor": cursor}


def _debt(debt: FlexibleDebt, switches: Switches) -> dict:
    return {
        "hourlyInterestRate": switches.unneeded(plain(debt.hourly_rate)),
        "loanCurrency": debt.coin,
        "totalDebt": switches.amount(debt.debt),
        "unpaidAmount": switches.amount(debt.principal),
        "unpaidInterest": switches.amount(debt.interest),
    }


def _repaid(item: Payment, switches: Switches) -> dict:
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
