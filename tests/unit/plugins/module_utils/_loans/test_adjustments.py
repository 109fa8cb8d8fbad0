# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading adjustments of collateral. The documented examples are in tests/documented."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import adjustments, legacy
from ansible_collections.treasury.bybit.plugins.module_utils._api.client import rows_of
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._goal import ADD, TAKE_BACK
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry, Part

MISSING = ...
LEGACY_PATH, ACCOUNT_PATH = adjustments.LEGACY_HISTORY, adjustments.ACCOUNT_HISTORY
TIME_MS = 1793534400001
OF_ORDER: dict[str, t.Any] = {
    "adjustId": "1794", "adjustTime": str(TIME_MS), "afterLTV": "", "amount": "0.001", "collateralCurrency": "BTC", "direction": 0,
    "orderId": "17", "preLTV": "",
}
OF_ACCOUNT: dict[str, t.Any] = {
    "adjustId": 27511, "adjustTime": TIME_MS, "afterLTV": "", "amount": "0.08", "collateralCurrency": "BTC", "direction": 0, "preLTV": "",
    "status": 1,
}
Adjustments = t.Callable[..., t.List[HistoryEntry]]


def documented(name: str) -> dict[str, t.Any]:
    path = Path(__file__).resolve().parents[4] / "documented" / f"{name}.json"
    return json.loads(path.read_text(), parse_float=Decimal)["example"]["result"]


class Exchange:
    """Always gives the same answer, and records the requests."""

    def __init__(self, answer: t.Any) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []

    def read(self, path: str, query: dict[str, str]) -> t.Any:
        self.asked.append((path, query))
        return self._answer

    def recall(self, path: str, query: dict[str, str]) -> None:
        return None

    def cached(self, path: str, query: dict[str, str], extract: t.Callable[[t.Any], t.Any]) -> t.Any:
        return extract(self.read(path, query))

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        yield from rows_of(path, self.read(path, query))


def showing(*rows: dict[str, t.Any]) -> t.Any:
    return Exchange({"list": list(rows)})


def changed(fields: dict[str, t.Any], **change: object) -> dict[str, t.Any]:
    return {name: value for name, value in {**fields, **change}.items() if value is not MISSING}


EACH = pytest.mark.parametrize(
    ("read", "fields"), [(adjustments.legacy_adjustments, OF_ORDER), (adjustments.account_adjustments, OF_ACCOUNT)], ids=["order", "account"]
)


def test_the_documented_adjustment_of_an_order() -> None:
    exchange: t.Any = Exchange(documented("crypto-loan_ltv-adjust-history"))
    order_id = "1794267532472646144"
    assert adjustments.legacy_adjustments(exchange, order_id) == [HistoryEntry(
        "1794318409405331968", Decimal("0.001"), SUCCESS, True, 1728635422814, "BTC", "user", (Part(order_id, Decimal("0.001")),),
        move=TAKE_BACK,
    )]
    assert exchange.asked == [(LEGACY_PATH, {"orderId": order_id})]


def test_the_documented_adjustments_of_an_account() -> None:
    exchange: t.Any = Exchange(documented("new-crypto-loan_ltv-adjust-history"))
    assert adjustments.account_adjustments(exchange, "BTC") == [
        HistoryEntry("27511", Decimal("0.08"), SUCCESS, True, 1752627997907, "BTC", "user", move=TAKE_BACK),
        HistoryEntry("27491", Decimal("0.03"), SUCCESS, True, 1752218558913, "BTC", "user", move=TAKE_BACK),
    ]
    assert exchange.asked == [(ACCOUNT_PATH, {"collateralCurrency": "BTC"})]


def test_the_documented_removable_amount_is_read() -> None:
    exchange: t.Any = Exchange(documented("crypto-loan_reduce-max-collateral-amt"))
    assert adjustments.legacy_limit(exchange, "17") == Decimal("0.00210611")
    assert exchange.asked == [("/v5/crypto-loan/max-collateral-amount", {"orderId": "17"})]
    exchange = Exchange(documented("new-crypto-loan_reduce-max-collateral-amt"))
    assert adjustments.account_limit(exchange, "BTC") == Decimal("0.08585184")
    assert exchange.asked == [("/v5/crypto-loan-common/max-collateral-amount", {"currency": "BTC"})]


@pytest.mark.parametrize("value", [MISSING, None, "", "much", "-1", 0, 5, True, []], ids=str)
@pytest.mark.parametrize("read", [adjustments.legacy_limit, adjustments.account_limit])
def test_a_broken_removable_amount_is_not_guessed(read: t.Callable[..., Decimal], value: object) -> None:
    with pytest.raises(ReadFailed, match="invalid maxCollateralAmount"):
        read(Exchange(changed({}, maxCollateralAmount=value)), "BTC")


@pytest.mark.parametrize(("direction", "move"), [(0, ADD), ("0", ADD), (1, TAKE_BACK), ("1", TAKE_BACK)], ids=repr)
@EACH
def test_the_direction_is_read(read: Adjustments, fields: dict[str, t.Any], direction: object, move: str) -> None:
    assert [entry.move for entry in read(showing({**fields, "direction": direction}))] == [move]


@pytest.mark.parametrize("direction", [MISSING, None, "", 2, -1, "-1", Decimal("0.5"), True, False, "add", []], ids=repr)
@EACH
def test_a_direction_that_is_unknown_is_not_guessed(read: Adjustments, fields: dict[str, t.Any], direction: object) -> None:
    with pytest.raises(ReadFailed, match="invalid direction"):
        read(showing(changed(fields, direction=direction)))


@pytest.mark.parametrize(("status", "read_as"), [(1, SUCCESS), ("1", SUCCESS), (2, PROCESSING), ("2", PROCESSING), (3, FAILED), ("3", FAILED)])
def test_the_status_is_read(status: object, read_as: str) -> None:
    assert [entry.status for entry in adjustments.account_adjustments(showing({**OF_ACCOUNT, "status": status}))] == [read_as]


@pytest.mark.parametrize("status", [MISSING, None, "", 0, 4, "SUCCESS", True], ids=repr)
def test_a_status_that_is_unknown_is_not_guessed(status: object) -> None:
    with pytest.raises(ReadFailed, match="(invalid|unknown) status"):
        adjustments.account_adjustments(showing(changed(OF_ACCOUNT, status=status)))


@pytest.mark.parametrize(("given", "read_as"), [(27511, "27511"), ("27511", "27511"), (2**63 - 1, "9223372036854775807")])
@EACH
def test_one_adjustment_has_one_id(read: Adjustments, fields: dict[str, t.Any], given: object, read_as: str) -> None:
    assert [entry.repay_id for entry in read(showing({**fields, "adjustId": given}))] == [read_as]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("adjustId", [MISSING, None, "", 0, -1, Decimal("1.5"), Decimal(17), True, [], {}]),
        ("adjustTime", [MISSING, None, "", 0, "1793534400", 1793534400, "soon", True]),
        ("amount", [MISSING, None, "", "much", "-1", "NaN", True, []]),
        ("collateralCurrency", [MISSING, None, "", 5, True, []]),
    ],
)
@EACH
def test_a_field_that_is_broken_is_not_guessed(read: Adjustments, fields: dict[str, t.Any], field: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ReadFailed, match=f"invalid {field}"):
            read(showing(fields, changed(fields, **{field: value})))


@pytest.mark.parametrize("order", [MISSING, None, "", 17, "18"], ids=repr)
def test_an_adjustment_of_another_order_is_not_ignored(order: object) -> None:
    with pytest.raises(ReadFailed, match="invalid orderId"):
        adjustments.legacy_adjustments(showing(changed(OF_ORDER, orderId=order)), "17")


@pytest.mark.parametrize("coin", ["btc", "BTC ", "ETH"])
def test_an_adjustment_of_another_coin_is_not_ignored(coin: str) -> None:
    with pytest.raises(ReadFailed, match="invalid collateralCurrency"):
        adjustments.account_adjustments(showing({**OF_ACCOUNT, "collateralCurrency": coin}), "BTC")


def test_the_parts_tell_the_order() -> None:
    entries = adjustments.legacy_adjustments(showing(OF_ORDER, {**OF_ORDER, "adjustId": "1795", "orderId": "18", "amount": "2"}))
    assert [entry.parts for entry in entries] == [(Part("17", Decimal("0.001")),), (Part("18", Decimal(2)),)]


@EACH
def test_an_id_is_unique(read: Adjustments, fields: dict[str, t.Any]) -> None:
    other = {**fields, "adjustId": "9"}
    exchange = showing(fields, other, fields)
    assert [entry.repay_id for entry in read(exchange)] == [str(fields["adjustId"]), "9"]
    assert [entry.repay_id for entry in read(exchange, adjust_id="9")] == ["9"]
    assert exchange.asked[-1][1] == {"adjustId": "9"}
    # The exchange may have silently ignored the ID.
    assert read(exchange, adjust_id="10") == []


@EACH
def test_rows_of_one_adjustment_that_contradict_each_other(read: Adjustments, fields: dict[str, t.Any]) -> None:
    for change in ({"direction": 1}, {"amount": "7"}, {"adjustTime": TIME_MS + 1}):
        with pytest.raises(ReadFailed, match=f"has contradictory rows for adjustment {fields['adjustId']}\\.$"):
            read(showing(fields, {**fields, **change}))


def test_an_adjustment_may_become_final_between_two_pages() -> None:
    processing = {**OF_ACCOUNT, "status": 2}
    assert [entry.status for entry in adjustments.account_adjustments(showing(processing, OF_ACCOUNT, processing))] == [SUCCESS]
    with pytest.raises(ReadFailed, match="contradictory rows for adjustment"):
        adjustments.account_adjustments(showing(OF_ACCOUNT, {**OF_ACCOUNT, "status": 3}))


def levels(*places: object, coin: str = "ETH") -> dict[str, t.Any]:
    rows = [changed({"currency": coin}, collateralAccuracy=value) for value in places]
    return {"vipCoinList": [{"vipLevel": f"VIP{number}", "list": [row]} for number, row in enumerate(rows)]}


@pytest.mark.parametrize(
    ("answer", "places"),
    [
        (documented("crypto-loan_collateral-coin"), 8),
        (levels(8, 6, 7), 6),
        (levels("4", 8), 4),
        (levels(0, 8), 0),
        (levels(), None),
        ({"vipCoinList": [{"vipLevel": "VIP0", "list": []}]}, None),
        # Another coin does not count.
        ({"vipCoinList": levels(8)["vipCoinList"] + levels(2, coin="BTC")["vipCoinList"]}, 8),
    ],
)
def test_the_fewest_decimal_places_of_collateral_count(answer: t.Any, places: int | None) -> None:
    exchange: t.Any = Exchange(answer)
    assert legacy.collateral_accuracy(exchange, "ETH") == places
    assert exchange.asked == [("/v5/crypto-loan/collateral-data", {"currency": "ETH"})]


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"vipCoinList": None}, {"vipCoinList": [{}]}, levels(MISSING), levels(8, ""), levels(19), levels("many"), levels(8, coin="BTC"),
        levels(8, coin="eth"),
    ],
    ids=str,
)
def test_decimal_places_of_collateral_are_not_guessed(answer: t.Any) -> None:
    with pytest.raises(ReadFailed):
        legacy.collateral_accuracy(t.cast(t.Any, Exchange(answer)), "ETH")
