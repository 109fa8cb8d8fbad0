# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The oracle on references: what they answer, what they are refused for, and how long they are known."""

from __future__ import annotations

import typing as t

import pytest
from cases import GOAL, NAMED, NAMED_OTHER, T0, entry, judge, post, reported, run
from simulation.goals import Goal, Plan
from simulation.runs import Post, Run

NOW, OTHER = Plan(NAMED), Plan(NAMED_OTHER)
PAID, TWO = [entry()], [entry(), entry("8", time=T0 + 3000, visible_at=T0 + 3000)]
SOMETHING_ELSE = "reference 'invoice 7' was already used for the repayment of 100 USDT. Nothing was sent: use another reference for this step."


def first(**changed: t.Any) -> Run:
    return run(reported("executed"), [post()], plan=NOW, **changed)


def answered(outcome: str = "executed", plan: Plan = NOW, posts: t.Sequence[Post] = (), **changed: t.Any) -> Run:
    result = reported(outcome, changed=False, repayments=[], **changed)
    return run(result, list(posts), 1, plan, began_at=T0 + 70_000, ended_at=T0 + 80_000)


def refused(plan: Plan) -> Run:
    return run(reported("not_executed", msg=SOMETHING_ELSE, sent_at_ms=None), [], 1, plan, began_at=T0 + 70_000, ended_at=T0 + 80_000)


def again(**changed: t.Any) -> Run:
    sent = post(1, repay_id="8", sent_at=T0 + 3000, timestamp=T0 + 2997, handled_at=T0 + 3000)
    return run(reported("executed", repay_id="8", sent_at_ms=T0 + 2997), [sent], 1, NOW, **changed)


@pytest.mark.parametrize(("runs", "ledger", "known"), [
    ([first(), answered()], PAID, {}),
    ([first(), refused(OTHER)], PAID, {}),
    # The killed run may have used the reference.
    ([run(None, [], plan=NOW, killed=True), refused(OTHER)], [], {}),
])
def test_correct_runs_pass(runs: list[Run], ledger: list[t.Any], known: dict[str, t.Any]) -> None:
    assert judge(runs, ledger, **known) == []


@pytest.mark.parametrize(("runs", "ledger", "sentence"), [
    ([first(), again()], TWO, "two repayments under invoice 7"),
    ([first(), answered(repay_id="9")], PAID, "which is not in the ledger"),
    ([first(), answered(plan=OTHER)], PAID, "was answered by the repayment of"),
    ([first(), answered("pending")], PAID, "could have seen"),
    ([first(), refused(NOW)], PAID, "refused invoice 7 as used for something else"),
    ([run(reported("executed"), [post()], plan=Plan(GOAL)), refused(OTHER)], PAID, "refused invoice 7"),
    # Without a reference, nothing answers.
    ([run(reported("executed"), [post()], plan=Plan(GOAL)), answered(plan=Plan(GOAL))], PAID, "with 0 repayments"),
])
def test_each_violation_is_found(runs: list[Run], ledger: list[t.Any], sentence: str) -> None:
    found = judge(runs, ledger)
    assert any(sentence in one for one in found), found


def test_a_removed_journal_knows_no_reference() -> None:
    found = judge([first(), again(began_at=T0 + 70_000)], TWO, journals_removed=[1])
    assert not any("two repayments under" in one for one in found)


def test_only_a_step_can_have_a_reference() -> None:
    assert [goal.can_be_named for goal in (GOAL, Goal(GOAL.loan, "100", 0), Goal(GOAL.loan, max_debt="0"))] == [True, False, False]
