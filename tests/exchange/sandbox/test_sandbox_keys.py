# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that change while the stand-in runs: permissions, expiry, addresses, and replacement."""

from __future__ import annotations

import json

import pytest

KEY = "/v5/user/query-api"
DAY_MS = 24 * 3600 * 1000
USUAL = {
    "uid": "1631373", "key": "sandbox-key", "permissions": ["SpotTrade", "Wallet"], "read_only": False, "expires_at_ms": None, "ips": [],
}


@pytest.fixture
def now(sandbox) -> int:
    return sandbox.clock(freeze=True)


def change(sandbox, **document: object) -> dict:
    return sandbox.control("POST", "keys", {"key": "sandbox-key", **document})


def ask(sandbox, now: int, key: str = "sandbox-key", **options: object):
    return sandbox.signed("GET", KEY, key=key, timestamp=now, **options)


def test_keys_are_listed_without_their_secrets(sandbox):
    listed = sandbox.control("GET", "keys")
    assert listed["keys"][0] == USUAL
    assert [key["key"] for key in listed["keys"]][-2:] == ["sandbox-key-second-account", "sandbox-key-banned"]
    assert "sandbox-secret" not in json.dumps(listed)


def test_a_key_can_become_read_only(sandbox, now):
    assert change(sandbox, read_only=True) == {**USUAL, "read_only": True}
    assert sandbox.repay(timestamp=now).code == 10005
    assert ask(sandbox, now).result["readOnly"] == 1
    assert change(sandbox, read_only=False) == USUAL
    assert sandbox.repay(timestamp=now).code == 0


def test_a_key_can_lose_a_permission(sandbox, now):
    change(sandbox, permissions=["Wallet"])
    assert sandbox.repay(timestamp=now).code == 10005
    assert ask(sandbox, now).result["permissions"]["Spot"] == []
    assert sandbox.balance(timestamp=now) == 10000


def test_the_expiry_of_a_key_can_be_changed(sandbox, now):
    assert change(sandbox, expires_in_days=3)["expires_at_ms"] == now + 3 * DAY_MS
    assert ask(sandbox, now).result["deadlineDay"] == 3
    then = sandbox.clock(advance_ms=3 * DAY_MS)
    assert ask(sandbox, then).code == 33004
    assert change(sandbox, expires_at_ms=then + 1)["expires_at_ms"] == then + 1
    assert ask(sandbox, then).result["deadlineDay"] == 0
    assert change(sandbox, expires_at_ms=None)["expires_at_ms"] is None
    assert ask(sandbox, then).result["deadlineDay"] == -2


def test_an_expired_key_is_always_refused(sandbox, now):
    change(sandbox, expires_in_days=-1)
    assert [ask(sandbox, now).code, sandbox.repay(timestamp=now).code] == [33004, 33004]
    assert sandbox.loan()["debt"] == "1000.4"


def test_a_key_can_be_bound_to_addresses(sandbox, now):
    change(sandbox, ips=["203.0.113.7"])
    assert ask(sandbox, now).code == 10010
    change(sandbox, ips=["203.0.113.7", "127.0.0.1"])
    assert ask(sandbox, now).result["ips"] == ["203.0.113.7", "127.0.0.1"]


@pytest.mark.parametrize(("old", "code"), [({}, 10003), ({"old": "deleted"}, 10003), ({"old": "expired"}, 33004)])
def test_a_key_can_replace_another(sandbox, now, old, code):
    ids = {ask(sandbox, now).result["id"], ask(sandbox, now, "sandbox-key-readonly").result["id"]}
    assert change(sandbox, replaced_by="next-key", secret="next-secret", **old) == {**USUAL, "key": "next-key"}
    assert ask(sandbox, now).code == code and sandbox.repay(timestamp=now).code == code
    new = {"key": "next-key", "secret": "next-secret"}
    found = ask(sandbox, now, **new).result
    assert found["userID"] == 1631373 and found["id"] not in ids
    assert ask(sandbox, now, "sandbox-key-readonly").result["id"] in ids
    assert sandbox.repay(timestamp=now, **new).code == 0
    assert ("sandbox-key" in sandbox.account()["keys"]) is (old == {"old": "expired"})
    assert "next-key" in sandbox.account()["keys"]


def test_a_replacement_inherits_secret_and_permissions_by_default(sandbox, now):
    change(sandbox, expires_in_days=-1, read_only=True)
    assert change(sandbox, replaced_by="next-key", read_only=False)["expires_at_ms"] is None
    assert sandbox.repay(timestamp=now, key="next-key").code == 0
    late = change(sandbox, key="next-key", replaced_by="third-key", permissions=["SpotTrade"], expires_in_days=90)
    assert late == {**USUAL, "key": "third-key", "permissions": ["SpotTrade"], "expires_at_ms": now + 90 * DAY_MS}


def test_an_rsa_key_can_be_replaced(sandbox, now):
    assert change(sandbox, key="sandbox-rsa-key", replaced_by="next-rsa-key")["key"] == "next-rsa-key"
    assert ask(sandbox, now, "next-rsa-key").code == 10004
    assert ask(sandbox, now, "sandbox-rsa-key").code == 10003


def test_a_reset_restores_the_keys_of_the_seed(sandbox):
    change(sandbox, replaced_by="next-key")
    sandbox.control("POST", "reset")
    assert sandbox.control("GET", "keys")["keys"][0] == USUAL


@pytest.mark.parametrize(("document", "said"), [
    ({"key": "nobody"}, "key"),
    ({"key": 1}, "key must be a string"),
    ({"read_only": 1}, "read_only must be true or false"),
    ({"permissions": ["SpotTrade", "Withdraw"]}, "permissions"),
    ({"permissions": "SpotTrade"}, "permissions must be a list"),
    ({"ips": [1]}, "ips must be a list of strings"),
    ({"expires_in_days": 1, "expires_at_ms": 1}, "expires_in_days and expires_at_ms are mutually exclusive"),
    ({"expires_in_days": "3"}, "expires_in_days must be a whole number"),
    ({"expires_in_days": 10**9}, "expires_in_days"),
    ({"expires_at_ms": -1}, "expires_at_ms"),
    ({"expires_at_ms": 10**15}, "expires_at_ms"),
    ({"replaced_by": "sandbox-key-readonly"}, "replaced_by"),
    ({"replaced_by": "sandbox-key"}, "replaced_by"),
    ({"replaced_by": ""}, "replaced_by"),
    ({"replaced_by": "next-key", "secret": ""}, "secret"),
    ({"replaced_by": "next-key", "old": "gone"}, "old must be one of deleted, expired"),
    ({"old": "expired"}, "unknown field 'old'"),
    ({"secret": "another"}, "unknown field 'secret'"),
    ({"readonly": True}, "unknown field 'readonly'"),
    ({}, "needs"),
])
def test_mistakes_change_nothing(sandbox, document, said):
    before = sandbox.control("GET", "keys")
    answer = sandbox.control("POST", "keys", {"key": "sandbox-key", **document}, expect=400)
    assert said in answer["error"]
    assert sandbox.control("GET", "keys") == before


def test_a_deleted_key_is_unknown(sandbox):
    change(sandbox, replaced_by="next-key")
    assert "key" in sandbox.control("POST", "keys", {"key": "sandbox-key", "read_only": True}, expect=400)["error"]
    # The deleted key's name is free again.
    assert change(sandbox, key="next-key", replaced_by="sandbox-key") == USUAL


def test_the_keys_of_a_seed_can_differ_in_permissions(sandbox, roomy_seed, now):
    secret = {"secret": "sandbox-secret"}
    roomy_seed["accounts"][0]["keys"] = [
        {"key": "pays", "permissions": ["SpotTrade", "Wallet"], "expires": "+3d", **secret},
        {"key": "reads", "permissions": ["SpotTrade"], "read_only": True, "ips": ["127.0.0.1"], **secret},
        {"key": "past", "expires": now - 1, **secret},
    ]
    sandbox.control("PUT", "seed", roomy_seed)
    now = sandbox.clock(freeze=True)
    assert [ask(sandbox, now, key).code for key in ("pays", "reads", "past")] == [0, 0, 33004]
    assert ask(sandbox, now, "reads").result["userID"] == ask(sandbox, now, "pays").result["userID"]
    roomy_seed["accounts"][0]["keys"][0]["expires"] = 10**18
    assert "keys[0].expires" in sandbox.control("PUT", "seed", roomy_seed, expect=400)["error"]


def test_queries_of_the_key_are_counted_and_limited(strict):
    now = strict.clock(freeze=True)
    codes = [ask(strict, now, key).code for key in ("sandbox-key", "sandbox-key-readonly") * 5 + ("sandbox-key",)]
    assert codes == [0] * 10 + [10006]
    assert ask(strict, now, "sandbox-key-second-account").code == 0
    assert strict.requests()["counts"][f"GET {KEY}"] == 12
    later = strict.clock(advance_ms=1000)
    assert ask(strict, later).code == 0


def test_changed_keys_are_kept_in_the_state_file(start, cli, names, tmp_path):
    state = str(tmp_path / "state.json")
    found = start("--state", state)
    change(names.client(found.url), replaced_by="next-key", secret="next-secret", expires_in_days=5)
    cli("stop", "--run-dir", found.run_dir)
    client = names.client(start("--state", state, name="second").url)
    assert client.signed("GET", KEY).code == 10003
    assert client.signed("GET", KEY, key="next-key", secret="next-secret").result["deadlineDay"] == 4
