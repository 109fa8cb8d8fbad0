# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The installation guide names the versions and libraries that the collection tests and requires."""

from __future__ import annotations

import re

import yaml
from guides import CHECKOUT, RST, blocks_of
from matrix import CORES

TEXT = (RST / "install.rst").read_text(encoding="utf-8")
BLOCKS = blocks_of(RST / "install.rst")


def test_the_versions_are_the_tested_ones() -> None:
    shown = re.findall(r"   \* - (\d\.\d+)\n     - (.+)\n     - (.+)\n", TEXT)
    assert shown == [(core.name, ", ".join(core.controllers), ", ".join(core.modules)) for core in CORES if core.is_final]


def test_the_oldest_version_is_the_required_one() -> None:
    required = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert f"needs ansible-core {required.removeprefix('>=').removesuffix('.0')} or later" in TEXT


def test_the_libraries_are_those_in_the_requirements_files() -> None:
    files = ("requirements.txt", "roles/sandbox/files/requirements.txt")
    required = {name for file in files for name in re.findall(r"[\w\[\]]+>=[\d.]+", (CHECKOUT / file).read_text())}
    # Only a stand-in exchange that serves HTTPS needs trustme.
    assert set(re.findall(r"[\w\[\]]+>=[\d.]+", TEXT)) == {name for name in required if not name.startswith("trustme")}


def test_the_tarball_has_the_name_that_is_built() -> None:
    made = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())
    name = f"{made['namespace']}-{made['name']}-{made['version']}.tar.gz"
    assert set(re.findall(r"[\w.-]+\.tar\.gz", TEXT)) == {name}
    [file] = [yaml.safe_load(block.text) for block in BLOCKS if block.language == "yaml"]
    assert file == {"collections": [{"name": f"./{name}", "type": "file"}]}
