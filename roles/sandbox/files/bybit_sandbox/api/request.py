# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each endpoint gets to handle, and how it reads the body."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ..amounts import ZERO, parse
from ..errors import Refusal
from ..ledger.loan_book import LoanBook
from ..ledger.model import Account, Key
from ..ledger.settlement import Settlement
from ..switches import Switches

TERMS = ("7", "14", "30", "90", "180")
ACCOUNT_TYPES = ("FUND", "UNIFIED", "SPOT", "CONTRACT", "OPTION", "INVESTMENT")
# Permissions of a key: Wallet reads wallets and makes transfers; SubMemberTransfer only reads wallets.
LOANS, WALLET, WALLET_READER = "SpotTrade", "Wallet", "SubMemberTransfer"
# What an endpoint requires: ANY is met by every key, and a public endpoint needs no key.
TRANSFER, ANY = "AccountTransfer", "any"
GRANTED_BY = {LOANS: (LOANS,), WALLET: (WALLET, WALLET_READER), TRANSFER: (WALLET,)}


@dataclass(frozen=True)
class ApiRequest:
    """An authenticated request; account and key are None for a public endpoint."""

    query: dict[str, str]
    body: bytes
    loan_book: LoanBook
    account: Account | None
    now: int
    shown_time_ns: int
    settlement: Settlement
    report: Callable[[str], None]
    key: Key | None = None

    @property
    def switches(self) -> Switches:
        return self.loan_book.ledger.settings.switches

    @property
    def by_id(self) -> bool:
        """Whether the request asks for a repayment by its ID."""
        return "repayId" in self.query


@dataclass(frozen=True)
class Route:
    answer: Callable[[ApiRequest], dict]
    permission: str = ""
    message: str = "request.success"


def json_body(body: bytes, *required: str, optional: tuple[str, ...] = ()) -> dict[str, str]:
    """These fields of the JSON body; a missing optional field is empty."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(10001, "the body is not JSON") from None
    if not isinstance(document, dict):
        raise Refusal(10001, "the body is not a JSON object")
    for name in required:
        if not isinstance(document.get(name), str) or not document[name]:
            raise Refusal(10001, f"{name} must be a string")
    for name in optional:
        if not isinstance(document.get(name, ""), str):
            raise Refusal(10001, f"{name} must be a string")
    return {name: document.get(name, "") for name in (*required, *optional)}


def amount_of(text: str) -> Decimal:
    """An amount for a flexible or fixed loan, for which the exchange has no error code for a malformed amount."""
    value = parse(text)
    if value is None or value <= ZERO:
        raise Refusal(10001, "amount must be a plain decimal number above zero")
    return value
