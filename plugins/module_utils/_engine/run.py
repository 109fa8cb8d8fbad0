# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reach a goal on one subject: settle what is open, look, decide, send once, find out; the only place from which money moves.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid
from decimal import Decimal

from .._amounts import plain, total
from .._api.client import Acceptance, Client
from .._api.errors import BadInput, BybitError, Declined, NotExecuted, NotSent, OutcomeUnknown, Refused, TurnedAway
from .._api.return_codes import SUCCESS, TOO_FINE_CODES
from .._goal import Goal, RunOptions
from .._journal.intent import Intent, baseline_of
from .._journal.journal import Journal
from .._loans.account import doubt_balance, note_payment
from .._loans.loan import LIQUIDATED, Loan
from .._loans.wallet import Movement, Spending
from .._operations.base import Operation
from .._outcomes import EXECUTED, NOT_EXECUTED, NOTHING_TO_DO, UNKNOWN
from .._reconcile.judge import Reconciled
from .._reconcile.poll import Poller
from .._reconcile.reconcile import Reconciler
from . import messages
from .gate import entries_since, has_money_moved
from .plan import DECLINE, PAY, Decision, dust_of
from .preflight import Preparation, Prepared
from .recover import EarlierRuns
from .report import Report

# Interest of some hours is far below this part of the debt, even at three times the rate; more than it was borrowed anew.
_MOST_ACCRUED = Decimal("0.001")
_MORE_THAN_INTEREST = "It is more than interest can be, so more was borrowed meanwhile."


class _Turned(t.NamedTuple):
    """A repayment that only the gate of the exchange has turned away."""

    intent: Intent
    error: TurnedAway


class Repayment:
    """One run for one subject.

    :ivar result: Everything that is known so far, also when the run fails half-way.
    """

    def __init__(
        self,
        client: Client,
        journal: Journal,
        operation: Operation,
        goal: Goal,
        run_options: RunOptions,
        has_listeners: t.Callable[[], bool] = lambda: True,
    ) -> None:
        self._client = client
        self._has_listeners = has_listeners
        self._operation = operation
        self._journal = journal
        self._goal = goal
        self._run_options = run_options
        self._is_sending = False
        self._has_tried_rest = False
        self._paid = Decimal(0)
        self.result = empty_result(operation, goal)
        self._poller = poller = Poller(client, operation, run_options.settle_margin_ms)
        self._reconciler = Reconciler(poller, journal, run_options.wait)
        self._preparation = Preparation(client, operation, journal, poller, goal, run_options, self.result)
        self._earlier = EarlierRuns(
            client, operation, journal, poller, self._reconciler, self._preparation, run_options, self.result
        )

    @property
    def outcome(self) -> str:
        """What is known now; until it is concluded, a request that has left makes it unknown."""
        if self._is_sending and self._client.posted_at_ms is not None:
            return UNKNOWN
        return self.result.outcome or (UNKNOWN if self._journal.is_in_doubt else NOT_EXECUTED)

    def run(self, check_mode: bool) -> None:
        """Reach the goal, or only foresee it in check mode.

        :raises BybitError: When it was not reached, or when that is unknown; C(result) then tells what is known.
        """
        try:
            self._run(check_mode)
        except BybitError as error:
            if not self.result.made:
                raise
            # What this run has paid before it failed comes first.
            raise type(error)(f"{self.result.message()} {error}", error.failure) from error

    def _run(self, check_mode: bool) -> None:
        self._journal.begin(check_mode, self._run_options.lock_timeout_ms)
        answers = self._earlier.settle(self._goal)
        for answer in answers:
            self._conclude(answer, is_earlier=True)
        if self._earlier.left_to_user:
            self._leave_to_the_user(self._earlier.left_to_user)
            return
        if not answers or (self._goal.is_of_debt and self.result.outcome == EXECUTED):
            self._reach(check_mode)
        if self.result.outcome == EXECUTED and not check_mode:
            self._pay_accrued()
        if self.result.outcome == EXECUTED and not check_mode and self.result.dust and not self._has_tried_rest:
            self._pay_rest()

    def _leave_to_the_user(self, story: str) -> None:
        """Send nothing, whatever is missing of the goal, because the repayment in doubt may be in no debt yet."""
        if self.result.made:
            self.result.stories.append(story)
        else:
            self.result.nothing_to_do(story)

    def _reach(self, check_mode: bool) -> None:
        """Pay what is missing of the goal, or all of what an earlier run has left of it."""
        if not check_mode:
            self._client.draw_near(self._operation.repay_path)
        prepared = self._preparation.prepare(self._paid)
        loan, decision = prepared.loan, prepared.decision
        self.result.decision = decision
        if not self.result.made:
            self.result.before = loan
        if loan is None or decision.kind == DECLINE:
            raise Declined(decision.message)
        if self._operation.traits.is_sweep and self._run_options.at_most is not None:
            self.result.warnings.append(messages.cap_of_sweep(self.result.label))
        if decision.kind == NOTHING_TO_DO:
            self._nothing_to_do(decision, prepared)
            if decision.rest and not check_mode:
                self._try_rest(prepared, loan)
        elif check_mode:
            self._foresee(decision)
        else:
            self._pay(prepared, loan)

    def _foresee(self, decision: Decision) -> None:
        if self.result.made:
            self.result.stories.append(f"Would repay {decision.message}, too.")
        else:
            self.result.plan(decision, decision.after)

    def _nothing_to_do(self, decision: Decision, prepared: Prepared) -> None:
        if self.result.made:
            return
        self.result.nothing_to_do(decision.message, decision.after)
        if prepared.loan is not None:
            self.result.dust = dust_of(prepared.loan, self._goal, prepared.means.accuracy)
        if not decision.reaches_goal:
            self.result.warnings.append(decision.message)
        if decision.after is not None and decision.after.status == LIQUIDATED:
            self.result.warnings.append(f"{decision.message} The exchange has sold its collateral.")

    def _pay(self, prepared: Prepared, loan: Loan, most: Decimal | None = None, is_rest: bool = False) -> None:
        """Send one repayment, decided anew whenever the gate has turned it away, and find out what becomes of it.

        :param most: The most that it may be, whatever is decided anew; none without such a bound.
        :param is_rest: Whether it is what needs more decimal places than the exchange lists.
        """
        self._is_sending = True
        while (turned := self._send(prepared, loan)) is not None:
            anew = self._decide_anew(turned, prepared, most, is_rest)
            if anew is None or anew.loan is None:
                break
            prepared, loan = anew, anew.loan
        self._is_sending = False
        if not self.result.made:
            return
        if self.result.progress is not None:
            self.result.stories.append(messages.counted(self.result.progress, self._goal, loan.coin))
        if prepared.decision.shortfall:
            self.result.stories.append(f"The goal is not reached: {prepared.decision.shortfall}.")
        if self.result.after is not None:
            self.result.dust = dust_of(self.result.after, self._goal, prepared.means.accuracy)

    def _send(self, prepared: Prepared, loan: Loan) -> _Turned | None:
        """Sign, write down, send once, and find out; return what the gate has turned away, if it did."""
        intent = Intent(
            intent_id=str(uuid.uuid4()),
            goal=self._goal,
            amount=prepared.decision.amount,
            coin=loan.coin,
            baseline=baseline_of(
                loan, prepared.entries, self._client.believed_time_ms(), prepared.means.wallet, prepared.pledged,
                self._client.kept(Spending).paid,
            ),
            sent_at_ms=0,
            recv_window_ms=self._client.recv_window_ms,
            is_whole=self._operation.traits.is_whole,
        )

        def write_down(sent_at_ms: int) -> None:
            nonlocal intent
            clock = self._client.clock
            intent = dataclasses.replace(
                intent, sent_at_ms=sent_at_ms, sent_monotonic_ms=clock.monotonic_ms(), boot_id=clock.boot_id()
            )
            # Looked at last, because they may end while this run waits or reads.
            if not self._has_listeners():
                raise NotSent("Who started this has ended, so nobody would be told the result: nothing was sent.")
            self._journal.note(intent)

        try:
            accepted = self._operation.repay(loan, intent.amount, write_down)
        except TurnedAway as error:
            doubt_balance(self._client, loan.coin)
            return _Turned(intent, error)
        except OutcomeUnknown as error:
            doubt_balance(self._client, loan.coin)
            if error.failure is not None and error.failure.ret_code == SUCCESS:
                # It was accepted, only not in the documented form.
                intent = self._note_acceptance(dataclasses.replace(intent, accepted_at_ms=intent.window_end_ms))
            self._find_out(intent, error)
        except BybitError as error:
            doubt_balance(self._client, loan.coin)
            self._refused(intent, error)
        else:
            if not self._operation.traits.from_collateral:
                note_payment(self._client, loan.coin, intent.amount)
            self._accepted(intent, accepted, {entry.repay_id for entry in prepared.entries})
        return None

    def _decide_anew(self, turned: _Turned, before: Prepared, most: Decimal | None, is_rest: bool) -> Prepared | None:
        """Decide on fresh reads after a pause that the gate forced; none when nothing is to be sent any more.

        :param before: What was known when the request left.
        """
        intent, error = turned
        try:
            now = self._preparation.prepare(self._paid)
            flown: list[Movement] = []
            if now.decision.kind == PAY:
                # The balance may be late where the ledger is not.
                flown = self._poller.outflows(intent)
                if flown or has_money_moved(intent, before, now):
                    self._await_entry(intent)
                    now = self._preparation.prepare(self._paid)
        except BybitError as failed:
            # Something in between may have sent it twice: that cannot be seen now, or it is a copy in process that declines this.
            self._find_out(intent, OutcomeUnknown(f"{error} And then: {failed}", error.failure))
            return None
        news = entries_since(before, now)
        trace = ""
        if news and (not self._goal.is_declarative or now.decision.kind == DECLINE):
            trace = f"the history came to show repayment {news[0].repay_id} meanwhile"
        elif not news and any(-movement.amount == intent.amount for movement in flown):
            trace = f"the wallet's ledger shows that {plain(intent.amount)} {intent.coin} left meanwhile"
        if trace:
            # Nobody can tell whether that was this one, so it is looked for like one whose answer was lost.
            self._find_out(intent, OutcomeUnknown(f"{error} But {trace}", error.failure))
            return None
        self._journal.forget(intent)
        self.result.warnings += [messages.came_between(entry, intent.coin) for entry in news]
        if is_rest:
            now = _with_rest(now)
        decision = now.decision
        if not self.result.made:
            self.result.decision = decision
        if now.loan is None or decision.kind == DECLINE:
            raise Declined(decision.message)
        if most is not None and decision.amount > most:
            raise Declined(_MORE_THAN_INTEREST)
        if decision.kind == PAY:
            return now
        self._is_sending = False
        self.result.after = now.loan
        self._nothing_to_do(decision, now)
        return None

    def _await_entry(self, intent: Intent) -> None:
        """Wait until the history must show a repayment if it was made when its request was turned away."""
        clock = self._client.clock
        left_ms = (intent.sent_monotonic_ms or 0) + self._run_options.settle_margin_ms - clock.monotonic_ms()
        if left_ms > 0:
            clock.tell_wait(f"Money has moved while {self.result.label} could not be repaid, and the history may be late", left_ms)
            clock.sleep_ms(left_ms)

    def _accepted(self, intent: Intent, accepted: Acceptance, earlier_ids: set[str]) -> None:
        """Find out what becomes of a repayment that the exchange has accepted.

        :param earlier_ids: The ids that its history had before.
        """
        given_id = accepted.given_id
        lost: OutcomeUnknown | None = None
        if given_id in earlier_ids or given_id in self._journal.repay_ids():
            # It proves nothing of this request.
            given_id, lost = None, OutcomeUnknown(messages.known_id(str(given_id)))
        if given_id is None:
            # The answer may be an earlier one, with the time of that.
            accepted_at_ms = accepted.time_ms if lost is None else intent.window_end_ms
            intent = self._note_acceptance(dataclasses.replace(intent, accepted_at_ms=accepted_at_ms))
        self._find_out(dataclasses.replace(intent, repay_id=given_id), lost)

    def _note_acceptance(self, intent: Intent) -> Intent:
        try:
            self._journal.note(intent)
        except BadInput as error:
            self.result.warnings.append(f"That the exchange accepted the repayment could not be written down: {error}")
        return intent

    def _refused(self, intent: Intent, error: BybitError) -> None:
        """End a repayment that surely was not made."""
        self._journal.forget(intent)
        if not self.result.made:
            self.result.amount, self.result.sent_at_ms = intent.amount, self._client.posted_at_ms
        if isinstance(error, Refused) and self._is_closed_meanwhile(error):
            return
        what = messages.name_of(intent, self.result.label)
        raise type(error)(f"The repayment of {what} was not made: {error}", error.failure) from error

    def _find_out(self, intent: Intent, lost: OutcomeUnknown | None) -> None:
        """Tell what became of a repayment that has left.

        :param lost: Why its answer told nothing; none when it was accepted.
        """
        found = self._reconciler.resolve(intent, self._run_options.deadline_ms(self._client.clock.monotonic_ms()))
        if found.outcome == UNKNOWN:
            raise self._earlier.in_doubt(found, str(lost or "the exchange accepted it without an id of its own"), lost)
        if found.outcome == NOT_EXECUTED:
            if not self.result.made:
                self.result.speak_of(found.intent)
            self.result.evidence = found.evidence
            raise NotExecuted(messages.not_executed(found, self.result.label, lost), lost.failure if lost else None)
        # What the history shows may be less a fee, which was paid as well.
        self._paid = total(self._paid, max(intent.amount, found.intent.amount))
        self._conclude(found, is_earlier=False)

    def _conclude(self, found: Reconciled, is_earlier: bool) -> None:
        """Tell of a repayment that was made, by this run or an earlier one, and look at the loan again."""
        result, intent = self.result, found.intent
        result.add_made(found, messages.made(found, result.label, is_earlier), is_earlier)
        # From here on the result itself says what is known.
        self._is_sending = False
        if found.warning:
            result.warnings.append(found.warning)
        result.after = None
        try:
            # Without that, the next run could take the old debt for what is still to be paid.
            must_see_fall = self._goal.is_of_debt and found.outcome == EXECUTED and not is_earlier
            result.after = self._poller.see_fall(intent, self._run_options.deadline_ms(self._client.clock.monotonic_ms()) if must_see_fall else 0)
            after = result.after = self._preparation.with_position(result.after)
        except BybitError as error:
            result.warnings.append(f"The repayment was accepted, but the loan could not be read afterwards: {error}")
            return
        # An entry that was only found may be somebody else's, and ours not be shown yet: a goal of the debt has to wait for it.
        if after is not None and found.outcome == EXECUTED and found.finding is None:
            self._preparation.see_alone(intent, found.entries, after)
        if after is None:
            result.warnings.append("The repayment was accepted, but the exchange does not list the loan any more.")
        elif after.debt < intent.baseline.debt:
            result.stories.append(f"Debt before: {plain(intent.baseline.debt)}, now: {plain(after.debt)}.")
        else:
            result.warnings.append("The repayment was accepted, but the debt has not fallen yet: it may be in process.")

    def _pay_accrued(self) -> None:
        """Pay the interest that came to the debt while the first repayment was made, once."""
        after, first, decision = self.result.after, self.result.made[-1].intent, self.result.decision
        if self._goal.max_debt is None or after is None or after.debt <= self._goal.max_debt or self.result.dust:
            return
        if decision is not None and decision.shortfall:
            return
        try:
            prepared = self._preparation.prepare(self._paid)
            decision = prepared.decision
            if decision.kind == DECLINE:
                raise Declined(decision.message)
            most = first.baseline.debt * _MOST_ACCRUED
            if decision.amount > most:
                raise Declined(_MORE_THAN_INTEREST)
            if decision.kind == PAY and prepared.loan is not None:
                self._pay(prepared, prepared.loan, most)
            else:
                self.result.after = prepared.loan
            after = self.result.after or after
            if after.debt > self._goal.max_debt and not dust_of(after, self._goal, prepared.means.accuracy):
                raise Declined("Interest has accrued again, or the exchange shows the debt late.")
        except OutcomeUnknown:
            raise
        except BybitError as error:
            if self.result.decision is not None:
                self.result.decision = self.result.decision._replace(shortfall=str(error))
            self.result.warnings.append(
                f"After this repayment, {plain(after.debt)} {after.coin} are owed, more than max_debt, and this was not repaid: "
                f"{error} Run again to repay it."
            )

    def _pay_rest(self) -> None:
        """Try once to repay what was left because it needs more decimal places than the exchange lists."""
        try:
            prepared = self._preparation.prepare(self._paid)
            self.result.after = prepared.loan or self.result.after
            if prepared.loan is not None and prepared.decision.rest:
                self._try_rest(prepared, prepared.loan)
        except OutcomeUnknown:
            raise
        except BybitError as error:
            self.result.warnings.append(f"What is left was not repaid: {error}")

    def _try_rest(self, prepared: Prepared, loan: Loan) -> None:
        """Pay what needs more decimal places than the exchange lists, if it takes them."""
        rest, means = prepared.decision.rest, prepared.means
        self._has_tried_rest = True
        is_too_much = means.at_most is not None and total(means.paid, rest) > means.at_most
        if is_too_much or (means.wallet is not None and rest > means.wallet):
            return
        try:
            self._pay(_with_rest(prepared), loan, is_rest=True)
        except Refused as error:
            if error.failure is None or error.failure.ret_code not in TOO_FINE_CODES:
                raise
            self._is_sending = False
            if not self.result.made:
                self.result.amount, self.result.sent_at_ms = Decimal(0), None
            self.result.stories.append(messages.left_over(plain(rest), loan.coin, f"retCode {error.failure.ret_code}"))

    def _is_closed_meanwhile(self, refusal: Refused) -> bool:
        """Tell whether the loan was closed by somebody else between the look and the request."""
        if refusal.failure is None or refusal.failure.ret_code not in self._operation.gone_codes:
            return False
        try:
            prepared = self._preparation.prepare(self._paid)
        except BybitError as error:
            self.result.warnings.append(f"Whether the loan was closed meanwhile could not be read: {error}")
            return False
        if prepared.decision.kind != NOTHING_TO_DO:
            return False
        if self.result.made:
            self.result.after = prepared.loan
        else:
            self.result.decision = prepared.decision
        self._nothing_to_do(prepared.decision, prepared)
        return True


def empty_result(operation: Operation, goal: Goal) -> Report:
    """Return what is known before anything was read."""
    return Report(operation.ids, operation.traits.label, goal.amount or Decimal(0), goal.since_ms)


def _with_rest(prepared: Prepared) -> Prepared:
    """Return what pays the rest that needs more decimal places than the exchange lists, if there is one."""
    decision = prepared.decision
    return prepared._replace(decision=decision._replace(kind=PAY, amount=decision.rest)) if decision.rest else prepared
