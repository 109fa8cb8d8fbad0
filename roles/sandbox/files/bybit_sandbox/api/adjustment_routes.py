# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints for adjusting the collateral of a legacy loan or an account, with the documented fields and types."""

from __future__ import annotations

import operator
from collections.abc import Callable

from ..amounts import parse, plain, rounded
from ..errors import Refusal
from ..ledger.model import FAILED, PROCESSING
from ..ledger.records import ADD, REDUCE, Adjustment
from ..switches import HIDDEN
from . import pagination
from .request import LOANS, ApiRequest, Route, amount_of, json_body
from .visibility import HISTORY_MS

ADJUST_ID = operator.attrgetter("adjust_id")
LEGACY_LTV_PLACES, LTV_PLACES = 4, 6


def adjust_loan(request: ApiRequest) -> dict:
    body = json_body(request.body, "orderId", "amount", "direction")
    value = parse(body["amount"])
    if value is None:
        raise Refusal(177003)
    if body["direction"] not in (ADD, REDUCE):
        raise Refusal(177019)
    adjustment = request.loan_book.adjustments.adjust_loan(
        request.account, body["orderId"], value, body["direction"], request.now, request.settlement
    )
    return {"adjustId": adjustment.adjust_id}


def adjust_account(request: ApiRequest) -> dict:
    body = json_body(request.body, "currency", "amount", "direction")
    if body["direction"] not in (ADD, REDUCE):
        raise Refusal(10001, "direction must be 0 or 1")
    adjustment = request.loan_book.adjustments.adjust_account(
        request.account, body["currency"], amount_of(body["amount"]), body["direction"], request.now, request.settlement
    )
    return {"adjustId": int(adjustment.adjust_id)}


def most_of_loan(request: ApiRequest) -> dict:
    amount = request.loan_book.adjustments.most_of_loan(request.account, _needed(request, "orderId"))
    return {"maxCollateralAmount": plain(amount)}


def most_of_account(request: ApiRequest) -> dict:
    amount = request.loan_book.adjustments.most_of_account(request.account, _needed(request, "currency"))
    return {"maxCollateralAmount": plain(amount)}


def loan_history(request: ApiRequest) -> dict:
    filters = {"orderId": "order_id", "adjustId": "adjust_id", "collateralCurrency": "coin"}
    items, cursor = _page(request, filters, _of_loans(request))
    return {"list": [_of_loan(item) for item in items], "nextPageCursor": cursor}


def account_history(request: ApiRequest) -> dict:
    def shown(item: Adjustment) -> list[Adjustment]:
        return [] if item.order_id or item.visible_at > request.now else [item]

    items, cursor = _page(request, {"adjustId": "adjust_id", "collateralCurrency": "coin"}, shown)
    return {"list": [_of_account(item) for item in items], "nextPageCursor": cursor}


def _of_loans(request: ApiRequest) -> Callable[[Adjustment], list[Adjustment]]:
    """A function that returns the row of a legacy adjustment; a failed one has no row, since rows have no status."""

    def shown(item: Adjustment) -> list[Adjustment]:
        hidden = item.status == FAILED or (
            item.status == PROCESSING and request.switches.legacy_adjustment_processing == HIDDEN
        )
        if hidden or not item.order_id or item.visible_at > request.now or item.time < request.now - HISTORY_MS:
            return []
        return [item]

    return shown


def _page(
    request: ApiRequest, filters: dict[str, str], shown: Callable[[Adjustment], list[Adjustment]]
) -> tuple[list[Adjustment], str]:
    return pagination.paginate(request.account.adjustments, request.query, filters, ADJUST_ID, request.switches.list_end, shown)


def _needed(request: ApiRequest, name: str) -> str:
    if name not in request.query:
        raise Refusal(10001, f"{name} is missing")
    return request.query[name]


def _of_loan(item: Adjustment) -> dict:
    return {
        "adjustId": item.adjust_id, "adjustTime": str(item.time), "orderId": item.order_id,
        "preLTV": plain(rounded(item.before_ltv, LEGACY_LTV_PLACES)), "afterLTV": plain(rounded(item.after_ltv, LEGACY_LTV_PLACES)),
        "amount": plain(item.amount), "collateralCurrency": item.coin, "direction": int(item.direction),
    }


def _of_account(item: Adjustment) -> dict:
    return {
        "adjustId": int(item.adjust_id), "adjustTime": item.time, "status": item.status,
        "preLTV": plain(rounded(item.before_ltv, LTV_PLACES)), "afterLTV": plain(rounded(item.after_ltv, LTV_PLACES)),
        "amount": plain(item.amount), "collateralCurrency": item.coin, "direction": int(item.direction),
    }


ADJUSTMENT_ROUTES = {
    "POST /v5/crypto-loan/adjust-ltv": Route(adjust_loan, LOANS),
    "GET /v5/crypto-loan/adjustment-history": Route(loan_history, LOANS),
    "GET /v5/crypto-loan/max-collateral-amount": Route(most_of_loan, LOANS),
    "POST /v5/crypto-loan-common/adjust-ltv": Route(adjust_account, LOANS, "ok"),
    "GET /v5/crypto-loan-common/adjustment-history": Route(account_history, LOANS, "ok"),
    "GET /v5/crypto-loan-common/max-collateral-amount": Route(most_of_account, LOANS, "ok"),
}
