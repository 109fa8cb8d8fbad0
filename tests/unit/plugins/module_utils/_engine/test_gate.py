# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence that a request was executed although the exchange's gate rejected it."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._engine.gate import entries_since, has_money_moved, may_show_it, must_await_entry
from ansible_collections.treasury.bybit.plugins.module_utils._engine.steps import Preflight
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, MOVES, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Movement
from ansible_collections.treasury.bybit.plugins.module_utils._operations.decision import DECLINE, MOVE, Decision, Means
from ansible_collections.treasury.bybit.plugins.module_utils._outcomes import NOTHING_TO_DO

SENT_MS = 1793534400000
OWN_ID = (TO_FUND, TO_UNIFIED)
INCOMING = (TAKE_BACK, TO_FUND)


def decision(kind: str = MOVE) -> Decision:
    return Decision(kind, "", Decimal(0), None)


def known(*entries: HistoryEntry, wallet: str | None = None, **pledged: str) -> Preflight:
    held = tuple((coin, Decimal(amount)) for coin, amount in pledged.items())
    return Preflight(None, list(entries), Means(), decision(), None if wallet is None else Decimal(wallet), held)


def intent(move: str) -> Intent:
    return Intent("8f2a", Goal(Decimal(100), move=move), Decimal(100), "USDT", Baseline((), ()), SENT_MS, 5000)


def entry(move: str, repay_id: str = "60", **change: t.Any) -> HistoryEntry:
    return HistoryEntry(repay_id, Decimal(100), SUCCESS, True, SENT_MS + 40, "USDT", "user", move=move)._replace(**change)


@pytest.mark.parametrize("move", [REPAY, ADD, TAKE_BACK])
@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        ({}, True),
        ({"status": PROCESSING}, True),
        ({"status": FAILED}, False),
        ({"by_user": None}, True),
        ({"by_user": False}, False),
        # It may show rounded or late.
        ({"amount": Decimal(99)}, True),
        ({"time_ms": SENT_MS - 60_000}, True),
    ],
    ids=str,
)
def test_new_entries_of_the_history_may_be_it(move: str, change: dict[str, t.Any], is_told: bool) -> None:
    new, old = entry(move, **change), entry(move, "59")
    assert entries_since(known(old), known(new, old), intent(move)) == ([new] if is_told else [])
    assert entries_since(known(new, old), known(new, old), intent(move)) == []


@pytest.mark.parametrize("move", MOVES)
def test_an_entry_with_another_move_is_another_one(move: str) -> None:
    for other in set(MOVES) - {move}:
        assert entries_since(known(), known(entry(other), entry(other, "8f2a")), intent(move)) == []


@pytest.mark.parametrize("move", OWN_ID)
def test_only_its_own_id_shows_a_transfer(move: str) -> None:
    ours, others = entry(move, "8f2a"), [entry(move), entry(move, "61")]
    assert entries_since(known(), known(*others), intent(move)) == []
    assert entries_since(known(), known(*others, ours), intent(move)) == [ours]
    assert entries_since(known(), known(ours._replace(status=FAILED)), intent(move)) == []


@pytest.mark.parametrize(
    ("goal", "kind", "is_it"),
    [
        (Goal(Decimal(100)), MOVE, True),
        (Goal(Decimal(100)), NOTHING_TO_DO, True),
        # What counts for a goal is no longer missing, whoever made it.
        (Goal(max_debt=Decimal(0)), MOVE, False),
        (Goal(max_ltv=Decimal("0.5"), move=ADD), NOTHING_TO_DO, False),
        (Goal(max_ltv=Decimal("0.5"), move=ADD), DECLINE, True),
        (Goal(Decimal(100), SENT_MS), MOVE, False),
        (Goal(Decimal(1), move=TAKE_BACK), MOVE, True),
        # Its own ID proves it.
        (Goal(ensure=Decimal(500), move=TO_FUND), MOVE, True),
        (Goal(ensure=Decimal(500), move=TO_FUND), NOTHING_TO_DO, True),
        (Goal(Decimal(1), move=TO_UNIFIED), MOVE, True),
    ],
    ids=str,
)
def test_which_new_entries_may_be_it(goal: Goal, kind: str, is_it: bool) -> None:
    assert may_show_it([entry(goal.move)], goal, decision(kind)) == is_it
    assert not may_show_it([], goal, decision(kind))


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        ("700", "0", False),
        ("700", "99.9999", False),
        ("700", "100", True),
        ("700", "500", True),
        ("700", "-100", False),
        # A balance that cannot be read may have changed.
        (None, "0", True),
        ("700", None, True),
    ],
)
@pytest.mark.parametrize("move", MOVES)
def test_the_wallet_shows_that_as_much_has_moved(move: str, before: str | None, change: str | None, expected: bool) -> None:
    now = None if change is None else str(700 + (1 if move in INCOMING else -1) * Decimal(change))
    assert has_money_moved(intent(move), known(wallet=before), known(wallet=now)) == expected
    assert must_await_entry([], intent(move), known(wallet=before), known(wallet=now)) == expected
    assert must_await_entry([Movement(Decimal(-100), SENT_MS)], intent(move), known(wallet=before), known(wallet=now))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"BTC": "1", "ETH": "2"}, False),
        ({"BTC": "1.5", "ETH": "2"}, False),
        ({"BTC": "0.9999", "ETH": "3"}, True),
        ({"ETH": "2"}, True),
        ({}, True),
    ],
    ids=str,
)
def test_sold_collateral_shows_in_the_pledged_amount(now: dict[str, str], expected: bool) -> None:
    assert has_money_moved(intent(REPAY), known(BTC="1", ETH="2"), known(**now)) == expected
