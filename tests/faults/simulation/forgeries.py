# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of changes that make an answer a lie which no reader could see, and what is excused by it.

Pure: no I/O.
"""

from __future__ import annotations

import re
import typing as t

# What the exchange lies about.
DEBT, AMOUNT, ID, ACCOUNT = "debt", "amount", "id", "account"


class Forgery(t.NamedTuple):
    """:ivar why: Why no other answer contradicts it."""

    about: str
    path: str
    field: str
    why: str


_HISTORY = r"/v5/crypto-loan(-flexible|-fixed)?/repayment-history"
# Another number in the place of the true one; every other change can be seen.
_HOWS = ("unit", "unknown")
FORGERIES = (
    Forgery(
        DEBT, "/v5/crypto-loan/ongoing-orders", r"result\.list\.(totalDebt|residualInterest|residualPenaltyInterest|currentLTV)",
        "no other call tells what is owed on a legacy loan, and its LTV, so a goal of the debt is reckoned from it",
    ),
    Forgery(
        AMOUNT, _HISTORY, r"result\.list\.repayAmount",
        "what was repaid stands in the history alone: a goal with since counts it, and a repayment is told by it",
    ),
    Forgery(ID, _HISTORY, r"result\.list\.repayId", "when the answer was lost, no other call tells the id"),
    Forgery(ID, r"/v5/crypto-loan(-flexible)?/repay|/v5/crypto-loan-fixed/fully-repay", r"result\.repayId",
        "the history may show it late, and until then the answer alone tells the id"),
    Forgery(ACCOUNT, "/v5/user/query-api", r"result\.userID", "no other call tells whose a key is"),
)


def forged_by(fault: dict[str, t.Any]) -> set[str]:
    """Return what an ordered fault makes the exchange lie about."""
    return {
        lie.about
        for change in fault.get("mutations", ())
        for lie in FORGERIES
        if change["how"] in _HOWS
        and re.fullmatch(lie.path, fault.get("path", "")) and re.fullmatch(lie.field, change["field"])
    }
