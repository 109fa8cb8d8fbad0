# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons for movements of the Funding wallet, and the business types that the wallet's history shows for them."""

from __future__ import annotations

REPAYMENT, REPAYMENT_BACK, FEE, FEE_BACK = "repayment", "repayment_back", "fee", "fee_back"
COLLATERAL_BACK, ADJUSTMENT, BORROWING = "collateral_back", "adjustment", "borrowing"
AUTO_REPAYMENT, INTEREST_BACK, TRANSFER = "auto_repayment", "interest_back", "transfer"

_LOANS = "Crypto Loans"
# The documentation has a single example, of another business; these names follow its pattern.
NAMES = {
    REPAYMENT: (_LOANS, "Repayment"),
    REPAYMENT_BACK: (_LOANS, "Repayment Refund"),
    FEE: (_LOANS, "Repayment Fee"),
    FEE_BACK: (_LOANS, "Repayment Fee Refund"),
    COLLATERAL_BACK: (_LOANS, "Collateral Release"),
    ADJUSTMENT: (_LOANS, "Collateral Adjustment"),
    BORROWING: (_LOANS, "Borrowing"),
    AUTO_REPAYMENT: (_LOANS, "Auto Repayment"),
    INTEREST_BACK: (_LOANS, "Interest Refund"),
    TRANSFER: ("Transfer", "Transfer"),
}


def described(kind: str) -> dict[str, str]:
    """The four fields that describe a movement."""
    business, what = NAMES[kind]
    text = business if what == business else f"{business} | {what}"
    return {
        "showBusiType": f"fundingAccountRecord{_key(business)}",
        "showBusiTypeEn": business,
        "description": f"fundingAccountRecord{_key(business if what == business else business + what)}",
        "descriptionEn": text,
    }


def _key(text: str) -> str:
    return text.replace(" ", "")
