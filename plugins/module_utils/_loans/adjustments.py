# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the adjustments of collateral of legacy orders and of the account, and how much collateral may be taken back.

This module util is private to the collection.
"""

from __future__ import annotations

from decimal import Decimal

from .._api.client import Client
from .._goal import ADD, TAKE_BACK
from .history import SUCCESS, USER, HistoryEntry, Part
from .parsing import Row, rows_like, united

LEGACY_HISTORY = "/v5/crypto-loan/adjustment-history"
ACCOUNT_HISTORY = "/v5/crypto-loan-common/adjustment-history"
_LEGACY_LIMIT = "/v5/crypto-loan/max-collateral-amount"
_ACCOUNT_LIMIT = "/v5/crypto-loan-common/max-collateral-amount"

_NOUN = "adjustment"
_MOVES = {0: ADD, 1: TAKE_BACK}


def legacy_adjustments(client: Client, order_id: str | None = None, adjust_id: str | None = None) -> list[HistoryEntry]:
    """Return the adjustments of legacy orders: those of the last 6 months, and only those that the user made.

    :param order_id: Return only those of this order.
    :param adjust_id: Return only the one with this ID.
    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: If no answer came, or it does not have the documented form.
    """
    rows = rows_like(client, LEGACY_HISTORY, {"orderId": order_id, "adjustId": adjust_id})
    return united(LEGACY_HISTORY, map(_legacy_entry, rows), adjust_id, _NOUN)


def account_adjustments(client: Client, coin: str | None = None, adjust_id: str | None = None) -> list[HistoryEntry]:
    """Return the adjustments of the account's collateral that the exchange lists; raises what C(legacy_adjustments) raises."""
    rows = rows_like(client, ACCOUNT_HISTORY, {"collateralCurrency": coin, "adjustId": adjust_id})
    return united(ACCOUNT_HISTORY, (_entry(row, row.status("status")) for row in rows), adjust_id, _NOUN)


def legacy_limit(client: Client, order_id: str) -> Decimal:
    """Return how much collateral of a legacy order may be taken back now; raises what C(legacy_adjustments) raises."""
    return _limit(client, _LEGACY_LIMIT, {"orderId": order_id})


def account_limit(client: Client, coin: str) -> Decimal:
    """Return how much of the account's collateral in a coin may be taken back now; raises what C(legacy_adjustments) raises."""
    return _limit(client, _ACCOUNT_LIMIT, {"currency": coin})


def _limit(client: Client, path: str, query: dict[str, str]) -> Decimal:
    return Row(path, client.read(path, query)).number("maxCollateralAmount")


def _legacy_entry(row: Row) -> HistoryEntry:
    # This history has no status. Only the collateral and the wallet show whether the adjustment is final.
    entry = _entry(row, SUCCESS)
    return entry._replace(parts=(Part(row.text("orderId"), entry.amount),))


def _entry(row: Row, status: str) -> HistoryEntry:
    direction = row.whole_number("direction")
    if direction not in _MOVES:
        raise row.unusable("direction", f": {direction} is unknown")
    return HistoryEntry(
        repay_id=row.identifier("adjustId"),
        amount=row.amount("amount"),
        status=status,
        by_user=True,
        time_ms=row.time_ms("adjustTime"),
        coin=row.text("collateralCurrency"),
        kind=USER,
        move=_MOVES[direction],
    )
