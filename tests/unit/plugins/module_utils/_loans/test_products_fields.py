# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of each row, broken alone: an unreadable field fails. It never becomes zero, another value, or another loan's."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._loans import fixed, flexible, legacy
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed

MISSING = ...
BROKEN = {
    "missing": MISSING, "null": None, "empty": "", "boolean": True, "list": ["5"], "object": {}, "word": "much", "negative": "-5",
    "not a number": "NaN", "fraction of a cent": "1e-99", "endless": "9" * 60,
}


class Exchange:
    """Answers one list with these rows, and all others with none."""

    def __init__(self, path: str, rows: list[dict[str, t.Any]]) -> None:
        self._path = path
        self._rows = rows

    def exchange_time_or_local_ms(self) -> int:
        # Before any example is due.
        return 1728630980861

    def read(self, path: str, query: dict[str, str]) -> dict[str, t.Any]:
        return {"list": self._rows if path == self._path else []}

    def pages(self, path: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        yield from self.read(path, query)["list"]


class Call(t.NamedTuple):
    """A list of the exchange.

    :ivar row: An example of its rows.
    :ivar read: The function that reads it.
    :ivar texts: The fields that may be any nonempty string.
    :ivar unread: The fields that are not read.
    :ivar untold: The fields that may be empty, and the values that are None then.
    """

    path: str
    row: dict[str, t.Any]
    read: t.Callable[[t.Any], t.Any]
    texts: tuple[str, ...]
    unread: tuple[str, ...] = ()
    untold: dict[str, dict[str, t.Any]] = {}

    def reading(self, *rows: dict[str, t.Any]) -> t.Any:
        return self.read(Exchange(self.path, list(rows)))


RATES = {"hourly_rate": None, "annual_rate": None}
CALLS = {
    "legacy loan": Call(
        "/v5/crypto-loan/ongoing-orders",
        {
            "collateralAmount": "0.0964687", "collateralCurrency": "BTC", "currentLTV": "0.4161", "expirationTime": "1731149999000",
            "hourlyInterestRate": "0.0000010633", "loanCurrency": "USDT", "loanTerm": "30", "orderId": "17",
            "residualInterest": "0.04016", "residualPenaltyInterest": "0", "totalDebt": "1888.005198",
        },
        lambda exchange: [legacy.find(exchange, "17")],
        ("collateralCurrency", "loanCurrency"),
        ("loanTerm",),
        {
            "collateralAmount": {"collateral_amount": None}, "currentLTV": {"ltv": None}, "hourlyInterestRate": RATES,
            "residualPenaltyInterest": {}, "expirationTime": {"maturity_time_ms": None},
        },
    ),
    "completed legacy loan": Call(
        "/v5/crypto-loan/borrow-history",
        {
            "collateralCurrency": "BTC", "expirationTime": "1731149999000", "hourlyInterestRate": "0.0000010633", "loanCurrency": "USDT",
            "orderId": "17", "status": 1, "initialLoanAmount": "1000", "borrowTime": "1728546174028",
        },
        lambda exchange: [legacy.find(exchange, "17")],
        ("collateralCurrency", "loanCurrency"),
        ("initialLoanAmount", "borrowTime"),
        {"hourlyInterestRate": RATES, "expirationTime": {"maturity_time_ms": None}},
    ),
    "legacy repayment": Call(
        "/v5/crypto-loan/repayment-history",
        {
            "collateralCurrency": "BTC", "collateralReturn": "0.1", "loanCurrency": "USDT", "loanTerm": "30", "orderId": "17",
            "repayAmount": "200", "repayId": "1849", "repayStatus": 1, "repayTime": "1728630979731", "repayType": "1",
        },
        lambda exchange: legacy.repayments(exchange, "USDT", "17"),
        ("collateralCurrency", "repayId"),
        ("loanTerm",),
        {"collateralReturn": {"collateral_return": None}},
    ),
    "flexible loan": Call(
        "/v5/crypto-loan-flexible/ongoing-coin",
        {
            "hourlyInterestRate": "0.0000018847396", "loanCurrency": "ETH", "totalDebt": "0.10000019", "unpaidAmount": "0.1",
            "unpaidInterest": "0.00000019",
        },
        lambda exchange: [flexible.find(exchange, "ETH")],
        (),
        untold={"hourlyInterestRate": RATES},
    ),
    "flexible repayment": Call(
        "/v5/crypto-loan-flexible/repayment-history",
        {
            "loanCurrency": "BTC", "repayAmount": "0.007", "repayId": "1773", "repayStatus": 1, "repayTime": 1752570731274,
            "repayType": 1,
        },
        lambda exchange: flexible.repayments(exchange, "BTC"),
        ("repayId",),
    ),
    "fixed contract": Call(
        "/v5/crypto-loan-fixed/borrow-contract-info",
        {
            "annualRate": "0.022", "autoRepay": "true", "borrowCurrency": "ETH", "borrowTime": "1752633756068",
            "interestPaid": "0.002531506849315069", "loanId": "571", "orderId": "13007", "repayType": "1",
            "repaymentTime": "1755225756068", "residualPenaltyInterest": "0", "residualPrincipal": "1.4", "status": 1, "term": "30",
        },
        lambda exchange: [fixed.find(exchange, "571")],
        ("borrowCurrency",),
        ("autoRepay", "borrowTime", "interestPaid", "orderId", "repayType", "term"),
        {"annualRate": {"annual_rate": None}, "residualPenaltyInterest": {}},
    ),
    "fixed repayment": Call(
        "/v5/crypto-loan-fixed/repayment-history",
        {
            "details": [{"loanCurrency": "ETH", "loanId": "571", "repayAmount": "1.4"}], "loanCurrency": "ETH", "repayAmount": "1.4",
            "repayId": "1782", "repayStatus": 1, "repayTime": 1752717174353, "repayType": 1,
        },
        lambda exchange: fixed.repayments(exchange, "ETH", "571"),
        ("repayId",),
    ),
}
CASES = [
    pytest.param(call, field, how, id=f"{name}: {field} {how}")
    for name, call in CALLS.items() for field in call.row for how in BROKEN
]


def changed(row: dict[str, t.Any], field: str, value: object) -> dict[str, t.Any]:
    return {name: given for name, given in {**row, field: value}.items() if given is not MISSING}


def replaced(found: t.Any, change: dict[str, t.Any]) -> t.Any:
    return dataclasses.replace(found, **change) if dataclasses.is_dataclass(found) else found._replace(**change)


def expected(call: Call, field: str, how: str) -> list[t.Any] | None:
    """Return what is read from a row with one broken field, or None if reading it must fail."""
    good = call.reading(call.row)
    if field in call.unread:
        return good
    if how == "empty" and field in call.untold:
        return [replaced(one, call.untold[field]) for one in good]
    return None


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_example_can_be_read(call: Call) -> None:
    (found,) = call.reading(call.row)
    assert found is not None


@pytest.mark.parametrize(("call", "field", "how"), CASES)
def test_a_broken_field_fails(call: Call, field: str, how: str) -> None:
    broken = changed(call.row, field, BROKEN[how])
    right = expected(call, field, how)
    if right is not None:
        assert call.reading(broken) == right
    elif how in ("word", "negative", "not a number", "fraction of a cent", "endless") and field in call.texts:
        # Any string can be a name, and is returned unchanged.
        assert BROKEN[how] in repr(call.reading(broken))
    else:
        with pytest.raises(ReadFailed, match=f"^Bybit's answer to {call.path} (lacks|has an invalid|has the unknown) {field}"):
            call.reading(broken)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_same_value_in_another_json_type_is_the_same_or_fails(call: Call) -> None:
    good = call.reading(call.row)
    for field, value in call.row.items():
        if isinstance(value, list):
            continue
        other = str(value) if isinstance(value, int) else Decimal(value) if value.replace(".", "").isdigit() else [value]
        try:
            assert call.reading({**call.row, field: other}) == good
        except ReadFailed as error:
            assert f"an invalid {field}" in str(error)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_additional_field_changes_nothing(call: Call) -> None:
    assert call.reading({**call.row, "somethingNew": "5"}) == call.reading(call.row)
    assert call.reading(dict(reversed(call.row.items()))) == call.reading(call.row)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_row_that_is_shown_twice_counts_once(call: Call) -> None:
    assert call.reading(call.row, dict(call.row)) == call.reading(call.row)
