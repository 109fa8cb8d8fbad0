# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decimal amounts: parse them from YAML, calculate without rounding, and write them plainly.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal

from ._redaction import quotable

MAX_INTEGER_DIGITS = 18
MAX_DECIMALS = 18
# Decimal numbers of up to 15 digits survive the conversion to a binary float and back.
MAX_FLOAT_DIGITS = 15

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_GROUPED = re.compile(r"[0-9]{1,3}(?:[ ,._'\u00a0\u202f][0-9]{2,3})+(?:[.,][0-9]*)?|[0-9]+,[0-9]+")
_UNSIGNED_WORDS = {"nan", "inf", "infinity", ".nan", ".inf"}
_MAX_QUOTED = 40
_EXAMPLE = "use a quoted decimal number, such as '100.5'"
# No coin needs more digits on either side of the point. A longer number is a mistake that would only use memory.
_MAX_EXCHANGE_DIGITS = 40
# Python's default of 28 digits would silently round sums.
_EXACT = Context(prec=200)


class InvalidAmount(ValueError):
    """The amount is invalid. The text follows the name of the option in a message."""


def parse_amount(value: object, zero_allowed: bool = False) -> Decimal:
    """Return the positive amount that a user wrote as a decimal string, an integer, or an exact float.

    :param value: The value of the option, as Ansible passes it to a module.
    :return: A finite positive number (or zero if allowed), without trailing zeros, with at most 18 digits before and 18 after the point.
    :raises InvalidAmount: For everything else, with what to write instead.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        what = f"{_quoted(value)} is not a number" if isinstance(value, (bool, type(None))) else f"is a {type(value).__name__}, not a number"
        raise InvalidAmount(f"{what}: {_EXAMPLE}")
    if isinstance(value, float):
        value = _float_text(value)
    elif isinstance(value, int):
        # Python refuses to convert a huge integer to text, so check its size first.
        if abs(value) >= 10**MAX_INTEGER_DIGITS:
            raise InvalidAmount(_too_long())
        value = str(value)
    number = _parse_text(value.strip())
    if not number and not zero_allowed:
        raise InvalidAmount(f"{_quoted(value)} is zero: use an amount greater than zero")
    return number


def parse_exchange_decimal(text: object) -> Decimal:
    """Return the number in a decimal string of the exchange.

    :raises InvalidAmount: If it is anything but a finite, non-negative decimal string, including an empty string.
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise InvalidAmount(f"{_quoted(text)} is not a decimal string")
    number = Decimal(text)
    if number and (abs(number.adjusted()) > _MAX_EXCHANGE_DIGITS or decimal_places(number) > _MAX_EXCHANGE_DIGITS):
        raise InvalidAmount(f"{_quoted(text)} has too many digits")
    return number


def plain(number: Decimal) -> str:
    """Write a number without an exponent and trailing zeros: C(1E-7) becomes C(0.0000001)."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def total(*numbers: Decimal) -> Decimal:
    """Add numbers without rounding."""
    result = Decimal(0)
    for number in numbers:
        result = _EXACT.add(result, number)
    return result


def plain_or_none(number: Decimal | None) -> str | None:
    """Write a number as C(plain) does; none stays none."""
    return None if number is None else plain(number)


def difference(minuend: Decimal, subtrahend: Decimal) -> Decimal:
    """Subtract without rounding."""
    return _EXACT.subtract(minuend, subtrahend)


def multiply(first: Decimal, second: Decimal) -> Decimal:
    """Multiply without rounding."""
    return _EXACT.multiply(first, second)


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide to 200 digits, so that rounding afterwards makes no difference."""
    return _EXACT.divide(dividend, divisor)


def decimal_places(number: Decimal) -> int:
    """Count the decimal places that the number needs."""
    return len(plain(number).partition(".")[2])


def unit(places: int) -> Decimal:
    """Return the smallest amount with a number of decimal places."""
    return Decimal(1).scaleb(-places)


def round_down(number: Decimal, places: int) -> Decimal:
    """Round down to a number of decimal places."""
    return number.quantize(unit(places), ROUND_DOWN, _EXACT)


def round_up(number: Decimal, places: int) -> Decimal:
    """Round up to a number of decimal places."""
    return number.quantize(unit(places), ROUND_UP, _EXACT)


def _parse_text(text: str) -> Decimal:
    if not text:
        raise InvalidAmount(f"is empty: {_EXAMPLE}")
    if not _NUMBER.fullmatch(text):
        raise InvalidAmount(_why_not(text))
    number = Decimal(text)
    if number and (number.adjusted() >= MAX_INTEGER_DIGITS or decimal_places(number) > MAX_DECIMALS):
        raise InvalidAmount(f"{_quoted(text)} {_too_long()}")
    return Decimal(plain(number))


def _float_text(value: float) -> str:
    text = repr(value)
    if len(re.sub(r"e.*|[^0-9]", "", text).strip("0")) > MAX_FLOAT_DIGITS:
        raise InvalidAmount(
            f"{text} is a floating-point number of more than {MAX_FLOAT_DIGITS} digits, which is not exact: put the amount in quotes"
        )
    return text


def _why_not(text: str) -> str:
    if text.lstrip("+-").lower() in _UNSIGNED_WORDS:
        return f"{_quoted(text)} is not a finite number: {_EXAMPLE}"
    if text.startswith("-"):
        return f"{_quoted(text)} is negative: use an amount greater than zero"
    if _GROUPED.fullmatch(text):
        return f"{_quoted(text)} contains a separator: use only digits and a decimal point, such as '1000.5'"
    return f"{_quoted(text)} is not a decimal number: use only digits and at most one point, such as '100.5'"


def _too_long() -> str:
    return f"has too many digits: use at most {MAX_INTEGER_DIGITS} before and {MAX_DECIMALS} after the point"


def _quoted(value: object) -> str:
    text = str(value) if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"
    if value is None:
        return "null"
    text = quotable(text, _MAX_QUOTED)
    return f"'{text}'" if isinstance(value, str) else text
