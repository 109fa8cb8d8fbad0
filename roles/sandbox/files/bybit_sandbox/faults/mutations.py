# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutated answers: a field of the JSON is missing or empty, has another type or unit, or has an unknown value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ..amounts import parse, plain
from ..fields import Fields

ABSENT, NULL, EMPTY, TYPE, UNIT, UNKNOWN = "absent", "null", "empty", "type", "unit", "unknown"
DOUBLED, REORDERED, EXTRA = "doubled", "reordered", "extra"
CHANGES = (ABSENT, NULL, EMPTY, TYPE, UNIT, UNKNOWN, DOUBLED, REORDERED, EXTRA)
UNEXPECTED = {"a": [1]}
_PATH = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
# From 2001 to 2286, times in seconds have ten digits and times in milliseconds thirteen.
_SECONDS, _MILLISECONDS = re.compile(r"[1-9][0-9]{9}"), re.compile(r"[1-9][0-9]{12}")
_EXACT = re.compile(r'"\\u0000([-0-9.]+)\\u0000"')


@dataclass(frozen=True)
class Mutation:
    """How one field changes; field is the path from the top of the document."""

    field: str
    how: str

    def name(self) -> str:
        return f"{self.field}: {self.how}"


def read_mutation(fields: Fields) -> Mutation:
    mutation = Mutation(fields.string("field"), fields.string("how", choices=CHANGES))
    fields.reject_unknown()
    if not _PATH.fullmatch(mutation.field):
        raise fields.error('must be field names joined by dots, such as "result.list.repayAmount"', "field")
    return mutation


def mutated(body: bytes, mutations: tuple[Mutation, ...]) -> bytes:
    """The answer with these changes; a body that is not a JSON object is unchanged."""
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError:
        return body
    for mutation in mutations:
        *path, name = mutation.field.split(".")
        for holder in _holders(document, path):
            if name not in holder:
                continue
            if mutation.how == ABSENT:
                del holder[name]
            else:
                holder[name] = _CHANGES[mutation.how](holder[name])
    return _written(document)


def _holders(value: object, path: list[str]) -> Iterator[dict]:
    """The objects that this path leads to; a list on the path stands for each of its rows."""
    if isinstance(value, list):
        for row in value:
            yield from _holders(row, path)
    elif isinstance(value, dict):
        if not path:
            yield value
        elif path[0] in value:
            yield from _holders(value[path[0]], path[1:])


def _written(document: object) -> bytes:
    # JSON would write a Decimal as a float and round it, so each is marked and then replaced by its digits.
    text = json.dumps(document, separators=(",", ":"), default=lambda number: f"\0{plain(number)}\0")
    return _EXACT.sub(r"\1", text).encode()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _of_another_type(value: object) -> object:
    if isinstance(value, str):
        number = parse(value)
        if number is None:
            return {"value": value}
        return int(value) if value.lstrip("-").isdigit() else number
    if isinstance(value, list):
        return {str(place): row for place, row in enumerate(value)}
    if isinstance(value, dict):
        return list(value.values())
    if _is_number(value):
        return plain(Decimal(value))
    return json.dumps(value)


def _in_another_unit(value: object) -> object:
    text = plain(Decimal(value)) if _is_number(value) else value
    if not isinstance(text, str) or parse(text) is None:
        return value
    if _MILLISECONDS.fullmatch(text):
        changed = Decimal(int(text) // 1000)
    elif _SECONDS.fullmatch(text):
        changed = Decimal(text) * 1000
    else:
        changed = Decimal(text) * 100
    if isinstance(value, str):
        return plain(changed)
    return int(changed) if changed == int(changed) else changed


def _unknown(value: object) -> object:
    if isinstance(value, list):
        return [row if isinstance(row, dict) else _unknown(row) for row in value]
    if isinstance(value, str):
        return "99"
    return 99 if _is_number(value) else value


def _doubled(value: object) -> object:
    return [row for row in value for _time in range(2)] if isinstance(value, list) else [value, value]


def _reordered(value: object) -> object:
    return value[::-1] if isinstance(value, list) else value


def _with_more(value: object) -> object:
    if isinstance(value, dict):
        return {**value, "unexpected": UNEXPECTED}
    if isinstance(value, list):
        return [_with_more(row) for row in value]
    return value


_CHANGES: dict[str, Callable[[object], object]] = {
    NULL: lambda value: None, EMPTY: lambda value: "", TYPE: _of_another_type, UNIT: _in_another_unit,
    UNKNOWN: _unknown, DOUBLED: _doubled, REORDERED: _reordered, EXTRA: _with_more,
}
