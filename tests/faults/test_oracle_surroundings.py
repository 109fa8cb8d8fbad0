# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle on the surroundings of runs: who got the result, what could be read, and what the gate answered."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from cases import GOAL, LOST, SINCE, T0, entry, judge, looks, post, reported, run
from simulation.goals import Loss, Plan
from simulation.ledger import Entry
from simulation.products import KEY
from simulation.runs import Read, Run

HOUR_MS = 3_600_000
STEPS = [
    "start", "lock 6", "head GET /", "sql BEGIN IMMEDIATE", "sql COMMIT", "head POST /", "body", "print", "sql BEGIN IMMEDIATE",
]
FOR_NOBODY = Plan(GOAL, loss=Loss("step", 1))
TURNED_AWAY = {"answer": {"ret_code": 10006}}
ONE_PAUSE = {"clock_syncs": 0, "rate_limits": 1}


def for_nobody(orphaned_at: int, index: int = 0, **changed: t.Any) -> Run:
    return run(reported("executed"), [post(step=6)], index, FOR_NOBODY, **{"steps": STEPS, "orphaned_at": orphaned_at, **changed})


def later(hours: int, sent: bool) -> Run:
    """Return an equal task, this many hours later, that pays again or reports the repayment again."""
    at = T0 + hours * HOUR_MS
    posts = [post(1, repay_id="8", sent_at=at, timestamp=at - 3, handled_at=at)] if sent else []
    sent_at_ms = posts[0].timestamp if sent else T0 - 3
    result = reported("executed", recovered=not sent, repay_id="8" if sent else "7", sent_at_ms=sent_at_ms)
    result["repayments"][0]["sent_at_ms"] = result["details"]["sent_at_ms"]
    return run(result, posts, 1, began_at=at - 10, ended_at=at + 60_000)


def copy(history_delay_ms: int = 0, **changed: t.Any) -> list[t.Any]:
    """Return a request that was executed although the gate turned it away, and its repetition."""
    fault = {**TURNED_AWAY, "commit": True, "history_delay_ms": history_delay_ms}
    again = post(sent_at=T0 + 3000, timestamp=T0 + 2997, handled_at=T0 + 3000, repay_id="8")
    return [post(fault=fault, **changed), again]


TWO = [entry(), entry("8", time=T0 + 3000, visible_at=T0 + 3000)]
TOO_EARLY = [entry(), entry("8", time=T0 + 11 * HOUR_MS, visible_at=T0 + 11 * HOUR_MS)]
MUCH_LATER = [entry(), entry("8", time=T0 + 13 * HOUR_MS, visible_at=T0 + 13 * HOUR_MS)]


@pytest.mark.parametrize(("runs", "ledger"), [
    # The intent was recorded before the parents ended, and a result that reached nobody is reported again.
    ([for_nobody(3)], [entry()]),
    ([for_nobody(7), later(11, sent=False)], [entry()]),
    ([for_nobody(7), later(13, sent=True)], MUCH_LATER),
    ([for_nobody(8), later(13, sent=True)], MUCH_LATER),
    # An unreadable journal, or another run's intent.
    (
        [
            run(None, [], killed=True),
            run(reported("unknown", intent=None), [], 1, has_lost_journal=True, reads=[Read(T0, KEY, True)]),
        ],
        [],
    ),
    ([run(reported("executed"), [post()], has_lost_lock=True), run(reported("executed", recovered=True), [], 1)], [entry()]),
    # The gate is trusted only as long as nothing contradicts it.
    (
        [run(reported("executed", repay_id="8", sent_at_ms=T0 + 2997, gate_retries=ONE_PAUSE), copy(20_000))],
        [dataclasses.replace(TWO[0], visible_at=T0 + 20_000), TWO[1]],
    ),
])
def test_correct_runs_pass(runs: list[Run], ledger: list[Entry]) -> None:
    for one in runs:
        for item in (one.result or {}).get("repayments", []):
            item["sent_at_ms"] = one.details["sent_at_ms"]
    assert judge(runs, ledger) == []


@pytest.mark.parametrize(("runs", "ledger", "sentence"), [
    ([for_nobody(2)], [entry()], "nobody was left to get its result"),
    ([for_nobody(7), later(11, sent=True)], TOO_EARLY, "2 repayments for 1 asks"),
    ([for_nobody(8), later(1, sent=False)], [entry()], "both reported repayment 7"),
    ([run(reported("not_executed"), [], has_lost_journal=True)], [], "cannot be read"),
    ([run(reported("executed"), [post()], has_lost_journal=True)], [entry()], "although it must not"),
    ([run(reported("executed"), [post()], plan=Plan(SINCE, at_most="60"))], [entry()], "paid 100, but at_most is 60"),
    ([run(reported("unknown", intent=None), [], reads=[Read(T0, KEY, True)])], [], "nothing can be noted"),
    ([run(reported("executed", repay_id="8"), copy(), reads=looks(T0 + 1000, T0 + 2000))], TWO, "2 repayments for 1 asks"),
    ([run(reported("executed", repay_id="8"), copy(), reads=[])], TWO, "by what was known before"),
    (
        [run(reported("not_executed"), [post(fault={**TURNED_AWAY, "commit": True})], reads=looks(T0 + 1000, T0 + 2000))],
        [entry()],
        "reported not_executed, but the ledger holds",
    ),
    (
        [
            run(None, [post(fault=LOST)], killed=True),
            run(reported("not_executed", sent_at_ms=None), [], 1, reads=[Read(T0 + 100, KEY, False)]),
        ],
        [entry()],
        "of the same goal was in doubt",
    ),
])
def test_each_violation_is_found(runs: list[Run], ledger: list[Entry], sentence: str) -> None:
    found = judge(runs, ledger)
    assert any(sentence in one for one in found), found


def test_a_capped_payment_is_correct() -> None:
    capped = reported("executed", amount="60", goal_reached=False, since={"time_ms": 0, "repaid": "0", "missing": "300"})
    one = run(capped, [post(amount=Decimal("60"))], plan=Plan(SINCE, at_most="60"))
    assert judge([one], [entry(amount="60")]) == []
