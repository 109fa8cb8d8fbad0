# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built tarball as Galaxy would import it. The importer exits with 0 whatever it finds, so its output is searched."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t

import pytest
import tarball as built

ALLOWED = [
    # Each line of these files gives its reason, as the sanity test demands.
    re.compile(r"WARNING: Ignore files skip ansible-test sanity tests, found ignore-[\d.]+\.txt with \d+ statement\(s\)"),
]
# The importer prints these only after its checks.
STEPS = ("Getting doc strings via ansible-doc", "...ansible-lint run complete", "Importer processing completed successfully")


class Imported(t.NamedTuple):
    output: str
    result: dict[str, t.Any]


@pytest.fixture(scope="module")
def imported(copied_tarball) -> Imported:
    folder = copied_tarball.parent
    ended = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", copied_tarball.name],
        cwd=folder,
        # `make sanity` runs ansible-test without a container. The temporary folder keeps caches out of the home directory.
        env={**os.environ, "GALAXY_IMPORTER_RUN_ANSIBLE_TEST": "false", "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    file = folder / "importer_result.json"
    return Imported(ended.stdout, json.loads(file.read_text()) if file.is_file() else {})


def complaints(output: str) -> list[str]:
    bad = [line for line in output.splitlines() if line.startswith(("ERROR", "CRITICAL", "WARNING", "Traceback"))]
    return [line for line in bad if not any(pattern.fullmatch(line) for pattern in ALLOWED)]


@pytest.mark.parametrize("step", STEPS)
def test_the_importer_ran_all_its_checks(imported, step: str) -> None:
    assert step in imported.output


def test_the_importer_has_no_complaint(imported) -> None:
    assert complaints(imported.output) == []


def test_the_importer_found_the_documentation_of_every_module(imported) -> None:
    contents = imported.result["docs_blob"]["contents"]
    documented = {one["content_name"] for one in contents if one["content_type"] == "module" and one["doc_strings"]}
    assert documented == {file.stem for file in (built.CHECKOUT / "plugins" / "modules").glob("*.py")}


def test_only_justified_lines_are_not_complaints() -> None:
    allowed = "WARNING: Ignore files skip ansible-test sanity tests, found ignore-2.19.txt with 1 statement(s)"
    bad = ["ERROR: No changelog", "CRITICAL: x", "WARNING: x", "Traceback (most recent call last):"]
    assert complaints("\n".join([allowed, "INFO: x", *bad])) == bad
