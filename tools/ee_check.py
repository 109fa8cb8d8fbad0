# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See that an execution environment can be made: its dependencies are found, and its build context is right.

usage: .venv/bin/python tools/ee_check.py

Leaves the context in build/execution-environment/context. The image itself needs a container engine and is not built.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from ansible_test import copy_files
from tarball import BIN, CHECKOUT, build

DEFINITION = CHECKOUT / "extensions" / "execution-environment" / "execution-environment.yml"
TARGET = CHECKOUT / "build" / "execution-environment"
TARBALL = "treasury-bybit.tar.gz"
# ansible-builder writes a context also for a definition that forgets the collection.
WANTED = {
    "the base image": r'^ARG EE_BASE_IMAGE="docker\.io/redhat/ubi9:latest"$',
    "a Python that ansible-core supports": r'^ARG PYCMD="/usr/bin/python3\.12"$',
    "the installation of collections": r"ansible-galaxy collection install \$ANSIBLE_GALAXY_CLI_COLLECTION_OPTS -r requirements\.yml",
    "the dependencies of collections": r"introspect\.py introspect",
}


def output_of(*command: str) -> str:
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}")
    return ended.stdout


def check_dependencies(tarball: Path, collections: Path) -> str:
    """Let ansible-builder look into an installed copy, as it does while it builds the image."""
    # Without --force, the checkout counts as installed already.
    install = ["collection", "install", "--offline", "--force", "-p", str(collections), str(tarball)]
    output_of(str(BIN / "ansible-galaxy"), *install)
    told = output_of(str(BIN / "ansible-builder"), "introspect", str(collections))
    asked_for = yaml.safe_load(told)["python"]
    if not any(re.fullmatch(r"requests\b.*# from collection treasury\.bybit", line) for line in asked_for):
        raise SystemExit(f"treasury.bybit does not ask for requests:\n{told}")
    return told


def check_context(context: Path) -> None:
    """Hold the build context against what must be in it."""
    containerfile = (context / "Containerfile").read_text()
    missing = [what for what, pattern in WANTED.items() if not re.search(pattern, containerfile, re.MULTILINE)]
    requirements = context / "_build" / "requirements.yml"
    names = requirements.read_text() if requirements.is_file() else ""
    if f"configs/{TARBALL}" not in names or not (context / "_build" / "configs" / TARBALL).is_file():
        missing.append("the collection")
    if missing:
        raise SystemExit(f"The build context lacks {', '.join(missing)}:\n{containerfile}\n{names}")


def main() -> int:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="treasury-bybit-") as temporary:
        tree, folder = Path(temporary, "tree"), Path(temporary, "build")
        folder.mkdir()
        copy_files(tree)
        tarball = build(tree, folder)
        shutil.copy2(tarball, TARGET / TARBALL)
        print(check_dependencies(tarball, Path(temporary, "collections")), end="")
    shutil.copy2(DEFINITION, TARGET)
    context = TARGET / "context"
    builder = [str(BIN / "ansible-builder"), "create", "--file", str(TARGET / DEFINITION.name), "--context", str(context)]
    # Without a container engine, the default is another name.
    builder += ["--output-filename", "Containerfile"]
    print(output_of(*builder), end="")
    check_context(context)
    print(f"The build context in {context.relative_to(CHECKOUT)} is right. The image was not built: that needs a container engine.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
