# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps with a reference, and what every later run must report about them."""

from __future__ import annotations

import typing as t

import pytest

INVOICE = "invoice 2026/11-47"
DAY_SECONDS = 86_400
AGAIN = ". Nothing was sent: use another reference for this step."


@pytest.fixture
def repay_once(repay) -> t.Callable[..., t.Any]:
    """Repay 100 of the first loan under a reference, unless the test says otherwise."""
    return lambda **options: repay(**{"reference": INVOICE, **options})


@pytest.fixture
def asked(sandbox) -> t.Callable[..., list[str]]:
    """Return a run and the calls that it sent."""

    def call(run: t.Callable[[], t.Any]) -> tuple[t.Any, list[str]]:
        sandbox.control("DELETE", "requests")
        ended = run()
        return ended, [f"{r['method']} {r['path'].rpartition('/')[2]}" for r in sandbox.requests()["requests"]]

    return call


@pytest.fixture
def assert_answered(asked, sandbox, repay_once) -> t.Callable[..., None]:
    """Run it again. The run must report the earlier repayment, without reading the loan."""

    def call(entry: dict[str, t.Any], repeat: t.Callable[..., t.Any] = repay_once, **options: t.Any) -> None:
        for check in (True, False):
            run, calls = asked(lambda: repeat(check=check, **options))
            assert (run.failed, run["changed"], run["outcome"], run["goal_reached"]) == (False, False, "executed", True)
            assert (run["repay_id"], run["amount"], run["repayments"]) == (entry["repay_id"], entry["amount"], [])
            assert (run["loan"], run.warnings, calls) == ({"before": None, "after": None}, "", ["GET query-api"])
            assert f"Nothing was sent: reference '{INVOICE}' was already used for {entry['amount']} " in run["msg"]
            assert f"(repayment {entry['repay_id']})" in run["msg"]
            assert run["msg"].endswith(" and was executed.")

    return call
