# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One movement that the result of a module reports, and one line that shows it.

Pure: no I/O. This plugin util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import EXECUTED, PENDING, PLANNED

DONE, RECOVERED = "done", "recovered"
COLUMNS = (DONE, RECOVERED, PENDING, PLANNED)
# The tone of a line: something is in doubt, something was or would be moved, or nothing was moved.
LOUD, MOVED, CALM = "loud", "moved", "calm"
DOUBT = "OUTCOME UNKNOWN"
NOTHING = "Nothing was moved."
# The state of a task that did not even get to its host.
NOT_REACHED = "not_reached"


class Line(t.NamedTuple):
    """A line to show, and its tone."""

    text: str
    tone: str


@dataclasses.dataclass(frozen=True)
class TallyItem:
    """One movement that a result reports.

    :ivar state: One of C(COLUMNS), C(UNKNOWN), or C(NOT_REACHED).
    :ivar move: One of C(MOVES); none where the result does not say.
    :ivar intent: The ID of its intent; none if it is only planned, or if none was reported.
    """

    host: str
    state: str
    move: str | None
    coin: str
    amount: Decimal | None
    intent: str | None = None


def item_of(host: str, coin: str, summary: t.Mapping[str, t.Any], state: str) -> TallyItem:
    """Return the movement that a summary of an intent reports.

    :param coin: Its coin, if the summary does not say.
    :param state: What it counts as if it was executed: C(DONE) or C(RECOVERED).
    """
    states = {EXECUTED: state, PENDING: PENDING}
    state = states.get(summary["outcome"], summary["outcome"])
    return TallyItem(host, state, summary["move"], summary.get("coin") or coin, Decimal(summary["amount"]), summary["intent"])


def loud(intent: str | None) -> str:
    """Return the beginning of a line about an operation whose outcome is unknown."""
    return f"{DOUBT} (intent {intent}):" if intent else f"{DOUBT}:"


def may_have_been(what: str, done: str, target: str) -> str:
    """Say that something may have been done, and what to do about it."""
    return f"{what} may have been {done}. Nothing is sent for this {target} until that is known. Run the task again to find out."
