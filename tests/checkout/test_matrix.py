# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pairs of a core and a Python the matrix runs, and what it reports about them."""

from __future__ import annotations

import pytest
from ansible_test import too_few_unit_tests
from matrix import Core, Step, pairs_of, steps_of, table

OLD = Core("2.19", "2.19.14", ("3.11", "3.12"), ("3.9",))
CANDIDATE = Core("2.22", "2.22.0rc1", ("3.13", "3.14"), ("3.9", "3.12"), ("pylint",))


def test_every_possible_pair_runs():
    pairs, absent = pairs_of([OLD], ["3.9", "3.11", "3.12"])
    assert [(pair.name, pair.controller, pair.is_first) for pair in pairs] == [
        ("2.19-3.11", "3.11", True),
        ("2.19-3.12", "3.12", False),
        ("2.19-3.9", "3.12", False),
    ]
    assert not absent


def test_pairs_without_their_python_are_reported():
    pairs, absent = pairs_of([OLD], ["3.12"])
    assert [(pair.name, pair.is_first) for pair in pairs] == [("2.19-3.12", True)]
    assert absent == ["2.19-3.11", "2.19-3.9"]
    assert "2.19-3.9    not run: no Python 3.9 on this machine" in table([], absent, [])


def test_module_only_pythons_are_paired_with_the_newest_final_core():
    pairs, _absent = pairs_of([OLD, CANDIDATE], ["3.9", "3.12", "3.13"])
    assert [pair.name for pair in pairs] == ["2.19-3.12", "2.19-3.9", "2.22-3.13"]


def test_modules_cannot_be_tested_without_a_python_for_the_core():
    pairs, absent = pairs_of([OLD, CANDIDATE], ["3.9"])
    assert not pairs
    assert absent == ["2.19-3.11", "2.19-3.12", "2.19-3.9", "2.22-3.13", "2.22-3.14"]


def test_steps_that_hardly_depend_on_the_python_run_once_per_core():
    pairs, _absent = pairs_of([OLD], ["3.9", "3.11", "3.12"])
    first, second, modules = ({name for name, _command in steps_of(pair)} for pair in pairs)
    assert first - second == {"sanity", "both ways"}
    assert {"units", "playbook"} <= second
    assert modules == {"units"}


def test_both_ways_are_not_compared_before_a_core_is_final():
    pairs, _absent = pairs_of([OLD, CANDIDATE], ["3.13"])
    assert [set(dict(steps_of(pair))) for pair in pairs] == [{"units", "playbook", "integration", "sanity"}]


def test_only_the_named_sanity_tests_are_skipped():
    (old, candidate), _absent = pairs_of([OLD, CANDIDATE], ["3.11", "3.13"])
    assert dict(steps_of(old))["sanity"][-2:] == ["--color", "no"]
    assert dict(steps_of(candidate))["sanity"][-2:] == ["--skip-test", "pylint"]


def test_the_table_shows_steps_results_and_durations():
    (pair,), _absent = pairs_of([OLD, CANDIDATE], ["3.13"])
    shown = table([Step(pair, "sanity", "FAILED", 61.4)], [], ["2.19-3.11"])
    assert "2.22-3.13   2.22.0rc1            sanity        FAILED        61" in shown
    assert "2.19-3.11   not run: not asked for" in shown


@pytest.mark.parametrize(
    ("output", "few"),
    [
        ("Unit test module_utils with Python 3.12\n==== 1815 passed in 3s ====\n", []),
        (
            "Unit test module_utils with Python 3.12\n==== 12 passed in 3s ====\n"
            "Unit test controller with Python 3.12\n==== 1999 passed in 3s ====\n",
            ["12 unit tests on Python 3.12"],
        ),
        ("Unit test module_utils with Python 3.9\n==== no tests ran in 3s ====\n", ["0 unit tests on Python 3.9"]),
        ("WARNING: Nothing to do\n", ["no unit test on any Python"]),
    ],
)
def test_too_few_unit_tests_are_a_failure(output, few):
    assert too_few_unit_tests(output) == few
