# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs record for later ones: this run's view of it.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses

from .intent import Intent
from .store import Store


class Journal:
    """The intents of one target during one run; as a context manager, it releases the lock at the end.

    An intent is I(open) until a run has reported what became of it. Afterwards it is discarded, unless the exchange has
    accepted the repayment and does not show it as final yet; then it stays I(unconfirmed), so that a sum over the history can
    count it, and that no run trusts a debt which it has not lowered yet.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writable = False
        self._is_read = False
        self._intents: list[Intent] = []
        self._discarded: set[str] = set()
        self._resolved: dict[str, Intent | None] = {}
        self._found: set[str] = set()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *dummy: object) -> None:
        self.release()

    def begin(self, check_mode: bool, lock_timeout_ms: int) -> None:
        """Lock the target and read its intents; in check mode nothing is written.

        :raises Busy: When another run for the target does not end in time.
        :raises BadInput: When the state directory cannot be used; C(JournalLost) when that hides what is recorded there.
        """
        self._writable = not check_mode
        if check_mode and not self._store.exists():
            self._is_read = True
            return
        self._store.lock(lock_timeout_ms, writes=not check_mode)
        self._intents = self._store.load()
        self._is_read = True

    @property
    def is_in_doubt(self) -> bool:
        """Whether the outcome of a repayment is unknown, or even whether there is one."""
        return not self._is_read or bool(self.open_intents())

    def noted(self) -> list[Intent]:
        """Return all that earlier runs have left here."""
        return list(self._intents)

    def open_intents(self) -> list[Intent]:
        """Return the repayments whose outcome no run has reported, including this one."""
        return [intent for intent in self._known() if not intent.reported and intent.intent_id not in self._resolved]

    def unconfirmed(self) -> list[Intent]:
        """Return the accepted repayments that the exchange did not confirm when it was last read."""
        unconfirmed = ((self._resolved.get(i.intent_id, i if i.reported else None), i.reported) for i in self._known())
        # What this run has resolved may have an ID that is not recorded yet, because only a final one is certainly ours.
        return [dataclasses.replace(intent, reported=reported) for intent, reported in unconfirmed if intent]

    def resolved_ids(self) -> frozenset[str]:
        """Return the IDs of the intents that this run has resolved, so that it has to report them."""
        return frozenset(intent.intent_id for intent in self._known() if not intent.reported and intent.intent_id in self._resolved)

    def repay_ids(self) -> frozenset[str]:
        """Return the exchange's IDs of the repayments that are known."""
        return frozenset(intent.repay_id for intent in self._intents if intent.repay_id) | self._found

    def note(self, intent: Intent) -> None:
        """Record an intent, new or changed; when this returns, later runs will know it.

        :raises BadInput: When it cannot be written.
        """
        others = [i for i in self._known() if i.intent_id != intent.intent_id]
        self._save([*others, intent])

    def discard(self, intent: Intent) -> None:
        """Drop an intent that has moved no money, or that the user has acknowledged, with the next write."""
        self._discarded.add(intent.intent_id)

    def mark_made(self, intent: Intent) -> None:
        """Note that a repayment was made, but is not confirmed yet; it takes effect when C(close) reports a success."""
        self._resolve(intent, dataclasses.replace(intent, reported=True))

    def mark_confirmed(self, intent: Intent) -> None:
        """Note that the exchange confirms a repayment, so that later runs need not know it; it takes effect as above."""
        self._resolve(intent, None)

    def _resolve(self, intent: Intent, kept: Intent | None) -> None:
        if intent.repay_id:
            self._found.add(intent.repay_id)
        self._resolved[intent.intent_id] = kept

    def close(self, is_success: bool) -> None:
        """Record what later runs need to know after the result has been reported, and release the lock.

        :raises BadInput: When it cannot be written.
        """
        kept = self._known()
        if is_success:
            kept = [reported for reported in (self._resolved.get(i.intent_id, i) for i in kept) if reported]
        self._end_with(kept)

    def leave_open(self, reported_at_ms: int) -> None:
        """Keep the repayments of this run open, because its result may have reached nobody, and release the lock.

        :param reported_at_ms: When the result was written out (UTC, ms).
        :raises BadInput: When it cannot be written.
        """
        kept = [
            dataclasses.replace(intent, reported_at_ms=reported_at_ms) if self._is_of_this_run(intent) else intent
            for intent in self._known()
        ]
        self._end_with(kept)

    def _end_with(self, kept: list[Intent]) -> None:
        try:
            if kept != self._intents:
                self._save(kept)
        finally:
            self.release()

    def _is_of_this_run(self, intent: Intent) -> bool:
        return not intent.reported and intent.intent_id in self._resolved and intent.reported_at_ms is None

    def release(self) -> None:
        """Release the lock, and leave to later runs what is not resolved."""
        self._store.unlock()

    def _known(self) -> list[Intent]:
        return [intent for intent in self._intents if intent.intent_id not in self._discarded]

    def _save(self, intents: list[Intent]) -> None:
        if self._writable and intents:
            self._store.save(intents)
        elif self._writable:
            self._store.clear()
        self._intents = intents
