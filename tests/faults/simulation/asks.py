# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users have asked for: one ask is one decision to pay, no matter how many runs it takes.

Pure: no I/O.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .goals import Goal
from .recording import Recording
from .runs import ANSWERS_SURELY_FOR_MS, KNOWN_SUCCESSES, Post, Run


@dataclass
class Ask:
    """:ivar is_open: Whether the user does not yet know that it is fulfilled, and would run the playbook again.

    :ivar reported_at: The time at which a run reported the result to nobody; some hours later, no run can tell this from an answered ask.
    """

    goal: Goal
    is_open: bool = True
    runs: list[int] = field(default_factory=list)
    reported_at: int | None = None


class Asks:
    """The asks of one schedule.

    :ivar reported: The IDs of repayments that were reported to users, or that users have looked up.
    """

    def __init__(self) -> None:
        self._asks: list[Ask] = []
        self.reported: set[str] = set()

    def begin(self, run: Run, taken: t.Collection[int] = ()) -> Ask | None:
        """Return the ask that a run belongs to: an open one for the same goal that no other run serves, or a new one."""
        if run.plan.check:
            return None
        for ask in self.open():
            if ask.reported_at is not None and run.began_at - ask.reported_at > ANSWERS_SURELY_FOR_MS:
                ask.is_open = False
            elif ask.goal == run.plan.goal and not set(ask.runs) & set(taken):
                break
        else:
            ask = Ask(run.plan.goal)
            self._asks.append(ask)
        ask.runs.append(run.index)
        return ask

    def end(self, run: Run, recording: Recording) -> None:
        """Record what a run has reported."""
        if not run.result or run.plan.check:
            return
        # The run's warning names them; no later run does, because they count as known.
        self.reported |= run.came_between
        if not run.reached_user:
            self._report(run, recording)
            return
        for earlier in run.earlier:
            self._note_earlier(earlier, run, recording)
        self.reported.update(item["repay_id"] for item in run.made)
        is_refused = bool(run.refusal_of_reference)
        if is_refused or not run.failed and run.outcome in (*KNOWN_SUCCESSES, "nothing_to_do"):
            for ask in self._asks:
                # An acknowledgement does not ask for anything new, and an earlier ask stays open.
                if run.index in ask.runs and not (run.only_acknowledged and len(ask.runs) > 1):
                    ask.is_open = False

    def settled_by_hand(self, posts: t.Iterable[Post], recording: Recording) -> None:
        """Record that a person has looked these requests up at the exchange and knows their outcome."""
        for post in posts:
            entry = recording.entry_of(post)
            if entry and entry.is_paid:
                self.reported.add(entry.repay_id)
                self._close_one(post, recording)

    def _report(self, run: Run, recording: Recording) -> None:
        """Record that a run has reported a repayment when possibly nobody was there."""
        timestamps = {item["sent_at_ms"] for item in [*run.made, *run.earlier] if item.get("outcome") in KNOWN_SUCCESSES}
        senders = {post.run for post in recording.posts if post.timestamp in timestamps}
        for ask in self.open():
            if not run.failed and ask.reported_at is None and senders & set(ask.runs):
                ask.reported_at = run.ended_at

    def count(self, goal: Goal) -> int:
        return sum(1 for ask in self._asks if ask.goal == goal)

    def open(self) -> list[Ask]:
        return [ask for ask in self._asks if ask.is_open]

    def all(self) -> list[Ask]:
        return list(self._asks)

    def _note_earlier(self, earlier: dict[str, t.Any], reporter: Run, recording: Recording) -> None:
        if earlier.get("outcome") not in KNOWN_SUCCESSES:
            return
        self.reported.add(earlier["repay_id"])
        for post in recording.posts:
            if post.timestamp == earlier.get("sent_at_ms"):
                self._part_from(self._close_one(post, recording), reporter, recording)

    def _part_from(self, ask: Ask | None, reporter: Run, recording: Recording) -> None:
        """Give separate asks to runs that were in progress when another run reported the end of their ask, which they cannot know."""
        later = [index for index in ask.runs if _overlap(recording.runs[index], reporter)] if ask else []
        if ask:
            ask.runs = [index for index in ask.runs if index not in later]
        self._asks += [Ask(recording.runs[index].plan.goal, runs=[index]) for index in later]

    def _close_one(self, post: Post, recording: Recording) -> Ask | None:
        """Close and return the ask that a request has fulfilled."""
        goal = recording.goal_of(post)
        own = [ask for ask in self.open() if post.run in ask.runs]
        # If the ask of the request's run was already answered, the request serves another ask for the same goal.
        for ask in [*own, *(ask for ask in self.open() if ask.goal == goal)]:
            ask.is_open = False
            return ask
        return None


def _overlap(run: Run, reporter: Run) -> bool:
    """Check whether a run was in progress when another one reported its result."""
    reported_at_ms = reporter.ended_at or 0
    return run.index != reporter.index and run.began_at <= reported_at_ms < (run.ended_at or 0)
