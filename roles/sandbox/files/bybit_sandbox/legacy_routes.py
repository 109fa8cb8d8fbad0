# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the legacy loans, the time and the wallet, each with the documented fields and types."""

from __future__ import annotations

import operator

from . import interest, queries, views
from .book import Book
from .calls import ACCOUNT_TYPES, LOANS, TERMS, WALLET, Call, Route, json_body
from .errors import Refusal
from .model import LIQUIDATED, Loan, Repayment
from .money import ZERO, parse, plain, rounded

FIXED, FLEXIBLE = "1", "2"
POSITION = operator.attrgetter("position")


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
    loans, cursor = queries.legacy_page(call.account.loans, query, filters, POSITION, shown)
    return {"list": [_ongoing(loan, call.book) for loan in loans], "nextPageCursor": cursor}


def repayment_history(call: Call) -> dict:
    filters = {"orderId": "order_id", "repayId": "repay_id", "loanCurrency": "loan_coin"}
    shown = views.repayments(call.now)
    items, cursor = queries.legacy_page(call.account.repayments, call.query, filters, POSITION, shown)
    return {"list": [_repaid(item) for item in items], "nextPageCursor": cursor}


def borrow_history(call: Call) -> dict:
    filters = {"orderId": "order_id", "loanCurrency": "loan_coin", "collateralCurrency": "collateral_coin"}
    closed = views.closed_loans(call.account, call.now)
    loans, cursor = queries.legacy_page(closed, call.query, filters, views.closing)
    return {"list": [_completed(loan) for loan in loans], "nextPageCursor": cursor}


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


def coin_balance(call: Call) -> dict:
    query = call.query
    if query.get("accountType") not in ACCOUNT_TYPES:
        raise Refusal(10001, "accountType is missing or unknown")
    coin = query.get("coin", "")
    if coin not in call.book.ledger.prices:
        raise Refusal(10001, "coin is missing or unknown")
    if query.get("memberId", call.account.uid) != call.account.uid:
        raise Refusal(10001, "memberId is not a sub account of this account")
    # Only the Funding wallet holds money here.
    held = views.wallet(call.account, call.now).get(coin, ZERO) if query["accountType"] == "FUND" else ZERO
    return {
        "accountType": query["accountType"],
        "bizType": 1,
        "accountId": call.account.uid,
        "memberId": call.account.uid,
        "balance": {
            "coin": coin,
            "walletBalance": plain(held),
            "transferBalance": plain(held),
            "bonus": "0",
            "transferSafeAmount": plain(held) if query.get("withTransferSafeAmount") == "1" else "",
            "ltvTransferSafeAmount": plain(held) if query.get("withLtvTransferSafeAmount") == "1" else "",
        },
    }


def _by_vip_level(call: Call, coins: list[dict]) -> dict:
    levels = call.book.ledger.vip_levels
    wanted = call.query.get("vipLevel")
    if wanted is not None and wanted not in levels:
        raise Refusal(10001, "vipLevel is unknown")
    shown = [coin for coin in coins if coin["currency"] == call.query.get("currency", coin["currency"])]
    return {"vipCoinList": [{"list": shown, "vipLevel": level} for level in levels if wanted in (None, level)]}


def _due(loan: Loan) -> str:
    return "" if loan.due_at is None else str(loan.due_at)


def _ongoing(loan: Loan, book: Book) -> dict:
    return {
        "collateralAmount": plain(loan.collateral),
        "collateralCurrency": loan.collateral_coin,
        "currentLTV": plain(rounded(interest.ltv(loan, book.ledger.prices), 4)),
        "expirationTime": _due(loan),
        "hourlyInterestRate": plain(loan.hourly_rate),
        "loanCurrency": loan.loan_coin,
        "loanTerm": loan.term,
        "orderId": loan.order_id,
        "residualInterest": plain(loan.interest),
        "residualPenaltyInterest": plain(loan.penalty),
        # The documentation calls the unpaid principal so; interest is not in it.
        "totalDebt": plain(loan.principal),
    }


def _repaid(item: Repayment) -> dict:
    return {
        "collateralCurrency": item.collateral_coin,
        "collateralReturn": plain(item.collateral_return),
        "loanCurrency": item.loan_coin,
        "loanTerm": item.term,
        "orderId": item.order_id,
        "repayAmount": plain(item.amount),
        "repayId": item.repay_id,
        "repayStatus": item.status,
        "repayTime": str(item.time),
        "repayType": item.type,
    }


def _completed(loan: Loan) -> dict:
    return {
        "borrowTime": str(loan.borrowed_at),
        "collateralCurrency": loan.collateral_coin,
        "expirationTime": _due(loan),
        "hourlyInterestRate": plain(loan.hourly_rate),
        "initialCollateralAmount": plain(loan.initial_collateral),
        "initialLoanAmount": plain(loan.initial_loan),
        "loanCurrency": loan.loan_coin,
        "loanTerm": loan.term,
        "orderId": loan.order_id,
        "repaidInterest": plain(loan.repaid_interest),
        "repaidPenaltyInterest": plain(loan.repaid_penalty),
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
    "GET /v5/asset/transfer/query-account-coin-balance": Route(coin_balance, WALLET, "success"),
}
