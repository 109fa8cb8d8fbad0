# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules as separate processes, as Ansible runs them, against a sandbox with a fresh book."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from module_runs.exchanges import following
from module_runs.runs import Run
from module_runs.stage import Stage, StagedRun
from moving import arrived, booked, stall
from paying import begin_way, change, ledger, pay, pay_all, posted, sent, spoil, switch
from relay import Relay
from stepping.warm_up import warm_up

# Fixtures from other files, which pytest finds here.
__all__ = ["arrived", "begin_way", "booked", "change", "ledger", "pay", "pay_all", "posted", "sent", "spoil", "stall", "switch"]

MODULE = "bybit_loan_repay"
REPAY_CALL = "POST /v5/crypto-loan/repay"


def pytest_configure(config: pytest.Config) -> None:
    # A test may have threads, such as that of a relay. A forked run does not need them.
    config.addinivalue_line("filterwarnings", "ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def tmp_path(memory_path) -> Path:
    """Put what a test writes, journals above all, on a fast disk."""
    return memory_path


@pytest.fixture(autouse=True)
def journal(tmp_path, monkeypatch) -> Path:
    """Give each test its own journal, outside the home directory of whoever runs the tests."""
    path = tmp_path / "journal" / "journal.sqlite"
    monkeypatch.setenv("BYBIT_JOURNAL", str(path))
    return path


@pytest.fixture
def noted(journal) -> t.Callable[[], list[dict[str, t.Any]]]:
    """List the unsettled intents."""

    def call() -> list[dict[str, t.Any]]:
        if not journal.exists():
            return []
        with contextlib.closing(sqlite3.connect(journal)) as connection:
            rows = connection.execute("SELECT document FROM bybit_intents WHERE state IN ('open', 'made') ORDER BY number").fetchall()
        return [json.loads(document) for (document,) in rows]

    return call


@pytest.fixture
def remembered(noted) -> t.Callable[[], list[dict[str, t.Any]]]:
    """List the open intents: those whose outcome no run has reported yet."""
    return lambda: [intent for intent in noted() if not intent["reported"]]


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """Import what the runs need before the first one is forked from this process."""
    warm_up()


@pytest.fixture
def simulated_time() -> t.Iterator[Stage]:
    """The shared clock of the test, its runs, and the stand-in exchanges."""
    stage = Stage()
    yield stage
    stage.end()


@pytest.fixture
def now_ms(simulated_time) -> t.Callable[[], int]:
    return simulated_time.now_ms


@pytest.fixture
def until(simulated_time) -> t.Callable[..., None]:
    """Let the runs go on until a condition holds."""
    return simulated_time.until


@pytest.fixture(scope="session")
def client(names) -> t.Any:
    """The client of exchanges that follow the test's clock."""
    return following(names.client)


@pytest.fixture
def sandbox(client, server, roomy_seed, simulated_time) -> t.Any:
    """The shared server with a fresh default book and without rate limits."""
    sandbox = client(server, simulated_time)
    sandbox.control("PUT", "seed", roomy_seed)
    return sandbox


@pytest.fixture
def strict(client, server, default_seed, simulated_time) -> t.Any:
    """The shared server with a fresh default book and the exchange's rate limits."""
    strict = client(server, simulated_time)
    strict.control("PUT", "seed", default_seed)
    return strict


@pytest.fixture
def start(start, simulated_time) -> t.Callable[..., SimpleNamespace]:
    """Start further sandboxes that also follow the test's clock."""

    def begin(*arguments: str, **options: str) -> SimpleNamespace:
        started = start(*arguments, **options)
        simulated_time.follow(started.url, started.ca_path)
        return started

    return begin


@pytest.fixture
def run(simulated_time, server) -> t.Callable[..., Run]:
    """Run a module with these options only."""

    def call(env: dict[str, str] | None = None, module: str = MODULE, **options: t.Any) -> Run:
        return simulated_time.begin(module, options, env).end()

    return call


@pytest.fixture
def window_ms() -> int:
    """The shortest possible time window, so that a lost answer is settled in a second."""
    return 1000


@pytest.fixture
def begin_module(simulated_time, sandbox, window_ms) -> t.Callable[..., StagedRun]:
    """Begin a run of a module against the sandbox, with these options and the connection options."""
    sandbox.control("DELETE", "requests")

    def call(
        module: str,
        check: bool = False,
        diff: bool = False,
        env: dict[str, str] | None = None,
        program: tuple[str, ...] | None = None,
        **options: t.Any,
    ) -> StagedRun:
        defaults = {
            "api_url": sandbox.url,
            "api_key": "sandbox-key",
            "api_secret": "sandbox-secret",
            "recv_window": window_ms,
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
        }
        given = {n: v for n, v in {**defaults, **options}.items() if v is not None}
        return simulated_time.begin(module, given, env, program)

    return call


@pytest.fixture
def run_module(begin_module) -> t.Callable[..., Run]:
    """Run a module to its end, as C(begin_module) begins it."""
    return lambda module, **options: begin_module(module, **options).end()


@pytest.fixture
def begin(begin_module, names) -> t.Callable[..., StagedRun]:
    """Begin to repay 100 of the first loan, unless the test says otherwise."""
    defaults = {"order_id": names.loan, "amount": "100", "settle_margin": 0}
    return lambda module=MODULE, **options: begin_module(module, **{**defaults, **options})


@pytest.fixture
def repay(begin) -> t.Callable[..., Run]:
    """Run the module to its end, as C(begin) begins it."""
    return lambda **options: begin(**options).end()


@pytest.fixture
def meanwhile(begin, sandbox, posts, until, names) -> t.Callable[..., Run]:
    """Run the module while the owner repays these amounts in the app right after its POST."""

    def call(*amounts: str, **options: t.Any) -> Run:
        process = begin(**options)
        until(posts)
        for amount in amounts:
            sandbox.control("POST", "repay", {"orderId": names.loan, "amount": amount})
        return process.end()

    return call


@pytest.fixture
def posts(sandbox) -> t.Callable[[], int]:
    """Count the repayment requests that reached the exchange, executed or not."""
    return lambda: sandbox.requests()["counts"].get(REPAY_CALL, 0)


@pytest.fixture
def calls(sandbox) -> t.Callable[[], list[str]]:
    """Name the requests that reached the exchange, in order."""
    return lambda: [f"{r['method']} {r['path'].rpartition('/')[2]}" for r in sandbox.requests()["requests"]]


@pytest.fixture
def relay(sandbox) -> t.Iterator[Relay]:
    """A relay to the sandbox, for C(api_url)."""
    relay = Relay(sandbox.url)
    yield relay
    relay.end()


@pytest.fixture
def holder(begin, sandbox, until, posts):
    """Begin a run that holds the loan while it waits for its answer."""

    def call(hold_ms: int, **options):
        sandbox.fault(delay_answer_ms=hold_ms)
        process = begin(**options)
        until(posts)
        return process

    return call


@pytest.fixture
def look(run) -> t.Callable[..., t.Any]:
    """Query the journal, and nothing else."""
    return lambda **options: run(module="bybit_journal_info", **options)


@pytest.fixture
def two(repay) -> None:
    """Repay twice, once under a reference."""
    assert repay(reference='invoice "7"')["changed"] and repay(amount="30")["changed"]
