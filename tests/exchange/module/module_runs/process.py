# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of a module, and what it ended with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

from .forked import Forked, ForkServer
from .simulated_time import SimulatedTime


class Run(t.NamedTuple):
    """What one run of a module ended with."""

    result: dict[str, t.Any]
    exit_code: int
    printed: str
    errors: str

    def __getitem__(self, name: str) -> t.Any:
        return self.result[name]

    @property
    def details(self) -> dict[str, t.Any]:
        return self.result["details"]

    @property
    def output(self) -> str:
        """All that it wrote."""
        return self.printed + self.errors

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def warnings(self) -> str:
        return " ".join(str(warning) for warning in self.result.get("warnings", []))


class Process:
    """A run that has begun: wait for its end, or kill it.

    :param program: What a Python that starts only for this run shall do, in real time; otherwise the module runs in a fork, in
        simulated time.
    """

    def __init__(
        self, server: ForkServer, time: SimulatedTime, module: str, options: dict[str, t.Any], env: dict[str, str] | None,
        program: tuple[str, ...] | None = None,
    ) -> None:
        settings = {
            n: v
            for n, v in os.environ.items()
            if n == "BYBIT_STATE_DIR" or not (n.startswith("BYBIT_") or n.lower().endswith("_proxy"))
        }
        environment = {**settings, **(env or {})}
        given = json.dumps({"ANSIBLE_MODULE_ARGS": options})
        self._time = time
        self._process: Forked | subprocess.Popen[str]
        if program is None and server.can_run_with(environment):
            self._process = server.begin(module, environment, time.path)
            self._process.write(given)
        else:
            self._process = _start(program or as_module(module), environment, given)
            time.join(self._process.pid)
        self.pid = self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> Run:
        with self._time.waiting():
            out, error = self._process.communicate(timeout=60)
        self._time.leave(self.pid)
        assert out, error
        return Run(json.loads(out), self._process.returncode, out, error)

    def kill(self) -> None:
        """Kill it with SIGKILL; it must not have told its result."""
        assert self.is_running
        self._process.kill()
        out, dummy = self._process.communicate(timeout=60)
        assert (out, self._process.returncode) == ("", -9)


def as_module(name: str) -> tuple[str, str]:
    """Return what makes a Python that starts run this module."""
    return ("-m", f"ansible_collections.treasury.bybit.plugins.modules.{name}")


def _start(program: tuple[str, ...], environment: dict[str, str], given: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, *program],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(given)
    process.stdin.close()
    process.stdin = None
    return process
