# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented answers: the tables and examples in tests/documented, as one shape for each endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "documented"
# How the tables name the JSON types.
OF_TABLES = {
    "string": "string", "datetime": "string", "integer": "number", "long": "number", "boolean": "boolean",
    "array": "array", "Object": "object",
}


@dataclass
class Shape:
    """A JSON type, and the fields of an object, or of each object in an array."""

    kind: str
    fields: dict[str, Shape] = field(default_factory=dict)


@dataclass
class Page:
    """The documentation of one endpoint, and where its table and its example disagree."""

    name: str
    endpoint: str
    message: str
    answer: Shape
    disagreements: dict[str, tuple[str, str]]


def kind_of(value: object) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def pages() -> dict[str, Page]:
    """Every documented endpoint, by method and path."""
    read = [_page(path) for path in sorted(FOLDER.glob("*.json"))]
    return {page.endpoint: page for page in read}


def differences(value: object, shape: Shape, place: str) -> list[str]:
    """The differences between part of an answer and its documentation, in both directions; an empty list counts as a difference."""
    if kind_of(value) != shape.kind:
        return [f"{place} is {kind_of(value)}, not {shape.kind}"]
    if shape.kind == "array" and shape.fields:
        found = [text for row in value for text in differences(row, Shape("object", shape.fields), place)]
        return found or ([] if value else [f"{place} is empty"])
    if shape.kind != "object":
        return []
    lacking = [f"{place}.{name} is missing" for name in shape.fields if name not in value]
    added = [f"{place}.{name} is not documented" for name in value if name not in shape.fields]
    inner = [
        text for name, part in shape.fields.items() if name in value
        for text in differences(value[name], part, f"{place}.{name}")
    ]
    return [*lacking, *added, *inner]


def _page(path: Path) -> Page:
    document = json.loads(path.read_text(encoding="utf-8"))
    example, disagreements = document["example"], {}
    result = Shape("object", _of_table(document["response"]))
    _join(result, example["result"], "result", disagreements)
    others = {name: _of_example(part) for name, part in example.items() if name != "result"}
    return Page(
        document["page"], f"{document['method']} {document['path']}", example["retMsg"],
        Shape("object", {**others, "result": result}), disagreements,
    )


def _of_table(rows: list[dict]) -> dict[str, Shape]:
    """The fields of a table, in which the fields of an object follow it at a greater depth."""
    top: dict[str, Shape] = {}
    open_at = [top]
    for row in rows:
        depth = row["depth"]
        shape = Shape(OF_TABLES[row["type"]])
        open_at[depth].setdefault(row["name"], shape)
        open_at[depth + 1 :] = [open_at[depth][row["name"]].fields]
    return top


def _of_example(value: object) -> Shape:
    shape = Shape(kind_of(value))
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, dict):
            shape.fields.update({name: _of_example(part) for name, part in row.items()})
    return shape


def _join(shape: Shape, value: object, place: str, disagreements: dict[str, tuple[str, str]]) -> None:
    """Add the fields that only the example has; where both have a field, the example's type wins."""
    if kind_of(value) != shape.kind:
        disagreements[place] = (shape.kind, kind_of(value))
        shape.kind = kind_of(value)
    for row in value if isinstance(value, list) else [value]:
        if not isinstance(row, dict):
            continue
        for name, part in row.items():
            if name not in shape.fields:
                disagreements.setdefault(f"{place}.{name}", ("missing", kind_of(part)))
                shape.fields[name] = _of_example(part)
            else:
                _join(shape.fields[name], part, f"{place}.{name}", disagreements)
        for name in set(shape.fields) - set(row):
            disagreements.setdefault(f"{place}.{name}", (shape.fields[name].kind, "missing"))
