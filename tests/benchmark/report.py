# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of the comparisons, as Markdown or as reStructuredText for the guides."""

from __future__ import annotations

import re

FORMATS = ("md", "rst")
_CODE = re.compile(r"`([^`]+)`")


def render(markdown: str, form: str) -> str:
    """Return a Markdown report of paragraphs, lists, tables, code, and bold words in the requested form."""
    if form == "md":
        return markdown
    blocks = [block.splitlines() for block in markdown.split("\n\n")]
    return _CODE.sub(r"``\1``", "\n\n".join("\n".join(_table(b) if b[0].startswith("| ") else b) for b in blocks))


def _table(lines: list[str]) -> list[str]:
    head, _rule, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in lines)
    found = [".. list-table::", "   :header-rows: 1", "   :class: wide", ""]
    for row in [head, *rows]:
        found += [f"   {'  ' if number else '* '}- {cell}".rstrip() for number, cell in enumerate(row)]
    return found
