# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The UNIFIED wallet, and transfers between it and the Funding wallet."""

from __future__ import annotations

import json
import uuid

import pytest

TRANSFER, LIST = "/v5/asset/transfer/inter-transfer", "/v5/asset/transfer/query-inter-transfer-list"
AVAILABLE = "/v5/account/withdrawal"
DAY_MS = 24 * 3600 * 1000
ID = "42c0cfb0-6bca-c242-bc76-4e6df6cbab16"


class Wallets:
    """Transfers and balances of the first account."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox

    def now(self) -> int:
        return self.sandbox.state()["server_time"]

    def transfer(self, key: str = "sandbox-key", **changes: object):
        body = {
            "transferId": ID, "coin": "USDT", "amount": "500", "fromAccountType": "UNIFIED", "toAccountType": "FUND", **changes,
        }
        return self.sandbox.signed("POST", TRANSFER, body=json.dumps(body), key=key, timestamp=self.now())

    def asked(self, path: str, query: str = "", key: str = "sandbox-key"):
        return self.sandbox.signed("GET", path, query, key=key, timestamp=self.now())

    def listed(self, query: str = "") -> list[dict]:
        return self.asked(LIST, query).result["list"]

    def held(self) -> tuple[str, str]:
        """The USDT of the UNIFIED and of the Funding wallet."""
        account = self.sandbox.account()
        return account["unified"]["USDT"], account["wallet"]["USDT"]

    def fault(self, **fault: object) -> None:
        self.sandbox.control("POST", "faults", {"method": "POST", "path": TRANSFER, **fault})


@pytest.fixture
def wallets(sandbox) -> Wallets:
    sandbox.clock(freeze=True)
    return Wallets(sandbox)


def test_transfers_move_money_in_both_directions(wallets, sandbox):
    assert wallets.transfer().result == {"transferId": ID, "status": "SUCCESS"}
    assert wallets.held() == ("11499", "10500")
    entry = sandbox.account()["funding"][0]
    assert (entry["coin"], entry["amount"], entry["after"], entry["kind"]) == ("USDT", "500", "10500", "transfer")
    back = wallets.transfer(transferId=str(uuid.uuid4()), amount="0.12345678", fromAccountType="FUND", toAccountType="UNIFIED")
    assert (back.code, wallets.held()) == (0, ("11499.12345678", "10499.87654322"))
    newest, oldest = wallets.listed()
    assert oldest == {
        "transferId": f"selfTransfer_{ID}", "coin": "USDT", "amount": "500", "fromAccountType": "UNIFIED",
        "toAccountType": "FUND", "timestamp": str(wallets.now() // 1000 * 1000), "status": "SUCCESS",
    }
    assert (newest["fromAccountType"], newest["toAccountType"]) == ("FUND", "UNIFIED")


@pytest.mark.parametrize(("changes", "code"), [
    ({"transferId": ""}, 10001), ({"amount": 500}, 10001), ({"coin": None}, 10001), ({"transferId": "1"}, 131203),
    ({"transferId": f"{ID}0"}, 131203), ({"coin": "DOGE"}, 131203), ({"coin": "usdt"}, 131203),
    ({"toAccountType": "PIGGY"}, 131203), ({"toAccountType": "UNIFIED"}, 131211), ({"toAccountType": "SPOT"}, 131231),
    ({"fromAccountType": "CONTRACT"}, 131232), ({"amount": "0"}, 131215), ({"amount": "-1"}, 131215), ({"amount": "1e3"}, 131215),
    ({"amount": "0.000000001"}, 131210), ({"amount": "11999.00000001"}, 131212),
])
def test_invalid_transfers_are_refused(wallets, sandbox, changes, code):
    before = sandbox.state()["accounts"]
    assert wallets.transfer(**changes).code == code
    assert sandbox.state()["accounts"] == before


def test_an_id_is_executed_once(wallets):
    assert wallets.transfer().code == 0
    assert [wallets.transfer().code, wallets.transfer(amount="99999").code] == [131214, 131214]
    assert wallets.held() == ("11499", "10500") and len(wallets.listed()) == 1
    assert wallets.transfer(key="sandbox-key-second-account", amount="1").code == 0


@pytest.mark.parametrize(("key", "reads"), [
    ("sandbox-key-no-transfer", True), ("sandbox-key-readonly", True), ("sandbox-key-no-wallet", False),
    ("sandbox-key-no-permission", False),
])
def test_keys_without_the_permission_cannot_transfer(wallets, key, reads):
    assert wallets.transfer(key=key).code == 10005
    for path, query in ((LIST, ""), (AVAILABLE, "coinName=USDT")):
        assert wallets.asked(path, query, key=key).code == (0 if reads else 10005)


def test_a_key_shows_whether_it_can_transfer(wallets):
    rights = [wallets.asked("/v5/user/query-api", key=key).result["permissions"]["Wallet"]
              for key in ("sandbox-key", "sandbox-key-no-transfer", "sandbox-key-no-wallet")]
    assert rights == [["AccountTransfer"], ["SubMemberTransfer"], []]


def test_the_unified_wallet_can_be_read(wallets, sandbox, names):
    sandbox.control("POST", "wallet", {"accountType": "UNIFIED", "coin": "USDT", "balance": "7.5"})
    balance = wallets.asked(names.wallet, "accountType=UNIFIED&coin=USDT").result["balance"]
    assert (balance["walletBalance"], balance["transferBalance"]) == ("7.5", "7.5")
    assert wallets.held() == ("7.5", "10000")
    result = wallets.asked(AVAILABLE, "coinName=USDT,XRP,SOL").result
    assert result == {"availableWithdrawal": "7.5", "availableWithdrawalMap": {"USDT": "7.5", "XRP": "0", "SOL": "33.16713007"}}
    for query in ("", "coinName=usdt", "coinName=USDT,", "coinName=" + ",".join(["USDT"] * 21)):
        assert wallets.asked(AVAILABLE, query).code == 10001
    text = sandbox.control("POST", "wallet", {"accountType": "SPOT", "coin": "USDT", "balance": "1"}, expect=400)["error"]
    assert text == "wallet.accountType must be one of FUND, UNIFIED"


def test_the_seed_refuses_a_coin_without_a_price(sandbox, roomy_seed):
    roomy_seed["accounts"][0]["unified"] = {"DOGE": "1"}
    text = sandbox.control("PUT", "seed", roomy_seed, expect=400)["error"]
    assert text == "accounts[0].unified holds DOGE, which has no price"


@pytest.mark.parametrize(("final", "word", "after"), [(1, "SUCCESS", ("11499", "10500")), (3, "FAILED", ("11999", "10000"))])
def test_a_transfer_can_be_pending(wallets, final, word, after):
    wallets.fault(processing_ms=5000, final_status=final)
    assert wallets.transfer().result["status"] == "PENDING"
    assert wallets.held() == ("11499", "10000") and wallets.listed()[0]["status"] == "PENDING"
    assert [len(wallets.listed(f"status={status}")) for status in ("PENDING", word, "STATUS_UNKNOWN")] == [1, 0, 0]
    wallets.sandbox.clock(advance_ms=5000)
    assert wallets.held() == after and wallets.listed()[0]["status"] == word
    assert wallets.transfer().code == 131214


def test_answers_can_be_lost_and_lists_and_balances_late(wallets, names):
    wallets.fault(answer="html_502", history_delay_ms=1000, wallet_delay_ms=2000)
    assert wallets.transfer().status == 502 and wallets.held() == ("11499", "10500")

    def shown() -> tuple:
        kinds = ("UNIFIED", "FUND")
        balances = [wallets.asked(names.wallet, f"accountType={kind}&coin=USDT").result["balance"] for kind in kinds]
        available = wallets.asked(AVAILABLE, "coinName=USDT").result["availableWithdrawal"]
        return len(wallets.listed()), *(balance["walletBalance"] for balance in balances), available

    seen = [shown()]
    for _second in range(2):
        wallets.sandbox.clock(advance_ms=1000)
        seen.append(shown())
    assert seen == [(0, "11999", "10000", "11999"), (1, "11999", "10000", "11999"), (1, "11499", "10500", "11499")]


def test_a_delayed_transfer_arrives(wallets):
    wallets.fault(answer="close", arrive_after_ms=3000)
    with pytest.raises(ConnectionError):
        wallets.transfer()
    assert wallets.listed() == []
    wallets.sandbox.clock(advance_ms=3000)
    assert len(wallets.listed()) == 1 and wallets.held() == ("11499", "10500")


def test_transfers_follow_their_switches(wallets, sandbox):
    sandbox.control("POST", "switches", {"transfer_status": "unknown"})
    assert wallets.transfer().result["status"] == "STATUS_UNKNOWN" and wallets.listed()[0]["status"] == "SUCCESS"
    sandbox.clock(freeze_at_ms=wallets.now() // 1000 * 1000 + 123)
    sandbox.control("POST", "switches", {
        "transfer_list_id": "plain", "transfer_time_precision": "ms", "transfer_decimals": "accuracy",
    })
    assert wallets.transfer(transferId=str(uuid.uuid4()), amount="0.00001").code == 131210
    other = str(uuid.uuid4())
    assert wallets.transfer(transferId=other, amount="0.0001").code == 0
    newest = wallets.listed()[0]
    assert newest["transferId"] == other and newest["timestamp"].endswith("123")


@pytest.mark.parametrize("way", ["prefixed", "plain"])
def test_either_form_of_an_id_finds_a_transfer(wallets, sandbox, way):
    sandbox.control("POST", "switches", {"transfer_list_id": way})
    wallets.transfer()
    wallets.transfer(transferId=str(uuid.uuid4()), coin="BTC", amount="0.1")
    sent, shown = wallets.listed(f"transferId={ID}"), wallets.listed(f"transferId=selfTransfer_{ID}")
    assert sent == shown and len(sent) == 1 and sent[0]["transferId"].endswith(ID)
    assert wallets.listed(f"transferId={uuid.uuid4()}") == []
    assert [row["coin"] for row in wallets.listed("coin=BTC")] == ["BTC"]


def test_the_list_covers_seven_days_and_whole_seconds(wallets, sandbox):
    sandbox.clock(freeze_at_ms=wallets.now() // 1000 * 1000 + 700)
    at = wallets.now()
    wallets.transfer()
    assert len(wallets.listed(f"startTime={at + 200}")) == len(wallets.listed(f"endTime={at - 600}")) == 1
    assert wallets.listed(f"startTime={at + 300}") == wallets.listed(f"endTime={at - 701}") == []
    sandbox.clock(advance_ms=7 * DAY_MS)
    assert len(wallets.listed()) == 1
    sandbox.clock(advance_ms=1000)
    assert wallets.listed() == wallets.listed(f"transferId={ID}") == []
    assert len(wallets.listed(f"startTime={at}")) == len(wallets.listed(f"startTime={at}&endTime={at + 7 * DAY_MS}")) == 1
    for query in (f"startTime={at}&endTime={at + 7 * DAY_MS + 1}", f"startTime={at}&endTime={at - 1}", "startTime=now"):
        assert wallets.asked(LIST, query).code == 131203


def test_pages_cover_the_whole_list(wallets):
    for number in range(21):
        assert wallets.transfer(transferId=str(uuid.uuid4()), amount=str(number + 1)).code == 0
    first = wallets.asked(LIST).result
    assert [row["amount"] for row in first["list"]] == [str(number) for number in range(21, 1, -1)]
    assert [row["amount"] for row in wallets.listed(f"cursor={first['nextPageCursor']}")] == ["1"]
    assert len(wallets.listed("limit=50")) == 21
    assert wallets.asked(LIST, "limit=51").code == wallets.asked(LIST, "cursor=x").code == 10001
    assert wallets.asked(LIST, "status=DONE").code == 131203


def test_sixty_transfers_are_allowed_per_minute(strict):
    strict.clock(freeze=True)
    wallets = Wallets(strict)
    answers = [wallets.transfer(transferId=str(uuid.uuid4()), amount="1") for _number in range(61)]
    assert [answer.code for answer in answers] == [0] * 60 + [10006]
    assert int(answers[-1].headers["x-bapi-limit-reset-timestamp"]) == wallets.now() + 60_000
    strict.clock(advance_ms=59_999)
    assert wallets.transfer().code == 10006
    strict.clock(advance_ms=1)
    assert wallets.transfer().code == 0
