# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which coins the exchange lends in flexible and fixed loans, and how exactly.

This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

from .._api.client import Client, rows_of
from .parsing import Row, row_of_coin

_COINS = "/v5/crypto-loan-common/loanable-data"


def borrowing_accuracy(client: Client, coin: str, product: str) -> int | None:
    """Return how many decimal places an amount of the coin may have; none when the exchange does not list it.

    :param product: C(flexible) or C(fixed).
    :raises Refused: If the exchange refused the request.
    :raises ReadFailed: When its answer is missing or does not have the documented form.
    """

    def row_of(answer: dict[str, t.Any]) -> Row | None:
        return row_of_coin(coin, [Row(_COINS, fields) for fields in rows_of(_COINS, answer)])

    row = client.cached(_COINS, {"currency": coin}, row_of)
    return row.decimal_places(f"{product}BorrowingAccuracy") if row else None
