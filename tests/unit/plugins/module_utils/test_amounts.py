# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._amounts import (
    InvalidAmount,
    decimal_places,
    parse_amount,
    parse_exchange_decimal,
    difference,
    plain,
    round_down,
    total,
)

ACCEPTED = [
    ("100", "100"),
    ("100.10", "100.1"),
    ("0100", "100"),
    (" 7\n", "7"),
    ("0.00000001", "0.00000001"),
    ("1e-07", "0.0000001"),
    ("1.5E+3", "1500"),
    (100, "100"),
    (999999999999999999, "999999999999999999"),
    (100.0, "100"),
    (100.1, "100.1"),
    (1e-07, "0.0000001"),
    (1e15, "1000000000000000"),
    (12345678901234.5, "12345678901234.5"),
    ("9" * 18 + "." + "9" * 18, "9" * 18 + "." + "9" * 18),
]

REFUSED = [
    ("", "is empty: use a quoted decimal number"),
    ("  ", "is empty"),
    ("0", "'0' is zero: use an amount greater than zero"),
    ("0.000", "is zero"),
    ("0e99", "is zero"),
    (0, "is zero"),
    (0.0, "is zero"),
    ("-1", "'-1' is negative: use an amount greater than zero"),
    (-1, "is negative"),
    (-0.5, "is negative"),
    ("NaN", "'NaN' is not a finite number"),
    (float("nan"), "is not a finite number"),
    ("Infinity", "is not a finite number"),
    (".inf", "is not a finite number"),
    (float("inf"), "is not a finite number"),
    (float("-inf"), "is not a finite number"),
    ("1,000", "'1,000' contains a separator: use only digits"),
    ("1 000", "contains a separator"),
    ("1_000", "contains a separator"),
    ("1'000.50", "contains a separator"),
    ("1.000.000,5", "contains a separator"),
    ("100,5", "contains a separator"),
    ("100 USDT", "is not a decimal number: use only digits and at most one point"),
    ("+5", "is not a decimal number"),
    (".5", "is not a decimal number"),
    ("5.", "is not a decimal number"),
    ("0x10", "is not a decimal number"),
    ("\u0661\u0660", "is not a decimal number"),
    ("{{ amount }}", "is not a decimal number"),
    (0.1 + 0.2, "0.30000000000000004 is a floating-point number of more than 15 digits"),
    (123456789012345.6, "more than 15 digits, which is not exact: put the amount in quotes"),
    ("1" * 19, "has too many digits: use at most 18 before and 18 after the point"),
    ("0." + "0" * 18 + "1", "too many digits"),
    ("1e9999", "too many digits"),
    ("1e-9999", "too many digits"),
    (10**18, "too many digits"),
    (-(10**400), "too many digits"),
    (1e22, "too many digits"),
    (True, "True is not a number: use a quoted decimal number"),
    (None, "null is not a number"),
    (["100"], "is a list, not a number"),
    ({"amount": 1}, "is a dict, not a number"),
]


@pytest.mark.parametrize(("value", "text"), ACCEPTED)
def test_amount_is_read_exactly_and_written_plainly(value: object, text: str) -> None:
    amount = parse_amount(value)
    assert plain(amount) == text
    assert amount == Decimal(text)


@pytest.mark.parametrize(("value", "sentence"), REFUSED, ids=lambda value: repr(value)[:30])
def test_amount_is_refused_with_a_sentence(value: object, sentence: str) -> None:
    with pytest.raises(InvalidAmount) as caught:
        parse_amount(value)
    assert sentence in str(caught.value)


def test_an_integer_too_long_even_for_python_to_print_is_refused() -> None:
    with pytest.raises(InvalidAmount, match="has too many digits"):
        parse_amount(10**5000)


def test_a_long_wrong_amount_is_not_shown_in_full() -> None:
    with pytest.raises(InvalidAmount) as caught:
        parse_amount("x" * 10_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("0.000", 0), ("1888.005198", Decimal("1888.005198")), ("1e-8", Decimal("1e-8"))],
)
def test_decimal_strings_of_the_exchange(text: str, number: Decimal) -> None:
    assert parse_exchange_decimal(text) == number


@pytest.mark.parametrize("value", [None, "", " ", 5, 0.5, "-1", "NaN", "1,5", {}, " 1", "1e41", "1e-41", "1e9999", "1" * 50])
def test_anything_else_from_the_exchange_is_refused(value: object) -> None:
    with pytest.raises(InvalidAmount):
        parse_exchange_decimal(value)


def test_sums_of_long_numbers_are_exact() -> None:
    long, least = Decimal("12345678901234567890.123456789012345678"), Decimal("0.000000000000000001")
    assert plain(total(long, least, least)) == "12345678901234567890.12345678901234568"
    assert difference(total(long, least), least) == long


@pytest.mark.parametrize(("number", "places"), [("1", 0), ("1.10", 1), ("1E-7", 7), ("1E+7", 0), ("100.00", 0)])
def test_decimal_places(number: str, places: int) -> None:
    assert decimal_places(Decimal(number)) == places


@pytest.mark.parametrize(
    ("number", "places", "result"),
    [
        ("1000.40999", 4, "1000.4099"),
        ("0.00009", 4, "0"),
        ("999999999999999999.123456789012345678", 8, "999999999999999999.12345678"),
        ("5", 0, "5"),
    ],
)
def test_round_down(number: str, places: int, result: str) -> None:
    assert plain(round_down(Decimal(number), places)) == result
