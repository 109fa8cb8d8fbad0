# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tools/environment.py installs and when, with a fake Python that only records its arguments."""

from __future__ import annotations

import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

READ = ("requirements.txt", "tools/requirements.txt", "roles/sandbox/files/requirements.txt", "tools/environment.py")
PYTHON = """#!/bin/sh
case $1 in
    -c) echo "$VERSION" ;;
    *) echo "$*" >>asked ;;
esac
if [ "$2" = venv ]; then
    mkdir -p .venv/bin && cp "$0" .venv/bin/python
    printf '#!/bin/sh\\necho "uv $*" >>asked\\nexit "$UV_ENDS_WITH"\\n' >.venv/bin/uv
    chmod +x .venv/bin/uv
fi
[ "$2" != pip ] || exit "$PIP_ENDS_WITH"
"""
VENV, LINK = "-m venv .venv", "tools/environment.py link"
PIP = "-m pip install --quiet --disable-pip-version-check"
GET_UV = f"{PIP} --require-hashes -r tools/locks/uv.txt"
LOCKED, NEWEST = "--require-hashes -r tools/locks/dev-3.12.txt", "-r tools/requirements.txt"
UV = """#!/bin/sh
echo "$*" >>asked
echo "locked==2"
"""


class Made(t.NamedTuple):
    """The output, and the arguments of the fake Python."""

    said: list[str]
    asked: list[str]


@pytest.fixture
def folder(checkout, tmp_path) -> Path:
    """Return a folder with the files that the tool reads, and one lock."""
    for name in READ:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / name, tmp_path / name)
    (tmp_path / "tools" / "locks").mkdir()
    (tmp_path / "tools" / "locks" / "uv.txt").write_text("uv==1\n")
    (tmp_path / "tools" / "locks" / "dev-3.12.txt").write_text("locked==1\n")
    script(tmp_path / "tools" / "find-python", '#!/bin/sh\n[ "${1-}" = --supported ] && echo 3.13 3.11 || echo "$PWD/tools/python"\n')
    script(tmp_path / "tools" / "python", PYTHON)
    return tmp_path


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def make_env(folder):
    def call(version: str, pip_ends_with: int = 0, uv_ends_with: int = 0) -> Made:
        asked = folder / "asked"
        asked.write_text("")
        env = {"PATH": "/usr/bin:/bin", "VERSION": version, "PIP_ENDS_WITH": str(pip_ends_with), "UV_ENDS_WITH": str(uv_ends_with)}
        command = [sys.executable, folder / "tools" / "environment.py"]
        done = subprocess.run(command, cwd=folder, env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == pip_ends_with, done.stdout
        return Made(done.stdout.splitlines(), asked.read_text().splitlines())

    return call


@pytest.fixture
def by_uv(folder):
    """Return the recorded start of a call of uv."""
    return f"uv pip install --quiet --system-certs --python={folder}/.venv/bin/python"


def test_packages_come_from_the_lock_of_the_current_python(make_env, by_uv):
    made = make_env("3.12")
    assert made.asked == [VENV, GET_UV, f"{by_uv} {LOCKED}", LINK]
    assert made.said == ["Setting up .venv (half a minute or so)"]


def test_pip_installs_the_same_packages_if_uv_fails(make_env, by_uv):
    made = make_env("3.12", uv_ends_with=2)
    assert made.asked == [VENV, GET_UV, f"{by_uv} {LOCKED}", f"{PIP} {LOCKED}", LINK]
    assert made.said[1:] == ["uv could not install it (see above): pip does, in a minute or two"]


def test_a_python_without_a_lock_is_reported(make_env, by_uv):
    made = make_env("3.13")
    assert made.asked == [VENV, GET_UV, f"{by_uv} {NEWEST}", LINK]
    assert made.said == [
        "Setting up .venv (half a minute or so)",
        "There is no tools/locks/dev-3.13.txt: installing the newest releases that tools/requirements.txt allows, with no hashes to hold them to",
    ]


def test_an_up_to_date_environment_is_left_alone(make_env):
    assert make_env("3.12").asked
    assert make_env("3.12") == Made([], [])


def test_a_failed_environment_is_set_up_again(make_env):
    assert make_env("3.12", pip_ends_with=3).asked == [VENV, GET_UV, f"{PIP} {LOCKED}"]
    assert make_env("3.12").asked[-1] == LINK


@pytest.mark.parametrize("changed", ["tools/locks/dev-3.12.txt", "tools/requirements.txt", "tools/find-python", "tools/environment.py"])
def test_an_environment_is_set_up_again_after_a_change_of_its_sources(make_env, folder, changed):
    make_env("3.12")
    with (folder / changed).open("a") as file:
        file.write("# another\n")
    assert LINK in make_env("3.12").asked


def test_an_environment_is_set_up_again_in_a_copy(make_env, folder, tmp_path_factory):
    make_env("3.12")
    copy = tmp_path_factory.mktemp("copy") / "checkout"
    shutil.copytree(folder, copy)
    env = {"PATH": "/usr/bin:/bin", "VERSION": "3.12", "PIP_ENDS_WITH": "0", "UV_ENDS_WITH": "0"}
    subprocess.run([sys.executable, copy / "tools" / "environment.py"], cwd=copy, env=env, check=True, stdout=subprocess.DEVNULL)
    assert LINK in (copy / "asked").read_text().splitlines()[4:]


def test_locks_exist_for_controller_pythons_only(folder):
    # The tool expects uv next to the Python that runs it.
    own = folder / "bin" / "python"
    own.parent.mkdir()
    script(own, f'#!/bin/sh\nexec "{sys.executable}" -c "import runpy, sys; sys.executable = \'$0\'; sys.argv = sys.argv[1:]; '
                'runpy.run_path(sys.argv[0], run_name=\'__main__\')" "$@"\n')
    script(own.with_name("uv"), UV)
    subprocess.run([own, folder / "tools" / "environment.py", "lock"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    locks = sorted((folder / "tools" / "locks").iterdir())
    assert [lock.name for lock in locks] == ["dev-3.11.txt", "dev-3.13.txt", "uv.txt"]
    assert locks[0].read_text().endswith("# What `make env` installs on Python 3.11; written by `make lock` from tools/requirements.txt.\nlocked==2\n")
    asked = (folder / "asked").read_text().splitlines()
    assert ["--python-version=3.11" in line for line in asked] == [True, False, False]
    assert "--constraint=tools/locks/dev-3.13.txt" in asked[-1]
