# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only table of changed fields that no reader can detect, because no other answer contradicts them, and of what they excuse.

Pure: no I/O.
"""

from __future__ import annotations

import re
import typing as t

# The subject of such a field.
DEBT, AMOUNT, ID, ACCOUNT, BALANCE = "debt", "amount", "id", "account", "balance"


class Forgery(t.NamedTuple):
    """:ivar why: Why no other answer contradicts it."""

    about: str
    path: str
    field: str
    why: str


_HISTORY = r"/v5/crypto-loan(-flexible|-fixed)?/repayment-history"
_ADJUSTMENTS = r"/v5/crypto-loan(-common)?/adjustment-history"
# Another number instead of the true one; all other changes are detectable.
_HOWS = ("unit", "unknown")
FORGERIES = (
    Forgery(
        DEBT, "/v5/crypto-loan/ongoing-orders", r"result\.list\.(totalDebt|residualInterest|residualPenaltyInterest|currentLTV)",
        "no other call shows what is owed on a legacy loan, and its LTV, so a goal of the debt is calculated from it",
    ),
    Forgery(
        AMOUNT, _HISTORY, r"result\.list\.repayAmount",
        "what was repaid stands in the history alone: a goal with since adds it up, and a repayment is reported by it",
    ),
    Forgery(ID, _HISTORY, r"result\.list\.repayId", "when the answer was lost, no other call shows the id"),
    Forgery(
        ID, r"/v5/crypto-loan(-flexible)?/repay|/v5/crypto-loan-fixed/fully-repay", r"result\.repayId",
        "the history may show it late, and until then the answer alone shows the id",
    ),
    Forgery(ID, _ADJUSTMENTS, r"result\.list\.adjustId", "when the answer was lost, no other call shows the id"),
    Forgery(ID, r"/v5/crypto-loan(-common)?/adjust-ltv", r"result\.adjustId", "as with repayments, the answer alone shows the id at first"),
    Forgery(AMOUNT, _ADJUSTMENTS, r"result\.list\.amount", "an adjustment is reported by the history, as a repayment is"),
    Forgery(
        BALANCE, "/v5/asset/transfer/query-account-coin-balance", r"result\.balance\.walletBalance",
        "as long as its ledger shows no movement, no other call shows what the Funding wallet shall hold",
    ),
    Forgery(ACCOUNT, "/v5/user/query-api", r"result\.userID", "no other call shows whose a key is"),
)


def forged_by(fault: dict[str, t.Any]) -> set[str]:
    """Return the subjects that an added fault forges."""
    return {
        forgery.about
        for change in fault.get("mutations", ())
        for forgery in FORGERIES
        if change["how"] in _HOWS
        and re.fullmatch(forgery.path, fault.get("path", "")) and re.fullmatch(forgery.field, change["field"])
    }
