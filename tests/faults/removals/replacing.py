# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing named things of the collection before anybody imports them.

The runner puts this package's C(sitecustomize) on the path of every Python process that it starts. What such a process imports of
the collection comes with the replacements of the removal that the environment names; an unknown name ends the process.
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
# Names the removal that is in force.
VARIABLE = "FAULT_REMOVAL"
_FAILED = 70
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class NameMissing(LookupError):
    """What is to be replaced is not there."""


class Replacement(t.NamedTuple):
    """One named thing, and what comes in its place.

    :ivar name: Module and name below C(plugins/module_utils): C(_journal.store:Store.load).
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
    """One safeguard that can be taken out.

    :ivar removed: What it is, for people, and the name by which the environment chooses it.
    :ivar tests: Which tests find it; the fault suite unless given.
    """

    removed: str
    replacements: tuple[Replacement, ...]
    tests: tuple[str, ...] = ()


def instead(name: str, stand_in: t.Any) -> Replacement:
    """Replace a function, method or constant by one that does not need the original."""
    return Replacement(name, lambda original: stand_in)


def around(name: str, make: t.Callable[[t.Any], t.Any]) -> Replacement:
    """Replace a function, method or constant by one that is made from the original."""
    return Replacement(name, make)


def find(name: str, module: types.ModuleType) -> tuple[t.Any, str, t.Any]:
    """Return the module or class that defines a name, its last part, and what stands there.

    :raises NameMissing: When it is not defined just there; what is only inherited is not.
    """
    *classes, attribute = name.partition(":")[2].split(".")
    owner: t.Any = module
    for part in classes:
        owner = vars(owner).get(part)
    if not isinstance(owner, (types.ModuleType, type)) or attribute not in vars(owner):
        raise NameMissing(f"{name} does not exist: name what has taken its place in tests/faults/removals")
    return owner, attribute, vars(owner)[attribute]


def original_of(name: str) -> t.Any:
    """Import and return what a name stands for."""
    return find(name, importlib.import_module(PACKAGE + name.partition(":")[0]))[2]


def mismatch(original: t.Any, replacement: t.Any) -> str:
    """Say why a replacement cannot take the place of the original; empty when it can."""
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
    """Have the replacements take place as soon as their modules are imported.

    :raises RuntimeError: When one of the modules was imported before, so that others may hold the original.
    """
    early = [one.module for one in removal.replacements if one.module in sys.modules]
    if early:
        raise RuntimeError(f"{early[0]} was imported before something of it could be replaced")
    sys.meta_path.insert(0, _Finder(removal.replacements))


def install_from_environment(removals: t.Sequence[Removal]) -> None:
    """Install the removal that the environment names, if it names one; end the process when that is not possible."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return
    try:
        [removal] = [one for one in removals if one.removed == chosen]
        install(removal)
    except BaseException:
        # Python goes on after an error in a sitecustomize.
        traceback.print_exc()
        os._exit(_FAILED)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of which something is to be replaced, where the other finders find them."""

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
    """Loads a module as another loader does, and replaces what is to be replaced before anybody can import it."""

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
            # A test that expects an error must not take this for one.
            traceback.print_exc()
            os._exit(_FAILED)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._loader, name)
