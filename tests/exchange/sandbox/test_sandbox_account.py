# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key can query about itself, and the history of the Funding wallet."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

KEY, LEDGER = "/v5/user/query-api", "/v5/asset/fundinghistory"
DAY_S = 24 * 3600


def about(sandbox, key: str) -> dict:
    answer = sandbox.signed("GET", KEY, key=key)
    assert answer.code == 0
    return answer.result


def entries(sandbox, query: str = "limit=100", **options) -> list[dict]:
    stamp = sandbox.state()["server_time"]
    answer = sandbox.signed("GET", LEDGER, query, timestamp=stamp, **options)
    assert answer.code == 0, answer.document
    return answer.result["list"]


def told(rows: list[dict]) -> list[tuple]:
    return [(row["currency"], row["ioDirection"], row["txnAmt"], row["afterAmt"]) for row in rows]


def test_every_key_can_query_itself(sandbox):
    found = about(sandbox, "sandbox-key")
    assert (found["userID"], found["readOnly"], found["isMaster"], found["parentUid"]) == (1631373, 0, True, "0")
    assert (found["permissions"]["Spot"], found["permissions"]["Wallet"]) == (["SpotTrade"], ["AccountTransfer"])
    assert (found["apiKey"], found["secret"], found["ips"]) == ("sandbox-key", "", ["*"])
    assert (found["deadlineDay"], found["expiredAt"]) == (-2, "1970-01-01T00:00:00Z")
    assert about(sandbox, "sandbox-key-readonly")["readOnly"] == 1
    poor = about(sandbox, "sandbox-key-no-permission")["permissions"]
    assert poor["Spot"] == poor["Wallet"] == [] and about(sandbox, "sandbox-key-no-wallet")["permissions"]["Wallet"] == []
    assert about(sandbox, "sandbox-key-banned")["userID"] == 1631407
    assert len({about(sandbox, key)["id"] for key in ("sandbox-key", "sandbox-key-readonly")}) == 2


def test_querying_a_key_requires_a_valid_signature(sandbox):
    assert sandbox.signed("GET", KEY, secret="another").code == 10004
    assert sandbox.signed("GET", KEY, key="sandbox-key-expired").code == 33004
    assert sandbox.signed("GET", KEY, key="sandbox-key-other-ip").code == 10010
    assert sandbox.raw("GET", KEY).status == 401


def test_expiry_addresses_and_parent_account_of_a_key_are_shown(sandbox, roomy_seed):
    account = roomy_seed["accounts"][0]
    account["parent_uid"] = "1631390"
    account["keys"][0].update(expires="+10d", ips=["127.0.0.1"])
    sandbox.control("PUT", "seed", roomy_seed)
    found = about(sandbox, "sandbox-key")
    assert (found["isMaster"], found["parentUid"], found["ips"]) == (False, "1631390", ["127.0.0.1"])
    assert found["deadlineDay"] == 9 and found["expiredAt"].startswith("20") and found["expiredAt"].endswith("Z")
    account["parent_uid"] = "somebody"
    assert "parent_uid must consist of up to 19 digits" in sandbox.control("PUT", "seed", roomy_seed, expect=400)["error"]


def test_the_wallet_history_shows_every_movement(loans, sandbox, names):
    stamp = sandbox.state()["server_time"]
    assert sandbox.repay(names.loan, "1000.4", timestamp=stamp).code == 0
    assert loans.repay("USDT", "600").code == 0
    assert loans.post("fixed/fully-repay", loanId="571").code == 0
    loans.post("common/adjust-ltv", currency="BTC", amount="0.05", direction="0")
    loans.post("common/adjust-ltv", currency="BTC", amount="0.01", direction="1")
    sandbox.control("POST", "borrow", {"product": "flexible", "loanCurrency": "USDT", "amount": "100"})
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "9000"})
    sandbox.control("POST", "wallet", {"coin": "USDT", "balance": "8999.5"})
    loans.wait(4 * 24 * 3600 * 1000)
    rows = entries(sandbox)
    assert told(rows)[::-1] == [
        ("USDT", "O", "1000.4", "8999.6"), ("BTC", "I", "0.04", "0.29"), ("USDT", "O", "600", "8399.6"),
        ("ETH", "O", "0.5", "3.5"), ("BTC", "O", "0.05", "0.24"), ("BTC", "I", "0.01", "0.25"),
        ("USDT", "I", "100", "8499.6"), ("USDT", "I", "500.4", "9000"), ("USDT", "O", "0.5", "8999.5"),
        # The contract that is due after three days is repaid automatically.
        ("USDT", "O", "1000", "7999.5"),
        # The overdue legacy loan was liquidated, and the rest of its collateral comes back.
        *told(rows)[::-1][10:],
    ]
    assert rows[-1] == {
        "memberId": "1631373", "currency": "USDT", "ioDirection": "O", "txnAmt": "1000.4", "afterAmt": "8999.6",
        "createTime": str(stamp // 1000), "showBusiType": "fundingAccountRecordCryptoLoans",
        "showBusiTypeEn": "Crypto Loans", "description": "fundingAccountRecordCryptoLoansRepayment",
        "descriptionEn": "Crypto Loans | Repayment",
    }
    balances = {row["currency"]: row["afterAmt"] for row in reversed(rows)}
    assert balances == {coin: amount for coin, amount in sandbox.account()["wallet"].items() if coin in balances}


def test_the_wallet_history_shows_the_refund_of_a_failed_repayment_without_delay(loans, sandbox):
    late = {"history_delay_ms": 60_000, "debt_delay_ms": 60_000, "wallet_delay_ms": 60_000}
    loans.fault("flexible/repay", processing_ms=1000, final_status=3, **late)
    loans.repay("USDT", "600")
    assert told(entries(sandbox)) == [("USDT", "O", "600", "9400")]
    assert sandbox.balance(timestamp=sandbox.state()["server_time"]) == 10000
    loans.wait(1000)
    rows = entries(sandbox)
    assert told(rows) == [("USDT", "I", "600", "10000"), ("USDT", "O", "600", "9400")]
    assert rows[0]["descriptionEn"] == "Crypto Loans | Repayment Refund"


def test_a_seed_has_no_movements_and_pages_cover_all_later_ones(sandbox):
    assert entries(sandbox) == []
    for number in range(12):
        sandbox.control("POST", "wallet", {"coin": "XRP", "balance": str(1001 + number)})
    first = sandbox.signed("GET", LEDGER).result
    second = sandbox.signed("GET", LEDGER, f"cursor={first['nextPageCursor'].replace('=', '%3D')}").result
    rows = first["list"] + second["list"]
    assert [row["afterAmt"] for row in rows] == [str(1012 - number) for number in range(12)]
    assert len(first["list"]) == 10 and second["nextPageCursor"] == ""


def test_the_wallet_history_covers_the_requested_period_and_seven_days_by_default(sandbox):
    now = sandbox.clock(freeze=True) // 1000
    sandbox.control("POST", "wallet", {"coin": "XRP", "balance": "1"})

    def count(begin, end):
        return len(entries(sandbox, f"createTimeFrom={begin}&createTimeTo={end}"))

    assert count(now, now) == count(now - 7 * DAY_S, now) == 1
    assert count(now + 1, now + 5) == count(now - 5, now - 1) == 0
    sandbox.clock(advance_ms=7 * DAY_S * 1000 + 2000)
    assert count(now, now + 5) == 1 and "XRP" not in {row["currency"] for row in entries(sandbox)}


@pytest.mark.parametrize("query", [
    "createTimeFrom=1", "createTimeTo=1", "createTimeFrom=2&createTimeTo=1", "createTimeFrom=x&createTimeTo=1",
    "createTimeFrom=0&createTimeTo=604801", "limit=101", "limit=0", "cursor=MQ%3D%3D",
])
def test_invalid_periods_and_pages_are_refused(sandbox, query):
    assert sandbox.signed("GET", LEDGER, query).code == 10001


def test_the_wallet_history_requires_the_wallet_permission(sandbox):
    assert sandbox.signed("GET", LEDGER, key="sandbox-key-no-wallet").code == 10005
    assert sandbox.signed("GET", LEDGER, key="sandbox-key-readonly").code == 0


def test_the_wallet_history_is_kept_in_the_state_file(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    client = names.client(found.url)
    client.fault(wallet_delay_ms=600_000)
    client.repay(names.loan, "250.4")
    cli("stop", "--run-dir", found.run_dir)
    client = names.client(start("--state", state, name="second").url)
    assert told(entries(client)) == [("USDT", "O", "250.4", "9749.6")] and client.balance() == Decimal(10000)
    body = json.dumps({"loanCurrency": "USDT", "amount": "0.1"})
    assert client.signed("POST", "/v5/crypto-loan-flexible/repay", body=body).code == 0
    assert told(entries(client))[0] == ("USDT", "O", "0.1", "9749.5")
