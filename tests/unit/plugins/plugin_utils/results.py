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


def planned(number: int, kind: str = "repay", amount: str = "500", **more: object) -> dict:
    """Return an operation of a plan that was not carried out."""
    usual = {
        "number": number, "kind": kind, "product": "flexible", "loan_id": None, "coin": "USDT", "amount": amount, "moved": None, "sells": None, "rules": ["R"],
        "reasons": [{"rule": "R", "reason": "why", "amount": amount}], "arithmetic": "", "ltv_before": None, "ltv_after": None,
        "reference": f"3b5d5c3712955042/{number}", "outcome": "planned", "id": None, "intent": None, "sent_at_ms": None, "msg": "",
    }
    return {**usual, **more}


def carried_out(number: int, kind: str = "repay", amount: str = "500", outcome: str = "executed", **more: object) -> dict:
    """Return an operation of a plan for which a request was sent."""
    return planned(number, kind, amount, **{"outcome": outcome, "intent": f"i{number}", "id": f"id{number}", "sent_at_ms": 1, "msg": "", **more})


def policy(outcome: str, *operations: dict, mode: str = "apply", **more: object) -> dict:
    """Return the result of a policy."""
    shown = {"rules": [], "earlier": [], "digest": "3b5d", "plan_file": None, "expires": None, "position": None, "msg": MESSAGE}
    return {"outcome": outcome, "mode": mode, "operations": list(operations), **shown, **more, "details": {"waits": [], "gate_retries": {}}}
