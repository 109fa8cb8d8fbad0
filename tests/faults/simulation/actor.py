# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in progress, and the schedule's choices for runs that are in progress at the same time."""

from __future__ import annotations

import typing as t
from collections import deque

from stepping.process import Process

from .goals import Kill
from .owner import Event, OwnerAct
from .runs import Run


class Choices:
    """The schedule's choices for a batch of runs: whose turn it is, and how long the network takes."""

    def __init__(self, turns: t.Sequence[int] = (), delays: t.Sequence[int] = ()) -> None:
        self._turns, self._delays = deque(turns), deque(delays)

    def turn(self, count: int) -> int:
        if count == 1 or not self._turns:
            return 0
        return self._turns.popleft() % count

    def delay_ms(self) -> int:
        return self._delays.popleft() if self._delays else 0


class Actor:
    """A run in progress."""

    def __init__(self, run: Run, process: Process, ready_at: int) -> None:
        self.run, self.process, self.ready_at = run, process, ready_at
        self._since_post: int | None = None
        self._since_reported: int | None = None
        # The path of the run's last request with a body.
        self.posts_to = ""

    def count(self) -> None:
        """Count the step that the run is about to do."""
        kind = self.process.report[0] if self.process.report else ""
        if self._since_post is not None:
            self._since_post += 1
        elif kind == "body":
            self._since_post = 0
        if self._since_reported is not None:
            self._since_reported += 1
        elif self.process.has_printed():
            self._since_reported = 0

    def has_come_to(self, moment: Kill | None) -> bool:
        """Check whether the run has reached a moment of the schedule before its next step."""
        if moment is None:
            return False
        counted = {"step": len(self.run.steps), "post": self._since_post, "reported": self._since_reported}[moment.moment]
        return counted is not None and counted >= moment.number


def is_time(event: Event, active: list[Actor]) -> bool:
    """Check whether an event, which is due by the number of steps, may happen now."""
    if not isinstance(event, OwnerAct) or not event.in_pause:
        return True
    return any(actor.run.posts and actor.process.report and actor.process.report[0] == "sleep" for actor in active)
