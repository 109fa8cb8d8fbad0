# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replaces named parts of the collection before anything imports them.

The runner puts this package's C(sitecustomize) on the path of every Python process that it starts. Whatever such a process imports from
the collection has the replacements of the removal that the environment names; an unknown name ends the process.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import inspect
import os
import sys
import traceback
import types
import typing as t

PACKAGE = "ansible_collections.treasury.bybit.plugins.module_utils."
# The environment variable that names the active removal.
VARIABLE = "FAULT_REMOVAL"
_FAILED = 70
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class NameMissing(LookupError):
    """The part to replace does not exist."""


class Replacement(t.NamedTuple):
    """One named part and its replacement.

    :ivar name: Module and name below C(plugins/module_utils), such as C(_journal.store:Store.load).
    :ivar make: Makes the replacement from the original.
    """

    name: str
    make: t.Callable[[t.Any], t.Any]

    @property
    def module(self) -> str:
        return PACKAGE + self.name.partition(":")[0]

    def apply(self, module: types.ModuleType) -> None:
        owner, attribute, original = find(self.name, module)
        setattr(owner, attribute, self.make(original))


class Removal(t.NamedTuple):
    """One safeguard that can be removed.

    :ivar removed: Its name, for people and for the environment variable.
    :ivar tests: The tests that find the removal; by default, the fault suite.
    """

    removed: str
    replacements: tuple[Replacement, ...]
    tests: tuple[str, ...] = ()


def instead(name: str, stand_in: t.Any) -> Replacement:
    """Replace a function, method, or constant with one that does not need the original."""
    return Replacement(name, lambda original: stand_in)


def around(name: str, make: t.Callable[[t.Any], t.Any]) -> Replacement:
    """Replace a function, method, or constant with one that is made from the original."""
    return Replacement(name, make)


def find(name: str, module: types.ModuleType) -> tuple[t.Any, str, t.Any]:
    """Return the module or class that defines a name, the last part of the name, and its value.

    :raises NameMissing: If the name is not defined there; inherited names do not count.
    """
    *classes, attribute = name.partition(":")[2].split(".")
    owner: t.Any = module
    for part in classes:
        owner = vars(owner).get(part)
    if not isinstance(owner, (types.ModuleType, type)) or attribute not in vars(owner):
        raise NameMissing(f"{name} does not exist: name what has taken its place in tests/faults/removals")
    return owner, attribute, vars(owner)[attribute]


def original_of(name: str) -> t.Any:
    """Import and return the value of a name."""
    return find(name, importlib.import_module(PACKAGE + name.partition(":")[0]))[2]


def mismatch(original: t.Any, replacement: t.Any) -> str:
    """Return why a replacement does not fit the original; empty if it fits."""
    if isinstance(original, property) or not callable(original):
        fits = isinstance(replacement, type(original))
        return "" if fits else f"{type(replacement).__name__} instead of {type(original).__name__}"
    if not callable(replacement):
        return "it cannot be called"
    wanted, given = (inspect.signature(one).parameters for one in (original, replacement))
    if list(wanted) == list(given) or all(parameter.kind in _VARIADIC for parameter in given.values()):
        return ""
    return f"parameters {', '.join(given)} instead of {', '.join(wanted)}"


def install(removal: Removal) -> None:
    """Apply the replacements as soon as their modules are imported.

    :raises RuntimeError: If one of the modules is already imported, so that others may hold the original.
    """
    early = [one.module for one in removal.replacements if one.module in sys.modules]
    if early:
        raise RuntimeError(f"{early[0]} was imported before something of it could be replaced")
    sys.meta_path.insert(0, _Finder(removal.replacements))


def install_from_environment(removals: t.Sequence[Removal]) -> None:
    """Install the removal that the environment names, if any; end the process if that fails."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return
    try:
        [removal] = [one for one in removals if one.removed == chosen]
        install(removal)
    except BaseException:
        # Python would continue after an error in a sitecustomize.
        traceback.print_exc()
        os._exit(_FAILED)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds, through the other finders, the modules that have something to replace."""

    def __init__(self, replacements: tuple[Replacement, ...]) -> None:
        self._replacements = replacements

    def find_spec(
        self, fullname: str, path: t.Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        chosen = [one for one in self._replacements if one.module == fullname]
        if not chosen:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(fullname, path, target) if finder is not self else None
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, chosen)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """Loads a module through another loader, and applies the replacements before anything can import them."""

    def __init__(self, loader: importlib.abc.Loader, replacements: list[Replacement]) -> None:
        self._loader, self._replacements = loader, replacements

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        try:
            for one in self._replacements:
                one.apply(module)
        except BaseException:
            # End the process, because a test that expects an error must not mistake this error for it.
            traceback.print_exc()
            os._exit(_FAILED)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._loader, name)
