# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tools/make-env installs, and when, with a Python that only writes down what it is asked for."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

READ = ("requirements.txt", "requirements-dev.txt", "roles/sandbox/files/requirements.txt", "tools/make-env", "tools/link_checkout.py")
PYTHON = """#!/bin/sh
case $1 in
    -c) echo "$VERSION" ;;
    *) echo "$*" >>asked ;;
esac
if [ "$2" = venv ]; then
    mkdir -p .venv/bin && cp "$0" .venv/bin/python
fi
"""
HASHED = "-m pip install --quiet --disable-pip-version-check --require-hashes -r tools/locks/dev-3.12.txt"
UNHASHED = "-m pip install --quiet --disable-pip-version-check -r requirements-dev.txt"


class Made(t.NamedTuple):
    """What make-env said, and what it asked Python for."""

    said: list[str]
    asked: list[str]


@pytest.fixture
def folder(checkout, tmp_path) -> Path:
    """Return a folder with what make-env reads, and one lock."""
    for name in READ:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / name, tmp_path / name)
    (tmp_path / "tools" / "locks").mkdir()
    (tmp_path / "tools" / "locks" / "dev-3.12.txt").write_text("locked==1\n")
    find_python = tmp_path / "tools" / "find-python"
    find_python.write_text("#!/bin/sh\necho tools/python\n")
    (tmp_path / "tools" / "python").write_text(PYTHON)
    for path in (find_python, tmp_path / "tools" / "python"):
        path.chmod(0o755)
    return tmp_path


@pytest.fixture
def make_env(folder):
    def call(version: str) -> Made:
        asked = folder / "asked"
        asked.write_text("")
        done = subprocess.run(
            [folder / "tools" / "make-env"], env={"PATH": "/usr/bin:/bin", "VERSION": version}, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        return Made(done.stdout.splitlines(), asked.read_text().splitlines())

    return call


def test_installs_from_the_lock_of_the_python_at_hand(make_env):
    made = make_env("3.12")
    assert made.asked == ["-m venv .venv", HASHED, "tools/link_checkout.py"]
    assert made.said == ["Setting up .venv (a minute or so)"]


def test_python_without_a_lock_is_told(make_env):
    made = make_env("3.13")
    assert made.asked == ["-m venv .venv", UNHASHED, "tools/link_checkout.py"]
    assert made.said == [
        "Setting up .venv (a minute or so)",
        "There is no tools/locks/dev-3.13.txt: installing the newest releases that requirements-dev.txt allows, with no hashes to hold them to",
    ]


def test_does_nothing_twice(make_env):
    assert make_env("3.12").asked
    assert make_env("3.12") == Made([], [])


@pytest.mark.parametrize("changed", ["tools/locks/dev-3.12.txt", "requirements-dev.txt", "tools/find-python"])
def test_is_done_anew_when_what_it_installs_from_has_changed(make_env, folder, changed):
    make_env("3.12")
    with (folder / changed).open("a") as file:
        file.write("# another\n")
    assert HASHED in make_env("3.12").asked
