# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collateral shows of an adjustment: it rises or falls by exactly that amount, in both directions."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances, Pledge
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Movement
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation, seen_in_level, unexplained_change
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, judge
from hypothesis import given
from hypothesis import strategies as st

SENT_MS = 1793534400007
MARGIN_MS = 10_000
HOUR_MS = 3_600_000
SURE_MS = SENT_MS + 5000 + MARGIN_MS + 1
AWAY_MS = 10**9
OPPOSITES = {ADD: TAKE_BACK, TAKE_BACK: ADD}
# What is pledged after a change by the move, starting from 10.
SIGNS = {ADD: 1, TAKE_BACK: -1}

Row = t.Tuple[str, str]


def pledge(amount: str | Decimal | None, status: str = OPEN) -> Pledge:
    loan = Loan(LEGACY, "17", "USDT", Decimal(100), Decimal(0), Decimal(0), status)
    return Pledge("BTC", None if amount is None else Decimal(amount), loan=loan)


def entry(amount: str, move: str, **change: t.Any) -> HistoryEntry:
    return HistoryEntry("50", Decimal(amount), SUCCESS, True, SENT_MS - 2000, "BTC", "user", move=move)._replace(**change)


def intent(move: str, *before: HistoryEntry, amount: str = "1", **change: t.Any) -> Intent:
    baseline = Baseline((("collateral_amount", Decimal(10)),), before)
    sent = Intent("8f2a", Goal(Decimal(amount), move=move), Decimal(amount), "BTC", baseline, SENT_MS, 5000)
    return dataclasses.replace(sent, **change)


def unexplained(sent: Intent, now: Pledge | None, *entries: HistoryEntry) -> Decimal:
    return unexplained_change(sent, Observation(SURE_MS, AWAY_MS, list(entries), now), MARGIN_MS)


def after(move: str, change: str) -> Pledge:
    """Return what is pledged after a change in the direction of a move, or in the other direction if negative."""
    return pledge(10 + SIGNS[move] * Decimal(change))


@pytest.mark.parametrize("move", [ADD, TAKE_BACK])
@pytest.mark.parametrize(
    ("change", "same", "opposite", "missing"),
    [
        ("0", [], [], "0"),
        ("1", [], [], "1"),
        ("0.4", [], [], "0.4"),
        # A change in the other direction is not what was sent.
        ("-1", [], [], "0"),
        ("1", ["1"], [], "0"),
        ("1", ["0.4"], [], "0.6"),
        ("3", ["1", "2"], [], "0"),
        ("1", ["5"], [], "0"),
        # A move in the other direction hides it, so it is added.
        ("0", [], ["1"], "1"),
        ("-1", [], ["1"], "0"),
        ("-0.4", [], ["1"], "0.6"),
        ("1", [], ["1"], "2"),
        # In both directions.
        ("1", ["2"], ["1"], "0"),
        ("0", ["1"], ["1"], "0"),
        ("1.5", ["2"], ["1"], "0.5"),
        ("2", ["2"], ["1"], "1"),
        ("0.5", ["2"], ["1"], "0"),
    ],
)
def test_changes_that_the_history_does_not_explain(move: str, change: str, same: list[str], opposite: list[str], missing: str) -> None:
    rows = [entry(amount, move, repay_id=f"s{number}") for number, amount in enumerate(same)]
    rows += [entry(amount, OPPOSITES[move], repay_id=f"o{number}") for number, amount in enumerate(opposite)]
    assert unexplained(intent(move), after(move, change), *rows) == Decimal(missing)


@pytest.mark.parametrize("move", [ADD, TAKE_BACK])
@pytest.mark.parametrize(
    ("change", "explains"),
    [
        ({}, True),
        ({"status": PROCESSING}, True),
        ({"status": FAILED}, False),
        ({"time_ms": SENT_MS - 1000 - HOUR_MS}, False),
        ({"time_ms": SENT_MS - 999 - HOUR_MS}, True),
        ({"by_user": False}, True),
    ],
    ids=str,
)
def test_which_entries_explain_a_change(move: str, change: dict[str, t.Any], explains: bool) -> None:
    assert unexplained(intent(move), after(move, "1"), entry("1", move, **change)) == (0 if explains else 1)
    # One in the other direction is subtracted in the same cases.
    assert unexplained(intent(move), after(move, "0"), entry("1", OPPOSITES[move], **change)) == (1 if explains else 0)


@pytest.mark.parametrize("move", [ADD, TAKE_BACK])
@pytest.mark.parametrize(
    ("change", "explains"),
    [
        ({"time_ms": SENT_MS - HOUR_MS}, False),
        ({"time_ms": SENT_MS - HOUR_MS, "status": PROCESSING}, True),
        ({"time_ms": SENT_MS - 1000 - MARGIN_MS}, False),
        ({"time_ms": SENT_MS - 999 - MARGIN_MS}, True),
    ],
    ids=str,
)
def test_an_adjustment_known_before_explains_only_a_late_change(move: str, change: dict[str, t.Any], explains: bool) -> None:
    known = entry("1", move, **change)
    now = known._replace(status=SUCCESS)
    assert unexplained(intent(move, known), after(move, "1"), now) == (0 if explains else 1)
    # One in the other direction was probably in the figures already, and must not cause a doubt.
    opposite = entry("1", OPPOSITES[move], **change)
    assert unexplained(intent(move, opposite), after(move, "0"), opposite._replace(status=SUCCESS)) == 0


@pytest.mark.parametrize("move", [ADD, TAKE_BACK])
def test_an_unknown_level_proves_nothing(move: str) -> None:
    sent = intent(move)
    assert unexplained(sent, None) == unexplained(sent, pledge(None)) == 0
    # Closing a loan returns everything, which is no adjustment.
    assert unexplained(sent, pledge("0", REPAID)) == unexplained(sent, pledge("12", REPAID)) == 0


@given(
    st.sampled_from([ADD, TAKE_BACK]),
    st.lists(st.tuples(st.booleans(), st.decimals("0.0001", 1000, places=4)), max_size=6),
    st.decimals(0, 1000, places=4),
)
def test_only_changes_without_an_entry_are_unexplained(move: str, others: list[tuple[bool, Decimal]], hidden: Decimal) -> None:
    rows = [entry(str(amount), move if is_same else OPPOSITES[move], repay_id=str(number)) for number, (is_same, amount) in enumerate(others)]
    change = sum((amount if is_same else -amount for is_same, amount in others), Decimal(0))
    assert unexplained(intent(move), after(move, str(change + hidden)), *rows) == hidden


def judged(sent: Intent, now: Pledge, *entries: HistoryEntry) -> Finding:
    return judge(sent, Observation(SURE_MS, AWAY_MS, list(entries), now), MARGIN_MS, frozenset())


@pytest.mark.parametrize(("move", "did", "how"), [(ADD, "rose", "rise"), (TAKE_BACK, "fell", "fall")])
def test_how_an_adjustment_is_judged(move: str, did: str, how: str) -> None:
    sent, ours = intent(move), entry("1", move, time_ms=SENT_MS + 40)
    absent = f"its time window has closed, the history shows no such adjustment, the collateral did not {how} by that amount"
    assert judged(sent, after(move, "0")) == ("not_executed", absent, None, ())
    assert judged(sent, after(move, "1")).reason == f"the collateral {did} by 1 more than the history explains"
    assert judged(sent, after(move, "1"), ours)[:3] == ("executed", "the history shows it", ours)
    # The other direction is another adjustment, however similar it is.
    opposite = ours._replace(move=OPPOSITES[move])
    assert judged(sent, after(move, "-1"), opposite).reason == absent
    assert judged(sent, after(move, "0"), opposite).reason == f"the collateral {did} by 1 more than the history explains"
    assert judged(sent, after(move, "0"), ours._replace(status=FAILED))[:2] == (
        "not_executed",
        f"its time window has closed, the only such adjustment in the history, 50, has failed, the collateral did not {how} by that amount",
    )
    accepted = dataclasses.replace(sent, accepted_at_ms=SENT_MS + 40)
    assert judged(accepted, after(move, "0")).reason == "the exchange accepted it, but neither its history nor the collateral shows it"


def seen(moves: list[Row], others: list[Row], now: Pledge) -> str:
    intents = [
        intent(move, amount=amount, intent_id=str(number), repay_id=str(number), sent_at_ms=SENT_MS + number)
        for number, (move, amount) in enumerate(moves)
    ]
    rows = [entry(amount, move, repay_id=f"o{number}", time_ms=SENT_MS + 40) for number, (move, amount) in enumerate(others)]
    rows += [entry(amount, move, repay_id=str(number), time_ms=SENT_MS + 40) for number, (move, amount) in enumerate(moves)]
    return "".join(found.intent_id for found in seen_in_level(intents, rows, now))


@pytest.mark.parametrize(
    ("moves", "others", "now", "expected"),
    [
        ([(ADD, "1")], [], "10", ""),
        ([(ADD, "1")], [], "11", "0"),
        ([(ADD, "1")], [], "9", ""),
        ([(TAKE_BACK, "1")], [], "10", ""),
        ([(TAKE_BACK, "1")], [], "9", "0"),
        ([(TAKE_BACK, "1")], [], "11", ""),
        ([(ADD, "1"), (ADD, "2")], [], "11", "0"),
        ([(ADD, "1"), (ADD, "2")], [], "13", "01"),
        # It must first include what others moved since.
        ([(ADD, "1")], [(ADD, "1")], "11", ""),
        ([(ADD, "1")], [(ADD, "1")], "12", "0"),
        # With moves in both directions, only their sum is known.
        ([(ADD, "1")], [(TAKE_BACK, "1")], "10", "0"),
        ([(ADD, "1")], [(TAKE_BACK, "1")], "11", ""),
        ([(ADD, "1")], [(TAKE_BACK, "1")], "9", ""),
        ([(ADD, "1"), (TAKE_BACK, "3")], [], "8", "01"),
        ([(ADD, "1"), (TAKE_BACK, "3")], [], "11", ""),
        ([(ADD, "1"), (TAKE_BACK, "3")], [], "7", ""),
        ([(TAKE_BACK, "3"), (ADD, "1")], [(ADD, "2")], "10", "01"),
        ([(TAKE_BACK, "3"), (ADD, "1")], [(ADD, "2")], "8", ""),
    ],
)
def test_adjustments_that_the_collateral_shows(moves: list[Row], others: list[Row], now: str, expected: str) -> None:
    assert seen(moves, others, pledge(now)) == expected


def test_an_unknown_level_shows_no_adjustment() -> None:
    assert seen([(ADD, "1")], [], pledge(None)) == ""
    assert seen([(ADD, "1"), (TAKE_BACK, "3")], [], pledge("0", REPAID)) == "01"


@pytest.mark.parametrize(
    ("incoming", "movements", "expected"),
    [
        ([True], [], ""),
        ([True], [("5", 0)], "0"),
        ([True], [("-5", 0)], ""),
        ([True], [("4.9999", 0)], ""),
        ([False], [("-5", 0)], "0"),
        ([False], [("5", 0)], ""),
        # Times in the ledger are whole seconds, and the exchange's clock may be slightly behind.
        ([True], [("5", -2000)], ""),
        ([True], [("5", -1999)], "0"),
        # Each one has its own entry.
        ([True, True], [("5", 0)], "0"),
        ([True, True], [("5", 0), ("5", 0)], "01"),
        ([True, False], [("-5", 0)], "1"),
    ],
)
def test_transfers_that_the_ledger_shows(incoming: list[bool], movements: list[tuple[str, int]], expected: str) -> None:
    sent = [
        Intent(str(n), Goal(Decimal(5), move="to_fund" if comes else "to_unified"), Decimal(5), "USDT", Baseline((), ()), SENT_MS, 5000)
        for n, comes in enumerate(incoming)
    ]
    ledger = tuple(Movement(Decimal(amount), SENT_MS + offset_ms) for amount, offset_ms in movements)
    assert "".join(found.intent_id for found in seen_in_level(sent, [], Balances("USDT", None, None, ledger))) == expected
    assert seen_in_level(sent, [], Balances("USDT", Decimal(0))) == []
