# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world: keeps the time, lets one run at a time do one step, kills as planned, and records what happens."""

from __future__ import annotations

import json
import typing as t
from collections import deque
from decimal import Decimal
from pathlib import Path

from postgres import Server

from . import forgeries, matching, owner, starting
from .actor import Actor, Choices, is_time
from .goals import Plan
from .journals import Journal, PostgresJournal, SqliteJournal
from .owner import Event, JournalLoss, OwnerAct
from .products import FLEXIBLE, POLICY, uses_of
from .recording import Recording
from .runs import Post, Read, Run
from .standin import KEY, KEY_WITHOUT_WALLET, SECOND, SECRET, SECRET_WITHOUT_WALLET, START_MS, StandIn
from .switches import DEFAULTS, SHOWN

# Every request takes some time, so that no two events happen at the same moment.
_REQUEST_MS = 3
_MONOTONIC_START_MS = 1_000_000
_MOST_STEPS = 5000
# A policy reads several lists at once, which arrive in any order; those of a killed run may not arrive at all.
_SIDE_BY_SIDE = 16
_SHOWN = ("changed", "failed", "outcome", "repay_id", "amount", "repayments", "msg")
_SHOWN_DETAILS = ("recovered", "intent", "earlier", "since")


class World:
    """The world of one schedule.

    :ivar recording: What has really happened so far.
    :ivar trace: The same, for people.
    :ivar journal: The journal of the runs.
    """

    def __init__(self, standin: StandIn, folder: Path, seed: dict[str, t.Any] | None = None) -> None:
        self._standin = standin
        self.folder = folder
        self.journal: Journal = SqliteJournal(folder)
        self.recording = Recording(START_MS)
        self.trace: list[str] = []
        self._pushed: int | None = START_MS
        self._post_faults: deque[dict[str, t.Any]] = deque()
        # The owner's requests have no run.
        self._wire: list[tuple[Run | None, Post | None, str]] = []
        self._by_hand: set[str] = set()
        self._known_requests = 0
        # The suffixes of the key and its replacements, oldest first.
        self._keys: list[str] = [""]
        standin.begin(seed)

    @property
    def now(self) -> int:
        return self.recording.now

    def log(self, text: str) -> None:
        self.trace.append(f"{(self.now - START_MS) / 1000:>12.3f}  {text}")

    def pass_time(self, duration_ms: int) -> None:
        self.recording.now += duration_ms

    def share_journal(self, server: Server, url: str) -> None:
        """Make the runs use a database on a server from now on."""
        self.journal = PostgresJournal(self.folder, server, url)
        self.log("the journal is on a server")

    def order_fault(self, fault: dict[str, t.Any]) -> None:
        if fault["method"] == "POST":
            self._post_faults.append(fault)
        self.recording.forged |= forgeries.forged_by(fault)
        self.log(f"fault ordered: {json.dumps(fault)}")
        self._standin.control("POST", "faults", fault)

    def use_key_without_wallet(self) -> None:
        """Use a key that may not read the wallet from now on."""
        self.recording.cannot_read_wallet = True
        self.log("the key may not read the wallet")

    def replace_key(self, fate: str) -> None:
        """Replace the current key with another one of the same account."""
        before = self._key("")
        self._keys.append(f"-renewed-{len(self._keys)}")
        self.log(f"the key is {fate}, and another one of the account in its place")
        self._look_at_time()
        self._standin.replace_key(before, self._key(""), fate)

    def damage_journal(self, how: str) -> bool:
        """Make the journal unreadable if there is one; return whether that was done."""
        is_damaged = self.journal.damage(how)
        if is_damaged:
            self.log(f"the journal is {how}")
        return is_damaged

    def lose_journal(self, runs: t.Iterable[Run]) -> None:
        """Remove the file of the journal while runs are in progress."""
        if self.journal.vanish():
            self.log("the journal is removed")
            for run in runs:
                run.lost_journal_at = len(run.steps)

    def lose_locks(self, runs: t.Iterable[Run], is_replaced: bool) -> None:
        """Take all locks away: remove or replace lock files, or end the connections to the server or the server itself."""
        for run in runs:
            # Connecting to a server is not a step of a run.
            run.has_lost_lock = run.has_lost_lock or self.journal.is_shared or any(step.startswith("lock") for step in run.steps)
        if self.journal.lose_locks(is_replaced):
            how = ("the server crashes" if is_replaced else "the connections end") if self.journal.is_shared else ""
            self.log(how or f"the locks are {'replaced' if is_replaced else 'removed'}")

    def switch(self, chosen: dict[str, str | int]) -> None:
        """Set switches of the exchange."""
        if not chosen:
            return
        for name, value in chosen.items():
            before = {DEFAULTS[name]} if self.recording.runs else set()
            self.recording.switched[name] = self.recording.switched.get(name, before) | {value}
        self.log(f"switched: {json.dumps(chosen)}")
        self._standin.control("POST", "switches", chosen)

    def show_as_usual(self) -> None:
        """Make the exchange show what has happened in the default way; its other switches stay the same."""
        self.switch({name: DEFAULTS[name] for name in SHOWN if self.recording.is_switched(name)})

    def heal(self) -> None:
        self._post_faults.clear()
        self._standin.control("DELETE", "faults")
        self.log("all faults cleared")

    def act_as_owner(self, owner_act: OwnerAct) -> None:
        """Do what the owner does by hand, if that is possible."""
        self._look_at_time()
        if done := owner.act(self._standin, owner_act, self._send_by_hand):
            by_hand = self.recording.borrowed if owner_act.borrows and owner_act.loan.product == FLEXIBLE else self.recording.owner_repaid
            by_hand.append((self.now, owner_act.loan))
            self.log(f"owner {done}")

    def _send_by_hand(self, path: str, body: dict[str, str]) -> str:
        """Send an operation of the owner with another program; return its ID, empty if the exchange refuses it."""
        move_id = self._standin.send(path, body)
        self._wire.append((None, None, f"POST {path}"))
        self._by_hand |= {move_id} - {""}
        return move_id

    def play(
        self, plans: t.Sequence[Plan], choices: Choices | None = None, *events: Event | None
    ) -> list[Run]:
        """Run the modules once for each plan, all at the same time, and return the runs."""
        choices = choices or Choices()
        coming = deque(sorted(filter(None, events), key=lambda event: event.after_steps))
        actors = [self._enter(plan) for plan in plans]
        active, steps = list(actors), 0
        try:
            while active:
                ready = [actor for actor in active if actor.ready_at <= self.now]
                if not ready:
                    self.recording.now = min(actor.ready_at for actor in active)
                    continue
                while coming and steps >= coming[0].after_steps and is_time(coming[0], active):
                    event = coming.popleft()
                    self._happen(event, [actor.run for actor in active])
                actor = ready[choices.turn(len(ready))]
                self._step(actor, choices)
                steps += 1
                assert steps < _MOST_STEPS, f"{_MOST_STEPS} steps without an end"
                if actor.process.report is None:
                    active.remove(actor)
                    self._leave(actor)
        finally:
            for actor in active:
                if actor.process.report is not None:
                    actor.process.kill()
        self.update_recording()
        return [actor.run for actor in actors]

    def _happen(self, event: Event, runs: list[Run]) -> None:
        if isinstance(event, OwnerAct):
            self.act_as_owner(event)
        elif isinstance(event, JournalLoss):
            self.lose_journal(runs)
        else:
            self.lose_locks(runs, event.is_replaced)

    def update_recording(self) -> None:
        """Record what has happened since the last update."""
        self._look_at_time()
        self.recording.ledger, self.recording.books = self._standin.books(self._by_hand)
        entries = self._standin.control("GET", "requests")["requests"] if self._wire else []
        # The stand-in keeps the last thousand.
        waiting = self._wire[entries[0]["number"] - 1:] if entries else []
        most = _SIDE_BY_SIDE if any(run.plan.goal.loan.product == POLICY for run in self.recording.runs) else 0
        for entry in entries:
            arrived = f"{entry['method']} {entry['path']}"
            place = next((number for number, (*dummy, line) in enumerate(waiting) if line == arrived), len(waiting))
            assert place <= most, "the world has lost count of the requests"
            run, post, dummy = waiting.pop(place)
            if post is not None:
                matching.complete(post, entry)
            elif run is not None and entry["number"] > self._known_requests:
                clean = entry["fault"] in (None, "normal") and (entry["http_status"], entry["ret_code"]) == (200, 0)
                changed = "mutated " in (entry["fault"] or "")
                uses = uses_of(entry["path"], run.plan.goal.loan.product)
                run.reads += [Read(entry["time"], use, clean, changed) for use in uses]
        self._known_requests = len(self._wire)
        matching.match(self.recording)

    def files(self) -> list[tuple[str, int, bytes]]:
        """Return name, mode, and content of every file of the journal."""
        found = [path for path in sorted(self.journal.folder.rglob("*")) if path.is_file()]
        return [(path.name, path.stat().st_mode & 0o777, path.read_bytes()) for path in found]

    def _enter(self, plan: Plan) -> Actor:
        run = Run(len(self.recording.runs), plan, self.now + plan.start_after_ms)
        is_unusable = plan.broken_state == "file" or plan.broken_state is not None and self.journal.is_shared
        # Nobody can know the records on a server that does not answer.
        run.has_lost_journal = self.journal.is_shared if is_unusable else self.journal.is_damaged
        self.recording.runs.append(run)
        journal = self.journal.unusable if is_unusable else self.journal.option
        secret = SECRET_WITHOUT_WALLET if self.recording.cannot_read_wallet else SECRET
        url = self._standin.other_url if plan.is_at_other_address else self._standin.url
        self.log(f"run {run.index} begins: {plan!r}")
        process = starting.start(plan, {"api_url": url, "api_key": self._key(plan.key), "api_secret": secret, "journal": journal}, self.folder)
        return Actor(run, process, run.began_at)

    def _key(self, which: str) -> str:
        """Return the name of a key: the current one, the second one, or the one that was replaced."""
        first = KEY_WITHOUT_WALLET if self.recording.cannot_read_wallet else KEY
        if which == "second":
            return first + SECOND
        return first + self._keys[-2 if which == "old" and len(self._keys) > 1 else -1]

    def _step(self, actor: Actor, choices: Choices) -> None:
        process, run = actor.process, actor.run
        kind, detail, dummy = process.report or ("", "", 0)
        actor.count()
        if run.plan.loss and run.orphaned_at is None and actor.has_come_to(run.plan.loss):
            process.lose_parent(run.plan.loss.who)
            run.orphaned_at = len(run.steps)
            self.log(f"the {run.plan.loss.who} of run {run.index} ends before its step {len(run.steps)} ({kind} {detail})")
        if actor.has_come_to(run.plan.kill):
            run.killed, run.killed_before = True, kind
            self.log(f"run {run.index} is killed before step {len(run.steps)} ({kind} {detail})")
            process.kill()
            return
        run.steps.append(f"{kind} {detail}".rstrip())
        if kind == "head":
            actor.posts_to = detail.removeprefix("POST ")
        if kind in ("head", "body", "connect"):
            self._travel(actor, kind, detail, choices)
        elif kind == "lock" and not run.reads:
            run.locked_at = self.now
        wall_ms = self.now + run.plan.drift_ms
        process.go(wall_ms, self.now - START_MS + _MONOTONIC_START_MS)
        if process.report and process.report[0] == "sleep":
            actor.ready_at = self.now + process.report[2]
            # The run checks who holds the lock.
            run.lock_waits += f"{kind} {detail}" == "sql SELECT bybit_targets"
        else:
            actor.ready_at = self.now

    def _travel(self, actor: Actor, kind: str, detail: str, choices: Choices) -> None:
        run = actor.run
        self.recording.now += choices.delay_ms()
        if kind == "body" or detail.startswith("GET "):
            self.recording.now += _REQUEST_MS
            self._look_at_time()
            line = detail or f"POST {actor.posts_to}"
            post = None
            if kind == "body":
                fault = self._post_faults.popleft() if self._post_faults else {}
                post = Post(run.index, self.now, 0, run.plan.goal.loan, Decimal(0), run.plan.recv_window, fault)
                post.books, post.step, post.noted = self._standin.open_books(), len(run.steps) - 1, self.journal.open_intents()
                run.posts.append(post)
                self.recording.posts.append(post)
            self._wire.append((run, post, line))
            meets = f", meets {json.dumps(post.fault)}" if post and post.fault else ""
            self.log(f"run {run.index} sends {line}{meets}")

    def _leave(self, actor: Actor) -> None:
        run, process = actor.run, actor.process
        run.ended_at, run.exit_code = self.now, process.exit_code
        run.output, run.errors = process.output, process.errors
        try:
            run.result = matching.in_one_vocabulary(json.loads(process.output), run.plan.goal.loan.product)
        except ValueError:
            run.result = None
        if not run.killed:
            self.log(f"run {run.index} ends")
        if run.result is not None:
            details = {name: run.details.get(name) for name in _SHOWN_DETAILS}
            shown = {**{name: run.result.get(name) for name in _SHOWN}, **details}
            self.log(f"  and reported: {json.dumps(shown)}")

    def _look_at_time(self) -> None:
        if self._pushed != self.now:
            self._standin.set_clock(self.now)
            self._pushed = self.now
