# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what the plan needs, and wait until it can be believed, before anything is paid.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._api.api_key import read_key
from .._api.client import Client
from .._api.errors import Declined, OutcomeUnknown, ReadFailed, Refused
from .._api.return_codes import PERMISSION_MISSING
from .._goal import Goal, RunOptions
from .._journal.intent import BASELINE_REACH_MS, Intent
from .._journal.journal import Journal
from .._loans.account import funding_balance, read_position
from .._loans.history import FAILED, PROCESSING, HistoryEntry
from .._loans.loan import OPEN, Loan
from .._operations.base import Operation
from .._outcomes import NOTHING_TO_DO
from .._reconcile.evidence import margin_without_ledger_ms
from .._reconcile.judge import seen_in_debt
from .._reconcile.poll import AFTER_TURN_MS, Poller, must_stop
from .._times import HOUR_MS, utc
from . import messages
from .plan import PAY, Decision, Means, decide
from .progress import check_since, progress_of
from .report import Report


class Prepared(t.NamedTuple):
    """What is known before anything is paid.

    :ivar entries: The history of the subject.
    :ivar pledged: What is pledged of the coins that are sold, by coin; empty when the wallet pays, or when it cannot be read.
    """

    loan: Loan | None
    entries: list[HistoryEntry]
    means: Means
    decision: Decision
    pledged: tuple[tuple[str, Decimal], ...] = ()


class Preparation:
    """Prepares the payments of one run.

    :param result: Takes the warnings, and how far the goal has come.
    """

    def __init__(
        self, client: Client, operation: Operation, journal: Journal, poller: Poller, goal: Goal, run_options: RunOptions, result: Report
    ) -> None:
        self._client = client
        self._operation = operation
        self._journal = journal
        self._poller = poller
        self._goal = goal
        self._run_options = run_options
        self._result = result
        self._settled_at_ms = 0
        self._known_final: set[str] = set()

    def prepare(self, paid: Decimal = Decimal(0)) -> Prepared:
        """Decide on what to pay, by what the exchange shows.

        A goal of the debt is decided on a debt that has every known repayment in it, because what is missing would be paid twice.

        :param paid: What this run has paid already.
        :raises BybitError: When what is needed cannot be read, or not be believed in time.
        """
        deadline_ms = self._run_options.deadline_ms(self._client.clock.monotonic_ms())
        while True:
            begun_ms = self._client.clock.monotonic_ms()
            prepared = self._look(paid)
            # A debt that may be too high is no reason to refuse either.
            is_nothing = prepared.decision.kind == NOTHING_TO_DO and not prepared.decision.rest
            if not self._goal.is_of_debt or is_nothing:
                return prepared
            pause_ms = self._until_settled_ms(prepared, begun_ms)
            if pause_ms is None:
                return prepared
            if not pause_ms:
                continue
            if self._client.clock.monotonic_ms() + pause_ms > deadline_ms:
                raise Declined(
                    f"A repayment on {self._operation.traits.label} was made only just now or is in process, so what the exchange "
                    f"shows as debt may be too much: raise wait_timeout, or run again later."
                )
            reason = f"The debt of {self._operation.traits.label} may not show yet what was repaid just now"
            self._client.clock.tell_wait(reason, pause_ms)
            self._client.clock.sleep_ms(pause_ms)

    def unseen(self, entries: list[HistoryEntry], loan: Loan | None = None) -> list[Intent]:
        """Return the accepted repayments that the history does not show yet, and forget those that history and debt show.

        :param loan: As it was read before the history; none when the debt is not to be judged.
        """
        shown = {entry.repay_id: entry for entry in entries}
        unseen = sorted(self._journal.unseen(), key=lambda intent: intent.sent_at_ms)
        if loan is not None:
            in_debt = seen_in_debt(unseen, entries, loan)
            for intent in unseen:
                is_final = intent.repay_id in shown and shown[intent.repay_id].is_final
                if is_final and (intent in in_debt or self._is_old(intent)):
                    self._journal.see(intent)
                    self.doubt_debt()
        return [intent for intent in self._journal.unseen() if intent.repay_id not in shown]

    def see_alone(self, intent: Intent, entries: t.Sequence[HistoryEntry], loan: Loan) -> None:
        """Forget a final repayment that the debt shows, when no other one can be what it shows.

        :param entries: The history, read before the loan.
        """
        others = [other for other in self._journal.unseen() if other.intent_id != intent.intent_id]
        if not others and seen_in_debt([intent], entries, loan):
            self._journal.see(intent)

    def _is_old(self, intent: Intent) -> bool:
        """Tell whether the debt must show a repayment by now, even if nothing else confirms it."""
        margin_ms = margin_without_ledger_ms(self._run_options.settle_margin_ms)
        return self._client.believed_time_ms() > intent.window_end_ms + margin_ms

    def doubt_debt(self) -> None:
        """Note that a repayment has become final, possibly just now, however long ago it was made: the debt may be late."""
        self._settled_at_ms = self._client.clock.monotonic_ms() + self._run_options.settle_margin_ms

    def _look(self, paid: Decimal) -> Prepared:
        loan = self.with_position(self._operation.find())
        is_open = loan is not None and loan.status == OPEN
        accuracy = self._accuracy(loan.coin) if loan and is_open else None
        lack = read_key(self._client).lack
        means = Means(accuracy, None, self._run_options.at_most, self._run_options.allow_partial, paid, lack)
        entries = self._read_history(loan) if loan is not None else []
        decision = self._decide(loan, means)
        prepared = Prepared(loan, entries, means, decision)
        if loan is not None and not loan.debt and loan.loan_id is None and decision.kind == NOTHING_TO_DO:
            self._check_nothing_owed(loan)
        if loan is None or not (decision.kind == PAY or decision.rest):
            return prepared
        if self._operation.traits.from_collateral:
            return prepared._replace(pledged=self._pledged())
        # Where the wallet decides how much is paid, it is read anew.
        is_exact = self._goal.is_of_debt or self._run_options.allow_partial
        means = means._replace(wallet=self._wallet(loan.coin, None if is_exact else decision.amount))
        return prepared._replace(means=means, decision=self._decide(loan, means))

    def _check_nothing_owed(self, loan: Loan) -> None:
        """Refuse to call a coin's debt repaid that only a list does not show, while the position of the account does."""
        if read_position(self._client).shows(loan.product, loan.coin):
            raise ReadFailed(
                f"The exchange lists no debt of {self._operation.traits.label}, but the account's position shows one. Run again; when it "
                f"stays so, look at the loan on the exchange's site."
            )

    def _decide(self, loan: Loan | None, means: Means) -> Decision:
        return decide(self._operation.traits, loan, self._goal, means, self._result.progress)

    def with_position(self, loan: Loan | None) -> Loan | None:
        """Return the loan with the position of the account, where the goal is an LTV of the account."""
        if loan is None or self._goal.max_ltv is None or not self._operation.traits.shares_collateral:
            return loan
        return dataclasses.replace(loan, position=read_position(self._client))

    def _accuracy(self, coin: str) -> int | None:
        try:
            return self._operation.accuracy(coin)
        except (ReadFailed, Refused) as error:
            self._warn(f"The decimal places of amounts are left to the exchange to check: {error}")
            return None

    def _wallet(self, coin: str, needed: Decimal | None) -> Decimal | None:
        try:
            return funding_balance(self._client, coin, needed)
        except Refused as error:
            if must_stop(error):
                raise
            if error.failure is not None and error.failure.ret_code == PERMISSION_MISSING:
                # A key for loans need not be one for the wallet; then the exchange alone checks.
                return None
            reason = str(error)
        except ReadFailed as error:
            reason = str(error)
        self._warn(f"Whether the Funding wallet holds enough is left to the exchange to check: {reason}")
        return None

    def _pledged(self) -> tuple[tuple[str, Decimal], ...]:
        """Return what is pledged of the coins that are to be sold, which falls when they are."""
        position = read_position(self._client)
        return tuple((entry.coin, entry.amount) for entry in position.collateral if entry.coin in self._goal.collateral)

    def _read_history(self, loan: Loan) -> list[HistoryEntry]:
        """Read the history, and for a goal with C(since) how far it has come."""
        entries = self._operation.history()
        latest_ms = self._client.believed_time_ms() + HOUR_MS
        for entry in entries:
            if entry.time_ms > latest_ms:
                raise ReadFailed(f"The exchange's history has repayment {entry.repay_id} in the future, at {utc(entry.time_ms)}.")
            if entry.coin and entry.coin != loan.coin:
                label = self._operation.traits.label
                raise ReadFailed(f"The exchange's history of {label} has repayment {entry.repay_id} in {entry.coin}, and not in {loan.coin}.")
        unseen = self.unseen(entries, loan)
        if self._goal.since_ms is not None:
            check_since(self._goal.since_ms, self._client.believed_time_ms())
        if unseen and (self._goal.since_ms is not None or self._goal.is_of_debt):
            self._wait_for(unseen)
            entries = self._operation.history()
            unseen = self.unseen(entries)
        if self._goal.since_ms is not None and self._goal.amount is not None:
            self._result.progress = progress_of(self._goal.amount, self._goal.since_ms, entries, unseen)
        return entries

    def _wait_for(self, unseen: list[Intent]) -> None:
        """Wait until the exchange shows what it has accepted; a sum without it would pay once more."""
        deadline_ms = self._run_options.deadline_ms(self._client.clock.monotonic_ms())
        for intent in unseen:
            shown = self._poller.follow(intent.repay_id or "", deadline_ms, until_final=False)
            if shown.entry is None and self._client.believed_time_ms() > intent.window_end_ms + self._run_options.settle_margin_ms:
                self._result.speak_of(intent)
                self._result.intent_id = intent.intent_id
                raise OutcomeUnknown(messages.unseen(intent, self._operation.traits.label, self._operation.history_request))

    def _until_settled_ms(self, prepared: Prepared, begun_ms: int) -> int | None:
        """Return how long to wait until what is read then has all known repayments in it; none when what was read has.

        :param begun_ms: When the reading began, by the monotonic clock.
        """
        margin_ms = self._run_options.settle_margin_ms
        entries = prepared.entries if self._goal.max_ltv is None else self._operation.ltv_history()
        if any(entry.status == PROCESSING for entry in entries) or self._journal.unseen():
            # However long ago it was made, the debt falls only when it has been processed.
            self.doubt_debt()
            return margin_ms or AFTER_TURN_MS
        youngest_ms = max((entry.latest_ms for entry in entries if entry.status != FAILED), default=0)
        read_at_ms = self._client.exchange_time_ms(begun_ms) or self._client.now_ms()
        left_ms = max(youngest_ms + margin_ms + 1 - read_at_ms, self._settled_at_ms - begun_ms)
        # What was in process when the debt was read can be final when the history is, so the debt is read once more after that.
        recent = {r.repay_id for r in entries if r.status != FAILED and r.time_ms > read_at_ms - BASELINE_REACH_MS}
        is_news = not recent <= self._known_final
        self._known_final |= recent
        if left_ms > 0:
            return left_ms - 1 + AFTER_TURN_MS
        return 0 if is_news else None

    def _warn(self, warning: str) -> None:
        if warning not in self._result.warnings:
            self._result.warnings.append(warning)
