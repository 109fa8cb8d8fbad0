# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in as a separate package: installed with pip and run as bybit-sandbox, without the collection."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
from processes import wait_until_gone


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory, names) -> Path:
    """The bin folder of a new environment in which the stand-in is installed without a package index."""
    pytest.importorskip("setuptools", "77", reason="building the package needs setuptools 77 or later")
    folder = tmp_path_factory.mktemp("installed")
    # setuptools leaves build files in the folder that it builds.
    source = folder / "source"
    shutil.copytree(names.launcher.parent, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    venv.create(folder / "venv", with_pip=True)
    site_packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    # setuptools and the dependencies come from the environment of this test.
    (site_packages / "development.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*pip, str(source)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(source)
    return folder / "venv" / "bin"


@pytest.mark.parametrize("command", [("bybit-sandbox",), ("python", "-m", "bybit_sandbox")])
def test_the_installed_program_starts_answers_and_stops(bin_folder, names, tmp_path, command) -> None:
    def sandbox(*arguments: str) -> dict:
        words = [str(bin_folder / command[0]), *command[1:], *arguments, "--run-dir", str(tmp_path / "run")]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    found = sandbox("start", "--lifetime", "120")
    try:
        client = names.client(found["url"])
        assert client.repay().code == 0 and client.loan()["debt"] == "900.4"
        assert b"<title>Stand-in exchange</title>" in client.raw("GET", "/").body
        assert {client.raw("GET", f"/page/page.{kind}").status for kind in ("css", "js")} == {200}
    finally:
        assert sandbox("stop") == {"stopped": True, "removed": False}
    wait_until_gone(found["pid"], 5)


def test_the_package_requires_what_the_role_requires(bin_folder, names) -> None:
    script = "import importlib.metadata as m; print('\\n'.join(m.requires('bybit-sandbox')))"
    done = subprocess.run([str(bin_folder / "python"), "-c", script], capture_output=True, text=True, timeout=60, check=True)
    lines = names.launcher.with_name("requirements.txt").read_text().splitlines()
    assert done.stdout.split() == [line for line in lines if line and not line.startswith("#")]
