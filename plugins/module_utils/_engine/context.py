# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run is asked for, and what it works with.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .._api.client import Client
from .._goal import Goal, RunOptions
from .._journal.journal import Journal
from .._operations.base import Operation
from .._reconcile.poll import Poller
from .._reconcile.reconcile import Reconciler


class Expected(t.NamedTuple):
    """The level that an amount was planned for, and by how much the present one may differ in the direction of the move."""

    level: Decimal
    slack: Decimal


@dataclasses.dataclass(frozen=True)
class RunContext:
    """One operation with its goal, and everything that the steps of a run share.

    :ivar poller: Reads until outcomes are known; created when the run begins.
    :ivar has_listeners: Returns whether somebody is still there to get the result.
    :ivar funding: Returns the context of a transfer that ensures that the Funding wallet holds an amount of a coin; none if the run must not
        transfer.
    :ivar foreseen: What that transfer would add to the wallet, in check mode.
    :ivar expected: What a plan is based on; none if the amount was not planned.
    """

    client: Client
    operation: Operation
    journal: Journal
    poller: Poller
    goal: Goal
    options: RunOptions
    check_mode: bool = False
    has_listeners: t.Callable[[], bool] = lambda: True
    funding: t.Callable[[str, Decimal], RunContext] | None = None
    foreseen: Decimal = Decimal(0)
    expected: Expected | None = None

    @property
    def is_of_level(self) -> bool:
        """Whether the amount follows from a level of the exchange, read by this run or for a plan."""
        return self.goal.is_of_level or self.expected is not None

    @property
    def label(self) -> str:
        """The name of the target in messages."""
        return self.operation.terms.label

    @property
    def reconciler(self) -> Reconciler:
        return Reconciler(self.poller, self.journal, self.options.wait)

    def deadline_ms(self) -> int:
        """Return when to give up a search that begins now, by the monotonic clock."""
        return self.client.clock.monotonic_ms() + self.options.wait_timeout_ms


def new_context(
    client: Client, operation: Operation, journal: Journal, goal: Goal, options: RunOptions, **more: t.Any
) -> RunContext:
    """Return the context of a run that begins now.

    :param more: Further fields of C(RunContext).
    """
    return RunContext(client, operation, journal, Poller(client, operation, options.settle_margin_ms), goal, options, **more)
