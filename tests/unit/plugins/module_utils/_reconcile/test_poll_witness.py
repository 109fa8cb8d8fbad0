# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the money is read to learn the outcome of a repayment, how far back, and by which clock. Its evidence is in test_judge_funds."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.poll import PollResult, Poller

MARGIN_MS = 10_000
OPEN_FOR_MS = 6000
SURE_MS = OPEN_FOR_MS + MARGIN_MS + 100
BLIND_MS = OPEN_FOR_MS + 60 * MARGIN_MS
DAY_MS = 86_400_000
BALANCE, LEDGER = "query-account-coin-balance", "fundinghistory"
DENIED = Refused("No permission.", Failure(ret_code=10005, http_status=200))
BLOCKED = Refused("Blocked.", Failure(http_status=403))
BROKEN = ReadFailed("No answer.")

SettleIt = t.Callable[..., PollResult]


@pytest.fixture
def sent(bybit: t.Any) -> Intent:
    """A repayment whose answer was lost."""
    clock, before = bybit.clock, Baseline((("debt", Decimal("1000.4")), ("principal", Decimal("1000.4"))), (), Decimal(50000))
    return Intent(
        "8f2a", Goal(Decimal(100)), Decimal(100), "USDT", before, clock.now_ms(), 5000,
        sent_monotonic_ms=clock.monotonic_ms(), boot_id=clock.boot_id(),
    )


@pytest.fixture
def settle(bybit: t.Any, sent: Intent) -> SettleIt:
    def call(timeout_ms: int = 60_000, **change: t.Any) -> PollResult:
        poller = Poller(bybit, bybit, MARGIN_MS)
        return poller.find_outcome(dataclasses.replace(sent, **change), frozenset(), bybit.clock.monotonic_ms() + timeout_ms)

    return call


def passed(bybit: t.Any, sent: Intent) -> int:
    return bybit.clock.monotonic_ms() - (sent.sent_monotonic_ms or 0)


def test_the_money_is_read_only_when_history_and_debt_show_nothing(settle: SettleIt, bybit: t.Any, sent: Intent) -> None:
    settled = settle()
    assert (settled.finding.outcome, passed(bybit, sent), bybit.reads) == ("not_executed", SURE_MS, [BALANCE, LEDGER])
    assert settled.finding.reason.endswith("the debt did not fall by that amount, and no such amount left the Funding wallet")
    told = {name: settled.evidence[f"wallet_{name}"] for name in ("before", "now", "moved")}
    assert told == {"before": "50000", "now": "50000", "moved": "0"}


def test_an_entry_in_the_history_needs_no_money_as_evidence(settle: SettleIt, bybit: t.Any) -> None:
    bybit.commit(Decimal(100))
    assert (settle().finding.outcome, bybit.reads) == ("executed", [])


@pytest.mark.parametrize("amounts", [["99.95"], ["60", "40"], ["100.0005"], ["7"]])
def test_another_doubt_needs_no_money_as_evidence(settle: SettleIt, bybit: t.Any, amounts: list[str]) -> None:
    for amount in amounts:
        bybit.commit(Decimal(amount))
    assert (settle(900_000).finding.outcome, bybit.reads) == ("unknown", [])


@pytest.mark.parametrize(
    ("ledger", "wallet", "reason"),
    [
        ([("O", "100", 40)], "49900", "100 USDT left the Funding wallet while it could have been executed"),
        ([("O", "100", 40)], "50000", "100 USDT left the Funding wallet while it could have been executed"),
        ([("O", "60", 40), ("O", "39.5", 900)], "50000", "99.5 USDT left the Funding wallet while it could have been executed"),
        ([], "49900", "the Funding wallet held 50000 USDT before and holds 49900 now"),
    ],
)
def test_money_that_is_gone_is_a_doubt_however_long_it_is_looked_for(
    settle: SettleIt, bybit: t.Any, ledger: list[tuple[str, str, int]], wallet: str, reason: str
) -> None:
    bybit.ledger = [(direction, amount, bybit.now_ms() + later_ms) for direction, amount, later_ms in ledger]
    bybit.wallet = wallet
    settled = settle(620_000)
    assert settled.finding == ("unknown", f"the history does not show it, but {reason}", None, ())
    assert settled.evidence["wallet_now"] == wallet


@pytest.mark.parametrize(
    ("ledger", "wallet", "outcome"),
    [
        ([("O", "100", 40)], "49900", "unknown"),
        ([], "49900", "unknown"),
        # Other payments and deposits since then explain the balance.
        ([("O", "100", 3_600_000)], "49900", "not_executed"),
        ([("O", "49995", 3_600_000)], "5", "not_executed"),
        ([("O", "49800", 3_600_000)], "100", "unknown"),
        ([("I", "100", 3_600_000)], "50000", "unknown"),
        ([("I", "100", 3_600_000)], "50100", "not_executed"),
    ],
)
def test_money_that_is_gone_is_a_doubt_to_a_later_run_too(
    settle: SettleIt, bybit: t.Any, ledger: list[tuple[str, str, int]], wallet: str, outcome: str
) -> None:
    bybit.ledger = [(direction, amount, bybit.now_ms() + later_ms) for direction, amount, later_ms in ledger]
    bybit.wallet = wallet
    bybit.clock.pass_ms(DAY_MS)
    assert settle().finding.outcome == outcome


@pytest.mark.parametrize(
    ("ledger", "outcome"),
    [
        ([("O", "100", 40), ("I", "100", 2000)], "not_executed"),
        ([("O", "100", 40), ("I", "0.5", 2000)], "unknown"),
        ([("O", "100", 40)], "unknown"),
        # The money of a failed repayment comes back after the failure.
        ([("O", "100", 40), ("I", "100", -DAY_MS)], "unknown"),
        ([], "not_executed"),
    ],
)
@pytest.mark.parametrize("has_failed", [True, False])
def test_money_that_has_come_back_with_one_that_failed(
    settle: SettleIt, bybit: t.Any, has_failed: bool, ledger: list[tuple[str, str, int]], outcome: str
) -> None:
    bybit.ledger = [(direction, amount, bybit.now_ms() + later_ms) for direction, amount, later_ms in ledger]
    if has_failed:
        bybit.entries.append((0, HistoryEntry("55", Decimal(100), "failed", True, bybit.now_ms() + 40)))
    elif ledger:
        # Without a failed one, the deposit may have come from anywhere.
        outcome = "unknown"
    assert settle().finding.outcome == outcome


@pytest.mark.parametrize(
    ("ledger", "wallet"), [([("O", "98", 40)], "49902"), ([("I", "5000", 40)], "55000"), ([("O", "5000", -DAY_MS)], "50000")]
)
def test_other_money_is_no_doubt(settle: SettleIt, bybit: t.Any, ledger: list[tuple[str, str, int]], wallet: str) -> None:
    bybit.ledger = [(direction, amount, bybit.now_ms() + later_ms) for direction, amount, later_ms in ledger]
    bybit.wallet = wallet
    assert settle().finding.outcome == "not_executed"


@pytest.mark.parametrize("into_ms", [0, 1, 999])
@pytest.mark.parametrize("later_ms", [-999, 0, 5000, 5000 + MARGIN_MS])
def test_the_ledger_is_read_from_before_it_was_sent_until_it_is_over(
    settle: SettleIt, bybit: t.Any, into_ms: int, later_ms: int
) -> None:
    sent_ms = bybit.now_ms() + into_ms
    bybit.ledger = [("O", "100", sent_ms + later_ms)]
    bybit.clock.pass_ms(into_ms)
    assert settle(sent_at_ms=sent_ms).finding.outcome == "unknown"


@pytest.mark.parametrize(
    ("wallet", "ledger", "blindness"),
    [
        (DENIED, DENIED, "api_key may not read the Funding wallet's ledger"),
        ("50000", DENIED, "api_key may not read the Funding wallet's ledger"),
        ("50000", Refused("Too many.", Failure(ret_code=10006, http_status=200)), "api_key may not read the Funding wallet's ledger"),
    ],
)
def test_a_key_that_may_not_read_the_wallet_waits_longer(
    settle: SettleIt, bybit: t.Any, sent: Intent, wallet: t.Any, ledger: t.Any, blindness: str
) -> None:
    bybit.wallet, bybit.ledger = wallet, ledger
    settled = settle()
    doubt = f"the history does not show it, but {blindness}, so it can be ruled out only once the history and the debt have shown no trace of it for 600 s"
    assert (settled.finding.outcome, settled.finding.reason, passed(bybit, sent)) == ("unknown", doubt, 60_000)
    later = settle(900_000)
    assert (later.finding.outcome, passed(bybit, sent)) == ("not_executed", BLIND_MS + 100)
    assert later.finding.reason.endswith(f"the debt did not fall by that amount within 600 s; {blindness}")


def test_the_ledger_alone_is_enough_evidence(settle: SettleIt, bybit: t.Any, sent: Intent) -> None:
    bybit.wallet = DENIED
    settled = settle()
    assert (settled.finding.outcome, passed(bybit, sent), settled.evidence["wallet_now"]) == ("not_executed", SURE_MS, None)


@pytest.mark.parametrize("witness", ["wallet", "ledger"])
def test_a_wallet_that_cannot_be_read_now_is_read_again(settle: SettleIt, bybit: t.Any, witness: str) -> None:
    right = getattr(bybit, witness)
    setattr(bybit, witness, BROKEN)
    assert settle(30_000).finding[:2] == ("unknown", "the exchange could not be read (No answer)")
    setattr(bybit, witness, right)
    assert settle().finding.outcome == "not_executed"


@pytest.mark.parametrize("witness", ["wallet", "ledger"])
def test_a_block_stops_all_requests(settle: SettleIt, bybit: t.Any, sent: Intent, witness: str) -> None:
    setattr(bybit, witness, BLOCKED)
    assert settle().finding[:2] == ("unknown", "the exchange could not be read (Blocked)")
    assert passed(bybit, sent) == SURE_MS


@pytest.mark.parametrize(("pledged", "outcome"), [("1", "not_executed"), ("0.9999", "unknown"), ("1.5", "not_executed")])
def test_the_pledged_amount_is_read_if_collateral_pays(settle: SettleIt, bybit: t.Any, sent: Intent, pledged: str, outcome: str) -> None:
    bybit.pledged = Decimal(pledged)
    change = {
        "goal": Goal(Decimal(100), collateral=("BTC",)),
        "baseline": sent.baseline._replace(wallet=None, pledged=(("BTC", Decimal(1)),)),
    }
    assert settle(**change).finding.outcome == "unknown"
    assert settle(900_000, **change).finding.outcome == outcome
    assert set(bybit.reads) == {"position"}


def test_the_money_of_the_intent_is_read_and_not_that_of_this_run(settle: SettleIt, bybit: t.Any, sent: Intent) -> None:
    bybit.terms = bybit.terms._replace(from_collateral=True)
    bybit.wallet = "49900"
    assert settle().finding.outcome == "unknown"
    assert set(bybit.reads) == {BALANCE, LEDGER}
    bybit.terms, bybit.wallet = bybit.terms._replace(from_collateral=False), "50000"
    bybit.reads.clear()
    sold = {"goal": Goal(Decimal(100), collateral=("BTC",)), "baseline": sent.baseline._replace(wallet=None)}
    # It is unknown what was pledged then, so only time can tell.
    assert settle(30_000, **sold).finding.outcome == "unknown"
    assert set(bybit.reads) == {"position"}


@pytest.mark.parametrize(("age_ms", "outcome"), [(7 * DAY_MS - 60_000, "not_executed"), (7 * DAY_MS, "unknown"), (100 * DAY_MS, "unknown")])
def test_a_ledger_that_does_not_reach_back_does_not_count(settle: SettleIt, bybit: t.Any, age_ms: int, outcome: str) -> None:
    bybit.clock.pass_ms(age_ms)
    # Without a ledger, it also takes longer by this machine's clock, which counts from the start of this run.
    settled = settle(30_000, sent_monotonic_ms=None)
    assert settled.finding.outcome == outcome
    assert outcome == "not_executed" or "the Funding wallet's ledger does not reach back to when it was sent" in settled.finding.reason
    assert settle(900_000, sent_monotonic_ms=None).finding.outcome == "not_executed"


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        ({}, False),
        # From before a restart, from a machine that does not report restarts, by another clock, and of an older version.
        ({"boot_id": "another-start"}, True),
        ({"boot_id": ""}, True),
        ({"sent_monotonic_ms": 10**12}, True),
        ({"sent_monotonic_ms": None}, True),
    ],
    ids=str,
)
def test_a_recovered_intent_from_before_a_restart_is_waited_for_again(
    settle: SettleIt, bybit: t.Any, change: dict[str, t.Any], waits: bool
) -> None:
    bybit.clock.pass_ms(120_000)
    begun_ms = bybit.clock.monotonic_ms()
    assert settle(**change).finding.outcome == "not_executed"
    assert bybit.clock.monotonic_ms() - begun_ms == (SURE_MS if waits else 0)


@pytest.mark.parametrize("ahead_ms", [60_000, DAY_MS])
def test_a_wrong_clock_of_the_exchange_ends_nothing_early(settle: SettleIt, bybit: t.Any, sent: Intent, ahead_ms: int) -> None:
    tells = bybit.exchange_time_at_least_ms
    bybit.exchange_time_at_least_ms = lambda *asked: tells(*asked) + ahead_ms
    bybit.history_lag_ms = bybit.debt_lag_ms = 15_000
    bybit.commit(Decimal(100))
    settled = settle()
    assert (settled.finding.outcome, passed(bybit, sent) >= 15_000) == ("executed", True)


def test_a_machine_that_does_not_tell_its_start_has_one_of_this_run(settle: SettleIt, bybit: t.Any) -> None:
    bybit.clock.boot_id = lambda: ""
    bybit.clock.pass_ms(120_000)
    begun_ms = bybit.clock.monotonic_ms()
    assert settle().finding.outcome == "not_executed"
    assert bybit.clock.monotonic_ms() - begun_ms == SURE_MS


def test_an_entry_that_shows_while_the_money_is_read_is_not_missed(settle: SettleIt, bybit: t.Any, sent: Intent) -> None:
    """Without permission to read the wallet, an entry that shows after minutes is found."""
    bybit.ledger, bybit.history_lag_ms, bybit.debt_lag_ms = DENIED, 300_000, 300_000
    bybit.commit(Decimal(100))
    settled = settle(900_000)
    found = HistoryEntry("100", Decimal(100), "success", True, sent.sent_at_ms)
    assert (settled.finding.outcome, settled.finding.entry) == ("executed", found)
