# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safeguards between runs: the intents in the journal, the protection against concurrent writes, and the check who gets the result.

Some faults, such as two runs that both pay, are prevented by several safeguards and show only when all of them are removed. The fault
suite does not find the removal of what no run reads, such as the chain; other tests do.
"""

from __future__ import annotations

import typing as t

from .replacing import Removal, Replacement, around, instead


def _after_the_request() -> tuple[Replacement, ...]:
    """Record each new intent only after its request has left."""
    postponed: list[t.Callable[[], None]] = []

    def note(original: t.Callable[..., None]) -> t.Callable[..., None]:
        def stand_in(self: t.Any, intent: t.Any) -> None:
            if intent.intent_id in {known.intent_id for known in self.noted()}:
                original(self, intent)
            else:
                postponed.append(lambda: original(self, intent))

        return stand_in

    def send(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def stand_in(*arguments: t.Any, **named: t.Any) -> t.Any:
            try:
                return original(*arguments, **named)
            finally:
                while postponed:
                    postponed.pop()()

        return stand_in

    return around("_journal.journal:Journal.note", note), around("_api.client:Client.post", send)


def _closing_first(module: t.Any, result: t.Any, context: t.Any, parents: t.Any, transfers: t.Any = ()) -> None:
    if not result.failed:
        context.journal.close(True)
    module.emit(result.values, result.failed)


def _without(*names: str) -> Replacement:
    """Create the tables without some of their indexes."""
    def prepare(original: t.Any) -> t.Callable[..., None]:
        def stand_in(database: t.Any, migrations: t.Any = original.__defaults__[0]) -> None:
            original(database, tuple(tuple(one for one in version if not any(name in one for name in names)) for version in migrations))

        return stand_in

    return around("_journal.schema:prepare", prepare)


def _not_reading(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    return lambda self, timeout_ms, writes=True: original(self, timeout_ms, writes) and []


def _trusting_commits(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    def commit(self: t.Any) -> None:
        from ansible_collections.treasury.bybit.plugins.module_utils._journal.database import CommitInDoubt

        try:
            original(self)
        except CommitInDoubt:
            pass

    return commit


def _always_held(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    return lambda self, intent_ids: (True, *original(self, intent_ids)[1:])


_EPOCH = around("_journal.store:Store._lock", _always_held)
_LOCK = instead("_journal.sqlite:SqliteDatabase.try_lock", lambda self, target, exclusive, writes=True: True)
_ONE_OPEN, _ONE_USE = _without("bybit_one_open_intent"), _without("bybit_one_use_of_reference")
_NO_USE = instead("_journal.store:Store.use_of", lambda self, reference: None)

REMOVALS = (
    Removal("the intent: it is not written", (
        instead("_journal.store:Store.write", lambda self, changes: None),
    )),
    Removal("the intent: it is not read", (
        around("_journal.store:Store.acquire", _not_reading),
    )),
    Removal("the intent: it is written before the request is sent", _after_the_request()),
    Removal("the intent: it is closed", (
        instead("_journal.journal:Journal.close", lambda self, is_success, message="": self.release()),
    )),
    Removal("the intent: it is closed after the result is out", (
        instead("_module.operation:finish", _closing_first),
    )),
    Removal("the intent: the wait until the time window of another run's request is over", (
        instead("_reconcile.evidence:is_window_closed", lambda intent, observation: True),
        instead("_reconcile.evidence:is_margin_over", lambda intent, observation, settle_margin_ms: True),
        instead("_reconcile.evidence:has_passed", lambda intent, observation, margin_ms: True),
    )),
    Removal("the lock and the epoch", (_LOCK, _EPOCH)),
    Removal("the lock, the epoch, and the index on open intents", (_LOCK, _EPOCH, _ONE_OPEN)),
    Removal("the epoch, when the lock is lost", (_EPOCH,)),
    Removal("the epoch and the index on open intents, when the lock is lost", (_EPOCH, _ONE_OPEN)),
    Removal("the lock: the wait for another run", (_LOCK,)),
    Removal("the journal: the file is still the same", (
        instead("_journal.sqlite:SqliteDatabase._refuse_another_file", lambda self: None),
    )),
    Removal("the journal: nothing is sent after a COMMIT that is in doubt", (
        around("_journal.sqlite:SqliteDatabase.commit", _trusting_commits),
    )),
    Removal("the journal: an empty file next to lock files is not a new journal", (
        instead("_journal.sqlite:SqliteDatabase._has_locks", lambda self: False),
    )),
    Removal("the journal: an unreadable journal leaves the outcome unknown", (
        instead("_api.errors:JournalLost.outcome", "not_executed"),
    )),
    Removal("the journal: an internal error with an open intent leaves the outcome unknown", (
        instead("_engine.run:_outcome_after_defect", lambda context, report: "not_executed"),
    )),
    Removal("the journal: it belongs to the account, not the key", (
        around("_api.api_key:read_key", lambda original: lambda client: original(client)._replace(account=client._api_key[::-1])),
    )),
    Removal("the journal: it belongs to the realm, not the address", (
        instead("_options.connection:Connection.realm", property(lambda self: self.api_host)),
    )),
    Removal("the journal: while the key's account is unknown, the outcome of open intents is unknown", (
        instead("_journal.store:is_in_doubt", lambda database, realm, product, loan: False),
    )),
    Removal("the chain: a change or a gap shows", (
        instead("_journal.entries:first_misfit", lambda entries, head: ""),
    ), ("tests/exchange/module/test_journal_info.py",)),
    Removal("the reference: an operation that was executed under it answers", (_NO_USE,)),
    Removal("the reference: an operation that was executed under it answers, and the index on references", (_NO_USE, _ONE_USE)),
    Removal("the reference: the index, when two loans are repaid at once", (_ONE_USE,)),
    Removal("the reference: it names one step of one loan", (
        instead("_engine.reference:earlier_use", lambda context: (
            None if context.options.reference is None else context.journal.use_of(context.options.reference)
        )),
    )),
    Removal("the reader: somebody is there just before the intent is written", (
        instead("_engine.pay:check_listeners", lambda has_listeners: None),
    )),
    Removal("the reader: somebody is there when the result has been printed", (
        instead("_module.operation:is_delivered", lambda parents, context: parents.are_known or context.goal.is_declarative),
    )),
    Removal("the reader: buffered output may reach nobody", (
        instead("_module.operation:can_be_known", lambda parents, context: True),
    )),
    Removal("the reader: a result that may have reached nobody answers an equal task for only some hours", (
        instead("_engine.recover:is_recent", lambda reported_at_ms, now_ms: True),
    )),
)
