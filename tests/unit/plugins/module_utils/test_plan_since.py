# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Baseline, Goal, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loan import LIQUIDATED, OPEN, REPAID, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._plan import (
    DECLINE,
    NOTHING_TO_DO,
    PAY,
    Decision,
    check_since,
    decide,
    progress_of,
)
from ansible_collections.treasury.bybit.plugins.module_utils._record import FAILED, PROCESSING, SUCCESS, Record

# 2026-11-01 00:00:00 UTC
SINCE_MS = 1793491200000
DAY_MS = 86_400_000
GOAL = Goal(Decimal(100), SINCE_MS)
LOAN = Loan("17", "USDT", Decimal(1000), Decimal("0.4"), Decimal(0), "BTC", Decimal(1), None, None, OPEN)


def record(amount: str, time_ms: int = SINCE_MS, status: str = SUCCESS, by_user: bool = True) -> Record:
    return Record("1", Decimal(amount), status, by_user, time_ms)


def unseen(amount: str, sent_at_ms: int = SINCE_MS + 1) -> Intent:
    before = Baseline(Decimal(1000), Decimal(1000), ())
    return Intent("8f2a", GOAL, Decimal(amount), "USDT", before, sent_at_ms, 5000, repay_id="2", told=True)


def plan(repaid: str, amount: str = "100", accuracy: int | None = 4, loan: Loan | None = LOAN) -> Decision:
    goal = Goal(Decimal(amount), SINCE_MS)
    return decide("17", loan, goal, progress_of(goal, [record(repaid)], []), accuracy)


@pytest.mark.parametrize(
    ("records", "repaid", "missing"),
    [
        ([], "0", "100"),
        ([record("30")], "30", "70"),
        ([record("30"), record("30")], "60", "40"),
        ([record("100")], "100", "0"),
        ([record("99.999999999999999999")], "99.999999999999999999", "0.000000000000000001"),
        ([record("100.000000000000000001")], "100.000000000000000001", "0"),
        ([record("250")], "250", "0"),
        ([record("30", status=PROCESSING)], "30", "70"),
        ([record("30", status=FAILED)], "0", "100"),
        ([record("30", by_user=False)], "0", "100"),
        ([record("30", SINCE_MS - 1)], "0", "100"),
        ([record("30", SINCE_MS)], "30", "70"),
        ([record("30", SINCE_MS + 365 * DAY_MS)], "30", "70"),
        ([record("0.1")] * 3, "0.3", "99.7"),
        ([record("30"), record("5", by_user=False), record("7", status=FAILED), record("9", 1)], "30", "70"),
    ],
)
def test_progress(records: list[Record], repaid: str, missing: str) -> None:
    assert progress_of(GOAL, records, []) == (Decimal(repaid), Decimal(missing))


@pytest.mark.parametrize(
    ("intents", "repaid"),
    [
        ([unseen("30")], "50"),
        ([unseen("30"), unseen("10")], "60"),
        ([unseen("30", SINCE_MS)], "50"),
        # Its exact time is not known yet, and a clock may be slow.
        ([unseen("30", SINCE_MS - 5000)], "50"),
        ([unseen("30", SINCE_MS - 5001)], "20"),
        ([unseen("30", SINCE_MS - DAY_MS)], "20"),
    ],
)
def test_what_was_accepted_and_is_not_seen_yet_counts(intents: list[Intent], repaid: str) -> None:
    assert progress_of(GOAL, [record("20")], intents).repaid == Decimal(repaid)


def test_the_whole_history_counts_since_1970() -> None:
    assert progress_of(Goal(Decimal(100), 0), [record("30", 1)], []).repaid == 30


@pytest.mark.parametrize(("repaid", "amount"), [("0", "100"), ("30", "70"), ("99.9999", "0.0001")])
def test_only_what_is_missing_is_paid(repaid: str, amount: str) -> None:
    decision = plan(repaid)
    assert (decision.kind, decision.amount) == (PAY, Decimal(amount))
    assert decision.after == LOAN.after_paying(Decimal(amount))


def test_the_arithmetic_is_told() -> None:
    assert plan("30").message == "70 USDT on loan 17: debt 1000.4 to 930.4"


@pytest.mark.parametrize("repaid", ["100", "100.0001", "5000"])
def test_a_goal_that_is_reached_needs_nothing(repaid: str) -> None:
    message = (
        f"{repaid} USDT have been repaid on loan 17 since 2026-11-01 00:00:00 UTC, at least 100 were asked for: "
        f"nothing to repay."
    )
    assert plan(repaid) == (NOTHING_TO_DO, message, Decimal(0), LOAN)


@pytest.mark.parametrize(
    ("repaid", "accuracy", "amount"),
    [
        # Somebody else has paid with more decimal places than are allowed here.
        ("99.99995", 4, "0.0001"),
        ("99.99989", 4, "0.0002"),
        ("99.9999", 4, "0.0001"),
        ("99.5", 0, "1"),
        ("0.000000000000000001", 0, "100"),
        ("99.99995", None, "0.00005"),
    ],
)
def test_what_is_missing_is_rounded_up(repaid: str, accuracy: int | None, amount: str) -> None:
    decision = plan(repaid, accuracy=accuracy)
    assert (decision.kind, decision.amount) == (PAY, Decimal(amount))


def test_what_is_missing_may_be_the_whole_debt() -> None:
    decision = plan("30", amount="1030.4")
    assert (decision.kind, decision.amount) == (PAY, Decimal("1000.4"))
    assert decision.after is not None and decision.after.status == REPAID


@pytest.mark.parametrize(
    ("repaid", "amount", "sentence"),
    [
        (
            "30",
            "1030.5",
            "what is missing of amount '1030.5' since then, 1000.5, is more than the debt of 1000.4 USDT (principal 1000, "
            "interest 0.4, penalty interest 0): give at most '1030.4'.",
        ),
        ("0", "2000", "give at most '1000.4'."),
        ("0.00005", "2000", "give at most '1000.40005'."),
        ("0", "1.00001", "amount '1.00001' has 5 decimal places, but USDT allows 4: give '1', for example."),
    ],
)
def test_decline(repaid: str, amount: str, sentence: str) -> None:
    decision = plan(repaid, amount)
    assert (decision.kind, decision.amount, decision.after) == (DECLINE, Decimal(0), None)
    assert sentence in decision.message


def test_a_loan_that_is_not_known_is_declined() -> None:
    assert plan("100", loan=None).kind == DECLINE


def test_a_remainder_below_the_smallest_amount_is_declined() -> None:
    dust = dataclasses.replace(LOAN, principal=Decimal(0), interest=Decimal("0.00001"))
    assert "cannot be repaid by this call" in plan("30", loan=dust).message


@pytest.mark.parametrize(
    ("status", "how"), [(REPAID, "is already fully repaid"), (LIQUIDATED, "was closed by liquidation")]
)
def test_a_closed_loan_needs_nothing_whatever_is_missing(status: str, how: str) -> None:
    closed = dataclasses.replace(LOAN, status=status, principal=Decimal(0), interest=Decimal(0))
    assert plan("30", loan=closed) == (NOTHING_TO_DO, f"Loan 17 {how}: nothing to repay.", Decimal(0), closed)
    assert plan("100", loan=closed).message.startswith("100 USDT have been repaid on loan 17 since")


def test_the_end_of_a_repayment_is_the_beginning_of_nothing() -> None:
    first = plan("0")
    again = plan(str(first.amount))
    assert (first.amount, again.kind) == (Decimal(100), NOTHING_TO_DO)


@pytest.mark.parametrize("age_ms", [0, 1, DAY_MS, 180 * DAY_MS])
def test_a_since_that_the_history_can_reach(age_ms: int) -> None:
    check_since(SINCE_MS, SINCE_MS + age_ms)


@pytest.mark.parametrize(
    ("age_ms", "sentence"),
    [
        (-1, "since lies in the future (2026-11-01 00:00:00 UTC; it is 2026-10-31 23:59:59 UTC): give a moment that has passed."),
        (-365 * DAY_MS, "since lies in the future"),
        (
            180 * DAY_MS + 1,
            "since lies too far back (2026-11-01 00:00:00 UTC): the exchange's history reaches back 6 months only; "
            "give a moment after 2026-11-01 00:00:00 UTC.",
        ),
        (2000 * DAY_MS, "since lies too far back"),
    ],
)
def test_a_since_that_it_cannot_reach(age_ms: int, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_since(SINCE_MS, SINCE_MS + age_ms)
    assert str(caught.value).startswith(sentence)
