# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request with its own ID is recognized by that ID alone. Money may also arrive in the wallet."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, confirm_not_executed, judge, mismatch
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.money import Funds, has_balance_moved, has_moved

SENT_MS = 1793534400000
WINDOW_MS, MARGIN_MS, DAY_MS = 5000, 10_000, 86_400_000
SURE_MS = SENT_MS + WINDOW_MS + MARGIN_MS + 1
AWAY_MS = 10**9
INCOMING, OUTGOING = (TAKE_BACK, TO_FUND), (REPAY, ADD, TO_UNIFIED)
OURS = HistoryEntry("8f2a", Decimal(100), SUCCESS, True, SENT_MS + 40, "USDT", "user", move=TO_FUND)
ABSENT = "its time window has closed, the history shows no such transfer"


def sent(move: str, wallet: str | None = "700", **change: t.Any) -> Intent:
    before = Baseline((), (), None if wallet is None else Decimal(wallet), unified=Decimal(1000))
    return dataclasses.replace(Intent("8f2a", Goal(Decimal(100), move=move), Decimal(100), "USDT", before, SENT_MS, WINDOW_MS), **change)


def seen(*entries: HistoryEntry, at_ms: int | None = SURE_MS) -> Observation:
    return Observation(at_ms, AWAY_MS, list(entries), Balances("USDT", Decimal(700)))


def judged(intent: Intent, *entries: HistoryEntry, at_ms: int | None = SURE_MS, others: t.Iterable[str] = ()) -> Finding:
    return judge(intent, seen(*entries, at_ms=at_ms), MARGIN_MS, frozenset(others))


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
@pytest.mark.parametrize("at_ms", [None, SENT_MS - 5000, SENT_MS + 1, SURE_MS, SURE_MS + 30 * DAY_MS])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"status": PROCESSING},
        # Whatever its other fields are.
        {"time_ms": SENT_MS - DAY_MS},
        {"time_ms": SENT_MS + DAY_MS},
        {"coin": "USDC"},
        {"by_user": False},
        {"by_user": None},
    ],
    ids=str,
)
def test_an_entry_with_its_id_is_found_at_any_time(move: str, at_ms: int | None, change: dict[str, t.Any]) -> None:
    entry = OURS._replace(move=move, **change)
    others = [entry._replace(repay_id="99"), entry._replace(repay_id="98")]
    assert judged(sent(move), *others, entry, at_ms=at_ms) == ("executed", "the history shows it", entry, (entry,))


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
@pytest.mark.parametrize("at_ms", [None, SENT_MS + 1, SURE_MS, SURE_MS + 30 * DAY_MS])
@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
@pytest.mark.parametrize(("amount", "shown"), [("99", "99"), ("99.999999", "99.999999"), ("100.10", "100.1"), ("0", "0")])
def test_an_entry_with_its_id_and_another_amount_is_a_doubt(move: str, at_ms: int | None, status: str, amount: str, shown: str) -> None:
    entry = OURS._replace(move=move, status=status, amount=Decimal(amount))
    assert judged(sent(move), entry, at_ms=at_ms) == ("unknown", f"the history shows it with an amount of {shown}", None, (entry,))


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
def test_an_entry_with_its_id_is_its_own_even_if_recorded_as_another_one(move: str) -> None:
    # Its own ID is recorded as soon as the exchange accepted it.
    assert judged(sent(move), OURS, others=["8f2a"]).outcome == "executed"


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
@pytest.mark.parametrize("entries", [[], [OURS._replace(repay_id="99")], [OURS._replace(repay_id="99"), OURS._replace(repay_id="98")]], ids=len)
def test_an_entry_with_another_id_is_another_one(move: str, entries: list[HistoryEntry]) -> None:
    twins = [entry._replace(move=move) for entry in entries]
    assert judged(sent(move), *twins) == ("not_executed", ABSENT, None, ())


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (None, "the exchange did not report its time"),
        (SENT_MS + WINDOW_MS, "wait_timeout expired before the time window of the request closed"),
        (
            SENT_MS + WINDOW_MS + MARGIN_MS,
            "wait_timeout expired before settle_margin had passed since the end of the request's time window",
        ),
    ],
)
@pytest.mark.parametrize("entries", [[], [OURS._replace(status=FAILED)]], ids=["absent", "failed"])
def test_absence_or_failure_counts_only_after_the_margin(at_ms: int | None, reason: str, entries: list[HistoryEntry]) -> None:
    assert judged(sent(TO_FUND), *entries, at_ms=at_ms) == ("unknown", reason, None, ())


def test_a_failed_transfer_was_not_executed() -> None:
    failed = OURS._replace(status=FAILED)
    trace = "its time window has closed, the only such transfer in the history, 8f2a, has failed"
    assert judged(sent(TO_FUND), failed) == ("not_executed", trace, None, (failed,))
    assert judged(sent(TO_FUND, accepted_at_ms=SENT_MS + 40), failed).outcome == "not_executed"


def test_an_accepted_transfer_that_does_not_show_is_a_doubt() -> None:
    accepted = sent(TO_FUND, accepted_at_ms=SENT_MS + 40)
    assert judged(accepted)[:2] == ("unknown", "the exchange accepted it, but its history does not show it")


def test_a_transfer_too_old_for_the_history_is_a_doubt() -> None:
    assert judged(sent(TO_FUND), at_ms=SENT_MS + 200 * DAY_MS).outcome == "unknown"


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
@pytest.mark.parametrize("change", [{}, {"time_ms": 1}, {"coin": "ETH"}, {"by_user": False}], ids=str)
def test_nothing_speaks_against_an_entry_with_its_id(move: str, change: dict[str, t.Any]) -> None:
    entry = OURS._replace(**change)
    known = dataclasses.replace(sent(move), baseline=Baseline((), (entry,)))
    assert mismatch(entry, known) == ""
    # Without an ID, only one of these is certain.
    assert mismatch(entry, dataclasses.replace(known, goal=Goal(Decimal(100)))) == "it was already in the history"


@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
@pytest.mark.parametrize("amount", ["99.5", "100.01", "5000"])
def test_another_amount_speaks_against_an_entry_with_its_id(move: str, amount: str) -> None:
    assert mismatch(OURS._replace(amount=Decimal(amount)), sent(move)) == f"its amount is {amount}"
    assert mismatch(OURS._replace(amount=Decimal("100.00")), sent(move)) == ""


@pytest.mark.parametrize(
    ("move", "shown", "reason"),
    [
        (ADD, ADD, ""),
        (ADD, TAKE_BACK, "it is a return"),
        (TAKE_BACK, TAKE_BACK, ""),
        (TAKE_BACK, ADD, "it is an addition"),
        (TO_FUND, TO_UNIFIED, ""),
    ],
)
def test_an_entry_of_the_opposite_move_is_another_one(move: str, shown: str, reason: str) -> None:
    assert mismatch(OURS._replace(move=shown), sent(move)) == reason


@pytest.mark.parametrize("move", [*INCOMING, *OUTGOING])
@pytest.mark.parametrize(
    ("moved", "expected"), [(None, False), ("0", False), ("98.9999", False), ("99", True), ("100", True), ("5000", True)]
)
def test_about_as_much_has_moved_by_the_ledger(move: str, moved: str | None, expected: bool) -> None:
    assert has_moved(sent(move), Funds(None if moved is None else Decimal(moved))) == expected


@pytest.mark.parametrize(
    ("change", "net", "expected"),
    [
        # How much the wallet changed in the direction of the move, and how much of that its ledger shows.
        ("0", "0", False),
        ("98.9999", "0", False),
        ("99", "0", True),
        ("100", None, True),
        ("100", "0", True),
        ("500", "0", True),
        ("-100", "0", False),
        ("100", "100", False),
        ("100", "1.0001", False),
        ("100", "1", True),
        ("0", "-100", True),
        ("-100", "-100", False),
        ("-50", "-150", True),
    ],
)
@pytest.mark.parametrize("move", [*INCOMING, *OUTGOING])
def test_the_balance_has_changed_by_more_than_the_ledger_tells(move: str, change: str, net: str | None, expected: bool) -> None:
    sign = 1 if move in INCOMING else -1
    funds = Funds(Decimal(0), 700 + sign * Decimal(change), None if net is None else sign * Decimal(net))
    assert has_balance_moved(sent(move), funds) == expected
    assert not has_balance_moved(sent(move, wallet=None), funds)
    assert not has_balance_moved(sent(move), funds._replace(balance=None))


@pytest.mark.parametrize(
    ("move", "how", "held"), [(TO_FUND, "came into", "800"), (TAKE_BACK, "came into", "800"), (TO_UNIFIED, "left", "600"), (ADD, "left", "600")]
)
def test_the_money_rules_a_transfer_out_or_is_a_doubt(move: str, how: str, held: str) -> None:
    absent, intent = Finding("not_executed", ABSENT), sent(move)

    def confirmed(funds: Funds) -> Finding:
        return confirm_not_executed(absent, funds._replace(unified=Decimal(1000)), intent, seen(), MARGIN_MS)

    assert confirmed(Funds(Decimal(0), Decimal(700), Decimal(0)))[:2] == (
        "not_executed", f"{ABSENT}, and no such amount {how} the Funding wallet"
    )
    assert confirmed(Funds(Decimal(100), Decimal(700), Decimal(0)))[:2] == (
        "unknown", f"the history does not show it, but 100 USDT {how} the Funding wallet while it could have been executed"
    )
    assert confirmed(Funds(Decimal(0), Decimal(held), Decimal(0)))[:2] == (
        "unknown", f"the history does not show it, but the Funding wallet held 700 USDT before and holds {held} now"
    )


def test_without_a_ledger_only_time_tells() -> None:
    absent, gap = Finding("not_executed", ABSENT), Funds(balance=Decimal(700), ledger_gap="api_key may not read the Funding wallet's ledger")
    early = confirm_not_executed(absent, gap, sent(TO_FUND), seen(), MARGIN_MS)
    assert early[:2] == (
        "unknown",
        "the history does not show it, but api_key may not read the Funding wallet's ledger, so it can be ruled out only once the history has "
        "shown no trace of it for 600 s",
    )
    late = seen(at_ms=SENT_MS + WINDOW_MS + 60 * MARGIN_MS + 1)
    assert confirm_not_executed(absent, gap, sent(TO_FUND), late, MARGIN_MS).outcome == "not_executed"
