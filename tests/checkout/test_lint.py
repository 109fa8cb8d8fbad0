# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When tools/lint.py trusts a linter."""

from __future__ import annotations

import re

import lint
import pytest

FAULT = lint.Fault("docs/planted.md", "planted \n", "docs/planted.md:1")
PLANTED = lint.Linter(("linter",), (FAULT,))
COUNTED = lint.Linter(("linter",), count=r"in (\d+) files")
CLEAN = lint.Ended(0, "")


@pytest.mark.parametrize(
    ("linter", "checked", "planted", "amiss"),
    [
        (PLANTED, CLEAN, lint.Ended(1, "docs/planted.md:1: trailing"), []),
        (PLANTED, CLEAN, lint.Ended(1, "Traceback"), ["it missed 'planted \\n' in docs/planted.md"]),
        (PLANTED, CLEAN, lint.Ended(0, "docs/planted.md:1"), ["it missed 'planted \\n' in docs/planted.md"]),
        (COUNTED, lint.Ended(0, "Passed: 0 failures in 90 files"), None, []),
        (COUNTED, lint.Ended(0, "Passed: 0 failures in 0 files"), None, ["it has seen 0 files"]),
        (COUNTED, CLEAN, None, ["it has seen 0 files"]),
    ],
)
def test_a_linter_that_has_not_looked_is_not_trusted(linter, checked, planted, amiss):
    assert lint.unseen(linter, checked, planted) == amiss


def test_a_fault_that_a_linter_finds_is_shown(capsys):
    assert not lint.is_clean("docs", lint.Ended(3, "docs/guide.rst:7: no such option"), CLEAN)
    assert "docs/guide.rst:7: no such option" in capsys.readouterr().out


def test_every_linter_has_a_proof_that_it_looked():
    assert all(bool(linter.faults) != bool(linter.count) for linter in lint.LINTERS.values())


def test_every_fault_has_a_unique_message():
    faults = [fault for linter in lint.LINTERS.values() for fault in linter.faults]
    for fault in faults:
        assert not [other for other in faults if other is not fault and fault.found in f"{other.path} {other.text} {other.found}"], fault


def test_every_linter_has_a_make_target(checkout):
    makefile = (checkout / "Makefile").read_text()
    assert set(re.findall(r"tools/lint\.py (\S+)$", makefile, re.MULTILINE)) == {*lint.LINTERS}


def test_faults_are_added_or_replace_something(tmp_path):
    (tmp_path / "old.txt").write_text("good and good\n")
    lint.plant(tmp_path, [lint.Fault("new.txt", "planted\n", ""), lint.Fault("old.txt", "bad", "", "good")])
    assert (tmp_path / "new.txt").read_text() == "planted\n"
    assert (tmp_path / "old.txt").read_text() == "bad and bad\n"


def test_a_fault_that_cannot_be_planted_ends_the_run(tmp_path):
    with pytest.raises(SystemExit, match=r"old\.txt lacks good"):
        lint.plant(tmp_path, [lint.Fault("old.txt", "bad", "", "good")])
