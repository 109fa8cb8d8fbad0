# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the answer of GET /v5/user/query-api. The documented example is in tests/documented."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.api_key import LOANS, TRANSFERS, ApiKey, read_key
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed

EXAMPLE = json.loads((Path(__file__).resolve().parents[4] / "documented" / "user_apikey-info.json").read_text())["example"]["result"]
NOW_MS = 1793534400000
DAY_MS = 86_400_000
REPAYING = {**EXAMPLE, "readOnly": 0}


class Exchange:
    """Answers with the description of a key."""

    def __init__(self, told: dict[str, t.Any]) -> None:
        self.told = told

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[dict[str, t.Any]], t.Any], signed: bool) -> t.Any:
        assert (path, query, signed) == ("/v5/user/query-api", {}, True)
        return extract(self.told)


def read(**changed: t.Any) -> ApiKey:
    return read_key(Exchange({**REPAYING, **changed}))


def test_the_documented_example() -> None:
    assert read_key(Exchange(EXAMPLE)) == ("1448939", read(readOnly=1).lacks, None)
    assert read() == ("1448939", (), None)


@pytest.mark.parametrize(
    ("told", "account"),
    [
        ({"userID": "1448939"}, "1448939"),
        ({"userID": 1448939, "userIDInt64": "99"}, "1448939"),
        ({"userID": 0, "userIDInt64": "9223372036854775807"}, "9223372036854775807"),
        ({"userID": "0001448939"}, "1448939"),
        ({"userID": None, "userIDInt64": "7"}, "7"),
    ],
)
def test_one_account_has_one_name(told: dict[str, t.Any], account: str) -> None:
    assert read(**told).account == account


@pytest.mark.parametrize("value", [None, 0, -5, "", "0", "-1", True, 1.5, [], {}, "1 2", "../x", "1" * 30, "1\n"], ids=repr)
def test_a_key_without_an_account_is_refused(value: t.Any) -> None:
    with pytest.raises(ReadFailed, match="lacks the account ID, so earlier runs cannot be found in the journal"):
        read(userID=value, userIDInt64="0")


@pytest.mark.parametrize(("right", "group", "name"), [(LOANS, "Spot", "SpotTrade"), (TRANSFERS, "Wallet", "AccountTransfer")])
@pytest.mark.parametrize(
    ("told", "is_lacking"),
    [
        (lambda group, name: {group: []}, True),
        (lambda group, name: {group: ["SubMemberTransfer", "?"]}, True),
        (lambda group, name: {group: [name]}, False),
        # What the answer does not say is left to the exchange.
        (lambda group, name: {}, False),
        (lambda group, name: None, False),
        (lambda group, name: {group: name}, False),
    ],
)
def test_missing_permissions_are_listed(told: t.Callable[[str, str], t.Any], is_lacking: bool, right: str, group: str, name: str) -> None:
    remedy = "grant it on the exchange's API page, or use another key of this account"
    lack = f"api_key lacks the permission '{right}': {remedy}"
    assert read(permissions=told(group, name)).lacks == (((right, lack),) if is_lacking else ())
    assert read(permissions=told(group, name)).lack(right) == (lack if is_lacking else "")


@pytest.mark.parametrize("right", [LOANS, TRANSFERS])
def test_a_key_that_may_only_read(right: str) -> None:
    remedy = f"use another key of this account, with the permission '{right}' (read and write)"
    assert read(readOnly=1).lack(right) == f"api_key is read-only: {remedy}"
    assert read(readOnly="?").lack(right) == ""


@pytest.mark.parametrize(
    ("expires_in_ms", "is_told"), [(None, False), (8 * DAY_MS, False), (7 * DAY_MS + 1, False), (7 * DAY_MS, True), (DAY_MS, True), (-1, True)]
)
def test_a_key_that_expires_within_a_week_is_a_warning(expires_in_ms: int | None, is_told: bool) -> None:
    key = ApiKey("7", (), None if expires_in_ms is None else NOW_MS + expires_in_ms)
    assert key.expiry_warning(NOW_MS).startswith("api_key expires at 20") == is_told
    assert bool(key.expiry_warning(NOW_MS)) == is_told


@pytest.mark.parametrize(
    ("value", "time_ms"),
    [("2026-11-01T12:00:00Z", NOW_MS), ("1970-01-01T00:00:00Z", None), ("soon", None), ("", None), (None, None), (17, None), ([], None)],
    ids=repr,
)
def test_the_expiry_of_a_key_is_read(value: t.Any, time_ms: int | None) -> None:
    assert read(expiredAt=value).expires_at_ms == time_ms
