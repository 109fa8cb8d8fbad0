# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages contain what the suite reads from them, so that no law stops working when a message is reworded."""

from __future__ import annotations

import ast
import types
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._engine import messages
from ansible_collections.treasury.bybit.plugins.module_utils._goal import MOVES
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal as EngineGoal
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import HistoryEntry
from cases import GOAL
from simulation.goals import Plan
from simulation.runs import Run
from simulation.standin import ROOT

READERS = [ROOT / "tests" / "faults" / "simulation" / name for name in ("runs.py", "reports.py")]
# The part of a phrase that varies between messages.
_VARIABLE = "RuntimeError"


def _texts(file: Path) -> list[str]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _phrases_read() -> list[str]:
    """Return the phrases that the suite looks for in messages."""
    found = []
    for node in (node for file in READERS for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))):
        text = node.left if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In) else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value.count(" ") > 1:
            found.append(text.value)
    return found


def test_every_message_that_the_suite_reads_exists() -> None:
    said = [text for file in (ROOT / "plugins" / "module_utils").rglob("*.py") for text in _texts(file)]
    phrases = _phrases_read()
    assert len(phrases) == 5
    for phrase in phrases:
        constant = phrase.partition(_VARIABLE)[0]
        assert any(constant in text for text in said), f"no message says '{constant}' any more: adapt its reader"


@pytest.mark.parametrize("move", MOVES)
def test_the_warning_about_an_entry_that_appeared_at_the_gate_is_read(move: str) -> None:
    # The message needs no other fields of an intent.
    intent: t.Any = types.SimpleNamespace(goal=EngineGoal(move=move), coin="USDT")
    warning = messages.came_between(HistoryEntry("1768", Decimal(100), "success", True, 0), intent)
    assert Run(0, Plan(GOAL), 0, result={"warnings": ["something else about repayment 1767", warning]}).came_between == {"1768"}
