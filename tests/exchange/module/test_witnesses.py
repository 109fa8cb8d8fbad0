# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run reports that nothing was paid only if history, debt, and the money itself agree. If it cannot see the money, it waits, and says so."""

from __future__ import annotations

import typing as t

import pytest
from ways import FIXED, FIXED_COLLATERAL, FLEXIBLE, FLEXIBLE_COLLATERAL, LEGACY, WAYS

FUNDING = "/v5/asset/fundinghistory"
BALANCE = "/v5/asset/transfer/query-account-coin-balance"
FROM_THE_WALLET = (LEGACY, FLEXIBLE, FIXED)
FROM_COLLATERAL = pytest.mark.parametrize("way", [FLEXIBLE_COLLATERAL, FIXED_COLLATERAL], ids=lambda way: way.name)
HIDDEN = {"answer": "reset", "history_delay_ms": 60_000, "processing_ms": 60_000}
NOTHING = {"answer": "close", "commit": False}
CONDITION = "it can be ruled out only once the history and the debt have shown no trace of it for 60 s"


@pytest.fixture
def window_ms() -> int:
    """Shorter than elsewhere, because many runs in this file wait for its end."""
    return 500


@pytest.fixture
def lost_while(begin_way, sandbox, spoil, until, sent):
    """Run a legacy repayment that does not arrive, while the owner repays this much of the flexible loan."""

    def call(amount: str, **options: t.Any):
        spoil(LEGACY, delay_ms=200, **NOTHING)
        process = begin_way(LEGACY, **options)
        until(lambda: sent(LEGACY))
        sandbox.control("POST", "repay", {"product": "flexible", "loanCurrency": "USDT", "amount": amount})
        return process.end()

    return call


def assert_unknown(way, run, reason: str) -> None:
    assert (run.failed, run["changed"], run["outcome"], run["repayments"]) == (True, False, "unknown", []), way.name
    assert reason in run.details["evidence"]["reason"], way.name
    assert reason in run["msg"], way.name
    assert "not executed" not in run["msg"], way.name


def test_a_legacy_repayment_in_process_may_be_hidden(pay, sandbox, spoil, switch, ledger, sent) -> None:
    """The exchange's documentation says that only successful repayments can be queried."""
    switch(legacy_processing="hidden")
    spoil(LEGACY, answer="reset", processing_ms=6000)
    for dummy in range(2):
        run = pay(LEGACY, wait_timeout=2)
        assert_unknown(LEGACY, run, "100 USDT left the Funding wallet while it could have been executed")
        evidence = run.details["evidence"]
        assert (evidence["debt_now"], evidence["candidates"], evidence["wallet_moved"]) == ("1000.4", [], "100")
    assert sent(LEGACY) == 1
    sandbox.clock(advance_ms=6000)
    run = pay(LEGACY)
    assert (run["outcome"], run.details["recovered"], run["repay_id"], sent(LEGACY)) == ("executed", True, ledger()[0]["repay_id"], 1)


def test_the_wallets_ledger_shows_a_repayment_that_is_hidden_everywhere_else(pay_all, spoil, ledger, sent) -> None:
    """Even the balance is late."""
    for way in (LEGACY, FIXED):
        spoil(way, wallet_delay_ms=60_000, **HIDDEN)
    for way, run in pay_all((LEGACY, FIXED), wait_timeout=2):
        assert_unknown(way, run, " USDT left the Funding wallet while it could have been executed")
        assert (run.details["evidence"]["wallet_before"], run.details["evidence"]["wallet_now"]) == ("10000", "10000"), way.name
        assert (len(ledger(way)), sent(way)) == (1, 1), way.name


def test_the_balance_shows_it_where_the_ledger_is_refused(pay, sandbox, spoil, ledger, sent) -> None:
    spoil(FLEXIBLE, **HIDDEN)
    sandbox.control("POST", "faults", {"method": "GET", "path": FUNDING, "times": 0, "answer": {"ret_code": 10005}})
    run = pay(FLEXIBLE, wait_timeout=2)
    assert_unknown(FLEXIBLE, run, "the Funding wallet held 10000 USDT before and holds 9900 now")
    assert (run.details["evidence"]["wallet_moved"], len(ledger()), sent(FLEXIBLE)) == (None, 1, 1)


@FROM_COLLATERAL
def test_the_sold_collateral_shows_it(pay, spoil, ledger, sent, way) -> None:
    spoil(way, **HIDDEN)
    for dummy in range(2):
        [coin] = way.sold
        assert_unknown(way, pay(way, wait_timeout=2), f" {coin} was pledged before, and ")
    assert (len(ledger()), sent(way)) == (1, 1)


def test_it_is_reported_as_not_executed_if_all_agree(pay_all, spoil, ledger, remembered) -> None:
    for way in WAYS:
        spoil(way, **NOTHING)
    for way, run in pay_all():
        assert (run.failed, run["changed"], run["outcome"]) == (True, False, "not_executed"), way.name
        held = (None, None, None) if way.sold else (run.details["evidence"]["wallet_before"], run.details["evidence"]["wallet_before"], "0")
        assert tuple(run.details["evidence"][name] for name in ("wallet_before", "wallet_now", "wallet_moved")) == held, way.name
        words = "no ledger records the collateral that the exchange sells" if way.sold else "no such amount left the Funding wallet"
        assert run["msg"].endswith(f"{words}. It was not executed, so the next run can send it again."), way.name
    assert (ledger(), remembered()) == ([], [])


@pytest.mark.parametrize(("amount", "is_clear"), [("50", True), ("98.9", True), ("99", False), ("100", False), ("250", False)])
def test_another_payment_from_the_wallet_meanwhile_may_be_it(lost_while, pay, paid, amount: str, is_clear: bool) -> None:
    """The wallet does not tell whose payment it is, and its amount may lack a fee."""
    run = lost_while(amount, wait_timeout=2)
    if is_clear:
        assert (run["outcome"], run.details["evidence"]["wallet_moved"]) == ("not_executed", amount)
    else:
        assert_unknown(LEGACY, run, f"{amount} USDT left the Funding wallet while it could have been executed")
        assert pay(LEGACY, wait_timeout=0)["outcome"] == "unknown"
    assert paid() == [amount]


def test_a_wallet_that_cannot_be_read_now_is_no_evidence(pay, sandbox, spoil, ledger, sent) -> None:
    spoil(LEGACY, **NOTHING)
    sandbox.control("POST", "faults", {"method": "GET", "path": FUNDING, "times": 0, "answer": "close"})
    assert_unknown(LEGACY, pay(LEGACY, wait_timeout=2), "the exchange could not be read (No answer from ")
    sandbox.control("DELETE", "faults")
    run = pay(LEGACY)
    assert ([earlier["outcome"] for earlier in run.details["earlier"]], run["outcome"]) == (["not_executed"], "executed")
    assert ([entry["amount"] for entry in ledger()], sent(LEGACY)) == (["100"], 2)


@pytest.mark.parametrize("path", [BALANCE, FUNDING])
def test_a_block_while_the_wallet_is_read_stops_all_requests(pay, sandbox, spoil, calls, path: str) -> None:
    spoil(LEGACY, **NOTHING)
    blocked = {"http_status": 403, "body": "access too frequent"}
    skip = 1 if path == BALANCE else 0
    sandbox.control("POST", "faults", {"method": "GET", "path": path, "skip": skip, "times": 0, "answer": blocked})
    assert_unknown(LEGACY, pay(LEGACY), "this IP address sent too many requests")
    assert calls()[-1] == f"GET {path.rpartition('/')[2]}"


@pytest.mark.parametrize("balance", ["empty", "null", "absent", "type"])
def test_an_empty_balance_is_no_evidence(pay, spoil, change, ledger, sent, balance: str) -> None:
    spoil(LEGACY, **NOTHING)
    change(BALANCE, balance, "balance.walletBalance", skip=1)
    assert_unknown(LEGACY, pay(LEGACY, wait_timeout=2), f"Bybit's answer to {BALANCE} has an invalid walletBalance")
    assert (ledger(), sent(LEGACY)) == ([], 1)


@pytest.mark.parametrize("answer", ["reset", "nothing"])
def test_a_key_that_may_not_read_the_wallet_waits_longer(pay, spoil, switch, ledger, sent, answer: str) -> None:
    """In that time, a hidden repayment shows, or the debt falls."""
    switch(legacy_processing="hidden")
    spoil(LEGACY, **({"answer": "reset", "processing_ms": 60_000} if answer == "reset" else NOTHING))
    for dummy in range(2):
        run = pay(LEGACY, api_key="sandbox-key-no-wallet", settle_margin=1, wait_timeout=3)
        reason = f"api_key may not read the Funding wallet's ledger, so {CONDITION}"
        assert_unknown(LEGACY, run, reason)
        assert [run.details["evidence"][name] for name in ("wallet_before", "wallet_now", "wallet_moved")] == [None, None, None]
    assert (len(ledger()), sent(LEGACY)) == (int(answer == "reset"), 1)


@FROM_COLLATERAL
def test_a_sale_of_collateral_waits_longer(pay, spoil, ledger, sent, way) -> None:
    spoil(way, **NOTHING)
    run = pay(way, settle_margin=1, wait_timeout=3)
    assert_unknown(way, run, f"no ledger records the collateral that the exchange sells, so {CONDITION}")
    assert (ledger(), sent(way)) == ([], 1)


def test_after_that_time_the_message_claims_no_more_than_was_seen(pay, spoil, ledger, remembered) -> None:
    spoil(LEGACY, **NOTHING)
    run = pay(LEGACY, api_key="sandbox-key-no-wallet")
    assert (run["outcome"], ledger(), remembered()) == ("not_executed", [], [])
    assert "the debt did not fall by that amount within 0 s; api_key may not read the Funding wallet's ledger." in run["msg"]
    assert "left the Funding wallet" not in run["msg"]


@pytest.mark.parametrize("way", FROM_THE_WALLET, ids=lambda way: way.name)
def test_a_liquidation_within_the_time_window_may_be_it(begin_way, pay, sandbox, spoil, until, sent, ledger, way) -> None:
    """An entry that explains a fall of the debt may be this run's, whatever its type."""
    spoil(way, delay_ms=200, **NOTHING)
    process = begin_way(way, wait_timeout=2)
    until(lambda: sent(way))
    sandbox.control("POST", "prices", {"BTC": "26000", "ETH": "1300"})
    run = process.end()
    assert {entry["origin"] for entry in ledger(way)} == {"liquidation"}
    assert (run.failed, run["outcome"], run["repay_id"]) == (True, "unknown", None)
    assert " (liquidation) at about that time, which may be this repayment" in run["msg"]
    assert (pay(way, wait_timeout=0)["outcome"], sent(way)) == ("unknown", 1)
