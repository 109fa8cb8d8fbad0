# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folds a line of text for a terminal, which would break it in the middle of a word.

This plugin util is private to the collection.
"""

from __future__ import annotations

import os
import re
import typing as t

_MIN_WIDTH = 40
_INDENT = "  "
_BETWEEN_SENTENCES = re.compile(r"(?<=[.:]) (?=[A-Z])")
# Not divided: an ID with its label, figures before and after, a time, an amount with its coin or percent sign.
_TOGETHER = r"\([^() ]+ [^() ]+\)|[^ ]+(?: %)? → [^ ]+(?: %)?|[0-9-]{10} [0-9:]{8} UTC|[0-9.]+ (?:[A-Z][A-Z0-9]+\b|%)"
_WORD = re.compile(f" *(?:(?:{_TOGETHER})[^ ]*|[^ ]+)")


def width_of(stream: t.Any) -> int | None:
    """Return the number of columns of a terminal; none if the stream is not a terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, OSError, ValueError):
        return None


def folded(text: str, width: int | None) -> str:
    """Return a text in lines of at most this width, divided between sentences if possible, or else between words."""
    if width is None or width < _MIN_WIDTH:
        return text
    lines = [""]
    for sentence in _BETWEEN_SENTENCES.split(text):
        if lines[-1]:
            if len(lines[-1]) + 1 + len(sentence) > width >= len(_INDENT) + len(sentence):
                lines.append("")
            else:
                sentence = f" {sentence}"
        for word in _words_of(sentence, width):
            if lines[-1] and len(lines[-1]) + len(word) > width:
                lines.append("")
            lines[-1] += word if lines[-1] or len(lines) == 1 else _INDENT + word.lstrip()
    return "\n".join(lines)


def _words_of(sentence: str, width: int) -> t.Iterator[str]:
    for found in _WORD.findall(sentence):
        if len(_INDENT) + len(found.strip()) <= width:
            yield found
        else:
            yield from re.findall(" *[^ ]+", found)
