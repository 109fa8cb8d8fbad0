# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the house: which room may know which."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
ROOMS = PLUGINS / "module_utils"
SANDBOX = PLUGINS.parent / "roles" / "sandbox" / "files"
PACKAGE = "ansible_collections.treasury.bybit.plugins.module_utils"

# From the ground up: a room may import only from the rooms named before it.
FLOORS = (
    "_outcomes",
    "_return_codes",
    "_errors",
    "_redaction",
    "_amounts",
    "_times",
    "_clock",
    "_signing",
    "_deadline",
    "_hosts",
    "_http",
    "_verdict",
    "_pace",
    "_wallet",
    "_line",
    "_calls",
    "_client",
    "_side_by_side",
    "_position",
    "_loan",
    "_record",
    "_rows",
    "_coins",
    "_account",
    "_legacy",
    "_flexible",
    "_fixed",
    "_traits",
    "_subject",
    "_subjects",
    "_intent",
    "_evidence",
    "_progress",
    "_plan",
    "_diff",
    "_result",
    "_messages",
    "_listeners",
    "_files",
    "_state",
    "_memory",
    "_manner",
    "_settle",
    "_resolve",
    "_api_key",
    "_preparation",
    "_turned_away",
    "_earlier",
    "_repayment",
    "_option_values",
    "_connection",
    "_frame",
    "_repay_options",
    "_subject_options",
    "_module",
    "_availability",
    "_answer",
    "_loan_question",
    "_repayment_question",
    "_query_options",
    "_loan_survey",
    "_repayment_survey",
    "_query",
)
PURE = (
    "_outcomes",
    "_return_codes",
    "_errors",
    "_amounts",
    "_times",
    "_hosts",
    "_redaction",
    "_verdict",
    "_pace",
    "_wallet",
    "_position",
    "_loan",
    "_record",
    "_traits",
    "_intent",
    "_evidence",
    "_progress",
    "_plan",
    "_diff",
    "_result",
    "_messages",
    "_manner",
    "_option_values",
    "_availability",
    "_answer",
    "_loan_question",
    "_repayment_question",
    "_query_options",
)
WORLD = {"os", "io", "socket", "time", "random", "subprocess", "requests", "urllib3", "pathlib", "shutil", "fcntl"}


def imports_of(file: Path) -> set[str]:
    """Return the full names of what a file imports, anywhere in it; one dot before a name for each step upwards."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {'.' * node.level + '.'.join(filter(None, [node.module, a.name])) for a in node.names}
    return names


def imported(room: str) -> set[str]:
    return imports_of(ROOMS / f"{room}.py")


def rooms_imported(room: str) -> set[str]:
    return {name.removeprefix(PACKAGE + ".").partition(".")[0] for name in imported(room) if name.startswith(PACKAGE)}


def called(room: str) -> set[str]:
    """Return the names of the methods that a file calls."""
    tree = ast.parse((ROOMS / f"{room}.py").read_text())
    return {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Return the files of one circle of imports, the first of them also at the end; none if there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_every_room_has_its_floor() -> None:
    assert {file.stem for file in ROOMS.glob("*.py")} == set(FLOORS)


def test_contributors_are_shown_every_room() -> None:
    shown = (PLUGINS.parent / "CONTRIBUTING.md").read_text()
    assert [room for room in FLOORS if f"`{room}`" not in shown and f"`module_utils/{room}`" not in shown] == []


@pytest.mark.parametrize("room", FLOORS)
def test_imports_point_downwards(room: str) -> None:
    assert rooms_imported(room) <= set(FLOORS[: FLOORS.index(room)])


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_do_not_touch_the_world(room: str) -> None:
    assert {name.partition(".")[0] for name in imported(room)} & WORLD == set()
    assert rooms_imported(room) <= set(PURE)


def test_one_room_speaks_http() -> None:
    speaking = [room for room in FLOORS if {n.partition(".")[0] for n in imported(room)} & {"requests", "urllib3"}]
    assert speaking == ["_http"]


def test_one_room_has_the_time() -> None:
    assert [room for room in FLOORS if "time" in {n.partition(".")[0] for n in imported(room)}] == ["_clock"]


def test_money_moves_from_one_room() -> None:
    assert [room for room in FLOORS if "post_once" in called(room)] == ["_subjects"]
    assert [room for room in FLOORS if "repay" in called(room)] == ["_repayment"]


def test_queries_cannot_move_money() -> None:
    found, new = set(), {"_query", "_query_options", "_loan_survey", "_repayment_survey"}
    while new:
        found |= new
        new = set().union(*map(rooms_imported, new)) - found
    assert found & {"_subjects", "_repayment", "_state", "_memory"} == set()
    assert [room for room in found if "post_once" in called(room)] == []


def test_the_stand_in_exchange_and_the_collection_know_nothing_of_each_other() -> None:
    files = list(SANDBOX.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        foreign = {name for name in imports_of(file) if name.startswith(("ansible", "..", "requests", "pybit"))}
        assert foreign == set(), file
    for file in PLUGINS.rglob("*.py"):
        assert not any("sandbox" in name for name in imports_of(file)), file


def test_the_stand_in_exchange_has_no_circle_of_imports() -> None:
    files = {file.stem: imports_of(file) for file in (SANDBOX / "bybit_sandbox").glob("*.py")}
    imports = {}
    for file, names in files.items():
        own = {name.removeprefix("bybit_sandbox") for name in names if name.startswith((".", "bybit_sandbox"))}
        targets = {name.lstrip(".").partition(".")[0] for name in own}
        # A name that is no file is one of the package itself.
        imports[file] = {target if target in files else "__init__" for target in targets}
    assert len(imports["exchange"]) > 10
    assert circle_in(imports) == []


def test_modules_decide_nothing() -> None:
    for file in (PLUGINS / "modules").glob("*.py"):
        functions = [n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.FunctionDef)]
        assert [function.name for function in functions] == ["main"]
        assert not any(isinstance(n, (ast.If, ast.For, ast.While, ast.Try)) for n in ast.walk(functions[0]))
