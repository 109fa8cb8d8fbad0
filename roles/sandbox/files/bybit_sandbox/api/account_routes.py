# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints for the API key, the wallet, and its history, with the documented fields and types."""

from __future__ import annotations

import base64
import datetime
import re

from ..amounts import ZERO, plain
from ..clock import DAY_MS, SECOND_MS
from ..errors import Refusal
from ..ledger import business_types
from ..ledger.model import Account, FundingEntry
from ..ledger.records import FUND, UNIFIED
from . import pagination, visibility
from .request import ACCOUNT_TYPES, ANY, LOANS, WALLET, WALLET_READER, ApiRequest, Route

LONGEST_PERIOD_S = 7 * DAY_MS // SECOND_MS
NO_EXPIRY_DAYS = -2
CREATED_AT = "2025-10-13T03:20:45Z"
# Permissions for other products of the exchange, which no key here has.
_OTHER_PERMISSIONS = (
    "ContractTrade", "Options", "Derivatives", "CopyTrading", "BlockTrade", "Exchange", "NFT", "Affiliate", "Earn",
    "FiatP2P", "FiatConvertBroker", "FiatGlobalPay", "FiatBitPay", "BitCard", "ByXPost",
)
_WALLET_RIGHTS = {WALLET: "AccountTransfer", WALLET_READER: "SubMemberTransfer"}
_SECONDS = re.compile(r"[0-9]{1,11}")


def coin_balance(request: ApiRequest) -> dict:
    query = request.query
    if query.get("accountType") not in ACCOUNT_TYPES:
        raise Refusal(10001, "accountType is missing or unknown")
    coin = query.get("coin", "")
    if coin not in request.loan_book.ledger.prices:
        raise Refusal(10001, "coin is missing or unknown")
    if query.get("memberId", request.account.uid) != request.account.uid:
        raise Refusal(10001, "memberId is not a sub account of this account")
    # Wallets other than these two hold no money here.
    wallets = {FUND: visibility.wallet, UNIFIED: visibility.unified}
    shown = wallets.get(query["accountType"])
    held = shown(request.account, request.now).get(coin, ZERO) if shown else ZERO
    return {
        "accountType": query["accountType"],
        "bizType": 1,
        "accountId": request.account.uid,
        "memberId": request.account.uid,
        "balance": {
            "coin": coin,
            "walletBalance": plain(held),
            "transferBalance": plain(held),
            "bonus": "0",
            "transferSafeAmount": plain(held) if query.get("withTransferSafeAmount") == "1" else "",
            "ltvTransferSafeAmount": plain(held) if query.get("withLtvTransferSafeAmount") == "1" else "",
        },
    }


def key_information(request: ApiRequest) -> dict:
    account, key = request.account, request.key
    expires = key.expires_at or 0
    return {
        "id": str(2_208_369 + account.keys.index(key)),
        "note": account.name,
        "apiKey": key.key,
        "readOnly": int(key.read_only),
        "secret": "",
        "permissions": {
            "Spot": ["SpotTrade"] if LOANS in key.permissions else [],
            "Wallet": [right for name, right in _WALLET_RIGHTS.items() if name in key.permissions],
            **{name: [] for name in _OTHER_PERMISSIONS},
        },
        "ips": key.ips or ["*"],
        "type": 1,
        "deadlineDay": (expires - request.now) // DAY_MS if expires else NO_EXPIRY_DAYS,
        "expiredAt": datetime.datetime.fromtimestamp(expires // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdAt": CREATED_AT,
        "unified": 0,
        "uta": 1,
        "userID": int(account.uid),
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": key.rsa_public_key,
        "isMaster": account.parent_uid == "0",
        "parentUid": account.parent_uid,
        "kycLevel": "LEVEL_1",
        "kycRegion": "MYS",
        "userIDInt64": "0",
        "inviterIDInt64": "0",
        "affiliateIDInt64": "0",
    }


def funding_history(request: ApiRequest) -> dict:
    begin, end = _period(request)
    account = request.account

    def shown(entry: FundingEntry) -> list[FundingEntry]:
        return [entry] if begin <= entry.time // SECOND_MS <= end else []

    entries, cursor = pagination.paginate(account.funding, request.query, {}, _cursor, request.switches.list_end, shown)
    return {"nextPageCursor": cursor, "list": [_movement(entry, account) for entry in entries]}


def _period(request: ApiRequest) -> tuple[int, int]:
    """The first and last second of the requested period."""
    names = ("createTimeFrom", "createTimeTo")
    given = [request.query[name] for name in names if name in request.query]
    now = request.now // SECOND_MS
    if not given:
        return now - LONGEST_PERIOD_S, now
    if len(given) == 1 or not all(_SECONDS.fullmatch(text) for text in given):
        raise Refusal(10001, "createTimeFrom and createTimeTo are needed together, in seconds")
    begin, end = map(int, given)
    if not begin <= end <= begin + LONGEST_PERIOD_S:
        raise Refusal(10001, "createTimeTo must be at most 7 days after createTimeFrom")
    return begin, end


def _cursor(entry: FundingEntry) -> str:
    return base64.b64encode(str(entry.number).encode()).decode()


def _movement(entry: FundingEntry, account: Account) -> dict:
    return {
        "memberId": account.uid,
        "currency": entry.coin,
        "ioDirection": "I" if entry.amount > ZERO else "O",
        "txnAmt": plain(abs(entry.amount)),
        "afterAmt": plain(entry.after),
        "createTime": str(entry.time // SECOND_MS),
        **business_types.described(entry.kind),
    }


ACCOUNT_ROUTES = {
    "GET /v5/user/query-api": Route(key_information, ANY, ""),
    "GET /v5/asset/transfer/query-account-coin-balance": Route(coin_balance, WALLET, "success"),
    "GET /v5/asset/fundinghistory": Route(funding_history, WALLET, "OK"),
}
