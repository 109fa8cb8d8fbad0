# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one repayment that was sent, now or by an earlier run: settle it if need be, then follow it to its end.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._evidence import Resolution, doubt_of
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Intent
from ansible_collections.treasury.bybit.plugins.module_utils._memory import Memory
from ansible_collections.treasury.bybit.plugins.module_utils._messages import no_amount, other_amount
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, NOT_EXECUTED, PENDING
from ansible_collections.treasury.bybit.plugins.module_utils._record import FAILED, PROCESSING, SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._settle import Followed, Settler


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
        others, doubt, failed_id = self._memory.repay_ids(), "", None
        if intent.repay_id is not None:
            warning = self._write_down(intent)
            followed = self._follow(intent.repay_id, None, deadline_ms)
            record = followed.record
            if record is not None:
                doubt = doubt_of(record, intent)
            elif self._wait:
                doubt = self._settler.loan_of(intent.repay_id)
            if not doubt and (record is None or record.status != FAILED):
                return self._conclude(Resolution(PENDING, intent, warning=warning, records=followed.records), record)
            if doubt:
                # The exchange has accepted it, but which entry it is has to be found out.
                others |= {intent.repay_id}
                doubt = f"the exchange gave it the id {intent.repay_id}, but {doubt}; "
            else:
                # That it failed is what the history says; whether the money is still there, debt and wallet tell.
                others, failed_id = others - {intent.repay_id}, intent.repay_id
            intent = dataclasses.replace(intent, repay_id=None, accepted_at_ms=intent.window_end_ms)
        failed: set[str] = set()
        while True:
            finding, evidence = self._settler.settle(intent, others, deadline_ms)
            if finding.outcome != EXECUTED or finding.record is None:
                if finding.outcome == NOT_EXECUTED:
                    self._memory.forget(intent)
                found = dataclasses.replace(intent, repay_id=failed_id)
                return Resolution(finding.outcome, found, finding._replace(reason=doubt + finding.reason), evidence)
            record = self._follow(finding.record.repay_id, finding.record, deadline_ms).record or finding.record
            if record.status != FAILED:
                found = dataclasses.replace(intent, repay_id=record.repay_id)
                return self._conclude(Resolution(PENDING, found, finding, evidence), record)
            # It may have been somebody else's, so the search goes on; without it, if the exchange contradicts itself.
            others |= failed & {record.repay_id}
            failed.add(record.repay_id)

    def _follow(self, repay_id: str, record: Record | None, deadline_ms: int) -> Followed:
        if self._wait and (record is None or not record.is_final):
            return self._settler.follow(repay_id, deadline_ms)
        return Followed(record)

    def _conclude(self, found: Resolution, record: Record | None) -> Resolution:
        """End with a repayment that was made, or is pending."""
        if record is not None and not record.amount:
            found = found._replace(warning=found.warning or no_amount(found.intent, record))
        elif record is not None and not (found.intent.is_whole and record.status == PROCESSING):
            # What a whole loan has cost, the exchange alone knows; and of the others, what it shows is what counts.
            if record.amount != found.intent.amount and not found.intent.is_whole:
                found = found._replace(warning=found.warning or other_amount(found.intent, record))
            found = found._replace(intent=dataclasses.replace(found.intent, amount=record.amount))
        if record is not None and record.status == SUCCESS:
            found = found._replace(outcome=EXECUTED, warning=found.warning or self._write_down(found.intent))
        # Whether the debt shows it has to be seen.
        self._memory.tell(found.intent, is_seen=False)
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
