# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle accepts correct runs, and describes each violation in one sentence."""

from __future__ import annotations

import pytest
from cases import (
    DEBT_TOO_LATE,
    GOAL,
    LOST,
    NEVER,
    SINCE,
    T0,
    TELLS_NOT_EXECUTED,
    entry,
    judge,
    looks,
    post,
    run,
    reported,
)
from simulation import oracle
from simulation.asks import Asks
from simulation.goals import Plan
from simulation.ledger import FAILED, PROCESSING, Entry
from simulation.recording import Recording
from simulation.runs import Read, Run


@pytest.mark.parametrize(("runs", "ledger"), [
    ([run(reported("executed"), [post()])], [entry()]),
    ([run(reported("executed", recovered=True), [post(fault=LOST)])], [entry()]),
    ([run(reported("not_executed"), [post(fault=NEVER, repay_id=None)])], []),
    ([run(reported("not_executed", repay_id="7"), [post()])], [entry(status=FAILED)]),
    ([run(reported("pending"), [post()], plan=Plan(GOAL, wait=False))], [entry(status=PROCESSING)]),
    (
        [run(reported("nothing_to_do", since={"repaid": "300"}), [], plan=Plan(SINCE))],
        [entry(amount="300", source="owner")],
    ),
    ([run(None, [post()], killed=True)], [entry()]),
    ([run(reported("unknown"), [post(fault=LOST)], plan=Plan(GOAL, wait_timeout=3))], [entry()]),
    ([run(reported("unknown"), [post(fault=LOST)], reads=looks(T0, T0 + 60_000, clean=False))], [entry()]),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry(), entry("8", source="owner")]),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry(visible_at=T0 + 50_000)]),
    (
        [run(None, [post(fault=LOST)], killed=True), run(reported("executed", recovered=True), [], 1)],
        [entry()],
    ),
])
def test_correct_runs_pass(runs: list[Run], ledger: list[Entry]) -> None:
    assert judge(runs, ledger) == []


@pytest.mark.parametrize(("runs", "ledger", "sentence"), [
    ([run(None, [], output="oops")], [], "no JSON document"),
    ([run(reported("executed"), [post()], errors="Traceback")], [entry()], "an error inside"),
    ([run(reported("executed", changed=False), [post()])], [entry()], "outcome executed with changed False"),
    ([run(reported("unknown", failed=False), [post()], exit_code=0)], [entry()], "failed False"),
    ([run(reported("executed"), [post()], exit_code=1)], [entry()], "exit code 1"),
    ([run(reported("executed", repay_id=None), [post()])], [entry()], "with repay_id None"),
    ([run(reported("unknown", intent=None), [post()])], [entry()], "no intent is named"),
    ([run(reported("executed"), [post(repay_id=None)])], [], "is not in the ledger"),
    ([run(reported("executed", amount="99"), [post()])], [entry()], "reported an amount of 99"),
    ([run(reported("executed"), [post(fault=LOST)])], [entry()], "but the answers were ['lost']"),
    ([run(reported("executed", recovered=True), [post()])], [entry()], "but the answers were ['clear']"),
    ([run(reported("executed"), [post()])], [entry(status=PROCESSING)], "reported executed, but repayment 7 has status 2"),
    ([run(reported("executed"), [post(repay_id=None)])], [entry(source="owner", time=T0 - 600_000)], "was made by owner"),
    ([run(reported("pending"), [post()])], [entry()], "could have seen"),
    ([run(reported("not_executed"), [post(fault=LOST)])], [entry()], "reported not_executed, but the ledger holds"),
    ([run(reported("not_executed"), [post(fault=LOST)])], [entry(visible_at=T0 + 50_000)], "reported not_executed, but"),
    ([run(reported("not_executed"), [post(fault=DEBT_TOO_LATE)])], [entry(visible_at=T0 + 50_000)], "reported not_executed, but"),
    ([run(reported("unknown"), [post(fault=LOST)])], [entry()], "reported unknown without need"),
    ([run(reported("unknown"), [post(fault=NEVER, repay_id=None)])], [], "reported unknown without need"),
    ([run(reported("unknown", sent_at_ms=5), [])], [], "but none was"),
    ([run(reported("nothing_to_do"), [])], [], "but the loan is open"),
    ([run(reported("executed"), [post(fault=LOST), post(repay_id="8")])], [entry(), entry("8")], "sent again after"),
    ([run(reported("planned"), [post()], plan=Plan(GOAL, check=True))], [entry()], "although it must not"),
    ([run(reported("not_executed"), [post()], plan=Plan(GOAL, broken_state="file"))], [entry()], "although it must not"),
    (
        [run(reported("executed"), [post()]), run(reported("executed", recovered=True), [], 1)],
        [entry()],
        "runs 0 and 1 both reported repayment 7",
    ),
    (
        [run(None, [post(fault=LOST)], killed=True), run(reported("executed", repay_id="8"), [post(1, repay_id="8")], 1)],
        [entry(), entry("8")],
        "2 repayments for 1 asks",
    ),
    (
        [
            run(None, [post(fault={**LOST, "arrive_after_ms": 4000}, repay_id=None)], killed=True),
            run(reported("executed", repay_id="8"), [post(1, repay_id="8", sent_at=T0 + 500)], 1),
        ],
        [entry("8")],
        "was open",
    ),
    (
        [run(reported("executed", since={}), [post()], plan=Plan(SINCE))],
        [entry(), entry("8", "250", time=T0 - 500, source="owner")],
        "sent 100 for the goal <300 on legacy …1 since 0>, but 50 was missing",
    ),
    (
        [run(reported("nothing_to_do", since={"repaid": "300"}), [], plan=Plan(SINCE))], [entry(source="owner")],
        "reported nothing to do, but only 100 has been paid",
    ),
    (
        [run(None, [post(fault=LOST)], killed=True), run(reported("nothing_to_do", earlier=[TELLS_NOT_EXECUTED]), [], 1)],
        [entry()],
        "calls an earlier repayment not executed",
    ),
])
def test_each_violation_is_found(runs: list[Run], ledger: list[Entry], sentence: str) -> None:
    assert any(sentence in found for found in judge(runs, ledger)), judge(runs, ledger)


def test_a_repayment_that_nobody_was_told_about_is_found() -> None:
    runs = [run(None, [post(fault=LOST)], killed=True)]
    recording = Recording(T0 + 90_000, runs, runs[0].posts, {"7": entry()})
    asks = Asks()
    asks.begin(runs[0])
    assert oracle.everybody_knows(recording, asks) == ["nobody was told of repayment 7", f"the ask for {GOAL} is still open"]
    asks.settled_by_hand(runs[0].posts, recording)
    assert oracle.everybody_knows(recording, asks) == []


@pytest.mark.parametrize(("name", "mode", "content", "sentence"), [
    ("a.json", 0o644, b"", "the file a.json has mode 644"),
    ("a.json", 0o600, b'{"key": "k-1"}', "the file a.json holds 'k-1'"),
    ("k-1.lock", 0o600, b"", "the file k-1.lock holds 'k-1'"),
])
def test_exposed_files_and_secrets_are_found(name: str, mode: int, content: bytes, sentence: str) -> None:
    assert oracle.keeps_secrets([("b.json", 0o600, b"{}"), (name, mode, content)], ["k-1"]) == [sentence]


def test_an_ask_takes_as_many_runs_as_it_needs() -> None:
    recording = Recording(T0, [], [], {"7": entry()})
    asks = Asks()
    first, second, third = run(None, [], killed=True), run(reported("executed"), [], 1), run(reported("executed"), [], 2)
    for one in (first, second):
        asks.begin(one)
        asks.end(one, recording)
    assert (asks.count(GOAL), asks.open(), asks.reported) == (1, [], {"7"})
    asks.begin(third)
    assert asks.count(GOAL) == 2


@pytest.mark.parametrize(("plan", "reads", "reason"), [
    (Plan(GOAL), looks(T0, T0 + 60_000), None),
    (Plan(GOAL, wait_timeout=16), looks(T0, T0 + 16_000), "wait_timeout"),
    (Plan(GOAL), looks(T0, T0 + 8000) + looks(T0 + 8000, T0 + 60_000, False), "reads"),
    (Plan(GOAL), looks(T0, T0 + 8000, False) + looks(T0 + 8000, T0 + 60_000), None),
    # A run that stops reading without a reason has no excuse.
    (Plan(GOAL), looks(T0, T0 + 12_000), None),
])
def test_unknown_needs_an_excuse(plan: Plan, reads: list[Read], reason: str | None) -> None:
    sent = post(fault=NEVER, repay_id=None)
    one = run(reported("unknown"), [sent], plan=plan, reads=reads)
    assert oracle.excuse_for_unknown(one, sent, Recording(T0, [one], [sent])) == reason
