# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contexts in which the engine runs the operations of one account, over one connection to the journal.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._api.client import Client
from .._engine.context import RunContext, new_context
from .._goal import Goal, RunOptions
from .._journal.account import AccountJournal
from .._journal.guard import Guard
from .._journal.journal import Journal
from .._journal.store import Store
from .._journal.target import Target
from .._operations.base import ACCOUNT, Operation
from .._operations.targets import ltv_of


@dataclasses.dataclass(frozen=True)
class Contexts:
    """Makes the contexts of one run. Each target has one journal, which stays open until the run has reported everything.

    :ivar guard: What the run holds for the whole account: without it, no intent can be written.
    :ivar holds_ltv: Whether the run holds the LTV of the account alone.
    :ivar journals: The journals so far, by target.
    """

    client: Client
    journal: AccountJournal
    guard: Guard
    holds_ltv: bool
    has_listeners: t.Callable[[], bool]
    journals: dict[Target, Journal] = dataclasses.field(default_factory=dict)

    def context(self, operation: Operation, goal: Goal, options: RunOptions, **more: t.Any) -> RunContext:
        """Return the context of an operation.

        :param more: Further fields of C(RunContext).
        """
        target = self.journal.target(operation.product, operation.name)
        journal = self.journals.get(target)
        if journal is None:
            ltv = ltv_of(operation, target, self.holds_ltv and operation.ltv_name == ACCOUNT)
            journal = self.journals[target] = Journal(Store(self.journal.database, target, self.client.clock, ltv, self.guard))
        return new_context(self.client, operation, journal, goal, options, has_listeners=self.has_listeners, **more)
