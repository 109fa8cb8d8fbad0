# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the repayments that earlier runs have sent without telling their end; known before anything is sent now.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

from .._api.client import Client
from .._api.errors import OutcomeUnknown
from .._goal import Goal, RunOptions
from .._journal.intent import Intent
from .._journal.journal import Journal
from .._operations.base import Operation
from .._outcomes import EXECUTED, PENDING, UNKNOWN
from .._reconcile.judge import Reconciled
from .._reconcile.poll import Poller
from .._reconcile.reconcile import Reconciler
from .._times import HOUR_MS
from . import messages
from .preflight import Preparation
from .report import Report


class EarlierRuns:
    """Settles what earlier runs for the same subject have left open.

    :ivar left_to_user: Why this run sends nothing, as none does to which the user names an intent in doubt; empty otherwise.
    """

    def __init__(
        self,
        client: Client,
        operation: Operation,
        journal: Journal,
        poller: Poller,
        reconciler: Reconciler,
        preparation: Preparation,
        run_options: RunOptions,
        result: Report,
    ) -> None:
        self._client = client
        self._operation = operation
        self._journal = journal
        self._poller = poller
        self._reconciler = reconciler
        self._preparation = preparation
        self._run_options = run_options
        self._result = result
        self.left_to_user = ""

    def settle(self, goal: Goal) -> list[Reconciled]:
        """Return the open repayments that earlier runs which were asked for the same have made, oldest first.

        :raises OutcomeUnknown: When it cannot be known what became of one.
        """
        answers = []
        named = self._run_options.acknowledge
        if named is not None and named not in {intent.intent_id for intent in self._journal.noted()}:
            self._leave(messages.not_noted(named))
        for intent in self._journal.open_intents():
            found = self._reconciler.resolve(intent, self._run_options.deadline_ms(self._client.clock.monotonic_ms()))
            if found.outcome == UNKNOWN and self._run_options.acknowledge != intent.intent_id:
                raise self.in_doubt(found, "an earlier run began it and did not tell its end")
            if found.outcome == UNKNOWN:
                self._journal.forget(intent)
                self.left_to_user = messages.acknowledged(intent, self._result.label)
            self._tell(found.intent, found.outcome)
            if found.outcome == EXECUTED:
                self._preparation.doubt_debt()
            if intent.goal == goal and found.outcome in (EXECUTED, PENDING) and self._answers(intent):
                answers.append(found)
        if not answers and not self.left_to_user:
            forgotten = self._acknowledged_unseen()
            if forgotten:
                self.left_to_user = messages.acknowledged(forgotten, self._result.label)
        if named is not None and not self.left_to_user and (not answers or goal.is_of_debt):
            self._leave(messages.not_in_doubt(named))
        return answers

    def _answers(self, intent: Intent) -> bool:
        """Tell whether a repayment that was made is what this run was asked for, and say so where that is only inferred."""
        if intent.reported_at_ms is None:
            return True
        is_young = self._client.believed_time_ms() - intent.reported_at_ms <= messages.ANSWERS_FOR_HOURS * HOUR_MS
        tell = messages.may_have_been_reported if is_young else messages.too_old_to_answer
        self._result.warnings.append(tell(intent, self._result.label))
        return is_young

    def in_doubt(self, found: Reconciled, cause: str, lost: OutcomeUnknown | None = None) -> OutcomeUnknown:
        """Return the error that tells what is known of a repayment in doubt."""
        result = self._result
        if not result.made:
            result.speak_of(found.intent)
        result.intent_id, result.evidence = found.intent.intent_id, found.evidence
        message = messages.unknown(found, cause, result.label, self._operation.history_request)
        return OutcomeUnknown(message, lost.failure if lost else None)

    def _acknowledged_unseen(self) -> Intent | None:
        """Forget the accepted repayment that C(acknowledge) names, unless the exchange shows it by now."""
        for intent in self._journal.unseen():
            if intent.intent_id != self._run_options.acknowledge:
                continue
            self._poller.follow(intent.repay_id or "", self._run_options.deadline_ms(self._client.clock.monotonic_ms()), until_final=False)
            # Read once more, so that an exchange which cannot be read is no reason to forget.
            if intent in self._preparation.unseen(self._operation.history()):
                self._journal.forget(intent)
                if intent.told:
                    self._tell(intent, UNKNOWN)
                return intent
        return None

    def _leave(self, story: str) -> None:
        """Send nothing, and say so aloud, because an option that was left in a playbook would keep it from paying for good."""
        self.left_to_user = story
        self._result.warnings.append(story)

    def _tell(self, intent: Intent, outcome: str) -> None:
        self._result.add_earlier(intent, outcome)
        self._result.warnings.append(messages.earlier(intent, outcome, self._result.label))
