# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The protocol by which runs share a journal: the intents of one target, written only by the run that holds its epoch.

Acquiring a target raises its epoch. Whatever a run writes is conditional on the epoch that it has acquired, so what a stale holder
decides dies in the database: one that was paused, or has lost its lock without noticing. This module util is private to the
collection.
"""

from __future__ import annotations

import contextlib
import json
import typing as t

from .._api.errors import Busy, BusyInDoubt, JournalLost, JournalUnusable, Overtaken
from .._clock import Clock
from . import schema
from .actor import actor_now, describe
from .database import CommitInDoubt, Damaged, Database, DatabaseFailed, DuplicateKey, Row, Statement, refuse_unchanged
from .entries import Head
from .intent import Intent
from .records import ACCOUNT, MADE, OPEN, TARGET, VOID, Change, Record, columns_of, record_of, statements_of
from .target import Target

_FIRST_PAUSE_MS = 50
_MAX_PAUSE_MS = 500


class Use(t.NamedTuple):
    """What a reference was used for."""

    target: Target
    record: Record


class SharedLtv(t.NamedTuple):
    """The LTV that the moves of several targets change.

    :ivar lock: Which runs hold while they change it.
    :ivar products: The products of those targets; all of an account, or those of one order.
    :ivar order_id: That of the order; none for all targets of these products.
    :ivar is_exclusive: Whether what this run moves follows from the LTV, so that nobody else may change it meanwhile.
    """

    lock: Target
    products: tuple[str, ...]
    order_id: str | None
    is_exclusive: bool


class Store:
    """The intents of one target. A run acquires the target before it reads or writes them.

    :raises JournalUnusable: From each method, when the journal cannot be used; C(JournalLost) from each that reads, when that hides
        what earlier runs may have recorded.
    """

    def __init__(self, database: Database, target: Target, clock: Clock, ltv: SharedLtv | None = None) -> None:
        self._database = database
        self._ltv = ltv
        self._target = target
        self._clock = clock
        # The number of the epoch, and who has acquired it: a database restored from a backup counts the same numbers again.
        self._epoch: tuple[int, str] | None = None
        self._has_tables = False

    def exists(self) -> bool:
        """Return whether a run for any target has ever written here; leaves no trace."""
        try:
            return self._database.is_there()
        except DatabaseFailed as error:
            raise unusable(error, self._database) from None

    def acquire(self, timeout_ms: int, writes: bool = True) -> list[Record]:
        """Keep other runs for this target away until C(release), and return its unsettled intents, in the order in which they were made.

        :param writes: Whether this run writes; one that only reads leaves no trace, and takes the epoch from nobody.
        :raises Busy: When another run has not ended in time.
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
        """Let other runs have the target."""
        self._epoch = None
        self._database.close()

    def write(self, changes: t.Sequence[Change]) -> None:
        """Write what a run has decided; when this returns, it survives a power failure.

        :raises Overtaken: When another run has acquired the target since; then nothing is written.
        :raises JournalUnusable: When it could not be written, or when nobody knows whether it was.
        """
        try:
            with self._database.transaction():
                is_held, head, stored = self._lock([change.record.intent.intent_id for change in changes])
                if not is_held:
                    raise Overtaken(
                        f"Another run took over this {self._target.word} while this one was suspended or disconnected from the journal {self._database.label}. "
                        f"Nothing more is sent. Run again."
                    )
                if self._may_have_lost_ltv() and any(change.is_new for change in changes):
                    raise Overtaken(
                        f"The connection to the journal {self._database.label} was lost for a moment, so another run may have changed the same LTV. "
                        f"Nothing more is sent. Run again."
                    )
                needed = [change for change in changes if _is_needed(change, stored)]
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
        """Return whether another run may have changed the LTV that this one has locked; no epoch tells."""
        return self._ltv is not None and self._ltv.is_exclusive and self._database.was_reconnected

    def use_of(self, reference: str) -> Use | None:
        """Return what a reference of the account was used for; none when it was not, or only for what was surely not executed."""
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
            # Those of its own target are known by then.
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
            # It has the lock already, and has not yet said who it is.
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
            # Such as on a disk that is full, where everything can still be read.
            error.hides_intents = self._hides_intents()
            raise
        # Not before, because without a COMMIT, the next run gets the same number.
        self._epoch = epoch
        return records

    def _hides_intents(self) -> bool:
        """Return whether there may be an unreported intent, as far as that can be read."""
        try:
            return any(not record.intent.reported for record in self._load())
        except DatabaseFailed:
            return True

    def _next_epoch(self) -> tuple[tuple[int, str], list[Record]]:
        """Acquire the target from whoever had it."""
        holder = json.dumps({**actor_now(), "since_ms": self._clock.now_ms()})
        raised, epoch, unsettled = self._database.run(
            Statement(
                "INSERT INTO bybit_targets (realm, account, product, loan, epoch, holder) VALUES (?, ?, ?, ?, 1, ?) "
                "ON CONFLICT (realm, account, product, loan) DO UPDATE SET epoch = bybit_targets.epoch + 1, holder = excluded.holder",
                (*self._target, holder),
            ),
            Statement(f"SELECT epoch FROM bybit_targets WHERE {TARGET}", self._target),
            self._unsettled(),
        )
        refuse_unchanged([raised])
        return (int(epoch.rows[0][0]), holder), [record_of(*row) for row in unsettled.rows]

    def _load(self) -> list[Record]:
        return [record_of(*row) for row in self._database.run(self._unsettled())[0].rows]

    def _unsettled(self) -> Statement:
        sql = f"SELECT document, state, outcome FROM bybit_intents WHERE {TARGET} AND state IN (?, ?) ORDER BY number"
        return Statement(sql, (*self._target, OPEN, MADE))

    def _lock(self, intent_ids: t.Sequence[str]) -> tuple[bool, Head, dict[str, Row]]:
        """Keep target and chain for this run until the end of the transaction.

        :return: Whether the target is still this run's, the end of the chain, and what is stored of some intents, by ID.
        """
        account, epoch = self._target[:2], self._epoch or (0, "")
        confirmed, kept, chain, intents = self._database.run(
            Statement(f"UPDATE bybit_targets SET epoch = epoch WHERE {TARGET} AND epoch = ? AND holder = ?", (*self._target, *epoch)),
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
        refuse_unchanged([kept])
        return confirmed.changed == 1, Head(*chain.rows[0]), {row[0]: row[1:] for row in intents.rows}


def _is_needed(change: Change, stored: t.Mapping[str, Row]) -> bool:
    """Return whether a change is still to be written: what a COMMIT without an answer has written after all is not written twice."""
    intent_id = change.record.intent.intent_id
    if change.is_new:
        return True
    if change.is_certain and intent_id not in stored:
        raise DatabaseFailed(f"intent {intent_id} is missing from it")
    return intent_id in stored and stored[intent_id] != columns_of(change.record)


def is_in_doubt(database: Database, realm: str, product: str, loan: str) -> bool:
    """Return whether a repayment of a loan may be unreported, whichever account it belongs to, while the account of the key is unknown."""
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


def unusable(error: DatabaseFailed, database: Database, is_writing: bool = False) -> JournalUnusable:
    """Return what the user reads of a database that failed.

    :param is_writing: Whether what earlier runs have recorded was read before.
    """
    if isinstance(error, Damaged):
        return JournalLost(
            f"The journal {database.label} cannot be read ({error}). Nothing was sent, because the outcome of earlier operations is unknown. "
            f"Restore it from a backup. If there is none, stop all runs, check each loan and its history on the exchange, and remove every task whose "
            f"reference was already used from your playbooks, because a new journal knows no reference and such a task would pay again. Then "
            f"{database.removal}, and run again."
        )
    message = f"The journal {database.label} cannot be used ({error})."
    remedy = error.remedy or "Make this journal available again (do not switch to another one), and run again."
    if is_writing or not error.hides_intents:
        return JournalUnusable(f"{message} {remedy}")
    # Another journal would be the wrong remedy: what is recorded in this one would be forgotten.
    return JournalLost(f"{message} Nothing was sent, because earlier runs may have recorded operations there whose outcome is unknown. {remedy}")
