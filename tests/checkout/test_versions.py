# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All versions agree with tools/matrix.py."""

from __future__ import annotations

import re
import subprocess

import matrix
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


def ansible_core(checkout) -> SpecifierSet:
    lines = (checkout / "tools" / "requirements.txt").read_text().splitlines()
    return next(Requirement(line).specifier for line in lines if line.startswith("ansible-core"))


def test_the_collection_runs_on_every_supported_core(checkout, supported):
    required = yaml.safe_load((checkout / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert required == f">={supported[0].name}.0"


def test_development_uses_a_final_core(checkout, final_cores, supported):
    allowed = ansible_core(checkout)
    assert all(core.release in allowed for core in final_cores)
    assert [core.release for core in supported if allowed.contains(core.release, prereleases=True)] == [
        core.release for core in final_cores
    ]


def test_the_environment_uses_a_python_of_a_final_core(checkout, final_cores):
    listed = subprocess.run([checkout / "tools" / "find-python", "--supported"], check=True, stdout=subprocess.PIPE, text=True).stdout
    pythons = {python for core in final_cores for python in core.controllers}
    assert sorted(listed.split()) == sorted(pythons)


def test_module_only_pythons_run_no_core(supported):
    for core in supported:
        assert not set(core.modules) & set(core.controllers)
        assert core.modules[0] == matrix.OLDEST_MODULE_PYTHON


def test_sanity_tests_skip_pythons_older_than_the_oldest_supported(checkout):
    config = yaml.safe_load((checkout / "tests" / "config.yml").read_text())
    assert config["modules"]["python_requires"] == f">={matrix.OLDEST_MODULE_PYTHON}"


def test_every_core_has_a_list_of_ignored_sanity_tests(checkout, supported):
    lists = {path.stem.removeprefix("ignore-") for path in (checkout / "tests" / "sanity").glob("ignore-*.txt")}
    assert lists == {core.name for core in supported}


def test_the_readme_names_the_oldest_core_and_pythons(checkout, supported):
    readme = (checkout / "README.md").read_text()
    pythons = {matrix.OLDEST_MODULE_PYTHON, supported[0].controllers[0]}
    assert set(re.findall(r"Python (\d+\.\d+) or later", readme)) == pythons
    finals = [core.name for core in supported if core.release.replace(".", "").isdigit()]
    assert f"ansible-core {', '.join(finals[:-1])}, and {finals[-1]}" in readme
