# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked for, how it is run, and what was seen of it: plain data, shared by the world and the oracle."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass, field
from decimal import Decimal

# The exchange accepts a timestamp that lies less than a second in its future.
EARLY_MS = 1000
REPAY = "/v5/crypto-loan/repay"
HISTORY = "/v5/crypto-loan/repayment-history"
ORDERS = "/v5/crypto-loan/ongoing-orders"
TIME = "/v5/market/time"
SUCCESS, PROCESSING, FAILED = 1, 2, 3
API, OWNER = "api", "owner"
KNOWN_SUCCESSES = ("executed", "pending")
OUTCOMES = ("executed", "pending", "nothing_to_do", "planned", "not_executed", "unknown")


@dataclass(frozen=True)
class Goal:
    """What a task in a playbook asks for."""

    order_id: str
    amount: str
    since_ms: int | None = None

    def options(self) -> dict[str, str]:
        options = {"order_id": self.order_id, "amount": self.amount}
        if self.since_ms is not None:
            moment = datetime.datetime.fromtimestamp(self.since_ms // 1000, tz=datetime.timezone.utc)
            options["since"] = f"{moment:%Y-%m-%dT%H:%M:%S}.{self.since_ms % 1000:03d}Z"
        return options

    def __repr__(self) -> str:
        since = "" if self.since_ms is None else f" since {self.since_ms}"
        return f"<{self.amount} on …{self.order_id[-3:]}{since}>"


@dataclass(frozen=True)
class Kill:
    """When to kill a run: before its step number n, or the n-th step after (before, with 0) something has happened.

    :ivar moment: "step", "post" (its body is about to leave) or "told" (the result stands on its output).
    """

    moment: str
    number: int


@dataclass(frozen=True)
class Plan:
    """One run of the module."""

    goal: Goal
    wait: bool = True
    wait_timeout: int = 60
    settle_margin: int = 10
    recv_window: int = 5000
    lock_timeout: int = 180
    check: bool = False
    kill: Kill | None = None
    drift_ms: int = 0
    start_after_ms: int = 0
    acknowledge: str | None = None
    # "file": a file is where the folder should be; "full": nothing can be written to the disk.
    broken_state: str | None = None

    def __repr__(self) -> str:
        usual = Plan(self.goal)
        changed = [f"{n}={v!r}" for n, v in vars(self).items() if n != "goal" and v != getattr(usual, n)]
        return f"Plan({', '.join([repr(self.goal), *changed])})"


@dataclass
class Post:
    """One repayment request that has left a run completely."""

    run: int
    sent_at: int
    timestamp: int
    order_id: str
    amount: Decimal
    recv_window: int
    fault: dict[str, t.Any]
    handled_at: int | None = None
    ret_code: int | None = None
    committed: bool = False
    # The entry of the ledger that it led to.
    repay_id: str | None = None

    @property
    def window_end(self) -> int:
        return self.timestamp + self.recv_window

    @property
    def late(self) -> bool:
        return self.fault.get("arrive_after_ms") is not None

    @property
    def answer(self) -> t.Any:
        return self.fault.get("answer", "normal")

    @property
    def answered(self) -> bool:
        """Whether its run got the exchange's own answer to it."""
        return self.answer == "normal"

    @property
    def gate_refusal(self) -> bool:
        """Whether its run was told that it was turned away at the gate, and it was."""
        told = self.ret_code if self.answered else None
        if isinstance(self.answer, dict):
            told = self.answer.get("ret_code")
        return told in (10002, 10006) and not self.committed

    def can_still_be_accepted(self, now: int) -> bool:
        if self.late and (self.handled_at is None or self.handled_at > now):
            return now <= self.window_end
        return False


@dataclass(frozen=True)
class Read:
    """One GET that has reached the exchange."""

    at: int
    path: str
    clean: bool


@dataclass
class Run:
    """One run of the module, and what was seen of it."""

    index: int
    plan: Plan
    began_at: int
    ended_at: int | None = None
    killed: bool = False
    killed_before: str | None = None
    exit_code: int | None = None
    output: str = ""
    errors: str = ""
    result: dict[str, t.Any] | None = None
    steps: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    lock_waits: int = 0
    # When it began to look at things after it held the lock.
    locked_at: int | None = None

    @property
    def told(self) -> bool:
        """Whether the user got a result, be it that the process was killed right after."""
        return self.result is not None

    @property
    def outcome(self) -> str | None:
        return self.result.get("outcome") if self.result else None

    @property
    def since(self) -> bool:
        return self.plan.goal.since_ms is not None

    @property
    def earlier(self) -> list[dict[str, t.Any]]:
        """What it told of the repayments of earlier runs."""
        return list((self.result or {}).get("earlier") or [])

    @property
    def only_forgot(self) -> bool:
        """Whether it did nothing but forget a repayment in doubt, as its user had acknowledged."""
        forgotten = {e["intent"] for e in self.earlier if e.get("outcome") == "unknown"}
        return self.outcome == "nothing_to_do" and self.plan.acknowledge in forgotten


@dataclass(frozen=True)
class Entry:
    """One repayment in the true ledger."""

    repay_id: str
    order_id: str
    amount: Decimal
    time: int
    status: int
    source: str
    visible_at: int
    settles_at: int | None

    @property
    def lives(self) -> bool:
        return self.status in (SUCCESS, PROCESSING)


@dataclass
class Facts:
    """Everything that has truly happened in one schedule."""

    now: int
    runs: list[Run] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    ledger: dict[str, Entry] = field(default_factory=dict)
    # Repayments that the owner made during a run, as (time, order id).
    meddled: list[tuple[int, str]] = field(default_factory=list)
    # What is owed on each loan that is open.
    debts: dict[str, Decimal] = field(default_factory=dict)

    def is_closed(self, order_id: str) -> bool:
        return bool(self.debts) and order_id not in self.debts

    def posts_on(self, order_id: str) -> list[Post]:
        return [post for post in self.posts if post.order_id == order_id]

    def sent(self, order_id: str, timestamp: int | None, amount: str) -> list[Post]:
        """Return the requests with a timestamp; one that never left, when a run that was killed may have signed it."""
        found = [post for post in self.posts_on(order_id) if post.timestamp == timestamp]
        killed = [run for run in self.runs if run.killed and run.plan.goal.order_id == order_id]
        if not found and killed and timestamp:
            never = {"answer": "close", "commit": False}
            window = max(run.plan.recv_window for run in killed)
            found = [Post(killed[0].index, timestamp, timestamp, order_id, Decimal(amount), window, never)]
        return found

    def entries_on(self, order_id: str) -> list[Entry]:
        return [entry for entry in self.ledger.values() if entry.order_id == order_id]

    def entry_of(self, post: Post) -> Entry | None:
        return self.ledger.get(post.repay_id) if post.repay_id else None

    def paid_since(self, order_id: str, since_ms: int) -> Decimal:
        return sum((e.amount for e in self.entries_on(order_id) if e.lives and e.time >= since_ms), Decimal(0))
