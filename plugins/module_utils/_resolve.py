# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one repayment that was sent, now or by an earlier run: settle it if need be, then follow it to its end.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._evidence import Resolution
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, NOT_EXECUTED, PENDING
from ansible_collections.treasury.bybit.plugins.module_utils._record import FAILED, SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._settle import Settler


class Resolver:
    """Finds out, and keeps the memory in step with what it finds.

    :param wait: Whether to follow an accepted repayment until it is final.
    """

    def __init__(self, settler: Settler, memory: Memory, wait: bool) -> None:
        self._settler = settler
        self._memory = memory
        self._wait = wait

    def resolve(self, intent: Intent, deadline_ms: int) -> Resolution:
        """Find out what became of the repayment of an intent.

        :param deadline_ms: When to give up, by the monotonic clock.
        """
        if intent.repay_id is not None:
            return self._confirm_accepted(intent, deadline_ms)
        others = self._memory.repay_ids()
        failed: set[str] = set()
        while True:
            finding, evidence = self._settler.settle(intent, others, deadline_ms)
            if finding.outcome != EXECUTED or finding.record is None:
                if finding.outcome == NOT_EXECUTED:
                    self._memory.forget(intent)
                return Resolution(finding.outcome, intent, finding, evidence)
            record = self._follow(finding.record.repay_id, finding.record, deadline_ms) or finding.record
            if record.status != FAILED:
                found = dataclasses.replace(intent, repay_id=record.repay_id)
                return self._conclude(Resolution(PENDING, found, finding, evidence), record)
            # It may have been somebody else's, so the search goes on; without it, if the exchange contradicts itself.
            others |= failed & {record.repay_id}
            failed.add(record.repay_id)

    def _confirm_accepted(self, intent: Intent, deadline_ms: int) -> Resolution:
        warning = self._write_down(intent)
        record = self._follow(intent.repay_id or "", None, deadline_ms)
        if record is not None and record.status == FAILED:
            self._memory.forget(intent)
            return Resolution(NOT_EXECUTED, intent, warning=warning)
        return self._conclude(Resolution(PENDING, intent, warning=warning), record)

    def _follow(self, repay_id: str, record: Record | None, deadline_ms: int) -> Record | None:
        if self._wait and (record is None or not record.is_final):
            return self._settler.follow(repay_id, deadline_ms) or record
        return record

    def _conclude(self, found: Resolution, record: Record | None) -> Resolution:
        """End with a repayment that was made, or is pending."""
        if record is not None and record.status == SUCCESS:
            if found.intent.is_whole:
                # What a whole loan has cost, the exchange alone knows.
                found = found._replace(intent=dataclasses.replace(found.intent, amount=record.amount))
            found = found._replace(outcome=EXECUTED, warning=found.warning or self._write_down(found.intent))
        # An entry that was only found may be somebody else's, and ours not be shown yet: a goal of the debt has to wait for it.
        is_seen = record is not None and record.is_final and found.finding is None
        self._memory.tell(found.intent, is_seen)
        return found

    def _write_down(self, intent: Intent) -> str:
        """Keep the id of a repayment for later runs; return what went wrong, because the repayment itself did not."""
        if intent.repay_id in self._memory.repay_ids():
            return ""
        try:
            self._memory.note(intent)
        except BadInput as error:
            return f"The id of the repayment could not be written down: {error}"
        return ""
