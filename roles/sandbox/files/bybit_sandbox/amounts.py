# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact decimal amounts: how they are read, printed, and rounded."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, setcontext

# The default of 28 digits would silently round a sum of very large amounts.
setcontext(Context(prec=60))

ZERO = Decimal(0)
_PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


def parse(text: str) -> Decimal | None:
    """The amount in a text; None if the text is not a plain decimal number."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def plain(value: Decimal) -> str:
    """The amount as text, without an exponent or trailing zeros."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def decimals(value: Decimal) -> int:
    """How many decimal places the amount really uses (1.500 uses one)."""
    text = plain(value)
    return len(text.partition(".")[2])


def unit(accuracy: int) -> Decimal:
    """The smallest amount of a coin with this many decimal places."""
    return Decimal(1).scaleb(-accuracy)


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(unit(places), rounding=ROUND_HALF_UP)


def rounded_up(value: Decimal, places: int) -> Decimal:
    return value.quantize(unit(places), rounding=ROUND_UP)


def rounded_down(value: Decimal, places: int) -> Decimal:
    return value.quantize(unit(places), rounding=ROUND_DOWN)
