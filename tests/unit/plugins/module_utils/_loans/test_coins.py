# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many decimal places a coin has. An unreadable value is never taken for four, none, or another coin's."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import coins, legacy
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed

MISSING = ...
Read = t.Callable[[t.Any], t.Optional[int]]
READS: dict[str, Read] = {
    "legacy": lambda exchange: legacy.accuracy(exchange, "USDT"),
    "flexible": lambda exchange: coins.borrowing_accuracy(exchange, "USDT", "flexible"),
    "fixed": lambda exchange: coins.borrowing_accuracy(exchange, "USDT", "fixed"),
}


class Exchange:
    """Answers with one row that has the fields of every product."""

    def __init__(self, **fields: object) -> None:
        rows = [{name: value for name, value in fields.items() if value is not MISSING}]
        self._answer = {"list": rows, "vipCoinList": [{"vipLevel": "VIP0", "list": rows}]}

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[t.Any], t.Any]) -> t.Any:
        assert query == {"currency": "USDT"}
        return extract(self._answer)


def with_places(places: object, currency: object = "USDT") -> t.Any:
    return Exchange(
        currency=currency, borrowingAccuracy=places, flexibleBorrowingAccuracy=places, fixedBorrowingAccuracy=places
    )


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize(("told", "places"), [(4, 4), ("4", 4), ("4.0", 4), (0, 0), ("18", 18)])
def test_decimal_places(read: Read, told: object, places: int) -> None:
    assert read(with_places(told)) == places
    # A list without the coin may have it under another name.
    with pytest.raises(ReadFailed, match="invalid currency: 'BTC', but 'USDT' was requested"):
        read(with_places(told, "BTC"))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("places", [MISSING, None, "", "four", "4.5", 19, "400", -1, True, [4], {}], ids=str)
def test_decimal_places_are_not_guessed(read: Read, places: object) -> None:
    with pytest.raises(ReadFailed, match="an invalid (flexibleB|fixedB|b)orrowingAccuracy"):
        read(with_places(places))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("currency", [MISSING, None, "", 5, ["USDT"], True], ids=str)
def test_a_coin_that_cannot_be_read_is_not_another_one(read: Read, currency: object) -> None:
    with pytest.raises(ReadFailed, match="an invalid currency"):
        read(with_places(4, currency))


@pytest.mark.parametrize("levels", [MISSING, None, {}, "", [5], [{}], [{"list": None}]], ids=str)
def test_levels_in_another_form_are_not_guessed(levels: object) -> None:
    exchange = with_places(4)
    exchange._answer["vipCoinList"] = levels
    with pytest.raises(ReadFailed, match="lacks (vipCoinList|a list of rows)"):
        READS["legacy"](exchange)
