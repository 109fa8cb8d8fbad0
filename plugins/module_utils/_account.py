# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what belongs to the account and not to one loan: its position and its Funding wallet.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ansible_collections.treasury.bybit.plugins.module_utils._amounts import difference
from ansible_collections.treasury.bybit.plugins.module_utils._client import Client
from ansible_collections.treasury.bybit.plugins.module_utils._errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._position import CoinCollateral, CoinDebt, Position
from ansible_collections.treasury.bybit.plugins.module_utils._rows import Row
from ansible_collections.treasury.bybit.plugins.module_utils._times import MINUTE_MS

_POSITION = "/v5/crypto-loan-common/position"
_BALANCE = "/v5/asset/transfer/query-account-coin-balance"
_WALLET_AGE_MS = MINUTE_MS


def read_position(client: Client) -> Position:
    """Return what the account owes and has pledged in flexible and fixed loans.

    :raises Refused: When the exchange refused to tell.
    :raises ReadFailed: When its answer is missing or does not have the documented form.
    """
    answer = client.read(_POSITION)
    totals = Row(_POSITION, answer)
    debt_usd = totals.number("totalDebt")
    if debt_usd and totals.get("ltv") == "":
        # Zero would be taken for an account that is safe.
        raise totals.unusable("ltv")
    return Position(
        ltv=totals.number("ltv"),
        total_debt_usd=debt_usd,
        total_collateral_usd=totals.number("totalCollateral"),
        debts=tuple(
            CoinDebt(
                row.text("loanCurrency"),
                row.number("flexibleTotalDebt"),
                row.number("flexibleTotalDebtUSD"),
                row.number("fixedTotalDebt"),
                row.number("fixedTotalDebtUSD"),
            )
            for row in _rows(answer, "borrowList")
        ),
        collateral=tuple(
            CoinCollateral(row.text("currency"), row.number("amount"), row.number("amountUSD"))
            for row in _rows(answer, "collateralList")
        ),
    )


def funding_balance(client: Client, coin: str, needed: Decimal | None = None) -> Decimal:
    """Return how much of a coin the Funding wallet holds; raises what C(read_position) raises.

    :param needed: Enough to know; then what was read for an earlier item of a loop counts, less what was paid since.
    """
    now_ms = client.clock.monotonic_ms()
    read_ms, left = client.balances.get(coin, (0, Decimal(0)))
    if needed is not None and left >= needed and now_ms - read_ms <= _WALLET_AGE_MS:
        return left
    held = _read_balance(client, coin)
    client.balances[coin] = now_ms, held
    return held


def note_payment(client: Client, coin: str, amount: Decimal) -> None:
    """Take notice that the Funding wallet has paid this."""
    if coin in client.balances:
        read_ms, left = client.balances[coin]
        client.balances[coin] = read_ms, difference(left, amount)


def doubt_balance(client: Client, coin: str) -> None:
    """Take notice that nobody knows what the Funding wallet holds now."""
    client.balances.pop(coin, None)


def _read_balance(client: Client, coin: str) -> Decimal:
    balance = client.read(_BALANCE, {"accountType": "FUND", "coin": coin}).get("balance")
    if not isinstance(balance, dict):
        raise ReadFailed(f"Bybit answered {_BALANCE} without a balance.")
    return Row(_BALANCE, balance).number("walletBalance")


def _rows(answer: dict[str, t.Any], name: str) -> t.Iterator[Row]:
    rows = answer.get(name)
    # An account without loans may have no list at all.
    for fields in rows if isinstance(rows, list) else []:
        if not isinstance(fields, dict):
            raise ReadFailed(f"Bybit answered {_POSITION} with an unusable {name}.")
        yield Row(_POSITION, fields)
