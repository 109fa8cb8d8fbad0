# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver's side of a run: a real process, forked from this one, which stands still between its steps."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import typing as t

from . import child
from .parents import Parents

# A run that is silent for this long waits in real time for something that does not happen.
PATIENCE_SECONDS = 30


class Stuck(Exception):
    """A run waits for something that its driver does not know about."""


def environment() -> dict[str, str]:
    """Return the environment of this process without variables that configure a run."""
    return {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith(("BYBIT_", "ANSIBLE_")) or name.lower().endswith("_proxy"))
    }


class Process:
    """One run, which has started and stands before its first step; whatever C(around) does not set is inherited from this process.

    :param has_parents: Whether the run has parent processes, besides this one, that can end.
    :ivar report: Kind, detail, and number of the step that the run is about to do or is doing; None after its end.
    """

    def __init__(self, module: str, options: dict[str, t.Any], around: child.Conditions, has_parents: bool = False) -> None:
        pipes = [os.pipe() for dummy in range(5)]
        (in_read, in_write), (out_read, out_write), (err_read, err_write) = pipes[:3]
        (report_read, report_write), (answer_read, answer_write) = pipes[3:]
        sys.stdout.flush()
        sys.stderr.flush()

        def become() -> t.NoReturn:
            child.become(
                module, reports=report_write, answers=answer_read, stdin=in_read, stdout=out_write, stderr=err_write, around=around
            )

        self._parents = Parents(become) if has_parents else None
        self.pid = self._parents.module if self._parents else os.fork()
        if not self.pid:
            # Lead a process group, as a worker of Ansible that runs the module itself does.
            os.setpgid(0, 0)
            become()
        for descriptor in (in_read, out_write, err_write, report_write, answer_read):
            os.close(descriptor)
        self._out, self._err, self._reports, self._answers = out_read, err_read, report_read, answer_write
        # The run's output that this process has read so far.
        self._texts = {out_read: b"", err_read: b""}
        self._open = [out_read, err_read]
        os.write(in_write, json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        os.close(in_write)
        self.exit_code: int | None = None
        self.output = self.errors = ""
        self.report: tuple[str, str, int] | None = None
        self.listen_patiently()

    def go(self, wall_ms: int, monotonic_ms: int) -> None:
        """Let the run do its step, and wait until it stands before the next one or has ended."""
        self.let_go(wall_ms, monotonic_ms)
        self.listen_patiently()

    def let_go(self, wall_ms: int, monotonic_ms: int) -> None:
        """Let the run do its step."""
        os.write(self._answers, child.ANSWER.pack(wall_ms, monotonic_ms))

    def listen(self, seconds: float) -> bool:
        """Wait in real time until the run stands before its next step or has ended; return False after this many seconds."""
        while ready := select.select(self.channels, [], [], seconds)[0]:
            if self._reports in ready:
                self._hear()
                return True
            for descriptor in ready:
                # Otherwise, a full pipe would block the run.
                self._read(descriptor)
        return False

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._end()

    def lose_parent(self, who: str) -> None:
        """End one of the processes that would get the run's result."""
        assert self._parents is not None
        self._parents.end_one(who)

    def has_printed(self) -> bool:
        size = struct.unpack("i", fcntl.ioctl(self._out, termios.FIONREAD, b"\0" * 4))[0]
        return size > 0 or bool(self._texts[self._out])

    @property
    def channels(self) -> list[int]:
        """The file descriptors on which the run can send something during its step."""
        return [self._reports, *self._open]

    def listen_patiently(self) -> None:
        """Wait until the run stands before its next step or has ended."""
        if not self.listen(PATIENCE_SECONDS):
            last = self.report
            self.kill()
            raise Stuck(f"a run is silent for {PATIENCE_SECONDS} s of real time after {last}; {self.errors}")

    def _hear(self) -> None:
        # The run sends nothing else before it may continue, so this is one whole report.
        report = os.read(self._reports, child.LONGEST_REPORT)
        if report:
            kind, detail, number = json.loads(report)
            self.report = (kind, detail, number)
        else:
            self._end()

    def _end(self) -> None:
        if self._parents:
            self._parents.end()
        dummy, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        while self._open:
            self._read(self._open[0])
        self.output, self.errors = (self._texts[end].decode("utf-8", "replace") for end in (self._out, self._err))
        self.report = None
        for descriptor in (self._out, self._err, self._reports, self._answers):
            os.close(descriptor)

    def _read(self, descriptor: int) -> None:
        part = os.read(descriptor, 65536)
        self._texts[descriptor] += part
        if not part:
            self._open.remove(descriptor)
