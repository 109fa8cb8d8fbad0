# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's side: a process that runs the real module and stops before every step until its driver lets it continue.

No code of the product is replaced; only the clock is passed in. An audit hook detects the steps: Python calls it before it does
what the event names.
"""

from __future__ import annotations

import atexit
import errno
import faulthandler
import gc
import importlib
import io
import json
import os
import re
import resource
import signal
import sqlite3
import stat
import struct
import sys
import threading
import traceback
import typing as t
import warnings

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock

from .warm_up import MODULES

ANSWER = struct.Struct("<qq")
# The most that a pipe takes in one write.
LONGEST_REPORT = 4096
_FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.link", "os.truncate", "os.chmod", "sqlite3.connect"})
_EVENTS = _FILE_EVENTS | {"http.client.connect", "http.client.send", "fcntl.flock", "sqlite3.connect/handle"}
# A statement's verb and table, which are enough to tell it from its neighbors.
_STATEMENT = re.compile(
    r"(SELECT)\b.*?\bFROM (\w+)|(INSERT) INTO (\w+)|(UPDATE|PRAGMA|CREATE[A-Z ]*) (\w+)|(BEGIN IMMEDIATE|\w+)", re.DOTALL
)
_LOST_DRIVER = 71


class Conditions(t.NamedTuple):
    """The surroundings of a run.

    :ivar environment: Its whole environment.
    :ivar watched: The folder in which each file operation and each statement to an SQLite file is a step; None if files do not matter.
    :ivar longest_file: The largest size of a file in bytes, as on a full disk; None for any size.
    :ivar flushes: How many times a directory can be flushed to the disk before flushing fails; None for any number.
    :ivar is_buffered: Whether a buffer takes its output, as with Mitogen, instead of a file.
    :ivar defect_at: The pause, counted from 0, in which an internal error occurs; None for never.
    :ivar asks_time: Whether it asks for the time after each request, because an answer may take long.
    """

    environment: dict[str, str]
    watched: str | None = None
    longest_file: int | None = None
    flushes: int | None = None
    is_buffered: bool = False
    defect_at: int | None = None
    asks_time: bool = False


class Driver:
    """The driver as the run sees it, which is two pipes."""

    def __init__(self, reports: int, answers: int, asks_time: bool) -> None:
        self._reports, self._answers, self._asks_time = reports, answers, asks_time
        self._has_asked_somebody = False
        # Threads of one run take their steps one after the other.
        self._lock = threading.Lock()
        self._wall_ms = self._monotonic_ms = 0
        self._new_connections: list[sqlite3.Connection] = []

    def will_hear_of(self, connection: sqlite3.Connection) -> None:
        """Make the transactions of an SQLite connection steps; the connection is only being created, so this takes effect at its first use."""
        self._new_connections.append(connection)

    def step(self, kind: str, detail: str = "", number: int = 0) -> None:
        """Report the next step, and wait for permission to do it."""
        with self._lock:
            os.write(self._reports, json.dumps([kind, detail, number]).encode())
            answer = os.read(self._answers, ANSWER.size)
            if len(answer) < ANSWER.size:
                os._exit(_LOST_DRIVER)
            self._wall_ms, self._monotonic_ms = ANSWER.unpack(answer)
            self._has_asked_somebody = kind in ("head", "body")

    def _hear_of(self, statement: str) -> None:
        """Stop only where a kill makes a difference: whatever is between BEGIN and COMMIT happens as a whole or not at all."""
        name = short(statement)
        if name.startswith(("BEGIN", "COMMIT")) or name == "SELECT bybit_targets":
            self.step("sql", name)

    def time(self) -> tuple[int, int]:
        """Return the time of day and the monotonic time."""
        # The journal asks for the time before each statement.
        while self._new_connections:
            # SQLite calls this before it executes a statement; for COMMIT, before anything is durable.
            self._new_connections.pop().set_trace_callback(self._hear_of)
        if self._asks_time and self._has_asked_somebody:
            self.step("time")
        return self._wall_ms, self._monotonic_ms


class SteppedClock(Clock):
    """The clock that the module gets."""

    def __init__(self, driver: Driver, defect_at: int | None) -> None:
        super().__init__()
        self._driver = driver
        self._left = defect_at

    def now_ms(self) -> int:
        return self._driver.time()[0]

    def monotonic_ms(self) -> int:
        return self._driver.time()[1]

    def sleep_ms(self, duration_ms: int) -> None:
        if self._left is not None:
            if not self._left:
                raise RuntimeError("a clock that is out of order")
            self._left -= 1
        self._driver.step("sleep", number=int(duration_ms))


class _Output(io.FileIO):
    """The run's output, which is a step of its own because Python has no audit event for it."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(1, "w", closefd=False)
        self._driver = driver

    def write(self, data: t.Any) -> int:
        self._driver.step("print")
        return super().write(data)


class _Buffer(io.RawIOBase):
    """The same for an output that something else collects and passes on, so that it is not a file."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver

    def writable(self) -> bool:
        return True

    def write(self, data: t.Any) -> int:
        self._driver.step("print")
        return os.write(1, data)


def hook(driver: Driver, watched: str | None) -> t.Callable[[str, tuple], None]:
    """Return the observer of everything that a run does on the network or the disk."""

    def within(path: object) -> bool:
        if watched is None or not isinstance(path, (str, bytes, os.PathLike)):
            return False
        return os.fsdecode(path).startswith(watched)

    def observe(event: str, arguments: tuple) -> None:
        if event not in _EVENTS:
            return
        if event in _FILE_EVENTS:
            if within(arguments[0]):
                how = f" {arguments[1]}" if event == "open" and isinstance(arguments[1], str) else ""
                driver.step("file", f"{event}{how} {os.path.basename(os.fsdecode(arguments[0]))}")
        elif event == "sqlite3.connect/handle":
            if watched is not None:
                driver.will_hear_of(arguments[0])
        elif event == "fcntl.flock":
            driver.step("lock", str(arguments[1]))
        elif event == "http.client.connect":
            driver.step("connect")
        else:
            data = arguments[1]
            text = bytes(data[:200]) if isinstance(data, (bytes, bytearray, memoryview)) else b"?"
            first_line = text.split(b"\r\n")[0].split(b"?")[0].decode("ascii", "replace")
            is_head = first_line.startswith(("GET ", "POST "))
            driver.step("head" if is_head else "body", first_line.removesuffix(" HTTP/1.1") if is_head else "")

    return observe


def short(statement: str) -> str:
    """Return what an SQL statement does, and to which table."""
    found = _STATEMENT.match(statement.strip())
    return " ".join(filter(None, found.groups())) if found else "?"


def become(
    module: str, *, reports: int, answers: int, stdin: int, stdout: int, stderr: int, around: Conditions
) -> t.NoReturn:
    """Turn this forked process into a run of the module; never returns."""
    code = 70
    try:
        gc.disable()
        for number, descriptor in enumerate((stdin, stdout, stderr)):
            os.dup2(descriptor, number)
        keep = sorted({reports, answers})
        low = 3
        for descriptor in keep:
            os.closerange(low, descriptor)
            low = descriptor + 1
        os.closerange(low, 4096)
        _forget_pytest()
        sys.argv = [f"{module}.py"]
        _set_environment(around.environment)
        sys.stdin, sys.stderr = open(0), open(2, "w")
        if around.longest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (around.longest_file, resource.RLIM_INFINITY))
        if around.flushes is not None:
            os.fsync = _failing_after(around.flushes)
        driver = Driver(reports, answers, around.asks_time)
        output = _Buffer(driver) if around.is_buffered else _Output(driver)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(output), encoding="utf-8")
        driver.step("start")
        sys.addaudithook(hook(driver, around.watched))
        code = _run(module, SteppedClock(driver, around.defect_at))
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _forget_pytest() -> None:
    """Make Python treat signals, warnings, and errors as in a process without pytest."""
    faulthandler.disable()
    # The handler comes from readline, which pytest imports.
    signal.signal(signal.SIGWINCH, signal.SIG_DFL)
    # pytest's exit handlers must not run here, but the module's must.
    atexit._clear()
    sys.unraisablehook, threading.excepthook = sys.__unraisablehook__, threading.__excepthook__
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
    warnings.showwarning = _show_warning


def _show_warning(message: t.Any, category: type[Warning], filename: str, lineno: int, *dummy: t.Any) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))


def _set_environment(wanted: dict[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _failing_after(flushes: int) -> t.Callable[[int], None]:
    """Return an fsync that flushes this many directories and then fails, as on file systems that cannot flush them."""
    fsync, left = os.fsync, flushes

    def flush(descriptor: int) -> None:
        nonlocal left
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            if not left:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            left -= 1
        fsync(descriptor)

    return flush


def _run(module: str, clock: SteppedClock) -> int:
    try:
        importlib.import_module(f"{MODULES}.{module}").main(clock)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
