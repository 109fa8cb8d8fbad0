# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints for the UNIFIED wallet and for transfers, with the documented fields and types."""

from __future__ import annotations

import base64
import re

from ..amounts import ZERO, parse, plain
from ..clock import DAY_MS, SECOND_MS
from ..errors import Refusal
from ..ledger.model import FAILED, PROCESSING, SUCCESS
from ..ledger.records import FUND, UNIFIED, Transfer
from ..switches import PREFIXED, UNKNOWN
from . import pagination, visibility
from .request import ACCOUNT_TYPES, TRANSFER, WALLET, ApiRequest, Route, json_body

STATUSES = {SUCCESS: "SUCCESS", PROCESSING: "PENDING", FAILED: "FAILED"}
STATUS_UNKNOWN = "STATUS_UNKNOWN"
PREFIX = "selfTransfer_"
PAGE = (20, 50)
MOST_COINS = 20
LONGEST_PERIOD_MS = 7 * DAY_MS
# The documented example is not a UUID of any known version.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MILLISECONDS = re.compile(r"[0-9]{1,14}")


def transfer(request: ApiRequest) -> dict:
    body = json_body(request.body, "transferId", "coin", "amount", "fromAccountType", "toAccountType")
    if not _UUID.fullmatch(body["transferId"]):
        raise Refusal(131203, "transferId must be a UUID")
    if body["coin"] not in request.loan_book.ledger.prices:
        raise Refusal(131203, "coin is unknown")
    source, target = body["fromAccountType"], body["toAccountType"]
    if not {source, target} <= set(ACCOUNT_TYPES):
        raise Refusal(131203, "fromAccountType or toAccountType is unknown")
    if source == target:
        raise Refusal(131211)
    for wallet, code in ((source, 131232), (target, 131231)):
        if wallet not in (FUND, UNIFIED):
            raise Refusal(code)
    amount = parse(body["amount"])
    if amount is None or amount <= ZERO:
        raise Refusal(131215)
    begun = request.loan_book.transfers.begin(
        request.account, body["transferId"], body["coin"], amount, source, target, request.now, request.settlement
    )
    request.report(begun.summary())
    untold = request.switches.transfer_status == UNKNOWN
    return {"transferId": begun.transfer_id, "status": STATUS_UNKNOWN if untold else STATUSES[begun.status]}


def transfers(request: ApiRequest) -> dict:
    query = request.query
    begin, end = _period(request)
    status = query.get("status")
    if status not in (None, STATUS_UNKNOWN, *STATUSES.values()):
        raise Refusal(131203, "status is unknown")
    # Clients may ask for the ID as they sent it or as the list shows it.
    wanted_id = query.get("transferId", "").removeprefix(PREFIX)

    def shown(item: Transfer) -> list[Transfer]:
        fits = wanted_id in ("", item.transfer_id) and status in (None, STATUSES[item.status])
        in_time = begin <= item.time // SECOND_MS <= end and item.visible_at <= request.now
        return [item] if fits and in_time else []

    items, cursor = pagination.paginate(
        request.account.transfers, query, {"coin": "coin"}, _cursor, request.switches.list_end, shown, PAGE
    )
    return {"list": [_listed(item, request) for item in items], "nextPageCursor": cursor}


def available(request: ApiRequest) -> dict:
    coins = request.query.get("coinName", "").split(",")
    if len(coins) > MOST_COINS or not set(coins) <= set(request.loan_book.ledger.prices):
        raise Refusal(10001, f"coinName must name 1 to {MOST_COINS} coins, separated by commas")
    held = visibility.unified(request.account, request.now)
    amounts = {coin: plain(held.get(coin, ZERO)) for coin in coins}
    return {"availableWithdrawal": amounts[coins[0]], "availableWithdrawalMap": amounts}


def _period(request: ApiRequest) -> tuple[int, int]:
    """The first and last second of the requested period: at most 7 days from the start, up to the end or now."""
    given = {name: request.query[name] for name in ("startTime", "endTime") if name in request.query}
    if not all(_MILLISECONDS.fullmatch(text) for text in given.values()):
        raise Refusal(131203, "startTime and endTime must be milliseconds")
    if "startTime" in given:
        begin = int(given["startTime"])
        end = int(given.get("endTime", begin + LONGEST_PERIOD_MS))
    else:
        end = int(given.get("endTime", request.now))
        begin = end - LONGEST_PERIOD_MS
    if not begin <= end <= begin + LONGEST_PERIOD_MS:
        raise Refusal(131203, "endTime must be at most 7 days after startTime")
    return begin // SECOND_MS, end // SECOND_MS


def _cursor(item: Transfer) -> str:
    return base64.b64encode(str(item.number).encode()).decode()


def _listed(item: Transfer, request: ApiRequest) -> dict:
    switches = request.switches
    time = item.time // SECOND_MS * SECOND_MS if switches.transfer_time_precision == "s" else item.time
    return {
        "transferId": f"{PREFIX if switches.transfer_list_id == PREFIXED else ''}{item.transfer_id}",
        "coin": item.coin,
        "amount": plain(item.amount),
        "fromAccountType": item.source,
        "toAccountType": item.target,
        "timestamp": str(time),
        "status": STATUSES[item.status],
    }


TRANSFER_ROUTES = {
    "POST /v5/asset/transfer/inter-transfer": Route(transfer, TRANSFER, "success"),
    "GET /v5/asset/transfer/query-inter-transfer-list": Route(transfers, WALLET, "success"),
    "GET /v5/account/withdrawal": Route(available, WALLET, "OK"),
}
