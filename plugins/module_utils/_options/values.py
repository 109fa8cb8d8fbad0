# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse single options of a task: IDs, coins, amounts, times. Errors name the option, the value, and the remedy.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata
from decimal import Decimal

from .._amounts import InvalidAmount, parse_amount, plain
from .._api.errors import BadInput
from .._redaction import quotable
from .._times import InvalidTime, parse_duration, parse_moment

Options = t.Dict[str, t.Any]

_MAX_QUOTED = 64
_CHANGE = re.compile(r"(?P<number>[+-][0-9]{1,6}(?:\.[0-9]{1,18})?)(?P<percent> ?%)?", re.ASCII)
# What Ansible makes of a YAML boolean, as a value and as a key, and the coin that the user may have meant.
_BOOLEANS = {"True": "ON", "False": "NO", "true": "ON", "false": "NO"}


def joined(names: t.Sequence[str], conjunction: str = "and") -> str:
    """Return several names as part of a sentence."""
    if len(names) < 3:
        return f" {conjunction} ".join(names)
    return f"{', '.join(names[:-1])}, {conjunction} {names[-1]}"


def id_of(options: Options, name: str, example: str) -> str:
    """Return an ID of the exchange.

    :raises BadInput: If the option cannot be used; all functions here raise it.
    """
    value: str = options[name].strip()
    if value in _BOOLEANS:
        raise BadInput(f"{name} is a YAML boolean, not an ID: put the ID in quotes, such as '{example}'.")
    if not re.fullmatch("[0-9A-Za-z_-]{1,64}", value):
        raise BadInput(f"{name} '{quotable(value, _MAX_QUOTED)}' is not an ID: use the ID that the exchange shows, in quotes, such as '{example}'.")
    return value


def coin_of(options: Options, name: str) -> str:
    """Return a coin in the exchange's spelling."""
    return checked_coin(name, options[name])


def checked_coin(name: str, value: str) -> str:
    """Return a coin from the option C(name) in the exchange's spelling."""
    coin = value.strip()
    if coin in _BOOLEANS:
        raise BadInput(f"{name} is a YAML boolean, not a coin: put the coin in quotes, such as '{_BOOLEANS[coin]}'.")
    if not re.fullmatch("[0-9A-Z]{1,20}", coin):
        example = coin.upper() if re.fullmatch("[0-9A-Za-z]{1,20}", coin) else "USDT"
        raise BadInput(f"{name} '{quotable(value, _MAX_QUOTED)}' is not a coin: use the exchange's spelling, such as '{example}'.")
    return coin


def amount_of(options: Options, name: str, zero_allowed: bool = False) -> Decimal | None:
    """Return an amount; none if the option is not set. The functions below do likewise."""
    if options[name] is None:
        return None
    try:
        return parse_amount(options[name], zero_allowed)
    except InvalidAmount as error:
        raise BadInput(f"{name} {error}.") from None


def fraction_of(options: Options, name: str) -> Decimal | None:
    """Return an LTV, from zero to below one."""
    try:
        fraction = None if options[name] is None else parse_amount(options[name], zero_allowed=True)
    except InvalidAmount:
        fraction = Decimal(1)
    if fraction is not None and fraction >= 1:
        given = quotable(str(options[name]), _MAX_QUOTED)
        raise BadInput(f"{name} '{given}' is not a fraction between 0 and 1: use '0.5' for 50 %, for example.")
    return fraction


def threshold_of(options: Options, name: str) -> Decimal:
    """Return an LTV above zero and below one, from an option that always has a value."""
    fraction = fraction_of(options, name)
    if not fraction:
        raise BadInput(f"{name} '{options[name]}' is not an LTV above 0: use '0.85' for 85 %, for example.")
    return fraction


def thresholds_of(options: Options, *names: str) -> tuple[Decimal, ...]:
    """Return LTVs like C(threshold_of), of which none is above the next one."""
    ltvs = tuple(threshold_of(options, name) for name in names)
    for lower, higher, ltv, limit in zip(names, names[1:], ltvs, ltvs[1:]):
        if ltv > limit:
            raise BadInput(f"{lower} '{plain(ltv)}' is above {higher} '{plain(limit)}': set {lower} to at most {higher}.")
    return ltvs


def changes_of(options: Options, name: str) -> dict[str, Decimal] | None:
    """Return the change of each coin's price as a fraction: C(-30%) and C(-0.3) are both -0.3."""
    given = options[name]
    if given is None:
        return None
    return {checked_coin(name, str(coin)): _change(name, str(coin), str(value).strip()) for coin, value in given.items()}


def reference_of(options: Options) -> str | None:
    """Return a reference in the form in which the journal stores it."""
    reference: str | None = options["reference"]
    # References that look the same are the same.
    return None if reference is None else unicodedata.normalize("NFC", reference)


def moment_of(options: Options, name: str) -> int | None:
    """Return a moment (UTC, ms)."""
    return _time_of(options, name, parse_moment)


def duration_of(options: Options, name: str) -> int | None:
    """Return a duration (ms)."""
    return _time_of(options, name, parse_duration)


def _time_of(options: Options, name: str, parse: t.Callable[[str], int]) -> int | None:
    if options[name] is None:
        return None
    try:
        return parse(options[name])
    except InvalidTime as error:
        raise BadInput(f"{name} {error}.") from None


def _change(name: str, coin: str, text: str) -> Decimal:
    match = _CHANGE.fullmatch(text)
    change = Decimal(match["number"]).scaleb(-2 if match["percent"] else 0) if match else None
    # Without a percent sign, a number of 1 or more could mean a percentage.
    if match is None or change is None or change <= -1 or (abs(change) >= 1 and not match["percent"]):
        given = f"{name} '{quotable(text, _MAX_QUOTED)}' of {coin}"
        raise BadInput(f"{given} is not a price change above -100%: use '-30%' for a fall of 30 % or '+10%' for a rise of 10 %, with the sign.")
    return change
