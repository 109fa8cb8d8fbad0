# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every supported endpoint by the unchanged official Python client."""

from __future__ import annotations

import time

import pytest
from pybit.exceptions import FailedRequestError, InvalidRequestError

HOUR = 3600 * 1000


def test_a_repayment_changes_history_debt_and_wallet(session, names):
    client = session()
    answer = client.repay_crypto_loan(orderId=names.loan, amount="100")
    assert (answer["retCode"], answer["retMsg"], answer["retExtInfo"]) == (0, "request.success", {})
    repay_id = answer["result"]["repayId"]
    assert isinstance(repay_id, str) and len(repay_id) == 19 and repay_id.isdigit()

    [entry] = client.get_loan_repayment_history(repayId=repay_id)["result"]["list"]
    assert abs(int(entry.pop("repayTime")) - time.time() * 1000) < 5000
    assert entry == {
        "collateralCurrency": "BTC", "collateralReturn": "0", "loanCurrency": "USDT", "loanTerm": "",
        "orderId": names.loan, "repayAmount": "100", "repayId": repay_id, "repayStatus": 1, "repayType": "1",
    }
    [loan] = client.get_unpaid_loans(orderId=names.loan)["result"]["list"]
    assert loan == {
        "collateralAmount": "0.04", "collateralCurrency": "BTC", "currentLTV": "0.3752", "expirationTime": "",
        "hourlyInterestRate": "0.0000090346", "loanCurrency": "USDT", "loanTerm": "", "orderId": names.loan,
        "residualInterest": "0", "residualPenaltyInterest": "0", "totalDebt": "900.4",
    }
    balance = client.get_coin_balance(accountType="FUND", coin="USDT")
    assert balance["retMsg"] == "success"
    assert balance["result"] == {
        "accountType": "FUND", "bizType": 1, "accountId": "1631373", "memberId": "1631373",
        "balance": {
            "coin": "USDT", "walletBalance": "9900", "transferBalance": "9900", "bonus": "0",
            "transferSafeAmount": "", "ltvTransferSafeAmount": "",
        },
    }


def test_completed_loans_answer_as_documented(session):
    result = session().get_completed_loan_history(orderId="1793569729874260992")["result"]
    [loan] = result["list"]
    borrowed, due = int(loan.pop("borrowTime")), int(loan.pop("expirationTime"))
    assert due == borrowed // HOUR * HOUR + 7 * 24 * HOUR - 1000
    assert loan == {
        "collateralCurrency": "BTC", "hourlyInterestRate": "0.0000010241", "initialCollateralAmount": "0.0494727",
        "initialLoanAmount": "1", "loanCurrency": "ETH", "loanTerm": "7", "orderId": "1793569729874260992",
        "repaidInterest": "0.00000515", "repaidPenaltyInterest": "0", "status": 1,
    }
    assert result["nextPageCursor"] == ""


def test_public_endpoints_answer_as_documented(session):
    client = session(api_key=None, api_secret=None)
    answer = client.get_borrowable_coins(currency="USDT", vipLevel="VIP0")
    assert answer["result"] == {"vipCoinList": [{"vipLevel": "VIP0", "list": [{
        "borrowingAccuracy": 4, "currency": "USDT", "flexibleHourlyInterestRate": "0.0000090346",
        "hourlyInterestRate7D": "0.0000180692", "hourlyInterestRate14D": "0.0000207796",
        "hourlyInterestRate30D": "0.00002349", "hourlyInterestRate90D": "", "hourlyInterestRate180D": "",
        "maxBorrowingAmount": "8000000", "minBorrowingAmount": "20",
    }]}]}
    answer = client.get_collateral_coins(currency="ETH", vipLevel="PRO1")
    assert answer["result"] == {"vipCoinList": [{"vipLevel": "PRO1", "list": [{
        "collateralAccuracy": 8, "currency": "ETH", "initialLTV": "0.8", "liquidationLTV": "0.95",
        "marginCallLTV": "0.87", "maxLimit": "32000",
    }]}]}
    every = client.get_borrowable_coins()["result"]["vipCoinList"]
    assert [level["vipLevel"] for level in every] == [
        "VIP0", "VIP1", "VIP2", "VIP3", "VIP4", "VIP5", "VIP99", "PRO1", "PRO2", "PRO3", "PRO4", "PRO5", "PRO6",
    ]
    assert [coin["currency"] for coin in every[0]["list"]] == ["USDT", "USDC", "BTC", "ETH", "XRP"]
    with pytest.raises(InvalidRequestError, match="vipLevel"):
        client.get_collateral_coins(vipLevel="VIP77")


def test_the_server_time_is_current(session):
    answer = session(api_key=None, api_secret=None).get_server_time()
    now = time.time()
    assert answer["retMsg"] == "OK"
    assert abs(int(answer["result"]["timeSecond"]) - now) < 5
    assert abs(int(answer["result"]["timeNano"]) / 10**9 - now) < 5
    assert abs(answer["time"] / 1000 - now) < 5


def test_an_rsa_key_can_repay(session, rsa_keys, names):
    client = session(api_key="sandbox-rsa-key", api_secret=rsa_keys.private_pem, rsa_authentication=True)
    assert client.repay_crypto_loan(orderId=names.loan, amount="1.5")["retCode"] == 0
    assert client.get_unpaid_loans(orderId=names.loan, limit=1)["result"]["list"][0]["totalDebt"] == "998.9"


def test_an_rsa_key_with_the_wrong_private_key_is_refused(sandbox, session, names):
    from Crypto.PublicKey import RSA

    stranger = RSA.generate(2048).export_key().decode()
    client = session(api_key="sandbox-rsa-key", api_secret=stranger, rsa_authentication=True)
    with pytest.raises(InvalidRequestError) as refused:
        client.repay_crypto_loan(orderId=names.loan, amount="1")
    assert refused.value.status_code == 10004
    assert sandbox.loan()["debt"] == "1000.4"


def test_pages_cover_the_whole_history(session, names):
    client = session()
    sent = [client.repay_crypto_loan(orderId=names.loan, amount="1")["result"]["repayId"] for _number in range(5)]
    seen, cursor, pages = [], None, 0
    while cursor != "":
        result = client.get_loan_repayment_history(orderId=names.loan, limit=2, cursor=cursor)["result"]
        seen += [item["repayId"] for item in result["list"]]
        cursor, pages = result["nextPageCursor"], pages + 1
    assert seen[:5] == sent[::-1] and len(seen) == 6 and pages == 3


def test_an_amount_as_a_json_number_is_refused(session, names):
    with pytest.raises(InvalidRequestError) as refused:
        session().repay_crypto_loan(orderId=names.loan, amount=0.00001)
    assert refused.value.status_code == 10001


def test_the_client_reports_a_fault(sandbox, session, names):
    sandbox.fault(answer="html_502")
    with pytest.raises(FailedRequestError) as failed:
        session().repay_crypto_loan(orderId=names.loan, amount="100")
    assert failed.value.status_code == 502
    assert sandbox.loan()["debt"] == "900.4"
