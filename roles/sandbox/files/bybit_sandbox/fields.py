# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a JSON object field by field; the first error is one sentence that names the field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from .amounts import ZERO, parse
from .clock import DAY_MS, HOUR_MS
from .errors import SandboxError

_RELATIVE = re.compile(r"([+-])([0-9]{1,6})(m|h|d)")
_UNITS_MS = {"m": 60_000, "h": HOUR_MS, "d": DAY_MS}
_LAST_MS = 253_402_300_799_999
_MISSING = object()


def read_json(path: Path, what: str) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError(f"{what} {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SandboxError(f"{what} {path} is not JSON: {error}") from error


class Fields:
    def __init__(self, place: str, document: object) -> None:
        self.place = place
        if not isinstance(document, dict):
            raise self.error("must be a JSON object")
        self._rest = dict(document)

    def error(self, text: str, name: str = "") -> SandboxError:
        where = f"{self.place}.{name}" if self.place and name else self.place or name
        return SandboxError(f"{where} {text}" if where else text)

    def __contains__(self, name: str) -> bool:
        return name in self._rest

    def names(self) -> list[str]:
        return list(self._rest)

    def take(self, name: str, default: object = _MISSING) -> object:
        value = self._rest.pop(name, default)
        if value is _MISSING:
            raise self.error("is missing", name)
        return value

    def string(self, name: str, default: object = _MISSING, choices: tuple[str, ...] = ()) -> str:
        value = self.take(name, default)
        if not isinstance(value, str):
            raise self.error("must be a string", name)
        if choices and value not in choices:
            raise self.error(f"must be one of {', '.join(choices)}", name)
        return value

    def boolean(self, name: str, default: object = _MISSING) -> bool:
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.error("must be true or false", name)
        return value

    def integer(self, name: str, default: object = _MISSING, least: int | None = 0) -> int:
        value = self.take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**15:
            raise self.error("must be a whole number", name)
        if least is not None and value < least:
            raise self.error(f"must be at least {least}", name)
        return value

    def amount(self, name: str, default: object = _MISSING, above_zero: bool = False) -> Decimal:
        value = self.take(name, default)
        if isinstance(value, Decimal):
            return value
        number = parse(value) if isinstance(value, str) else None
        if number is None or number < ZERO or (above_zero and number == ZERO):
            wanted = "above zero" if above_zero else "of zero or more"
            raise self.error(f'must be a plain decimal number {wanted}, written as a string like "12.5"', name)
        return number

    def time(self, name: str, now: int, default: object = _MISSING) -> int:
        """A time in milliseconds since 1970, or relative to now, such as -3d, +20h or -5m."""
        value = self.take(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 <= value <= _LAST_MS:
                raise self.error("must be a time from 1970 to 9999", name)
            return value
        match = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.error('must be a time in milliseconds, or relative such as "-3d", "+20h" or "-5m"', name)
        distance = int(match[2]) * _UNITS_MS[match[3]]
        return now - distance if match[1] == "-" else now + distance

    def optional_time(self, name: str, now: int) -> int | None:
        """The same, or None for null."""
        value = self.take(name)
        if value is None:
            return None
        self._rest[name] = value
        return self.time(name, now)

    def strings(self, name: str, default: object = _MISSING) -> list[str]:
        value = self.take(name, default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error("must be a list of strings", name)
        return list(value)

    def nested(self, name: str, default: object = _MISSING) -> Fields:
        return Fields(f"{self.place}.{name}" if self.place else name, self.take(name, default))

    def nested_list(self, name: str, read: Callable[[Fields], object], default: object = _MISSING) -> list:
        value = self.take(name, default)
        if not isinstance(value, list):
            raise self.error("must be a list", name)
        prefix = f"{self.place}.{name}" if self.place else name
        return [read(Fields(f"{prefix}[{number}]", item)) for number, item in enumerate(value)]

    def amounts(self, name: str, default: object = _MISSING, above_zero: bool = False) -> dict[str, Decimal]:
        fields = self.nested(name, default)
        return {coin: fields.amount(coin, above_zero=above_zero) for coin in fields.names()}

    def reject_unknown(self) -> None:
        """Refuse fields that nothing has read: a misspelled field must not be ignored."""
        if self._rest:
            raise self.error(f"has an unknown field {sorted(self._rest)[0]!r}")
