# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs know of each other: the intents on disk, their lock, and who is there to get the result."""

from __future__ import annotations

import typing as t

from .replacing import Removal, Replacement, around, instead


def _after_the_request() -> tuple[Replacement, ...]:
    """Write each new intent down only when its request has left."""
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


def _closing_first(module: t.Any, result: t.Any, context: t.Any, parents: t.Any) -> None:
    if not result.failed:
        context.journal.close(True)
    module.emit(result.values, result.failed)


REMOVALS = (
    Removal("the intent: it is not written", (
        instead("_journal.store:Store.save", lambda self, intents: None),
    )),
    Removal("the intent: it is not read", (
        instead("_journal.store:Store.load", lambda self: []),
    )),
    Removal("the intent: it is written before the request leaves", _after_the_request()),
    Removal("the intent: it is closed", (
        instead("_journal.journal:Journal.close", lambda self, is_success: self.release()),
    )),
    Removal("the intent: it is closed after the result is out", (
        instead("_module.repay:finish", _closing_first),
    )),
    Removal("the lock", (
        instead("_journal.store:Store._try_lock", lambda self, lock, writes: True),
    )),
    Removal("the lock: whether its file is still the same", (
        instead("_journal.files:is_same", lambda descriptor, path: True),
    )),
    Removal("the journal: a save that fails is undone", (
        instead("_journal.files:undo", lambda path, before, check: None),
    )),
    Removal("the journal: what cannot be read leaves the outcome unknown", (
        instead("_api.errors:JournalLost.outcome", "not_executed"),
    )),
    Removal("the journal: an error inside while something is open leaves the outcome unknown", (
        instead("_engine.run:_outcome_after_defect", lambda context, report: "not_executed"),
    )),
    Removal("the journal: it is the account's, not the key's", (
        around("_api.api_key:read_key", lambda original: lambda client: original(client)._replace(account=client._api_key[::-1])),
    )),
    Removal("the journal: it is the realm's, not the address's", (
        instead("_options.connection:Connection.realm", property(lambda self: self.api_host)),
    )),
    Removal("the journal: as long as nobody knows whose the key is, what is open is in doubt", (
        instead("_journal.store:is_in_doubt", lambda directory, realm, product, name: False),
    )),
    Removal("the reader: somebody is there right before the intent is written", (
        instead("_engine.pay:check_listeners", lambda has_listeners: None),
    )),
    Removal("the reader: somebody is there when the result is out", (
        instead("_module.repay:is_delivered", lambda parents, goal: parents.are_known or goal.is_declarative),
    )),
    Removal("the reader: output that something else buffers may reach nobody", (
        instead("_module.repay:can_be_known", lambda parents, goal: True),
    )),
    Removal("the reader: a result that may have reached nobody answers an equal task for some hours only", (
        instead("_engine.recover:is_recent", lambda reported_at_ms, now_ms: True),
    )),
)
