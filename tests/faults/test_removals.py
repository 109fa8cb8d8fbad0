# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The safeguards that make fault-sabotage removes exist, their replacements fit, and every process gets them."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import typing as t

import pytest
from removals import NOTHING, REMOVALS
from removals.replacing import PACKAGE, VARIABLE, NameMissing, Removal, Replacement, find, instead, mismatch, original_of
from simulation.standin import ROOT

START = ROOT / "tests" / "faults" / "removals" / "start"
REPLACEMENTS = [(removal.removed, one) for removal in REMOVALS for one in removal.replacements]
CLOCK = "reconciling: this machine's own clock also closes the acceptance window"
ASK_CLOCK = f"from {PACKAGE}_reconcile.evidence import has_passed_here; print(has_passed_here(None, None, 0))"


def python(code: str, removed: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(START), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path, VARIABLE: removed}, text=True, capture_output=True,
        check=False,
    )


def test_each_removal_has_a_unique_name_and_removes_something() -> None:
    names = [removal.removed for removal in REMOVALS]
    assert len(set(names)) == len(names) > 50
    assert [removal.removed for removal in REMOVALS if not removal.replacements] == [NOTHING.removed]


@pytest.mark.parametrize(("removed", "replacement"), REPLACEMENTS, ids=lambda value: getattr(value, "name", None))
def test_each_replaced_name_exists_and_its_replacement_fits(removed: str, replacement: Replacement) -> None:
    original = original_of(replacement.name)
    stand_in = replacement.make(original)
    assert mismatch(original, stand_in) == ""
    assert stand_in != original


class Base:
    def inherited(self) -> None:
        pass


class Thing(Base):
    LIMIT = 60

    def method(self, amount: int) -> int:
        return amount


def module() -> types.ModuleType:
    made = types.ModuleType("thing")
    made.Thing = Thing
    made.function = lambda first, second=1: first
    return made


@pytest.mark.parametrize(
    "name", ["x:gone", "x:Gone.method", "x:Thing.gone", "x:Thing.inherited", "x:Thing.LIMIT.real", "x:function.real"]
)
def test_a_name_that_is_not_defined_in_its_place_is_refused(name: str) -> None:
    with pytest.raises(NameMissing, match=f"{name} does not exist"):
        find(name, module())


@pytest.mark.parametrize(("name", "stand_in", "why"), [
    ("x:function", lambda first, second=1: second, ""),
    ("x:function", lambda *arguments, **named: 1, ""),
    ("x:function", lambda first: first, "parameters first instead of first, second"),
    ("x:function", lambda first, other: first, "parameters first, other instead of first, second"),
    ("x:function", 1, "it cannot be called"),
    ("x:Thing.method", lambda self, amount: 1, ""),
    ("x:Thing.method", lambda amount: 1, "parameters amount instead of self, amount"),
    ("x:Thing.LIMIT", 1, ""),
    ("x:Thing.LIMIT", "1", "str instead of int"),
    ("x:Thing.LIMIT", lambda: 1, "function instead of int"),
])
def test_a_replacement_that_does_not_fit_is_found(name: str, stand_in: t.Any, why: str) -> None:
    assert mismatch(find(name, module())[2], stand_in) == why


def test_a_replacement_takes_the_place_of_its_original() -> None:
    changed = module()
    Replacement("x:function", lambda original: lambda first, second=1: original(first) + second).apply(changed)
    assert changed.function(1) == 2


@pytest.mark.parametrize(("removed", "said"), [(CLOCK, "True"), (NOTHING.removed, "AttributeError"), ("", "AttributeError")])
def test_every_process_gets_the_chosen_removal(removed: str, said: str) -> None:
    """Without the removal, the called function needs an observation and fails."""
    ended = python(ASK_CLOCK, removed)
    assert said in ended.stdout + ended.stderr


def test_an_import_of_a_name_gets_its_replacement() -> None:
    removed = "reconciling: the debt"
    ended = python(f"from {PACKAGE}_reconcile.judge import unexplained_change; print(unexplained_change(None, None, 0))", removed)
    assert (ended.stdout, ended.stderr) == ("0\n", "")


def test_an_unknown_removal_ends_the_process() -> None:
    ended = python("print('it goes on')", "no such removal")
    assert (ended.returncode, ended.stdout) == (70, "")


def test_a_missing_name_ends_the_process() -> None:
    code = (
        "from removals.replacing import Removal, install, instead; "
        "install(Removal('it', (instead('_reconcile.evidence:gone', None),))); "
        f"import {PACKAGE}_reconcile.evidence; print('it goes on')"
    )
    ended = python(code, "")
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "_reconcile.evidence:gone does not exist" in ended.stderr


def test_a_module_that_is_already_imported_cannot_be_replaced() -> None:
    original_of("_amounts:plain")
    from removals.replacing import install

    with pytest.raises(RuntimeError, match="was imported before"):
        install(Removal("it", (instead("_amounts:plain", str),)))
