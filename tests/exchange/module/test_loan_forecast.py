# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forecast for loans and account comes true on the stand-in exchange."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.module_utils._times import iso
from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_info

BALANCE = "/v5/asset/transfer/query-account-coin-balance"
TIERS = "/v5/crypto-loan-common/collateral-data"
POSITION = "/v5/crypto-loan-common/position"
LEGACY_LOANS, LEGACY_THRESHOLDS = "/v5/crypto-loan/ongoing-orders", "/v5/crypto-loan/collateral-data"
HOUR_MS = 3_600_000
SHOCK = {"BTC": "-30%", "ETH": "-40%"}


@pytest.fixture
def ask(run_module) -> t.Callable[..., t.Any]:
    """List loans, with these options and the connection options."""
    return lambda **options: run_module("bybit_loan_info", **options)


@pytest.fixture
def reprice(sandbox) -> t.Callable[..., None]:
    """Set these prices."""
    return lambda **prices: sandbox.control("POST", "prices", prices)


@pytest.fixture
def refuse(sandbox) -> t.Callable[..., None]:
    """Let the exchange answer all reads of a call with this."""

    def call(path: str, answer: t.Any) -> None:
        sandbox.control("POST", "faults", {"method": "GET", "path": path, "times": 0, "answer": answer})

    return call


def entry(rows: list[dict[str, t.Any]], coin: str) -> dict[str, t.Any]:
    return next(row for row in rows if row["coin"] == coin)


def test_a_shock_predicts_what_then_happens(ask, sandbox, reprice) -> None:
    foreseen = ask(shock=SHOCK)
    reprice(BTC="42000", ETH="1800")
    real = ask()
    after, position = foreseen["position"]["after_shock"], real["position"]
    for name, is_debt in (("ltv", True), ("total_debt_usd", True), ("total_collateral_usd", False)):
        gap = (Decimal(after[name]) - Decimal(position[name])) * (1 if is_debt else -1)
        assert 0 <= gap <= Decimal("0.00001") * Decimal(position[name]), name
    legacy = {loan["id"]: loan for loan in real["loans"] if loan["product"] == "legacy"}
    predicted = [loan for loan in foreseen["loans"] if loan["after_shock"]]
    assert len(predicted) == len(legacy) == 5
    for loan in predicted:
        # One rounding step, of an LTV that grows by two thirds.
        assert 0 <= Decimal(loan["after_shock"]["ltv"]) - Decimal(legacy[loan["id"]]["ltv"]) <= Decimal("0.0003")


def test_the_predicted_falls_reach_the_thresholds(ask, reprice) -> None:
    position = ask()["position"]
    for name, ltv in (("fall_to_margin_call", "0.85"), ("fall_to_liquidation", "0.95")):
        for coins in (["BTC", "ETH"], ["BTC"]):
            fall = Decimal(position[name] if len(coins) == 2 else entry(position["collateral"], "BTC")[name])
            for step, is_reached in ((Decimal(0), False), (Decimal("0.0002"), True)):
                shock = {coin: f"-{fall + step}" for coin in coins}
                assert (Decimal(ask(shock=shock)["position"]["after_shock"]["ltv"]) > Decimal(ltv)) is is_reached
    # No fall of ETH alone reaches it.
    assert entry(position["collateral"], "ETH")["fall_to_liquidation"] is None
    reprice(BTC=str(60000 * (1 - Decimal(position["fall_to_margin_call"]))), ETH=str(3000 * (1 - Decimal(position["fall_to_margin_call"]))))
    assert Decimal("0.849") < Decimal(ask()["position"]["ltv"]) <= Decimal("0.85")


def test_a_threshold_that_is_reached_already(ask) -> None:
    position = ask(margin_call_ltv="0.5", liquidation_ltv="0.9")["position"]
    assert (position["fall_to_margin_call"], position["margin_call_ltv"], position["liquidation_ltv"]) == ("0", "0.5", "0.9")
    assert position["fall_to_liquidation"] not in ("0", None)


def test_the_predicted_repayment_is_enough(ask, run_module, sandbox) -> None:
    position = ask(max_ltv="0.5")["position"]
    amount = entry(position["to_max_ltv"]["repay"], "USDT")["amount"]
    assert (position["to_max_ltv"]["max_ltv"], position["after_shock"]) == ("0.5", None)
    # As many decimal places as the exchange accepts.
    places = str(Decimal(amount).quantize(Decimal("0.0001"), "ROUND_UP"))
    assert not run_module("bybit_flexible_loan_repay", loan_currency="USDT", amount=places).failed
    assert Decimal("0.4999") < Decimal(ask()["position"]["ltv"]) <= Decimal("0.5")


def test_added_collateral_is_enough(ask, sandbox) -> None:
    missing = entry(ask(max_ltv="0.5")["position"]["to_max_ltv"]["add"], "ETH")["amount"]
    body = {"currency": "ETH", "amount": missing, "direction": "0"}
    assert sandbox.signed("POST", "/v5/crypto-loan-common/adjust-ltv", body=json.dumps(body)).document["retCode"] == 0
    assert Decimal("0.4999") < Decimal(ask()["position"]["ltv"]) <= Decimal("0.5")


def test_prices_are_those_of_the_exchange(ask, default_seed) -> None:
    coins = ask()["coins"]
    assert [coin["coin"] for coin in coins] == ["BTC", "ETH", "SOL", "USDT"]
    for coin in coins:
        assert Decimal(coin["price_usd_min"]) <= Decimal(default_seed["prices"][coin["coin"]]) <= Decimal(coin["price_usd_max"])
        assert Decimal(coin["price_usd_max"]) / Decimal(coin["price_usd_min"]) < Decimal("1.0003")
    # Without the position, an LTV tells only the ratio of two prices.
    assert {coin["price_usd"] for coin in ask(product="legacy")["coins"]} == {None}


def test_the_wallets_are_listed(ask, sandbox) -> None:
    account = sandbox.account()
    for coin in ask()["coins"]:
        wallets = (coin["funding_balance"], coin["unified_balance"])
        assert wallets == (account["wallet"][coin["coin"]], account["unified"].get(coin["coin"], "0"))


def test_a_key_that_may_not_read_the_wallet_lists_none(ask, calls) -> None:
    run = ask(api_key="sandbox-key-no-wallet")
    assert (run.failed, len(run["loans"])) == (False, 11)
    assert {(coin["funding_balance"], coin["unified_balance"]) for coin in run["coins"]} == {(None, None)}
    assert run.warnings.count("Not all balances of the wallets can be read. http://127.0.0.1:") == 1
    # Each wallet is read once.
    assert calls().count("GET query-account-coin-balance") == 2


@pytest.mark.parametrize("answer", ["reset", "not_json", {"ret_code": 131212}, {"ret_code": 10001}], ids=str)
def test_a_wallet_that_cannot_be_read_is_no_failure(ask, refuse, answer: t.Any) -> None:
    refuse(BALANCE, answer)
    run = ask()
    assert (run.failed, len(run["loans"]), run["position"]["ltv"]) == (False, 11, "0.547642")
    assert {coin["funding_balance"] for coin in run["coins"]} == {None}
    assert run.warnings.count("Not all balances of the wallets can be read.") == 1


@pytest.mark.parametrize("path", [BALANCE, TIERS])
def test_a_block_stops_everything(ask, refuse, path: str) -> None:
    refuse(path, {"http_status": 403, "body": "access too frequent"})
    run = ask()
    assert (run.failed, run["failure"]["http_status"]) == (True, 403)


@pytest.mark.parametrize("answer", ["reset", {"ret_code": 10017}, {"http_status": 200, "body": '{"retCode": 0, "result": {}}'}], ids=str)
def test_without_the_tiers_nothing_is_predicted(ask, refuse, answer: t.Any) -> None:
    refuse(TIERS, answer)
    run = ask(shock=SHOCK, max_ltv="0.5")
    position = run["position"]
    assert (run.failed, position["unpredictable_coins"], position["fall_to_liquidation"]) == (False, ["BTC", "ETH"], None)
    assert (position["after_shock"]["ltv"], position["to_max_ltv"]["repay_usd"]) == (None, None)
    assert "the collateral in BTC, ETH is not predicted, because the collateral ratio tiers cannot be read." in run.warnings
    # What does not depend on tiers is still predicted.
    assert entry(ask(max_ltv="0.5")["position"]["to_max_ltv"]["repay"], "USDT")["amount"] is not None
    assert ask(shock={"USDT": "+1%"})["position"]["after_shock"]["ltv"] is not None


def test_tiers_that_contradict_the_position_are_not_believed(ask, sandbox, refuse) -> None:
    document = sandbox.raw("GET", TIERS).document
    for group in document["result"]["collateralRatioConfigList"]:
        for tier in group["collateralRatioList"]:
            tier["collateralRatio"] = str(Decimal(tier["collateralRatio"]) / 2)
    refuse(TIERS, {"http_status": 200, "body": json.dumps(document)})
    run = ask()
    # The price of BTC follows from the BTC debt, and that of ETH from the fixed contract.
    assert run["position"]["unpredictable_coins"] == ["BTC", "ETH"]
    assert "because the exchange lists no collateral ratio tiers for them that this collection understands and that match the position." in run.warnings


def test_unknown_falls_are_not_called_safe(ask, sandbox, refuse, names) -> None:
    loans = sandbox.query("ongoing-orders", "limit=100").document
    for row in loans["result"]["list"]:
        if row["orderId"] == names.loan:
            row["currentLTV"] = ""
    refuse(LEGACY_LOANS, {"http_status": 200, "body": json.dumps(loans)})
    thresholds = sandbox.raw("GET", LEGACY_THRESHOLDS).document
    for level in thresholds["result"]["vipCoinList"]:
        level["list"] = [row for row in level["list"] if row["currency"] != "SOL"]
    refuse(LEGACY_THRESHOLDS, {"http_status": 200, "body": json.dumps(thresholds)})
    run = ask()
    doubtful = [loan["id"] for loan in run["loans"] if loan["fall_to_liquidation"] is None]
    assert (run.failed, doubtful) == (False, [names.sol, names.loan])
    named = (
        f"legacy loans {names.sol} (the thresholds of SOL are not known), {names.loan} (its LTV is not known): "
        f"a missing value does not mean that a loan is safe."
    )
    assert named in run.warnings


def test_figures_of_different_moments_widen_the_bounds(ask, sandbox, refuse) -> None:
    before = ask()
    document = sandbox.signed("GET", POSITION).document
    result = document["result"]
    result["totalCollateral"] = str(Decimal(result["totalCollateral"]) * Decimal("0.995"))
    for row in result["collateralList"]:
        if row["currency"] == "BTC":
            row["amountUSD"] = str(Decimal(row["amountUSD"]) * Decimal("1.005"))
    refuse(POSITION, {"http_status": 200, "body": json.dumps(document)})
    run = ask()
    assert Decimal(run["position"]["fall_to_liquidation"]) < Decimal(before["position"]["fall_to_liquidation"]) - Decimal("0.002")
    btc = entry(run["coins"], "BTC")
    # The debt still shows the old price.
    assert Decimal(btc["price_usd_min"]) < 60000 < Decimal("60299") < Decimal(btc["price_usd_max"])


def test_a_shock_of_a_coin_that_the_account_does_not_have_is_reported(ask) -> None:
    run = ask(shock={"BTC": "-30%", "DOGE": "-30%", "XRP": "+5%"})
    assert not run.failed
    assert "shock changes the price of DOGE, XRP, but nothing that was read is owed or pledged in it, so this has no effect." in run.warnings
    assert ask(shock={"BTC": "-30%"}).warnings == ""


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"shock": {"BTC": "-130%"}}, "shock '-130%' of BTC is not a price change above -100%"),
        ({"shock": {"btc": "-30%"}}, "shock 'btc' is not a coin"),
        ({"max_ltv": "50%"}, "max_ltv '50%' is not a fraction"),
        ({"margin_call_ltv": "0.97"}, "margin_call_ltv '0.97' is above liquidation_ltv '0.95'"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_read(ask, calls, options: dict[str, t.Any], named: str) -> None:
    run = ask(**options)
    assert (run.failed, named in run["msg"], calls()) == (True, True, [])


def test_the_documented_samples_are_from_one_run(ask, names) -> None:
    run = ask(shock=SHOCK, max_ltv="0.5")
    documented = yaml.safe_load(bybit_loan_info.RETURN)
    assert documented["msg"]["sample"] == run["msg"]
    loan = next(loan for loan in run["loans"] if loan["id"] == names.overdue)
    of_loan, position = documented["loans"]["contains"], documented["position"]["contains"]
    # A due time at the end of an hour, one day ahead.
    of_this_day = {name: of_loan[name]["sample"] for name in ("maturity_time_ms", "maturity_time", "days_to_maturity")}
    assert sampled(of_loan, {**loan, **of_this_day}) == {**loan, **of_this_day}
    assert of_this_day["maturity_time"] == iso(of_this_day["maturity_time_ms"]) and of_this_day["maturity_time_ms"] % HOUR_MS == 3_599_000
    for days in (of_this_day["days_to_maturity"], loan["days_to_maturity"]):
        assert -13 <= Decimal(days) * 24 <= -12
    assert sampled(documented["totals"]["contains"], run["totals"][2]) == run["totals"][2]
    first = {**run["position"], "debts": run["position"]["debts"][2], "collateral": run["position"]["collateral"][0]}
    assert sampled(position, first) == first
    assert sampled(documented["coins"]["contains"], run["coins"][0]) == run["coins"][0]


def sampled(documented: dict[str, t.Any], shown: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the samples for these values."""
    return {name: documented[name]["sample"] if "sample" in documented[name] else sampled(documented[name]["contains"], shown[name]) for name in shown}
