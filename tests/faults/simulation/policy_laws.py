# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The laws for runs of a policy: each planned amount at most once, within caps and reserves, and told as it was.

Nobody else moves money and no interest is charged meanwhile, so what runs have moved together can never be more than what one undisturbed run moves.
Pure: no I/O.
"""

from __future__ import annotations

import collections
import typing as t
from decimal import Decimal

from .journals import Noted
from .ledger import Entry
from .policies import USD, WALLETS, PolicyGoal
from .products import ACCOUNT_COLLATERAL, REPAID
from .products import WALLETS as TRANSFERRED
from .products import Loan
from .recording import Recording
from .runs import KNOWN_SUCCESSES, Run

# What was moved of each target, by the operation.
Moved = t.Mapping[t.Tuple[Loan, str], Decimal]
# In USD: the exchange cuts amounts, so a later plan can have a little more left under a cap. An LTV has only six digits.
_SLACK, _SLACK_OF_LTV = Decimal("0.01"), Decimal(1)
_IDS = ("repay_id", "adjust_id", "transfer_id")


def moved(recording: Recording) -> dict[tuple[Loan, str], Decimal]:
    sums: dict[tuple[Loan, str], Decimal] = collections.defaultdict(Decimal)
    for entry in _paid(recording):
        sums[entry.loan, entry.move] += entry.amount
    return dict(sums)


def told(run: Run) -> dict[str, str]:
    """Return the IDs of everything that a run has told, with the outcomes."""
    result = run.result or {}
    found = {entry[name]: entry["outcome"] for entry in result.get("earlier") or [] for name in _IDS if entry.get(name)}
    return {**found, **{entry["id"]: entry["outcome"] for entry in result.get("operations") or [] if entry["id"]}}


def always(recording: Recording, planned: Moved) -> list[str]:
    """Return which laws are broken, whatever happens."""
    sums = moved(recording)
    wrong = [f"{amount} instead of at most {planned.get(key, 0)} was moved: {key}" for key, amount in sums.items() if _excess(key, amount, planned) > 0]
    for run in recording.runs:
        goal = run.plan.goal
        assert isinstance(goal, PolicyGoal)
        wrong += [f"run {run.index} sent {post} without an intent" for post in run.posts if Noted(post.loan, post.timestamp) not in post.noted]
        own = {post.repay_id or post.own_id for post in run.posts if post.committed}
        wrong += _too_much([entry for entry in _paid(recording) if entry.repay_id in own], goal.per_run, f"per_run of run {run.index}")
        wrong += _too_much(_paid(recording), goal.per_day, "per_day")
        wrong += _broken_reserves(_paid(recording), goal.keep)
    return wrong


def _excess(key: tuple[Loan, str], amount: Decimal, planned: Moved) -> Decimal:
    """Return how much more than planned was moved, in USD; negative if the difference is only one of rounding."""
    price, slack = (USD["BTC"], _SLACK_OF_LTV) if key[0].product == ACCOUNT_COLLATERAL else (Decimal(1), _SLACK)
    return (amount - planned.get(key, Decimal(0))) * price - slack


def _too_much(entries: t.Sequence[Entry], cap: t.Mapping[str, str], name: str) -> list[str]:
    spent = [entry for entry in entries if entry.loan.product != TRANSFERRED]
    sums = {coin: sum((e.amount for e in spent if e.coin == coin), Decimal(0)) for coin in USD}
    sums["usd"] = sum((e.amount * USD[e.coin] for e in spent), Decimal(0))
    return [f"{name}: {sums[coin]} {coin} was moved, but at most {most} was allowed" for coin, most in cap.items() if sums[coin] > Decimal(most)]


def _broken_reserves(entries: t.Sequence[Entry], keep: t.Mapping[str, str]) -> list[str]:
    wrong = []
    for coin, least in keep.items():
        held = sum((Decimal(wallet.get(coin, "0")) for wallet in WALLETS.values()), Decimal(0))
        left = held - sum((e.amount for e in entries if e.coin == coin and (e.move == REPAID or e.loan.product == ACCOUNT_COLLATERAL)), Decimal(0))
        wrong += [f"keep: {left} {coin} is left instead of at least {least}"] if left < Decimal(least) else []
    return wrong


def after_run(run: Run, recording: Recording) -> list[str]:
    """Return what is wrong with the result of a run; a killed run need not have one."""
    result = run.result
    if result is None:
        return [] if run.killed else [f"run {run.index} ended without a result: {run.output[:500]} {run.errors[:500]}"]
    if "Internal error" in str(result.get("msg")) or "Traceback" in run.errors:
        return [f"run {run.index} had an internal error: {result.get('msg')} {run.errors[:3000]}"]
    wrong, known = [], told(run)
    is_open = result.get("outcome") == "unknown" or any(entry["outcome"] == "unknown" for entry in result.get("operations") or [])
    if is_open and not run.failed:
        wrong.append(f"run {run.index} was not loud about an unknown outcome")
    own = [entry for post in run.posts if (entry := recording.entry_of(post)) is not None and entry.is_paid and post.committed]
    if not run.failed:
        wrong += [f"run {run.index} does not tell {entry}" for entry in own if known.get(entry.repay_id) not in KNOWN_SUCCESSES]
    if own and not is_open and not result["changed"]:
        wrong.append(f"run {run.index} told no change, but it moved {own}")
    goal = run.plan.goal
    assert isinstance(goal, PolicyGoal)
    if result["changed"] and goal.mode == "apply" and not run.plan.check and not any(outcome in KNOWN_SUCCESSES for outcome in known.values()):
        wrong.append(f"run {run.index} told a change, but nothing that was moved")
    for repay_id, outcome in known.items():
        entry = recording.ledger.get(repay_id)
        if outcome in KNOWN_SUCCESSES and entry is None:
            wrong.append(f"run {run.index} told {repay_id}, which is not in the ledger")
        if outcome == "executed" and entry is not None and not entry.is_paid:
            wrong.append(f"run {run.index} told that {entry} was executed")
    for entry in result.get("operations") or []:
        shown = recording.ledger.get(entry["id"] or "")
        if shown is not None and entry["outcome"] in KNOWN_SUCCESSES and Decimal(entry["moved"] or 0) != shown.amount:
            wrong.append(f"run {run.index} told {entry['moved']} instead of {shown.amount}")
    return wrong


def at_the_end(recording: Recording, planned: Moved, open_intents: t.Collection[Noted]) -> list[str]:
    """Return what is wrong after everything has healed, and runs have gone on until one had nothing to do."""
    found = {key: moved(recording).get(key, Decimal(0)) for key in planned}
    others = {key: amount for key, amount in found.items() if _excess(key, amount, planned) > 0 or _excess(key, planned[key], found) > 0}
    wrong = [f"{amount} instead of {planned[key]} was moved: {key}" for key, amount in others.items()]
    known = {repay_id for run in recording.runs for repay_id, outcome in told(run).items() if outcome in KNOWN_SUCCESSES}
    wrong += [f"no run told {entry}" for entry in _paid(recording) if entry.repay_id not in known]
    return wrong + [f"the outcome of {intent} is still open" for intent in open_intents]


def _paid(recording: Recording) -> list[Entry]:
    return [entry for entry in recording.ledger.values() if entry.is_paid and entry.source == "api"]
