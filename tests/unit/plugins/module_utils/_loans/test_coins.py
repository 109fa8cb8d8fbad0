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
ONE = {"currency": "USDT"}
Read = t.Callable[[t.Any], t.Optional[int]]
READS: dict[str, Read] = {
    "legacy": lambda exchange: legacy.accuracy(exchange, "USDT"),
    "flexible": lambda exchange: coins.borrowing_accuracy(exchange, "USDT", "flexible"),
    "fixed": lambda exchange: coins.borrowing_accuracy(exchange, "USDT", "fixed"),
}


class Exchange:
    """Answers with one row that has the fields of every product."""

    def __init__(self, *more: dict[str, object], query: t.Mapping[str, str] | None = None, **fields: object) -> None:
        rows = [{name: value for name, value in row.items() if value is not MISSING} for row in (fields, *more)]
        self._query = ONE if query is None else query
        self._answer = {"list": rows, "vipCoinList": [{"vipLevel": "VIP0", "list": rows}]}

    def recall(self, path: str, query: dict[str, str]) -> None:
        return None

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[t.Any], t.Any]) -> t.Any:
        assert query == self._query
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


LISTS: dict[str, t.Callable[[t.Any, list[str]], dict[str, int]]] = {
    "legacy": legacy.accuracies,
    "flexible": lambda exchange, wanted: coins.borrowing_accuracies(exchange, wanted, "flexible"),
    "fixed": lambda exchange, wanted: coins.borrowing_accuracies(exchange, wanted, "fixed"),
}


def row_with(places: object, currency: object) -> dict[str, object]:
    return dict.fromkeys(("borrowingAccuracy", "flexibleBorrowingAccuracy", "fixedBorrowingAccuracy"), places) | {"currency": currency}


@pytest.mark.parametrize("read", LISTS.values(), ids=LISTS)
def test_one_list_has_the_decimal_places_of_all_coins(read: t.Any) -> None:
    # Only what is wanted must be readable. The first VIP level counts.
    rows = [row_with(4, "USDT"), row_with(8, "BTC"), row_with("many", "ETH"), row_with(6, "USDT")]
    exchange = Exchange(*rows[1:], query={}, **rows[0])
    assert read(exchange, ["BTC", "SOL", "USDT"]) == {"BTC": 8, "USDT": 4}
    assert read(exchange, []) == {}
    with pytest.raises(ReadFailed, match="orrowingAccuracy"):
        read(exchange, ["ETH"])


@pytest.mark.parametrize("read", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("currency", [MISSING, None, "", 5, "usdt", " USDT"], ids=str)
def test_a_list_with_an_unreadable_coin_is_not_believed(read: t.Any, currency: object) -> None:
    with pytest.raises(ReadFailed, match="an invalid currency"):
        read(Exchange(row_with(4, "USDC"), query={}, **row_with(4, currency)), ["USDT"])
