# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of modules, as the callback gets them."""

from __future__ import annotations

MESSAGE = "What happened."
# For each move: the result keys of the ID, the list, and the figures.
KEYS = {
    **dict.fromkeys(["repay"], ("repay_id", "repayments", "loan")),
    **dict.fromkeys(["add", "take_back"], ("adjust_id", "adjustments", "collateral")),
    **dict.fromkeys(["to_fund", "to_unified"], ("transfer_id", "transfers", "wallets")),
}


def made(intent: str, amount: str = "100", outcome: str = "executed", move: str = "repay") -> dict:
    return {"intent": intent, "move": move, "amount": amount, "outcome": outcome, KEYS[move][0]: f"id of {intent}", "sent_at_ms": 1}


def result(outcome: str | None = "executed", amount: str = "100", coin: str | None = "USDT", move: str = "repay", **more: object) -> dict:
    dummy, listed, figures = KEYS[move]
    subject = {"before": {"coin": coin} if coin else None, "after": None}
    details = {"earlier": more.pop("earlier", []), "intent": more.pop("intent", None)}
    return {"outcome": outcome, "move": move, "amount": amount, listed: [], figures: subject, "msg": MESSAGE, **more, "details": details}


FUNDED = result(move="to_fund", transfers=[made("t", "40", move="to_fund")])
