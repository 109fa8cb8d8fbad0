# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t
from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._errors import ReadFailed
from ansible_collections.treasury.bybit.plugins.module_utils._record import Record
from ansible_collections.treasury.bybit.plugins.module_utils._rows import Row, unique

# The example of the exchange's documentation.
REPAYMENT = {
    "loanCurrency": "BTC",
    "repayAmount": "0.007",
    "repayId": "1773",
    "repayStatus": 1,
    "repayTime": 1752570731274,
    "repayType": 1,
}
READ = Record("1773", Decimal("0.007"), "success", True, 1752570731274, "BTC", "user")
MISSING = object()


def row(value: object, field: str = "field") -> Row:
    return Row("/v5/list", {} if value is MISSING else {field: value})


@pytest.mark.parametrize(
    ("method", "value", "expected"),
    [
        ("text", "571", "571"),
        ("number", "0.10000019", Decimal("0.10000019")),
        ("number", "1E-7", Decimal("0.0000001")),
        ("number", "", Decimal(0)),
        ("amount", "1.5", Decimal("1.5")),
        # Documented as "long", and shown as text in the example.
        ("amount", 15, Decimal(15)),
        ("amount", Decimal("1.50"), Decimal("1.5")),
        ("amount", "", Decimal(0)),
        ("whole_number", 4, 4),
        ("whole_number", "4", 4),
        ("whole_number", "4.0", 4),
        ("whole_number", "", 0),
        ("time_ms", 1752570731274, 1752570731274),
        ("time_ms", "1752570731274", 1752570731274),
    ],
)
def test_a_field_that_can_be_used(method: str, value: object, expected: object) -> None:
    assert getattr(row(value), method)("field") == expected


@pytest.mark.parametrize(
    ("method", "value"),
    [
        *[("text", value) for value in (MISSING, None, "", 571, ["571"], True)],
        *[("number", value) for value in (MISSING, None, "-1", "NaN", "much", 1, 1.5, True, "1,5", "1" * 50)],
        *[("amount", value) for value in (MISSING, None, "-1", -1, Decimal("NaN"), Decimal("-1"), True, 1.5, {})],
        *[("whole_number", value) for value in (MISSING, None, "four", "4.5", 4.5, -4, True, [])],
        *[("time_ms", value) for value in (MISSING, None, "", 0, "0", "soon", -1, 1.5)],
    ],
)
def test_a_field_that_cannot_be_used_is_not_guessed(method: str, value: object) -> None:
    with pytest.raises(ReadFailed) as caught:
        getattr(row(value), method)("field")
    assert re.fullmatch(r"Bybit answered /v5/list with an unusable field(: .*\w)?\.", str(caught.value))
    assert caught.value.outcome == "not_executed"


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(ReadFailed, match=r"unusable field: 'much' is not a decimal string\.$"):
        row("much").number("field")
    with pytest.raises(ReadFailed, match=r"unusable field: 4\.5 is not a whole number\.$"):
        row("4.5").whole_number("field")


def test_any_field_can_be_looked_at() -> None:
    assert (row(5).get("field"), row(MISSING).get("field")) == (5, None)


def test_a_repayment() -> None:
    assert Row("/v5/list", REPAYMENT).record() == READ


@pytest.mark.parametrize(("status", "expected"), [(1, "success"), ("1", "success"), (2, "processing"), (3, "failed")])
def test_the_status_of_a_repayment(status: object, expected: str) -> None:
    record = Row("/v5/list", {**REPAYMENT, "repayStatus": status}).record()
    assert (record.status, record.is_final) == (expected, expected != "processing")


@pytest.mark.parametrize("status", [0, 4, "9"])
def test_an_unknown_status_is_not_guessed(status: object) -> None:
    with pytest.raises(ReadFailed, match=f"^Bybit answered /v5/list with the unknown repayStatus {status}.$"):
        Row("/v5/list", {**REPAYMENT, "repayStatus": status}).record()


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
        (9, "other", False),
    ],
)
def test_how_a_repayment_came_about(number: object, kind: str, by_user: bool) -> None:
    record = Row("/v5/list", {**REPAYMENT, "repayType": number}).record()
    assert (record.kind, record.by_user) == (kind, by_user)


@pytest.mark.parametrize("field", sorted(REPAYMENT))
@pytest.mark.parametrize("value", [MISSING, None, [], {}], ids=["missing", "null", "list", "object"])
def test_a_repayment_that_is_broken(field: str, value: t.Any) -> None:
    fields = {name: given for name, given in {**REPAYMENT, field: value}.items() if given is not MISSING}
    with pytest.raises(ReadFailed, match=f"unusable {field}"):
        Row("/v5/list", fields).record()


def test_what_stands_on_two_pages_counts_once() -> None:
    other = READ._replace(repay_id="1772")
    assert list(unique([READ, other, READ._replace(status="processing"), other])) == [READ, other]
