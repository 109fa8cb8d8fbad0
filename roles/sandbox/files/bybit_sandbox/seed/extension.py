# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A seed that extends the built-in one: it adds accounts and overrides values."""

from __future__ import annotations

from pathlib import Path

from ..fields import Fields, read_json

BUILT_IN, BUILT_IN_SEED = "built-in", Path(__file__).resolve().parent.parent / "seed.json"


def over_built_in(seed: Fields) -> tuple[Fields, list[dict]]:
    """Return the seed completed with the built-in values, and the built-in accounts; a seed that names no accounts gets an empty list.

    Values are merged by name within each group, such as prices and settings; a coin is replaced as a whole.
    """
    seed.string("extends", choices=(BUILT_IN,))
    merged = read_json(BUILT_IN_SEED, "The built-in seed")
    accounts = merged.pop("accounts")
    merged["accounts"] = []
    for name in seed.names():
        value = seed.take(name)
        mergeable = isinstance(merged.get(name), dict) and isinstance(value, dict)
        merged[name] = {**merged[name], **value} if mergeable else value
    return Fields("", merged), accounts
