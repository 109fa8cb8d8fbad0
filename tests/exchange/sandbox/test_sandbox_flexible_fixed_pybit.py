# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every endpoint of flexible and fixed loans by the unchanged official Python client, compared with the documented examples."""

from __future__ import annotations

import pytest
from pybit.exceptions import InvalidRequestError

# The documented examples; answers must have the same fields and types.
FLEXIBLE_DEBT = {
    "hourlyInterestRate": "0.0000018847396", "loanCurrency": "ETH", "totalDebt": "0.10000019", "unpaidAmount": "0.1",
    "unpaidInterest": "0.00000019",
}
FLEXIBLE_REPAYMENT = {
    "loanCurrency": "BTC", "repayAmount": "0.007", "repayId": "1773", "repayStatus": 1, "repayTime": 1752570731274,
    "repayType": 1,
}
BORROWING = {
    "borrowTime": 1752569950643, "initialLoanAmount": "0.006", "loanCurrency": "BTC", "orderId": "1364", "status": 1,
}
CONTRACT = {
    "annualRate": "0.022", "autoRepay": "true", "borrowCurrency": "ETH", "borrowTime": "1752633756068",
    "interestPaid": "0.002531506849315069", "loanId": "571", "orderId": "13007", "repayType": "1",
    "repaymentTime": "1755225756068", "residualPenaltyInterest": "0", "residualPrincipal": "1.4", "status": 1, "term": "30",
}
FIXED_REPAYMENT = {
    "details": [{"loanCurrency": "ETH", "loanId": "568", "repayAmount": "0.1"}], "loanCurrency": "ETH",
    "repayAmount": "1.5", "repayId": "1782", "repayStatus": 1, "repayTime": 1752717174353, "repayType": 1,
}
POSITION = {
    "borrowList": [{
        "fixedTotalDebt": "0", "fixedTotalDebtUSD": "0", "flexibleHourlyInterestRate": "0.0000001361462",
        "flexibleTotalDebt": "0.08800022", "flexibleTotalDebtUSD": "9355.37", "loanCurrency": "BTC",
    }],
    "collateralList": [{"amount": "0.12", "amountUSD": "9930.11", "currency": "BTC"}],
    "ltv": "0.524344", "supplyList": [{"amount": "800.13", "amountUSD": "800.13", "currency": "USDT"}],
    "totalCollateral": "18381.41", "totalDebt": "9638.17", "totalSupply": "800.13",
    "colRes": "0",
}
LOANABLE = {
    "currency": "ETH", "fixedBorrowable": True, "fixedBorrowingAccuracy": 6, "flexibleBorrowable": True,
    "flexibleBorrowingAccuracy": 4, "maxBorrowingAmount": "1100", "minFixedBorrowingAmount": "0.1",
    "minFlexibleBorrowingAmount": "0.001", "vipLevel": "VIP5", "annualizedInterestRate14D": "0.08",
    "annualizedInterestRate180D": "", "annualizedInterestRate30D": "", "annualizedInterestRate60D": "",
    "annualizedInterestRate7D": "", "annualizedInterestRate90D": "", "flexibleAnnualizedInterestRate": "0.001429799316",
}
RATIOS = {
    "collateralRatioConfigList": [{
        "collateralRatioList": [{"collateralRatio": "0.8", "maxValue": "10000", "minValue": "0"}],
        "currencies": "ATOM,AAVE,BTC,BOB",
    }],
    "currencyLiquidationList": [{"currency": "BTC", "liquidationOrder": 1}],
}


def shape(value: object) -> object:
    """The field names and types; a list is represented by its first item."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return value.__class__


def test_flexible_loans_answer_as_documented(client):
    answer = client.repay_flexible_crypto_loan(loanCurrency="BTC", amount="0.005")
    assert (answer["retCode"], answer["retMsg"], answer["result"]) == (0, "ok", {"repayId": "1771"})
    answer = client.collateral_repayment_flexible_crypto_loan(
        loanCurrency="USDT", amount="500", collateralCoin="BTC,ETH"
    )
    assert (answer["retMsg"], answer["result"], answer["retExtInfo"]) == ("ok", {}, {})
    result = client.get_flexible_loans_flexible_crypto_loan(loanCurrency="BTC")["result"]
    assert shape(result) == shape({"list": [FLEXIBLE_DEBT]})
    assert result["list"][0]["totalDebt"] == "0.01500034"
    result = client.get_repayment_history_flexible_crypto_loan(limit=2)["result"]
    assert shape(result) == shape({"list": [FLEXIBLE_REPAYMENT], "nextPageCursor": "1769"})
    assert [(item["repayId"], item["repayType"]) for item in result["list"]] == [("1772", 7), ("1771", 1)]
    rest = client.get_repayment_history_flexible_crypto_loan(limit=2, cursor=result["nextPageCursor"])["result"]
    assert [item["repayId"] for item in rest["list"]] == ["1768", "1752"] and rest["nextPageCursor"] == ""
    result = client.get_borrowing_history_flexible_crypto_loan(limit=2)["result"]
    assert shape(result) == shape({"list": [BORROWING], "nextPageCursor": "1363"})
    assert [item["orderId"] for item in result["list"]] == ["1362", "1361"]


def test_fixed_loans_answer_as_documented(client):
    answer = client.repay_fixed_crypto_loan(loanId="568", loanCurrency="USDT")
    assert (answer["retCode"], answer["retMsg"], answer["result"]) == (0, "ok", {"repayId": "1771"})
    answer = client.collateral_repayment_fixed_crypto_loan(loanCurrency="ETH", amount="0.1", collateralCoin="BTC")
    assert (answer["retMsg"], answer["result"]) == ("ok", {})
    result = client.get_borrowing_contract_info_fixed_crypto_loan(orderCurrency="ETH", limit=1)["result"]
    assert shape(result) == shape({"list": [CONTRACT], "nextPageCursor": "568"})
    assert result["list"][0]["residualPrincipal"] == "0.4"
    [repaid] = client.get_borrowing_contract_info_fixed_crypto_loan(loanId="561")["result"]["list"]
    # The documented interest of 1.4 ETH for 30 days at 2.2 percent.
    assert (repaid["interestPaid"], repaid["status"]) == (CONTRACT["interestPaid"], 2)
    result = client.get_repayment_history_fixed_crypto_loan(limit=2)["result"]
    assert shape(result) == shape({"list": [FIXED_REPAYMENT], "nextPageCursor": "1674"})
    assert [item["details"][0]["loanId"] for item in result["list"]] == ["571", "568"]
    [only] = client.get_repayment_history_fixed_crypto_loan(repayId="1771")["result"]["list"]
    assert only["repayAmount"] == "1000"


def test_position_and_collateral_answer_as_documented(client):
    result = client.get_position_new_crypto_loan()["result"]
    assert shape(result) == shape(POSITION)
    assert [item["loanCurrency"] for item in result["borrowList"]] == ["BTC", "ETH", "USDT"]
    answer = client.adjust_collateral_amount_new_crypto_loan(currency="BTC", amount="0.08", direction="0")
    assert (answer["retMsg"], answer["result"]) == ("ok", {"adjustId": 27511})
    assert client.get_position_new_crypto_loan()["result"]["totalCollateral"] == "22080"


def test_public_endpoints_answer_as_documented(sandbox, client):
    # pybit signs these two as well, although the exchange does not require it.
    unsigned = sandbox.raw("GET", "/v5/crypto-loan-common/loanable-data?currency=ETH&vipLevel=VIP5").document
    assert unsigned["retMsg"] == sandbox.raw("GET", "/v5/crypto-loan-common/collateral-data").document["retMsg"] == "ok"
    result = client.get_borrowable_coins_new_crypto_loan(currency="ETH", vipLevel="VIP5")["result"]
    assert result == unsigned["result"]
    assert shape(result) == shape({"list": [LOANABLE]}) and result["list"][0]["vipLevel"] == "VIP5"
    every = client.get_borrowable_coins_new_crypto_loan()["result"]["list"]
    assert [(item["currency"], item["fixedBorrowable"]) for item in every] == [
        ("USDT", True), ("USDC", False), ("BTC", False), ("ETH", True), ("XRP", False)
    ]
    with pytest.raises(InvalidRequestError, match="vipLevel"):
        client.get_borrowable_coins_new_crypto_loan(vipLevel="VIP77")
    result = client.get_collateral_coins_new_crypto_loan(currency="BTC")["result"]
    assert shape(result) == shape(RATIOS)
    assert result["collateralRatioConfigList"][0]["currencies"] == "BTC,ETH"
    everything = client.get_collateral_coins_new_crypto_loan()["result"]
    assert [item["currency"] for item in everything["currencyLiquidationList"]] == ["USDT", "BTC", "ETH", "SOL"]
    assert [tier["collateralRatio"] for tier in everything["collateralRatioConfigList"][1]["collateralRatioList"]] == [
        "0.8", "0.7", "0.5", "0.4"
    ]
    assert client.get_collateral_coins_new_crypto_loan(currency="XRP")["result"] == {
        "collateralRatioConfigList": [], "currencyLiquidationList": []
    }


@pytest.mark.parametrize(("method", "body", "code"), [
    ("repay_flexible_crypto_loan", {"loanCurrency": "BTC", "loanAmount": "0.005"}, 10001),
    ("repay_flexible_crypto_loan", {"loanCurrency": "BTC", "amount": "1"}, 148038),
    ("collateral_repayment_flexible_crypto_loan", {"loanCurrency": "BTC", "amount": "0.01", "collateralCoin": "XRP"}, 148004),
    ("repay_fixed_crypto_loan", {"loanId": "1"}, 148023),
    ("collateral_repayment_fixed_crypto_loan", {"loanCurrency": "ETH", "amount": "0.1"}, 10001),
    ("adjust_collateral_amount_new_crypto_loan", {"currency": "BTC", "amount": "1", "direction": "0"}, 148012),
])
def test_pybit_reports_the_code_of_a_refusal(client, method, body, code):
    with pytest.raises(InvalidRequestError) as refused:
        getattr(client, method)(**body)
    assert refused.value.status_code == code
