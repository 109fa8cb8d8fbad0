# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of the runs, and of the requests that they sent: plain data."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from decimal import Decimal

from .goals import Plan
from .journals import Noted
from .ledger import Books
from .products import KEY, REPAID, TIME, Loan

KNOWN_SUCCESSES = ("executed", "pending")
# By these a run knows whether its repayment was accepted.
_READ_OF_POST = ("retCode", "result", "result.repayId", "result.adjustId", "result.transferId")
_OK = 200
GATE_CODES = (10002, 10006)
# How long a repayment that may have been reported to nobody answers an equal task: twelve hours, less what a run takes.
ANSWERS_SURELY_FOR_MS = 12 * 3_600_000 - 900_000
# What a warning of a repayment that appeared meanwhile says; the text of a warning may stand inside more.
_AT_THE_GATE = "While the exchange "
_REFUSED_REFERENCES = {"Nothing was sent: use another reference for this step": "something else", "outcome was acknowledged. Nothing was sent": "given up"}
OUTCOMES = ("executed", "pending", "nothing_to_do", "planned", "not_executed", "unknown")


@dataclass
class Post:
    """One request that has left a run completely.

    :ivar amount: What it asks for; of a whole contract what it has cost, or what was owed.
    :ivar gives_id: Whether a success is answered with an id.
    :ivar books: What was really owed when it left, without what was being repaid just then.
    :ivar step: Which step of its run its leaving was, counted from 0.
    :ivar noted: What the journal had as open then.
    """

    run: int
    sent_at: int
    timestamp: int
    loan: Loan
    amount: Decimal
    recv_window: int
    fault: dict[str, t.Any]
    handled_at: int | None = None
    ret_code: int | None = None
    committed: bool = False
    # The entry of the ledger that it led to.
    repay_id: str | None = None
    gives_id: bool = True
    books: Books = Books({})
    step: int = 0
    noted: frozenset[Noted] = frozenset()
    move: str = REPAID
    # The ID that its run has given it, of a transfer.
    own_id: str | None = None

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
    def changed(self) -> bool:
        """Whether the answer had changed where a run reads it, or was another one."""
        is_other = isinstance(self.answer, dict) and self.answer.get("http_status") == _OK
        # Of a refusal, the result is not read.
        read = _READ_OF_POST if self.ret_code in (0, None) else _READ_OF_POST[:1]
        return is_other or any(change["field"] in read for change in self.fault.get("mutations", ()))

    @property
    def answered(self) -> bool:
        """Whether its run got the exchange's own answer to it."""
        return self.answer == "normal" and not self.changed

    @property
    def is_clear(self) -> bool:
        """Whether that answer says what became of it."""
        return self.answered and self.gives_id

    @property
    def is_turned_away(self) -> bool:
        """Whether its run was answered that the gate turned it away, even if another copy of it was executed."""
        code = self.ret_code if self.answered else None
        if isinstance(self.answer, dict):
            code = self.answer.get("ret_code")
        return code in GATE_CODES

    @property
    def gate_refusal(self) -> bool:
        """Whether its run was answered that the gate turned it away, and that is true."""
        return self.is_turned_away and not self.committed

    def can_still_be_accepted(self, now: int) -> bool:
        if self.late and (self.handled_at is None or self.handled_at > now):
            return now <= self.window_end
        return False


@dataclass(frozen=True)
class Read:
    """One GET that has reached the exchange.

    :ivar use: What it is for: the history, the debt…
    :ivar changed: Whether fields of the answer were other than the exchange has them.
    """

    at: int
    use: str
    clean: bool
    changed: bool = False


@dataclass
class Run:
    """One run of a module, and what was seen of it."""

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
    # When it began to read after it held the lock.
    locked_at: int | None = None
    # Before which of its steps somebody ended who would have got its result.
    orphaned_at: int | None = None
    # Whether somebody removed or replaced the lock's file while it was under way.
    has_lost_lock: bool = False
    # Whether the journal could not be read when it began.
    has_lost_journal: bool = False
    # Before which of its steps somebody removed the journal.
    lost_journal_at: int | None = None

    @property
    def is_misled(self) -> bool:
        """Whether it met an answer that had changed."""
        return any(read.changed for read in self.reads) or any(post.changed or "mutations" in post.fault for post in self.posts)

    @property
    def has_reported(self) -> bool:
        """Whether the user got a result, be it that the process was killed right after."""
        return self.result is not None

    @property
    def reached_user(self) -> bool:
        """Whether somebody was surely there to take its result, and it could know that."""
        # A goal pays only what is missing, and a reference answers, so that nothing is lost with a report.
        is_harmless = self.plan.goal.is_declarative or bool(self.plan.goal.reference)
        if not self.has_reported or (self.plan.is_buffered and not is_harmless):
            return False
        printed = [number for number, step in enumerate(self.steps) if step.startswith("print")]
        return self.orphaned_at is None or not printed or self.orphaned_at > printed[-1]

    @property
    def was_kept_out(self) -> bool:
        """Whether it has seen nothing but another run for the same loan that did not end in time."""
        return "did not end within lock_timeout" in (self.result or {}).get("msg", "")

    @property
    def may_leave_open(self) -> bool:
        """Whether what it has reported may stay open in the journal, because it could not write any more."""
        return self.has_lost_lock or self.lost_journal_at is not None or self.plan.broken_state is not None

    @property
    def is_cut_off(self) -> bool:
        """Whether its journal may hold what it never sent: it was killed, or could not write any more."""
        return self.killed or self.has_lost_lock or self.lost_journal_at is not None

    @property
    def has_defect(self) -> bool:
        """Whether it reported an error inside that the schedule has caused."""
        return self.plan.defect_at is not None and "Internal error in treasury.bybit (RuntimeError)" in (self.result or {}).get("msg", "")

    @property
    def saw_no_journal(self) -> bool:
        """Whether it could not see at all what earlier runs have written down."""
        return self.has_defect or all(read.use in (KEY, TIME) for read in self.reads)

    @property
    def came_between(self) -> set[str]:
        """The ids of what it reported as new in the history after it was turned away."""
        warnings = [str(text) for text in (self.result or {}).get("warnings") or []]
        return {match[1] for text in warnings if _AT_THE_GATE in text for match in re.finditer(r"(?:repayment|adjustment|transfer) ([0-9a-f-]+) of", text)}

    @property
    def outcome(self) -> str | None:
        return self.result.get("outcome") if self.result else None

    @property
    def failed(self) -> bool:
        return bool(self.result and self.result.get("failed"))

    @property
    def is_answered(self) -> bool:
        """Whether it reported what was made under its reference before, so that nothing was left to do."""
        return bool(self.plan.goal.reference) and self.outcome in KNOWN_SUCCESSES and not self.made

    @property
    def refusal_of_reference(self) -> str:
        """What its reference was used for before, if it was refused for that: "something else", or "given up"."""
        message = (self.result or {}).get("msg", "") if self.plan.goal.reference else ""
        return next((word for text, word in _REFUSED_REFERENCES.items() if text in message), "")

    @property
    def since(self) -> bool:
        return self.plan.goal.since_ms is not None

    @property
    def details(self) -> dict[str, t.Any]:
        """What it reported for investigators."""
        return (self.result or {}).get("details") or {}

    @property
    def earlier(self) -> list[dict[str, t.Any]]:
        """What it reported of the repayments of earlier runs."""
        return list(self.details.get("earlier") or [])

    @property
    def made(self) -> list[dict[str, t.Any]]:
        """The repayments that it reported as made for its goal."""
        return list((self.result or {}).get("repayments") or [])

    @property
    def reported_ids(self) -> set[str | None]:
        """The ids of the repayments that it reported."""
        return {item.get("repay_id") for item in [*self.made, *self.earlier]}

    @property
    def decided(self) -> list[Post]:
        """Its requests, without those that were turned away at the gate and decided anew."""
        return [post for post in self.posts if not post.is_turned_away or post is self.posts[-1]]

    @property
    def subject(self) -> tuple[int | None, str]:
        """Timestamp and amount of the repayment whose outcome it does not know, or that it did not make."""
        # With one repayment made and a second one in doubt, the result itself is about the first.
        doubt = (self.details.get("evidence") or {}).get("sent_at_ms") if self.made else None
        return doubt or self.details.get("sent_at_ms"), (self.result or {}).get("amount") or "0"

    @property
    def settled(self) -> set[int | None]:
        """The timestamps of the requests whose outcome it has reported."""
        timestamps = {item.get("sent_at_ms") for item in self.made}
        if self.result and self.outcome != "unknown":
            timestamps |= {self.details.get("sent_at_ms"), self.subject[0]}
        is_acknowledged = self.plan.acknowledge is not None
        return timestamps | {e.get("sent_at_ms") for e in self.earlier if is_acknowledged or e.get("outcome") != "unknown"}

    @property
    def only_acknowledged(self) -> bool:
        """Whether it did nothing but forget a repayment in doubt, as its user had acknowledged, or find that there is none any more."""
        if self.plan.acknowledge is None or self.outcome != "nothing_to_do":
            return False
        forgotten = {e["intent"] for e in self.earlier if e.get("outcome") == "unknown"}
        message = (self.result or {})["msg"]
        is_found_out = "it was already acknowledged or resolved" in message or "A run with acknowledge sends nothing" in message
        return self.plan.acknowledge in forgotten or is_found_out
