# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An exchange that is later than settle_margin, contradicts itself, or returns unknown values: nothing is taken for granted."""

from __future__ import annotations

import copy
import typing as t
from decimal import Decimal

import pytest

COLLATERAL, TRANSFER, REPAY = "bybit_loan_collateral", "bybit_funding_transfer", "bybit_loan_repay"
ACCOUNT_CALL, LEGACY_CALL = "/v5/crypto-loan-common/adjust-ltv", "/v5/crypto-loan/adjust-ltv"
TRANSFER_CALL, TRANSFER_LIST = "/v5/asset/transfer/inter-transfer", "/v5/asset/transfer/query-inter-transfer-list"


@pytest.fixture
def spoil_next(sandbox) -> t.Callable[..., None]:
    """Inject a fault into the next request of a call."""
    return lambda path, **fault: sandbox.control("POST", "faults", {"method": "POST", "path": path, **fault})


@pytest.fixture
def funding_holds(sandbox, simulated_time) -> t.Callable[[str], None]:
    """Set the USDT balance of the Funding wallet some time before the test continues."""

    def call(balance: str) -> None:
        sandbox.control("POST", "wallet", {"coin": "USDT", "balance": balance})
        simulated_time.pass_by(15)

    return call


@pytest.fixture
def sent_twice(relay) -> None:
    """Deliver each transfer twice, and pass on the second answer."""
    ask = relay._ask

    def both(method: str, target: str, body: bytes, headers: dict[str, str]) -> t.Any:
        first = ask(method, target, body, headers)
        return ask(method, target, body, headers) if (method, target) == ("POST", TRANSFER_CALL) else first

    relay._ask = both


def test_an_existing_id_rules_out_that_nothing_was_transferred(run_module, relay, sent_twice, spoil_next, sandbox, simulated_time) -> None:
    """The second delivery is answered with 131214 while the first is in process, and the list hides it for longer than settle_margin."""
    spoil_next(TRANSFER_CALL, processing_ms=40_000, history_delay_ms=40_000)
    asked = {"coin": "USDT", "amount": "100", "reference": "r", "api_url": relay.url}
    first = run_module(TRANSFER, **asked, wait_timeout=30)
    assert (first["outcome"], first["changed"]) == ("unknown", False)
    again = run_module(TRANSFER, **asked)
    assert (again["outcome"], again["transfers"][0]["intent"]) == ("executed", first.details["intent"])
    simulated_time.pass_by(60)
    assert [entry["amount"] for entry in sandbox.account()["transfers"] if entry["amount"] == "100"] == ["100"]


def test_money_that_left_unified_is_looked_for(run_module, spoil_next, sandbox, simulated_time) -> None:
    """While a transfer is in process, only the paying wallet shows it."""
    spoil_next(TRANSFER_CALL, processing_ms=40_000, history_delay_ms=40_000, answer="reset")
    asked = {"coin": "USDT", "amount": "100", "reference": "r"}
    first = run_module(TRANSFER, **asked, wait_timeout=30)
    assert (first["outcome"], "the transferable balance of the UNIFIED wallet was" in first["msg"]) == ("unknown", True)
    simulated_time.pass_by(30)
    assert run_module(TRANSFER, **asked)["outcome"] == "executed"
    assert [entry["amount"] for entry in sandbox.account()["transfers"] if entry["amount"] == "100"] == ["100"]


def test_another_fall_of_unified_is_not_a_lasting_doubt(begin_module, spoil_next, sandbox, until) -> None:
    """The doubt lasts as long as a transfer could be in process without a trace."""
    spoil_next(TRANSFER_CALL, answer="reset", commit=False)
    asked = {"coin": "USDT", "amount": "100", "settle_margin": 1}
    process = begin_module(TRANSFER, **asked, wait_timeout=20)
    until(lambda: any(request["path"] == TRANSFER_CALL for request in sandbox.requests()["requests"]))
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "100", "accountType": "UNIFIED"})
    run = process.end()
    assert (run["outcome"], "the transferable balance of the UNIFIED wallet was" in run["msg"]) == ("unknown", True)
    assert begin_module(TRANSFER, **asked).end()["outcome"] == "executed"
    assert [entry["amount"] for entry in sandbox.account()["transfers"] if entry["amount"] == "100"] == ["100"]


@pytest.mark.parametrize(("wait", "delay_ms"), [(False, 12_000), (True, 120_000)])
def test_an_ltv_goal_waits_until_a_move_of_another_coin_shows(run_module, spoil_next, sandbox, wait: bool, delay_ms: int) -> None:
    spoil_next(ACCOUNT_CALL, debt_delay_ms=delay_ms, wallet_delay_ms=delay_ms)
    assert run_module(COLLATERAL, currency="BTC", min_ltv="0.6", wait=wait)["changed"]
    run = run_module(COLLATERAL, currency="ETH", min_ltv="0.6")
    assert (run["outcome"], run["changed"]) == ("not_executed", False)
    assert "may not show yet, so the LTV that the exchange shows may be outdated" in run["msg"]
    assert Decimal(sandbox.account()["ltv"]) <= Decimal("0.6")


@pytest.mark.parametrize("goal", [{"min_ltv": "0.55"}, {"max_ltv": "0.35"}], ids=str)
def test_a_legacy_adjustment_is_pending_until_it_has_arrived(run_module, spoil_next, switch, names, goal: dict[str, str]) -> None:
    """Its history has no status, and also shows adjustments in process."""
    switch(legacy_adjustment_processing="shown")
    spoil_next(LEGACY_CALL, processing_ms=120_000, final_status=3)
    run = run_module(COLLATERAL, order_id=names.loan, **goal)
    assert (run["outcome"], run["changed"]) == ("pending", True)


def test_a_coin_that_is_not_enough_is_not_called_enough(run_module, sandbox, roomy_seed, simulated_time) -> None:
    seed = copy.deepcopy(roomy_seed)
    seed["accounts"][0]["collateral"] = {"BTC": "5", "ETH": "2.6"}
    seed["accounts"][0]["flexible_loans"][0]["principal"] = "99753"
    sandbox.control("PUT", "seed", seed)
    simulated_time.pass_by(5)
    asked = {"currency": "ETH", "min_ltv": "0.7459"}
    refused = run_module(COLLATERAL, **asked)
    assert (refused.failed, refused["changed"]) == (True, False)
    assert refused["msg"].startswith("min_ltv '0.7459' cannot be reached with ETH alone, of which 2.6 is pledged: take back other coins, too")
    part = run_module(COLLATERAL, **asked, allow_partial=True)
    assert (part["outcome"], part["amount"], part["goal_reached"]) == ("executed", "2.6", False)
    assert run_module(COLLATERAL, **asked)["outcome"] == "nothing_to_do"


@pytest.mark.parametrize("check", [False, True])
def test_a_coin_that_is_no_collateral_is_refused_before_anything_is_sent(run_module, posted, check: bool) -> None:
    run = run_module(COLLATERAL, currency="XRP", add="1", check=check)
    assert (run.failed, run["msg"]) == (True, "currency 'XRP' is not a coin that the exchange accepts as collateral: check its spelling.")
    assert posted() == []


def test_a_transfer_with_another_amount_is_a_doubt(run_module, relay) -> None:
    relay.edit(TRANSFER_LIST, lambda result: [row.update(amount="10000") for row in result["list"]])
    run = run_module(TRANSFER, coin="USDT", amount="100", api_url=relay.url, wait_timeout=3)
    assert (run["outcome"], run["changed"], run["amount"]) == ("unknown", False, "100")
    assert "its amount is 10000" in run["msg"]


def test_a_lost_transfer_is_not_taken_for_an_equal_one_seconds_before(run_module, spoil_next, simulated_time) -> None:
    """The transfer list explains the first one's ledger entry, whichever process sent it."""
    assert run_module(COLLATERAL, currency="BTC", add="0.01", settle_margin=0)["outcome"] == "executed"
    spoil_next(ACCOUNT_CALL, answer="reset", commit=False)
    run = run_module(COLLATERAL, currency="BTC", add="0.01", settle_margin=0)
    assert run["outcome"] == "not_executed"


def test_dust_in_the_wallet_does_not_add_decimal_places_to_a_goal(run_module, switch, funding_holds, sandbox) -> None:
    switch(transfer_decimals="accuracy")
    funding_holds("30.12345678")
    run = run_module(TRANSFER, coin="USDT", ensure="100")
    assert (run["outcome"], run["amount"]) == ("executed", "69.8766")
    assert sandbox.account()["wallet"]["USDT"] == "100.00005678"


def test_a_balance_that_is_late_is_waited_for_before_the_repayment(run_module, spoil_next, funding_holds, names) -> None:
    funding_holds("100")
    spoil_next(TRANSFER_CALL, wallet_delay_ms=8_000)
    assert run_module(REPAY, order_id=names.loan, amount="150", fund_from="unified")["outcome"] == "executed"


@pytest.mark.parametrize(("fault", "state"), [
    ({"processing_ms": 300_000}, "is still pending"),
    ({"wallet_delay_ms": 120_000}, "was made, but the Funding wallet does not show it yet"),
])
def test_money_that_has_not_arrived_yet_is_not_sent_again(run_module, spoil_next, funding_holds, names, fault: dict[str, int], state: str) -> None:
    funding_holds("30")
    spoil_next(TRANSFER_CALL, **fault)
    run = run_module(REPAY, order_id=names.loan, amount="100", fund_from="unified")
    assert (run.failed, run["changed"], run["outcome"], run["funding"]["amount"]) == (True, True, "not_executed", "70")
    assert f"The transfer of USDT {state}, so nothing was repaid. Do not transfer it again; run again later." in run["msg"]


def test_a_repayment_without_an_id_that_shows_in_the_debt_does_not_stop_an_ltv_goal(run_module) -> None:
    """Only its history confirms it, so it stays unconfirmed. But the debt shows it."""
    sold = run_module("bybit_flexible_loan_repay", loan_currency="BTC", amount="0.005", collateral=["ETH"], settle_margin=1)
    assert (sold["outcome"], sold.details["inferred"]) == ("executed", True)
    run = run_module(COLLATERAL, currency="BTC", max_ltv="0.5", settle_margin=1)
    assert (run["outcome"], run["changed"]) == ("executed", True)
