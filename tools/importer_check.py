# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import the built tarball as Galaxy would, and fail on what its importer only prints.

usage: .venv/bin/python tools/importer_check.py

The importer exits with 0 whatever it has found, so its words are searched. Each warning that is no fault is justified here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml
from ansible_test import copy_files
from tarball import CHECKOUT, build

ALLOWED = [
    # Each line of these files has its reason in itself, as the sanity test demands.
    re.compile(r"WARNING: Ignore files skip ansible-test sanity tests, found ignore-[\d.]+\.txt with \d+ statement\(s\)"),
]
# Galaxy refuses a collection without a repository, and there is no public one yet: the copy that is imported gets this address.
PLACEHOLDER = "https://example.com/there-is-no-public-repository-yet"
# What it prints only after it has looked.
STEPS = ("Getting doc strings via ansible-doc", "...ansible-lint run complete", "Importer processing completed successfully")


def import_tarball(tarball: Path) -> tuple[str, dict[str, t.Any]]:
    """Return what the importer printed, and the result that it wrote."""
    ended = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", tarball.name],
        cwd=tarball.parent,
        # ansible-test in a container is `make sanity` without one; the temporary folder keeps caches out of the home directory.
        env={**os.environ, "GALAXY_IMPORTER_RUN_ANSIBLE_TEST": "false", "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(tarball.parent / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    file = tarball.parent / "importer_result.json"
    return ended.stdout, json.loads(file.read_text()) if file.is_file() else {}


def faults(output: str, result: dict[str, t.Any]) -> list[str]:
    """Say what speaks against the import, and what was not looked at."""
    bad = [line for line in output.splitlines() if line.startswith(("ERROR", "CRITICAL", "WARNING", "Traceback"))]
    documented = {
        content["content_name"]
        for content in result.get("docs_blob", {}).get("contents", [])
        if content["content_type"] == "module" and content["doc_strings"]
    }
    modules = {file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    return [
        *(line for line in bad if not any(pattern.fullmatch(line) for pattern in ALLOWED)),
        *(f"It did not say: {step}" for step in STEPS if step not in output),
        *(f"It has no documentation of {name}" for name in sorted(modules - documented)),
    ]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        tree, folder = Path(temporary, "tree"), Path(temporary, "build")
        folder.mkdir()
        copy_files(tree)
        named = "repository" in yaml.safe_load((tree / "galaxy.yml").read_text())
        if not named:
            with (tree / "galaxy.yml").open("a") as galaxy:
                galaxy.write(f"repository: {PLACEHOLDER}\n")
        output, result = import_tarball(build(tree, folder))
    print(output, end="")
    found = faults(output, result)
    if found:
        print("The import is not clean:", *found, sep="\n", file=sys.stderr)
        return 1
    print("Imported with documentation of all modules, no error, and no warning but those justified in this script.")
    if not named:
        print(f"galaxy.yml names no repository yet, which Galaxy demands: imported with {PLACEHOLDER}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
