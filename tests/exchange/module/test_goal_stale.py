# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A debt or LTV goal right after another repayment that the exchange shows late: nothing is paid twice.

The runs of a test overlap, each on its own loan, because all of them wait.
"""

from __future__ import annotations

import itertools
import typing as t
from decimal import Decimal

import pytest
from ways import LEGACY

# Exchanges are assumed to be no later than this margin.
MARGIN = 1
LATE_MS = 800
SOON_MS = 300
GOALS = ({"max_debt": "500"}, {"max_debt": "0"}, {"max_ltv": "0.2"})
# How late the exchange shows a repayment. Without an order, the debt does not show it before the history does.
DELAYS: list[dict[str, int]] = [
    {},
    {"debt_delay_ms": SOON_MS},
    {"debt_delay_ms": LATE_MS},
    {"processing_ms": 400},
    {"processing_ms": 400, "debt_delay_ms": LATE_MS},
    # In process for longer than the margin.
    {"processing_ms": 1600},
]
FAILING = {"processing_ms": 1600, "final_status": 3}
LATE_IN_HISTORY: list[dict[str, int]] = [
    {"history_delay_ms": SOON_MS},
    {"history_delay_ms": SOON_MS, "debt_delay_ms": LATE_MS},
    {"history_delay_ms": LATE_MS, "debt_delay_ms": LATE_MS},
    {"history_delay_ms": SOON_MS, "processing_ms": 400},
]


class Case(t.NamedTuple):
    """A goal right after a repayment."""

    delays: dict[str, int]
    goal: dict[str, str]
    order_id: str


@pytest.fixture
def cases(sandbox, roomy_seed) -> t.Callable[..., list[Case]]:
    """Make a loan of 1000.4 for each combination of these delays and goals."""

    def call(delays: list[dict[str, int]], goals: tuple[dict[str, str], ...] = GOALS) -> list[Case]:
        account = roomy_seed["accounts"][0]
        pairs = list(itertools.product(delays, goals))
        made = [Case(delay, goal, str(7000 + number)) for number, (delay, goal) in enumerate(pairs)]
        account["loans"] = [{**account["loans"][0], "order_id": case.order_id} for case in made]
        account["repayments"] = []
        account["wallet"]["USDT"] = "1000000"
        sandbox.control("PUT", "seed", roomy_seed)
        return made

    return call


@pytest.fixture
def window_ms() -> int:
    """Wide enough for a clock that stands still for a while."""
    return 5000


@pytest.fixture
def pay_after(simulated_time, begin_module, sandbox):
    """Reach all goals at once, each right after another event."""

    def call(cases: list[Case], first: t.Callable[[Case], object]) -> list[tuple[Case, t.Any]]:
        # Delays follow this clock, which stands still until all first events are done.
        stopped_at_ms = sandbox.clock(freeze_at_ms=sandbox.state()["server_time"] + 3000)
        for case in cases:
            if case.delays:
                sandbox.fault(**case.delays)
            first(case)
        sandbox.clock(offset_ms=stopped_at_ms - simulated_time.now_ms())
        options = {"settle_margin": MARGIN, "wait_timeout": 20}
        processes = [begin_module("bybit_loan_repay", order_id=case.order_id, **options, **case.goal) for case in cases]
        return [(case, process.end()) for case, process in zip(cases, processes)]

    return call


def assert_reached_once(sandbox, case: Case, run) -> None:
    """The ledger has the first repayment and what was missing after it, and nothing else."""
    loan = sandbox.loan(case.order_id) or {"debt": "0", "ltv": "0"}
    entries = [(e["origin"], e["amount"]) for e in reversed(sandbox.repayments(case.order_id)) if e["status"] == 1]
    story = f"{case}: {entries}, {run['msg']}"
    assert (run.failed, run["outcome"], run["goal_reached"]) == (False, "executed", True), story
    assert len(run["repayments"]) == 1, story
    assert Decimal("1000.4") - sum(Decimal(amount) for dummy, amount in entries) == Decimal(loan["debt"]), story
    if "max_ltv" in case.goal:
        # The rounding steps of the exchange. A repayment too many would be far below.
        assert Decimal("0.1995") < Decimal(loan["ltv"]) <= Decimal("0.2"), story
    else:
        assert loan["debt"] == case.goal["max_debt"], story


def test_after_a_repayment_in_the_app(cases, pay_after, sandbox) -> None:
    def in_the_app(case: Case) -> None:
        assert sandbox.repay(case.order_id, "300").code == 0

    for case, run in pay_after(cases([*DELAYS, FAILING]), in_the_app):
        assert_reached_once(sandbox, case, run)


@pytest.mark.parametrize("delays", [DELAYS, LATE_IN_HISTORY], ids=["late-debt", "late-history"])
def test_after_a_run_that_did_not_wait(cases, pay_after, run_module, sandbox, delays: list) -> None:
    def without_waiting(case: Case) -> None:
        run = run_module("bybit_loan_repay", order_id=case.order_id, amount="300", wait=False)
        assert run["outcome"] == "pending"

    for case, run in pay_after(cases(delays), without_waiting):
        assert_reached_once(sandbox, case, run)


def test_after_a_run_whose_repayment_failed_out_of_sight(cases, pay_after, run_module, sandbox) -> None:
    """The history of legacy loans does not show failures, so it may be a repayment that the debt does not show yet."""
    def without_waiting(case: Case) -> None:
        run = run_module("bybit_loan_repay", order_id=case.order_id, amount="300", wait=False)
        assert run["outcome"] == "pending"

    for case, run in pay_after(cases([FAILING]), without_waiting):
        assert (run.failed, run["changed"], run["outcome"]) == (True, False, "unknown"), case
        assert " was accepted at " in run["msg"] and "but the exchange does not show it, so it is unknown how much" in run["msg"], case
        assert [entry["status"] for entry in sandbox.repayments(case.order_id)] == [3], case


def test_after_a_run_whose_answer_was_lost(cases, pay_after, run_module, sandbox) -> None:
    def lost(case: Case) -> None:
        run = run_module("bybit_loan_repay", order_id=case.order_id, amount="300", wait_timeout=0)
        assert run["outcome"] == "unknown"

    delays = [{**late, "answer": "close"} for late in (*DELAYS[:3], *LATE_IN_HISTORY[:3])]
    for case, run in pay_after(cases(delays, GOALS[::2]), lost):
        assert_reached_once(sandbox, case, run)
        assert [earlier["outcome"] for earlier in run.details["earlier"]] == ["executed"], case


def test_after_the_same_goal_whose_run_was_killed(cases, pay_after, begin_module, sandbox, until) -> None:
    """What it paid counts for the goal. Only the rest is paid."""
    def killed(case: Case) -> None:
        process = begin_module("bybit_loan_repay", order_id=case.order_id, settle_margin=MARGIN, **case.goal)
        until(lambda: sandbox.repayments(case.order_id))
        process.kill()

    delays = [{**late, "delay_answer_ms": 5000} for late in (*DELAYS[:5], *LATE_IN_HISTORY[:3])]
    for case, run in pay_after(cases(delays, GOALS[::2]), killed):
        entries = [entry["amount"] for entry in sandbox.repayments(case.order_id)]
        assert (run["outcome"], run.details["recovered"], len(entries)) == ("executed", True, 1), f"{case}: {entries}, {run['msg']}"
        loan = sandbox.loan(case.order_id) or {"debt": "0", "ltv": "0"}
        assert loan["debt"] == case.goal["max_debt"] if "max_debt" in case.goal else Decimal(loan["ltv"]) <= Decimal("0.2"), case


@pytest.mark.parametrize(("margin", "outcome"), [(60, "not_executed"), (0, "unknown")])
@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_a_repayment_that_the_exchange_never_shows_is_not_paid_again(run_module, sandbox, posts, goal, margin: int, outcome: str) -> None:
    loan = {"order_id": LEGACY.ids["order_id"], "settle_margin": margin, "wait_timeout": 0}
    sandbox.fault(history_delay_ms=3_600_000, debt_delay_ms=3_600_000)
    assert run_module("bybit_loan_repay", **loan, amount="300", wait=False)["outcome"] == "pending"
    if not margin:
        # By now, the exchange should have shown it.
        sandbox.clock(advance_ms=10_000)
    run = run_module("bybit_loan_repay", **loan, **goal)
    assert (run.failed, run["changed"], run["outcome"], posts()) == (True, False, outcome, 1)
    if margin:
        assert "was made recently or is still in process, so the " in run["msg"]
        assert "that the exchange shows may be outdated" in run["msg"]
    else:
        assert " was accepted at " in run["msg"] and "but the exchange does not show it, so it is unknown how much" in run["msg"]
