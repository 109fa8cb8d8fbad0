# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at history and debt, again and again with growing pauses, until it is known what became of a repayment.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import difference, plain
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BybitError
from ansible_collections.treasury.bybit.plugins.module_utils._evidence import Finding, Sight, weigh
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loan import Loan
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import UNKNOWN
from ansible_collections.treasury.bybit.plugins.module_utils._record import Record
from ansible_collections.treasury.bybit.plugins.module_utils._return_codes import IP_BLOCKED
from ansible_collections.treasury.bybit.plugins.module_utils._subject import Subject

_FIRST_PAUSE_MS = 500
_LONGEST_PAUSE_MS = 4000
# Somewhat more than the exchange's time is known too early by.
AFTER_TURN_MS = 100


class Settled(t.NamedTuple):
    """What is known of a repayment whose answer was lost.

    :ivar evidence: What was seen, in the form of the result C(evidence).
    """

    finding: Finding
    evidence: dict[str, t.Any]


class Settler:
    """Looks for the repayments of one subject.

    :param settle_margin_ms: How late history and debt may be at worst.
    """

    def __init__(self, client: Client, subject: Subject, settle_margin_ms: int) -> None:
        self._client = client
        self._subject = subject
        self._settle_margin_ms = settle_margin_ms
        self._label = subject.traits.label

    def settle(self, intent: Intent, others: frozenset[str], deadline_ms: int) -> Settled:
        """Find out whether the repayment of an intent was executed.

        :param others: The ids of repayments that are known to be other ones.
        :param deadline_ms: When to give up, by the monotonic clock.
        """
        sight, error, looks = None, None, 0
        finding = Finding(UNKNOWN, "")
        turns = (intent.window_end_ms, intent.window_end_ms + self._settle_margin_ms)
        doubt = f"Whether the repayment of {plain(intent.amount)} {intent.coin} on {self._label} was made is not known yet"
        for dummy in self._looks(deadline_ms, doubt, turns):
            looks += 1
            seen, error = self._look()
            if seen is not None:
                sight = seen
                finding = weigh(intent, sight, self._settle_margin_ms, others)
            if finding.outcome != UNKNOWN or (error is not None and _must_stop(error)):
                break
        if error is not None and finding.outcome == UNKNOWN:
            finding = finding._replace(reason=f"the exchange could not be read ({error})")
        return Settled(finding, self._evidence(intent, sight, finding, looks))

    def follow(self, repay_id: str, deadline_ms: int, until_final: bool = True) -> Record | None:
        """Return the entry of a repayment in the history as last seen; none when it never showed.

        :param until_final: Whether to look on while it is in process.
        """
        seen = None
        for dummy in self._looks(deadline_ms, f"Repayment {repay_id} on {self._label} is not final yet"):
            try:
                found = self._subject.history(repay_id)
            except BybitError as failed:
                if _must_stop(failed):
                    break
                continue
            seen = found[0] if found else seen
            if seen and (seen.is_final or not until_final):
                break
        return seen

    def see_fall(self, intent: Intent, deadline_ms: int) -> Loan | None:
        """Return the loan as soon as a repayment that was made can be seen in its debt, or as it is when the time is over.

        :raises BybitError: When the loan cannot be read.
        """
        loan = None
        for dummy in self._looks(deadline_ms, f"The debt does not show the repayment on {self._label} yet"):
            loan = self._subject.find()
            if loan is None or difference(intent.baseline.debt, loan.debt) * 2 >= intent.amount:
                break
        return loan

    def _looks(self, deadline_ms: int, doubt: str, turns: tuple[int, ...] = ()) -> t.Iterator[None]:
        """Yield once for each look: at least one, the last one when the time is over.

        :param doubt: Why there is a second look.
        :param turns: Moments of the exchange's clock after which a look can tell more, so that none is slept through.
        """
        clock, pause_ms = self._client.clock, _FIRST_PAUSE_MS
        while True:
            begun_ms = clock.monotonic_ms()
            yield
            left_ms = deadline_ms - clock.monotonic_ms()
            if left_ms <= 0:
                return
            if pause_ms == _FIRST_PAUSE_MS:
                clock.tell_wait(doubt, left_ms)
            seen_at_ms, now_ms = self._client.exchange_time_ms(begun_ms), self._client.exchange_time_ms()
            until_turns = [
                max(turn - now_ms, 0) + AFTER_TURN_MS
                for turn in turns
                if now_ms is not None and seen_at_ms is not None and turn >= seen_at_ms
            ]
            clock.sleep_ms(min(pause_ms, left_ms, *until_turns))
            pause_ms = min(pause_ms * 3 // 2, _LONGEST_PAUSE_MS)

    def _look(self) -> tuple[Sight | None, BybitError | None]:
        """Return what can be seen, and what could not; the history alone can show that a repayment was made."""
        begun_ms, loan, error = self._client.clock.monotonic_ms(), None, None
        try:
            records = self._subject.history()
        except BybitError as failed:
            return None, failed
        try:
            loan = self._subject.find()
        except BybitError as failed:
            error = failed
        return Sight(self._client.exchange_time_ms(begun_ms), records, loan), error

    def _evidence(self, intent: Intent, sight: Sight | None, finding: Finding, looks: int) -> dict[str, t.Any]:
        return {
            "sent_at_ms": intent.sent_at_ms,
            "window_end_ms": intent.window_end_ms,
            "exchange_time_ms": sight.at_ms if sight else None,
            "debt_before": plain(intent.baseline.debt),
            "debt_now": plain(sight.loan.debt) if sight and sight.loan else None,
            "candidates": [record.repay_id for record in finding.candidates],
            "looks": looks,
            "reason": finding.reason,
        }


def _must_stop(error: BybitError) -> bool:
    """Tell whether each further request would make things worse."""
    return error.failure is not None and error.failure.http_status == IP_BLOCKED
