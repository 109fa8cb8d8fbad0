# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves of several targets change an LTV, so it is believed only when none of them is open or late."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Declined
from ansible_collections.treasury.bybit.plugins.module_utils._engine.context import new_context
from ansible_collections.treasury.bybit.plugins.module_utils._engine.preflight import run_preflight
from ansible_collections.treasury.bybit.plugins.module_utils._engine.steps import Preflight, RunEnded
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, Goal, RunOptions
from ansible_collections.treasury.bybit.plugins.module_utils._journal.entries import SIGNED, Event
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._journal.journal import Journal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.records import MADE, OPEN, Change, Record
from ansible_collections.treasury.bybit.plugins.module_utils._journal.sqlite import SqliteDatabase
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store
from ansible_collections.treasury.bybit.plugins.module_utils._journal.target import LTV, ORDER_COLLATERAL, SharedLtv, Target
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._times import utc

USUAL = RunOptions(True, 60_000, 10_000, 1000, None)
LOAN = Target("mainnet", "104", "legacy", "17")
PLEDGE = LOAN._replace(product=ORDER_COLLATERAL)
SHARED = SharedLtv(LOAN._replace(product=LTV), ("legacy", ORDER_COLLATERAL), "17", True)
# 60 times the margin after its time window of 5 s.
OLD_MS = 605_001
# The LTV is 0.5002.
HALF, REACHED, TO_750 = Goal(max_ltv=Decimal("0.25")), Goal(max_ltv=Decimal("0.9")), Goal(max_debt=Decimal(750))

Read = t.Callable[..., Preflight]


def added(bybit: t.Any, **change: t.Any) -> Intent:
    intent = Intent("8f2a", Goal(Decimal("0.5"), move=ADD), Decimal("0.5"), "BTC", Baseline((), ()), bybit.now_ms() - 60_000, 5000)
    return dataclasses.replace(intent, **change)


def entry(bybit: t.Any, age_ms: int, status: str = SUCCESS) -> HistoryEntry:
    return HistoryEntry("60", Decimal("0.5"), status, True, bybit.now_ms() - age_ms, move=ADD)


@pytest.fixture
def leave(new_store: t.Callable[..., Store]) -> t.Callable[..., None]:
    """Leave an intent as a run for another target would."""

    def call(intent: Intent, target: Target = PLEDGE) -> None:
        store = new_store(target)
        store.acquire(0)
        state = OPEN if intent.repay_id is None else MADE
        store.write([Change(Record(intent, state, SIGNED), (Event(SIGNED, "sent"),), is_new=True)])
        store.release()

    return call


@pytest.fixture
def read(bybit: t.Any, journal_path: t.Any, clock: t.Any) -> t.Iterator[Read]:
    """Read as a run for the loan does."""
    journal = Journal(Store(SqliteDatabase(str(journal_path), clock), LOAN, clock, SHARED))

    def call(goal: Goal, **options: t.Any) -> Preflight:
        journal.release()
        journal.begin(False, 1000)
        return run_preflight(new_context(bybit, bybit, journal, goal, USUAL._replace(**options)))

    with journal:
        yield call


@pytest.mark.parametrize("goal", [HALF, REACHED], ids=["to move", "reached"])
@pytest.mark.parametrize("change", [{}, {"repay_id": "60"}], ids=["open", "accepted"])
def test_a_goal_of_the_ltv_is_refused_while_another_target_is_unresolved(
    read: Read, bybit: t.Any, leave: t.Callable[..., None], goal: Goal, change: dict[str, t.Any]
) -> None:
    leave(added(bybit, **change))
    bybit.others = [entry(bybit, 60_000)]
    with pytest.raises(RunEnded) as caught:
        read(goal)
    ended = caught.value
    assert (type(ended.error), ended.error.outcome, ended.is_open, bybit.clock.pauses) == (Declined, "not_executed", False, [])
    assert str(ended) == (
        "An earlier run began an addition of 0.5 BTC to the collateral of loan 17, sent at 2026-11-01 11:59:00 UTC, and its outcome is unknown, so the "
        "LTV of loan 17 cannot be trusted. Nothing was sent: run that task again first, or run it with acknowledge: '8f2a'."
    )


@pytest.mark.parametrize("goal", [TO_750, Goal(Decimal(100))], ids=["debt", "amount"])
def test_other_goals_do_not_depend_on_it(read: Read, bybit: t.Any, leave: t.Callable[..., None], goal: Goal) -> None:
    leave(added(bybit))
    assert read(goal).decision.kind == "move"
    assert bybit.clock.pauses == []


def test_an_open_intent_for_another_ltv_does_not_matter(read: Read, bybit: t.Any, leave: t.Callable[..., None]) -> None:
    for number, other in enumerate((PLEDGE._replace(loan="18"), LOAN._replace(product="flexible", loan="USDT"))):
        leave(added(bybit, intent_id=str(number)), other)
    assert read(HALF).decision.kind == "move"


@pytest.mark.parametrize("move", [ADD, TAKE_BACK])
def test_a_pending_move_of_another_run_is_waited_for_until_it_is_final(
    read: Read, bybit: t.Any, leave: t.Callable[..., None], move: str
) -> None:
    leave(added(bybit, repay_id="60", reported=True, goal=Goal(Decimal("0.5"), move=move), sent_at_ms=bybit.now_ms() - OLD_MS))
    bybit.others = [entry(bybit, OLD_MS, PROCESSING)]

    def show() -> None:
        if len(bybit.clock.pauses) == 2:
            bybit.others = [entry(bybit, 120_000)]

    bybit.clock.after_pause = show
    assert read(HALF).decision.kind == "move"
    # The whole margin passes after each look at which it was not final, however old it is.
    assert bybit.clock.pauses == [10_000] * 2


@pytest.mark.parametrize("status", [SUCCESS, FAILED])
def test_a_final_move_is_waited_for_until_its_own_figures_must_show_it(
    read: Read, bybit: t.Any, leave: t.Callable[..., None], status: str
) -> None:
    leave(added(bybit, repay_id="60", reported=True, sent_at_ms=bybit.now_ms() - OLD_MS + 15_000))
    bybit.others = [entry(bybit, 60_000, status)]
    assert read(HALF).decision.kind == "move"
    assert bybit.clock.pauses == [10_000] * 2


@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
def test_a_move_that_its_own_figures_show_is_not_waited_for(read: Read, bybit: t.Any, leave: t.Callable[..., None], status: str) -> None:
    leave(added(bybit, repay_id="60", reported=True, is_shown=True))
    bybit.others = [entry(bybit, 60_000, status)]
    if status == SUCCESS:
        assert read(HALF, wait_timeout_ms=1000).decision.kind == "move"
        return
    with pytest.raises(Declined):
        read(HALF, wait_timeout_ms=1000)


@pytest.mark.parametrize(
    ("age_ms", "status", "is_read"),
    [
        # The exchange says that it is final, but its figures have not shown it.
        *[(60_000, status, False) for status in (None, PROCESSING, SUCCESS, FAILED)],
        *[(OLD_MS - 1, status, False) for status in (None, PROCESSING, SUCCESS, FAILED)],
        (OLD_MS, PROCESSING, False),
        (OLD_MS, SUCCESS, True),
        (OLD_MS, FAILED, True),
    ],
)
@pytest.mark.parametrize("goal", [HALF, REACHED], ids=["to move", "reached"])
def test_a_move_that_may_not_show_in_time_is_a_refusal(
    read: Read, bybit: t.Any, leave: t.Callable[..., None], goal: Goal, age_ms: int, status: str | None, is_read: bool
) -> None:
    sent_at_ms = bybit.now_ms() - age_ms
    leave(added(bybit, repay_id="60", reported=True, sent_at_ms=sent_at_ms))
    bybit.others = [] if status is None else [entry(bybit, age_ms, status)]
    if is_read:
        assert read(goal, wait_timeout_ms=1000).decision.kind != "decline"
        return
    with pytest.raises(Declined) as caught:
        read(goal, wait_timeout_ms=1000)
    assert str(caught.value) == (
        f"The addition of 0.5 BTC that was sent at {utc(sent_at_ms)} may not show yet, so the LTV that the exchange shows may be outdated: raise "
        "wait_timeout, or run again later."
    )


def test_a_move_that_does_not_show_for_very_long_may_have_failed(read: Read, bybit: t.Any, leave: t.Callable[..., None]) -> None:
    leave(added(bybit, repay_id="60", reported=True, sent_at_ms=bybit.now_ms() - OLD_MS))
    with pytest.raises(RunEnded, match="its outcome is unknown, so the LTV of loan 17 cannot be trusted"):
        read(HALF)


@pytest.mark.parametrize(("goal", "pauses"), [(REACHED, [7100]), (HALF, [7100]), (Goal(max_debt=Decimal(2000)), [])])
def test_an_ltv_that_may_be_late_is_not_reached(read: Read, bybit: t.Any, goal: Goal, pauses: list[int]) -> None:
    # After collateral was taken back, the LTV may look too low for a while. A late debt only makes it too high.
    bybit.others = [entry(bybit, 3000)._replace(move=TAKE_BACK)]
    read(goal)
    assert bybit.clock.pauses == pauses


def test_an_ltv_that_seemed_reached_is_decided_on_again(read: Read, bybit: t.Any) -> None:
    bybit.others = [entry(bybit, 3000)._replace(move=TAKE_BACK)]

    def show() -> None:
        bybit.collateral_usd = Decimal(1050)

    bybit.clock.after_pause = show
    assert read(REACHED).decision.kind == "move"


@pytest.mark.parametrize(("goal", "word"), [(TO_750, "debt"), (HALF, "LTV")])
def test_a_doubt_of_the_operation_is_waited_for(read: Read, bybit: t.Any, goal: Goal, word: str) -> None:
    bybit.doubtful = "the balance does not match its ledger"

    def settle() -> None:
        if len(bybit.clock.pauses) == 3:
            bybit.doubtful = ""

    bybit.clock.after_pause = settle
    with pytest.raises(Declined) as caught:
        read(goal, wait_timeout_ms=9999)
    said = "The balance does not match its ledger"
    assert str(caught.value) == f"{said}, so the {word} that the exchange shows may be outdated: raise wait_timeout, or run again later."
    assert bybit.clock.pauses == []
    assert read(goal).decision.kind == "move"
    assert bybit.clock.pauses == [10_000] * 3


def test_a_doubt_does_not_keep_a_plain_amount(read: Read, bybit: t.Any) -> None:
    bybit.doubtful = "the balance does not match its ledger"
    assert read(Goal(Decimal(100))).decision.kind == "move"
    assert bybit.clock.pauses == []
