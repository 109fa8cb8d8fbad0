# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each step of a run has found, as values: nobody writes into what another step returned.

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

    :ivar subject: What the operation changes; none when the exchange knows no such loan.
    :ivar entries: The history of the target.
    :ivar wallet: What the Funding wallet holds; none when the money moves elsewhere, or when it cannot be read.
    :ivar pledged: What is pledged of the coins that are sold, by coin; empty when the wallet pays, or when it cannot be read.
    :ivar progress: How far a goal with C(since) has come.
    :ivar freshness: What the next reading must know of this one.
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


class Made(t.NamedTuple):
    """A move that was made, by this run or by an earlier one that could not report it.

    :ivar moved_at_most: The amount sent, or more; the history may show it less a fee, which was paid, too.
    :ivar after: The subject as it was read afterwards; none when it could not be.
    :ivar sentences: What the message of the run says about it.
    """

    found: Reconciled
    is_earlier: bool
    moved_at_most: Decimal
    after: Subject | None
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Recovered(t.NamedTuple):
    """What became of what earlier runs have left open.

    :ivar made: Those that were made and are what this run was asked for, the oldest first.
    :ivar earlier: All of them, and what became of each.
    :ivar left_to_user: Why this run sends nothing, as none does to which the user names an intent in doubt; empty otherwise.
    :ivar ended: Why the run ends here; none when it goes on.
    :ivar answered: What an earlier run has reported under the reference of this one, so that nothing is left to do.
    """

    made: tuple[Made, ...] = ()
    earlier: tuple[tuple[Intent, str], ...] = ()
    left_to_user: str = ""
    warnings: tuple[str, ...] = ()
    freshness: Freshness = Freshness()
    ended: RunEnded | None = None
    answered: Reconciled | None = None


class Attempt(t.NamedTuple):
    """What came of one decision: a move, a plan of one, or nothing. A run has several if the first leaves something to repay.

    :ivar preflight: What it was decided on, and how.
    :ivar outcome: C(planned) or C(nothing_to_do) where nothing was made.
    :ivar made: The move.
    :ivar after: The subject as it is now, or as it would be.
    :ivar dust: What is left of the debt because it is less than the smallest amount that the exchange lists.
    :ivar shortfall: Why the goal is not reached after this attempt, when its decision does not say it.
    :ivar dust_to_try: What is still to be tried of the decision's C(dust_to_try).
    :ivar is_for_interest: Whether it is the second one, for what came to the debt during the first.
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
    """Ends a run, and carries what is known then.

    :ivar error: What the user reads.
    :ivar preflight: What was known and decided, when it came to a decision.
    :ivar intent: The move that the error is about, when it is about one; its ID is reported if C(is_open).
    :ivar is_open: Whether nobody knows what became of it.
    :ivar sent_at_ms: When it was sent (UTC, ms); none when it was not.
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
    """Return what the user reads of an exception."""
    return failed.error if isinstance(failed, RunEnded) else failed
