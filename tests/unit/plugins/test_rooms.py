# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of the code: which folder may import which."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
ROOMS = PLUGINS / "module_utils"
SANDBOX = PLUGINS.parent / "roles" / "sandbox" / "files"

# From top to bottom: a file may import only from its own folder and from those below.
FLOORS = ("_module", "_options", "_policy", "_info", "_engine", "_reconcile", "_operations", "_journal", "_loans", "_api", "leaves")
# Files without a folder. Each may import only those before it.
LEAVES = ("_outcomes", "_redaction", "_amounts", "_times", "_clock", "_goal", "_words", "_processes")
# Pure functions only.
PURE = (
    "_outcomes", "_redaction", "_amounts", "_times", "_goal", "_words",
    "_api/return_codes", "_api/errors", "_api/hosts", "_api/response", "_api/rate_limit", "_api/prepared",
    "_loans/wallet", "_loans/position", "_loans/loan", "_loans/history", "_loans/tiers", "_loans/prices", "_loans/outlook",
    "_loans/subject", "_loans/pledging",
    "_operations/terms", "_operations/decision", "_operations/limits", "_operations/progress",
    "_operations/repayment_plan", "_operations/collateral_plan", "_operations/transfer_plan",
    "_journal/target", "_journal/intent", "_journal/entries", "_journal/database", "_journal/records", "_journal/failures",
    "_journal/guard",
    "_reconcile/evidence", "_reconcile/money", "_reconcile/judge",
    "_engine/freshness", "_engine/steps", "_engine/diff", "_engine/report", "_engine/messages",
    "_info/forecast", "_options/values", "_options/policy", "_options/policy_rules", "_options/policy_values",
    "_policy/rules", "_policy/book", "_policy/money", "_policy/plan", "_policy/draft", "_policy/ltv", "_policy/planner",
    "_policy/scope", "_policy/wording", "_policy/table", "_policy/canonical", "_policy/document", "_policy/staleness",
    "_policy/request", "_policy/moved",
)
WORLD = {"os", "io", "socket", "time", "random", "subprocess", "requests", "urllib3", "pathlib", "shutil", "fcntl", "sqlite3", "psycopg"}


def imports_of(file: Path) -> set[str]:
    """Return the full names of a file's imports anywhere in it, with one dot for each step upward."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {'.' * node.level + '.'.join(filter(None, [node.module, a.name])) for a in node.names}
    return names


def files_of(floor: str) -> list[str]:
    """Return the names of a layer's files, such as C(_api/client)."""
    found = ROOMS.glob("*.py") if floor == "leaves" else (ROOMS / floor).rglob("*.py")
    return sorted(str(file.relative_to(ROOMS).with_suffix("")) for file in found)


FILES = [name for floor in FLOORS for name in files_of(floor)]


def imported(name: str) -> set[str]:
    """Return the full names of a file's imports, with relative ones as paths below module_utils: C(_api/client)."""
    folder, found = Path(name).parent.parts, set()
    for full in imports_of(ROOMS / f"{name}.py"):
        level = len(full) - len(full.lstrip("."))
        if level:
            base = "/".join([*folder[: len(folder) - level + 1], *full[level:].split(".")])
            full = next(path for path in (base, base.rpartition("/")[0]) if path in FILES)
        found.add(full)
    return found


def rooms_imported(name: str) -> set[str]:
    return imported(name) & set(FILES)


def floor_of(name: str) -> str:
    return name.partition("/")[0] if "/" in name else "leaves"


def called(name: str) -> set[str]:
    """Return the names of the methods that a file calls."""
    tree = ast.parse((ROOMS / f"{name}.py").read_text())
    return {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Return the files of one circular import, with the first one repeated at the end, or none if there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_every_file_has_its_layer() -> None:
    assert {str(file.relative_to(ROOMS).with_suffix("")) for file in ROOMS.rglob("*.py")} == set(FILES)
    assert files_of("leaves") == sorted(LEAVES)
    assert set(PURE) <= set(FILES)
    # Ansible finds folders without __init__.py, and ansible-test treats each one as importable code.
    assert list(ROOMS.rglob("__init__.py")) == []


def test_contributors_are_shown_every_folder() -> None:
    shown = (PLUGINS.parent / "CONTRIBUTING.md").read_text()
    assert [name for name in (*FLOORS[:-1], *LEAVES) if f"`{name}/`" not in shown and f"`{name}`" not in shown] == []


@pytest.mark.parametrize("name", FILES)
def test_imports_are_relative_and_point_downwards(name: str) -> None:
    assert not any(full.startswith("ansible_collections.treasury") for full in imported(name))
    below = FLOORS[FLOORS.index(floor_of(name)):]
    assert {floor_of(other) for other in rooms_imported(name)} <= set(below)
    if name in LEAVES:
        assert rooms_imported(name) <= set(LEAVES[: LEAVES.index(name)])


@pytest.mark.parametrize("floor", FLOORS)
def test_no_layer_has_circular_imports(floor: str) -> None:
    assert circle_in({name: rooms_imported(name) for name in files_of(floor)}) == []


@pytest.mark.parametrize("name", PURE)
def test_pure_folders_have_no_side_effects(name: str) -> None:
    assert {full.partition(".")[0] for full in imported(name)} & WORLD == set()
    assert rooms_imported(name) <= set(PURE)


def test_only_one_file_uses_http() -> None:
    speaking = [name for name in FILES if {n.partition(".")[0] for n in imported(name)} & {"requests", "urllib3"}]
    assert speaking == ["_api/transport"]


@pytest.mark.parametrize(("library", "file"), [("sqlite3", "_journal/sqlite"), ("psycopg", "_journal/postgresql")])
def test_only_one_file_uses_each_database(library: str, file: str) -> None:
    assert [name for name in FILES if library in {n.partition(".")[0] for n in imported(name)}] == [file]


def test_only_schema_store_and_positions_write_to_the_journal() -> None:
    """Every write of the store depends on the epoch, which a write elsewhere would bypass. No run relies on positions."""
    databases = {"_journal/database", "_journal/sqlite", "_journal/postgresql", "_journal/shared"}
    knowing = {name for name in FILES if rooms_imported(name) & databases} - databases
    assert knowing == {
        "_journal/schema", "_journal/records", "_journal/failures", "_journal/store", "_journal/trail", "_journal/moved", "_journal/positions",
        "_info/journal", "_options/journal", "_module/journal", "_module/operation", "_journal/account", "_journal/guard", "_module/policy",
    }
    writing = {"run", "change", "queue", "begin", "commit"}
    assert {name for name in knowing if called(name) & writing} == {"_journal/schema", "_journal/store", "_journal/positions"}
    assert re.findall(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", (ROOMS / "_journal/positions.py").read_text()) == ["bybit_positions"]


def test_only_one_file_reads_the_clock() -> None:
    assert [name for name in FILES if "time" in imported(name)] == ["_clock"]


def test_only_one_file_moves_money() -> None:
    assert [name for name in FILES if "post" in called(name)] == ["_engine/pay"]


def test_queries_cannot_move_money() -> None:
    found, new = set(), {"_module/info", "_options/info", *files_of("_info")}
    while new:
        found |= new
        new = set().union(*map(rooms_imported, new)) - found
    assert {floor_of(name) for name in found} & {"_engine", "_operations"} == set()
    assert [name for name in found if "post" in called(name)] == []
    # Reading the journal is a query, too. Only the engine writes to it.
    asking = {"_journal/trail", *files_of("_info")}
    assert [name for name in asking if called(name) & {"acquire", "write", "note", "change", "commit", "prepare"}] == []


def imported_by_the_stand_in(file: Path) -> set[str]:
    """Return the full names of a stand-in file's imports, its own ones from C(bybit_sandbox) on."""
    folder, found = file.relative_to(SANDBOX).parent.parts, set()
    for full in imports_of(file):
        level = len(full) - len(full.lstrip("."))
        found.add(".".join([*folder[: len(folder) - level + 1], full[level:]]) if level else full)
    return found


def test_the_stand_in_exchange_and_the_collection_do_not_import_each_other() -> None:
    files = list(SANDBOX.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        foreign = {name for name in imported_by_the_stand_in(file) if name.startswith(("ansible", "requests", "pybit"))}
        assert foreign == set(), file
    for file in PLUGINS.rglob("*.py"):
        assert not any("sandbox" in name for name in imports_of(file)), file


def test_the_stand_in_exchange_has_no_circular_imports() -> None:
    files = {".".join(f.relative_to(SANDBOX).with_suffix("").parts): f for f in (SANDBOX / "bybit_sandbox").rglob("*.py")}
    imports = {}
    for name, file in files.items():
        own = {full for full in imported_by_the_stand_in(file) if full.startswith("bybit_sandbox")}
        # A name that is no file belongs to the file or package that it is imported from.
        above = {full: full.rpartition(".")[0] for full in own}
        imports[name] = {next(path for path in (full, above[full], f"{above[full]}.__init__") if path in files) for full in own}
    assert len(imports["bybit_sandbox.exchange"]) > 10
    assert circle_in(imports) == []


def test_modules_decide_nothing() -> None:
    for file in (PLUGINS / "modules").glob("*.py"):
        functions = [n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.FunctionDef)]
        assert [function.name for function in functions] == ["run", "main"]
        assert not any(isinstance(n, (ast.If, ast.For, ast.While, ast.Try)) for function in functions for n in ast.walk(function))
