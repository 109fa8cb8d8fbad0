# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the code blocks and commands of the guides."""

from __future__ import annotations

import re
import shlex
import textwrap
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
RST = CHECKOUT / "docs" / "docsite" / "rst"
GUIDES = sorted(RST.glob("*.rst"))
FRONT_PAGE = CHECKOUT / "tools" / "docs" / "index.rst"
_BLOCK = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n\n(?P<text>(?:(?P=indent)   .*\n|\n)+)", re.MULTILINE)


class Block(t.NamedTuple):
    guide: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.guide}-{self.number}"


def blocks_of(guide: Path) -> list[Block]:
    """Return the code blocks of a guide in order."""
    return [
        Block(guide.stem, number, found["language"], textwrap.dedent(found["text"]))
        for number, found in enumerate(_BLOCK.finditer(guide.read_text(encoding="utf-8")), start=1)
    ]


def blocks(language: str) -> list[Block]:
    """Return the code blocks of all guides in one language."""
    return [block for guide in GUIDES for block in blocks_of(guide) if block.language == language]


def commands() -> list[tuple[str, list[str]]]:
    """Return the guide and the words of every command that the guides tell readers to run."""
    found = []
    for block in blocks("sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.strip():
                found.append((block.guide, shlex.split(line)))
    return found
