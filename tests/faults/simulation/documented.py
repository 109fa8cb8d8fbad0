# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exchange's calls according to its documentation: the fields of each answer, and how each can change."""

from __future__ import annotations

import functools
import json
import re
import typing as t

from .standin import ROOT

_FOLDER = ROOT / "tests" / "documented"
_PLACEHOLDERS = {"array": [], "object": {}, "boolean": True, "integer": 1, "long": 1}
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Call(t.NamedTuple):
    """:ivar fields: An example of each field of the answer, by its path from the top of the document; a list stands for its rows."""

    method: str
    path: str
    fields: dict[str, t.Any]


@functools.cache
def calls() -> dict[str, Call]:
    """Return all calls by path."""
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(_FOLDER.glob("*.json"))]
    made = [Call(one["method"], one["path"], _fields(one)) for one in documents]
    assert made, f"{_FOLDER} holds no call"
    return {call.path: call for call in made}


def ways(example: object) -> list[str]:
    """Return how a field of this kind can change, without changes that have no effect on it."""
    found = ["absent", "null", "empty", "type", "doubled"]
    is_number = isinstance(example, (int, float)) and not isinstance(example, bool)
    if is_number or (isinstance(example, str) and _DECIMAL.fullmatch(example)):
        found.append("unit")
    if is_number or isinstance(example, str):
        found.append("unknown")
    if isinstance(example, list):
        found.append("reordered")
    if isinstance(example, (list, dict)):
        found.append("extra")
    return found


def _fields(document: dict[str, t.Any]) -> dict[str, t.Any]:
    """Merge the fields of the table and the example, since each lacks some of the other's."""
    found: dict[str, t.Any] = {}
    way: list[str] = []
    for row in document["response"]:
        way = [*way[: row["depth"]], row["name"]]
        found[".".join(["result", *way])] = _PLACEHOLDERS.get(row["type"].lower(), "")
    found.update(_of_example("", document["example"]))
    return dict(sorted(found.items()))


def _of_example(path: str, value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    if path:
        yield path, value
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, dict):
            for name, inner in row.items():
                yield from _of_example(f"{path}.{name}".lstrip("."), inner)
