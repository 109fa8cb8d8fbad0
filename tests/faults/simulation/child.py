# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The side of the module's process: it runs the real module and stops at every step until the world lets it go on.

Nothing of the product is replaced. The only thing handed in is the clock; the steps are seen by an audit hook, which
Python calls before it does what the event names.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import json
import os
import resource
import stat
import struct
import sys
import traceback
import typing as t

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock

ANSWER = struct.Struct("<qq")
LENGTH = struct.Struct("<I")
_FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.link", "os.truncate", "os.chmod"})
_EVENTS = _FILE_EVENTS | {"http.client.connect", "http.client.send", "fcntl.flock"}
_LOST_WORLD = 71


class Conditions(t.NamedTuple):
    """What is around a run, other than usual.

    :ivar disk_is_full: Whether nothing can be written to the disk.
    :ivar flushes: How many times a directory can be flushed to the disk before that fails; none for always.
    :ivar is_buffered: Whether its output is taken into a buffer, as by Mitogen, instead of a file of its own.
    :ivar defect_at: At which of its pauses, counted from 0, an error inside comes up; none for never.
    """

    disk_is_full: bool = False
    flushes: int | None = None
    is_buffered: bool = False
    defect_at: int | None = None


class World:
    """The world as the run sees it: two pipes."""

    def __init__(self, reports: int, answers: int) -> None:
        self._reports, self._answers = reports, answers
        self.wall_ms = self.monotonic_ms = 0

    def step(self, kind: str, detail: str = "", number: int = 0) -> None:
        """Tell what comes next, and wait until it may be done."""
        report = json.dumps([kind, detail, number]).encode()
        os.write(self._reports, LENGTH.pack(len(report)) + report)
        answer = os.read(self._answers, ANSWER.size)
        if len(answer) < ANSWER.size:
            os._exit(_LOST_WORLD)
        self.wall_ms, self.monotonic_ms = ANSWER.unpack(answer)


class WorldClock(Clock):
    """The clock that is handed to the module."""

    def __init__(self, world: World, defect_at: int | None) -> None:
        super().__init__()
        self._world = world
        self._left = defect_at

    def now_ms(self) -> int:
        return self._world.wall_ms

    def monotonic_ms(self) -> int:
        return self._world.monotonic_ms

    def sleep_ms(self, duration_ms: int) -> None:
        if self._left is not None:
            if not self._left:
                raise RuntimeError("a clock that is out of order")
            self._left -= 1
        self._world.step("sleep", number=int(duration_ms))


class _Output(io.FileIO):
    """The run's output, for which Python has no audit event: what it prints is a step like any other."""

    def __init__(self, world: World) -> None:
        super().__init__(1, "w", closefd=False)
        self._world = world

    def write(self, data: t.Any) -> int:
        self._world.step("print")
        return super().write(data)


class _Buffer(io.RawIOBase):
    """The same where something else takes the output and hands it on, so that no file stands behind it."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def writable(self) -> bool:
        return True

    def write(self, data: t.Any) -> int:
        self._world.step("print")
        return os.write(1, data)


def hook(world: World, state_dir: str) -> t.Callable[[str, tuple], None]:
    """Return the observer of everything that the world or the disk can see of a run."""

    def within(path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        return os.fsdecode(path).startswith(state_dir)

    def observe(event: str, arguments: tuple) -> None:
        if event not in _EVENTS:
            return
        if event in _FILE_EVENTS:
            if within(arguments[0]):
                how = f" {arguments[1]}" if event == "open" and isinstance(arguments[1], str) else ""
                world.step("file", f"{event}{how} {os.path.basename(os.fsdecode(arguments[0]))}")
        elif event == "fcntl.flock":
            world.step("lock", str(arguments[1]))
        elif event == "http.client.connect":
            world.step("connect")
        else:
            data = arguments[1]
            text = bytes(data[:200]) if isinstance(data, (bytes, bytearray, memoryview)) else b"?"
            first_line = text.split(b"\r\n")[0].split(b"?")[0].decode("ascii", "replace")
            is_head = first_line.startswith(("GET ", "POST "))
            world.step("head" if is_head else "body", first_line.removesuffix(" HTTP/1.1") if is_head else "")

    return observe


def become(
    module: str, main: t.Callable[[t.Any], None], *, reports: int, answers: int, stdin: int, stdout: int, stderr: int,
    state_dir: str, around: Conditions,
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
        # Those of pytest must not run here; those of the module must.
        atexit._clear()
        sys.argv = [f"{module}.py"]
        for name in [n for n in os.environ if n.startswith(("BYBIT_", "ANSIBLE_")) or n.lower().endswith("_proxy")]:
            del os.environ[name]
        sys.stdin, sys.stderr = open(0), open(2, "w")
        if around.disk_is_full:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        if around.flushes is not None:
            os.fsync = _failing_after(around.flushes)
        world = World(reports, answers)
        output = _Buffer(world) if around.is_buffered else _Output(world)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(output), encoding="utf-8")
        world.step("start")
        sys.addaudithook(hook(world, state_dir))
        code = _run(main, WorldClock(world, around.defect_at))
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


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


def _run(main: t.Callable[[t.Any], None], clock: WorldClock) -> int:
    try:
        main(clock)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
