# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observations of the runs and of their requests: plain data."""

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
# The fields from which a run knows whether its repayment was accepted.
_READ_OF_POST = ("retCode", "result", "result.repayId", "result.adjustId", "result.transferId")
_OK = 200
GATE_CODES = (10002, 10006)
# How long a repayment that may have been reported to nobody answers an equal task: twelve hours minus the duration of a run.
ANSWERS_SURELY_FOR_MS = 12 * 3_600_000 - 900_000
# Begins the warning about a repayment that appeared meanwhile; other text may surround a warning.
_AT_THE_GATE = "While the exchange "
_REFUSED_REFERENCES = {"Nothing was sent: use another reference for this step": "something else", "outcome was acknowledged. Nothing was sent": "given up"}
OUTCOMES = ("executed", "pending", "nothing_to_do", "planned", "not_executed", "unknown")


@dataclass
class Post:
    """One request that has left a run completely.

    :ivar amount: The requested amount; for a whole contract, its cost or its debt.
    :ivar gives_id: Whether the answer to a success has an ID.
    :ivar books: The true debts when the request left, without what was being repaid at that moment.
    :ivar step: The step of the run in which the request left, counted from 0.
    :ivar noted: The open intents in the journal at that moment.
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
    # The entry of the ledger that the request led to.
    repay_id: str | None = None
    gives_id: bool = True
    books: Books = Books({})
    step: int = 0
    noted: frozenset[Noted] = frozenset()
    move: str = REPAID
    # The ID that the run has given a transfer.
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
        """Whether the answer was replaced, or changed in a field that runs read."""
        is_other = isinstance(self.answer, dict) and self.answer.get("http_status") == _OK
        # Runs do not read the result of a refusal.
        read = _READ_OF_POST if self.ret_code in (0, None) else _READ_OF_POST[:1]
        return is_other or any(change["field"] in read for change in self.fault.get("mutations", ()))

    @property
    def answered(self) -> bool:
        """Whether the run got the exchange's own answer."""
        return self.answer == "normal" and not self.changed

    @property
    def is_clear(self) -> bool:
        """Whether the answer states the outcome."""
        return self.answered and self.gives_id

    @property
    def is_turned_away(self) -> bool:
        """Whether the answer said that the gate turned the request away, even if another copy of it was executed."""
        code = self.ret_code if self.answered else None
        if isinstance(self.answer, dict):
            code = self.answer.get("ret_code")
        return code in GATE_CODES

    @property
    def gate_refusal(self) -> bool:
        """Whether the answer said, truthfully, that the gate turned the request away."""
        return self.is_turned_away and not self.committed

    def can_still_be_accepted(self, now: int) -> bool:
        if self.late and (self.handled_at is None or self.handled_at > now):
            return now <= self.window_end
        return False


@dataclass(frozen=True)
class Read:
    """One GET that has reached the exchange.

    :ivar use: Its use, such as the history or the debt.
    :ivar changed: Whether a fault changed fields of the answer.
    """

    at: int
    use: str
    clean: bool
    changed: bool = False


@dataclass
class Run:
    """One run of a module, and the observations of it."""

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
    # When the run began to read with the lock held.
    locked_at: int | None = None
    # The step before which a process ended that would have got the result.
    orphaned_at: int | None = None
    # Whether somebody removed or replaced the lock file during the run.
    has_lost_lock: bool = False
    # Whether the journal was unreadable when the run began.
    has_lost_journal: bool = False
    # The step before which somebody removed the journal.
    lost_journal_at: int | None = None

    @property
    def is_misled(self) -> bool:
        """Whether the run got a changed answer."""
        return any(read.changed for read in self.reads) or any(post.changed or "mutations" in post.fault for post in self.posts)

    @property
    def has_reported(self) -> bool:
        """Whether the run printed a result, even if it was killed right afterwards."""
        return self.result is not None

    @property
    def reached_user(self) -> bool:
        """Whether somebody was certainly there to get the result, and the run could know that."""
        # A goal pays only what is missing, and a reference answers a repeated step, so a lost report does no harm.
        is_harmless = self.plan.goal.is_declarative or bool(self.plan.goal.reference)
        if not self.has_reported or (self.plan.is_buffered and not is_harmless):
            return False
        printed = [number for number, step in enumerate(self.steps) if step.startswith("print")]
        return self.orphaned_at is None or not printed or self.orphaned_at > printed[-1]

    @property
    def was_kept_out(self) -> bool:
        """Whether the run only waited for another run on the same loan that did not end in time."""
        return "did not end within lock_timeout" in (self.result or {}).get("msg", "")

    @property
    def may_leave_open(self) -> bool:
        """Whether a reported intent may stay open in the journal, because the run could no longer write."""
        return self.has_lost_lock or self.lost_journal_at is not None or self.plan.broken_state is not None

    @property
    def is_cut_off(self) -> bool:
        """Whether the journal may hold an intent that the run never sent, because it was killed or could no longer write."""
        return self.killed or self.has_lost_lock or self.lost_journal_at is not None

    @property
    def has_defect(self) -> bool:
        """Whether the run reported an internal error that the schedule caused."""
        return self.plan.defect_at is not None and "Internal error in treasury.bybit (RuntimeError)" in (self.result or {}).get("msg", "")

    @property
    def saw_no_journal(self) -> bool:
        """Whether the run could not see anything that earlier runs have recorded."""
        return self.has_defect or all(read.use in (KEY, TIME) for read in self.reads)

    @property
    def came_between(self) -> set[str]:
        """The IDs of entries that the run reported as new in the history after the gate turned it away."""
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
        """Whether the run had nothing to do and reported an earlier operation under its reference."""
        return bool(self.plan.goal.reference) and self.outcome in KNOWN_SUCCESSES and not self.made

    @property
    def refusal_of_reference(self) -> str:
        """The earlier use for which the run's reference was refused: "something else", "given up", or empty."""
        message = (self.result or {}).get("msg", "") if self.plan.goal.reference else ""
        return next((word for text, word in _REFUSED_REFERENCES.items() if text in message), "")

    @property
    def since(self) -> bool:
        return self.plan.goal.since_ms is not None

    @property
    def details(self) -> dict[str, t.Any]:
        """The details of the result, for investigations."""
        return (self.result or {}).get("details") or {}

    @property
    def earlier(self) -> list[dict[str, t.Any]]:
        """The repayments of earlier runs that the run reported."""
        return list(self.details.get("earlier") or [])

    @property
    def made(self) -> list[dict[str, t.Any]]:
        """The repayments that the run reported for its goal."""
        return list((self.result or {}).get("repayments") or [])

    @property
    def reported_ids(self) -> set[str | None]:
        """The IDs of the repayments that the run reported."""
        return {item.get("repay_id") for item in [*self.made, *self.earlier]}

    @property
    def decided(self) -> list[Post]:
        """The run's requests, without those that the gate turned away and the run decided anew."""
        return [post for post in self.posts if not post.is_turned_away or post is self.posts[-1]]

    @property
    def subject(self) -> tuple[int | None, str]:
        """Timestamp and amount of the repayment whose outcome is unknown, or that was not executed."""
        # If a first repayment was made and the outcome of a second one is unknown, the result itself is about the first.
        doubt = (self.details.get("evidence") or {}).get("sent_at_ms") if self.made else None
        return doubt or self.details.get("sent_at_ms"), (self.result or {}).get("amount") or "0"

    @property
    def settled(self) -> set[int | None]:
        """The timestamps of the requests whose outcome the run has reported."""
        timestamps = {item.get("sent_at_ms") for item in self.made}
        if self.result and self.outcome != "unknown":
            timestamps |= {self.details.get("sent_at_ms"), self.subject[0]}
        is_acknowledged = self.plan.acknowledge is not None
        return timestamps | {e.get("sent_at_ms") for e in self.earlier if is_acknowledged or e.get("outcome") != "unknown"}

    @property
    def only_acknowledged(self) -> bool:
        """Whether the run only gave up a repayment that its user had acknowledged, or found that there is no such repayment any more."""
        if self.plan.acknowledge is None or self.outcome != "nothing_to_do":
            return False
        forgotten = {e["intent"] for e in self.earlier if e.get("outcome") == "unknown"}
        message = (self.result or {})["msg"]
        is_found_out = "that is recorded here: it was acknowledged" in message or "A run with acknowledge sends nothing" in message
        return self.plan.acknowledge in forgotten or is_found_out
