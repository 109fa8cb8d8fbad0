# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as a process of its own, the way Ansible runs it, against a sandbox with a fresh book."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

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


def run_module(
    options: dict[str, t.Any], environment: dict[str, str], program: tuple[str, ...] = AS_MODULE
) -> Run:
    settings = {n: v for n, v in os.environ.items() if not n.startswith("BYBIT_") and not n.lower().endswith("_proxy")}
    ended = subprocess.run(
        [sys.executable, *program],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        env={**settings, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout, ended.stderr
    return Run(json.loads(ended.stdout), ended.returncode, ended.stdout + ended.stderr)


@pytest.fixture
def run() -> t.Callable[..., Run]:
    """Run the module with just these options."""

    def call(env: dict[str, str] | None = None, **options: t.Any) -> Run:
        return run_module(options, env or {})

    return call


@pytest.fixture
def repay(sandbox, names) -> t.Callable[..., Run]:
    """Run the module against the sandbox: 100 of the first loan, unless the test says otherwise."""
    sandbox.control("DELETE", "requests")

    def call(
        check: bool = False,
        diff: bool = False,
        env: dict[str, str] | None = None,
        program: tuple[str, ...] = AS_MODULE,
        **options: t.Any,
    ) -> Run:
        defaults = {
            "api_url": sandbox.url,
            "api_key": "sandbox-key",
            "api_secret": "sandbox-secret",
            "order_id": names.loan,
            "amount": "100",
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
        }
        given = {**defaults, **options}
        return run_module({n: v for n, v in given.items() if v is not None}, env or {}, program)

    return call


@pytest.fixture
def posts(sandbox) -> t.Callable[[], int]:
    """Count the repayment requests that have reached the exchange, executed or not."""
    return lambda: sandbox.requests()["counts"].get(REPAY_CALL, 0)
