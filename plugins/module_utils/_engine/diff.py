# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures before and after a run, one short line each, in columns.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t

# The only figure without a coin.
_LTV = "LTV"
_Figures = t.Mapping[str, t.Optional[str]]


def before_and_after(before: _Figures, after: _Figures, coin: str) -> tuple[str, str]:
    """Return both sides as lines for C(--diff), with the numbers aligned; empty if nothing is known.

    :param before: Decimal numbers by the word that precedes each; any may be missing or none.
    :param coin: The coin of all amounts; C(LTV) has none.
    """
    names = list(dict.fromkeys([*before, *after]))
    columns = {name: aligned([side.get(name) for side in (before, after)]) for name in names}
    lines = []
    for number, side in enumerate((before, after)):
        parts = [f"{name} {columns[name][number]}{'' if name == _LTV else f' {coin}'}" for name in names if side.get(name) is not None]
        lines.append("  ".join(parts).rstrip() + "\n" if parts else "")
    return lines[0], lines[1]


def aligned(numbers: list[str | None]) -> list[str]:
    """Pad decimal numbers, or nothing, to the same width, with their points in one column."""
    parts = [(number or "").partition(".") for number in numbers]
    whole_width = max(len(whole) for whole, dummy, dummy2 in parts)
    fraction_width = max(len(point + fraction) for dummy, point, fraction in parts)
    return [whole.rjust(whole_width) + (point + fraction).ljust(fraction_width) for whole, point, fraction in parts]
