# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as a process of its own, the way Ansible runs it, against a sandbox with a fresh book."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

AS_MODULE = ("-m", "ansible_collections.treasury.bybit.plugins.modules.bybit_loan_repay")
REPAY_CALL = "POST /v5/crypto-loan/repay"


class Run(t.NamedTuple):
    """What one run of the module ended with."""

    result: dict[str, t.Any]
    exit_code: int
    output: str

    def __getitem__(self, name: str) -> t.Any:
        return self.result[name]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def warnings(self) -> str:
        return " ".join(str(warning) for warning in self.result.get("warnings", []))


class Process:
    """A run of the module that has begun: wait for its end, or kill it."""

    def __init__(self, options: dict[str, t.Any], environment: dict[str, str], program: tuple[str, ...]) -> None:
        settings = {
            n: v
            for n, v in os.environ.items()
            if n == "BYBIT_STATE_DIR" or not (n.startswith("BYBIT_") or n.lower().endswith("_proxy"))
        }
        self._process = subprocess.Popen(
            [sys.executable, *program],
            env={**settings, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        self._process.stdin.close()
        self._process.stdin = None
        self.pid = self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> Run:
        out, error = self._process.communicate(timeout=60)
        assert out, error
        return Run(json.loads(out), self._process.returncode, out + error)

    def kill(self) -> None:
        """Kill it with SIGKILL; it must not have told its result."""
        assert self.is_running
        self._process.kill()
        out, dummy = self._process.communicate(timeout=60)
        assert (out, self._process.returncode) == ("", -9)


def wait_until(condition: t.Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not happened in time"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def state_dir(tmp_path, monkeypatch) -> Path:
    """Keep each test's intents apart, and out of the home of whoever runs the tests."""
    monkeypatch.setenv("BYBIT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def until() -> t.Callable[..., None]:
    """Wait until something is so."""
    return wait_until


@pytest.fixture
def remembered(state_dir) -> t.Callable[[], list[dict[str, t.Any]]]:
    """List the intents that are written down."""
    files = state_dir.glob
    return lambda: [intent for file in sorted(files("*.json")) for intent in json.loads(file.read_text())["intents"]]


@pytest.fixture
def run() -> t.Callable[..., Run]:
    """Run the module with just these options."""

    def call(env: dict[str, str] | None = None, **options: t.Any) -> Run:
        return Process(options, env or {}, AS_MODULE).end()

    return call


@pytest.fixture
def begin(sandbox, names) -> t.Callable[..., Process]:
    """Begin a run of the module against the sandbox: 100 of the first loan, unless the test says otherwise."""
    sandbox.control("DELETE", "requests")

    def call(
        check: bool = False,
        diff: bool = False,
        env: dict[str, str] | None = None,
        program: tuple[str, ...] = AS_MODULE,
        **options: t.Any,
    ) -> Process:
        defaults = {
            "api_url": sandbox.url,
            "api_key": "sandbox-key",
            "api_secret": "sandbox-secret",
            "order_id": names.loan,
            "amount": "100",
            # As short as can be, so that a lost answer is settled in a second.
            "recv_window": 1000,
            "settle_margin": 0,
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
        }
        given = {**defaults, **options}
        return Process({n: v for n, v in given.items() if v is not None}, env or {}, program)

    return call


@pytest.fixture
def repay(begin) -> t.Callable[..., Run]:
    """Run the module as C(begin) does, to its end."""
    return lambda **options: begin(**options).end()


@pytest.fixture
def meanwhile(begin, sandbox, posts, names) -> t.Callable[..., Run]:
    """Run the module while, right after its POST, the owner repays these amounts in the app."""

    def call(*amounts: str, **options: t.Any) -> Run:
        process = begin(**options)
        wait_until(posts)
        for amount in amounts:
            sandbox.control("POST", "repay", {"orderId": names.loan, "amount": amount})
        return process.end()

    return call


@pytest.fixture
def posts(sandbox) -> t.Callable[[], int]:
    """Count the repayment requests that have reached the exchange, executed or not."""
    return lambda: sandbox.requests()["counts"].get(REPAY_CALL, 0)


@pytest.fixture
def calls(sandbox) -> t.Callable[[], list[str]]:
    """Name the requests that have reached the exchange, in their order."""
    return lambda: [f"{r['method']} {r['path'].rpartition('/')[2]}" for r in sandbox.requests()["requests"]]
