# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The immutable results of each step of a run.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._api.errors import BybitError
from .._journal.intent import Intent
from .._loans.history import HistoryEntry
from .._loans.subject import Subject
from .._loans.position import Pledged
from .._reconcile.judge import Reconciled
from .._operations.decision import Decision, Means
from .._operations.progress import Progress
from .freshness import Freshness


class Preflight(t.NamedTuple):
    """What is known before anything is sent.

    :ivar subject: What the operation changes; none if the exchange knows no such loan.
    :ivar entries: The history of the target.
    :ivar wallet: What the Funding wallet holds; none if the money moves elsewhere, or if it cannot be read.
    :ivar pledged: What is pledged of the coins that are sold, by coin; empty if the wallet pays, or if it cannot be read.
    :ivar progress: The progress of a goal with C(since).
    :ivar freshness: What this reading passes on to the next.
    """

    subject: Subject | None
    entries: list[HistoryEntry]
    means: Means
    decision: Decision
    wallet: Decimal | None = None
    pledged: Pledged = ()
    progress: Progress | None = None
    freshness: Freshness = Freshness()
    warnings: tuple[str, ...] = ()


class Given(t.NamedTuple):
    """What one reading of the account, which serves several runs, shows of a target.

    :ivar entries: The history of the target.
    :ivar begun_ms: When the reading began, by the monotonic clock.
    """

    subject: Subject
    entries: tuple[HistoryEntry, ...]
    begun_ms: int


class Sent(t.NamedTuple):
    """A request that has left, and whose outcome is still to be found out.

    :ivar preflight: What it was decided on.
    :ivar intent: With the exchange's ID if it was accepted.
    :ivar lost: Why its answer is not clear; none if it was accepted.
    """

    preflight: Preflight
    intent: Intent
    lost: BybitError | None = None
    warnings: tuple[str, ...] = ()


class Made(t.NamedTuple):
    """A move that was made by this run, or by an earlier one that could not report it.

    :ivar moved_at_most: The most that may have moved: the history may show the amount less a fee, which was paid as well.
    :ivar after: The subject as it was read afterwards; none if it could not be read.
    :ivar sentences: What the message of the run says about it.
    """

    found: Reconciled
    is_earlier: bool
    moved_at_most: Decimal
    after: Subject | None
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Recovered(t.NamedTuple):
    """The outcomes of what earlier runs left open.

    :ivar made: The moves that were made and are what this run was asked for, the oldest first.
    :ivar earlier: All intents that were left open, each with its outcome.
    :ivar left_to_user: Why a run with C(acknowledge) sends nothing; empty for other runs.
    :ivar ended: Why the run ends here; none if it goes on.
    :ivar answered: What an earlier run reported under the reference of this one, so that nothing is left to do.
    """

    made: tuple[Made, ...] = ()
    earlier: tuple[tuple[Intent, str], ...] = ()
    left_to_user: str = ""
    warnings: tuple[str, ...] = ()
    freshness: Freshness = Freshness()
    ended: RunEnded | None = None
    answered: Reconciled | None = None


class Attempt(t.NamedTuple):
    """The result of one decision: a move, a plan of one, or nothing. A run has several if the first leaves something to repay.

    :ivar preflight: What the decision was based on, and the decision.
    :ivar outcome: The outcome of the move, or C(planned) or C(nothing_to_do).
    :ivar made: The move; none if nothing was made.
    :ivar after: The subject as it is now, or as it would be.
    :ivar dust: The remainder of the debt that is less than the smallest amount that the exchange lists.
    :ivar shortfall: Why the goal is not reached after this attempt, if its decision does not say it.
    :ivar dust_to_try: The part of the decision's C(dust_to_try) that was not tried yet.
    :ivar is_for_interest: Whether it is the second attempt, for interest that accrued during the first.
    """

    preflight: Preflight
    outcome: str
    made: Made | None = None
    after: Subject | None = None
    dust: Decimal = Decimal(0)
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    shortfall: str = ""
    evidence: dict[str, t.Any] | None = None
    dust_to_try: Decimal = Decimal(0)
    is_for_interest: bool = False


class RunEnded(Exception):
    """Ends a run, and carries what is known at that point.

    :ivar error: The error that the user reads.
    :ivar preflight: What was known and decided; none if the run ended before a decision.
    :ivar intent: The move that the error is about, if any; its ID is reported if C(is_open).
    :ivar is_open: Whether the outcome of the move is unknown.
    :ivar sent_at_ms: When it was sent (UTC, ms); none if it was not.
    """

    def __init__(
        self,
        error: BybitError,
        preflight: Preflight | None = None,
        intent: Intent | None = None,
        is_open: bool = False,
        sent_at_ms: int | None = None,
        evidence: dict[str, t.Any] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.preflight = preflight
        self.intent = intent
        self.is_open = is_open
        self.sent_at_ms = sent_at_ms
        self.evidence = evidence
        self.warnings = warnings


def error_of(failed: BybitError | RunEnded) -> BybitError:
    """Return the error that the user reads."""
    return failed.error if isinstance(failed, RunEnded) else failed
