# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the position and the wallets of the account.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._amounts import difference
from .._api.client import Client
from .._api.errors import ReadFailed
from .._redaction import quotable
from .._times import MINUTE_MS, SECOND_MS
from .parsing import Row
from .position import CoinCollateral, CoinDebt, Position
from .wallet import FUND, Movement, Payment, Spending

_POSITION = "/v5/crypto-loan-common/position"
_BALANCE = "/v5/asset/transfer/query-account-coin-balance"
_LEDGER = "/v5/asset/fundinghistory"
_COLLATERAL_REFUSED = "2"
_IN, _OUT = "I", "O"
_DIRECTIONS = (_IN, _OUT)
_WALLET_AGE_MS = MINUTE_MS


def read_position(client: Client) -> Position:
    """Return the debts and the collateral of the account's flexible and fixed loans (GET /v5/crypto-loan-common/position).

    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form, or contradicts itself.
    """
    answer = client.read(_POSITION)
    totals = Row(_POSITION, answer)
    debt_usd = totals.number("totalDebt")
    position = Position(
        # Only without debt may the LTV be missing: otherwise, zero would make the account look safe.
        ltv=Decimal(0) if not debt_usd and totals.get("ltv") == "" else totals.number("ltv"),
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
        # A new or missing value must not block a repayment.
        refuses_collateral=str(totals.get("colRes")) == _COLLATERAL_REFUSED,
    )
    contradiction = position.contradiction()
    if contradiction:
        raise ReadFailed(f"Bybit's answer to {_POSITION} has contradictory figures: {contradiction}.")
    return position


def funding_balance(client: Client, coin: str, needed: Decimal | None = None) -> Decimal:
    """Return the Funding wallet's balance of a coin; raises what C(read_position) raises.

    :param needed: If the cached balance, minus later payments, is at least this, it is returned without a read.
    """
    now_ms = client.clock.monotonic_ms()
    read_ms, left = client.state(Spending).balances.get(coin, (0, Decimal(0)))
    if needed is not None and left >= needed and now_ms - read_ms <= _WALLET_AGE_MS:
        return left
    held = read_balance(client, coin)
    client.state(Spending).balances[coin] = now_ms, held
    return held


def remember_payment(client: Client, coin: str, amount: Decimal, is_incoming: bool = False) -> None:
    """Remember a payment that has just left or entered the Funding wallet, and update the cached balance."""
    now_ms = client.signing_time_ms()
    client.state(Spending).paid.append(Payment(coin, amount, client.posted_at_ms or now_ms, now_ms, is_incoming))
    balances = client.state(Spending).balances
    if is_incoming:
        # The money may arrive later than the exchange accepts the operation, so the balance must be read again.
        balances.pop(coin, None)
    elif coin in balances:
        read_ms, left = balances[coin]
        balances[coin] = read_ms, difference(left, amount)


def invalidate_balance(client: Client, coin: str) -> None:
    """Discard the cached balance of the Funding wallet."""
    client.state(Spending).balances.pop(coin, None)


def wallet_movements(client: Client, coin: str, from_ms: int, to_ms: int) -> list[Movement]:
    """Return the entries of the Funding wallet's ledger for a coin (GET /v5/asset/fundinghistory); raises what C(read_position) raises.

    :param from_ms: The first moment (UTC, ms).
    :param to_ms: The last moment (UTC, ms), at most 7 days later.
    """
    # The ledger has whole seconds.
    from_s, to_s = from_ms // SECOND_MS, -(-to_ms // SECOND_MS)
    found = []
    for fields in client.pages(_LEDGER, {"createTimeFrom": str(from_s), "createTimeTo": str(to_s)}):
        row = Row(_LEDGER, fields)
        direction, created_s = row.text("ioDirection"), row.whole_number("createTime")
        if direction not in _DIRECTIONS:
            raise row.unusable("ioDirection", f": '{quotable(direction, 20)}' is unknown")
        if not from_s <= created_s <= to_s:
            raise row.unusable("createTime", f": {created_s}, but {from_s} to {to_s} (seconds) was requested")
        if row.is_of("currency", coin):
            amount = row.number("txnAmt")
            after = row.number_or_none("afterAmt") if row.get("afterAmt") is not None else None
            found.append(Movement(-amount if direction == _OUT else amount, created_s * SECOND_MS, after))
    return found


def read_balance(client: Client, coin: str, account_type: str = FUND) -> Decimal:
    """Return a wallet's balance of a coin (GET /v5/asset/transfer/query-account-coin-balance); raises what C(read_position) raises.

    :param account_type: C(FUND) or C(UNIFIED) of C(wallet).
    """
    balance = client.read(_BALANCE, {"accountType": account_type, "coin": coin}).get("balance")
    if not isinstance(balance, dict):
        raise ReadFailed(f"Bybit's answer to {_BALANCE} lacks a balance.")
    row = Row(_BALANCE, balance)
    row.must_be("coin", coin)
    return row.number("walletBalance")


def _rows(answer: dict[str, t.Any], name: str) -> list[Row]:
    # For an account without loans, the list may be missing. The totals show whether it should be.
    rows = answer.get(name) if answer.get(name) is not None else []
    if not isinstance(rows, list) or not all(isinstance(fields, dict) for fields in rows):
        raise ReadFailed(f"Bybit's answer to {_POSITION} has an invalid {name}.")
    return [Row(_POSITION, fields) for fields in rows]
