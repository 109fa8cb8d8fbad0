# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs, requests, and entries of the ledger for the oracle's tests: usual ones, with whatever is unusual as a parameter."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from simulation import oracle
from simulation.asks import Asks
from simulation.goals import Goal, Plan
from simulation.journals import Noted
from simulation.ledger import SUCCESS, Books, Entry
from simulation.products import DEBT, FIXED, FLEXIBLE, HISTORY, LEGACY, Loan
from simulation.recording import Recording
from simulation.runs import Post, Read, Run

LOAN, COIN, CONTRACT = Loan(LEGACY, "1"), Loan(FLEXIBLE, "USDT"), Loan(FIXED, "571")
GOAL = Goal(LOAN, "100")
SINCE = Goal(LOAN, "300", 0)
MAX_DEBT, MAX_LTV, WHOLE = Goal(LOAN, max_debt="900"), Goal(COIN, max_ltv="0.5"), Goal(CONTRACT)
SOLD = Goal(COIN, "100", collateral=("BTC",))
NAMED, NAMED_OTHER = Goal(LOAN, "100", reference="invoice 7"), Goal(LOAN, "40.5", reference="invoice 7")
T0 = 1_000_000


def entry(repay_id: str = "7", amount: str = "100", **changed: t.Any) -> Entry:
    usual = Entry(repay_id, LOAN, Decimal(amount), T0, SUCCESS, "api", T0)
    return dataclasses.replace(usual, **changed)


def post(run: int = 0, fault: dict[str, t.Any] | None = None, repay_id: str | None = "7", **changed: t.Any) -> Post:
    handled = T0 if repay_id else None
    code = 0 if repay_id else None
    made = Post(run, T0, T0 - 3, LOAN, Decimal("100"), 5000, fault or {}, handled, code, bool(repay_id), repay_id)
    made = dataclasses.replace(made, **changed)
    return made if "noted" in changed else dataclasses.replace(made, noted=frozenset({Noted(made.loan, made.timestamp)}))


def reported(outcome: str, **changed: t.Any) -> dict[str, t.Any]:
    success = outcome in ("executed", "pending")
    result = {
        "changed": success or outcome == "planned", "failed": outcome in ("not_executed", "unknown"),
        "outcome": outcome, "loan": {}, "api_host": "", "msg": "", "goal_reached": None,
        "repay_id": "7" if success else None, "amount": "0" if outcome == "nothing_to_do" else "100",
    }
    details = {
        "evidence": None, "since": None, "recovered": False, "inferred": False,
        "intent": "i" if outcome == "unknown" else None, "earlier": [], "sent_at_ms": T0 - 3,
        "gate_retries": {"clock_syncs": 0, "rate_limits": 0}, "waits": [], "decision": None, "dust": "0",
    }
    result.update({name: value for name, value in changed.items() if name not in details})
    details.update({name: value for name, value in changed.items() if name in details})
    repayments = [made(result["repay_id"], result["amount"], outcome)] if success else []
    return {"repayments": repayments, **result, "details": details}


def made(repay_id: str = "7", amount: str = "100", outcome: str = "executed", sent_at_ms: int = T0 - 3) -> dict[str, t.Any]:
    return {"intent": "i", "repay_id": repay_id, "amount": amount, "outcome": outcome, "sent_at_ms": sent_at_ms}


def owed(debt: str, collateral_usd: str = "0", loan: Loan = LOAN) -> Books:
    return Books({loan: Decimal(debt)}, Decimal(collateral_usd))


def looks(first: int, last: int, clean: bool = True) -> list[Read]:
    return [Read(at, use, clean) for at in range(first, last, 1000) for use in (HISTORY, DEBT)]


def run(
    result: dict[str, t.Any] | None, posts: list[Post], index: int = 0, plan: Plan | None = None, **changed: t.Any
) -> Run:
    made = Run(index, plan or Plan(GOAL), T0 - 10, T0 + 60_000, result=result, posts=posts)
    made.reads = looks(T0, T0 + 60_000)
    made.exit_code = int(bool(result and result["failed"]))
    return dataclasses.replace(made, **changed)


def recorded(runs: list[Run], ledger: list[Entry], books: Books | None = None, **known: t.Any) -> Recording:
    runs = sorted(runs, key=lambda one: one.index)
    posts, entries = [p for r in runs for p in r.posts], {e.repay_id: e for e in ledger}
    return Recording(T0 + 90_000, runs, posts, entries, books=books or Books({}), **known)


def asked(recording: Recording) -> Asks:
    """Return the asks of a recording in which users start a run whenever they do not know the outcome of an earlier one."""
    asks = Asks()
    for one in recording.runs:
        asks.begin(one)
        asks.end(one, recording)
    return asks


def judge(runs: list[Run], ledger: list[Entry], books: Books | None = None, **known: t.Any) -> list[str]:
    """Return what the oracle says about some runs and the resulting ledger."""
    recording = recorded(runs, ledger, books, **known)
    asks = asked(recording)
    return [sentence for one in recording.runs for sentence in oracle.after_run(one, recording)] + oracle.always(recording, asks)


LOST = {"answer": "close"}
NEVER = {"answer": "close", "commit": False}
TELLS_NOT_EXECUTED = {"sent_at_ms": T0 - 3, "amount": "100", "outcome": "not_executed"}
DEBT_TOO_LATE = {"answer": "close", "debt_delay_ms": 50_000}
