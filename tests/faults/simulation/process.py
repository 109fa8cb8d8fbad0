# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world's side of one run: a real process, forked from this one, which stands still between its steps."""

from __future__ import annotations

import fcntl
import importlib
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
from .products import PRODUCTS

MODULES = "ansible_collections.treasury.bybit.plugins.modules."
# What a run imports only when it gets there; found by looking what a run has added.
_LATER = (
    "ansible.module_utils.common.respawn", "ansible.module_utils.compat.selinux", "encodings.idna", "encodings.utf_8",
    "http.cookies", "idna", "netrc", "requests", "shlex", "stringprep", "urllib3.util.ssl_match_hostname", "argparse",
    "ansible.module_utils._internal._json._profiles._module_legacy_m2c", "charset_normalizer",
    "ansible.module_utils._internal._json._profiles._module_legacy_c2m",
)
# A run that is silent for so long waits for something in real time, which nothing here may do.
_PATIENCE_SECONDS = 30


class Stuck(Exception):
    """A run waits for something that is not the world."""


def warm_up() -> dict[str, t.Callable[[t.Any], None]]:
    """Import everything that a run needs, and return the main function of each module."""
    names = [product.module for product in PRODUCTS.values()]
    mains = {name: importlib.import_module(MODULES + name).main for name in names}
    for name in _LATER:
        try:
            importlib.import_module(name)
        except ImportError:
            # Another version of a library; then each run imports what it needs.
            pass
    return mains


class Process:
    """One run, begun but standing before its first step.

    :param has_parents: Whether there are processes above it that may end, besides this one.
    :ivar report: Kind, detail and number of the step that it is about to do; none when it has ended.
    """

    def __init__(
        self, name: str, main: t.Callable[[t.Any], None], options: dict[str, t.Any], state_dir: str, around: child.Conditions,
        has_parents: bool,
    ) -> None:
        pipes = [os.pipe() for dummy in range(5)]
        (in_read, in_write), (out_read, out_write), (err_read, err_write) = pipes[:3]
        (report_read, report_write), (answer_read, answer_write) = pipes[3:]
        sys.stdout.flush()
        sys.stderr.flush()

        def become() -> t.NoReturn:
            child.become(
                name, main, reports=report_write, answers=answer_read, stdin=in_read, stdout=out_write, stderr=err_write,
                state_dir=state_dir, around=around,
            )

        self._parents = Parents(become) if has_parents else None
        self.pid = self._parents.module if self._parents else os.fork()
        if not self.pid:
            # As a worker of Ansible that runs the module itself.
            os.setpgid(0, 0)
            become()
        for descriptor in (in_read, out_write, err_write, report_write, answer_read):
            os.close(descriptor)
        self._out, self._err, self._reports, self._answers = out_read, err_read, report_read, answer_write
        os.write(in_write, json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        os.close(in_write)
        self.exit_code: int | None = None
        self.output = self.errors = ""
        self.report: tuple[str, str, int] | None = None
        self._listen()

    def go(self, wall_ms: int, monotonic_ms: int) -> None:
        """Let it do its step, and wait until it stands before the next one or has ended."""
        os.write(self._answers, child.ANSWER.pack(wall_ms, monotonic_ms))
        self._listen()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._end()

    def lose_parent(self, who: str) -> None:
        """End one of those that would get its result."""
        assert self._parents is not None
        self._parents.end_one(who)

    def has_printed(self) -> bool:
        size = struct.unpack("i", fcntl.ioctl(self._out, termios.FIONREAD, b"\0" * 4))[0]
        return size > 0

    def _listen(self) -> None:
        ready, dummy, dummy = select.select([self._reports], [], [], _PATIENCE_SECONDS)
        if not ready:
            last = self.report
            self.kill()
            raise Stuck(f"a run is silent for {_PATIENCE_SECONDS} s of real time after {last}; {self.errors}")
        size = os.read(self._reports, child.LENGTH.size)
        if len(size) < child.LENGTH.size:
            self._end()
            return
        kind, detail, number = json.loads(os.read(self._reports, child.LENGTH.unpack(size)[0]))
        self.report = (kind, detail, number)

    def _end(self) -> None:
        if self._parents:
            self._parents.end()
        dummy, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        self.output, self.errors = _rest(self._out), _rest(self._err)
        self.report = None
        for descriptor in (self._out, self._err, self._reports, self._answers):
            os.close(descriptor)


def _rest(descriptor: int) -> str:
    parts = []
    while part := os.read(descriptor, 65536):
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")
