# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An execution environment can be built: its dependencies are found, and its build context has the collection.

The context stays in build/execution-environment/context. The image itself needs a container engine and is not built.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tarball as built
import yaml

DEFINITION = built.CHECKOUT / "extensions" / "execution-environment" / "execution-environment.yml"
TARGET = built.CHECKOUT / "build" / "execution-environment"
TARBALL = "treasury-bybit.tar.gz"
# ansible-builder writes a context even for a definition without the collection.
WANTED = {
    "the base image": r'^ARG EE_BASE_IMAGE="docker\.io/redhat/ubi9:latest"$',
    "a Python that ansible-core supports": r'^ARG PYCMD="/usr/bin/python3\.12"$',
    "the installation of collections": r"ansible-galaxy collection install \$ANSIBLE_GALAXY_CLI_COLLECTION_OPTS -r requirements\.yml",
    "the dependencies of collections": r"introspect\.py introspect",
}


def output_of(*command: str) -> str:
    program, *arguments = command
    ended = subprocess.run(
        [built.BIN / program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def context(copied_tarball) -> Path:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    shutil.copy2(copied_tarball, TARGET / TARBALL)
    shutil.copy2(DEFINITION, TARGET)
    # The default name depends on the container engine.
    options = ["--context", str(TARGET / "context"), "--output-filename", "Containerfile"]
    output_of("ansible-builder", "create", "--file", str(TARGET / DEFINITION.name), *options)
    return TARGET / "context"


def test_an_installed_copy_requires_what_the_modules_import(copied_tarball, tmp_path) -> None:
    # Without --force, the checkout counts as installed already.
    output_of("ansible-galaxy", "collection", "install", "--offline", "--force", "-p", str(tmp_path), str(copied_tarball))
    asked_for = yaml.safe_load(output_of("ansible-builder", "introspect", str(tmp_path)))["python"]
    assert "requests>=2.31  # from collection treasury.bybit" in asked_for


@pytest.mark.parametrize("what", WANTED)
def test_the_containerfile_has_what_the_collection_needs(context, what: str) -> None:
    assert re.search(WANTED[what], (context / "Containerfile").read_text(), re.MULTILINE)


def test_the_image_gets_optional_libraries(context) -> None:
    asked_for = (context / "_build" / "requirements.txt").read_text()
    assert [line.partition(">=")[0] for line in asked_for.splitlines()] == ["cryptography", "psycopg[binary]"]


def test_the_build_context_has_the_collection(context) -> None:
    assert f"configs/{TARBALL}" in (context / "_build" / "requirements.yml").read_text()
    assert (context / "_build" / "configs" / TARBALL).is_file()
