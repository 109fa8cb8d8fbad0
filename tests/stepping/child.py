# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The side of the module's process: it runs the real module and stops at every step until its driver lets it go on.

Nothing of the product is replaced. The only thing handed in is the clock; the steps are seen by an audit hook, which
Python calls before it does what the event names.
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
# What a pipe takes at once.
LONGEST_REPORT = 4096
_FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.link", "os.truncate", "os.chmod", "sqlite3.connect"})
_EVENTS = _FILE_EVENTS | {"http.client.connect", "http.client.send", "fcntl.flock", "sqlite3.connect/handle"}
# What a statement does, and to what: enough to tell it from its neighbours.
_STATEMENT = re.compile(
    r"(SELECT)\b.*?\bFROM (\w+)|(INSERT) INTO (\w+)|(UPDATE|PRAGMA|CREATE[A-Z ]*) (\w+)|(BEGIN IMMEDIATE|\w+)", re.DOTALL
)
_LOST_DRIVER = 71


class Conditions(t.NamedTuple):
    """What is around a run.

    :ivar environment: Its whole environment.
    :ivar watched: The folder in which all that it does with files, and each statement to an SQLite file, is a step; none when no file is
        of interest.
    :ivar longest_file: How many bytes a file can have at most, as on a disk that is full; none for any number.
    :ivar flushes: How many times a directory can be flushed to the disk before that fails; none for always.
    :ivar is_buffered: Whether its output is taken into a buffer, as by Mitogen, instead of a file of its own.
    :ivar defect_at: At which of its pauses, counted from 0, an error inside comes up; none for never.
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
    """The driver as the run sees it: two pipes."""

    def __init__(self, reports: int, answers: int, asks_time: bool) -> None:
        self._reports, self._answers, self._asks_time = reports, answers, asks_time
        self._has_asked_somebody = False
        # Threads of one run come to their steps one after the other.
        self._lock = threading.Lock()
        self._wall_ms = self._monotonic_ms = 0
        self._new_connections: list[sqlite3.Connection] = []

    def will_hear_of(self, connection: sqlite3.Connection) -> None:
        """Have the transactions of an SQLite connection be steps; it is only being made, so it can be told so when it is first used."""
        self._new_connections.append(connection)

    def step(self, kind: str, detail: str = "", number: int = 0) -> None:
        """Tell what comes next, and wait until it may be done."""
        with self._lock:
            os.write(self._reports, json.dumps([kind, detail, number]).encode())
            answer = os.read(self._answers, ANSWER.size)
            if len(answer) < ANSWER.size:
                os._exit(_LOST_DRIVER)
            self._wall_ms, self._monotonic_ms = ANSWER.unpack(answer)
            self._has_asked_somebody = kind in ("head", "body")

    def _hear_of(self, statement: str) -> None:
        """Stop where a kill makes a difference: what is done between BEGIN and COMMIT happens as a whole, or not at all."""
        name = short(statement)
        if name.startswith(("BEGIN", "COMMIT")) or name == "SELECT bybit_targets":
            self.step("sql", name)

    def time(self) -> tuple[int, int]:
        """Return the time of day and the monotonic one."""
        # The journal asks for it before each statement.
        while self._new_connections:
            # SQLite calls it before it does what a statement says; for COMMIT, before anything of it is certain.
            self._new_connections.pop().set_trace_callback(self._hear_of)
        if self._asks_time and self._has_asked_somebody:
            self.step("time")
        return self._wall_ms, self._monotonic_ms


class SteppedClock(Clock):
    """The clock that is handed to the module."""

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
    """The run's output, for which Python has no audit event: what it prints is a step like any other."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(1, "w", closefd=False)
        self._driver = driver

    def write(self, data: t.Any) -> int:
        self._driver.step("print")
        return super().write(data)


class _Buffer(io.RawIOBase):
    """The same where something else takes the output and hands it on, so that no file stands behind it."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver

    def writable(self) -> bool:
        return True

    def write(self, data: t.Any) -> int:
        self._driver.step("print")
        return os.write(1, data)


def hook(driver: Driver, watched: str | None) -> t.Callable[[str, tuple], None]:
    """Return the observer of everything that the network or the disk can see of a run."""

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
    """Turn this forked process into one run of the module; never returns."""
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
    """Have Python treat signals, warnings and errors as in a process that pytest has never seen."""
    faulthandler.disable()
    # Of readline, which pytest imports.
    signal.signal(signal.SIGWINCH, signal.SIG_DFL)
    # Those of pytest must not run here; those of the module must.
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
    """Return a fsync that flushes so many directories; then it fails, as on file systems that cannot do it."""
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
