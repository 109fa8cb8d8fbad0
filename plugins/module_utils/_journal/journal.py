# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run's view of the journal: the intents of its target, and what it records for later runs.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._api.errors import JournalUnusable, Overtaken
from .entries import ACCEPTED, ACKNOWLEDGED, EXECUTED, INTENDED, NOT_EXECUTED, RECOVERED, SIGNED, UNKNOWN, Event, Split
from .intent import Intent
from .records import DONE, GIVEN_UP, MADE, OPEN, VOID, Change, Record
from .store import Store, Use
from .target import Target


class _Resolution(t.NamedTuple):
    """What this run found out about an operation. It is recorded after the run has reported it.

    :ivar is_confirmed: Whether the exchange confirms it, so that later runs need not know it.
    """

    intent: Intent
    event: Event
    is_confirmed: bool = False


class Journal:
    """The intents of one target during one run. As a context manager, it releases the target at the end.

    An intent is I(unreported) until a run has reported its outcome. Then it is settled, unless the exchange has accepted the operation
    but does not show it as final yet: such an intent stays I(unconfirmed), so that later runs count it in sums over the history, and do
    not trust figures that do not include it yet.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writable = False
        self._is_held = self._is_read = False
        # The unsettled intents as stored, and the IDs of those that earlier runs made.
        self._records: dict[str, Record] = {}
        self._earlier: frozenset[str] = frozenset()
        # Intents of which it is unknown whether they were committed.
        self._uncertain: set[str] = set()
        self._discarded: dict[str, Change] = {}
        self._resolved: dict[str, _Resolution] = {}
        self._found: set[str] = set()
        # Intents whose recovery by this run is recorded.
        self._recovered: set[str] = set()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *dummy: object) -> None:
        self.release()

    def begin(self, check_mode: bool, lock_timeout_ms: int) -> None:
        """Acquire the target, and read its intents, unless this run already has. In check mode, nothing is written.

        :raises Busy: If another run for the target does not end in time.
        :raises JournalUnusable: If the journal cannot be used; C(JournalLost) if it may contain intents that cannot be read.
        """
        if self._is_held:
            return
        self._writable = not check_mode
        if not check_mode or self._store.exists():
            loaded = self._store.acquire(lock_timeout_ms, writes=not check_mode)
            self._records = {record.intent.intent_id: record for record in loaded}
            self._earlier = frozenset(self._records)
        self._is_held = self._is_read = True

    @property
    def is_held(self) -> bool:
        """Whether this run has acquired the target."""
        return self._is_held

    @property
    def is_in_doubt(self) -> bool:
        """Whether the journal has an operation whose outcome is unknown, or may have one because it was not read."""
        return not self._is_read or bool(self.open_intents())

    def noted(self) -> list[Intent]:
        """Return all recorded intents that are not settled."""
        return [record.intent for record in self._records.values()]

    def open_intents(self) -> list[Intent]:
        """Return the intents whose outcome neither this run nor an earlier one has found out and reported."""
        return [intent for intent in self._known() if not intent.reported and intent.intent_id not in self._resolved]

    def unconfirmed(self) -> list[Intent]:
        """Return the accepted operations that the exchange did not confirm as final when it was last read."""
        unconfirmed = ((self._kept(intent), intent.reported) for intent in self._known())
        # A resolved intent may have an ID that is not recorded yet, because only a final entry is certainly its own.
        return [dataclasses.replace(intent, reported=reported) for intent, reported in unconfirmed if intent]

    def resolved_ids(self) -> frozenset[str]:
        """Return the IDs of the intents that this run has resolved and must report."""
        return frozenset(intent.intent_id for intent in self._known() if not intent.reported and intent.intent_id in self._resolved)

    def repay_ids(self) -> frozenset[str]:
        """Return the exchange's IDs of the known operations."""
        return frozenset(intent.repay_id for intent in self.noted() if intent.repay_id) | self._found

    def use_of(self, reference: str) -> Use | None:
        """Return what a reference of the account was used for; none if it was not.

        :raises JournalUnusable: If the journal cannot be read.
        """
        return self._store.use_of(reference)

    def unsettled_of_ltv(self) -> list[tuple[Target, Intent]]:
        """Return the unsettled intents of the other targets that change the same LTV, read now."""
        return self._store.unsettled_of_ltv()

    def note(self, intent: Intent) -> None:
        """Record a new or changed intent. When this returns, later runs will know it.

        :raises JournalUnusable: If it was not written, or it is unknown whether it was. Then nothing may be sent.
        """
        before = self._records.get(intent.intent_id)
        if before is None:
            reason = f"valid for {intent.recv_window_ms} ms from its timestamp"
            change = Change(Record(intent, OPEN, SIGNED), (Event(INTENDED, "to reach the goal"), Event(SIGNED, reason)), is_new=True)
        elif intent.repay_id is None and intent.accepted_at_ms is None:
            change = self._change(before, Event(SIGNED, f"signed again, valid for {intent.recv_window_ms} ms"), intent=intent, outcome=SIGNED)
        else:
            known = f"the exchange gave it the ID {intent.repay_id}" if intent.repay_id else "the exchange accepted it without an ID"
            change = self._change(before, Event(ACCEPTED, known), intent=intent, outcome=ACCEPTED)
        # The operations that this run has resolved are no longer open, though they are reported only at the end.
        made = [
            self._change(record, event, state=MADE, outcome=event.name)
            for record, event in self._resolved_events()
            if record.state == OPEN and record.intent.intent_id not in (intent.intent_id, *self._discarded)
        ]
        try:
            self._write([*self._discarded.values(), *made, change])
        except Exception:
            if before is None:
                self._records[intent.intent_id] = change.record
                self._uncertain.add(intent.intent_id)
            raise

    def overtaken(self) -> Overtaken | None:
        """Return an error if another run has acquired the target; none if this run still holds it, or if that cannot be read."""
        try:
            self._store.write([])
        except Overtaken as error:
            return error
        except JournalUnusable:
            # A run that cannot write to the journal sends nothing more.
            return None
        return None

    def discard(self, intent: Intent, reason: str, is_acknowledged: bool = False) -> None:
        """Drop an intent that moved no money, or that the user acknowledged; the next write records this."""
        record = self._records.get(intent.intent_id)
        if record is None:
            return
        event = Event(ACKNOWLEDGED if is_acknowledged else NOT_EXECUTED, reason)
        state = GIVEN_UP if is_acknowledged else VOID
        self._discarded[intent.intent_id] = self._change(record, event, state=state, outcome=event.name)

    def write_discarded(self) -> None:
        """Record what this run has discarded, for whoever reads the journal before the next write.

        :raises JournalUnusable: If it cannot be written.
        """
        self._write(list(self._discarded.values()))

    def mark_made(self, intent: Intent, is_final: bool, reason: str) -> None:
        """Note that an operation was accepted or executed, but is not confirmed yet; C(close) records this after a success."""
        self._resolve(_Resolution(dataclasses.replace(intent, reported=True), Event(EXECUTED if is_final else ACCEPTED, reason)))

    def mark_confirmed(self, intent: Intent, split: Split | None = None) -> None:
        """Note that the exchange confirms an operation, so that later runs need not know it; C(close) records this after a success."""
        before = self._resolved.get(intent.intent_id)
        is_known = before is not None and before.event.name == EXECUTED
        reason = before.event.reason if before is not None and is_known else "the exchange shows it as final"
        event = Event(EXECUTED, reason, split)
        self._resolve(_Resolution(dataclasses.replace(intent, reported=True), event, True))

    def mark_shown(self, intent: Intent) -> None:
        """Note that the figures that a resolved operation changes have shown it."""
        resolution = self._resolved.get(intent.intent_id)
        if resolution is not None:
            self._resolve(resolution._replace(intent=dataclasses.replace(resolution.intent, is_shown=True)))

    def _resolve(self, resolution: _Resolution) -> None:
        if resolution.intent.repay_id:
            self._found.add(resolution.intent.repay_id)
        self._resolved[resolution.intent.intent_id] = resolution

    def close(self, is_success: bool, message: str = "") -> None:
        """Record what later runs need to know, after the result was reported, and release the target.

        :param message: The reported message of a failure.
        :raises JournalUnusable: If it cannot be written.
        """
        if is_success:
            self._end_with([self._closed(record) for record, dummy in self._resolved_events()])
        else:
            in_doubt = [record for record in self._records.values() if self._is_in_doubt(record)]
            self._end_with([self._change(record, Event(UNKNOWN, message), outcome=UNKNOWN) for record in in_doubt])

    def leave_open(self, reported_at_ms: int) -> None:
        """Keep this run's operations unreported, because perhaps nobody received its result, and release the target.

        :param reported_at_ms: When the result was written to the output (UTC, ms).
        :raises JournalUnusable: If it cannot be written.
        """
        self._end_with([
            self._change(record, event, intent=dataclasses.replace(record.intent, reported_at_ms=reported_at_ms), state=MADE, outcome=event.name)
            for record, event in self._resolved_events()
            if self._is_of_this_run(record.intent)
        ])

    def release(self) -> None:
        """Release the target, and leave unresolved intents to later runs."""
        self._is_held = False
        self._store.release()

    def _closed(self, record: Record) -> Change:
        resolution = self._resolved[record.intent.intent_id]
        state = DONE if resolution.is_confirmed else MADE
        return self._change(record, resolution.event, intent=resolution.intent, state=state, outcome=resolution.event.name)

    def _change(self, record: Record, event: Event, **values: t.Any) -> Change:
        """Return the change that records an event of a recorded intent.

        :param values: The changed fields of the record.
        """
        intent_id = record.intent.intent_id
        events: tuple[Event, ...] = (event,)
        is_left_open = intent_id in self._earlier and not record.intent.reported and intent_id not in self._recovered
        if is_left_open and event.name != ACKNOWLEDGED:
            events = (Event(RECOVERED, "a later run found out what became of it"), event)
        # An event is not recorded twice in a row.
        is_known = record.outcome == event.name
        return Change(record._replace(**values), () if is_known else events, is_certain=intent_id not in self._uncertain)

    def _resolved_events(self) -> list[tuple[Record, Event]]:
        """Return the recorded intents that this run has resolved, with the events that it found out."""
        return [(record, self._resolved[intent_id].event) for intent_id, record in self._records.items() if intent_id in self._resolved]

    def _end_with(self, changes: list[Change]) -> None:
        known = [*self._discarded.values(), *(c for c in changes if c.record.intent.intent_id not in self._discarded)]
        try:
            try:
                self._write(known)
            except Overtaken:
                raise
            except JournalUnusable:
                # Try once more, for example after a restart of the server. The store writes only what is missing, under the same epoch.
                self._write(known)
        finally:
            self.release()

    def _write(self, changes: list[Change]) -> None:
        """Write the changes that differ from the recorded state."""
        different = [c for c in changes if c.is_new or not c.is_certain or c.record != self._records.get(c.record.intent.intent_id)]
        if different and self._writable:
            self._store.write(different)
        for change in different:
            intent_id = change.record.intent.intent_id
            if change.record.state in (OPEN, MADE):
                self._records[intent_id] = change.record
            else:
                self._records.pop(intent_id, None)
                self._discarded.pop(intent_id, None)
            self._uncertain.discard(intent_id)
            if any(event.name == RECOVERED for event in change.events):
                self._recovered.add(intent_id)

    def _kept(self, intent: Intent) -> Intent | None:
        """Return an accepted or executed intent as later runs will know it; none if it is unresolved or confirmed."""
        resolution = self._resolved.get(intent.intent_id)
        if resolution is not None:
            return None if resolution.is_confirmed else resolution.intent
        return intent if intent.reported else None

    def _is_in_doubt(self, record: Record) -> bool:
        """Return whether this run sent the operation, and does not know its outcome."""
        intent_id = record.intent.intent_id
        return record.state == OPEN and intent_id not in self._earlier and intent_id not in self._resolved

    def _is_of_this_run(self, intent: Intent) -> bool:
        return not intent.reported and intent.intent_id in self._resolved and intent.reported_at_ms is None

    def _known(self) -> list[Intent]:
        return [intent for intent in self.noted() if intent.intent_id not in self._discarded]
