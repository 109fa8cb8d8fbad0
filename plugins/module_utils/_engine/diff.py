# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debt and LTV before and after a repayment, one short line each, in columns.

Pure: no I/O. This module util is private to the collection.
"""

from __future__ import annotations

import typing as t


def before_and_after(before: dict[str, t.Any], after: dict[str, t.Any]) -> tuple[str, str]:
    """Return both sides as lines for C(--diff), each number under the other; empty where nothing is known.

    :param before: C(coin), C(debt) and C(ltv), of which any may be missing or none.
    """
    columns = [_aligned([side.get(name) for side in (before, after)]) for name in ("debt", "ltv")]
    lines = []
    for side, debt, ltv in zip((before, after), *columns):
        parts = [f"debt {debt} {side.get('coin')}", *([f"LTV {ltv}"] if side.get("ltv") is not None else [])]
        lines.append("  ".join(parts).rstrip() + "\n" if side else "")
    return lines[0], lines[1]


def _aligned(numbers: list[str | None]) -> list[str]:
    """Return decimal numbers as wide as each other, with their points in one column."""
    parts = [(number or "").partition(".") for number in numbers]
    whole_width = max(len(whole) for whole, dummy, dummy2 in parts)
    fraction_width = max(len(point + fraction) for dummy, point, fraction in parts)
    return [whole.rjust(whole_width) + (point + fraction).ljust(fraction_width) for whole, point, fraction in parts]
