# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The protocol by which runs share a journal: only the run that holds a target's epoch can write its intents.

Acquiring a target raises its epoch, and every write is conditional on the epoch that the run has acquired. So the database rejects the
writes of a stale holder, such as a run that was paused, or that lost its lock without noticing. The operations of a larger run also
depend on the epoch of that run. This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import json
import typing as t

from .._api.errors import Busy, BusyInDoubt, JournalUnusable, Overtaken
from .._clock import Clock
from . import schema
from .actor import actor_now, describe
from .database import Answer, CommitInDoubt, Database, DatabaseFailed, DuplicateKey, Row, Statement, refuse_unchanged
from .entries import Head
from .failures import unusable
from .guard import Guard
from .intent import Intent
from .records import ACCOUNT, MADE, OPEN, TARGET, VOID, Change, Record, is_needed, record_of, statements_of
from .target import SharedLtv, Target

_FIRST_PAUSE_MS = 50
_MAX_PAUSE_MS = 500


class Use(t.NamedTuple):
    """The use of a reference: its target, and its intent."""

    target: Target
    record: Record


class Store:
    """The intents of one target. A run acquires the target before it reads or writes them.

    :param guard: The epoch of the larger run that this operation belongs to. Once another run has taken it over, nothing more is written.
    :raises JournalUnusable: From each method, if the journal cannot be used; C(JournalLost) from each that reads, if intents of earlier
        runs may be recorded that cannot be read.
    """

    def __init__(self, database: Database, target: Target, clock: Clock, ltv: SharedLtv | None = None, guard: Guard | None = None) -> None:
        self._database = database
        self._ltv = ltv
        self._guards = () if guard is None else (guard,)
        self._target = target
        self._clock = clock
        self._epoch: Guard | None = None
        self._has_tables = False

    @property
    def guard(self) -> Guard:
        """What the operations of this run depend on, from C(acquire) to C(release); a run that only reads has none."""
        if self._epoch is None:
            raise ValueError(f"this {self._target.word} is not acquired for writing")
        return self._epoch

    def exists(self) -> bool:
        """Return whether a run for any target has ever written here, without creating anything."""
        try:
            return self._database.is_there()
        except DatabaseFailed as error:
            raise unusable(error, self._database) from None

    def acquire(self, timeout_ms: int, writes: bool = True) -> list[Record]:
        """Acquire the target until C(release), and return its unsettled intents in the order in which they were made.

        :param timeout_ms: How long to wait for another run.
        :param writes: Whether this run writes. One that only reads creates nothing, and does not raise the epoch.
        :raises Busy: If another run does not end in time.
        :raises Overtaken: If the guard is lost. Then the epoch is not raised.
        """
        try:
            self._database.open(writes)
            if writes:
                schema.prepare(self._database)
            elif not schema.version_of(self._database):
                return []
            self._has_tables = True
            self._await_lock(self._target, writes, timeout_ms, writes)
            if self._ltv is not None:
                self._await_lock(self._ltv.lock, writes and self._ltv.is_exclusive, timeout_ms, writes)
            return self._take_over() if writes else self._load()
        except DatabaseFailed as error:
            raise unusable(error, self._database) from None

    def release(self) -> None:
        """Release the target; one in a C(SharedDatabase) stays locked until that disconnects."""
        self._epoch = None
        self._database.close()

    def write(self, changes: t.Sequence[Change]) -> None:
        """Write changes durably: once this returns, a power failure cannot undo them.

        :raises Overtaken: If another run has acquired the target, or taken over the guard, meanwhile. Then nothing is written.
        :raises JournalUnusable: If they could not be written, or it is unknown whether they were.
        """
        try:
            with self._database.transaction():
                head, stored = self._lock([change.record.intent.intent_id for change in changes])
                if self._may_have_lost_ltv() and any(change.is_new for change in changes):
                    raise Overtaken(
                        f"The connection to the journal {self._database.label} was lost for a moment, so another run may have changed the same LTV. "
                        f"Nothing more is sent. Run again."
                    )
                needed = [change for change in changes if is_needed(change, stored)]
                self._database.queue(*statements_of(self._target, needed, head, self._clock.now_ms(), actor_now()))
        except DuplicateKey as error:
            raise Overtaken(
                f"Another run has recorded an intent for this {self._target.word}, or under this reference, at the same moment ({error}). Nothing more is "
                f"sent. Run again."
            ) from None
        except CommitInDoubt as error:
            raise JournalUnusable(
                f"The journal {self._database.label} did not confirm the COMMIT ({error}), so it is unknown whether this was recorded. Check the "
                f"journal, and run again to find out."
            ) from None
        except DatabaseFailed as error:
            raise unusable(error, self._database, is_writing=True) from None

    def _may_have_lost_ltv(self) -> bool:
        """Return whether another run may have changed the locked LTV after a lost connection; an LTV has no epoch that would tell."""
        # A larger run may hold the LTV exclusively for operations that only share it.
        is_planned_by = self._ltv is not None and (self._ltv.is_exclusive or bool(self._guards))
        return is_planned_by and self._database.was_reconnected

    def use_of(self, reference: str) -> Use | None:
        """Return what a reference of the account was used for; none if it was not used, or if the operation was certainly not executed."""
        if not self._has_tables:
            return None
        sql = f"SELECT product, loan, document, state, outcome FROM bybit_intents WHERE {ACCOUNT} AND reference = ? AND state <> ?"
        try:
            found = self._database.query(sql, *self._target[:2], reference, VOID)
            if not found:
                return None
            product, loan, *record = found[0]
            return Use(self._target._replace(product=product, loan=loan), record_of(*record))
        except DatabaseFailed as error:
            raise unusable(error, self._database) from None

    def unsettled_of_ltv(self) -> list[tuple[Target, Intent]]:
        """Return the unsettled intents of the other targets that change the same LTV."""
        ltv = self._ltv
        if ltv is None or not self._has_tables:
            return []
        places = ", ".join("?" for dummy in ltv.products)
        sql = f"SELECT product, loan, document, state, outcome FROM bybit_intents WHERE {ACCOUNT} AND product IN ({places}) AND state IN (?, ?)"
        try:
            rows = self._database.query(sql, *self._target[:2], *ltv.products, OPEN, MADE)
            found = [(self._target._replace(product=row[0], loan=row[1]), record_of(*row[2:]).intent) for row in rows]
        except DatabaseFailed as error:
            # The intents of this run's own target were read before.
            raise unusable(error, self._database, is_writing=True) from None
        return [(target, intent) for target, intent in found if target != self._target and ltv.order_id in (None, target.loan)]

    def _await_lock(self, target: Target, exclusive: bool, timeout_ms: int, writes: bool) -> None:
        deadline_ms = self._clock.monotonic_ms() + timeout_ms
        pause_ms = _FIRST_PAUSE_MS
        is_own = target == self._target
        say: t.Callable[[str], object] | None = None
        with contextlib.ExitStack() as waiting:
            while not self._database.try_lock(target, exclusive, writes):
                remaining_ms = deadline_ms - self._clock.monotonic_ms()
                who = f"run for this {self._target.word} ({self._holder()})" if is_own else "run that changes the same LTV"
                if remaining_ms <= 0:
                    raise self._busy(who, timeout_ms, is_own)
                reason = f"Another {who} has not ended"
                if say is None:
                    self._clock.report_wait(reason, remaining_ms)
                    say = waiting.enter_context(self._clock.waiting(reason, remaining_ms))
                # One run after another may hold it.
                say(reason)
                self._clock.sleep_ms(min(pause_ms, remaining_ms))
                pause_ms = min(pause_ms * 2, _MAX_PAUSE_MS)

    def _holder(self) -> str:
        found = self._database.query(f"SELECT holder FROM bybit_targets WHERE {TARGET}", *self._target)
        if not found:
            # The other run has the lock, but has not recorded itself yet.
            return "just started"
        try:
            holder = json.loads(found[0][0])
        except ValueError:
            holder = None
        return describe(holder if isinstance(holder, dict) else {})

    def _busy(self, who: str, timeout_ms: int, is_own: bool) -> Busy:
        message = (
            f"Another {who} did not end within lock_timeout, {timeout_ms // 1000} s, so nothing was sent: run again "
            f"later, or raise lock_timeout."
        )
        if is_own and any(not record.intent.reported for record in self._load()):
            return BusyInDoubt(f"{message} The outcome of its operation is not known yet.")
        return Busy(message)

    def _take_over(self) -> list[Record]:
        try:
            with self._database.transaction():
                epoch, records = self._next_epoch()
        except DatabaseFailed as error:
            # On a full disk, for example, the intents can still be read.
            error.hides_intents = self._hides_intents()
            raise
        # Set only after the COMMIT, because without it, the next run gets the same number.
        self._epoch = epoch
        return records

    def _hides_intents(self) -> bool:
        """Return whether there is an unreported intent, or may be one because the intents cannot be read."""
        try:
            return any(not record.intent.reported for record in self._load())
        except DatabaseFailed:
            return True

    def _next_epoch(self) -> tuple[Guard, list[Record]]:
        """Raise the epoch, and return it with the unsettled intents."""
        holder = json.dumps({**actor_now(), "since_ms": self._clock.now_ms()})
        *confirmed, raised, epoch, unsettled = self._database.run(
            *(guard.confirmation for guard in self._guards),
            Statement(
                "INSERT INTO bybit_targets (realm, account, product, loan, epoch, holder) VALUES (?, ?, ?, ?, 1, ?) "
                "ON CONFLICT (realm, account, product, loan) DO UPDATE SET epoch = bybit_targets.epoch + 1, holder = excluded.holder",
                (*self._target, holder),
            ),
            Statement(f"SELECT epoch FROM bybit_targets WHERE {TARGET}", self._target),
            self._unsettled(),
        )
        self._refuse_lost(self._guards, confirmed)
        refuse_unchanged([raised])
        return Guard(self._target, int(epoch.rows[0][0]), holder), [record_of(*row) for row in unsettled.rows]

    def _load(self) -> list[Record]:
        return [record_of(*row) for row in self._database.run(self._unsettled())[0].rows]

    def _unsettled(self) -> Statement:
        sql = f"SELECT document, state, outcome FROM bybit_intents WHERE {TARGET} AND state IN (?, ?) ORDER BY number"
        return Statement(sql, (*self._target, OPEN, MADE))

    def _lock(self, intent_ids: t.Sequence[str]) -> tuple[Head, dict[str, Row]]:
        """Lock the rows of the guard, the target, and the chain until the end of the transaction.

        :return: The end of the chain, and the stored state, outcome, and document of the intents, by ID.
        :raises Overtaken: If this run no longer holds the guard or the target.
        """
        # The guard comes first, as in _next_epoch, because runs that lock rows in different orders can wait for each other for ever.
        account, guards = self._target[:2], (*self._guards, self._epoch or Guard(self._target, 0, ""))
        *confirmed, kept, chain, intents = self._database.run(
            *(guard.confirmation for guard in guards),
            Statement(
                "INSERT INTO bybit_chains (realm, account, length, hash) VALUES (?, ?, 0, ?) "
                "ON CONFLICT (realm, account) DO UPDATE SET length = bybit_chains.length",
                (*account, Head().hash),
            ),
            Statement(f"SELECT length, hash FROM bybit_chains WHERE {ACCOUNT}", account),
            Statement(
                f"SELECT intent_id, state, outcome, document FROM bybit_intents WHERE intent_id IN ({', '.join('?' for dummy in intent_ids) or 'NULL'})",
                tuple(intent_ids),
            ),
        )
        self._refuse_lost(guards, confirmed)
        refuse_unchanged([kept])
        return Head(*chain.rows[0]), {row[0]: row[1:] for row in intents.rows}

    def _refuse_lost(self, guards: t.Sequence[Guard], confirmed: t.Sequence[Answer]) -> None:
        lost = [guard.target for guard, answer in zip(guards, confirmed) if answer.changed != 1]
        if lost:
            raise Overtaken(
                f"Another run took over this {lost[0].word} while this one was suspended or disconnected from the journal {self._database.label}. "
                f"Nothing more is sent. Run again."
            )


def is_in_doubt(database: Database, realm: str, product: str, loan: str) -> bool:
    """Return whether any account may have an unreported intent for a loan; for runs that could not find out the account of the key."""
    sql = "SELECT document FROM bybit_intents WHERE realm = ? AND product = ? AND loan = ? AND state IN (?, ?)"
    try:
        if not database.is_there():
            return False
        database.open(writes=False)
        if not schema.version_of(database):
            return False
        return any(not json.loads(row[0])["reported"] for row in database.query(sql, realm, product, loan, OPEN, MADE))
    except DatabaseFailed as error:
        return error.hides_intents
    except (ValueError, LookupError, TypeError):
        return True
    finally:
        database.close()
