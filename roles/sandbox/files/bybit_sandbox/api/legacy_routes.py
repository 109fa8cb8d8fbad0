# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of legacy loans and of the server time, with the documented fields and types."""

from __future__ import annotations

import operator

from ..amounts import parse, plain, rounded
from ..errors import Refusal
from ..ledger import interest
from ..ledger.model import LIQUIDATED, LegacyLoan, LegacyRepayment
from ..switches import Switches
from . import history_rows, pagination, visibility
from .request import LOANS, TERMS, ApiRequest, Route, json_body

FIXED, FLEXIBLE = "1", "2"
ORDER_ID, REPAY_ID = operator.attrgetter("order_id"), operator.attrgetter("repay_id")


def repay(request: ApiRequest) -> dict:
    body = json_body(request.body, "orderId", "amount")
    value = parse(body["amount"])
    if value is None:
        raise Refusal(177003)
    repayment = request.loan_book.legacy.repay(
        request.account, body["orderId"], value, request.now, settlement=request.settlement
    )
    request.report(repayment.summary())
    return {"repayId": repayment.repay_id}


def ongoing_orders(request: ApiRequest) -> dict:
    query = request.query
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
    shown = visibility.open_loans(request.account, request.now)
    loans, cursor = pagination.paginate(request.account.legacy_loans, query, filters, ORDER_ID, request.switches.list_end, shown)
    return {"list": [_ongoing(loan, request) for loan in loans], "nextPageCursor": cursor}


def repayment_history(request: ApiRequest) -> dict:
    filters = {"orderId": "order_id", "repayId": "repay_id", "loanCurrency": "loan_coin"}
    shown = history_rows.legacy_repayments(request.now, request.switches, request.by_id)
    items, cursor = pagination.paginate(
        request.account.legacy_repayments, request.query, filters, REPAY_ID, request.switches.list_end, shown
    )
    return {"list": [_repaid(item, request.switches) for item in items], "nextPageCursor": cursor}


def borrow_history(request: ApiRequest) -> dict:
    filters = {"orderId": "order_id", "loanCurrency": "loan_coin", "collateralCurrency": "collateral_coin"}
    closed = visibility.closed_loans(request.account, request.now)
    loans, cursor = pagination.paginate(closed, request.query, filters, ORDER_ID, request.switches.list_end)
    return {"list": [_completed(loan, request.switches) for loan in loans], "nextPageCursor": cursor}


def loanable_data(request: ApiRequest) -> dict:
    return _by_vip_level(request, [
        {
            "borrowingAccuracy": coin.accuracy,
            "currency": name,
            "flexibleHourlyInterestRate": coin.flexible_rate,
            **{f"hourlyInterestRate{term}D": coin.fixed_rates.get(term, "") for term in TERMS},
            "maxBorrowingAmount": plain(coin.max_amount),
            "minBorrowingAmount": plain(coin.min_amount),
        }
        for name, coin in request.loan_book.ledger.loan_coins.items()
    ])


def collateral_data(request: ApiRequest) -> dict:
    return _by_vip_level(request, [
        {
            "collateralAccuracy": coin.accuracy,
            "currency": name,
            "initialLTV": plain(coin.initial_ltv),
            "liquidationLTV": plain(coin.liquidation_ltv),
            "marginCallLTV": plain(coin.margin_call_ltv),
            "maxLimit": plain(coin.max_limit),
        }
        for name, coin in request.loan_book.ledger.collateral_coins.items()
    ])


def server_time(request: ApiRequest) -> dict:
    return {"timeSecond": str(request.shown_time_ns // 1_000_000_000), "timeNano": str(request.shown_time_ns)}


def _by_vip_level(request: ApiRequest, coins: list[dict]) -> dict:
    levels = request.loan_book.ledger.vip_levels
    wanted = request.query.get("vipLevel")
    if wanted is not None and wanted not in levels:
        raise Refusal(10001, "vipLevel is unknown")
    shown = [coin for coin in coins if coin["currency"] == request.query.get("currency", coin["currency"])]
    return {"vipCoinList": [{"list": shown, "vipLevel": level} for level in levels if wanted in (None, level)]}


def _due(loan: LegacyLoan) -> str:
    return "" if loan.due_at is None else str(loan.due_at)


def _ongoing(loan: LegacyLoan, request: ApiRequest) -> dict:
    switches = request.switches
    return {
        "collateralAmount": switches.amount(loan.collateral),
        "collateralCurrency": loan.collateral_coin,
        "currentLTV": plain(rounded(interest.ltv(loan, request.loan_book.ledger.prices), 4)),
        "expirationTime": _due(loan),
        "hourlyInterestRate": switches.optional(plain(loan.hourly_rate)),
        "loanCurrency": loan.loan_coin,
        "loanTerm": loan.term,
        "orderId": loan.order_id,
        "residualInterest": switches.amount(loan.interest),
        "residualPenaltyInterest": switches.optional(switches.amount(loan.penalty)),
        # The documentation gives this name to the unpaid principal, without interest.
        "totalDebt": switches.amount(loan.principal),
    }


def _repaid(item: LegacyRepayment, switches: Switches) -> dict:
    return {
        "collateralCurrency": item.collateral_coin,
        "collateralReturn": switches.optional(switches.amount(item.collateral_return)),
        "loanCurrency": item.loan_coin,
        "loanTerm": item.term,
        "orderId": item.order_id,
        "repayAmount": switches.amount(item.amount),
        "repayId": item.repay_id,
        "repayStatus": item.status,
        "repayTime": str(item.time),
        "repayType": item.type,
    }


def _completed(loan: LegacyLoan, switches: Switches) -> dict:
    return {
        "borrowTime": str(loan.borrowed_at),
        "collateralCurrency": loan.collateral_coin,
        "expirationTime": _due(loan),
        "hourlyInterestRate": switches.optional(plain(loan.hourly_rate)),
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
