# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the legacy loans and the time, each with the documented fields and types."""

from __future__ import annotations

import operator

from . import history, interest, queries, views
from .calls import LOANS, TERMS, Call, Route, json_body
from .errors import Refusal
from .model import LIQUIDATED, Loan, Repayment
from .money import parse, plain, rounded
from .switches import Switches

FIXED, FLEXIBLE = "1", "2"
ORDER_ID, REPAY_ID = operator.attrgetter("order_id"), operator.attrgetter("repay_id")


def repay(call: Call) -> dict:
    body = json_body(call.body, "orderId", "amount")
    value = parse(body["amount"])
    if value is None:
        raise Refusal(177003)
    repayment = call.book.legacy.repay(call.account, body["orderId"], value, call.now, effects=call.effects)
    call.report(repayment.told())
    return {"repayId": repayment.repay_id}


def ongoing_orders(call: Call) -> dict:
    query = call.query
    kind = query.get("loanTermType")
    filters = {"orderId": "order_id", "loanCurrency": "loan_coin", "collateralCurrency": "collateral_coin"}
    if kind == FIXED:
        if query.get("loanTerm") not in TERMS:
            raise Refusal(10001, "loanTerm must be 7, 14, 30, 90 or 180 when loanTermType is 1")
        filters["loanTerm"] = "term"
    elif kind == FLEXIBLE:
        query = {**query, "loanTerm": ""}
        filters["loanTerm"] = "term"
    elif kind is not None:
        raise Refusal(10001, "loanTermType must be 1 or 2")
    shown = views.open_loans(call.account, call.now)
    loans, cursor = queries.page(call.account.loans, query, filters, ORDER_ID, call.switches.list_end, shown)
    return {"list": [_ongoing(loan, call) for loan in loans], "nextPageCursor": cursor}


def repayment_history(call: Call) -> dict:
    filters = {"orderId": "order_id", "repayId": "repay_id", "loanCurrency": "loan_coin"}
    shown = history.repayments(call.now, call.switches, call.by_id)
    items, cursor = queries.page(call.account.repayments, call.query, filters, REPAY_ID, call.switches.list_end, shown)
    return {"list": [_repaid(item, call.switches) for item in items], "nextPageCursor": cursor}


def borrow_history(call: Call) -> dict:
    filters = {"orderId": "order_id", "loanCurrency": "loan_coin", "collateralCurrency": "collateral_coin"}
    closed = views.closed_loans(call.account, call.now)
    loans, cursor = queries.page(closed, call.query, filters, ORDER_ID, call.switches.list_end)
    return {"list": [_completed(loan, call.switches) for loan in loans], "nextPageCursor": cursor}


def loanable_data(call: Call) -> dict:
    return _by_vip_level(call, [
        {
            "borrowingAccuracy": coin.accuracy,
            "currency": name,
            "flexibleHourlyInterestRate": coin.flexible_rate,
            **{f"hourlyInterestRate{term}D": coin.fixed_rates.get(term, "") for term in TERMS},
            "maxBorrowingAmount": plain(coin.max_amount),
            "minBorrowingAmount": plain(coin.min_amount),
        }
        for name, coin in call.book.ledger.loan_coins.items()
    ])


def collateral_data(call: Call) -> dict:
    return _by_vip_level(call, [
        {
            "collateralAccuracy": coin.accuracy,
            "currency": name,
            "initialLTV": plain(coin.initial_ltv),
            "liquidationLTV": plain(coin.liquidation_ltv),
            "marginCallLTV": plain(coin.margin_call_ltv),
            "maxLimit": plain(coin.max_limit),
        }
        for name, coin in call.book.ledger.collateral_coins.items()
    ])


def server_time(call: Call) -> dict:
    return {"timeSecond": str(call.shown_time_ns // 1_000_000_000), "timeNano": str(call.shown_time_ns)}


def _by_vip_level(call: Call, coins: list[dict]) -> dict:
    levels = call.book.ledger.vip_levels
    wanted = call.query.get("vipLevel")
    if wanted is not None and wanted not in levels:
        raise Refusal(10001, "vipLevel is unknown")
    shown = [coin for coin in coins if coin["currency"] == call.query.get("currency", coin["currency"])]
    return {"vipCoinList": [{"list": shown, "vipLevel": level} for level in levels if wanted in (None, level)]}


def _due(loan: Loan) -> str:
    return "" if loan.due_at is None else str(loan.due_at)


def _ongoing(loan: Loan, call: Call) -> dict:
    switches = call.switches
    return {
        "collateralAmount": switches.amount(loan.collateral),
        "collateralCurrency": loan.collateral_coin,
        "currentLTV": plain(rounded(interest.ltv(loan, call.book.ledger.prices), 4)),
        "expirationTime": _due(loan),
        "hourlyInterestRate": switches.unneeded(plain(loan.hourly_rate)),
        "loanCurrency": loan.loan_coin,
        "loanTerm": loan.term,
        "orderId": loan.order_id,
        "residualInterest": switches.amount(loan.interest),
        "residualPenaltyInterest": switches.unneeded(switches.amount(loan.penalty)),
        # The documentation calls the unpaid principal so; interest is not in it.
        "totalDebt": switches.amount(loan.principal),
    }


def _repaid(item: Repayment, switches: Switches) -> dict:
    return {
        "collateralCurrency": item.collateral_coin,
        "collateralReturn": switches.unneeded(switches.amount(item.collateral_return)),
        "loanCurrency": item.loan_coin,
        "loanTerm": item.term,
        "orderId": item.order_id,
        "repayAmount": switches.amount(item.amount),
        "repayId": item.repay_id,
        "repayStatus": item.status,
        "repayTime": str(item.time),
        "repayType": item.type,
    }


def _completed(loan: Loan, switches: Switches) -> dict:
    return {
        "borrowTime": str(loan.borrowed_at),
        "collateralCurrency": loan.collateral_coin,
        "expirationTime": _due(loan),
        "hourlyInterestRate": switches.unneeded(plain(loan.hourly_rate)),
        "initialCollateralAmount": switches.amount(loan.initial_collateral),
        "initialLoanAmount": switches.amount(loan.initial_loan),
        "loanCurrency": loan.loan_coin,
        "loanTerm": loan.term,
        "orderId": loan.order_id,
        "repaidInterest": switches.amount(loan.repaid_interest),
        "repaidPenaltyInterest": switches.amount(loan.repaid_penalty),
        "status": 2 if loan.status == LIQUIDATED else 1,
    }


LEGACY_ROUTES = {
    "POST /v5/crypto-loan/repay": Route(repay, LOANS),
    "GET /v5/crypto-loan/ongoing-orders": Route(ongoing_orders, LOANS),
    "GET /v5/crypto-loan/repayment-history": Route(repayment_history, LOANS),
    "GET /v5/crypto-loan/borrow-history": Route(borrow_history, LOANS),
    "GET /v5/crypto-loan/loanable-data": Route(loanable_data),
    "GET /v5/crypto-loan/collateral-data": Route(collateral_data),
    "GET /v5/market/time": Route(server_time, message="OK"),
}
