# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy reads of an account of the stand-in exchange: the same loans as the ledger has, with few requests."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import Refused
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Transport
from ansible_collections.treasury.bybit.plugins.module_utils._loans.wallet import FUND, UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._policy import rules
from ansible_collections.treasury.bybit.plugins.module_utils._policy.book import ACCOUNT
from ansible_collections.treasury.bybit.plugins.module_utils._policy.money import Money
from ansible_collections.treasury.bybit.plugins.module_utils._policy.planner import Policy, plan
from ansible_collections.treasury.bybit.plugins.module_utils._policy.reading import Reading, read_account

D = Decimal
ASSUMED = {"margin_call": D("0.85"), "liquidation": D("0.95")}
ALL = rules.Selection()
LTV = rules.LtvRule("ltv", ALL, rules.Level(D("-0.3"), "margin_call"), rules.Level(D("0.5")))
MAX_DEBT = rules.DebtRule("max_debt", rules.Selection(coin="ETH"), D("0.5"))
# Position, flexible loans, marks, tiers, two lists of decimal places, and the UNIFIED wallet. Pages, and coins in the Funding wallet, come on top.
ONCE = 7


@pytest.fixture
def sandbox(names, server, roomy_seed):
    """The shared server with a fresh default book in real time, which the client in this process uses."""
    sandbox = names.client(server)
    sandbox.control("PUT", "seed", roomy_seed)
    return sandbox


@pytest.fixture
def read(sandbox) -> t.Callable[..., Reading]:
    def call(*wanted: rules.Rule, key: str = "sandbox-key", sources: tuple[str, ...] = (FUND, UNIFIED)) -> Reading:
        sandbox.control("DELETE", "requests")
        client = Client(Session(Transport(sandbox.url, 5)), key, HmacSigner("sandbox-secret"))
        return read_account(client, wanted, sources, ASSUMED)

    return call


def test_the_book_is_that_of_the_ledger(read, sandbox) -> None:
    sandbox.clock(offset_ms=3000)
    reading = read(LTV, MAX_DEBT)
    account, book = sandbox.account(), reading.book
    true = {("legacy", loan["order_id"]): loan["debt"] for loan in account["loans"]}
    true |= {("flexible", loan["loan_coin"]): loan["debt"] for loan in account["flexible_loans"]}
    true |= {("fixed", loan["loan_id"]): loan["debt"] for loan in account["fixed_contracts"] if loan["status"] != 2}
    assert {(loan.product, loan.loan_id or loan.coin): loan.debt for loan in book.loans} == {key: D(debt) for key, debt in true.items()}
    coins = {loan.coin for loan in book.loans}
    assert reading.wallets == {
        FUND: {coin: D(account["wallet"][coin]) for coin in coins}, UNIFIED: {coin: D(account["unified"][coin]) for coin in coins},
    }
    assert {coin: marks["initial"] for coin, marks in book.marks.items() if coin != ACCOUNT} == {"BTC": D("0.8"), "ETH": D("0.8"), "SOL": D("0.7")}
    assert book.places["legacy", "USDT"] == 4 and book.places["flexible", "BTC"] == 8
    assert sandbox.state()["server_time"] - 2000 < book.now_ms <= sandbox.state()["server_time"]
    assert (reading.warnings, book.unread, reading.position is not None) == ((), frozenset(), True)
    assert abs(book.ltv(None, {}) - reading.position.ltv) < D("0.0001")
    assert reading.prices["BTC"].low <= 60000 <= reading.prices["BTC"].high
    assert sum(sandbox.requests()["counts"].values()) == ONCE + 2 + len(coins)
    planned = plan(Policy((LTV, MAX_DEBT)), book, Money(reading.wallets, (FUND, UNIFIED), prices=reading.prices), {})
    assert {played.operation.rules for played in planned.operations} >= {("ltv",)}


@pytest.mark.parametrize(("loans", "pages"), [(100, 1), (1000, 10)])
def test_many_loans_take_a_request_for_each_page(read, sandbox, roomy_seed, loans: int, pages: int) -> None:
    [account, *dummy] = roomy_seed["accounts"]
    [pattern, *dummies] = account["loans"]
    account["loans"] = [{**pattern, "order_id": f"18{number:017}"} for number in range(loans - 20)]
    account["repayments"] = []
    sandbox.control("PUT", "seed", roomy_seed)
    reading = read(LTV)
    assert loans - 20 < len(reading.book.loans) <= loans
    assert sum(sandbox.requests()["counts"].values()) == ONCE + pages + 1 + len(reading.wallets[FUND])


@pytest.mark.parametrize(
    ("key", "known"),
    [("sandbox-key-readonly", {FUND, UNIFIED}), ("sandbox-key-no-transfer", {FUND, UNIFIED}), ("sandbox-key-no-wallet", set())],
)
def test_each_key_reads_the_book(read, key: str, known: set[str]) -> None:
    reading = read(LTV, key=key)
    assert len(reading.book.loans) == len(read(LTV).book.loans)
    assert {wallet for wallet, held in reading.wallets.items() if held} == known
    assert bool(reading.warnings) == (not known)


def test_a_key_without_permission_reads_nothing(read) -> None:
    with pytest.raises(Refused, match="None of the loan products can be read"):
        read(LTV, key="sandbox-key-no-permission")


def test_a_product_that_the_account_cannot_use_leaves_the_others(read, sandbox) -> None:
    answer = {"ret_code": 10005, "ret_msg": "Permission denied"}
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan-fixed/borrow-contract-info", "times": 0, "answer": answer})
    reading = read(LTV, MAX_DEBT)
    assert (reading.book.unread, {loan.product for loan in reading.book.loans}) == ({"fixed"}, {"legacy", "flexible"})
    planned = plan(Policy((LTV, MAX_DEBT)), reading.book, Money(reading.wallets, (FUND, UNIFIED), prices=reading.prices), {})
    told = [entry for entry in planned.unmet if entry.reason.startswith("The fixed loans cannot be read, so ")]
    assert [entry.rule for entry in told] == ["ltv", "max_debt"]
    assert not any("max_debt" in played.operation.rules for played in planned.operations)
