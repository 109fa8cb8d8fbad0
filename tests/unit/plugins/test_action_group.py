# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules are members of their action groups, document that, and run through the action plugin."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml
from ansible_collections.treasury.bybit.plugins.plugin_utils import _names

CHECKOUT = Path(__file__).resolve().parents[3]
MODULES = sorted(file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py") if file.stem != "__init__")
RUNTIME = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())
REPAY_MODULES = [name for name in MODULES if name.endswith("_repay")]
# Modules for one operation.
OPERATION_MODULES = sorted([*REPAY_MODULES, "bybit_funding_transfer", "bybit_loan_collateral"])
MOVING_MODULES = sorted([*OPERATION_MODULES, "bybit_loan_policy"])
# Modules that use the journal. One of them does not use the exchange.
JOURNAL_MODULES = sorted([*MOVING_MODULES, "bybit_journal_info"])
GROUPS = {
    "bybit": [name for name in MODULES if name != "bybit_journal_info"], "bybit_journal": JOURNAL_MODULES,
    "bybit_operation": OPERATION_MODULES, "bybit_repay": REPAY_MODULES,
}


def documentation(name: str, part: str = "DOCUMENTATION") -> dict:
    """Read a plugin's documentation without running it."""
    for node in ast.walk(ast.parse((CHECKOUT / "plugins" / f"{name}.py").read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == part:
            assert isinstance(node.value, ast.Constant)
            return yaml.safe_load(node.value.value)
    raise AssertionError(f"{name} has no {part}")


def test_modules_are_found() -> None:
    assert (len(MODULES), len(MOVING_MODULES), len(OPERATION_MODULES), len(REPAY_MODULES)) == (9, 6, 5, 3)


def test_the_groups_have_exactly_the_modules_that_belong_there() -> None:
    assert RUNTIME["action_groups"] == GROUPS


def test_the_plugins_know_every_module() -> None:
    assert sorted(_names.REPAY_MODULES) == sorted(REPAY_MODULES)
    assert sorted(_names.MOVING_MODULES) == MOVING_MODULES
    assert sorted((*_names.MOVING_MODULES, *_names.INFO_MODULES)) == sorted(MODULES)


def test_every_module_runs_through_the_action_plugin() -> None:
    assert RUNTIME["plugin_routing"]["modules"] == {name: {"action_plugin": "treasury.bybit.bybit"} for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_documents_its_groups(name: str) -> None:
    fragments = documentation(f"modules/{name}")["extends_documentation_fragment"]
    [part] = [one.rpartition(".")[2].upper() for one in fragments if one.startswith("treasury.bybit.attributes.")]
    attribute = documentation("doc_fragments/attributes", part)["attributes"]["action_group"]
    groups = [f"treasury.bybit.{group}" for group, members in GROUPS.items() if name in members]
    assert (attribute["support"], attribute["membership"]) == ("full", groups)
    assert all(f"C(group/{group})" in " ".join(attribute["description"]) for group in groups)
