# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role are the same in its argument specification, its defaults, and its README."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles" / "sandbox"
SPECS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
TABLE = dict(re.findall(r"^\| `(sandbox_\w+)` \| (.*?) \|", (ROLE / "README.md").read_text(), re.MULTILINE))
TYPES = {"str": str, "int": int, "bool": bool}


def shown(value: t.Any) -> str:
    """Write a default as the README does."""
    if value == "":
        return "empty"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def test_every_entry_point_has_its_tasks() -> None:
    assert set(SPECS) == {file.stem for file in (ROLE / "tasks").glob("*.yml")}


@pytest.mark.parametrize("entry_point", ["main", "start"])
def test_defaults_are_those_of_the_specification(entry_point: str) -> None:
    assert {name: option["default"] for name, option in SPECS[entry_point]["options"].items()} == DEFAULTS


def test_the_variables_for_stopping_are_among_those_for_starting() -> None:
    assert SPECS["stop"]["options"].items() <= SPECS["start"]["options"].items()


def test_defaults_have_the_specified_type() -> None:
    for name, option in SPECS["start"]["options"].items():
        assert isinstance(DEFAULTS[name], TYPES[option["type"]]), name


def test_the_readme_has_every_variable_with_its_default() -> None:
    assert TABLE == {name: shown(value) for name, value in DEFAULTS.items()}


def test_the_tasks_use_exactly_the_variables() -> None:
    tasks = "".join(file.read_text() for file in (ROLE / "tasks").glob("*.yml"))
    used = set(re.findall(r"\bsandbox_\w+", tasks))
    made_by_themselves = {"sandbox_url", "sandbox_ca_path"}
    assert used - made_by_themselves - {"sandbox_started", "sandbox_stopped"} == set(DEFAULTS)
