# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A custom seed, and invalid ones."""

from __future__ import annotations

import json

import pytest


def broken(seed: dict, where: tuple, value: object) -> dict:
    *path, last = where
    part = seed
    for step in path:
        part = part[step]
    part[last] = value
    return seed


@pytest.mark.parametrize(("where", "value", "text"), [
    (("prices", "BTC"), 60000.5, "prices.BTC must be a plain decimal number above zero"),
    (("prices",), {"BTC": "1"}, "prices has no price for"),
    (("colour",), "red", "unknown field 'colour'"),
    (("accounts",), [], "at least one account"),
    (("accounts", 0, "wallet", "DOGE"), "1", "holds DOGE, which has no price"),
    (("accounts", 0, "loans", 0, "loan_coin"), "DOGE", "accounts[0].loans[0].loan_coin must be one of"),
    (("accounts", 0, "loans", 0, "principal"), "0", "accounts[0].loans[0].principal must be"),
    (("accounts", 0, "loans", 0, "borrowed_at"), "yesterday", "must be a time"),
    (("accounts", 0, "loans", 0, "term"), "8", "term must be one of"),
    (("accounts", 0, "loans", 1, "order_id"), "1794267532472646144", "order_id 1794267532472646144 more than once"),
    (("accounts", 0, "repayments", 0, "order_id"), "1", "is not a loan of this account"),
    (("accounts", 0, "keys", 0, "secret"), "", "needs either a secret or an rsa_public_key"),
    (("accounts", 1, "keys", 0, "key"), "sandbox-key", "key sandbox-key more than once"),
    (("settings", "limits", "POST /v5/crypto-loan/borrow"), 1, "which is not a supported endpoint"),
    (("settings", "forgive_dust"), 1, "must be true or false"),
])
def test_an_invalid_seed_is_refused_and_changes_nothing(sandbox, roomy_seed, where, value, text):
    before = sandbox.state()["accounts"]
    assert text in sandbox.control("PUT", "seed", broken(roomy_seed, where, value), expect=400)["error"]
    assert sandbox.state()["accounts"] == before


def test_an_invalid_seed_file_is_explained_in_one_line(cli, tmp_path):
    path = tmp_path / "seed.json"
    for text in ("{", "[]", "{}"):
        path.write_text(text)
        done = cli("run", "--port", "0", "--seed", str(path))
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1


def test_a_custom_seed_replaces_the_built_in_one(start, names, tmp_path):
    path = tmp_path / "seed.json"
    path.write_text(json.dumps({
        "prices": {"USDT": "1", "BTC": "50000"},
        "loan_coins": {"USDT": {"accuracy": 2, "min": "1", "max": "10"}},
        "collateral_coins": {"BTC": {"accuracy": 8, "initial_ltv": "0.8", "margin_call_ltv": "0.87",
                                     "liquidation_ltv": "0.95", "max_limit": "5"}},
        "accounts": [{"uid": "7", "wallet": {"USDT": "5"}, "keys": [
            {"key": "sandbox-key", "secret": "sandbox-secret", "permissions": ["SpotTrade"]}], "loans": [
            {"order_id": "1", "loan_coin": "USDT", "collateral_coin": "BTC", "principal": "9", "collateral": "0.001",
             "hourly_rate": "0.001", "borrowed_at": "-90m"}]}],
    }))
    client = names.client(start("--seed", str(path)).url)
    assert client.loan("1")["debt"] == "9.009"
    assert client.repay("1", "1.001").code == 177004 and client.repay("1", "2.5").code == 10006
    client.control("POST", "reset")
    assert client.repay("1", "2.5").code == 0
