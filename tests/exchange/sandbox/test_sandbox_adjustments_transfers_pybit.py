# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adjustments and transfers by the unchanged official Python client, compared with the documented examples."""

from __future__ import annotations

import pytest
from pybit.exceptions import InvalidRequestError

ID = "42c0cfb0-6bca-c242-bc76-4e6df6cbab16"


def adjust_loan(client, **body: str) -> dict:
    """Send what pybit's own method should send; that method sends a GET instead."""
    return client._submit_request(method="POST", path=f"{client.endpoint}/v5/crypto-loan/adjust-ltv", query=body, auth=True)


def test_collateral_of_a_legacy_loan_is_adjusted(client, names):
    most = client.get_max_allowed_collateral_reduction_amount(orderId=names.loan)["result"]
    assert most == {"maxCollateralAmount": "0.01915833"}
    answer = adjust_loan(client, orderId=names.loan, amount="0.001", direction="1")
    assert (answer["retCode"], answer["retMsg"]) == (0, "request.success")
    result = client.get_crypto_loan_ltv_adjustment_history(adjustId=answer["result"]["adjustId"])["result"]
    [row] = result["list"]
    assert row.pop("adjustTime").isdigit() and result["nextPageCursor"] == ""
    assert row == {
        "adjustId": answer["result"]["adjustId"], "afterLTV": "0.4275", "amount": "0.001", "collateralCurrency": "BTC",
        "direction": 1, "orderId": names.loan, "preLTV": "0.4168",
    }
    with pytest.raises(InvalidRequestError) as refused:
        adjust_loan(client, orderId=names.loan, amount="0.03", direction="1")
    assert refused.value.status_code == 177013


def test_pybits_own_method_for_a_legacy_loan_wrongly_sends_a_get(client, names):
    with pytest.raises(InvalidRequestError) as refused:
        client.adjust_collateral_amount(orderId=names.loan, amount="0.001", direction="1")
    assert refused.value.status_code == 10017


def test_collateral_of_an_account_is_adjusted(client):
    most = client.get_max_allowed_collateral_reduction_amount_new_crypto_loan(currency="BTC")["result"]["maxCollateralAmount"]
    answer = client.adjust_collateral_amount_new_crypto_loan(currency="BTC", amount=most, direction="1")
    assert (answer["retMsg"], answer["result"]) == ("ok", {"adjustId": 27511})
    [row] = client.get_ltv_adjustment_history_new_crypto_loan(limit="2", collateralCurrency="BTC")["result"]["list"]
    assert isinstance(row.pop("adjustTime"), int) and row.pop("preLTV") < row.pop("afterLTV") <= "0.85"
    assert row == {"adjustId": 27511, "amount": most, "collateralCurrency": "BTC", "direction": 1, "status": 1}


def test_coins_are_transferred_between_wallets(client):
    result = client.get_transferable_amount(coinName="BTC,SOL")["result"]
    assert result == {"availableWithdrawal": "0.5", "availableWithdrawalMap": {"BTC": "0.5", "SOL": "33.16713007"}}
    body = {"transferId": ID, "coin": "BTC", "amount": "0.05", "fromAccountType": "UNIFIED", "toAccountType": "FUND"}
    answer = client.create_internal_transfer(**body)
    assert (answer["retMsg"], answer["result"]) == ("success", {"transferId": ID, "status": "SUCCESS"})
    [row] = client.get_internal_transfer_records(coin="BTC", limit=1)["result"]["list"]
    assert row.pop("timestamp").endswith("000")
    assert row == {**body, "transferId": f"selfTransfer_{ID}", "status": "SUCCESS"}
    balances = [client.get_coin_balance(accountType=kind, coin="BTC")["result"]["balance"] for kind in ("UNIFIED", "FUND")]
    assert [balance["transferBalance"] for balance in balances] == ["0.45", "0.3"]
    with pytest.raises(InvalidRequestError) as refused:
        client.create_internal_transfer(**body)
    assert refused.value.status_code == 131214
