# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paying money as a check of the outcome, and evidence against an ID that the exchange returned."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.evidence import Observation
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.judge import Finding, confirm_not_executed, mismatch
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.money import Funds, without_own
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import Movement, Payment

SENT_MS = 1793534400000
WINDOW_MS = 5000
MARGIN_MS = 10_000
OPEN_FOR_MS = WINDOW_MS + 1000
BLIND_MS = 60 * MARGIN_MS
# The first moments at which no ledger is needed any more, by the exchange's clock and by this machine's.
LONG_AT_MS, LONG_AWAY_MS = SENT_MS + WINDOW_MS + BLIND_MS + 1, OPEN_FOR_MS + BLIND_MS + 1
REASON = "its time window has closed, the history shows no such repayment, the debt did not fall by that amount"
ABSENT = Finding("not_executed", REASON)
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal(0), Decimal(0), OPEN)
SEEN = Observation(SENT_MS + WINDOW_MS + MARGIN_MS + 1, OPEN_FOR_MS + MARGIN_MS + 1, [], LOAN)
BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), (), Decimal(700))
PAID = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, SENT_MS, WINDOW_MS)
PLEDGED = (("BTC", Decimal("0.5")), ("ETH", Decimal(2)))
SOLD = dataclasses.replace(
    PAID, goal=Goal(Decimal(100), collateral=("BTC", "ETH")), baseline=Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), (), None, PLEDGED)
)
BLIND = "api_key may not read the Funding wallet's ledger"
OURS = HistoryEntry("99", Decimal(100), SUCCESS, True, SENT_MS + 40, "USDT", "user")


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def confirmed(funds: Funds, intent: Intent = PAID, seen: Observation = SEEN, margin_ms: int = MARGIN_MS) -> Finding:
    return confirm_not_executed(ABSENT, funds, intent, seen, margin_ms)


@pytest.mark.parametrize("balance", [None, "700", "601.0001", "5000"])
@pytest.mark.parametrize("outflow", ["0", "1", "98.9999"])
def test_a_wallet_that_has_not_paid_confirms_it(outflow: str, balance: str | None) -> None:
    finding = confirmed(Funds(Decimal(outflow), number(balance)))
    assert finding == ("not_executed", f"{REASON}, and no such amount left the Funding wallet", None, ())


@pytest.mark.parametrize("outflow", ["99", "99.95", "100", "100.0001", "5000"])
@pytest.mark.parametrize("balance", [None, "700", "600"])
def test_an_amount_that_left_the_wallet_alone_is_a_doubt(outflow: str, balance: str | None) -> None:
    reason = f"the history does not show it, but {outflow} USDT left the Funding wallet while it could have been executed"
    assert confirmed(Funds(Decimal(outflow), number(balance))) == ("unknown", reason, None, ())


@pytest.mark.parametrize(
    ("before", "now", "net", "outcome"),
    [
        ("700", "601", "0", "unknown"),
        ("700", "601", None, "unknown"),
        ("700", "601.0001", "0", "not_executed"),
        ("700", "600", "0", "unknown"),
        ("700", "0", "0", "unknown"),
        # Ledger entries explain a fall only up to their sum, and deposits do not hide it.
        ("700", "600", "-2", "not_executed"),
        ("700", "550", "-50", "unknown"),
        ("700", "50", "-650", "not_executed"),
        ("700", "700", "100", "unknown"),
        ("700", "5000", "4399", "unknown"),
        ("700", "800", "100", "not_executed"),
        ("700", "800", "0", "not_executed"),
        (None, "0", "0", "not_executed"),
        ("700", None, "0", "not_executed"),
    ],
)
def test_a_wallet_that_fell_by_it_is_a_doubt(before: str | None, now: str | None, net: str | None, outcome: str) -> None:
    intent = dataclasses.replace(PAID, baseline=BEFORE._replace(wallet=number(before)))
    finding = confirmed(Funds(Decimal(0), number(now), number(net)), intent)
    assert finding.outcome == outcome
    doubt = f"the history does not show it, but the Funding wallet held {before} USDT before and holds {now} now"
    assert outcome == "not_executed" or finding.reason == doubt


@pytest.mark.parametrize(
    ("now", "doubt"),
    [
        (PLEDGED, ""),
        ((("BTC", Decimal("0.6")), ("ETH", Decimal(2))), ""),
        ((("BTC", Decimal("0.4999")), ("ETH", Decimal(2))), "0.5 BTC was pledged before, and 0.4999 is pledged now"),
        ((("BTC", Decimal("0.5")), ("ETH", Decimal("1.9"))), "2 ETH was pledged before, and 1.9 is pledged now"),
        ((("ETH", Decimal(2)),), "0.5 BTC was pledged before, and 0 is pledged now"),
        ((), "0.5 BTC was pledged before, and 0 is pledged now"),
    ],
)
def test_collateral_that_was_sold_is_a_doubt(now: tuple[tuple[str, Decimal], ...], doubt: str) -> None:
    late = SEEN._replace(at_ms=LONG_AT_MS, away_ms=LONG_AWAY_MS)
    finding = confirmed(Funds(pledged=now, ledger_gap="no ledger tells of it"), SOLD, late)
    if doubt:
        assert finding == ("unknown", f"the history does not show it, but {doubt}", None, ())
    else:
        assert finding == ("not_executed", f"{REASON} within 600 s; no ledger tells of it", None, ())


@pytest.mark.parametrize(
    ("at_ms", "away_ms", "outcome"),
    [
        (SEEN.at_ms, SEEN.away_ms, "unknown"),
        (LONG_AT_MS - 1, LONG_AWAY_MS, "unknown"),
        # Whatever time the exchange claims.
        (LONG_AT_MS + 86_400_000, LONG_AWAY_MS - 1, "unknown"),
        (LONG_AT_MS, LONG_AWAY_MS, "not_executed"),
        (None, LONG_AWAY_MS, "unknown"),
    ],
)
@pytest.mark.parametrize("balance", [None, "700"])
def test_without_a_ledger_it_takes_longer(at_ms: int | None, away_ms: int, outcome: str, balance: str | None) -> None:
    finding = confirmed(Funds(None, number(balance), ledger_gap=BLIND), seen=SEEN._replace(at_ms=at_ms, away_ms=away_ms))
    assert finding.outcome == outcome
    if outcome == "unknown":
        expected = f"the history does not show it, but {BLIND}, so it can be ruled out only once the history and the debt have shown no trace of it for 600 s"
    else:
        expected = f"{REASON} within 600 s; {BLIND}"
    assert finding.reason == expected


def test_a_wallet_that_fell_is_evidence_even_without_its_ledger() -> None:
    late = SEEN._replace(at_ms=LONG_AT_MS, away_ms=LONG_AWAY_MS)
    assert confirmed(Funds(None, Decimal(600), ledger_gap=BLIND), seen=late).outcome == "unknown"


def test_without_margin_the_window_is_enough_for_all() -> None:
    closed = SEEN._replace(at_ms=SENT_MS + WINDOW_MS + 1, away_ms=OPEN_FOR_MS + 1)
    assert confirmed(Funds(ledger_gap=BLIND), seen=closed, margin_ms=0).outcome == "not_executed"
    assert confirmed(Funds(ledger_gap=BLIND), seen=closed._replace(away_ms=OPEN_FOR_MS), margin_ms=0).outcome == "unknown"


@pytest.mark.parametrize("outcome", ["executed", "unknown"])
def test_any_other_outcome_stands(outcome: str) -> None:
    finding = Finding(outcome, "so it is", OURS, (OURS,))
    assert confirm_not_executed(finding, Funds(Decimal(100), Decimal(0), ledger_gap=BLIND), PAID, SEEN, MARGIN_MS) == finding


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({}, ""),
        ({"status": PROCESSING}, ""),
        ({"status": FAILED}, ""),
        # A smaller amount is reported as shown: it may be rounded, the principal only, or less a fee.
        ({"amount": Decimal("9.9")}, ""),
        ({"amount": Decimal("0.0001")}, ""),
        ({"amount": Decimal(101)}, ""),
        ({"amount": Decimal("101.0001")}, "its amount is 101.0001"),
        ({"amount": Decimal(5000)}, "its amount is 5000"),
        ({"repay_id": "11"}, "it was already in the history"),
        ({"time_ms": SENT_MS - 999}, ""),
        # In whole seconds.
        ({"time_ms": SENT_MS - 1000}, ""),
        ({"time_ms": SENT_MS - 1001}, "it was made at 2026-11-01 11:59:58 UTC, before this was sent"),
        ({"time_ms": SENT_MS - 2000}, "it was made at 2026-11-01 11:59:58 UTC, before this was sent"),
        ({"time_ms": SENT_MS + 86_400_000}, ""),
        ({"coin": "BTC"}, "it is in BTC"),
        ({"coin": ""}, ""),
        ({"by_user": False, "kind": "liquidation"}, "its type is liquidation"),
        ({"by_user": False, "kind": "moved_to_flexible"}, "its type is moved_to_flexible"),
        ({"by_user": None, "kind": "unknown"}, ""),
        ({"kind": "by_currency"}, ""),
    ],
    ids=str,
)
def test_evidence_against_an_id(change: dict[str, t.Any], doubt: str) -> None:
    known = OURS._replace(repay_id="11", time_ms=SENT_MS - 3_600_000)
    intent = dataclasses.replace(PAID, repay_id="99", baseline=BEFORE._replace(entries=(known,)))
    assert mismatch(OURS._replace(**change), intent) == doubt


def test_only_the_exchange_knows_what_a_whole_loan_costs() -> None:
    whole = dataclasses.replace(PAID, is_whole=True)
    assert mismatch(OURS._replace(amount=Decimal(5000)), whole) == ""
    assert mismatch(OURS._replace(amount=Decimal(5000), coin="BTC"), whole) == "it is in BTC"


PAID_BEFORE = Payment("USDT", Decimal(100), SENT_MS - 1500, SENT_MS - 1400)


@pytest.mark.parametrize(
    ("left", "rest"),
    [
        # The entry of an earlier payment explains itself once. The ledger cuts times to the second.
        ([("-100", -1500)], []),
        ([("-100", -2000)], []),
        ([("-100", -1400)], []),
        ([("-100", -1500), ("-100", 0)], [("-100", 0)]),
        ([("-100", 0), ("-100", -1500)], [("-100", 0)]),
        ([("-100", -1500), ("-100", -1500)], [("-100", -1500)]),
        # Entries with other amounts or times are not its own.
        ([("-100", 0)], [("-100", 0)]),
        ([("-100", -4000)], [("-100", -4000)]),
        ([("-99.9999", -1500)], [("-99.9999", -1500)]),
        ([("100", -1500)], [("100", -1500)]),
        ([], []),
    ],
    ids=str,
)
def test_earlier_payments_of_this_process_are_left_out_of_the_ledger(left: list[tuple[str, int]], rest: list[tuple[str, int]]) -> None:
    movements = [Movement(Decimal(amount), SENT_MS + at) for amount, at in left]
    expected = [Movement(Decimal(amount), SENT_MS + at) for amount, at in rest]
    assert without_own(movements, [PAID_BEFORE]) == expected
    assert without_own(movements, []) == movements
