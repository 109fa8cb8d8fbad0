# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collateral of flexible and fixed loans: its value, its sale, its adjustment and its liquidation."""

from __future__ import annotations

from decimal import Decimal

import pytest

MINUTE = 60 * 1000
HOUR = 60 * MINUTE


@pytest.fixture(params=["flexible", "fixed"])
def product(request) -> str:
    return request.param


def sell(loans, product, **changes):
    body = {"loanCurrency": "USDT", "amount": "600", "collateralCoin": "BTC", **changes}
    return loans.post(f"{product}/repay-collateral", **body)


@pytest.mark.parametrize(("changes", "code"), [
    ({"loanCurrency": ""}, 10001), ({"amount": None}, 10001), ({"amount": "0"}, 10001), ({"collateralCoin": 1}, 10001),
    ({"loanCurrency": "DOGE"}, 148014), ({"loanCurrency": "XRP"}, 148032), ({"amount": "0.00001"}, 148028),
    ({"amount": "6000"}, 148038), ({"collateralCoin": "BTC,BTC"}, 148039), ({"collateralCoin": "BTC,"}, 148040),
    ({"collateralCoin": "BTC, ETH"}, 148004), ({"collateralCoin": "XRP"}, 148004), ({"collateralCoin": "SOL"}, 148037),
])
def test_invalid_sales_are_refused(loans, sandbox, product, changes, code):
    before = sandbox.state()["accounts"]
    answer = sell(loans, product, **changes)
    assert (answer.code, answer.result) == (code, {})
    assert sandbox.state()["accounts"] == before


def test_a_sale_repays_a_flexible_loan_and_a_fee(loans, sandbox):
    answer = sell(loans, "flexible")
    assert (answer.code, answer.document["retMsg"], answer.result) == (0, "ok", {})
    assert loans.debt("USDT")["totalDebt"] == "4388.88888939" and loans.debt("USDT")["unpaidInterest"] == "0"
    # 600 USDT is 0.01 BTC, plus the fee of 0.05 percent.
    assert (loans.collateral("BTC"), loans.wallet("USDT"), loans.wallet("BTC")) == ("0.239995", "10000", "0.25")
    entry = loans.history("flexible", "limit=1")[0]
    assert (entry["repayAmount"], entry["repayType"], entry["repayStatus"]) == ("600", 7, 1)
    assert sandbox.account()["repayments"][0]["collateral_sold"] == {"BTC": "0.010005"}


def test_a_sale_takes_the_higher_fee_and_the_type_from_the_seed(loans, sandbox, roomy_seed):
    roomy_seed["repay_fees"] = {"USDT": "0.002", "BTC": "0.001"}
    roomy_seed["settings"]["collateral_repay_type"] = 1
    sandbox.control("PUT", "seed", roomy_seed)
    assert sell(loans, "flexible").code == 0
    assert loans.collateral("BTC") == "0.23998" and loans.history("flexible", "limit=1")[0]["repayType"] == 1


def test_coins_are_sold_in_alphabetical_order(loans, sandbox, roomy_seed):
    roomy_seed["accounts"][0]["collateral"] = {"BTC": "0.25", "ETH": "0.1", "SOL": "60"}
    sandbox.control("PUT", "seed", roomy_seed)
    assert sell(loans, "flexible", collateralCoin="ETH").code == 148037
    assert sell(loans, "flexible", collateralCoin="ETH,BTC").code == 0
    assert (loans.collateral("ETH"), loans.collateral("BTC"), loans.collateral("SOL")) == ("0.1", "0.239995", "60")


def test_coins_are_sold_in_the_order_of_the_request(loans, sandbox, roomy_seed):
    roomy_seed["accounts"][0]["collateral"] = {"BTC": "0.25", "ETH": "0.1", "SOL": "60"}
    roomy_seed["settings"]["switches"] = {"collateral_order": "as_listed"}
    sandbox.control("PUT", "seed", roomy_seed)
    assert sell(loans, "flexible", collateralCoin="ETH,BTC").code == 0
    # 0.1 ETH pays 300 / 1.0005; BTC pays the rest, rounded up to 8 decimals.
    assert (loans.collateral("ETH"), loans.collateral("BTC"), loans.collateral("SOL")) == ("0", "0.244995", "60")
    assert "ETH" not in [item["currency"] for item in loans.get("common/position")["collateralList"]]


def test_at_most_300000_usd_are_sold_at_once(loans, sandbox, roomy_seed):
    roomy_seed["accounts"][0]["collateral"] = {"BTC": "100"}
    roomy_seed["accounts"][0]["flexible_loans"][0]["principal"] = "400000"
    sandbox.control("PUT", "seed", roomy_seed)
    assert sell(loans, "flexible", amount="300000.0001").code == 148047
    assert sell(loans, "flexible", amount="300000").code == 0


def test_a_sale_can_repay_one_contract(loans, contracts):
    assert sell(loans, "fixed", loanId=contracts.in_20_days).code == 0
    contract = loans.contract(contracts.in_20_days)
    assert (contract["residualPrincipal"], contract["status"]) == ("200", 1)
    assert sell(loans, "fixed", loanId=contracts.in_20_days, amount="200.0001").code == 148038
    assert sell(loans, "fixed", loanId=contracts.in_20_days, amount="200").code == 0
    assert loans.contract(contracts.in_20_days)["status"] == 2
    assert sell(loans, "fixed", loanId=contracts.in_20_days).code == 148032
    assert sell(loans, "fixed", loanId=contracts.in_5_hours).code == 10001
    assert sell(loans, "fixed", loanId="999").code == 148023


def test_the_closest_maturity_is_paid_first(loans, contracts):
    assert sell(loans, "fixed", amount="1600").code == 0
    entry = loans.history("fixed", "limit=1")[0]
    assert (entry["repayAmount"], entry["repayType"]) == ("1600", 7)
    assert [(item["loanId"], item["repayAmount"]) for item in entry["details"]] == [
        (contracts.overdue, "500.0856164"), (contracts.in_3_days, "1000"), (contracts.in_20_days, "99.9143836")
    ]
    assert loans.contract(contracts.in_20_days)["residualPrincipal"] == "700.0856164"


def test_the_higher_rate_is_paid_first_at_the_same_maturity(loans, sandbox, roomy_seed):
    contracts = roomy_seed["accounts"][0]["fixed_contracts"]
    contracts[0].update(due_at="+3d", annual_rate="0.09")
    sandbox.control("PUT", "seed", roomy_seed)
    assert sell(loans, "fixed", amount="501").code == 0
    assert [item["loanId"] for item in loans.history("fixed", "limit=1")[0]["details"]] == ["570", "569"]


def test_penalty_is_paid_before_principal(loans, contracts):
    assert sell(loans, "fixed", loanId=contracts.overdue, amount="0.0857").code == 0
    contract = loans.contract(contracts.overdue)
    assert (contract["residualPenaltyInterest"], contract["residualPrincipal"]) == ("0", "499.9999164")


def test_the_position_shows_debts_collateral_and_ltv(loans):
    position = loans.get("common/position")
    # BTC 0.25 x 60000 and ETH 2.6 x 3000, both at 80 percent.
    assert (position["totalCollateral"], position["totalDebt"], position["ltv"]) == ("18240", "9988.99", "0.547642")
    assert [item["amountUSD"] for item in position["collateralList"]] == ["12000", "6240"]
    assert {item["loanCurrency"]: (item["flexibleTotalDebt"], item["fixedTotalDebt"]) for item in position["borrowList"]} == {
        "BTC": ("0.02000034", "0"), "ETH": ("0", "0.5"), "USDT": ("4988.88888939", "2300.0856164")
    }


def test_large_amounts_count_for_less(loans, sandbox, roomy_seed):
    roomy_seed["accounts"][0]["collateral"] = {"BTC": "35000"}
    sandbox.control("PUT", "seed", roomy_seed)
    # USD 100000 at 0.8, 100000 at 0.7, 100000 at 0.5, and the rest at 0.4.
    assert loans.get("common/position")["totalCollateral"] == "840080000"


def test_tiers_apply_to_values_in_usd_as_in_the_documented_position(loans, sandbox, roomy_seed):
    tiers = {"0": "0.8", "10000": "0.7", "20000": "0.5", "30000": "0.4"}
    roomy_seed["collateral_coins"]["BTC"]["ratios"] = tiers
    roomy_seed["prices"]["BTC"] = "106310.2"
    without_debts = {"flexible_loans": [], "fixed_contracts": [], "fixed_repayments": []}
    roomy_seed["accounts"][0].update(collateral={"BTC": "0.12"}, **without_debts)
    sandbox.control("PUT", "seed", roomy_seed)
    [held] = loans.get("common/position")["collateralList"]
    # 8000 + 0.7 x 2757.224; the documentation has 9930.11 at a price that it does not give.
    assert held == {"amount": "0.12", "amountUSD": "9930.06", "currency": "BTC"}


def adjust(loans, **changes):
    return loans.post("common/adjust-ltv", **{"currency": "BTC", "amount": "0.05", "direction": "0", **changes})


def test_collateral_is_added_and_taken_back(loans):
    assert adjust(loans).result == {"adjustId": 27511}
    assert (loans.collateral("BTC"), loans.wallet("BTC")) == ("0.3", "0.2")
    assert adjust(loans, direction="1", amount="0.1").result == {"adjustId": 27512}
    assert (loans.collateral("BTC"), loans.wallet("BTC")) == ("0.2", "0.3")


@pytest.mark.parametrize(("changes", "code"), [
    ({"currency": ""}, 10001), ({"amount": "-1"}, 10001), ({"direction": "2"}, 10001), ({"direction": 0}, 10001),
    ({"currency": "XRP"}, 148004), ({"amount": "0.000000001"}, 148005), ({"amount": "0.26"}, 148012),
    ({"direction": "1", "amount": "0.26"}, 148037), ({"direction": "1", "amount": "0.14"}, 148037),
])
def test_invalid_adjustments_are_refused(loans, sandbox, changes, code):
    before = sandbox.state()["accounts"]
    assert adjust(loans, **changes).code == code
    assert sandbox.state()["accounts"] == before


def test_collateral_can_be_taken_back_to_where_the_documented_example_ends(loans):
    assert adjust(loans, direction="1", amount="0.13").code == 0
    assert loans.get("common/position")["ltv"] == "0.832416"


def test_nothing_can_be_adjusted_without_a_loan(loans):
    key = {"key": "sandbox-key-second-account"}
    assert loans.repay("USDT", "250.0225", **key).code == 0
    assert adjust(loans, direction="1", amount="0.01", **key).code == 148013
    assert adjust(loans, amount="0.01", **key).code == 148013
    position = loans.get("common/position", **key)
    assert (position["ltv"], position["totalDebt"], position["collateralList"]) == ("0", "0", [])


def test_a_high_ltv_liquidates_the_whole_account(loans, sandbox):
    before = sandbox.account()["wallet"]
    sandbox.control("POST", "prices", {"ETH": "2350", "BTC": "30000", "SOL": "1000"})
    assert loans.get("common/position")["ltv"] < "0.95"
    sandbox.control("POST", "prices", {"ETH": "1300"})
    assert loans.get("flexible/ongoing-coin")["list"] == [] and sandbox.account()["ltv"] == "0"
    assert {item["status"] for item in loans.get("fixed/borrow-contract-info")["list"]} == {2}
    newest = [item for item in sandbox.account()["repayments"] if item["origin"] == "liquidation" and item["type"] == 2]
    assert len(newest) == 6
    paid = {"USDT": Decimal("4988.88888939") + Decimal("2300.0856164"), "BTC": Decimal("0.02000034"), "ETH": Decimal("0.5")}
    assert {coin: sum(Decimal(item["amount"]) for item in newest if item["coin"] == coin) for coin in paid} == paid
    # The rest of the collateral stays pledged.
    position = loans.get("common/position")
    assert (position["totalDebt"], sandbox.account()["wallet"]["USDT"]) == ("0", before["USDT"])
    assert loans.repay("USDT", "1").code == 148027


def test_a_liquidation_writes_off_debt_that_the_collateral_does_not_cover(loans, sandbox):
    sandbox.control("POST", "prices", {"BTC": "4000", "ETH": "500", "SOL": "1000"})
    assert set(sandbox.account()["collateral"].values()) == {"0"}
    sold = [item for item in sandbox.account()["repayments"] if item["type"] == 2 and item["product"] == "flexible"]
    # BTC 0.25 x 4000 and ETH 2.6 x 500.
    assert [(item["coin"], item["amount"]) for item in sold] == [("USDT", "2300")]
    assert loans.get("flexible/ongoing-coin")["list"] == []


def test_interest_can_cause_a_liquidation(loans, sandbox, roomy_seed):
    account = roomy_seed["accounts"][0]
    account["flexible_loans"] = [
        {"loan_coin": "USDT", "principal": "11390", "interest": "9.99", "hourly_rate": "0.000001", "borrowed_at": "-90m"}
    ]
    account.update(fixed_contracts=[], fixed_repayments=[], collateral={"BTC": "0.25"})
    sandbox.control("PUT", "seed", roomy_seed)
    assert loans.debt("USDT")["totalDebt"] == "11399.99"
    sandbox.clock(advance_ms=30 * MINUTE)
    assert loans.debt("USDT") is None and loans.history("flexible", "limit=1")[0]["repayAmount"] == "11400.00139"
