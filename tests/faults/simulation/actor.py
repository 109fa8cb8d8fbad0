# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run on the stage, and what the schedule has chosen for those that are there at the same time."""

from __future__ import annotations

import typing as t
from collections import deque

from stepping.process import Process

from .goals import Kill
from .owner import Event, OwnerAct
from .runs import Run


class Choices:
    """What the schedule has chosen for a batch: whose turn it is, and how long the network takes."""

    def __init__(self, turns: t.Sequence[int] = (), delays: t.Sequence[int] = ()) -> None:
        self._turns, self._delays = deque(turns), deque(delays)

    def turn(self, count: int) -> int:
        if count == 1 or not self._turns:
            return 0
        return self._turns.popleft() % count

    def delay_ms(self) -> int:
        return self._delays.popleft() if self._delays else 0


class Actor:
    """A run on the stage."""

    def __init__(self, run: Run, process: Process, ready_at: int) -> None:
        self.run, self.process, self.ready_at = run, process, ready_at
        self._since_post: int | None = None
        self._since_reported: int | None = None
        # The path of its last request with a body.
        self.posts_to = ""

    def count(self) -> None:
        """Count the step that it is about to do."""
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
        """Tell whether a moment of the schedule has come before the step that it is about to do."""
        if moment is None:
            return False
        counted = {"step": len(self.run.steps), "post": self._since_post, "reported": self._since_reported}[moment.moment]
        return counted is not None and counted >= moment.number


def is_time(event: Event, active: list[Actor]) -> bool:
    """Tell whether what somebody does by hand may be done now, besides that so many steps are over."""
    if not isinstance(event, OwnerAct) or not event.in_pause:
        return True
    return any(actor.run.posts and actor.process.report and actor.process.report[0] == "sleep" for actor in active)
