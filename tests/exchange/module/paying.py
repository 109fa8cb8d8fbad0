# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of L(ways) ask of the stand-in exchange, and what it answers and writes down."""

from __future__ import annotations

import typing as t

import pytest
from module_runs.runs import Run
from module_runs.stage import StagedRun
from ways import WAYS, Way


@pytest.fixture
def begin_way(begin_module) -> t.Callable[..., StagedRun]:
    """Begin one of the repayments of L(ways), with changed options if the test says so."""
    return lambda way, **options: begin_module(way.module, **{"settle_margin": 0, **way.options, **options})


@pytest.fixture
def pay(begin_way) -> t.Callable[..., Run]:
    """Run a module to its end, as C(begin_way) begins it."""
    return lambda way, **options: begin_way(way, **options).end()


@pytest.fixture
def pay_all(begin_way) -> t.Callable[..., list[tuple[Way, Run]]]:
    """Run these ways at the same time to their end. Their subjects are independent of each other."""

    def call(ways: t.Iterable[Way] = WAYS, **options: t.Any) -> list[tuple[Way, Run]]:
        processes = [(way, begin_way(way, **options)) for way in ways]
        return [(way, process.end()) for way, process in processes]

    return call


@pytest.fixture
def ledger(sandbox) -> t.Callable[..., list[dict[str, t.Any]]]:
    """List the ledger entries of the first account since the test began, of one way or all, oldest first."""
    old = {entry["repay_id"] for entry in sandbox.account()["repayments"]}

    def call(way: Way | None = None) -> list[dict[str, t.Any]]:
        new = [entry for entry in reversed(sandbox.account()["repayments"]) if entry["repay_id"] not in old]
        return [entry for entry in new if way is None or way.is_entry(entry)]

    return call


@pytest.fixture
def sent(sandbox) -> t.Callable[[Way], int]:
    """Count the repayments of a way that reached the exchange, executed or not."""
    return lambda way: [(r["path"], r["body"]) for r in sandbox.requests()["requests"]].count((way.path, way.body))


@pytest.fixture
def posted(sandbox) -> t.Callable[[], list[dict[str, t.Any]]]:
    """List the requests other than reads that reached the exchange."""
    return lambda: [request for request in sandbox.requests()["requests"] if request["method"] != "GET"]


@pytest.fixture
def spoil(sandbox) -> t.Callable[..., None]:
    """Inject a fault into the next request of a way."""
    return lambda way, **fault: sandbox.control("POST", "faults", {"method": "POST", "path": way.path, **fault})


@pytest.fixture
def switch(sandbox) -> t.Callable[..., None]:
    """Switch the exchange to another behavior that its documentation allows."""
    return lambda **switches: sandbox.control("POST", "switches", switches)


@pytest.fixture
def change(sandbox) -> t.Callable[..., None]:
    """Change result fields in the answers to a call, after the first few."""

    def call(path: str, how: str, *fields: str, skip: int = 0) -> None:
        mutations = [{"field": f"result.{field}", "how": how} for field in fields]
        sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": skip, "times": 0, "mutations": mutations})

    return call
