# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run reports, in the form in which the modules return it. Everything is derived from the steps of the run.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._amounts import plain, total
from .._goal import REPAY, Goal
from .._journal.intent import Intent
from .._loans.subject import Subject
from .._operations.decision import Decision
from .._operations.progress import Progress
from .._outcomes import CHANGED, EXECUTED, NOTHING_TO_DO, PENDING, PLANNED, UNKNOWN
from .._words import WORDS, Words
from . import messages
from .diff import before_and_after
from .freshness import Freshness
from .steps import Attempt, Made, Preflight, Recovered, RunEnded


@dataclasses.dataclass(frozen=True)
class Report:
    """The report of one run. The modules' documentation describes each value of the result.

    :ivar ids: The options that name the target.
    :ivar label: The name of the target in messages.
    :ivar notices: Warnings that do not belong to a step.
    :ivar ended: Why the goal was not reached; none if the run succeeded.
    :ivar trace: The traceback of a defect.
    :ivar funding: The run that transferred what the Funding wallet lacked; none if there was none.
    """

    ids: dict[str, t.Any]
    label: str
    goal: Goal
    notices: tuple[str, ...] = ()
    recovered: Recovered = Recovered()
    attempts: tuple[Attempt, ...] = ()
    ended: RunEnded | None = None
    trace: str = ""
    funding: Report | None = None

    def with_funding(self, funding: Report) -> Report:
        return dataclasses.replace(self, funding=funding)

    def with_recovered(self, recovered: Recovered) -> Report:
        return dataclasses.replace(self, recovered=recovered)

    def with_attempt(self, attempt: Attempt) -> Report:
        return dataclasses.replace(self, attempts=(*self.attempts, attempt))

    def with_last_attempt(self, attempt: Attempt) -> Report:
        """Return the report with its last attempt replaced."""
        return dataclasses.replace(self, attempts=(*self.attempts[:-1], attempt))

    def with_end(self, ended: RunEnded, trace: str = "") -> Report:
        return dataclasses.replace(self, ended=ended, trace=trace)

    def with_notice(self, notice: str) -> Report:
        return dataclasses.replace(self, notices=(*self.notices, notice))

    @property
    def made(self) -> list[Made]:
        """The moves that were made by this run, or by an earlier one that could not report them."""
        return [*self.recovered.made, *(attempt.made for attempt in self.attempts if attempt.made is not None)]

    @property
    def outcome(self) -> str | None:
        """The outcome of the moves, or why there are none; none if the run did not get that far."""
        error = self.ended.error if self.ended else None
        if error is not None and (error.outcome == UNKNOWN or not self.made):
            return error.outcome
        if self.made:
            is_pending = any(made.found.outcome == PENDING for made in self.made)
            return PENDING if is_pending else self.made[-1].found.outcome
        if self.attempts:
            return self.attempts[-1].outcome
        if self.recovered.answered is not None:
            return self.recovered.answered.outcome
        return NOTHING_TO_DO if self.recovered.left_to_user else None

    @property
    def decision(self) -> Decision | None:
        """The decision of the first attempt, with the shortfall that later attempts found."""
        first = self._first
        if first is None:
            return None
        shortfall = next((attempt.shortfall for attempt in self.attempts if attempt.shortfall), "")
        return first.decision._replace(shortfall=shortfall) if shortfall else first.decision

    @property
    def after(self) -> Subject | None:
        """The subject as it was last read, or in check mode as it would be."""
        attempts = [attempt for attempt in self.attempts if not (attempt.outcome == PLANNED and self.made)]
        if attempts:
            return attempts[-1].after
        return self.recovered.made[-1].after if self.recovered.made else None

    @property
    def dust(self) -> Decimal:
        """The remainder of the debt that is less than the smallest amount that the exchange lists."""
        return self.attempts[-1].dust if self.attempts else Decimal(0)

    @property
    def moved_so_far(self) -> Decimal:
        """The most that this run may have moved."""
        return total(*(attempt.made.moved_at_most for attempt in self.attempts if attempt.made is not None))

    @property
    def freshness(self) -> Freshness:
        return self.attempts[-1].preflight.freshness if self.attempts else self.recovered.freshness

    @property
    def is_changed(self) -> bool:
        if self.made or (self.funding is not None and self.funding.is_changed):
            return True
        return not self.ended and self.recovered.answered is None and self.outcome in CHANGED

    @property
    def message(self) -> str:
        # How a transfer has ended that ended the run is in the error.
        of_transfer = f"{self.funding.message} " if self.funding is not None and not self.funding.ended else ""
        return of_transfer + self._own_message

    @property
    def _own_message(self) -> str:
        if self.ended and not self.made:
            return str(self.ended.error)
        sentences = [sentence for made in self.recovered.made for sentence in made.sentences]
        sentences += [self.recovered.left_to_user] if self.recovered.left_to_user else []
        if self.recovered.answered is not None:
            found = self.recovered.answered
            sentences.append(messages.answered(found, found.intent.reference or "", self.label))
        for attempt in self.attempts:
            sentences += attempt.made.sentences if attempt.made is not None else ()
            if attempt.outcome == PLANNED:
                sentences.append(f"Would {self._words.do} {attempt.preflight.decision.message}{', too' if self.made else ''}.")
            sentences += attempt.sentences
        return " ".join([*sentences, *([str(self.ended.error)] if self.ended else [])])

    @property
    def warnings(self) -> list[str]:
        """The warnings of all steps, without duplicates."""
        of_transfer = self.funding.warnings if self.funding is not None else []
        found = [*self.notices, *of_transfer, *self.recovered.warnings, *(w for made in self.recovered.made for w in made.warnings)]
        for attempt in self.attempts:
            of_move = attempt.made.warnings if attempt.made is not None else ()
            found += [*attempt.preflight.warnings, *of_move, *attempt.warnings]
        if self.ended:
            found += [*(self.ended.preflight.warnings if self.ended.preflight else ()), *self.ended.warnings]
        return list(dict.fromkeys(found))

    def as_dict(self) -> dict[str, t.Any]:
        """Return the result of the module, without what belongs to the connection."""
        decision, ended, before, words = self.decision, self.ended, self._before, self._words
        failure = ended.error.failure if ended else None
        return {
            "changed": self.is_changed,
            "msg": self.message,
            "outcome": self.outcome,
            "move": self._reported_intent.goal.move if self._reported_intent else self.goal.move,
            words.id_key: self._reported_intent.repay_id if self._reported_intent else None,
            **self.ids,
            "amount": plain(self._amount),
            # A run that ended early did not carry out its decision.
            "goal_reached": decision.reaches_goal if decision and not ended else self._is_answered_for_good,
            words.list_key: [summary(made.found.intent, made.found.outcome) for made in self.made],
            words.subject_key: {
                "before": before.as_result() if before else None,
                "after": self.after.as_result() if self.after else None,
            },
            **({"funding": self.funding.as_part() if self.funding else None} if self.goal.move == REPAY else {}),
            **({"failure": failure._asdict() if failure else None} if ended else {}),
            "details": {
                "recovered": any(_is_recovered(made) for made in self.made),
                "inferred": any(made.found.finding is not None for made in self.made),
                "decision": decision.arithmetic or None if decision else None,
                "dust": plain(self.dust),
                "since": self._since(),
                "sent_at_ms": self._sent_at_ms,
                "intent": ended.intent.intent_id if ended and ended.is_open and ended.intent else None,
                "earlier": [summary(intent, outcome) for intent, outcome in self.recovered.earlier],
                "evidence": self._evidence,
            },
        }

    def as_part(self) -> dict[str, t.Any]:
        """Return what the result of another module includes of this run."""
        whole, words = self.as_dict(), self._words
        kept = {name: whole[name] for name in ("changed", "outcome", "move", "amount", words.id_key, words.list_key, words.subject_key)}
        return {"coin": self._coin, **kept, "details": {name: whole["details"][name] for name in ("intent", "earlier")}}

    @property
    def _is_answered_for_good(self) -> bool | None:
        """True if an earlier run reached the goal under the same reference; none otherwise."""
        answered = self.recovered.answered
        return True if answered is not None and answered.outcome == EXECUTED else None

    def diff(self) -> dict[str, str]:
        """Return the figures before and after for C(--diff), with the arithmetic between them as the header."""
        arithmetic = self.decision.arithmetic if self.decision else ""
        known, coin = _shown(self._before), self._coin
        if not known and self.made and self.made[0].found.intent.baseline.level is not None:
            known = {self._words.level: plain(self.made[0].found.intent.baseline.level)}
        before, after = before_and_after(known, _shown(self.after), coin)
        return {"before_header": self.label, "after_header": arithmetic or self.label, "before": before, "after": after}

    @property
    def _first(self) -> Preflight | None:
        """The reading on which the first decision was based."""
        if self.attempts:
            return self.attempts[0].preflight
        return self.ended.preflight if self.ended else None

    @property
    def _words(self) -> Words:
        return WORDS[self.goal.move]

    @property
    def _coin(self) -> str:
        subjects = [subject for subject in (self._before, self.after) if subject is not None]
        return subjects[0].coin if subjects else next((made.found.intent.coin for made in self.made), "")

    @property
    def _before(self) -> Subject | None:
        # An earlier run's move happened before this run's first reading, so its figures before are unknown.
        return self._first.subject if self._first and not self.recovered.made else None

    @property
    def _reported_intent(self) -> Intent | None:
        """The move that the result describes: the first one made, or else the one that ended the run."""
        if self.made:
            return self.made[0].found.intent
        if self.recovered.answered is not None:
            return self.recovered.answered.intent
        return self.ended.intent if self.ended else None

    @property
    def _amount(self) -> Decimal:
        if self.made:
            return total(*(made.found.intent.amount for made in self.made))
        if self._reported_intent is not None:
            return self._reported_intent.amount
        if self.outcome == PLANNED:
            return self.attempts[-1].preflight.decision.amount
        return Decimal(0) if self.outcome == NOTHING_TO_DO else self.goal.amount or Decimal(0)

    @property
    def _sent_at_ms(self) -> int | None:
        if self.made:
            return self.made[0].found.intent.sent_at_ms
        if self.recovered.answered is not None:
            return self.recovered.answered.intent.sent_at_ms
        return self.ended.sent_at_ms if self.ended else None

    @property
    def _evidence(self) -> dict[str, t.Any] | None:
        found = [made.found.evidence for made in self.made] + [attempt.evidence for attempt in self.attempts]
        ended = [self.ended.evidence] if self.ended else []
        return next((evidence for evidence in [*ended, *found] if evidence is not None), None)

    def _since(self) -> dict[str, t.Any] | None:
        preflights = [attempt.preflight for attempt in self.attempts]
        if self.ended and self.ended.preflight:
            preflights.append(self.ended.preflight)
        known: list[Progress] = [preflight.progress for preflight in preflights if preflight.progress is not None]
        if not known:
            return None
        return {"time_ms": self.goal.since_ms, "repaid": plain(known[-1].repaid), "missing": plain(known[-1].missing)}


def _is_recovered(made: Made) -> bool:
    """Return whether the run that sent it got no clear answer."""
    found = made.found
    return made.is_earlier or (found.finding is not None and (found.intent.accepted_at_ms is None or found.intent.goal.has_own_id))


def summary(intent: Intent, outcome: str) -> dict[str, t.Any]:
    """Return one move as the lists of moves in the result contain it."""
    return {
        "intent": intent.intent_id,
        "move": intent.goal.move,
        "amount": plain(intent.amount),
        "coin": intent.coin,
        "outcome": outcome,
        WORDS[intent.goal.move].id_key: intent.repay_id,
        "sent_at_ms": intent.sent_at_ms,
    }


def _shown(subject: Subject | None) -> dict[str, str | None]:
    return {} if subject is None else subject.shown()
