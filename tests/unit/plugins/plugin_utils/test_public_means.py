# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code in Ansible's process uses only public interfaces: it sets, captures, and searches nothing of Ansible."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
FILES = [file for folder in ("action", "callback", "plugin_utils", "module_utils", "modules") for file in (PLUGINS / folder).rglob("*.py")]
# Frames, captured outputs, and patched objects.
FORBIDDEN = {
    "tb_frame", "tb_next", "f_locals", "f_back", "_getframe", "currentframe", "redirect_stdout", "redirect_stderr", "setattr", "patch",
    "_ANSIBLE_ARGS", "_ANSIBLE_PROFILE", "_PARSED_MODULE_ARGS", "_parse_returned_data", "_global_warnings", "_global_deprecations",
}
PLANTED = (
    "from ansible.module_utils._internal import _traceback", "import ansible._internal._task", "from ansible.module_utils import _internal",
    "from ansible.module_utils import basic\nbasic._ANSIBLE_ARGS = b''", "from ansible import constants as C\nC.DEFAULT_DEBUG = True",
    "import ansible.constants\nansible.constants.DEFAULT_DEBUG = True", "try: f()\nexcept OSError as e: e.__traceback__.tb_frame.f_locals",
    "import sys\nsys.stdout = None", "from ansible.utils.display import Display\nDisplay().verbosity = 3",
)


def trespasses(tree: ast.AST) -> t.Iterator[str]:
    """Return what a file does to Ansible that only Ansible itself may do."""
    names = {"sys": "sys"}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            for alias in node.names:
                full = f"{module}.{alias.name}" if module else alias.name
                if full.startswith("ansible.") and "._" in full:
                    yield full
                names[(alias.asname or alias.name).partition(".")[0]] = full
    for node in ast.walk(tree):
        word = getattr(node, "attr", None) or getattr(node, "id", None)
        if word in FORBIDDEN:
            yield word
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            owner = ast.unparse(node.value)
            if names.get(owner.partition(".")[0].partition("(")[0], "").partition(".")[0] in ("ansible", "sys"):
                yield f"{owner}.{node.attr} is set"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PLUGINS)))
def test_nothing_of_ansible_is_set_captured_or_searched(file: Path) -> None:
    assert list(trespasses(ast.parse(file.read_text(encoding="utf-8")))) == []


def test_all_files_are_examined() -> None:
    assert len(FILES) > 60


@pytest.mark.parametrize("code", PLANTED)
def test_a_trespass_is_found(code: str) -> None:
    assert list(trespasses(ast.parse(code))) != []
