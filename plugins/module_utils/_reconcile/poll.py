# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Poll the history and the subject of an operation until the outcome of its request is known.

Only reads are sent from here. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference, plain, plain_or_none
from .._api.errors import BybitError
from .._journal.intent import Intent
from .._loans.account import read_balance
from .._loans.history import HistoryEntry
from .._loans.subject import Subject, main_level
from .._outcomes import NOT_EXECUTED, UNKNOWN
from .._words import WORDS
from .evidence import Observation, margin_without_ledger_ms, seen_in_level
from .judge import Finding, confirm_not_executed, judge
from .money import Funds
from .reading import Reader


class PollResult(t.NamedTuple):
    """What is known about a request whose answer was lost.

    :ivar evidence: What was seen, in the form of the result C(evidence).
    """

    finding: Finding
    evidence: dict[str, t.Any]


class Followed(t.NamedTuple):
    """What the history shows about a move whose ID is known.

    :ivar entry: Its entry as last read; none if it never appeared.
    :ivar entries: The whole history as last read.
    """

    entry: HistoryEntry | None
    entries: tuple[HistoryEntry, ...] = ()


class Poller(Reader):
    """Looks for the requests that were sent for one target."""

    def find_outcome(self, intent: Intent, others: frozenset[str], deadline_ms: int) -> PollResult:
        """Find out whether the request of an intent was executed.

        :param others: The IDs that are known to belong to other requests.
        :param deadline_ms: When to give up, by the monotonic clock.
        """
        latest, funds, error, reads = None, Funds(), None, 0
        finding = Finding(UNKNOWN, "")
        margins_ms = (0, self._settle_margin_ms, margin_without_ledger_ms(self._settle_margin_ms))
        exchange_checkpoints_ms = tuple(intent.window_end_ms + margin_ms for margin_ms in margins_ms)
        departed_ms = self._departed_ms(intent)
        local_checkpoints_ms = tuple(departed_ms + intent.open_for_ms + margin_ms for margin_ms in margins_ms)
        words = WORDS[intent.goal.move]
        doubt = f"It is not known yet whether the {words.noun} of {plain(intent.amount)} {intent.coin} {words.place} {self._label} was made"
        for dummy in self._reads(deadline_ms, doubt, exchange_checkpoints_ms, local_checkpoints_ms):
            reads += 1
            seen, error = self._read(departed_ms, intent)
            if seen is not None:
                latest = seen
                finding = judge(intent, latest, self._settle_margin_ms, others)
            if latest is not None and finding.outcome == NOT_EXECUTED:
                try:
                    funds = self._read_funds(intent, latest.entries, has_failed=bool(finding.candidates))
                except BybitError as failed:
                    finding, error = finding._replace(outcome=UNKNOWN), failed
                else:
                    finding = confirm_not_executed(finding, funds, intent, latest, self._settle_margin_ms)
            if finding.outcome != UNKNOWN or (error is not None and error.is_block):
                break
        if error is not None and finding.outcome == UNKNOWN:
            finding = finding._replace(reason=f"the exchange could not be read ({error.cause})")
        return PollResult(finding, _evidence(intent, latest, funds, finding, reads))

    def follow(
        self, intent: Intent, repay_id: str, deadline_ms: int, until_final: bool = True, shown: t.Sequence[HistoryEntry] | None = None
    ) -> Followed:
        """Look for the entry of a move in the history.

        :param repay_id: The ID that the exchange gave it.
        :param deadline_ms: When to give up, by the monotonic clock.
        :param until_final: Whether to keep looking while it is in process.
        :param shown: The history as it was read after the request had left; none to read it.
        """
        seen, entries = None, list(shown or ())
        words = WORDS[intent.goal.move]
        for dummy in self._reads(deadline_ms, f"{words.entry.capitalize()} {repay_id} {words.place} {self._label} is not final yet"):
            try:
                # The whole history, because the moves of others change the level as well.
                entries = self._operation.history(intent.earliest_ms) if shown is None else entries
            except BybitError as failed:
                if failed.is_block:
                    break
                continue
            shown = None
            seen = next((entry for entry in entries if entry.repay_id == repay_id), seen)
            if seen and (seen.is_final or not until_final):
                break
        return Followed(seen, tuple(entries))

    def target_of(self, repay_id: str) -> str:
        """Say which other target the move with this ID belongs to, as a clause; empty if the history shows none."""
        words = WORDS[self._operation.move]
        try:
            found = self._operation.history_of_account(repay_id)
            if not found or any(entry.repay_id == repay_id for entry in self._operation.history()):
                return ""
        except BybitError:
            # Without an answer, nothing contradicts the ID that the exchange returned.
            return ""
        return f"that ID belongs to {words.a_entry} of {plain(found[0].amount)} {found[0].coin} {words.place} another {words.target}"

    def await_change(self, intent: Intent, deadline_ms: int, shown: Subject | None = None) -> Subject | None:
        """Return the subject as soon as its figures include the move, or as it is at the deadline.

        :param shown: The subject as it was read after the history that shows the move; none to read it.
        :raises BybitError: When it cannot be read.
        """
        subject, words = None, WORDS[intent.goal.move]
        for dummy in self._reads(deadline_ms, f"The {words.level} does not show the {words.noun} {words.place} {self._label} yet"):
            subject, shown = shown or self._operation.find(), None
            if subject is None or seen_in_level([intent], [], subject):
                break
            if not subject.levels and subject.movements is None:
                # Without levels and ledger, no figure can show it.
                break
        return subject

    def await_balance(self, coin: str, at_least: Decimal, deadline_ms: int) -> bool:
        """Wait until the Funding wallet holds an amount of a coin; return whether it does, or cannot be read with this key."""
        for dummy in self._reads(deadline_ms, f"The Funding wallet does not show the transferred {coin} yet"):
            balance = self._allowed(lambda: read_balance(self._client, coin))
            if balance is None or balance >= at_least:
                return True
        return False

    @property
    def tells_status(self) -> bool:
        """Whether the history shows the status of an entry."""
        return self._operation.tells_status

    def await_arrival(self, intent: Intent, deadline_ms: int) -> bool:
        """Wait until the move shows at its destination: collateral in its level, other money in the wallet; return whether it does.

        A read that fails raises nothing, because an error would suggest that the move was not made.
        """
        words = WORDS[intent.goal.move]
        for dummy in self._reads(deadline_ms, f"It is not known yet whether the {words.noun} {words.place} {self._label} is final"):
            try:
                if self._has_arrived(intent):
                    return True
            except BybitError as failed:
                if failed.is_block:
                    break
        return False

    def _has_arrived(self, intent: Intent) -> bool:
        if intent.goal.is_incoming:
            # The money may have left again, so the balance alone is not enough.
            return intent.baseline.wallet is None or self._has_risen(intent) or bool(self.movements(intent))
        subject = self._operation.find()
        return subject is None or not subject.levels or bool(seen_in_level([intent], [], subject))

    def _has_risen(self, intent: Intent) -> bool:
        """Return whether the balance includes the amount, or can no longer be read."""
        balance, before = self._allowed(lambda: read_balance(self._client, intent.coin)), intent.baseline.wallet or Decimal(0)
        return balance is None or difference(balance, before) >= intent.amount

    def _read(self, departed_ms: int, intent: Intent) -> tuple[Observation | None, BybitError | None]:
        """Return what was read, and the error if a part could not be read: the history alone can prove that a request was executed.

        :param departed_ms: When the request was sent, by the monotonic clock.
        """
        begun_ms, subject, error = self._client.clock.monotonic_ms(), None, None
        try:
            entries = self._operation.history(intent.earliest_ms)
        except BybitError as failed:
            return None, failed
        try:
            subject = self._operation.find()
        except BybitError as failed:
            error = failed
        return Observation(self._client.exchange_time_at_least_ms(begun_ms), begun_ms - departed_ms, entries, subject), error


def _evidence(intent: Intent, seen: Observation | None, funds: Funds, finding: Finding, reads: int) -> dict[str, t.Any]:
    level = WORDS[intent.goal.move].level
    return {
        "sent_at_ms": intent.sent_at_ms,
        "window_end_ms": intent.window_end_ms,
        "exchange_time_ms": seen.at_ms if seen else None,
        f"{level}_before": plain_or_none(intent.baseline.level),
        f"{level}_now": plain_or_none(main_level(seen.subject.levels)) if seen and seen.subject else None,
        "wallet_before": plain_or_none(intent.baseline.wallet),
        "wallet_now": plain_or_none(funds.balance),
        "wallet_moved": plain_or_none(funds.moved),
        "candidates": [entry.repay_id for entry in finding.candidates],
        "reads": reads,
        "reason": finding.reason,
    }
