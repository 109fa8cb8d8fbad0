# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read history and debt repeatedly, with growing pauses, until the outcome of a repayment is known.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, plain, plain_or_none, total
from .._api.client import Client
from .._api.errors import BybitError, Refused
from .._journal.intent import Intent
from .._loans.account import read_balance, read_position, wallet_movements
from .._loans.history import HistoryEntry
from .._loans.loan import Loan
from .._loans.wallet import Movement
from .._operations.base import Operation
from .._outcomes import NOT_EXECUTED, UNKNOWN
from .._times import CLOCK_SLACK_MS, DAY_MS, SECOND_MS
from .evidence import Funds, Observation, margin_without_ledger_ms, seen_in_debt, without_own
from .judge import Finding, confirm_not_executed, judge

_Found = t.TypeVar("_Found", Decimal, t.List[Movement])

_FIRST_PAUSE_MS = 500
_MAX_PAUSE_MS = 4000
# How far back the Funding wallet's ledger reaches.
_LEDGER_REACH_MS = 7 * DAY_MS


class PollResult(t.NamedTuple):
    """What is known of a repayment whose answer was lost.

    :ivar evidence: What was seen, in the form of the result C(evidence).
    """

    finding: Finding
    evidence: dict[str, t.Any]


class Followed(t.NamedTuple):
    """What the history shows of a repayment whose ID is known.

    :ivar entry: Its entry as read last; none if it never appeared.
    :ivar entries: The whole history as read last.
    """

    entry: HistoryEntry | None
    entries: tuple[HistoryEntry, ...] = ()


class Poller:
    """Looks for the repayments of one loan.

    :param settle_margin_ms: How late history and debt may be at most.
    """

    def __init__(self, client: Client, operation: Operation, settle_margin_ms: int) -> None:
        self._client = client
        self._operation = operation
        self._settle_margin_ms = settle_margin_ms
        self._label = operation.terms.label
        self._begun_ms = client.clock.monotonic_ms()

    def find_outcome(self, intent: Intent, others: frozenset[str], deadline_ms: int) -> PollResult:
        """Find out whether the repayment of an intent was executed.

        :param others: The IDs of repayments that are known to be other ones.
        :param deadline_ms: When to give up, by the monotonic clock.
        """
        latest, funds, error, reads = None, Funds(), None, 0
        finding = Finding(UNKNOWN, "")
        margins_ms = (0, self._settle_margin_ms, margin_without_ledger_ms(self._settle_margin_ms))
        exchange_checkpoints_ms = tuple(intent.window_end_ms + margin_ms for margin_ms in margins_ms)
        departed_ms = self._departed_ms(intent)
        local_checkpoints_ms = tuple(departed_ms + intent.open_for_ms + margin_ms for margin_ms in margins_ms)
        doubt = f"Whether the repayment of {plain(intent.amount)} {intent.coin} on {self._label} was made is not known yet"
        for dummy in self._reads(deadline_ms, doubt, exchange_checkpoints_ms, local_checkpoints_ms):
            reads += 1
            seen, error = self._read(departed_ms)
            if seen is not None:
                latest = seen
                finding = judge(intent, latest, self._settle_margin_ms, others)
            if latest is not None and finding.outcome == NOT_EXECUTED:
                try:
                    funds = self._read_funds(intent, has_failed=bool(finding.candidates))
                except BybitError as failed:
                    finding, error = finding._replace(outcome=UNKNOWN), failed
                else:
                    finding = confirm_not_executed(finding, funds, intent, latest, self._settle_margin_ms)
            if finding.outcome != UNKNOWN or (error is not None and error.is_block):
                break
        if error is not None and finding.outcome == UNKNOWN:
            finding = finding._replace(reason=f"the exchange could not be read ({error.cause})")
        return PollResult(finding, _evidence(intent, latest, funds, finding, reads))

    def follow(self, repay_id: str, deadline_ms: int, until_final: bool = True) -> Followed:
        """Look for the entry of a repayment in the history.

        :param until_final: Whether to go on while it is in process.
        """
        seen, entries = None, []
        for dummy in self._reads(deadline_ms, f"Repayment {repay_id} on {self._label} is not final yet"):
            try:
                # All of it, because repayments by others explain the debt as well.
                entries = self._operation.history()
            except BybitError as failed:
                if failed.is_block:
                    break
                continue
            seen = next((entry for entry in entries if entry.repay_id == repay_id), seen)
            if seen and (seen.is_final or not until_final):
                break
        return Followed(seen, tuple(entries))

    def loan_of(self, repay_id: str) -> str:
        """Say which other loan the repayment with this ID belongs to; empty if the history shows none."""
        try:
            found = self._operation.repayments_of_account(repay_id)
            if not found or any(entry.repay_id == repay_id for entry in self._operation.history()):
                return ""
        except BybitError:
            # Without an answer, nothing contradicts the exchange's word.
            return ""
        return f"that ID belongs to a repayment of {plain(found[0].amount)} {found[0].coin} on another loan"

    def await_fall(self, intent: Intent, deadline_ms: int) -> Loan | None:
        """Return the loan as soon as its debt shows a repayment that was made, or as it is at the deadline.

        :raises BybitError: When the loan cannot be read.
        """
        loan = None
        for dummy in self._reads(deadline_ms, f"The debt does not show the repayment on {self._label} yet"):
            loan = self._operation.find()
            if loan is None or seen_in_debt([intent], [], loan):
                break
        return loan

    def outflows(self, intent: Intent) -> list[Movement]:
        """Return the outflows in the wallet's ledger since an intent was signed, of its amount or more.

        Nothing when the key may not read the ledger, or when collateral pays.

        :raises BybitError: When it could not be read now.
        """
        held = intent.baseline.wallet
        if held is None:
            return []
        from_ms, to_ms = intent.earliest_ms - SECOND_MS, max(self._client.exchange_time_or_local_ms(), intent.window_end_ms)
        ledger = self._allowed(lambda: wallet_movements(self._client, intent.coin, from_ms, to_ms)) or []
        candidates = [movement for movement in without_own(ledger, intent.baseline.recent_payments) if -movement.amount >= intent.amount]
        # The ledger has whole seconds; the wallet no longer held what had left before it was read.
        return [movement for movement in candidates if movement.after is None or movement.after <= difference(held, intent.amount)]

    def _departed_ms(self, intent: Intent) -> int:
        """Return when a request left, by the monotonic clock; the start of this run if the machine was restarted since."""
        sent_ms = intent.sent_monotonic_ms
        if sent_ms is None or not intent.boot_id or intent.boot_id != self._client.clock.boot_id():
            return self._begun_ms
        # A time in the future was recorded by another clock.
        return sent_ms if sent_ms <= self._client.clock.monotonic_ms() else self._begun_ms

    def _reads(
        self,
        deadline_ms: int,
        doubt: str,
        exchange_checkpoints_ms: tuple[int, ...] = (),
        local_checkpoints_ms: tuple[int, ...] = (),
    ) -> t.Iterator[None]:
        """Yield once before each read: at least once, for the last time when the deadline has passed.

        :param doubt: Why a second read is needed.
        :param exchange_checkpoints_ms: Times on the exchange's clock after which a read can show more; no pause skips one.
        :param local_checkpoints_ms: The same on this machine's monotonic clock.
        """
        clock, pause_ms = self._client.clock, _FIRST_PAUSE_MS
        while True:
            begun_ms = clock.monotonic_ms()
            yield
            remaining_ms = deadline_ms - clock.monotonic_ms()
            if remaining_ms <= 0:
                return
            if pause_ms == _FIRST_PAUSE_MS:
                clock.report_wait(doubt, remaining_ms)
            seen_at_ms, now_ms = self._client.exchange_time_at_least_ms(begun_ms), self._client.exchange_time_at_least_ms()
            until_checkpoints = [
                max(checkpoint_ms - now_ms, 0) + CLOCK_SLACK_MS
                for checkpoint_ms in exchange_checkpoints_ms
                if now_ms is not None and seen_at_ms is not None and checkpoint_ms >= seen_at_ms
            ]
            until_checkpoints += [
                max(checkpoint_ms - clock.monotonic_ms(), 0) + CLOCK_SLACK_MS
                for checkpoint_ms in local_checkpoints_ms
                if checkpoint_ms >= begun_ms
            ]
            clock.sleep_ms(min(pause_ms, remaining_ms, *until_checkpoints))
            pause_ms = min(pause_ms * 3 // 2, _MAX_PAUSE_MS)

    def _read(self, departed_ms: int) -> tuple[Observation | None, BybitError | None]:
        """Return what was read, and the error if a part could not be; the history alone can show that a repayment was made.

        :param departed_ms: When the request left, by the monotonic clock.
        """
        begun_ms, loan, error = self._client.clock.monotonic_ms(), None, None
        try:
            entries = self._operation.history()
        except BybitError as failed:
            return None, failed
        try:
            loan = self._operation.find()
        except BybitError as failed:
            error = failed
        return Observation(self._client.exchange_time_at_least_ms(begun_ms), begun_ms - departed_ms, entries, loan), error

    def _read_funds(self, intent: Intent, has_failed: bool) -> Funds:
        """Read what happened to the money that pays.

        :param has_failed: Whether the history shows a matching repayment that failed, so that its money was returned.
        :raises BybitError: If that could not be read now; what the key may not read is none.
        """
        # This run may be paid from another source than that one.
        if intent.goal.collateral:
            pledged = read_position(self._client).pledged(intent.goal.collateral)
            return Funds(pledged=pledged, ledger_gap="no ledger records the collateral that the exchange sells")
        balance = self._allowed(lambda: read_balance(self._client, intent.coin))
        now_ms = self._client.exchange_time_or_local_ms()
        if now_ms - intent.sent_at_ms > _LEDGER_REACH_MS:
            return Funds(balance=balance, ledger_gap="the Funding wallet's ledger does not reach back to when it was sent")
        # The ledger has whole seconds.
        from_ms, latest_ms = intent.earliest_ms - SECOND_MS, intent.window_end_ms + self._settle_margin_ms + SECOND_MS
        movements = self._allowed(
            lambda: wallet_movements(self._client, intent.coin, from_ms, max(latest_ms, now_ms))
        )
        if movements is None:
            return Funds(balance=balance, ledger_gap="api_key may not read the Funding wallet's ledger")
        movements = without_own(movements, intent.baseline.recent_payments)
        net = total(*(movement.amount for movement in movements))
        left = total(*(-m.amount for m in movements if m.amount < 0 and m.time_ms <= latest_ms))
        return Funds(max(-net, Decimal(0)) if has_failed else left, balance, net)

    def _allowed(self, read: t.Callable[[], _Found]) -> _Found | None:
        """Return what is read; none if the exchange refuses the request."""
        try:
            return read()
        except Refused as error:
            if error.is_block:
                raise
            return None


def _evidence(intent: Intent, seen: Observation | None, funds: Funds, finding: Finding, reads: int) -> dict[str, t.Any]:
    return {
        "sent_at_ms": intent.sent_at_ms,
        "window_end_ms": intent.window_end_ms,
        "exchange_time_ms": seen.at_ms if seen else None,
        "debt_before": plain(intent.baseline.debt),
        "debt_now": plain(seen.loan.debt) if seen and seen.loan else None,
        "wallet_before": plain_or_none(intent.baseline.wallet),
        "wallet_now": plain_or_none(funds.balance),
        "wallet_outflow": plain_or_none(funds.outflow),
        "candidates": [entry.repay_id for entry in finding.candidates],
        "reads": reads,
        "reason": finding.reason,
    }
