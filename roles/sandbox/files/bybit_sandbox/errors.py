# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in refuses: mistakes of the person who runs it, and requests that the exchange would refuse."""

from __future__ import annotations

MESSAGES = {
    10001: "Request parameter error",
    10002: "The request time exceeds the time window range.",
    10003: "API key is invalid.",
    10004: "Error sign, please check your signature generation algorithm.",
    10005: "Permission denied, please check your API key permissions.",
    10006: "Too many visits. Exceeded the API Rate Limit.",
    10007: "User authentication failed.",
    10008: "Common banned, please check your account mode",
    10009: "Service Restricted: Access is currently unavailable for your region.",
    10010: "Unmatched IP, please check your API key's bound IP addresses.",
    10016: "Server error.",
    10017: "Route not found.",
    10024: "Compliance rules triggered",
    10027: "Transactions are banned.",
    10028: "The API can only be accessed by unified account users.",
    33004: "Your api key has expired",
    100028: "The API cannot be accessed by unified account users.",
    131203: "Request parameter error",
    131210: "Amount accuracy error",
    131211: "fromAccountType can't be the same as toAccountType",
    131212: "Insufficient balance",
    131214: "TransferId exist",
    131215: "Amount error",
    131231: "Transfers into this account are not supported",
    131232: "Transfers out this account are not supported",
    131239: "The collateral amount has exceeded the platform limit. Please disable the collateral for this asset, or transfer in "
            "another supported asset as collateral.",
    148002: "The entered amount is below the minimum borrowable amount.",
    148003: "Exceeds the allowed decimal precision for this currency.",
    148004: "This currency cannot be used as collateral.",
    148005: "Exceeds the allowed decimal precision for this collateral currency.",
    148009: "LTV exceeds the risk threshold.",
    148012: "Insufficient collateral amount.",
    148013: "Non-borrowing users cannot adjust collateral.",
    148014: "This currency is not supported.",
    148019: "The system is busy, please try again later.",
    148023: "Loan order not found.",
    148026: "Failed to create repayment. Please try again later.",
    148027: "No active loan found for this account. Operation not allowed.",
    148028: "Repayment amount exceeds the supported precision for the currency.",
    148029: "Insufficient balance in the repayment account.",
    148032: "No outstanding debt. Repayment is not allowed.",
    148034: "Please wait and try again later.",
    148037: "Insufficient assets or adjustment amount exceeds the maximum allowed.",
    148038: "Repayment amount cannot exceed the debt amount of the position.",
    148039: "Duplicate collateral assets detected. Please review and resubmit.",
    148040: "Pledge token is error.",
    148041: "Repay order is exist.",
    148047: "The request collateral amount exceeds the maximum allowed. upper limit (initial limit: 300,000 "
            "USD-equivalent per repayment)",
    148048: "The collateral amount has exceeded the platform limit. Please transfer in other supported assets as collateral.",
    177002: "Server is busy, please wait and try again",
    177003: "Illegal characters found in a parameter",
    177004: "Precision is over the maximum defined for this asset",
    177005: "Order does not exist",
    177010: "Repay amount exceeds borrow amount",
    177011: "Balance is not enough",
    177013: "adjustment amount exceeds minimum collateral amount",
    177015: "Collateral amount has reached the limit. Please reduce your collateral amount or try with other collaterals",
    177018: "duplicate request",
    177019: "Your input param is invalid",
    177021: "Repayment failed",
}


class SandboxError(Exception):
    """A mistake that the user of the stand-in has to correct; its text is one sentence."""


class Refusal(Exception):
    """The exchange refuses a request with a return code; the request has no effect."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        message = MESSAGES.get(code, "")
        self.message = f"{message.rstrip('.')}: {detail}" if detail else message
        super().__init__(f"{code} {self.message}")


class HttpRefusal(Exception):
    """The exchange refuses a request with an HTTP status and no JSON; the request has no effect."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(f"HTTP {status} {text}")
