# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports what tasks wait for from the workers of Ansible to its main process, which shows it.

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
import selectors
import threading
import time
import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils._clock import waiting_for

# When the first line about a run is shown, when one about another wait may follow, and when one about the same wait.
_SILENT_SECONDS = 1.9
_NEXT_SECONDS = 5
_REPEAT_SECONDS = 15
_LOOK_SECONDS = 0.1
# A longer write could be interleaved with that of another worker.
_MAX_BYTES = select.PIPE_BUF
_MAX_REASON = 300
_MAX_TASK = 60
# The longest name that DNS allows, so that no two hosts get the same label.
_MAX_HOST = 253
_READ_BYTES = 65_536

# The end to which the workers write; empty unless the callback has opened the pipe. A worker inherits it when it is forked.
_pipe: list[int] = []
# The watcher that reads it; empty if there is none.
_watchers: list[Watcher] = []


class Notice(t.NamedTuple):
    """A line to show about a task that waits.

    :ivar task: The name of the task.
    """

    task: str
    host: str
    text: str


class Teller:
    """Reports the waits of one run of a module to the main process.

    :param host: The label of the host.
    """

    def __init__(self, task: str, host: str) -> None:
        self._names = {"task": task[:_MAX_TASK], "host": host[:_MAX_HOST]}
        self._waits: dict[int, dict[str, t.Any]] = {}
        self._is_whole = False

    def __enter__(self) -> Teller:
        self._is_whole = _write({"run": 1, **self._names})
        return self

    def __exit__(self, *error: object) -> None:
        # Sent before the worker returns the result, so that no wait is shown after it.
        _write({"run": 0})

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        """Report that a wait begins or has another reason, or, without a reason, that it has ended."""
        shown = reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}..."
        message = {"wait": number, "reason": shown, "at_most": -(-at_most_ms // 1000)}
        if reason:
            self._waits[number] = message
        else:
            self._waits.pop(number, None)
        # After a message was lost because the pipe was full, repeat everything, or a wait that has ended would be shown as going on.
        messages = [message] if self._is_whole else [{"run": 1, **self._names}, *self._waits.values()]
        written = [_write(one) for one in messages]
        self._is_whole = all(written)


def _write(message: dict[str, t.Any]) -> bool:
    """Write a message, and return whether it was written."""
    if not _pipe:
        return True
    line = json.dumps({"pid": os.getpid(), **message}).encode() + b"\n"
    if len(line) > _MAX_BYTES:
        return True
    # The worker must neither wait nor fail because the pipe is full or closed.
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

    :ivar heard: When a line about it was last shown, or when it began.
    :ivar shown: The wait that this line was about.
    """

    task: str
    host: str
    heard: float
    shown: int | None = None
    waits: dict[int, _Wait] = dataclasses.field(default_factory=dict)

    def pause(self, number: int | None) -> float:
        """Return how long after the last line one about this wait may follow."""
        if self.shown is None:
            return _SILENT_SECONDS
        return _REPEAT_SECONDS if self.shown == number else _NEXT_SECONDS


class Waits:
    """The waits of all workers, as far as the main process knows them. Pure: no I/O; times are in seconds."""

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
        """Return the notices to show now, and record that they are shown."""
        notices = []
        for process, run in list(self._runs.items()):
            # Waits can be nested; the outermost says what the run waits for.
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
        return waiting_for(wait.reason, wait.at_most * 1000)
    return f"{wait.reason}: still waiting after {elapsed} s, for up to {wait.at_most} s."


class Watcher:
    """Shows what the workers wait for, in the main process. There is only one at a time: a new one ends its predecessor.

    :param show: Shows a notice on the screen.
    :param log: Writes a notice to the log. Called without the lock, because logging can wait for the output while it holds its own lock.
    :param lock: The lock that is held while a result is shown, and while Ansible forks a worker.
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
        """Stop showing waits."""
        if self._is_over.is_set():
            return
        self._is_over.set()
        _watchers.clear()
        write_end = _pipe.pop()
        with contextlib.suppress(OSError):
            # Wake up the thread.
            os.write(write_end, b"\n")
        self._thread.join(1)
        os.close(write_end)
        if not self._thread.is_alive():
            os.close(self._source)

    def _watch(self) -> None:
        # If anything fails here, the play continues without these lines.
        with contextlib.suppress(Exception):
            self._show_waits()

    def _show_waits(self) -> None:
        with selectors.PollSelector() as selector:
            selector.register(self._source, selectors.EVENT_READ)
            while not self._is_over.is_set():
                # While no module runs, wait without a timeout.
                selector.select(_LOOK_SECONDS if self._waits.are_any else None)
                # The lock keeps results from being shown until everything that a worker wrote before its result has been read.
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
