# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits of an account and of an IP address, with the clock frozen."""

from __future__ import annotations

HEADERS = ("x-bapi-limit", "x-bapi-limit-status", "x-bapi-limit-reset-timestamp")


def limit_headers(answer) -> tuple[int, ...]:
    return tuple(int(answer.headers[name]) for name in HEADERS)


def test_one_repayment_is_allowed_per_second(strict):
    now = start = strict.clock(freeze=True)
    first = strict.repay(timestamp=now)
    assert (first.code, limit_headers(first)) == (0, (1, 0, now))
    now = strict.clock(advance_ms=999)
    second = strict.repay(timestamp=now)
    assert (second.code, limit_headers(second)) == (10006, (1, 0, start + 1000))
    assert strict.loan()["debt"] == "900.4"
    now = strict.clock(advance_ms=1)
    assert strict.repay(timestamp=now).code == 0
    assert strict.loan()["debt"] == "800.4"


def test_five_queries_are_allowed_per_second_and_endpoint(strict):
    now = strict.clock(freeze=True)
    answers = [strict.query("ongoing-orders", timestamp=now) for _number in range(6)]
    assert [answer.code for answer in answers] == [0, 0, 0, 0, 0, 10006]
    assert [limit_headers(answer)[1] for answer in answers] == [4, 3, 2, 1, 0, 0]
    assert strict.query("borrow-history", timestamp=now).code == 0


def test_the_window_rolls(strict):
    now = strict.clock(freeze=True)
    for _number in range(4):
        strict.query("ongoing-orders", timestamp=now)
    now = strict.clock(advance_ms=600)
    assert strict.query("ongoing-orders", timestamp=now).code == 0
    assert strict.query("ongoing-orders", timestamp=now).code == 10006
    now = strict.clock(advance_ms=400)
    assert limit_headers(strict.query("ongoing-orders", timestamp=now)) == (5, 3, now)


def test_limits_apply_to_the_account_not_the_key(strict):
    now = strict.clock(freeze=True)
    for key in ("sandbox-key", "sandbox-key-readonly", "sandbox-key-no-wallet", "sandbox-key", "sandbox-key"):
        assert strict.query("ongoing-orders", key=key, timestamp=now).code == 0
    assert strict.query("ongoing-orders", key="sandbox-key-readonly", timestamp=now).code == 10006
    assert strict.query("ongoing-orders", key="sandbox-key-second-account", timestamp=now).code == 0


def test_public_endpoints_have_a_limit(strict):
    now = strict.clock(freeze=True)
    answers = [strict.raw("GET", "/v5/market/time") for _number in range(121)]
    assert limit_headers(answers[0]) == (120, 119, now)
    assert [answer.code for answer in answers] == [0] * 120 + [10006]
    assert strict.raw("GET", "/v5/crypto-loan/loanable-data").code == 0


def test_documented_limits_are_the_defaults(strict, names):
    now = strict.clock(freeze=True)

    def limit(path, query=""):
        return limit_headers(strict.signed("GET", path, query, timestamp=now))[0]

    assert limit(names.wallet, "accountType=FUND&coin=USDT") == 450
    assert (limit("/v5/asset/fundinghistory"), limit("/v5/user/query-api")) == (30, 10)


def test_a_request_that_fails_authentication_is_not_counted(strict):
    now = strict.clock(freeze=True)
    assert strict.repay(timestamp=now, secret="another").code == 10004
    refused = strict.repay(timestamp=now, key="sandbox-key-readonly")
    assert (refused.code, limit_headers(refused)) == (10005, (1, 1, now))
    assert strict.repay(timestamp=now).code == 0


def test_the_ip_limit_bans_for_ten_minutes(sandbox, roomy_seed):
    roomy_seed["settings"]["ip_limit"] = {"requests": 20, "window_ms": 5000, "ban_ms": 600000}
    sandbox.control("PUT", "seed", roomy_seed)
    now = sandbox.clock(freeze=True)
    assert {sandbox.raw("GET", "/v5/market/time").status for _number in range(20)} == {200}
    banned = sandbox.raw("GET", "/v5/market/time")
    assert (banned.status, banned.body) == (403, b"access too frequent")
    sandbox.clock(advance_ms=599_999)
    assert sandbox.repay(timestamp=now + 599_999).status == 403
    assert sandbox.loan()["principal"] == "1000"
    sandbox.clock(advance_ms=1)
    assert sandbox.raw("GET", "/v5/market/time").status == 200


def test_the_documented_ip_limit_is_the_default(default_seed):
    assert default_seed["settings"]["ip_limit"] == {"requests": 600, "window_ms": 5000, "ban_ms": 600000}
