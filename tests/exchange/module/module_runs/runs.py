# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of a module, and its result."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import typing as t

# Variables that Python or a library reads only at its start.
_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "TMPDIR")
_AS_STARTED = dict(os.environ)


class Run(t.NamedTuple):
    """The result of one run of a module."""

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
        """Everything that the run wrote."""
        return self.printed + self.errors

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def warnings(self) -> str:
        return " ".join(str(warning) for warning in self.result.get("warnings", []))


class Started:
    """A new Python process in real time, with the interface of L(stepping.process.Process)."""

    def __init__(self, program: tuple[str, ...], environment: dict[str, str], options: dict[str, t.Any]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = subprocess.Popen([sys.executable, *program], env=environment, bufsize=0, **pipes)
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        self._process.stdin.close()
        self._open = [self._process.stdout, self._process.stderr]
        self._texts = {pipe: b"" for pipe in self._open}
        self.pid = self._process.pid
        self.exit_code: int | None = None
        self.output = self.errors = ""

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def channels(self) -> list[int]:
        return [pipe.fileno() for pipe in self._open]

    def listen(self, seconds: float) -> bool:
        """Read what it prints. Return whether it, and everything that could still print to its output, has ended."""
        for pipe in select.select(self._open, [], [], seconds)[0]:
            self._read(pipe)
        if not self._open:
            self._end()
        return not self._open

    def kill(self) -> None:
        # It may have ended.
        self._process.kill()
        while self._open:
            self._read(self._open[0])
        self._end()

    def _read(self, pipe: t.IO[bytes]) -> None:
        part = os.read(pipe.fileno(), 65536)
        self._texts[pipe] += part
        if not part:
            self._open.remove(pipe)

    def _end(self) -> None:
        self.exit_code = self._process.wait()
        self.output, self.errors = (text.decode() for text in self._texts.values())
        for pipe in self._texts:
            pipe.close()


def can_be_forked_with(environment: dict[str, str]) -> bool:
    """Return whether a Python that starts with this environment would behave like this process."""
    names = {name for name in {*environment, *_AS_STARTED} if name.startswith(_AT_START)}
    return all(environment.get(name) == _AS_STARTED.get(name) for name in names)


def as_module(name: str) -> tuple[str, str]:
    """Return the Python arguments that run this module."""
    return ("-m", f"ansible_collections.treasury.bybit.plugins.modules.{name}")
