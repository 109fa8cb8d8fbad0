# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the money cannot rule out, and how other moves explain the wallet's ledger."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, MOVES, REPAY, TAKE_BACK, TO_FUND, TO_UNIFIED, Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.subject import Balances
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Movement, Payment
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, confirm_not_executed
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.money import Funds, moved_before, without_own

SENT_MS = 1793534400000
WINDOW_MS, MARGIN_MS = 5000, 10_000
NO_LEDGER, UNREAD = "api_key may not read the Funding wallet's ledger", "the transferable balance of the UNIFIED wallet could not be read"
EARLIER = HistoryEntry("60", Decimal(100), SUCCESS, True, SENT_MS - 5000, "USDT", "user", move=TO_FUND)


def sent(move: str, unified: str | None = None, entries: tuple[HistoryEntry, ...] = (), paid: tuple[Payment, ...] = ()) -> Intent:
    before = Baseline((), entries, Decimal(700), (), paid, None if unified is None else Decimal(unified))
    return Intent("8f2a", Goal(Decimal(100), move=move), Decimal(100), "USDT", before, SENT_MS, WINDOW_MS)


@pytest.mark.parametrize(
    ("before", "now", "gap"),
    [
        ("1000", "1000", ""),
        ("1000", "1200", ""),
        ("1000", "901.0001", ""),
        # About the same amount is gone.
        ("1000", "901", "the transferable balance of the UNIFIED wallet was 1000 USDT before and is 901 now"),
        ("1000", "900", "the transferable balance of the UNIFIED wallet was 1000 USDT before and is 900 now"),
        ("1000", "0", "the transferable balance of the UNIFIED wallet was 1000 USDT before and is 0 now"),
        (None, "1000", UNREAD),
        ("1000", None, UNREAD),
        (None, None, UNREAD),
    ],
)
def test_the_wallet_that_pays_must_not_have_fallen(before: str | None, now: str | None, gap: str) -> None:
    funds = Funds(Decimal(0), Decimal(700), Decimal(0), unified=None if now is None else Decimal(now))
    assert funds.gap(sent(TO_FUND, before)) == gap
    assert funds._replace(ledger_gap=NO_LEDGER).gap(sent(TO_FUND, before)) == NO_LEDGER
    for move in MOVES:
        if move != TO_FUND:
            assert funds.gap(sent(move, before)) == ""


@pytest.mark.parametrize("now", [None, "900"])
def test_a_gap_is_closed_only_by_time(now: str | None) -> None:
    absent, funds = Finding("not_executed", "it does not show"), Funds(Decimal(0), Decimal(700), Decimal(0), unified=now and Decimal(now))
    intent = sent(TO_FUND, "1000")
    for late_ms, outcome in ((MARGIN_MS + 1, "unknown"), (60 * MARGIN_MS, "unknown"), (60 * MARGIN_MS + 1, "not_executed")):
        seen = Observation(SENT_MS + WINDOW_MS + late_ms, 10**9, [], Balances("USDT", Decimal(700)))
        assert confirm_not_executed(absent, funds, intent, seen, MARGIN_MS).outcome == outcome
        assert confirm_not_executed(absent, funds._replace(unified=Decimal(1000)), intent, seen, MARGIN_MS).outcome == "not_executed"


def changes(found: t.Iterable[Payment]) -> list[tuple[Decimal, int, int]]:
    return [(payment.change, payment.from_ms, payment.to_ms) for payment in found]


@pytest.mark.parametrize(("shown", "sign"), [(TO_FUND, 1), (TO_UNIFIED, -1)])
@pytest.mark.parametrize("move", [TO_FUND, TO_UNIFIED])
def test_other_transfers_before_it_explain_the_ledger(move: str, shown: str, sign: int) -> None:
    entry = EARLIER._replace(move=shown)
    assert changes(moved_before(sent(move), [entry])) == [(100 * sign, SENT_MS - 5000, SENT_MS - 4000)]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"time_ms": SENT_MS - 1}, True),
        # It may be the wanted one, or later than that.
        ({"time_ms": SENT_MS}, False),
        ({"repay_id": "8f2a"}, False),
        # A transfer that did not succeed moved nothing permanently.
        ({"status": FAILED}, False),
        ({"status": PROCESSING}, False),
    ],
    ids=str,
)
def test_which_transfers_were_before(change: dict[str, t.Any], counts: bool) -> None:
    assert bool(moved_before(sent(TO_FUND), [EARLIER._replace(**change)])) == counts


@pytest.mark.parametrize("move", [ADD, TAKE_BACK])
@pytest.mark.parametrize(("shown", "sign"), [(ADD, -1), (TAKE_BACK, 1)])
def test_an_adjustment_explains_the_ledger_only_if_it_was_listed_before(move: str, shown: str, sign: int) -> None:
    entry = EARLIER._replace(move=shown)
    assert moved_before(sent(move), [entry]) == []
    assert changes(moved_before(sent(move, entries=(entry,)), [entry])) == [(100 * sign, SENT_MS - 5000, SENT_MS - 4000)]
    assert moved_before(sent(move, entries=(entry,)), [entry._replace(status=FAILED)]) == []


def test_a_repayment_in_the_history_does_not_explain_the_wallet() -> None:
    entry = EARLIER._replace(move=REPAY)
    assert moved_before(sent(REPAY, entries=(entry,)), [entry]) == []


@pytest.mark.parametrize(("later_ms", "is_same"), [(-2000, False), (-1999, True), (0, True), (400, True), (1400, True), (1401, False)])
def test_a_move_of_this_process_explains_one_movement_only(later_ms: int, is_same: bool) -> None:
    own = Payment("USDT", Decimal(100), SENT_MS - 5000, SENT_MS - 4600, is_incoming=True)
    entry, intent = EARLIER._replace(time_ms=SENT_MS - 5000 + later_ms), sent(TO_FUND, paid=(own,))
    found = moved_before(intent, [entry])
    assert (found == []) == is_same
    twice = [Movement(Decimal(100), SENT_MS - 5000), Movement(Decimal(100), SENT_MS - 5000)]
    if is_same:
        # The second one may be the wanted one.
        assert without_own(twice, [*intent.baseline.recent_payments, *found]) == twice[:1]
    # Another amount or direction is another move.
    assert len(moved_before(intent, [entry._replace(amount=Decimal(101)), entry._replace(repay_id="61", move=TO_UNIFIED)])) == 2
