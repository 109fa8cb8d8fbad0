# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How make splits the fault tests among processors, with a fake pytest that only records its arguments; and what coverage counts."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

PYTEST = """#!/bin/sh
echo "played $* | schedules=$FAULT_SCHEDULES seed=$FAULT_SEED answers=$FAULT_ANSWERS part=$FAULT_PART"
case "$*" in *"$FAILING"*) exit 1;; esac
"""


@pytest.fixture
def make(checkout, tmp_path) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    """Run make with two processors and with fake programs."""
    for name, text in {"pytest": PYTEST, "python": "#!/bin/sh\n", "coverage": "#!/bin/sh\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def call(*arguments: str, failing: str = "nothing") -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("FAULT_", "MAKE"))}
        return subprocess.run(
            ["make", "--no-print-directory", f"BIN={tmp_path}", "PROCESSORS=2", *arguments], cwd=checkout,
            env={**env, "FAILING": failing}, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    return call


def played(output: str) -> list[str]:
    return sorted(re.findall(r"^played (.*)$", output, re.MULTILINE))


def test_schedules_are_split_among_processors_with_one_seed(make):
    output = make("fault-test", "SCHEDULES=7").stdout
    [seed] = set(re.findall(r"seed=(\d+)", output))
    assert played(output) == [
        f"-q tests/faults/test_schedules.py | schedules=7 seed={seed} answers= part={part}/2" for part in (1, 2)
    ]
    assert f"(again: make fault-test SEED={seed} SCHEDULES=7)" in output


def test_a_given_seed_is_used(make):
    assert "seed=5 " in played(make("fault-test", "SEED=5").stdout)[0]


def test_answer_cases_are_split_among_processors(make):
    assert played(make("fault-answers").stdout) == [
        f"-q tests/faults/test_answers_that_change.py | schedules= seed= answers=all part={part}/2" for part in (1, 2)
    ]


def test_every_file_of_the_fault_tests_runs_once(make, checkout):
    first, *others = sorted(line.partition(" |")[0] for line in played(make("test-faults").stdout))
    assert first.startswith("tests/faults --ignore=")
    named = set(" ".join(others).split())
    quick = {name for line in played(make("test-docs").stdout) for name in re.findall(r"tests/faults/\S+", line)}
    assert set(re.findall(r"--ignore=(\S+)", first)) == named | quick
    assert all((checkout / name).is_file() for name in named | quick)


@pytest.mark.parametrize("jobs", [(), ("--jobs=2",)])
def test_one_failure_fails_the_target_without_stopping_the_others(make, jobs):
    done = make(*jobs, "test-faults", failing="test_witnesses")
    assert done.returncode
    assert len(played(done.stdout)) == 3


def test_a_failure_of_a_parallel_part_fails_make_test(make):
    done = make("test", failing="tests/install")
    assert done.returncode
    assert "All tests have passed" not in done.stdout


@pytest.mark.parametrize("target", ["test", "test-whole"])
def test_make_says_what_has_passed(make, target):
    assert re.fullmatch(r"All tests have passed: [a-z -]+\.", make(target).stdout.splitlines()[-1])


def files_played(output: str, is_sample: bool) -> set[str]:
    """Return the test files in the pytest commands that run all tests, or only a sample of them."""
    commands = [line.partition(" |")[0].split() for line in played(output)]
    found: set[str] = set()
    for words in commands:
        if ("--one-in" in words) is is_sample:
            ignored = {word.removeprefix("--ignore=") for word in words if word.startswith("--ignore=")}
            found |= {name for word in words if word.startswith("tests/") for name in files_below(word)} - ignored
    return found


def files_below(path: str) -> list[str]:
    return [path] if path.endswith(".py") else [str(file) for file in Path(path).rglob("test_*.py")]


def test_make_test_runs_or_samples_every_test_and_test_whole_runs_all(make, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    quick, slow = make("test").stdout, make("test-whole").stdout
    # The checkers run these.
    others = {"tests/install/test_galaxy_importer.py", *files_below("tests/unit")}
    everything = set(files_below("tests")) - others
    assert files_played(quick, False) | files_played(quick, True) >= everything
    assert files_played(quick, False) | files_played(slow, False) >= everything
    assert files_played(slow, True) == set()


def test_coverage_counts_files_that_nothing_imports(checkout, tmp_path):
    tree = tmp_path / "ansible_collections" / "treasury" / "bybit"
    shutil.copytree(checkout / "plugins" / "module_utils", tree / "plugins" / "module_utils")
    shutil.copy2(checkout / "pyproject.toml", tree)
    (tree / "plugins" / "module_utils" / "_engine" / "planted.py").write_text("def planted():\n    return 1\n")
    recipe = subprocess.run(["make", "-n", "coverage"], cwd=checkout, check=True, stdout=subprocess.PIPE, text=True).stdout
    [command] = re.findall(r"^\S+/coverage (run --append --source=.*)$", recipe, re.MULTILINE)
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(
        [Path(sys.executable).with_name("coverage"), *shlex.split(command)], cwd=tree, env={**env, "PYTHONPATH": str(tmp_path)}, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    assert "CoverageWarning" not in ended.stdout
    shown = subprocess.run(
        [Path(sys.executable).with_name("coverage"), "report", "--fail-under=0"], cwd=tree, env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert re.search(r"^plugins/module_utils/_engine/planted\.py +2 +2 .* 0%", shown, re.MULTILINE), shown
