# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the tools importable, and builds a tarball of a copy of the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import tarball as built
from ansible_test import copy_files

# Galaxy refuses a collection without a repository. There is no public one yet, so the copy gets this address.
PLACEHOLDER = "https://example.com/there-is-no-public-repository-yet"


@pytest.fixture(scope="session")
def copied_tarball(tmp_path_factory) -> Path:
    tree = tmp_path_factory.mktemp("copy")
    copy_files(tree)
    if "repository" not in yaml.safe_load((tree / "galaxy.yml").read_text()):
        with (tree / "galaxy.yml").open("a") as galaxy:
            galaxy.write(f"repository: {PLACEHOLDER}\n")
    return built.build(tree, tmp_path_factory.mktemp("built"))
