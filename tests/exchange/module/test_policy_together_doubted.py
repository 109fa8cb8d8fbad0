# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a common reading of a policy must not hide: what another run pays meanwhile, and what was sent before something went wrong."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._policy import listing
from policy_runs import begin_policy, outcomes, policy
from test_policy_together import ALL_PAID, CLOSE_ALL, NUMBER, REPAY, book, order_id, paid, spoil

# Fixtures from other files, which pytest finds here.
__all__ = ["begin_policy", "book", "paid", "policy", "spoil"]

D = Decimal
# What is read only for a plan.
PLANNED_ON = "/v5/crypto-loan/collateral-data"
HALVES = [
    {"name": f"half {number}", "loans": {"product": "legacy", "coin": "USDT", "id": order_id(number)}, "max_debt": "0.5"} for number in range(NUMBER)
]


def test_what_another_run_paid_after_the_common_reading_is_not_paid_again(book, begin_policy, begin_module, spoil, until, sandbox, paid) -> None:
    spoil(delay_answer_ms=2000)
    process = begin_policy(*HALVES)
    until(lambda: sandbox.requests()["counts"].get(f"POST {REPAY}"))
    assert not begin_module("bybit_loan_repay", order_id=order_id(5), max_debt="0.5", settle_margin=0).end().failed
    run = process.end()
    assert paid() == dict.fromkeys(ALL_PAID, D("0.5")), (outcomes(run), run["msg"])


def test_what_another_run_pays_while_this_one_waits_for_it_is_not_paid_again(book, begin_policy, begin_module, spoil, until, sandbox, paid) -> None:
    spoil(PLANNED_ON, "GET", delay_answer_ms=1500)
    process = begin_policy(*HALVES)
    until(lambda: sandbox.requests()["counts"].get(f"GET {PLANNED_ON}"))
    spoil(delay_answer_ms=3000)
    other = begin_module("bybit_loan_repay", order_id=order_id(5), amount="0.5", settle_margin=0)
    until(lambda: sandbox.requests()["counts"].get(f"POST {REPAY}"))
    run = process.end()
    assert not other.end().failed
    assert paid() == {order_id(number): D("0.5") for number in range(6)}, (outcomes(run), run["msg"])
    assert [entry["outcome"] for entry in run["operations"]] == [*["executed"] * 5, "not_executed", *["not_tried"] * 2]


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
def test_a_defect_of_the_common_reading_loses_no_result(book, policy, paid, monkeypatch, spoil, is_before: bool) -> None:
    """No answer is known that does this, so the reading itself is broken here."""
    true, calls = listing._history, []

    def broken(*given: t.Any) -> t.Any:
        calls.append(given)
        return true(*given) if len(calls) == 1 else {}[0]

    monkeypatch.setattr(listing, "_history", broken)
    if is_before:
        # Before the fourth repayment, the reading is outdated.
        spoil(skip=2, delay_answer_ms=6000)
    run = policy(CLOSE_ALL)
    expected = [*["unknown"] * 3, "not_executed", *["not_tried"] * 4] if is_before else ["unknown"] * NUMBER
    assert ([entry["outcome"] for entry in run["operations"]], run.failed, run["outcome"]) == (expected, True, "unknown")
    monkeypatch.setattr(listing, "_history", true)
    again = policy(CLOSE_ALL)
    assert (again.failed, again["changed"], paid()) == (False, True, ALL_PAID)
    assert [entry["outcome"] for entry in again["earlier"]] == ["executed"] * expected.count("unknown")
