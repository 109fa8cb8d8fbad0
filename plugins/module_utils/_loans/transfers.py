# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the transfers between the wallets of the account, and how much its UNIFIED wallet can give away.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._api.client import Client
from .._goal import TO_FUND, TO_UNIFIED
from .._times import SECOND_MS
from .history import FAILED, PROCESSING, SUCCESS, USER, HistoryEntry
from .parsing import Row, united
from .wallet import FUND, UNIFIED

HISTORY = "/v5/asset/transfer/query-inter-transfer-list"
_AVAILABLE = "/v5/account/withdrawal"

_PAGE_LIMIT = 50
# How many coins one request for C(given_away_of) may name.
MOST_COINS = 20
# The list may put this before the ID that was sent.
_PREFIX = "selfTransfer_"
_STATUSES = {"SUCCESS": SUCCESS, "PENDING": PROCESSING, "FAILED": FAILED}
# Transfers from or to other wallets are ignored.
_MOVES = {(UNIFIED, FUND): TO_FUND, (FUND, UNIFIED): TO_UNIFIED}


def transfers(client: Client, coin: str, from_ms: int, to_ms: int) -> list[HistoryEntry]:
    """Return the transfers of a coin between the UNIFIED and the Funding wallet (GET /v5/asset/transfer/query-inter-transfer-list).

    :param from_ms: The first moment (UTC, ms). The request covers one second more at both ends.
    :param to_ms: The last moment (UTC, ms), at most 7 days later.
    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form.
    """
    # The exchange compares whole seconds, and may truncate or round times.
    first_ms, last_ms = from_ms - SECOND_MS, to_ms + SECOND_MS
    query = {"coin": coin, "startTime": str(first_ms), "endTime": str(last_ms)}
    rows = (Row(HISTORY, fields) for fields in client.pages(HISTORY, query, limit=_PAGE_LIMIT))
    return united(HISTORY, _entries(rows, coin, first_ms, last_ms), noun="transfer")


def given_away(client: Client, coin: str) -> Decimal:
    """Return how much of a coin the UNIFIED wallet can give away now (GET /v5/account/withdrawal); raises what C(transfers) raises."""
    return given_away_of(client, [coin])[coin]


def given_away_of(client: Client, coins: t.Sequence[str]) -> dict[str, Decimal]:
    """Return how much of each coin the UNIFIED wallet can give away now, with one request; raises what C(transfers) raises.

    :param coins: One to C(MOST_COINS) coins. A coin is missing from the result if it is missing from the answer.
    """
    row = Row(_AVAILABLE, client.read(_AVAILABLE, {"coinName": ",".join(coins)}))
    by_coin = row.get("availableWithdrawalMap")
    if by_coin is not None and not isinstance(by_coin, dict):
        raise row.unusable("availableWithdrawalMap")
    names = {coin: f"availableWithdrawalMap.{coin}" for coin in coins if coin in (by_coin or {})}
    found = {coin: Row(_AVAILABLE, {name: (by_coin or {})[coin]}).number(name) for coin, name in names.items()}
    # This is the amount of the first coin in the request.
    return found if coins[0] in found else {coins[0]: row.number("availableWithdrawal"), **found}


def _entries(rows: t.Iterable[Row], coin: str, first_ms: int, last_ms: int) -> t.Iterator[HistoryEntry]:
    for row in rows:
        row.must_be("coin", coin)
        time_ms = row.time_ms("timestamp")
        if not first_ms // SECOND_MS <= time_ms // SECOND_MS <= last_ms // SECOND_MS:
            raise row.unusable("timestamp", f": {time_ms}, but {first_ms} to {last_ms} (milliseconds) was requested")
        move = _MOVES.get((_wallet(row, "fromAccountType"), _wallet(row, "toAccountType")))
        if move is not None:
            yield HistoryEntry(
                repay_id=_transfer_id(row),
                amount=row.amount("amount"),
                # A new status does not count as final.
                status=_STATUSES.get(row.text("status"), PROCESSING),
                by_user=True,
                time_ms=time_ms,
                coin=coin,
                kind=USER,
                move=move,
            )


def _wallet(row: Row, field: str) -> str:
    """Return C(FUND) or C(UNIFIED); empty for any other wallet."""
    return next((wallet for wallet in (FUND, UNIFIED) if row.is_of(field, wallet)), "")


def _transfer_id(row: Row) -> str:
    transfer_id = row.text("transferId").removeprefix(_PREFIX)
    if not transfer_id:
        raise row.unusable("transferId")
    return transfer_id
