# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies for the tests of C(bybit_loan_policy), and what the stand-in exchange shows of their runs."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from module_runs.runs import Run
from module_runs.stage import StagedRun

D = Decimal
INSTALLMENT = {"name": "monthly", "loans": {"product": "flexible", "coin": "USDT"}, "installment": {"amount": "500", "per": "month"}}
CONTRACTS = {"name": "contracts", "loans": {"product": "fixed"}, "before_maturity": "4d"}
NO_ETH = {"name": "no ETH", "loans": {"coin": "ETH"}, "max_debt": "0"}
LOWER = {"name": "safe", "ltv": {"above": "0.2", "down_to": "0.19"}}


@pytest.fixture
def begin_policy(begin_module) -> t.Callable[..., StagedRun]:
    return lambda *rules, **options: begin_module("bybit_loan_policy", rules=list(rules), **{"mode": "apply", "settle_margin": 0, **options})


@pytest.fixture
def policy(begin_policy) -> t.Callable[..., Run]:
    return lambda *rules, **options: begin_policy(*rules, **options).end()


@pytest.fixture
def moved(sandbox) -> t.Callable[[], list[tuple[str, str]]]:
    """List the requests to move money that the exchange got since the last call, oldest first."""
    seen = [0]

    def call() -> list[tuple[str, str]]:
        sent = [(r["path"], r["body"]) for r in sandbox.requests()["requests"] if r["method"] == "POST"]
        new, seen[0] = sent[seen[0]:], len(sent)
        return new

    return call


def outcomes(run: Run) -> list[tuple[str, str]]:
    return [(entry["kind"], entry["outcome"]) for entry in run["operations"]]


def states(run: Run) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in run["rules"]}
