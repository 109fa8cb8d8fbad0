# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that this process does once, so that no run that is forked from it has to repeat it."""

from __future__ import annotations

import ast
import gc
import importlib
import re
from pathlib import Path

MODULES = "ansible_collections.treasury.bybit.plugins.modules"
_CHECKOUT = Path(__file__).resolve().parents[2]
_UTILS = "ansible_collections.treasury.bybit.plugins.module_utils"
# Modules that a run imports only when it needs them; found by looking at what a run had added.
_LATER = (
    "_strptime", "ansible.module_utils._internal._json._profiles._module_legacy_c2m",
    "ansible.module_utils._internal._json._profiles._module_legacy_m2c", "ansible.module_utils.common.respawn",
    "ansible.module_utils.compat.selinux", "argparse", "charset_normalizer", "cryptography.hazmat.primitives.serialization",
    "encodings.idna", "encodings.utf_8", "http.cookies", "idna", "netrc", "requests", "shlex", "stringprep",
    "urllib3.util.ssl_match_hostname",
)


def warm_up() -> None:
    """Import everything that a run needs, and compile its regular expressions."""
    for folder in (MODULES, _UTILS):
        # pkgutil does not see folders that are not packages. Of several checkouts, the first one counts.
        path = Path(importlib.import_module(folder).__path__[0]).resolve()
        assert path.is_relative_to(_CHECKOUT), f"{path} is not of this checkout"
        files = sorted(path.rglob("*.py"))
        for name in [".".join((folder, *file.relative_to(path).with_suffix("").parts)) for file in files]:
            _import(name)
        for file in files:
            _compile_patterns(file)
    for name in _LATER:
        _import(name)
    freeze()


def freeze() -> None:
    """Exempt existing objects from garbage collection, which would otherwise copy them in every forked run."""
    gc.collect()
    gc.freeze()


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:
        # A run that needs this module imports it again, and reports what is wrong.
        pass


def _compile_patterns(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str() as pattern), *_]):
                re.compile(pattern)
