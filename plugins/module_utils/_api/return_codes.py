# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only table of return codes and HTTP statuses, and what each means for the outcome of a request.

Source of the codes and their meaning: "Error Codes" in the exchange's v5 documentation. It does not say whether a refused request may
nevertheless have been executed; the readings are this project's. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._outcomes import NOT_EXECUTED, UNKNOWN

ACCEPTED = "accepted"
EARLIER_REQUEST = "earlier_request"

RET_CODE_OK = 0
PERMISSION_MISSING = 10005
RATE_LIMITED = 10006
CLOCK_REFUSED = 10002
CLOCK_CODES = (CLOCK_REFUSED, -1)
ORDER_NOT_FOUND = 177005
# The exchange refuses an amount that has too many decimal places, or is too small, with one of these codes.
TOO_FINE_CODES = frozenset({10001, 148002, 148003, 148028, 148042, 177003, 177004, 177019})
NO_DEBT_CODES = frozenset({148023, 148027, 148032})
# A read that is refused with one of these shows that the account cannot use the call: because of the key, the region, or the kind of
# account, because the call was retired, or because the product does not support the coin.
UNUSABLE_CODES = frozenset({PERMISSION_MISSING, 10009, 10017, 10024, 10028, 100028, 148001, 148014, 177006, 177020})
# A product may refuse the ID of another product's loan with one of these codes.
FOREIGN_ID_CODES = frozenset({10001, 177003, 177019})

IP_BLOCKED = 403
IP_LIMITED = 10018
NOT_SERVED = 404


class Meaning(t.NamedTuple):
    """One row of the table.

    :ivar reading: Whether the request was executed: C(ACCEPTED), C(NOT_EXECUTED), C(UNKNOWN), or C(EARLIER_REQUEST) if this request was
        not executed, but an identical earlier one may have been.
    :ivar cause: What is wrong, for use within a sentence.
    :ivar remedy: What the user should do, as a sentence that names the option.
    """

    reading: str
    cause: str
    remedy: str


LOOK_FIRST = "Check the exchange's history before you send anything again."
_WAIT = "Run again later."
_SUPPORT = "Contact the exchange's support with the request ID."
_DECIMALS = "Use fewer decimal places in amount (or add, take_back)."
_KEY_PAIR = "Check that api_secret, or rsa_private_key for an RSA key, belongs to api_key."
_ACCOUNT = "Contact the exchange's support about the account of api_key; until then, it cannot move anything by API."
_COIN = "Check the coin (loan_currency or currency)."
_PLEDGED_COIN = "Check currency, or the coins in collateral."
_ADD_LESS = "Add less (add, max_ltv, or at_most) or another coin, or repay."
_TAKE_LESS = "Take back less (take_back, min_ltv, or at_most), or repay first."
_MOVE_LESS = "Set a smaller amount, add, or take_back."
_STOP = "Stop all requests from this address for at least 10 minutes."
_BORROWING = "Contact the exchange's support with the request ID: this is about borrowing, which no module does."
_LENDING = "Contact the exchange's support with the request ID: this is about lending, which no module does."
_FUND = "Top up the Funding wallet, for example with bybit_funding_transfer, or request less."
_TRANSFER_LESS = "Top up the source wallet, or set a smaller amount or ensure."
_TRANSFER = "Ask the exchange's support whether the account of api_key may make this transfer."

CODES: dict[int, Meaning] = {
    RET_CODE_OK: Meaning(ACCEPTED, "the request was accepted", ""),
    # Refused before any business logic saw the request.
    -1: Meaning(NOT_EXECUTED, "the timestamp is outside the time window", "Synchronize the clock of this machine with NTP."),
    10001: Meaning(NOT_EXECUTED, "a parameter is wrong", "Correct the option that the message names."),
    CLOCK_REFUSED: Meaning(
        NOT_EXECUTED,
        "the timestamp is outside the time window",
        "Synchronize the clock of this machine with NTP; on a slow connection, raise recv_window.",
    ),
    10003: Meaning(
        NOT_EXECUTED,
        "the host does not know the key",
        "Check api_key, and set environment (or api_url) to where the key was created; the default is testnet.",
    ),
    10004: Meaning(NOT_EXECUTED, "the signature is wrong", _KEY_PAIR),
    PERMISSION_MISSING: Meaning(
        NOT_EXECUTED, "the key lacks a permission", 'Grant api_key the permission "Spot trade" (read and write), or for transfers "Account transfer".'
    ),
    RATE_LIMITED: Meaning(NOT_EXECUTED, "too many requests per second", "Raise rate_limit_timeout, or run fewer tasks at the same time."),
    10007: Meaning(NOT_EXECUTED, "the authentication failed", _KEY_PAIR),
    10008: Meaning(NOT_EXECUTED, "the account is banned", _ACCOUNT),
    10009: Meaning(NOT_EXECUTED, "the service is restricted in this region", _ACCOUNT),
    10010: Meaning(
        NOT_EXECUTED,
        "the key is bound to other IP addresses",
        "Add the IP address of this machine (or of its proxy) to those that api_key is bound to.",
    ),
    10014: Meaning(EARLIER_REQUEST, "the request is a duplicate of an earlier one", LOOK_FIRST),
    10017: Meaning(NOT_EXECUTED, "the host does not serve this call", "Check environment or api_url."),
    IP_LIMITED: Meaning(NOT_EXECUTED, "this IP address sent too many requests", _STOP),
    10024: Meaning(NOT_EXECUTED, "compliance rules forbid this", _ACCOUNT),
    10027: Meaning(NOT_EXECUTED, "the account may not make transactions", _ACCOUNT),
    10028: Meaning(NOT_EXECUTED, "only unified accounts may do this", _ACCOUNT),
    10029: Meaning(NOT_EXECUTED, "the exchange does not have this symbol", _COIN),
    10032: Meaning(
        NOT_EXECUTED,
        "this call is not available in demo trading",
        "The demo host serves no loans. Use testnet or mainnet (environment or api_url) with a key created there.",
    ),
    100028: Meaning(NOT_EXECUTED, "unified accounts may not do this", _ACCOUNT),
    -2015: Meaning(NOT_EXECUTED, "the key has expired", "Create a new key for the same account, and set api_key and its secret."),
    33004: Meaning(NOT_EXECUTED, "the key has expired", "Create a new key for the same account, and set api_key and its secret."),
    # General errors that may occur while the request is executed.
    429: Meaning(UNKNOWN, "the exchange is overloaded", LOOK_FIRST),
    10000: Meaning(UNKNOWN, "the exchange timed out", LOOK_FIRST),
    10016: Meaning(UNKNOWN, "the exchange had an internal error", LOOK_FIRST),
    # Legacy crypto loans.
    177002: Meaning(UNKNOWN, "the loan service is busy", LOOK_FIRST),
    177003: Meaning(NOT_EXECUTED, "a parameter has illegal characters", "Check order_id and amount (or add, take_back)."),
    177004: Meaning(NOT_EXECUTED, "the amount has too many decimal places for the coin", _DECIMALS),
    ORDER_NOT_FOUND: Meaning(
        NOT_EXECUTED,
        "there is no such open loan order",
        "Check order_id, and that api_key belongs to the account that borrowed.",
    ),
    177006: Meaning(NOT_EXECUTED, "the exchange does not have this coin", "Check order_id."),
    177007: Meaning(NOT_EXECUTED, "the amount exceeds the maximum for borrowing", _SUPPORT),
    177008: Meaning(NOT_EXECUTED, "borrowing this coin is banned", _SUPPORT),
    177009: Meaning(NOT_EXECUTED, "the amount is below the minimum for borrowing", _SUPPORT),
    177010: Meaning(NOT_EXECUTED, "the amount exceeds the debt", "Read the debt again, and set a smaller amount."),
    177011: Meaning(NOT_EXECUTED, "the balance is too small", _FUND),
    177012: Meaning(NOT_EXECUTED, "the exchange lacks this asset at the moment", _WAIT),
    177013: Meaning(NOT_EXECUTED, "the adjustment exceeds the minimum collateral", _TAKE_LESS),
    177014: Meaning(NOT_EXECUTED, "the loan quota of the account is reached", _SUPPORT),
    177015: Meaning(NOT_EXECUTED, "the collateral has reached its limit", _ADD_LESS),
    177016: Meaning(NOT_EXECUTED, "the collateral is not enough", _TAKE_LESS),
    177017: Meaning(NOT_EXECUTED, "the coin cannot be collateral", _PLEDGED_COIN),
    177018: Meaning(EARLIER_REQUEST, "the request is a duplicate of an earlier one", LOOK_FIRST),
    177019: Meaning(NOT_EXECUTED, "a parameter is invalid", "Check order_id and amount (or add, take_back)."),
    177020: Meaning(NOT_EXECUTED, "the account does not support this asset", _SUPPORT),
    177021: Meaning(UNKNOWN, "the exchange reports the repayment as failed", LOOK_FIRST),
    # Flexible and fixed crypto loans.
    148001: Meaning(NOT_EXECUTED, "the coin is not supported", _COIN),
    148002: Meaning(NOT_EXECUTED, "the amount is below the minimum for borrowing", _BORROWING),
    148003: Meaning(NOT_EXECUTED, "the amount has too many decimal places for the coin", _DECIMALS),
    148004: Meaning(NOT_EXECUTED, "the coin cannot be collateral", _PLEDGED_COIN),
    148005: Meaning(NOT_EXECUTED, "the collateral amount has too many decimal places", _DECIMALS),
    148006: Meaning(NOT_EXECUTED, "the collateral exceeds the limit of the exchange", _ADD_LESS),
    148007: Meaning(NOT_EXECUTED, "the amount to borrow is negative", _BORROWING),
    148008: Meaning(NOT_EXECUTED, "the amount of collateral is negative", "Correct add or take_back."),
    148009: Meaning(NOT_EXECUTED, "the LTV would be too high", _TAKE_LESS),
    148010: Meaning(NOT_EXECUTED, "the remaining quota is too small", _BORROWING),
    148011: Meaning(
        NOT_EXECUTED,
        "the balance of the funding pool is too small, probably that of the lenders",
        "Run again later, or top up the Funding wallet.",
    ),
    148012: Meaning(NOT_EXECUTED, "the collateral is not enough", _MOVE_LESS),
    148013: Meaning(
        NOT_EXECUTED,
        "collateral cannot be adjusted without a loan",
        "Check currency, and that api_key belongs to the account that borrowed.",
    ),
    148014: Meaning(NOT_EXECUTED, "the coin is not supported", _COIN),
    148015: Meaning(NOT_EXECUTED, "the term is out of range", _BORROWING),
    148016: Meaning(NOT_EXECUTED, "the rate is not supported", _LENDING),
    148017: Meaning(NOT_EXECUTED, "the rate has too many decimal places", _LENDING),
    148018: Meaning(NOT_EXECUTED, "the account has too many open orders", _BORROWING),
    148019: Meaning(UNKNOWN, "the loan service is busy", LOOK_FIRST),
    148020: Meaning(NOT_EXECUTED, "the exchange can lend no more now", _BORROWING),
    148021: Meaning(UNKNOWN, "another operation is in conflict with this one", LOOK_FIRST),
    148022: Meaning(NOT_EXECUTED, "the assets are not enough for lending", _LENDING),
    148023: Meaning(NOT_EXECUTED, "there is no such loan", "Read the loan again: it may be repaid already."),
    148024: Meaning(UNKNOWN, "the loan order could not be cancelled", LOOK_FIRST),
    148025: Meaning(UNKNOWN, "the lending order could not be cancelled", LOOK_FIRST),
    148026: Meaning(UNKNOWN, "the repayment could not be created", LOOK_FIRST),
    148027: Meaning(NOT_EXECUTED, "the account has no active loan", "Read the loan again: it may be repaid already."),
    148028: Meaning(NOT_EXECUTED, "the amount has too many decimal places for the coin", _DECIMALS),
    148029: Meaning(NOT_EXECUTED, "the balance is too small", _FUND),
    148030: Meaning(NOT_EXECUTED, "there is no such deposit", _LENDING),
    148031: Meaning(NOT_EXECUTED, "the loan is being liquidated", "Stop, and check the loan on the exchange's site."),
    148032: Meaning(NOT_EXECUTED, "there is no debt", "Read the loan again: it may be repaid already."),
    148033: Meaning(NOT_EXECUTED, "the loan order cannot be repaid", _SUPPORT),
    148034: Meaning(UNKNOWN, "the loan service asks to wait", LOOK_FIRST),
    148035: Meaning(UNKNOWN, "the loan service asks to wait", LOOK_FIRST),
    148036: Meaning(UNKNOWN, "the collateral could not be adjusted", LOOK_FIRST),
    148037: Meaning(NOT_EXECUTED, "the collateral is not enough or the adjustment too large", _MOVE_LESS),
    148038: Meaning(NOT_EXECUTED, "the amount exceeds the debt", "Read the debt again, and set a smaller amount."),
    148039: Meaning(NOT_EXECUTED, "a collateral coin is named twice", _PLEDGED_COIN),
    148040: Meaning(NOT_EXECUTED, "the collateral coin is wrong", _PLEDGED_COIN),
    148041: Meaning(EARLIER_REQUEST, "a repayment of this loan already exists", LOOK_FIRST),
    148042: Meaning(NOT_EXECUTED, "the amount has too many decimal places for the coin", _DECIMALS),
    148047: Meaning(NOT_EXECUTED, "the collateral exceeds USD 300,000 in one repayment", "Set a smaller amount."),
    148048: Meaning(NOT_EXECUTED, "the collateral exceeds the limit of the exchange", _ADD_LESS),
    # Wallets, and transfers between them.
    131001: Meaning(UNKNOWN, "the wallet service had an error", LOOK_FIRST),
    131002: Meaning(NOT_EXECUTED, "a parameter is wrong", "Correct the option that the message names."),
    131003: Meaning(UNKNOWN, "the wallet service had an internal error", LOOK_FIRST),
    131082: Meaning(EARLIER_REQUEST, "the request repeats an earlier one", LOOK_FIRST),
    131200: Meaning(UNKNOWN, "the transfer service had an error", LOOK_FIRST),
    131201: Meaning(UNKNOWN, "the transfer service had an internal error", LOOK_FIRST),
    131202: Meaning(NOT_EXECUTED, "the exchange does not know the account", _ACCOUNT),
    131203: Meaning(NOT_EXECUTED, "a parameter is wrong", "Correct the option that the message names."),
    131204: Meaning(UNKNOWN, "the account could not be read", LOOK_FIRST),
    131205: Meaning(UNKNOWN, "the transfer could not be read", LOOK_FIRST),
    131206: Meaning(NOT_EXECUTED, "this cannot be transferred", _TRANSFER),
    131207: Meaning(NOT_EXECUTED, "the account does not exist", _TRANSFER),
    131208: Meaning(NOT_EXECUTED, "the transfer is forbidden", _TRANSFER),
    131209: Meaning(UNKNOWN, "the subaccounts could not be read", LOOK_FIRST),
    131210: Meaning(NOT_EXECUTED, "the amount has too many decimal places for the coin", "Use fewer decimal places in amount."),
    131211: Meaning(NOT_EXECUTED, "both ends of the transfer are the same wallet", "Set from_account_type and to_account_type to different wallets."),
    131212: Meaning(NOT_EXECUTED, "the balance is too small", _TRANSFER_LESS),
    131213: Meaning(UNKNOWN, "the LTV could not be checked", LOOK_FIRST),
    131214: Meaning(EARLIER_REQUEST, "a transfer with this ID already exists", LOOK_FIRST),
    131215: Meaning(NOT_EXECUTED, "the amount is wrong", "Correct amount or ensure."),
    131216: Meaning(UNKNOWN, "the balance could not be read", LOOK_FIRST),
    131217: Meaning(UNKNOWN, "the risk could not be checked", LOOK_FIRST),
    131226: Meaning(NOT_EXECUTED, "the exchange forbids it for security reasons", _TRANSFER),
    131227: Meaning(
        NOT_EXECUTED, "the subaccount may not transfer", "Grant the subaccount of api_key the permission for universal transfers."
    ),
    131228: Meaning(NOT_EXECUTED, "the amount exceeds what can safely be transferred", "Set a smaller amount or ensure."),
    131229: Meaning(NOT_EXECUTED, "compliance rules forbid transferring this coin", "Check coin."),
    131230: Meaning(UNKNOWN, "the transfer service is busy", LOOK_FIRST),
    131231: Meaning(NOT_EXECUTED, "nothing may be transferred into this wallet", _TRANSFER),
    131232: Meaning(NOT_EXECUTED, "nothing may be transferred out of this wallet", _TRANSFER),
    131233: Meaning(NOT_EXECUTED, "an Islamic account may not transfer this coin", "Check coin."),
    131239: Meaning(NOT_EXECUTED, "the collateral exceeds the limit of the exchange", _ADD_LESS),
}

# Only for reads: an answer to a POST that is not the exchange's own JSON proves nothing.
HTTP_STATUSES: dict[int, Meaning] = {
    400: Meaning(NOT_EXECUTED, "the request is malformed for this host", "Check environment or api_url."),
    401: Meaning(NOT_EXECUTED, "the host requires other credentials", "Check api_key and environment or api_url."),
    IP_BLOCKED: Meaning(NOT_EXECUTED, "this IP address sent too many requests, or its country is blocked", _STOP),
    NOT_SERVED: Meaning(NOT_EXECUTED, "the host does not serve this call", "Check environment or api_url."),
}

UNKNOWN_CODE = Meaning(UNKNOWN, "this collection does not know the return code", LOOK_FIRST)
NO_API = Meaning(UNKNOWN, "the answer is not from the exchange's API", LOOK_FIRST)


def meaning_of_code(code: int) -> Meaning:
    """Return the row of a return code. A code that is not in the table leaves the outcome unknown."""
    return CODES.get(code, UNKNOWN_CODE)


def meaning_of_status(status: int, method: str) -> Meaning:
    """Return the row of an HTTP status without a usable body. It leaves the outcome unknown, except for some statuses of reads."""
    return HTTP_STATUSES.get(status, NO_API) if method == "GET" else NO_API
