# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A seed that extends the built-in one, such as the example in the role's documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROLE = Path(__file__).resolve().parents[3] / "roles" / "sandbox"
README, SEED = ROLE / "README.md", ROLE / "files" / "bybit_sandbox" / "seed"
BUILT_IN = ["1631373", "1631390", "1631407"]


@pytest.fixture
def example() -> dict:
    """The only seed in the role's documentation."""
    [text] = re.findall(r"```json\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(text.splitlines()) <= 10
    return json.loads(text)


def uids(state: dict) -> list[str]:
    return [account["uid"] for account in state["accounts"]]


def extended(sandbox, **changes: object) -> dict:
    sandbox.control("PUT", "seed", {"extends": "built-in", **changes})
    return sandbox.state()


def test_the_documented_example_adds_two_accounts(sandbox, example):
    sandbox.control("PUT", "seed", example)
    state = sandbox.state()
    assert uids(state) == [*BUILT_IN, "71", "72"]
    assert (state["prices"]["BTC"], state["prices"]["ETH"]) == ("50000", "3000")
    assert sandbox.balance("USDT", key="key-71") == 90
    [loan] = sandbox.signed("GET", "/v5/crypto-loan-flexible/ongoing-coin", key="key-71").result["list"]
    assert loan["unpaidAmount"] == "100"
    assert sandbox.listed("ongoing-orders", key="key-72") == [] and len(sandbox.listed("ongoing-orders")) == 5
    sandbox.control("POST", "reset")
    assert uids(sandbox.state()) == [*BUILT_IN, "71", "72"]


def test_the_command_line_accepts_an_extension(start, names, example, tmp_path):
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(example))
    assert uids(names.client(start("--seed", str(path)).url).state()) == [*BUILT_IN, "71", "72"]


def test_an_account_with_a_built_in_uid_replaces_that_account_in_place(sandbox):
    key = {"key": "sandbox-key", "secret": "sandbox-secret", "permissions": ["Wallet"]}
    state = extended(sandbox, accounts=[{"uid": "1631373", "wallet": {"USDT": "1"}, "keys": [key]}])
    assert uids(state) == BUILT_IN and state["accounts"][0]["wallet"] == {"USDT": "1"}
    assert state["accounts"][0]["loans"] == [] and sandbox.balance() == 1


def test_an_extension_without_changes_is_the_built_in_seed(sandbox, default_seed):
    sandbox.clock(freeze_at_ms=1_800_000_000_000)
    accounts = extended(sandbox)["accounts"]
    sandbox.control("PUT", "seed", default_seed)
    plain = sandbox.state()["accounts"]
    assert [(item["wallet"], item["unified"], item["keys"], item["ltv"]) for item in accounts] == [
        (item["wallet"], item["unified"], item["keys"], item["ltv"]) for item in plain
    ]


def test_groups_are_merged_by_name(sandbox):
    coin = {"accuracy": 2, "min": "1", "max": "9"}
    state = extended(
        sandbox, settings={"col_res": 2, "switches": {"list_end": "cursor_repeats"}}, prices={"DOGE": "0.1"},
        loan_coins={"DOGE": coin},
    )
    assert (state["col_res"], state["accounts"][0]["margin_call_ltv"]) == (2, "0.85")
    assert state["switches"]["list_end"] == "cursor_repeats" and state["prices"]["DOGE"] == "0.1"
    shown = sandbox.raw("GET", "/v5/crypto-loan-common/loanable-data").result["list"]
    assert [item["currency"] for item in shown] == ["USDT", "USDC", "BTC", "ETH", "XRP", "DOGE"]


@pytest.mark.parametrize(("changes", "text"), [
    ({"extends": "seed.json"}, "extends must be one of built-in"),
    ({"extends": True}, "extends must be a string"),
    ({"colour": "red"}, "has an unknown field 'colour'"),
    ({"accounts": {}}, "accounts must be a list"),
    ({"accounts": ["71"]}, "accounts[0] must be a JSON object"),
    ({"accounts": [{"name": "x"}]}, "accounts[0].uid is missing"),
    ({"accounts": [{"uid": "71", "wallet": {"DOGE": "1"}}]}, "accounts[0].wallet holds DOGE, which has no price"),
    ({"accounts": [{"uid": "71"}, {"uid": "71"}]}, "The seed has uid 71 more than once"),
    ({"accounts": [{"uid": "71", "keys": [{"key": "sandbox-key", "secret": "x"}]}]}, "The seed has key sandbox-key more than once"),
    ({"prices": []}, "prices must be a JSON object"),
    ({"settings": {"color": 1}}, "settings has an unknown field 'color'"),
])
def test_invalid_extensions_are_refused(sandbox, changes, text):
    before = sandbox.state()["accounts"]
    assert sandbox.control("PUT", "seed", {"extends": "built-in", **changes}, expect=400)["error"] == text
    assert sandbox.state()["accounts"] == before


def test_every_field_of_a_seed_is_documented() -> None:
    section = README.read_text(encoding="utf-8").partition("\n## The seed\n")[2].partition("\n## ")[0]
    sources = [path.read_text(encoding="utf-8") for path in SEED.glob("*.py")]
    fields = {name for source in sources for name in re.findall(r"""(?:fields|seed|ip)\.[a-z_]+\(\s*"([a-z_]+)\"""", source)}
    assert len(fields) > 60
    assert {name for name in fields if f"`{name}`" not in section} == set()
