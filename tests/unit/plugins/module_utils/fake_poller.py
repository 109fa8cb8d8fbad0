# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reconciliation uses, in the place of the real poller and journal."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import JournalUnusable
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.poll import Followed, PollResult

OURS = HistoryEntry("99", Decimal(100), SUCCESS, True, 1793534400040)
TWIN = OURS._replace(repay_id="97")
EVIDENCE = {"reads": 3}


class FakePoller:
    """Finds the given outcomes, one after the other.

    :ivar tells_status: Whether the history says what is final; if not, C(has_arrived) does.
    """

    tells_status = has_arrived = True

    def __init__(self, *findings: Finding, followed: HistoryEntry | None = None) -> None:
        self.findings = list(findings)
        self.followed = followed
        self.other_loan = ""
        self.asked: list[tuple[object, ...]] = []

    def find_outcome(self, *asked: object) -> PollResult:
        self.asked.append(asked)
        return PollResult(self.findings.pop(0), EVIDENCE)

    def follow(self, intent: Intent, *asked: object, shown: object = None) -> Followed:
        self.asked.append(asked)
        return Followed(self.followed, (TWIN,))

    def target_of(self, repay_id: str) -> str:
        self.asked.append((repay_id,))
        return self.other_loan

    def await_arrival(self, intent: Intent, deadline_ms: int) -> bool:
        self.asked.append(("arrival", intent, deadline_ms))
        return self.has_arrived


class FakeJournal:
    """Records what it is asked to remember."""

    def __init__(self, *known: str) -> None:
        self.known = frozenset(known)
        self.done: list[tuple[t.Any, ...]] = []
        self.finals: list[bool] = []
        self.is_broken = False

    def repay_ids(self) -> frozenset[str]:
        return self.known

    def note(self, intent: Intent) -> None:
        if self.is_broken:
            raise JournalUnusable("The disk is full.")
        self.known |= {intent.repay_id}
        self.done.append(("note", intent))

    def discard(self, intent: Intent, reason: str) -> None:
        assert reason
        self.done.append(("discard", intent))

    def mark_made(self, intent: Intent, is_final: bool, reason: str) -> None:
        assert reason
        self.done.append(("mark_made", intent))
        self.finals.append(is_final)
