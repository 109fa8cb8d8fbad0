# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are forked from a process which has imported everything, and are asked like those of L(subprocess)."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from .protocol import HAS_ENDED, LENGTH, NEWS, Order, receive

_SERVER = Path(__file__).with_name("fork_server.py")
# What Python, or a library, heeds only as it starts.
_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "TMPDIR", "COVERAGE_")


class ForkServer:
    """The process that all runs of a session are forked from."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SERVER), str(theirs.fileno())],
                # Pipes, so that a run finds stdin and stdout of the kind that it will have.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )

    def can_run_with(self, environment: dict[str, str]) -> bool:
        """Tell whether a Python that starts with this environment would be no other."""
        names = {name for name in {*environment, *self._environment} if name.startswith(_AT_START)}
        return all(environment.get(name) == self._environment.get(name) for name in names)

    def begin(self, module: str, environment: dict[str, str], time_file: str) -> Forked:
        """Begin a run where this process stands now, by the L(simulated_time) of this file."""
        umask = os.umask(0o077)
        os.umask(umask)
        return Forked(self._control, Order(module, environment, os.getcwd(), umask, time_file))

    def end(self) -> None:
        self._control.close()
        self._process.communicate(timeout=60)


class Forked:
    """One run; its names are those of C(subprocess.Popen)."""

    def __init__(self, control: socket.socket, order: Order) -> None:
        pipes = [os.pipe() for dummy in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        self._stdin: t.BinaryIO = open(pipes[0][1], "wb", buffering=0)
        self._outputs = [open(end, "rb", buffering=0) for end in (pipes[1][0], pipes[2][0])]
        self._run, server_side = socket.socketpair()
        with server_side:
            socket.send_fds(control, [b"."], [server_side.fileno()])
        document = json.dumps(order._asdict()).encode()
        socket.send_fds(self._run, [LENGTH.pack(len(document))], theirs)
        self._run.sendall(document)
        for end in theirs:
            os.close(end)
        self.pid: int = NEWS.unpack(receive(self._run, NEWS.size))[1]
        self.returncode: int | None = None

    def write(self, text: str) -> None:
        """Give it its whole input."""
        with self._stdin:
            self._stdin.write(text.encode())

    def poll(self) -> int | None:
        return self._wait(0)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            self._run.sendall(bytes([number]))

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Read what it prints until it has ended."""
        deadline = time.monotonic() + timeout
        texts = {output.fileno(): b"" for output in self._outputs}
        with selectors.DefaultSelector() as waiting:
            for output in self._outputs:
                waiting.register(output, selectors.EVENT_READ)
            while waiting.get_map():
                ready = waiting.select(max(0, deadline - time.monotonic()))
                if not ready:
                    raise subprocess.TimeoutExpired(f"forked process {self.pid}", timeout)
                for key, dummy in ready:
                    part = os.read(key.fd, 65536)
                    texts[key.fd] += part
                    if not part:
                        waiting.unregister(key.fileobj)
        if self._wait(max(0, deadline - time.monotonic())) is None:
            raise subprocess.TimeoutExpired(f"forked process {self.pid}", timeout)
        out, error = (texts[output.fileno()].decode() for output in self._outputs)
        for output in self._outputs:
            output.close()
        return out, error

    def _wait(self, seconds: float) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as waiting:
                waiting.register(self._run, selectors.EVENT_READ)
                ready = waiting.select(seconds)
            if ready:
                kind, self.returncode = NEWS.unpack(receive(self._run, NEWS.size))
                assert kind == HAS_ENDED
                self._run.close()
        return self.returncode
