# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller that is paused, as a virtual machine can be, for longer than its request is valid, and then resumes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import typing as t

import psycopg
import pytest

from postgres.relay import IntentRelay

MODULE = "ansible_collections.treasury.bybit.plugins.modules.bybit_loan_repay"
LOAN = "1794267532472646144"
OPTIONS = {"order_id": LOAN, "recv_window": 1500, "settle_margin": 1, "wait_timeout": 30, "api_key": "sandbox-key", "api_secret": "sandbox-secret"}


def begin(**options: t.Any) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("BYBIT_", "COVERAGE_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**OPTIONS, **options}}))
    process.stdin.close()
    process.stdin = None
    return process


def end(process: subprocess.Popen[str]) -> dict[str, t.Any]:
    return dict(json.loads(process.communicate(timeout=60)[0]))


@pytest.mark.parametrize(
    ("given", "other", "paid"),
    [
        ({"amount": "100"}, {"amount": "30"}, "30"),
        ({"amount": "100"}, {"amount": "100"}, "100"),
        ({"amount": "100", "reference": "invoice 7"}, {"amount": "100", "reference": "invoice 7"}, "100"),
        ({"max_debt": "900"}, {"max_debt": "900"}, None),
    ],
    ids=["another step", "the same step", "the same reference", "the same goal"],
)
def test_a_paused_controller_resumes_too_late_to_pay(sandbox, postgres, given, other, paid) -> None:
    url, before = postgres.new_database(), len(sandbox.repayments(LOAN))
    with contextlib.closing(IntentRelay(url)) as relay:
        paused = begin(api_url=sandbox.url, journal=relay.url, **given)
        assert relay.is_held.wait(30)
        paused.send_signal(signal.SIGSTOP)
        try:
            # As if its machine were cut off; otherwise, the database would keep its lock.
            with psycopg.connect(url, autocommit=True) as connection:
                ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'treasury.bybit'"
                assert connection.execute(ended).fetchone() == (1,)
            second = end(begin(api_url=sandbox.url, journal=url, **other))
            assert (second.get("failed", False), second["outcome"], second["changed"]) == (False, "executed", True), second
            relay.passes_on.set()
        finally:
            paused.send_signal(signal.SIGCONT)
        first = end(paused)
    assert not first["changed"], first
    # A goal that the other controller has reached is not a failure.
    assert first["outcome"] == "nothing_to_do" if "max_debt" in given else "Another run" in first["msg"], first
    entries = [entry["amount"] for entry in sandbox.repayments(LOAN)]
    assert len(entries) == before + 1 and (paid is None or paid in entries), entries
    again = end(begin(api_url=sandbox.url, journal=url, **given))
    assert not again.get("failed"), again
    if "amount" not in given or "reference" in given:
        assert (again["changed"], len(sandbox.repayments(LOAN))) == (False, before + 1)
