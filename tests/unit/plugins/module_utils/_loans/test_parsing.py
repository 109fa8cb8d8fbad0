# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import Part, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._loans.parsing import Row, rows_like, united

# The example in the exchange's documentation.
REPAYMENT = {
    "loanCurrency": "BTC",
    "repayAmount": "0.007",
    "repayId": "1773",
    "repayStatus": 1,
    "repayTime": 1752570731274,
    "repayType": 1,
}
READ = HistoryEntry("1773", Decimal("0.007"), "success", True, 1752570731274, "BTC", "user")
MISSING = object()


def row(value: object, field: str = "field") -> Row:
    return Row("/v5/list", {} if value is MISSING else {field: value})


@pytest.mark.parametrize(
    ("method", "value", "expected"),
    [
        ("text", "571", "571"),
        ("number", "0.10000019", Decimal("0.10000019")),
        ("number", "1E-7", Decimal("0.0000001")),
        ("number", "0", Decimal(0)),
        ("amount", "1.5", Decimal("1.5")),
        # Documented as "long", and shown as text in the example.
        ("amount", 15, Decimal(15)),
        ("amount", Decimal("1.50"), Decimal("1.5")),
        ("whole_number", 4, 4),
        ("whole_number", "4", 4),
        ("whole_number", "4.0", 4),
        ("decimal_places", 0, 0),
        ("decimal_places", "18", 18),
        ("time_ms", 1752570731274, 1752570731274),
        ("time_ms", "1752570731274", 1752570731274),
        # The first moment of 2018, and the last of the year 9998.
        ("time_ms", 1514764800000, 1514764800000),
        ("time_ms", 253370764799999, 253370764799999),
    ],
)
def test_a_field_that_can_be_used(method: str, value: object, expected: object) -> None:
    assert getattr(row(value), method)("field") == expected


@pytest.mark.parametrize(
    ("method", "value"),
    [
        *[("text", value) for value in (MISSING, None, "", 571, ["571"], True)],
        *[("number", value) for value in (MISSING, None, "", "-1", "NaN", "much", 1, 1.5, True, "1,5", "1" * 50)],
        *[("amount", value) for value in (MISSING, None, "", "-1", -1, Decimal("NaN"), Decimal("-1"), True, 1.5, {})],
        *[("whole_number", value) for value in (MISSING, None, "", "four", "4.5", 4.5, -4, True, [])],
        *[("decimal_places", value) for value in (MISSING, None, "", -1, 19, "4000", 1.5, True)],
        *[("time_ms", value) for value in (MISSING, None, "", 0, "0", "soon", -1, 1.5, "1752570731.274")],
        # Seconds, microseconds, the end of 2017, and beyond the calendar.
        *[("time_ms", value) for value in (1752570731, 1752570731274000, 1514764799999, 253370764800000, "9" * 30)],
    ],
)
def test_a_field_that_cannot_be_used_is_not_guessed(method: str, value: object) -> None:
    with pytest.raises(ReadFailed) as caught:
        getattr(row(value), method)("field")
    assert re.fullmatch(r"Bybit's answer to /v5/list has an invalid field(: .*\w)?\.", str(caught.value))
    assert caught.value.outcome == "not_executed"


def test_the_error_names_what_is_wrong() -> None:
    with pytest.raises(ReadFailed, match=r"invalid field: 'much' is not a decimal string\.$"):
        row("much").number("field")
    with pytest.raises(ReadFailed, match=r"invalid field: 4\.5 is not a whole number\.$"):
        row("4.5").whole_number("field")


def test_any_field_can_be_looked_at() -> None:
    assert (row(5).get("field"), row(MISSING).get("field")) == (5, None)


def test_a_repayment() -> None:
    assert Row("/v5/list", REPAYMENT).entry() == READ


@pytest.mark.parametrize(("status", "expected"), [(1, "success"), ("1", "success"), (2, "processing"), (3, "failed")])
def test_the_status_of_a_repayment(status: object, expected: str) -> None:
    entry = Row("/v5/list", {**REPAYMENT, "repayStatus": status}).entry()
    assert (entry.status, entry.is_final) == (expected, expected != "processing")


@pytest.mark.parametrize("status", [0, 4, "9"])
def test_an_unknown_status_is_not_guessed(status: object) -> None:
    with pytest.raises(ReadFailed, match=f"^Bybit's answer to /v5/list has the unknown repayStatus {status}.$"):
        Row("/v5/list", {**REPAYMENT, "repayStatus": status}).entry()


@pytest.mark.parametrize(
    ("number", "kind", "by_user"),
    [
        (1, "user", True),
        (2, "liquidation", False),
        (3, "auto", False),
        (4, "overdue", False),
        (5, "delisting", False),
        (6, "delayed_liquidation", False),
        (7, "by_currency", True),
        (8, "moved_to_flexible", False),
        ("1", "user", True),
        ("7", "by_currency", True),
        # The meaning of future values is unknown.
        (0, "unknown", None),
        (9, "unknown", None),
        ("99", "unknown", None),
    ],
)
def test_how_a_repayment_came_about(number: object, kind: str, by_user: bool | None) -> None:
    entry = Row("/v5/list", {**REPAYMENT, "repayType": number}).entry()
    assert (entry.kind, entry.by_user) == (kind, by_user)


@pytest.mark.parametrize("field", sorted(REPAYMENT))
@pytest.mark.parametrize("value", [MISSING, None, "", [], {}, True], ids=["missing", "null", "empty", "list", "object", "boolean"])
def test_a_broken_repayment_is_refused(field: str, value: t.Any) -> None:
    fields = {name: given for name, given in {**REPAYMENT, field: value}.items() if given is not MISSING}
    with pytest.raises(ReadFailed, match=f"invalid {field}"):
        Row("/v5/list", fields).entry()


# Fields that the exchange leaves empty although documented as numbers, and fields that may be empty.
UNTOLD = {
    "annualRate": True, "collateralAmount": True, "collateralReturn": True, "currentLTV": True, "hourlyInterestRate": True,
    "liquidationLTV": True, "marginCallLTV": True, "residualPenaltyInterest": True,
    "totalDebt": False, "unpaidAmount": False, "unpaidInterest": False, "residualInterest": False, "residualPrincipal": False,
    "repayAmount": False, "flexibleTotalDebt": False, "totalCollateral": False, "ltv": False, "amountUSD": False,
    "walletBalance": False, "txnAmt": False, "field": False,
}


@pytest.mark.parametrize(("field", "may_be_untold"), sorted(UNTOLD.items()))
def test_an_empty_amount_is_not_zero(field: str, may_be_untold: bool) -> None:
    if may_be_untold:
        assert row("", field).number_or_none(field) is None
    else:
        with pytest.raises(ReadFailed, match=f"invalid {field}: '' is not a decimal string"):
            row("", field).number_or_none(field)
    assert row("0", field).number_or_none(field) == 0
    for value in (MISSING, None, 0, "soon"):
        with pytest.raises(ReadFailed, match=f"invalid {field}"):
            row(value, field).number_or_none(field)


@pytest.mark.parametrize(
    ("told", "is_overdue", "expected"),
    [("", False, "0"), ("0", False, "0"), ("0.5", False, "0.5"), ("0", True, "0"), ("0.5", True, "0.5")],
)
def test_a_loan_that_is_not_overdue_owes_no_penalty_interest(told: str, is_overdue: bool, expected: str) -> None:
    assert row(told, "residualPenaltyInterest").penalty_interest(is_overdue) == Decimal(expected)


def test_the_penalty_interest_of_an_overdue_loan_must_be_reported() -> None:
    with pytest.raises(ReadFailed, match=r"has an invalid residualPenaltyInterest: it is empty, but the loan is overdue\.$"):
        row("", "residualPenaltyInterest").penalty_interest(is_overdue=True)


@pytest.mark.parametrize("is_overdue", [False, True])
@pytest.mark.parametrize("value", [MISSING, None, 0, "soon", "-1"])
def test_penalty_interest_is_not_guessed(value: object, is_overdue: bool) -> None:
    with pytest.raises(ReadFailed, match="invalid residualPenaltyInterest"):
        row(value, "residualPenaltyInterest").penalty_interest(is_overdue)


@pytest.mark.parametrize(
    ("time_ms", "latest_ms"),
    [(1752570731274, 1752570731274), (1752570731001, 1752570731001), (1752570731000, 1752570731999)],
)
def test_a_time_in_whole_seconds_is_any_moment_of_it(time_ms: int, latest_ms: int) -> None:
    assert READ._replace(time_ms=time_ms).latest_ms == latest_ms


class Pages:
    """Answers every query with these rows."""

    def __init__(self, *rows: dict[str, t.Any]) -> None:
        self._rows = rows
        self.asked: list[dict[str, str]] = []

    def pages(self, dummy: str, query: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        self.asked.append(query)
        yield from self._rows


def like(query: dict[str, str | None], *rows: dict[str, t.Any]) -> list[t.Any]:
    return [found.get("orderId") for found in rows_like(Pages(*rows), "/v5/list", query)]


def test_rows_must_match_the_query() -> None:
    ours, other = {"orderId": "17", "loanCurrency": "BTC"}, {"orderId": "18", "loanCurrency": "BTC"}
    assert like({"orderId": "17"}, ours) == ["17"]
    assert like({"loanCurrency": "BTC"}, other, ours) == ["18", "17"]
    # A row that does not match may be the right one under another field name.
    for query, rows in (({"orderId": "17"}, (ours, other)), ({"orderId": "17", "loanCurrency": "ETH"}, (ours,))):
        with pytest.raises(ReadFailed, match="has an invalid (orderId: '18', but '17'|loanCurrency: 'BTC', but 'ETH') was requested"):
            like(query, *rows)
    assert like({"orderId": None, "loanCurrency": None}, other, {}) == ["18", None]
    # The ID of a repayment is left to the exchange.
    assert like({"repayId": "99"}, ours) == ["17"]


def test_empty_filters_are_not_sent() -> None:
    pages = Pages()
    assert list(rows_like(pages, "/v5/list", {"orderId": "17", "loanCurrency": None, "repayId": "99"})) == []
    assert pages.asked == [{"orderId": "17", "repayId": "99"}]


@pytest.mark.parametrize("field", ["orderId", "loanCurrency"])
@pytest.mark.parametrize("value", [MISSING, None, "", 17, ["17"], True], ids=["missing", "null", "empty", "number", "list", "boolean"])
def test_an_unreadable_row_is_not_taken_for_another_loans(field: str, value: object) -> None:
    asked = {"orderId": "17", "loanCurrency": "BTC"}
    fields = {name: given for name, given in {**asked, field: value}.items() if given is not MISSING}
    with pytest.raises(ReadFailed, match=f"invalid {field}"):
        like(asked, fields)


OTHER = READ._replace(repay_id="1772")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([READ, OTHER], [READ, OTHER]),
        # Between the reads of two pages, an entry came in, and another may have become final.
        ([READ, OTHER, READ, OTHER], [READ, OTHER]),
        ([READ._replace(status="processing"), OTHER, READ], [READ, OTHER]),
        ([READ, READ._replace(status="processing")], [READ]),
        ([READ._replace(status="processing"), READ._replace(status="failed")], [READ._replace(status="failed")]),
        ([READ._replace(status="failed"), READ._replace(status="failed")], [READ._replace(status="failed")]),
    ],
    ids=["none", "two", "again", "becomes final", "was in process", "fails", "failed again"],
)
def test_rows_of_one_repayment_are_one(rows: list[HistoryEntry], expected: list[HistoryEntry]) -> None:
    assert united("/v5/list", rows) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"coin": "ETH"},
        {"by_user": False},
        {"by_user": None},
        {"time_ms": READ.time_ms + 1},
        # A final status does not change.
        {"status": "failed"},
        # Two parts of one repayment look like a row that changed between two pages.
        {"amount": Decimal("0.003")},
        {"amount": Decimal("0.003"), "status": "processing"},
        {"parts": (Part("2", Decimal("0.007")),)},
    ],
    ids=str,
)
def test_rows_of_one_repayment_that_contradict_each_other(change: dict[str, t.Any]) -> None:
    for rows in ([READ, OTHER, READ._replace(**change)], [READ._replace(**change), READ]):
        with pytest.raises(ReadFailed, match=r"^Bybit's answer to /v5/list has contradictory rows for repayment 1773\.$"):
            united("/v5/list", rows)
    with pytest.raises(ReadFailed, match=r"^Bybit's answer to /v5/list has contradictory rows for transfer 1773\.$"):
        united("/v5/list", [READ, READ._replace(amount=Decimal(1))], noun="transfer")
