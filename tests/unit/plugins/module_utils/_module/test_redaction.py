# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are replaced wherever a result can hold them, and nothing else changes."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._module.redaction import PART, WHOLE, redact


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("needle", WHOLE),
        ("a needle here", f"a {PART} here"),
        ("needles", WHOLE),
        ({"a": ["needle", {"b": ("x", "needle!")}]}, {"a": [WHOLE, {"b": ["x", f"{PART}!"]}]}),
        ({"needle": 1}, {"needle": 1}),
        (4711, WHOLE), (147110, WHOLE), (0.4711, WHOLE), (471, 471), (1.5, 1.5),
        (None, None), (True, True), (False, False), ("", ""), ([], []), ({}, {}),
    ],
    ids=str,
)
def test_secrets_are_replaced_everywhere(value: t.Any, shown: t.Any) -> None:
    found = redact(value, ["needle", "needles", "4711", ""])
    assert json.dumps(found) == json.dumps(shown)


def test_the_longest_secret_is_replaced_first() -> None:
    assert redact("seek needles now", ["needle", "needles"]) == f"seek {PART} now"
