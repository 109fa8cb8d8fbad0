# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each law of the oracle is in force, and each excuse occurs."""

from __future__ import annotations

import dataclasses
import inspect
import typing as t
from decimal import Decimal

import pytest
from cases import (
    COIN,
    DEBT_TOO_LATE,
    GOAL,
    LOST,
    MAX_DEBT,
    NAMED,
    NAMED_OTHER,
    NEVER,
    SINCE,
    T0,
    TELLS_NOT_EXECUTED,
    asked,
    entry,
    looks,
    made,
    owed,
    post,
    recorded,
    reported,
    run,
)
from simulation import gate, oracle
from simulation.goals import Loss, Plan
from simulation.ledger import FAILED, PROCESSING, Entry
from simulation.products import KEY, ORDER_COLLATERAL, WALLET, Loan
from simulation.recording import Recording
from simulation.runs import Post, Read, Run

STEPS = ["start", "lock 6", "sql BEGIN IMMEDIATE", "body", "print"]
COPY = {"answer": {"ret_code": 10006}, "commit": True}
TURNED_AWAY = {"answer": {"ret_code": 10006}, "commit": False}
DAY_MS = 86_400_000
DEBT = Plan(MAX_DEBT)


def again(**changed: t.Any) -> Post:
    return post(repay_id="8", sent_at=T0 + 3000, timestamp=T0 + 2997, handled_at=T0 + 3000, **changed)


# One violation of each law, as runs, ledger, and other facts.
BROKEN: dict[t.Callable[..., list[str]], tuple[list[Run], list[Entry], dict[str, t.Any]]] = {
    oracle.pays_once: (
        [run(None, [post(fault=LOST)], killed=True), run(reported("executed", repay_id="8"), [again(run=1)], 1)],
        [entry(), entry("8")], {},
    ),
    oracle.pays_once_under_a_reference: (
        [
            run(None, [post(fault=LOST)], killed=True, plan=Plan(NAMED)),
            run(reported("executed", repay_id="8", amount="40.5"), [again(run=1, amount=Decimal("40.5"))], 1, plan=Plan(NAMED_OTHER)),
        ],
        [entry(), entry("8", amount="40.5")], {},
    ),
    oracle.not_executed_is_final: ([run(reported("not_executed"), [post(fault=LOST)])], [entry()], {}),
    oracle.answers_once: ([run(reported("executed"), [post()]), run(reported("executed"), [], 1)], [entry()], {}),
    oracle.sends_only_when_it_may: ([run(reported("planned"), [post()], plan=Plan(GOAL, check=True))], [entry()], {}),
    oracle.sends_once: ([run(reported("executed"), [post(), again()])], [entry(), entry("8")], {}),
    oracle.sends_nothing_while_another_is_open: (
        [
            run(None, [post(fault={**LOST, "arrive_after_ms": 4000}, repay_id=None)], killed=True),
            run(reported("executed", repay_id="8"), [again(run=1)], 1),
        ],
        [entry("8")], {},
    ),
    oracle.sends_what_is_missing: ([run(reported("executed"), [post(amount=Decimal(99))])], [entry(amount="99")], {}),
    oracle.keeps_to_its_cap: ([run(reported("executed"), [post()], plan=Plan(SINCE, at_most="60"))], [entry()], {}),
    oracle.decides_anew_after_the_gate: (
        [run(reported("executed"), [post(fault=TURNED_AWAY, repay_id=None), again()], reads=[])],
        [entry("8")], {},
    ),
    oracle.writes_down_what_it_sends: ([run(reported("executed"), [post(noted=frozenset())])], [entry()], {}),
    oracle.sends_nothing_for_nobody: (
        [run(reported("executed"), [post(step=3)], plan=Plan(GOAL, loss=Loss("step", 1)), steps=STEPS, orphaned_at=1)],
        [entry()], {},
    ),
    oracle.waits_until_the_debt_shows_it: (
        [run(reported("executed"), [post(fault={"debt_delay_ms": 30_000})], plan=DEBT, ended_at=T0 + 15_000)],
        [entry()], {},
    ),
    oracle.reports_a_result: ([run(None, [], output="oops")], [], {}),
    oracle.does_not_contradict_itself: ([run(reported("executed", changed=False), [post()])], [entry()], {}),
    oracle.knows_its_journal: ([run(reported("not_executed"), [], has_lost_journal=True)], [], {}),
    oracle.reports_what_was_made: ([run(reported("executed"), [post(repay_id=None)])], [], {}),
    oracle.answers_by_its_reference: (
        [run(reported("executed", changed=False, repayments=[]), [], plan=Plan(NAMED))], [], {},
    ),
    oracle.reaches_its_goal: ([run(reported("nothing_to_do"), [], plan=DEBT)], [], {"books": owed("910")}),
    oracle.knows_what_is_in_doubt: (
        [
            run(None, [post(fault=LOST)], killed=True),
            run(reported("not_executed", sent_at_ms=None), [], 1, reads=[Read(T0 + 100, KEY, False)]),
        ],
        [entry()], {},
    ),
    oracle.reports_unknown_only_with_an_excuse: ([run(reported("unknown"), [post(fault=LOST)])], [entry()], {}),
    oracle.reports_earlier_repayments: (
        [run(None, [post(fault=LOST)], killed=True), run(reported("nothing_to_do", earlier=[TELLS_NOT_EXECUTED]), [], 1)],
        [entry()], {},
    ),
    oracle.everybody_knows: ([run(None, [post(fault=LOST)], killed=True)], [entry()], {}),
}
# These laws take other arguments than a recording, and have their own tests.
ELSEWHERE = {oracle.keeps_secrets, oracle.comes_to_rest}
CHECKS = {oracle.after_run, oracle.always}


def said(law: t.Callable[..., list[str]], recording: Recording) -> list[str]:
    if "asks" in inspect.signature(law).parameters:
        return law(recording, asked(recording))
    return [sentence for one in recording.runs for sentence in law(one, recording)]


@pytest.mark.parametrize("law", BROKEN, ids=lambda law: law.__name__)
def test_each_law_is_in_force(law: t.Callable[..., list[str]]) -> None:
    runs, ledger, known = BROKEN[law]
    recording = recorded(runs, ledger, **known)
    sentences = said(law, recording)
    assert sentences
    found = [one for ended in recording.runs for one in oracle.after_run(ended, recording)]
    found += oracle.always(recording, asked(recording))
    assert law is oracle.everybody_knows or all(any(sentence in one for one in found) for sentence in sentences)


def test_no_law_is_left_out() -> None:
    functions = [one for one in vars(oracle).values() if inspect.isfunction(one)]
    laws = {one for one in functions if one.__annotations__["return"] == "list[str]"} - CHECKS
    assert laws == {*BROKEN, *ELSEWHERE}
    assert all(law.__doc__ and law.__doc__.endswith(".") for law in laws)


def lost(**changed: t.Any) -> tuple[Run, Post, dict[str, t.Any]]:
    """A run that does not know the outcome of its request, which was not executed."""
    sent = post(fault=NEVER, repay_id=None)
    return run(reported("unknown"), [sent], **changed), sent, {}


def hidden(fault: dict[str, t.Any] | None = None, **changed: t.Any) -> tuple[Run, Post, dict[str, t.Any]]:
    """A run that does not know the outcome of its request, which was executed."""
    sent = post(fault=fault or LOST)
    return run(reported("unknown"), [sent]), sent, {"ledger": {"7": entry(**changed)}}


MISLED = [*looks(T0, T0 + 60_000), dataclasses.replace(looks(T0, T0 + 1000)[0], changed=True, clean=False)]
OWN, CASH = entry("8", "100", source="owner"), entry("8", "3", source="owner", time=T0 + 900)
UNKNOWN: dict[str, tuple[Run, Post, dict[str, t.Any]]] = {
    "changed": lost(reads=MISLED),
    "blocked": (run(reported("unknown"), [post(fault={"answer": {"http_status": 403}}, repay_id=None)]),
                post(fault={"answer": {"http_status": 403}}, repay_id=None), {}),
    "too old": lost(began_at=T0 + 179 * DAY_MS),
    "twin": (*lost()[:2], {"ledger": {"8": OWN}}),
    "switch": (*lost()[:2], {"switched": {"repay_amount": {"rounded"}}}),
    "failed": hidden(status=FAILED),
    "neighbor": (*lost()[:2], {"ledger": {"8": CASH}}),
    "late": hidden(DEBT_TOO_LATE, visible_at=T0 + 50_000),
    "borrowed": (*lost()[:2], {"borrowed": [(T0 + 500, GOAL.loan)]}),
    "wait_timeout": lost(plan=Plan(GOAL, wait_timeout=16)),
    "reads": lost(reads=looks(T0, T0 + 8000) + looks(T0 + 8000, T0 + 60_000, False)),
}


@pytest.mark.parametrize("word", UNKNOWN)
def test_each_excuse_for_unknown_happens(word: str) -> None:
    one, sent, known = UNKNOWN[word]
    assert oracle.excuse_for_unknown(one, sent, Recording(T0, [one], [sent], **known)) == word


PLEDGE = Loan(ORDER_COLLATERAL, "17")
IN_PROCESS = post(fault={"processing_ms": 90_000})
PENDING: dict[str, tuple[Run, Entry]] = {
    "wait": (run(reported("pending"), [post()], plan=Plan(GOAL, wait=False)), entry(status=PROCESSING)),
    "gone": (run(reported("pending"), [post()]), entry(status=FAILED)),
    "no status": (run(reported("pending"), [post(fault={"debt_delay_ms": 90_000}, loan=PLEDGE)]), entry(loan=PLEDGE)),
    "wait_timeout": (run(reported("pending"), [IN_PROCESS]), entry(status=PROCESSING)),
    "reads": (run(reported("pending"), [post()], reads=looks(T0, T0 + 60_000, False)), entry()),
}


@pytest.mark.parametrize("word", PENDING)
def test_each_excuse_for_pending_happens(word: str) -> None:
    one, paid = PENDING[word]
    assert oracle.excuse_for_pending(one, paid, Recording(T0, [one], one.posts, {"7": paid})) == word


def turned_away(reads: list[Read], **known: t.Any) -> Recording:
    one = run(reported("not_executed"), [post(fault={**COPY, **known.pop("fault", {})})], reads=reads)
    return Recording(T0, [one], one.posts, {"7": known.pop("entry", entry(visible_at=T0 + 9000))}, **known)


EARLY = looks(T0 + 1000, T0 + 2000)
SEEN = [*EARLY, Read(T0 + 1500, WALLET, True)]
BELIEVED: dict[str, Recording] = {
    "refused": turned_away([]),
    "late": turned_away(EARLY, entry=entry(visible_at=T0 + 20_000)),
    "changed": turned_away(EARLY, switched={"repay_amount": {"rounded"}}),
    "reads": turned_away(EARLY),
    "borrowed": turned_away(SEEN, borrowed=[(T0 + 500, COIN)]),
}


@pytest.mark.parametrize("word", BELIEVED)
def test_each_excuse_for_believing_the_gate_happens(word: str) -> None:
    recording = BELIEVED[word]
    assert gate.why_believed(recording.posts[0], recording) == word


@pytest.mark.parametrize(
    "recording", [turned_away(looks(T0 + 9000, T0 + 10_000)), turned_away(SEEN), turned_away(EARLY, cannot_read_wallet=True)]
)
def test_a_visible_copy_is_no_excuse(recording: Recording) -> None:
    assert gate.why_believed(recording.posts[0], recording) is None


def test_no_excuse_is_left_out() -> None:
    assert [excuse.word for excuse in oracle.UNKNOWN] == list(UNKNOWN)
    assert [excuse.word for excuse in oracle.PENDING] == list(PENDING)
    assert list(oracle.GATE) == list(BELIEVED)


@pytest.mark.parametrize(("outcomes", "sent", "hour_turned", "sentence"), [
    (["executed", "nothing_to_do"], [1, 0], False, ""),
    (["executed", "executed", "nothing_to_do"], [0, 1, 0], False, ""),
    (["executed", "executed", "nothing_to_do"], [1, 1, 0], True, ""),
    (["executed", "executed", "nothing_to_do"], [1, 1, 0], False, "was paid for by several runs"),
    (["executed", "executed"], [1, 0], False, "reported executed, executed"),
    (["pending", "nothing_to_do"], [1, 0], False, "reported pending, nothing_to_do"),
])
def test_goals_that_do_not_come_to_rest_are_found(outcomes: list[str], sent: list[int], hour_turned: bool, sentence: str) -> None:
    runs = [run(reported(outcome), [post()] * count, plan=DEBT) for outcome, count in zip(outcomes, sent, strict=True)]
    found = oracle.comes_to_rest(MAX_DEBT, runs, hour_turned)
    assert len(found) == bool(sentence) and all(sentence in one for one in found)


def test_retries_at_the_gate_are_counted() -> None:
    turned = post(fault=TURNED_AWAY, repay_id=None)
    result = reported("executed", repay_id="8", gate_retries={"clock_syncs": 0, "rate_limits": 0})
    recording = recorded([run(result, [turned, again()])], [entry("8")])
    assert any("times, but reports" in one for one in said(oracle.decides_anew_after_the_gate, recording))


@pytest.mark.parametrize(("changed", "sentence"), [
    ({"sent_at_ms": 5}, "that was never sent"),
    ({"amount": "99"}, "an earlier repayment of 99, but it was 100"),
    ({"repay_id": "9"}, "an earlier repayment 9, but it led to"),
])
def test_wrong_reports_of_earlier_repayments_are_found(changed: dict[str, t.Any], sentence: str) -> None:
    earlier = {**made(), **changed}
    runs = [run(None, [post(fault=LOST)]), run(reported("nothing_to_do", earlier=[earlier]), [], 1)]
    found = said(oracle.reports_earlier_repayments, recorded(runs, [entry()]))
    assert any(sentence in one for one in found), found
