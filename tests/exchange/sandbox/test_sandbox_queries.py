# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, pages, and parameter checks of queries."""

from __future__ import annotations

import pytest

HOUR = 3600 * 1000
DAY = 24 * HOUR


def orders(sandbox, query="", name="ongoing-orders"):
    return [loan["orderId"] for loan in sandbox.listed(name, query)]


def test_orders_are_listed_newest_first(sandbox, names):
    assert orders(sandbox) == [names.eth, names.sol, names.loan, names.overdue, names.dusty]


def test_ongoing_orders_can_be_filtered(sandbox, names):
    assert orders(sandbox, f"orderId={names.eth}") == [names.eth]
    assert orders(sandbox, "loanCurrency=ETH") == [names.eth]
    assert orders(sandbox, "collateralCurrency=ETH") == [names.overdue]
    assert orders(sandbox, "loanCurrency=USDT&collateralCurrency=BTC") == [names.loan, names.dusty]
    assert orders(sandbox, "loanTermType=2") == [names.eth, names.sol, names.loan]
    assert orders(sandbox, "loanTermType=1&loanTerm=30") == [names.dusty]
    assert orders(sandbox, "loanTermType=1&loanTerm=90") == []
    assert orders(sandbox, "loanTerm=30") == orders(sandbox)
    assert orders(sandbox, "orderId=1") == [] and orders(sandbox, "loanCurrency=usdt") == []


def test_orders_with_a_term_show_it(sandbox, names):
    [loan] = sandbox.listed("ongoing-orders", f"orderId={names.dusty}")
    assert loan["loanTerm"] == "30" and isinstance(loan["expirationTime"], str)
    due = int(loan["expirationTime"])
    # The last second of an hour, as in both documented loans.
    assert due % HOUR == HOUR - 1000
    assert 20 * DAY - HOUR - 60_000 < due - sandbox.state()["server_time"] < 20 * DAY


@pytest.mark.parametrize("query", [
    "loanTermType=1", "loanTermType=1&loanTerm=8", "loanTermType=3", "limit=0", "limit=101", "limit=-1", "limit=ten",
    "limit=1.0", "cursor=nonsense", "cursor=1%3A",
])
def test_invalid_parameters_are_refused(sandbox, query):
    assert sandbox.query("ongoing-orders", query).code == 10001


@pytest.mark.parametrize("limit", ["1", "100"])
def test_limits_from_1_to_100_are_accepted(sandbox, limit):
    assert sandbox.query("ongoing-orders", f"limit={limit}").code == 0


def test_histories_can_be_filtered(sandbox):
    assert orders(sandbox, "", "borrow-history") == ["1793569729874260992", "1793120457719046144"]
    assert orders(sandbox, "collateralCurrency=SOL", "borrow-history") == ["1793120457719046144"]
    assert orders(sandbox, "loanCurrency=ETH&orderId=1793569729874260992", "borrow-history") == ["1793569729874260992"]
    ids = [item["repayId"] for item in sandbox.listed("repayment-history", "loanCurrency=ETH")]
    assert ids == ["1793588112660135936", "1793571003145827328"]
    [liquidated] = sandbox.listed("repayment-history", "orderId=1793120457719046144")
    assert (liquidated["repayType"], liquidated["collateralReturn"]) == ("2", "0.12")


def test_histories_end_after_six_months(sandbox):
    stamp = sandbox.clock(advance_ms=130 * DAY)
    closed = sandbox.query("borrow-history", timestamp=stamp).result["list"]
    assert "1793120457719046144" not in [loan["orderId"] for loan in closed]
    assert "1793569729874260992" in [loan["orderId"] for loan in closed]
    ids = [item["repayId"] for item in sandbox.query("repayment-history", timestamp=stamp).result["list"]]
    assert "1793240118830694400" not in ids and "1793571003145827328" in ids


@pytest.mark.parametrize("encode", [lambda cursor: cursor, lambda cursor: cursor.replace("%", "%25")])
def test_pages_cover_the_whole_list(sandbox, names, encode):
    """With the cursor as received, and encoded again as some clients do."""
    seen, cursor = [], ""
    for _page in range(3):
        result = sandbox.query("ongoing-orders", f"limit=2&cursor={encode(cursor)}").result
        seen.append([loan["orderId"] for loan in result["list"]])
        cursor = result["nextPageCursor"]
    assert seen == [[names.eth, names.sol], [names.loan, names.overdue], [names.dusty]]
    assert cursor == ""


def test_the_default_page_has_ten_rows(sandbox, names):
    for _number in range(12):
        sandbox.repay(names.loan, "1")
    first = sandbox.query("repayment-history").result
    rest = sandbox.query("repayment-history", f"cursor={first['nextPageCursor']}").result
    assert (len(first["list"]), len(rest["list"]), rest["nextPageCursor"]) == (10, 6, "")


def test_an_exactly_full_page_can_be_the_last(sandbox):
    assert sandbox.query("ongoing-orders", "limit=5").result["nextPageCursor"] == ""


def test_new_repayments_do_not_shift_the_pages(sandbox, names):
    sent = [sandbox.repay(names.loan, "1").result["repayId"] for _number in range(4)]
    first = sandbox.query("repayment-history", f"limit=2&orderId={names.loan}").result
    sandbox.repay(names.loan, "1")
    second = sandbox.query("repayment-history", f"limit=2&orderId={names.loan}&cursor={first['nextPageCursor']}").result
    assert [item["repayId"] for item in first["list"] + second["list"]] == sent[::-1]


def test_the_wallets_parameters_are_checked(sandbox, names):
    def code(query):
        return sandbox.signed("GET", names.wallet, query).code

    assert code("coin=USDT") == code("accountType=FUND") == code("accountType=NOTHING&coin=USDT") == 10001
    assert code("accountType=FUND&coin=usdt") == code("accountType=FUND&coin=USDT&memberId=7") == 10001
    assert code("accountType=FUND&coin=USDT&memberId=1631373") == 0
    unified = sandbox.signed("GET", names.wallet, "accountType=UNIFIED&coin=USDT").result
    assert (unified["accountType"], unified["balance"]["walletBalance"]) == ("UNIFIED", "11999")
    assert sandbox.signed("GET", names.wallet, "accountType=SPOT&coin=USDT").result["balance"]["walletBalance"] == "0"
    safe = sandbox.signed("GET", names.wallet, "accountType=FUND&coin=BTC&withTransferSafeAmount=1").result
    assert safe["balance"]["transferSafeAmount"] == "0.25"
