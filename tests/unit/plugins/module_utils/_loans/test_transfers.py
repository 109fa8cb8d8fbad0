# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading transfers and the UNIFIED wallet. The documented examples are in tests/documented."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import transfers
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._goal import TO_FUND, TO_UNIFIED
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import FAILED, PROCESSING, SUCCESS, HistoryEntry

MISSING = ...
ID = "42c0cfb0-6bca-c242-bc76-4e6df6cbab16"
FROM_MS, TO_MS = 1793534400000, 1793534405000
ROW: dict[str, t.Any] = {
    "transferId": f"selfTransfer_{ID}", "coin": "USDT", "amount": "500", "fromAccountType": "UNIFIED", "toAccountType": "FUND",
    "timestamp": str(FROM_MS), "status": "SUCCESS",
}
ENTRY = HistoryEntry(ID, Decimal(500), SUCCESS, True, FROM_MS, "USDT", "user", move=TO_FUND)


def documented(name: str) -> dict[str, t.Any]:
    path = Path(__file__).resolve().parents[4] / "documented" / f"{name}.json"
    return json.loads(path.read_text())["example"]["result"]


class Exchange:
    """Always gives the same answer, and records the requests."""

    def __init__(self, answer: t.Any) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []

    def read(self, path: str, query: dict[str, str]) -> t.Any:
        self.asked.append((path, query))
        return self._answer

    def pages(self, path: str, query: dict[str, str], limit: int) -> t.Iterator[dict[str, t.Any]]:
        yield from self.read(path, {**query, "limit": str(limit)})


def changed(fields: dict[str, t.Any], **change: object) -> dict[str, t.Any]:
    return {name: value for name, value in {**fields, **change}.items() if value is not MISSING}


def read(*rows: dict[str, t.Any], from_ms: int = FROM_MS, to_ms: int = TO_MS) -> list[HistoryEntry]:
    return transfers.transfers(t.cast(t.Any, Exchange(list(rows))), "USDT", from_ms, to_ms)


def test_the_documented_transfer() -> None:
    [row] = documented("asset_transfer_inter-transfer-list")["list"]
    time_ms = int(row["timestamp"])
    # The example is from SPOT.
    assert read(row, from_ms=time_ms, to_ms=time_ms) == []
    row = {**row, "fromAccountType": "FUND"}
    assert read(row, from_ms=time_ms, to_ms=time_ms) == [
        HistoryEntry("a1091cc7-9364-4b74-8de1-18f02c6f2d5c", Decimal(5000), SUCCESS, True, 1667283263000, "USDT", "user", move=TO_UNIFIED)
    ]


def test_the_list_is_requested_with_a_second_more_on_either_side() -> None:
    exchange: t.Any = Exchange([])
    assert transfers.transfers(exchange, "USDT", FROM_MS, TO_MS) == []
    query = {"coin": "USDT", "startTime": "1793534399000", "endTime": "1793534406000", "limit": "50"}
    assert exchange.asked == [("/v5/asset/transfer/query-inter-transfer-list", query)]


@pytest.mark.parametrize(
    ("source", "target", "move"),
    [
        ("UNIFIED", "FUND", TO_FUND), ("FUND", "UNIFIED", TO_UNIFIED), ("SPOT", "UNIFIED", None), ("UNIFIED", "SPOT", None),
        ("CONTRACT", "FUND", None), ("FUND", "INVESTMENT", None), ("FUND", "FUND", None), ("SPOT", "NEW", None),
    ],
)
def test_between_which_wallets(source: str, target: str, move: str | None) -> None:
    entries = read({**ROW, "fromAccountType": source, "toAccountType": target})
    assert [entry.move for entry in entries] == ([] if move is None else [move])


@pytest.mark.parametrize("wallet", [MISSING, None, "", 5, "fund", "FUND ", "Fund", "unified", " UNIFIED", []], ids=repr)
@pytest.mark.parametrize(("field", "other"), [("fromAccountType", "toAccountType"), ("toAccountType", "fromAccountType")])
def test_a_wallet_that_may_be_one_of_the_two_is_not_ignored(field: str, other: str, wallet: object) -> None:
    for known in ("FUND", "UNIFIED"):
        with pytest.raises(ReadFailed, match=f"invalid {field}"):
            read(changed(ROW, **{field: wallet, other: known}))


@pytest.mark.parametrize(
    ("status", "read_as"),
    [("SUCCESS", SUCCESS), ("PENDING", PROCESSING), ("FAILED", FAILED), ("STATUS_UNKNOWN", PROCESSING), ("success", PROCESSING), ("NEW", PROCESSING)],
)
def test_an_unknown_status_is_not_final(status: str, read_as: str) -> None:
    assert [entry.status for entry in read({**ROW, "status": status})] == [read_as]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("status", [MISSING, None, "", 1, True, []]),
        ("transferId", [MISSING, None, "", 5, "selfTransfer_", []]),
        ("amount", [MISSING, None, "", "much", "-1", "NaN", True, []]),
        ("coin", [MISSING, None, "", 5, "usdt", "USDC", []]),
        ("timestamp", [MISSING, None, "", "1793534400", "0", "soon", True]),
    ],
)
def test_a_field_that_is_broken_is_not_guessed(field: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ReadFailed, match=f"invalid {field}"):
            read(ROW, changed(ROW, **{field: value}))


@pytest.mark.parametrize(("time_ms", "fits"), [
    (FROM_MS - 1001, False), (FROM_MS - 1000, True), (TO_MS + 1000, True), (TO_MS + 1999, True), (TO_MS + 2000, False),
])
def test_a_transfer_outside_the_requested_time_is_not_ignored(time_ms: int, fits: bool) -> None:
    row = {**ROW, "timestamp": str(time_ms)}
    if fits:
        assert [entry.time_ms for entry in read(row)] == [time_ms]
    else:
        with pytest.raises(ReadFailed, match=f"invalid timestamp: {time_ms}, but 1793534399000 to 1793534406000 .milliseconds. was requested"):
            read(row)


def test_a_time_that_is_cut_to_seconds_fits() -> None:
    assert [entry.time_ms for entry in read({**ROW, "timestamp": "1793534398000"}, from_ms=FROM_MS - 1, to_ms=FROM_MS)] == [1793534398000]


def test_an_id_with_and_without_the_prefix_is_unique() -> None:
    assert read(ROW, {**ROW, "transferId": ID}) == [ENTRY]
    assert read({**ROW, "status": "PENDING"}, ROW) == [ENTRY]
    for change in ({"status": "FAILED"}, {"amount": "501"}, {"fromAccountType": "FUND", "toAccountType": "UNIFIED"}):
        with pytest.raises(ReadFailed, match=f"has contradictory rows for transfer {ID}\\.$"):
            read(ROW, {**ROW, **change})


def given_away(answer: t.Any, coin: str = "USDT") -> Decimal:
    return transfers.given_away(t.cast(t.Any, Exchange(answer)), coin)


def test_the_documented_transferable_amount_is_read() -> None:
    exchange: t.Any = Exchange(documented("account_unified-trans-amnt"))
    assert transfers.given_away(exchange, "SOL") == Decimal("33.16713007")
    assert exchange.asked == [("/v5/account/withdrawal", {"coinName": "SOL"})]


@pytest.mark.parametrize(
    ("answer", "amount"),
    [
        ({"availableWithdrawal": "5", "availableWithdrawalMap": {"USDT": "7.5"}}, "7.5"),
        ({"availableWithdrawal": "", "availableWithdrawalMap": {"USDT": "0", "BTC": ""}}, "0"),
        ({"availableWithdrawalMap": {"USDT": "7.5"}}, "7.5"),
        ({"availableWithdrawal": "5", "availableWithdrawalMap": {}}, "5"),
        ({"availableWithdrawal": "5", "availableWithdrawalMap": None}, "5"),
        ({"availableWithdrawal": "5"}, "5"),
    ],
)
def test_the_transferable_amount_is_read(answer: t.Any, amount: str) -> None:
    assert given_away(answer) == Decimal(amount)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"availableWithdrawal": ""},
        {"availableWithdrawal": None, "availableWithdrawalMap": {}},
        {"availableWithdrawal": "-5"},
        {"availableWithdrawal": "5", "availableWithdrawalMap": {"USDT": ""}},
        {"availableWithdrawal": "5", "availableWithdrawalMap": {"USDT": None}},
        {"availableWithdrawal": "5", "availableWithdrawalMap": {"USDT": "much"}},
        {"availableWithdrawal": "5", "availableWithdrawalMap": ""},
        {"availableWithdrawal": "5", "availableWithdrawalMap": ["7.5"]},
    ],
    ids=str,
)
def test_a_broken_transferable_amount_is_not_guessed(answer: t.Any) -> None:
    with pytest.raises(ReadFailed, match="invalid availableWithdrawal"):
        given_away(answer)


def test_one_request_tells_the_transferable_amounts_of_several_coins() -> None:
    exchange: t.Any = Exchange(documented("account_unified-trans-amnt"))
    amounts = {"BTC": Decimal("4.54549050"), "SOL": Decimal("33.16713007")}
    assert transfers.given_away_of(exchange, ["SOL", "BTC", "USDT"]) == amounts
    assert exchange.asked == [("/v5/account/withdrawal", {"coinName": "SOL,BTC,USDT"})]
    # Without the map, only the amount of the first coin is known.
    assert transfers.given_away_of(t.cast(t.Any, Exchange({"availableWithdrawal": "5"})), ["USDT", "BTC"]) == {"USDT": Decimal(5)}


@pytest.mark.parametrize("amount", ["", None, "much", "-1"])
def test_a_broken_amount_among_several_is_not_guessed(amount: t.Any) -> None:
    answer = {"availableWithdrawal": "5", "availableWithdrawalMap": {"USDT": "5", "BTC": amount}}
    with pytest.raises(ReadFailed, match="invalid availableWithdrawalMap.BTC"):
        transfers.given_away_of(t.cast(t.Any, Exchange(answer)), ["USDT", "BTC"])
