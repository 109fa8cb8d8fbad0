# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse single values of a policy: amounts, coins, and LTV levels. All numbers need quotes, because a policy is approved as it is written.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import re
import typing as t
from decimal import Decimal

from .._amounts import InvalidAmount, multiply, parse_amount, plain, total
from .._api.errors import BadInput
from .._policy.rules import MARKS, Level, Marks
from .._redaction import quotable
from .values import checked_coin, fraction_of, joined

_ONE, _MINUS_ONE = Decimal(1), Decimal(-1)
_MAX_QUOTED = 64
_NUMERIC = re.compile("[-+.]? ?[0-9]", re.ASCII)
_OF_MARK = re.compile(rf"(?P<mark>{'|'.join(MARKS)})(?: *(?P<sign>[-+]) *(?P<distance>[0-9]{{1,18}}(?:\.[0-9]{{1,18}})?))?", re.ASCII)


def quoted_amount(name: str, value: object, zero_allowed: bool = False) -> Decimal:
    """Return an amount that was written as text.

    :raises BadInput: If a value cannot be used; all functions here raise it.
    """
    try:
        amount = parse_amount(value, zero_allowed)
    except InvalidAmount as error:
        raise BadInput(f"{name} {error}.") from None
    _check_quoted(name, value, "100.5")
    return amount


def quoted_fraction(name: str, value: object, example: str) -> Decimal:
    """Return a fraction that was written as text, from zero to below one."""
    fraction = fraction_of({name: value}, name)
    if fraction is None:
        raise BadInput(f"{name} has no value: use a fraction such as '{example}'.")
    _check_quoted(name, value, example)
    return fraction


def any_coin(name: str, value: object) -> str:
    """Return a coin that Ansible has not turned into text."""
    if not isinstance(value, (str, bool)):
        raise BadInput(f"{name} '{quotable(str(value), _MAX_QUOTED)}' is not a coin: put the exchange's spelling in quotes, such as 'USDT'.")
    return checked_coin(name, str(value))


def coins_in(name: str, values: object, purpose: str) -> tuple[str, ...]:
    """Return a list of coins.

    :param purpose: What is done with the coins, as a verb.
    """
    if not isinstance(values, list) or not values:
        raise BadInput(f"{name} has no list of coins: list the coins to {purpose}, such as [BTC, ETH].")
    coins = tuple(any_coin(name, value) for value in values)
    for coin in coins:
        if coins.count(coin) > 1:
            raise BadInput(f"{name} lists '{coin}' more than once: list each coin once.")
    return coins


def amounts_by_coin(name: str, values: t.Mapping[t.Any, object], zero_allowed: bool = False) -> dict[str, Decimal]:
    """Return an amount for each coin."""
    amounts: dict[str, Decimal] = {}
    for key, value in values.items():
        if str(key).strip().upper() == "USD":
            raise BadInput(f"{name} '{key}' is not a coin: use the exchange's spelling, such as 'USDT'.")
        coin = any_coin(name, key)
        if coin in amounts:
            raise BadInput(f"{name} lists '{coin}' more than once: list each coin once.")
        amounts[coin] = quoted_amount(f"{name}.{coin}", value, zero_allowed)
    return amounts


def level_of(name: str, value: object) -> Level:
    """Return an LTV, a mark, or the distance from a mark, as the user wrote it."""
    if value is None:
        raise BadInput(f"{name} has no value: {_LEVELS}.")
    text = value.strip() if isinstance(value, str) else ""
    match = _OF_MARK.fullmatch(text)
    if match:
        sign = _MINUS_ONE if match["sign"] == "-" else _ONE
        return Level(multiply(sign, Decimal(match["distance"] or 0)), match["mark"])
    if isinstance(value, str) and not _NUMERIC.match(text):
        raise BadInput(f"{name} '{quotable(value, _MAX_QUOTED)}' is not an LTV: {_LEVELS}.")
    return Level(quoted_fraction(name, value, "0.5"))


def ltv_at(level: Level, marks: Marks) -> Decimal:
    """Return the LTV of a level, with marks that are all known."""
    return total(level.distance, marks[level.mark]) if level.mark else level.distance


def shown_level(value: object, level: Level, marks: Marks) -> str:
    """Return a level as the user wrote it, and the LTV that it means."""
    text = f"'{quotable(str(value).strip(), _MAX_QUOTED)}'"
    return f"{text} ({plain(ltv_at(level, marks))})" if level.mark else text


def _check_quoted(name: str, value: object, example: str) -> None:
    if not isinstance(value, str):
        raise BadInput(f"{name} {value} is a number without quotes, which YAML can change: put it in quotes where it is set, such as '{example}'.")


_LEVELS = f"use a fraction such as '0.7', a mark ({joined(MARKS, 'or')}), or a distance from a mark such as 'margin_call - 0.05'"
