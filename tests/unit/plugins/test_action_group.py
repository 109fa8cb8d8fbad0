# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All modules are members of the action group, by their own word too, and all run by way of the action plugin."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
MODULES = sorted(file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py") if file.stem != "__init__")
RUNTIME = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())
GROUP = "bybit"


def documentation(name: str) -> dict:
    """Read what a plugin says of itself, without running it."""
    for node in ast.walk(ast.parse((CHECKOUT / "plugins" / f"{name}.py").read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            assert isinstance(node.value, ast.Constant)
            return yaml.safe_load(node.value.value)
    raise AssertionError(f"{name} has no DOCUMENTATION")


def test_there_are_modules() -> None:
    assert len(MODULES) >= 5


def test_the_group_has_every_module_and_nothing_else() -> None:
    assert RUNTIME["action_groups"] == {GROUP: MODULES}


def test_every_module_runs_by_way_of_the_action_plugin() -> None:
    assert RUNTIME["plugin_routing"]["modules"] == {name: {"action_plugin": "treasury.bybit.bybit"} for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_that_it_is_a_member(name: str) -> None:
    assert "treasury.bybit.attributes" in documentation(f"modules/{name}")["extends_documentation_fragment"]
    attribute = documentation("doc_fragments/attributes")["attributes"]["action_group"]
    assert (attribute["support"], attribute["membership"]) == ("full", [f"treasury.bybit.{GROUP}"])
