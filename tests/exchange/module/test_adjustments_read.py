# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adjustments of collateral, transfers, and the UNIFIED wallet, made on the stand-in exchange and then read from it."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import Accepted, Client, Request
from ansible_collections.treasury.bybit.plugins.module_utils._api.session import Session
from ansible_collections.treasury.bybit.plugins.module_utils._api.signing import HmacSigner
from ansible_collections.treasury.bybit.plugins.module_utils._api.transport import Transport
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK, TO_FUND, TO_UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._loans import account, adjustments, legacy, transfers


@pytest.fixture
def sandbox(names, server, roomy_seed):
    """The shared server with a fresh default book in real time, which the client in this process uses."""
    sandbox = names.client(server)
    sandbox.control("PUT", "seed", roomy_seed)
    return sandbox


@pytest.fixture
def bybit(sandbox) -> Client:
    return Client(Session(Transport(sandbox.url, 5)), "sandbox-key", HmacSigner("sandbox-secret"))


def send(bybit: Client, path: str, **body: str) -> Accepted:
    answer = bybit.post(bybit.sign(Request(path, body, None)))
    assert isinstance(answer, Accepted), answer
    return answer


def test_adjustments_of_an_order_are_read(sandbox, bybit, names) -> None:
    before = {entry.repay_id for entry in adjustments.legacy_adjustments(bybit)}
    limit = adjustments.legacy_limit(bybit, names.loan)
    send(bybit, "/v5/crypto-loan/adjust-ltv", orderId=names.loan, amount="0.01", direction="0")
    assert adjustments.legacy_limit(bybit, names.loan) == limit + Decimal("0.01")
    send(bybit, "/v5/crypto-loan/adjust-ltv", orderId=names.loan, amount="0.002", direction="1")
    made = [entry for entry in adjustments.legacy_adjustments(bybit, names.loan) if entry.repay_id not in before]
    assert [(entry.move, entry.amount, entry.status) for entry in made] == [
        (TAKE_BACK, Decimal("0.002"), "success"), (ADD, Decimal("0.01"), "success"),
    ]
    assert [part.loan_id for entry in made for part in entry.parts] == [names.loan] * 2
    assert adjustments.legacy_adjustments(bybit, adjust_id=made[1].repay_id) == made[1:]
    assert adjustments.legacy_adjustments(bybit, names.dusty, made[1].repay_id) == []
    assert legacy.collateral_accuracy(bybit, made[0].coin) is not None


def test_adjustments_of_an_account_are_read(sandbox, bybit) -> None:
    before = {entry.repay_id for entry in adjustments.account_adjustments(bybit)}
    coin = account.read_position(bybit).collateral[0].coin
    limit = adjustments.account_limit(bybit, coin)
    send(bybit, "/v5/crypto-loan-common/adjust-ltv", currency=coin, amount="0.01", direction="0")
    assert adjustments.account_limit(bybit, coin) == limit + Decimal("0.01")
    [made] = [entry for entry in adjustments.account_adjustments(bybit, coin) if entry.repay_id not in before]
    assert (made.move, made.amount, made.coin, made.status) == (ADD, Decimal("0.01"), coin, "success")
    assert adjustments.account_adjustments(bybit, adjust_id=made.repay_id) == [made]


def test_the_platforms_limit_is_read(sandbox, bybit) -> None:
    for col_res in (-1, 0, 1, 2):
        sandbox.control("POST", "col_res", {"col_res": col_res})
        assert account.read_position(bybit).refuses_collateral is (col_res == 2)


def test_transfers_are_read(sandbox, bybit) -> None:
    begun_ms = bybit.signing_time_ms()
    unified = transfers.given_away(bybit, "USDT")
    ids = [str(uuid.uuid4()) for dummy in range(53)]
    for transfer_id in ids:
        source, target = ("FUND", "UNIFIED") if transfer_id == ids[-1] else ("UNIFIED", "FUND")
        send(
            bybit, "/v5/asset/transfer/inter-transfer", transferId=transfer_id, coin="USDT", amount="0.5",
            fromAccountType=source, toAccountType=target,
        )
    assert transfers.given_away(bybit, "USDT") == unified - Decimal("25.5")
    sandbox.control("DELETE", "requests")
    made = transfers.transfers(bybit, "USDT", begun_ms, bybit.signing_time_ms())
    assert [(entry.repay_id, entry.move, entry.amount, entry.status) for entry in made] == [
        (transfer_id, TO_UNIFIED if transfer_id == ids[-1] else TO_FUND, Decimal("0.5"), "success") for transfer_id in reversed(ids)
    ]
    assert sandbox.requests()["counts"] == {"GET /v5/asset/transfer/query-inter-transfer-list": 2}
