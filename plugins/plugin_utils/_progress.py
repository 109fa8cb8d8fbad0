# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What running tasks wait for, from the workers of Ansible to its main process, which shows it.

A worker must not display anything: if its output cannot be written, Ansible's thread for results ends, and the play hangs. So the callback
opens a pipe before Ansible forks its workers. A worker writes to the pipe, never waits for it, and does not notice whether somebody reads
it. This plugin util is private to the collection.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import threading
import time
import typing as t

# How long a task may be silent before a word is shown, how long until one about another wait, and until one about the same wait.
_SILENT_SECONDS = 1.9
_NEXT_SECONDS = 5
_REPEAT_SECONDS = 15
_LOOK_SECONDS = 0.1
# A longer write could be divided by that of another worker.
_MAX_BYTES = select.PIPE_BUF
_MAX_REASON = 300
_MAX_TASK = 60
# The longest that DNS allows, so that two hosts are never called the same.
_MAX_HOST = 253
_READ_BYTES = 65_536

# What the workers write to; none unless the callback has opened it. A worker inherits it when it is forked.
_pipe: list[int] = []
# The one that reads it.
_watchers: list[Watcher] = []


class Notice(t.NamedTuple):
    """What to show of a task that waits.

    :ivar task: The name of the task.
    """

    task: str
    host: str
    text: str


class Teller:
    """Tells the main process about one run of a module in a worker.

    :param host: What to call the host.
    """

    def __init__(self, task: str, host: str) -> None:
        self._names = {"task": task[:_MAX_TASK], "host": host[:_MAX_HOST]}
        self._waits: dict[int, dict[str, t.Any]] = {}
        self._is_whole = False

    def __enter__(self) -> Teller:
        self._is_whole = _write({"run": 1, **self._names})
        return self

    def __exit__(self, *error: object) -> None:
        # Before the worker hands over the result, so that nothing is shown after it.
        _write({"run": 0})

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        """Tell that a wait begins or has another reason, or without a reason that it has ended."""
        shown = reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}..."
        message = {"wait": number, "reason": shown, "at_most": -(-at_most_ms // 1000)}
        if reason:
            self._waits[number] = message
        else:
            self._waits.pop(number, None)
        # If the pipe was full, a wait that is over would be taken for one that goes on: tell it all again.
        messages = [message] if self._is_whole else [{"run": 1, **self._names}, *self._waits.values()]
        written = [_write(one) for one in messages]
        self._is_whole = all(written)


def _write(message: dict[str, t.Any]) -> bool:
    """Write a message, and return whether that was possible."""
    if not _pipe:
        return True
    line = json.dumps({"pid": os.getpid(), **message}).encode() + b"\n"
    if len(line) > _MAX_BYTES:
        return True
    # A pipe that is full or closed is no reason to wait, and none to fail.
    with contextlib.suppress(OSError):
        os.write(_pipe[0], line)
        return True
    return False


@dataclasses.dataclass
class _Wait:
    reason: str
    at_most: int
    begun: float


@dataclasses.dataclass
class _Run:
    """One run of a module.

    :ivar heard: When a word of it was shown last, or when it began.
    :ivar shown: The wait of which it was.
    """

    task: str
    host: str
    heard: float
    shown: int | None = None
    waits: dict[int, _Wait] = dataclasses.field(default_factory=dict)

    def pause(self, number: int | None) -> float:
        """Return how long after the last word the next one may follow, about this wait."""
        if self.shown is None:
            return _SILENT_SECONDS
        return _REPEAT_SECONDS if self.shown == number else _NEXT_SECONDS


class Waits:
    """What the workers wait for, as the main process knows it. Pure: no I/O, and the time is given in seconds."""

    def __init__(self) -> None:
        self._runs: dict[int, _Run] = {}

    @property
    def are_any(self) -> bool:
        return bool(self._runs)

    def take(self, line: bytes, now: float) -> None:
        """Take one line that a worker has written."""
        message = json.loads(line)
        process = message["pid"]
        if message.get("run"):
            self._runs[process] = _Run(message["task"], message["host"], now)
        elif "run" in message:
            self._runs.pop(process, None)
        elif process in self._runs:
            waits, number = self._runs[process].waits, message["wait"]
            if message["reason"]:
                begun = waits[number].begun if number in waits else now
                waits[number] = _Wait(message["reason"], message["at_most"], begun)
            else:
                waits.pop(number, None)

    def due(self, now: float, is_alive: t.Callable[[int], bool]) -> list[Notice]:
        """Return what to show now, and note that it is shown."""
        notices = []
        for process, run in list(self._runs.items()):
            # A wait may have others within; the first one says what it is about.
            number, wait = next(iter(run.waits.items()), (None, None))
            if wait is None or now - run.heard < run.pause(number) or (run.shown is not None and now - wait.begun < _SILENT_SECONDS):
                continue
            if not is_alive(process):
                del self._runs[process]
                continue
            notices.append(Notice(run.task, run.host, _sentence(wait, now, is_first=run.shown != number)))
            run.heard, run.shown = now, number
        return notices


def _sentence(wait: _Wait, now: float, is_first: bool) -> str:
    elapsed = int(now - wait.begun)
    if not wait.at_most:
        return f"{wait.reason}." if is_first else f"{wait.reason}: still waiting after {elapsed} s."
    if is_first:
        return f"{wait.reason}: waiting up to {wait.at_most} s."
    return f"{wait.reason}: still waiting after {elapsed} s, for up to {wait.at_most} s."


class Watcher:
    """Shows in the main process what the workers wait for. There is one at a time: a new one ends the one before.

    :param show: Shows a notice on the screen.
    :param log: Writes a notice to the log. It does not get the lock: whoever cannot log shows that while it holds the lock of the log.
    :param lock: Held by whoever shows a result, and while Ansible forks a worker.
    """

    def __init__(self, show: t.Callable[[Notice], object], log: t.Callable[[Notice], object], lock: t.ContextManager[t.Any]) -> None:
        for earlier in list(_watchers):
            earlier.end()
        self._show = show
        self._log = log
        self._lock = lock
        self._waits = Waits()
        self._is_over = threading.Event()
        self._rest = b""
        self._source, write_end = os.pipe()
        for descriptor in (self._source, write_end):
            os.set_blocking(descriptor, False)
        self._thread = threading.Thread(target=self._watch, name="treasury.bybit.movements", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            for descriptor in (self._source, write_end):
                os.close(descriptor)
            raise
        _pipe[:] = [write_end]
        _watchers[:] = [self]

    def end(self) -> None:
        """Show nothing more."""
        if self._is_over.is_set():
            return
        self._is_over.set()
        _watchers.clear()
        write_end = _pipe.pop()
        with contextlib.suppress(OSError):
            # Wakes up the thread.
            os.write(write_end, b"\n")
        self._thread.join(1)
        os.close(write_end)
        if not self._thread.is_alive():
            os.close(self._source)

    def _watch(self) -> None:
        # Whatever goes wrong here, the play goes on without these lines.
        with contextlib.suppress(Exception):
            self._show_waits()

    def _show_waits(self) -> None:
        while not self._is_over.is_set():
            # Nothing happens in the main process while no module runs.
            select.select([self._source], [], [], _LOOK_SECONDS if self._waits.are_any else None)
            # No result is shown meanwhile, and what a worker wrote before its result is read first.
            with self._lock:
                self._read()
                notices = [] if self._is_over.is_set() else self._waits.due(time.monotonic(), _is_alive)
                for notice in notices:
                    self._show(notice)
            for notice in notices:
                self._log(notice)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                part = os.read(self._source, _READ_BYTES)
                if not part:
                    return
                *lines, self._rest = (self._rest + part).split(b"\n")
                for line in filter(None, lines):
                    self._waits.take(line, time.monotonic())


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
