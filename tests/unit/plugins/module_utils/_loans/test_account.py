# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Position, Funding wallet, and its ledger in unusual or contradictory answers of the exchange."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import account
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed

# The example in the exchange's documentation.
BTC_DEBT = {
    "fixedTotalDebt": "0", "fixedTotalDebtUSD": "0", "flexibleTotalDebt": "0.08800022", "flexibleTotalDebtUSD": "9355.37",
    "loanCurrency": "BTC",
}
ETH_DEBT = {
    "fixedTotalDebt": "0.1", "fixedTotalDebtUSD": "282.8", "flexibleTotalDebt": "0", "flexibleTotalDebtUSD": "0", "loanCurrency": "ETH",
}
PLEDGED = [
    {"amount": "0.12", "amountUSD": "9930.11", "currency": "BTC"}, {"amount": "2", "amountUSD": "4524.81", "currency": "ETH"},
    {"amount": "4002.12", "amountUSD": "3201.69", "currency": "USDT"}, {"amount": "1000", "amountUSD": "724.8", "currency": "USDC"},
]
POSITION: dict[str, t.Any] = {
    "borrowList": [BTC_DEBT, ETH_DEBT], "collateralList": PLEDGED, "ltv": "0.524344", "supplyList": [], "totalCollateral": "18381.41",
    "totalDebt": "9638.17", "totalSupply": "800.13", "colRes": "0",
}
HELD = {"coin": "USDT", "walletBalance": "523.5", "transferBalance": "", "bonus": ""}
MOVED = {
    "memberId": "290118", "currency": "USDT", "ioDirection": "O", "txnAmt": "100.5", "afterAmt": "423", "createTime": "1793534400",
    "showBusiTypeEn": "Loan", "descriptionEn": "Repayment",
}
SENT_MS = 1793534400000
MISSING = ...
NO_TEXT: list[object] = [MISSING, None, "", 5, Decimal("5.5"), True, [], {}]
BROKEN = [*NO_TEXT, "much", "-5", "NaN"]
NAMES = ("loanCurrency", "currency", "coin")


class Exchange:
    """Always gives the same answer, and records the requests."""

    def __init__(self, answer: t.Any) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []

    def read(self, path: str, query: dict[str, str] | None = None) -> t.Any:
        self.asked.append((path, query or {}))
        return self._answer

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        yield from self.read(path, query)


def changed(fields: dict[str, t.Any], **change: object) -> dict[str, t.Any]:
    return {name: value for name, value in {**fields, **change}.items() if value is not MISSING}


def broken(fields: list[str]) -> list[tuple[str, object]]:
    """Break each field in every possible way. Any string is a valid name."""
    return [(field, value) for field in fields for value in (NO_TEXT if field in NAMES else BROKEN)]


def position(**change: object) -> t.Any:
    return account.read_position(t.cast(t.Any, Exchange(changed(POSITION, **change))))


def test_the_example_fits_together() -> None:
    assert position().contradiction() == ""


@pytest.mark.parametrize("value", BROKEN, ids=str)
@pytest.mark.parametrize("field", ["ltv", "totalDebt", "totalCollateral"])
def test_a_total_that_is_broken_is_not_guessed(field: str, value: object) -> None:
    with pytest.raises(ReadFailed, match=f"invalid {field}"):
        position(**{field: value})


@pytest.mark.parametrize("value", [value for value in BROKEN if value not in (MISSING, None, [])], ids=str)
@pytest.mark.parametrize("name", ["borrowList", "collateralList"])
def test_a_list_that_is_broken_is_not_guessed(name: str, value: object) -> None:
    with pytest.raises(ReadFailed, match=f"invalid {name}"):
        position(**{name: value})


@pytest.mark.parametrize("value", [MISSING, None, []], ids=str)
@pytest.mark.parametrize("name", ["borrowList", "collateralList"])
def test_a_missing_list_fits_no_total(name: str, value: object) -> None:
    with pytest.raises(ReadFailed, match="contradictory figures: total(Debt|Collateral) is [0-9.]+, but its parts add up to 0"):
        position(**{name: value})


@pytest.mark.parametrize(("field", "value"), broken(sorted(BTC_DEBT)), ids=str)
def test_a_debt_that_is_broken_is_not_guessed(field: str, value: object) -> None:
    with pytest.raises(ReadFailed, match=f"invalid {field}"):
        position(borrowList=[changed(BTC_DEBT, **{field: value}), ETH_DEBT])


@pytest.mark.parametrize(("field", "value"), broken(["amount", "amountUSD", "currency"]), ids=str)
def test_collateral_that_is_broken_is_not_guessed(field: str, value: object) -> None:
    with pytest.raises(ReadFailed, match=f"invalid {field}"):
        position(collateralList=[changed(PLEDGED[0], **{field: value}), *PLEDGED[1:]])


@pytest.mark.parametrize(
    ("change", "contradiction"),
    [
        ({"totalDebt": "963.82"}, "totalDebt is 963.82, but its parts add up to 9638.17"),
        ({"totalDebt": "9800"}, "totalDebt is 9800, but its parts add up to 9638.17"),
        ({"totalDebt": "0", "ltv": "0"}, "totalDebt is 0, but its parts add up to 9638.17"),
        ({"totalDebt": "0", "ltv": ""}, "totalDebt is 0, but its parts add up to 9638.17"),
        ({"borrowList": [ETH_DEBT]}, "totalDebt is 9638.17, but its parts add up to 282.8"),
        ({"totalCollateral": "1838141"}, "totalCollateral is 1838141, but its parts add up to 18381.41"),
        ({"collateralList": PLEDGED[:3]}, "totalCollateral is 18381.41, but its parts add up to 17656.61"),
        # In percent, zero, and that of another account.
        ({"ltv": "52.4344"}, "ltv is 52.4344, but totalDebt is 9638.17 and totalCollateral 18381.41"),
        ({"ltv": "0"}, "ltv is 0, but totalDebt is 9638.17 and totalCollateral 18381.41"),
        ({"ltv": "0.3"}, "ltv is 0.3, but totalDebt is 9638.17 and totalCollateral 18381.41"),
    ],
)
def test_contradictory_figures_are_refused(change: dict[str, object], contradiction: str) -> None:
    with pytest.raises(ReadFailed) as caught:
        position(**change)
    path = "/v5/crypto-loan-common/position"
    assert str(caught.value) == f"Bybit's answer to {path} has contradictory figures: {contradiction}."


@pytest.mark.parametrize(
    "change",
    [
        # Rounded, and calculated at another moment.
        {"totalDebt": "9638.2"},
        {"totalDebt": "9700"},
        {"totalCollateral": "18400"},
        {"ltv": "0.52"},
        {"ltv": "0.524343"},
        {"borrowList": [ETH_DEBT, BTC_DEBT]},
    ],
    ids=str,
)
def test_figures_within_rounding_are_accepted(change: dict[str, t.Any]) -> None:
    assert position(**change).contradiction() == ""


@pytest.mark.parametrize(("usd", "fits"), [("0.02", True), ("0.04", True), ("0.07", False)])
def test_cents_are_lost_in_rounding(usd: str, fits: bool) -> None:
    debts = [{**ETH_DEBT, "fixedTotalDebtUSD": "0.01"}]
    pledged = [{**PLEDGED[0], "amountUSD": usd}]
    account = {"borrowList": debts, "totalDebt": usd, "ltv": "1", "totalCollateral": usd, "collateralList": pledged}
    if fits:
        assert position(**account).total_debt_usd == Decimal(usd)
    else:
        with pytest.raises(ReadFailed, match="contradictory figures"):
            position(**account)


@pytest.mark.parametrize(
    ("debt", "collateral", "ltv", "fits"),
    [
        # Six decimal places of an LTV are coarse if the debt is small, whether they are rounded or cut.
        ("44", "10000000", "0.000004", True),
        ("49.99", "10000000", "0.000004", True),
        ("45", "10000000", "0.000005", True),
        ("4", "10000000", "0", True),
        ("0.01", "18381.41", "0.000001", True),
        ("54.6", "10000000", "0.000004", False),
        ("500", "10000000", "0", False),
        ("6000", "10000", "0.6", True),
        ("6000", "10000", "0.5", False),
    ],
)
def test_an_ltv_is_rounded(debt: str, collateral: str, ltv: str, fits: bool) -> None:
    account = {
        "borrowList": [{**ETH_DEBT, "fixedTotalDebtUSD": debt}], "totalDebt": debt, "ltv": ltv, "totalCollateral": collateral,
        "collateralList": [{**PLEDGED[0], "amountUSD": collateral}],
    }
    if fits:
        assert position(**account).ltv == Decimal(ltv)
    else:
        with pytest.raises(ReadFailed, match=f"ltv is {ltv}, but totalDebt is {debt} and totalCollateral {collateral}"):
            position(**account)


@pytest.mark.parametrize(("value", "refuses"), [
    ("2", True), (2, True), ("1", False), ("0", False), ("-1", False), (1, False), (0, False), (-1, False), (MISSING, False), (None, False),
    ("", False), ("3", False), (True, False), ([], False),
], ids=str)
def test_only_a_limit_that_is_reached_refuses_collateral(value: object, refuses: bool) -> None:
    assert position(colRes=value).refuses_collateral is refuses


@pytest.mark.parametrize("field", ["coin", "walletBalance"])
@pytest.mark.parametrize("value", BROKEN, ids=str)
def test_a_balance_that_is_broken_is_not_guessed(field: str, value: object) -> None:
    with pytest.raises(ReadFailed, match=f"invalid {field}"):
        account.read_balance(t.cast(t.Any, Exchange({"balance": changed(HELD, **{field: value})})), "USDT")


@pytest.mark.parametrize("answer", [{}, {"balance": None}, {"balance": []}, {"balance": "523.5"}, {"balance": [HELD]}])
def test_no_balance_is_not_an_empty_wallet(answer: dict[str, t.Any]) -> None:
    with pytest.raises(ReadFailed, match="lacks a balance"):
        account.read_balance(t.cast(t.Any, Exchange(answer)), "USDT")


@pytest.mark.parametrize("coin", ["USDC", "usdt", "USDT "])
def test_the_balance_of_another_coin_is_no_balance(coin: str) -> None:
    with pytest.raises(ReadFailed, match=f"invalid coin: '{coin}', but 'USDT' was requested"):
        account.read_balance(t.cast(t.Any, Exchange({"balance": {**HELD, "coin": coin}})), "USDT")


def test_a_balance() -> None:
    exchange = Exchange({"balance": HELD})
    assert account.read_balance(t.cast(t.Any, exchange), "USDT") == Decimal("523.5")
    assert exchange.asked == [("/v5/asset/transfer/query-account-coin-balance", {"accountType": "FUND", "coin": "USDT"})]


def movements(*rows: dict[str, t.Any]) -> list[tuple[str, int]]:
    found = account.wallet_movements(t.cast(t.Any, Exchange(list(rows))), "USDT", SENT_MS, SENT_MS + 5000)
    return [(str(movement.amount), movement.time_ms) for movement in found]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], []),
        ([MOVED], [("-100.5", SENT_MS)]),
        ([{**MOVED, "ioDirection": "I", "createTime": "1793534401"}], [("100.5", SENT_MS + 1000)]),
        # Each entry counts, even if it equals another one.
        ([MOVED, MOVED, {**MOVED, "txnAmt": "0.0001"}], [("-100.5", SENT_MS), ("-100.5", SENT_MS), ("-0.0001", SENT_MS)]),
        # The amount of another coin does not matter.
        ([{**MOVED, "currency": "USDC", "txnAmt": ""}, MOVED, {**MOVED, "currency": "BTC"}], [("-100.5", SENT_MS)]),
    ],
)
def test_movements_of_the_wallet_are_read(rows: list[dict[str, t.Any]], found: list[tuple[str, int]]) -> None:
    assert movements(*rows) == found


@pytest.mark.parametrize("currency", ["usdt", "USDT ", " USDT", "Usdt"])
def test_another_spelling_of_a_coin_is_not_another_coin(currency: str) -> None:
    with pytest.raises(ReadFailed, match=f"invalid currency: '{currency}' may be USDT"):
        movements({**MOVED, "currency": currency})


@pytest.mark.parametrize("second", [-1, 6, 600, -86_400])
def test_an_entry_outside_the_requested_time_is_not_ignored(second: int) -> None:
    created = SENT_MS // 1000 + second
    with pytest.raises(ReadFailed, match=f"invalid createTime: {created}, but 1793534400 to 1793534405 .seconds. was requested"):
        movements(MOVED, {**MOVED, "createTime": str(created)})


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "seconds"),
    [
        (SENT_MS, SENT_MS + 5000, ("1793534400", "1793534405")),
        # Times in the ledger are whole seconds, so both ends are widened.
        (SENT_MS + 999, SENT_MS + 5001, ("1793534400", "1793534406")),
        (SENT_MS - 1, SENT_MS + 1, ("1793534399", "1793534401")),
    ],
)
def test_the_ledger_is_requested_in_seconds(from_ms: int, to_ms: int, seconds: tuple[str, str]) -> None:
    exchange = Exchange([])
    account.wallet_movements(t.cast(t.Any, exchange), "USDT", from_ms, to_ms)
    asked = {"createTimeFrom": seconds[0], "createTimeTo": seconds[1]}
    assert exchange.asked == [("/v5/asset/fundinghistory", asked)]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("currency", [MISSING, None, "", 5, True, []]),
        ("ioDirection", [MISSING, None, "", "o", "OUT", "X", 0, True]),
        ("txnAmt", BROKEN),
        # In milliseconds, in minutes, and none at all.
        ("createTime", [MISSING, None, "", "soon", True, "1793534400000", "29892240", "0", "1793534400.5"]),
    ],
)
@pytest.mark.parametrize("direction", ["I", "O"])
def test_a_broken_ledger_entry_is_not_ignored(direction: str, field: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ReadFailed, match=f"invalid {field}"):
            movements(changed(MOVED, **{"ioDirection": direction, field: value}))
