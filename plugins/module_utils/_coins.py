# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which coins the exchange lends in flexible and fixed loans, and how exactly.

This module util is private to the collection.
"""

from __future__ import annotations

from ansible_collections.treasury.bybit.plugins.module_utils._client import Client, rows_of
from ansible_collections.treasury.bybit.plugins.module_utils._rows import Row

_COINS = "/v5/crypto-loan-common/loanable-data"


def borrowing_accuracy(client: Client, coin: str, product: str) -> int | None:
    """Return how many decimal places an amount of the coin may have; none when the exchange does not list it.

    :param product: C(flexible) or C(fixed).
    :raises Refused: When the exchange refused to tell.
    :raises ReadFailed: When its answer is missing or does not have the documented form.
    """
    for fields in rows_of(_COINS, client.read(_COINS, {"currency": coin}, signed=False)):
        if fields.get("currency") == coin:
            return Row(_COINS, fields).whole_number(f"{product}BorrowingAccuracy")
    return None
