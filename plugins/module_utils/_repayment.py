# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place from which money moves: settle what is open, look, decide, write down, send once, find out.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils import _messages
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import plain
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import (
    BybitError,
    Declined,
    NotExecuted,
    OutcomeUnknown,
    ReadFailed,
    Refused,
)
from ansible_collections.treasury.bybit.plugins.module_utils._evidence import Resolution
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Baseline, Goal, Intent, baseline_of
from ansible_collections.treasury.bybit.plugins.module_utils._loan import LIQUIDATED, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans import LegacyLoans
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import (
    EXECUTED,
    NOT_EXECUTED,
    NOTHING_TO_DO,
    PENDING,
    PLANNED,
    UNKNOWN,
)
from ansible_collections.treasury.bybit.plugins.module_utils._plan import (
    DECLINE,
    Decision,
    check_since,
    decide,
    progress_of,
)
from ansible_collections.treasury.bybit.plugins.module_utils._record import Record
from ansible_collections.treasury.bybit.plugins.module_utils._resolve import Resolver
from ansible_collections.treasury.bybit.plugins.module_utils._result import Result
from ansible_collections.treasury.bybit.plugins.module_utils._return_codes import ORDER_NOT_FOUND
from ansible_collections.treasury.bybit.plugins.module_utils._settle import Settler


class Manner(t.NamedTuple):
    """How a run goes about its goal: the options of these names, times in milliseconds."""

    wait: bool
    wait_timeout_ms: int
    settle_margin_ms: int
    lock_timeout_ms: int
    acknowledge: str | None


class Repayment:
    """One run for one loan.

    :param order_id: The exchange's id of the loan order.
    :ivar result: Everything that is known so far, also when the run fails half-way.
    """

    def __init__(self, client: Client, memory: Memory, order_id: str, goal: Goal, manner: Manner) -> None:
        self._client = client
        self._loans = LegacyLoans(client)
        self._memory = memory
        self._order_id = order_id
        self._goal = goal
        self._manner = manner
        self._settler = Settler(client, self._loans, order_id, manner.settle_margin_ms)
        self._resolver = Resolver(self._settler, memory, manner.wait)
        self.result = Result(order_id, goal.amount, since_ms=goal.since_ms)

    @property
    def outcome(self) -> str:
        """What is known now; until it is concluded, a request that has left makes it unknown."""
        return self.result.outcome or (NOT_EXECUTED if self._client.posted_at_ms is None else UNKNOWN)

    def run(self, check_mode: bool) -> None:
        """Reach the goal, or only foresee it in check mode.

        :raises BybitError: When it was not reached, or when that is unknown; C(result) then tells what is known.
        """
        self._memory.begin(check_mode, self._manner.lock_timeout_ms)
        if not self._is_answered_by_earlier():
            self._look_and_pay(check_mode)

    def _is_answered_by_earlier(self) -> bool:
        """Find out what became of the open repayments of earlier runs; return whether one was asked for the same."""
        answer = acknowledged = None
        for intent in self._memory.open_intents():
            found = self._resolver.resolve(intent, self._deadline_ms())
            if found.outcome == UNKNOWN and self._manner.acknowledge != intent.intent_id:
                raise self._in_doubt(found, "an earlier run sent it and did not tell its end")
            if found.outcome == UNKNOWN:
                self._memory.forget(intent)
                acknowledged = intent
            self.result.add_earlier(found.intent, found.outcome)
            self.result.warnings.append(_messages.earlier(found.intent, found.outcome, self._order_id))
            if intent.goal == self._goal and found.outcome in (EXECUTED, PENDING):
                answer = found
        if answer:
            self._conclude(answer, is_earlier=True)
            return True
        acknowledged = acknowledged or self._acknowledged_unseen()
        if acknowledged:
            self.result.amount = Decimal(0)
            self.result.conclude(NOTHING_TO_DO, _messages.acknowledged(acknowledged, self._order_id))
        return acknowledged is not None

    def _acknowledged_unseen(self) -> Intent | None:
        """Forget the accepted repayment that C(acknowledge) names, unless the exchange shows it by now."""
        for intent in self._memory.unseen():
            if intent.intent_id != self._manner.acknowledge:
                continue
            self._settler.follow(intent.repay_id or "", self._deadline_ms(), until_final=False)
            # Read once more, so that an exchange which cannot be read is no reason to forget.
            if intent in self._unseen(self._loans.history(self._order_id)):
                self._memory.forget(intent)
                if intent.told:
                    self.result.add_earlier(intent, UNKNOWN)
                    self.result.warnings.append(_messages.earlier(intent, UNKNOWN, self._order_id))
                return intent
        return None

    def _look_and_pay(self, check_mode: bool) -> None:
        loan = self.result.before = self._loans.find(self._order_id)
        accuracy = self._accuracy(loan.coin) if loan is not None and loan.status == OPEN else None
        records = self._read_history() if loan is not None else []
        decision = decide(self._order_id, loan, self._goal, self.result.progress, accuracy)
        if loan is None or decision.kind == DECLINE:
            raise Declined(decision.message)
        self.result.amount = decision.amount
        if decision.kind == NOTHING_TO_DO:
            self._nothing_to_do(decision)
        elif check_mode:
            self.result.conclude(PLANNED, f"Would repay {decision.message}.", decision.after)
        else:
            self._pay(decision, loan, baseline_of(loan, records, self._exchange_time_ms()))

    def _accuracy(self, coin: str) -> int | None:
        try:
            return self._loans.accuracy(coin)
        except (ReadFailed, Refused) as error:
            self.result.warnings.append(f"The decimal places of amount are left to the exchange to check: {error}")
            return None

    def _read_history(self) -> list[Record]:
        """Read the history, and for a goal with C(since) how far it has come."""
        records = self._loans.history(self._order_id)
        unseen = self._unseen(records)
        if self._goal.since_ms is None:
            return records
        check_since(self._goal.since_ms, self._exchange_time_ms())
        if unseen:
            self._wait_for(unseen)
            records = self._loans.history(self._order_id)
            unseen = self._unseen(records)
        self.result.progress = progress_of(self._goal, records, unseen)
        return records

    def _unseen(self, records: list[Record]) -> list[Intent]:
        """Return the accepted repayments that the history does not show yet."""
        shown = {record.repay_id for record in records}
        for intent in self._memory.unseen():
            if intent.repay_id in shown:
                self._memory.see(intent)
        return self._memory.unseen()

    def _wait_for(self, unseen: list[Intent]) -> None:
        """Wait until the exchange shows what it has accepted; a sum without it would pay once more."""
        deadline_ms = self._deadline_ms()
        for intent in unseen:
            shown = self._settler.follow(intent.repay_id or "", deadline_ms, until_final=False)
            if shown is None and self._exchange_time_ms() > intent.window_end_ms + self._manner.settle_margin_ms:
                self._speak_of(intent)
                self.result.intent_id = intent.intent_id
                raise OutcomeUnknown(_messages.unseen(intent, self._order_id, self._history_call()))

    def _nothing_to_do(self, decision: Decision) -> None:
        self.result.conclude(NOTHING_TO_DO, decision.message, decision.after)
        if decision.after is not None and decision.after.status == LIQUIDATED:
            self.result.warnings.append(f"{decision.message} The exchange has sold its collateral.")

    def _pay(self, decision: Decision, loan: Loan, baseline: Baseline) -> None:
        intent_id = str(uuid.uuid4())
        window_ms = self._client.recv_window_ms
        intent = Intent(intent_id, self._goal, decision.amount, loan.coin, baseline, 0, window_ms)

        def write_down(sent_at_ms: int) -> None:
            nonlocal intent
            intent = dataclasses.replace(intent, sent_at_ms=sent_at_ms)
            self._memory.note(intent)

        try:
            repay_id = self._loans.repay(self._order_id, decision.amount, write_down)
        except OutcomeUnknown as error:
            self._settle(intent, error)
        except BybitError as error:
            self._memory.forget(intent)
            self.result.sent_at_ms = self._client.posted_at_ms
            if isinstance(error, Refused) and self._is_closed_meanwhile(error):
                return
            what = _messages.name_of(intent, self._order_id)
            raise type(error)(f"The repayment of {what} was not made: {error}", error.failure) from error
        else:
            found = self._resolver.resolve(dataclasses.replace(intent, repay_id=repay_id), self._deadline_ms())
            self._end(found, None)

    def _settle(self, intent: Intent, lost: OutcomeUnknown) -> None:
        found = self._resolver.resolve(intent, self._deadline_ms())
        if found.outcome == UNKNOWN:
            raise self._in_doubt(found, str(lost), lost)
        self._end(found, lost)

    def _end(self, found: Resolution, lost: OutcomeUnknown | None) -> None:
        """End a run that has sent its repayment and knows what became of it.

        :param lost: Why the answer told nothing, when it had to be looked for.
        """
        self._speak_of(found.intent)
        self.result.evidence = found.evidence
        if found.outcome == NOT_EXECUTED:
            raise NotExecuted(_messages.not_executed(found, self._order_id, lost), lost.failure if lost else None)
        self._conclude(found, is_earlier=False)

    def _conclude(self, found: Resolution, is_earlier: bool) -> None:
        """Tell of a repayment that was made, by this run or an earlier one, and look at the loan again."""
        result, intent = self.result, found.intent
        self._speak_of(intent)
        result.recovered = is_earlier or found.finding is not None
        result.evidence = found.evidence
        result.conclude(found.outcome, _messages.made(found, self._order_id, is_earlier))
        if found.warning:
            result.warnings.append(found.warning)
        try:
            after = result.after = self._loans.find(self._order_id)
        except BybitError as error:
            result.warnings.append(f"The repayment was accepted, but the loan could not be read afterwards: {error}")
            return
        if after is None:
            result.warnings.append("The repayment was accepted, but the exchange does not list the loan any more.")
        elif after.debt < intent.baseline.debt:
            result.message += f" Debt before: {plain(intent.baseline.debt)}, now: {plain(after.debt)}."
        else:
            result.warnings.append("The repayment was accepted, but the debt has not fallen yet: it may be in process.")

    def _in_doubt(self, found: Resolution, cause: str, lost: OutcomeUnknown | None = None) -> OutcomeUnknown:
        self._speak_of(found.intent)
        self.result.intent_id, self.result.evidence = found.intent.intent_id, found.evidence
        message = _messages.unknown(found, cause, self._order_id, self._history_call())
        return OutcomeUnknown(message, lost.failure if lost else None)

    def _speak_of(self, intent: Intent) -> None:
        result = self.result
        result.amount, result.repay_id, result.sent_at_ms = intent.amount, intent.repay_id, intent.sent_at_ms

    def _is_closed_meanwhile(self, refusal: Refused) -> bool:
        """Tell whether the loan was closed by somebody else between the look and the request."""
        if refusal.failure is None or refusal.failure.ret_code != ORDER_NOT_FOUND:
            return False
        try:
            loan = self._loans.find_completed(self._order_id)
        except BybitError as error:
            self.result.warnings.append(f"Whether the loan was closed meanwhile could not be read: {error}")
            return False
        decision = decide(self._order_id, loan, self._goal)
        if decision.kind != NOTHING_TO_DO:
            return False
        self.result.amount = decision.amount
        self._nothing_to_do(decision)
        return True

    def _history_call(self) -> str:
        return f"GET {self._loans.history_call}?orderId={self._order_id}"

    def _exchange_time_ms(self) -> int:
        told_ms = self._client.exchange_time_ms()
        return self._client.now_ms() if told_ms is None else told_ms

    def _deadline_ms(self) -> int:
        return self._client.clock.monotonic_ms() + self._manner.wait_timeout_ms
