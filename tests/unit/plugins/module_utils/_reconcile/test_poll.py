# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Failure, ReadFailed, Refused
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.loan import LEGACY, OPEN, Loan
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._reconcile.poll import PollResult, Poller
from ansible_collections.treasury.bybit.plugins.module_utils._operations.terms import Terms

SENT_MS = 1793534400000
WINDOW_MS = 5000
MARGIN_MS = 10_000
# By this machine's clock, because the exchange accepts timestamps up to a second in its future.
OPEN_FOR_MS = WINDOW_MS + 1000
ABSENT = (
    "its time window has closed, the history shows no such repayment, the debt did not fall by that amount, "
    "and no such amount left the Funding wallet"
)
BEFORE = Baseline((("debt", Decimal(1000)), ("principal", Decimal(1000))), ())
INTENT = Intent("8f2a", Goal(Decimal(100)), Decimal(100), "USDT", BEFORE, SENT_MS, WINDOW_MS)
LOAN = Loan(LEGACY, "17", "USDT", Decimal(1000), Decimal(0), Decimal(0), OPEN)
OURS = HistoryEntry("99", Decimal(100), SUCCESS, True, SENT_MS + 40)
TWIN = OURS._replace(repay_id="98")
BLOCKED = Refused("Blocked.", Failure(http_status=403))
BROKEN = ReadFailed("No answer.", Failure(http_status=502))
UNREACHABLE = ReadFailed("No answer.")

# What a look finds in the history: entries, or an error.
Shown = t.Any


def given(value: t.Any) -> t.Any:
    if isinstance(value, Exception):
        raise value
    return value


class Exchange:
    """Stands in for client and subject: each look shows the next state, and the last one repeats. Its wallet pays nothing.

    :ivar looks: The times of the looks, in ms since the first moment.
    :ivar latency_ms: How long an answer takes.
    """

    terms = Terms("loan 17", "order_id '17' names no loan")

    def __init__(self, clock: t.Any) -> None:
        self.clock = clock
        self.begun_ms = clock.monotonic_ms()
        self.shown: list[Shown] = [[]]
        self.loan: Loan | None | Exception = LOAN
        self.looks: list[int] = []
        self.asked: list[tuple[str, ...]] = []
        self.latency_ms = 0
        self.tells_time = True

    def exchange_time_at_least_ms(self, monotonic_ms: int | None = None) -> int | None:
        moment_ms = self.clock.monotonic_ms() if monotonic_ms is None else monotonic_ms
        return SENT_MS + moment_ms - self.begun_ms if self.tells_time else None

    def exchange_time_or_local_ms(self) -> int:
        return SENT_MS + self.clock.monotonic_ms() - self.begun_ms

    def read(self, path: str, query: dict[str, str]) -> dict[str, t.Any]:
        return {"balance": {"coin": "USDT", "walletBalance": "700"}}

    def pages(self, path: str, query: dict[str, str]) -> list[dict[str, t.Any]]:
        return []

    def history(self, *asked: str) -> list[HistoryEntry]:
        self.looks.append(self.clock.monotonic_ms() - self.begun_ms)
        self.asked.append(asked)
        self.clock.pass_ms(self.latency_ms)
        return given(self.shown.pop(0) if len(self.shown) > 1 else self.shown[0])

    def find(self) -> Loan | None:
        return given(self.loan)


@pytest.fixture
def exchange(clock: t.Any) -> Exchange:
    return Exchange(clock)


def settle(exchange: Exchange, timeout_ms: int = 60_000, others: frozenset[str] = frozenset()) -> PollResult:
    poller = Poller(exchange, exchange, MARGIN_MS)
    return poller.find_outcome(INTENT, others, exchange.begun_ms + timeout_ms)


def test_a_wait_is_reported_once(exchange: Exchange) -> None:
    told: list[str] = []
    exchange.clock.report_wait = lambda *said: told.append(said)
    settle(exchange)
    assert told == [("It is not known yet whether the repayment of 100 USDT on loan 17 was made", 60_000)]
    # Only one wait, however often is read.
    assert exchange.clock.heard == [told[0][0], ""]


def test_the_pauses_grow_until_it_is_certain(exchange: Exchange) -> None:
    settled = settle(exchange)
    # No pause goes far beyond the end of the window at 5000 or of the margin at 15,000, or beyond the same moments a second
    # later by this machine's clock.
    assert exchange.clock.pauses == [500, 750, 1125, 1687, 1038, 1000, 4000, 4000, 1000, 1000]
    assert exchange.looks[-6:] == [5100, 6100, 10_100, 14_100, 15_100, 16_100]
    assert settled.finding.outcome == "not_executed"
    assert settled.evidence["reads"] == 11


@pytest.mark.parametrize("latency_ms", [0, 150, 700, 1000])
def test_no_pause_skips_a_turning_point(exchange: Exchange, latency_ms: int) -> None:
    exchange.latency_ms = latency_ms
    settle(exchange)
    for begun_ms, next_ms in zip(exchange.looks, exchange.looks[1:]):
        for turn_ms in (WINDOW_MS, OPEN_FOR_MS, WINDOW_MS + MARGIN_MS, OPEN_FOR_MS + MARGIN_MS):
            # A look that begins before the turning point and ends after it proves nothing, so another one follows.
            assert begun_ms > turn_ms or next_ms <= max(turn_ms, begun_ms + latency_ms) + 100


def test_an_entry_ends_the_wait_as_soon_as_the_window_has_closed(exchange: Exchange) -> None:
    exchange.shown = [[OURS]]
    settled = settle(exchange)
    assert exchange.looks == [0, 500, 1250, 2375, 4062, 5100, 6100]
    assert settled.finding == ("executed", "the history shows it", OURS, (OURS,))


def test_the_time_of_a_look_is_that_of_its_beginning(exchange: Exchange) -> None:
    # The last look but one ends after the window closed, but may show an older state.
    exchange.shown, exchange.latency_ms = [[OURS]], 1000
    settled = settle(exchange)
    assert settled.evidence["exchange_time_ms"] - SENT_MS == exchange.looks[-1] > OPEN_FOR_MS >= exchange.looks[-2]


@pytest.mark.parametrize(
    ("timeout_ms", "looks"),
    [
        (0, [0]),
        (1, [0, 1]),
        (500, [0, 500]),
        (501, [0, 500, 501]),
        (3000, [0, 500, 1250, 2375, 3000]),
    ],
)
def test_the_last_look_is_at_the_deadline(exchange: Exchange, timeout_ms: int, looks: list[int]) -> None:
    assert settle(exchange, timeout_ms).finding.outcome == "unknown"
    assert exchange.looks == looks


def test_a_deadline_that_has_passed_leaves_one_look(exchange: Exchange) -> None:
    settle(exchange, -5000)
    assert exchange.looks == [0]


def test_slow_answers_do_not_outlast_the_deadline(exchange: Exchange) -> None:
    exchange.latency_ms = 2000
    settle(exchange, 3000)
    assert exchange.looks == [0, 2500]


@pytest.mark.parametrize(
    ("timeout_ms", "outcome", "reason"),
    [
        (5000, "unknown", "wait_timeout expired before the time window of the request closed"),
        (15_000, "unknown", "wait_timeout expired before settle_margin had passed since the end of the request's time window"),
        (16_000, "unknown", "wait_timeout expired before settle_margin had passed since the end of the request's time window"),
        (16_001, "not_executed", ABSENT),
    ],
)
def test_the_shortest_wait_that_can_tell(exchange: Exchange, timeout_ms: int, outcome: str, reason: str) -> None:
    finding = settle(exchange, timeout_ms).finding
    assert (finding.outcome, finding.reason) == (outcome, reason)


@pytest.mark.parametrize("status", [SUCCESS, PROCESSING])
@pytest.mark.parametrize("timeout_ms", [0, 3000, 5001, 6000, 6001])
def test_an_entry_does_not_count_before_the_window_has_closed(exchange: Exchange, timeout_ms: int, status: str) -> None:
    """While the window is open, an equal one may still follow."""
    seen = OURS._replace(status=status)
    exchange.shown = [[seen]]
    settled = settle(exchange, timeout_ms)
    if timeout_ms > OPEN_FOR_MS:
        assert settled.finding == ("executed", "the history shows it", seen, (seen,))
    else:
        assert settled.finding == ("unknown", "wait_timeout expired before the time window of the request closed", seen, (seen,))
    assert settled.evidence["candidates"] == ["99"]


def test_an_entry_that_has_failed_by_the_deadline_does_not_count(exchange: Exchange) -> None:
    exchange.shown = [[OURS._replace(status=PROCESSING)], [OURS._replace(status=FAILED)]]
    assert settle(exchange, 3000).finding[0::2] == ("unknown", None)


def test_two_entries_at_the_deadline_are_a_doubt(exchange: Exchange) -> None:
    exchange.shown = [[OURS], [OURS, TWIN]]
    settled = settle(exchange, 3000)
    assert (settled.finding.outcome, settled.finding.entry) == ("unknown", None)
    assert settled.evidence["candidates"] == ["99", "98"]


def test_an_entry_that_shows_late_is_found(exchange: Exchange) -> None:
    exchange.shown = [[], [], [], [], [], [], [], [], [OURS]]
    assert settle(exchange).finding.entry == OURS
    assert exchange.looks[-1] == 14_100


def test_a_debt_that_fell_without_an_entry_is_read_until_the_end(exchange: Exchange) -> None:
    exchange.loan = LOAN.after_paying(Decimal(100))
    settled = settle(exchange)
    assert settled.finding.reason == "the debt fell by 100 more than the history explains"
    assert exchange.looks[-1] == 60_000


def test_the_ids_of_others_do_not_count(exchange: Exchange) -> None:
    exchange.shown = [[OURS]]
    assert settle(exchange, others=frozenset({"99"})).finding.outcome == "not_executed"


def test_without_the_exchanges_time_nothing_is_certain(exchange: Exchange) -> None:
    exchange.tells_time = False
    assert settle(exchange).finding.reason == "the exchange did not report its time"


@pytest.mark.parametrize("error", [BROKEN, UNREACHABLE, Refused("Too many.", Failure(ret_code=10006, http_status=200))])
def test_reads_that_fail_in_between_do_no_harm(exchange: Exchange, error: Exception) -> None:
    exchange.shown = [error, error, [OURS], error, [OURS], error, error, [OURS]]
    settled = settle(exchange)
    assert settled.finding.outcome == "executed"
    assert settled.evidence["reads"] == 8


def test_without_the_debt_no_absence_is_certain(exchange: Exchange) -> None:
    exchange.loan = BROKEN
    assert settle(exchange).finding == ("unknown", "the exchange could not be read (No answer)", None, ())


def test_an_entry_in_the_history_is_enough(exchange: Exchange) -> None:
    exchange.shown, exchange.loan = [[OURS]], BROKEN
    assert settle(exchange).finding.outcome == "executed"


def test_reads_that_all_fail_are_a_doubt(exchange: Exchange) -> None:
    exchange.shown = [BROKEN]
    settled = settle(exchange)
    assert settled.finding == ("unknown", "the exchange could not be read (No answer)", None, ())
    assert (settled.evidence["debt_now"], settled.evidence["reads"]) == (None, 22)


def test_a_failing_last_look_is_the_reason(exchange: Exchange) -> None:
    exchange.shown = [[], BROKEN]
    settled = settle(exchange, 3000)
    assert settled.finding[:2] == ("unknown", "the exchange could not be read (No answer)")
    assert settled.evidence["exchange_time_ms"] == SENT_MS


def test_a_failing_look_before_the_last_is_not_the_reason(exchange: Exchange) -> None:
    exchange.shown = [BROKEN, []]
    assert settle(exchange, 3000).finding.reason.startswith("wait_timeout expired")


def test_an_entry_seen_before_all_reads_failed_is_a_candidate(exchange: Exchange) -> None:
    exchange.shown = [[OURS], BROKEN]
    settled = settle(exchange, 30_000)
    assert settled.finding == ("unknown", "the exchange could not be read (No answer)", OURS, (OURS,))
    assert settled.evidence["candidates"] == ["99"]


def test_a_block_stops_all_requests(exchange: Exchange) -> None:
    exchange.shown = [[], BLOCKED, [OURS]]
    assert settle(exchange).finding == ("unknown", "the exchange could not be read (Blocked)", None, ())
    assert exchange.looks == [0, 500]


def test_the_evidence(exchange: Exchange) -> None:
    exchange.shown = [[OURS, TWIN]]
    assert settle(exchange, 500).evidence == {
        "sent_at_ms": SENT_MS,
        "window_end_ms": SENT_MS + WINDOW_MS,
        "exchange_time_ms": SENT_MS + 500,
        "debt_before": "1000",
        "debt_now": "1000",
        "wallet_before": None,
        "wallet_now": None,
        "wallet_moved": None,
        "candidates": ["99", "98"],
        "reads": 2,
        "reason": "2 repayments in the history match it",
    }


def test_a_loan_that_is_gone_has_no_debt_in_the_evidence(exchange: Exchange) -> None:
    exchange.loan = None
    assert settle(exchange).evidence["debt_now"] is None
