# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built tarball: what is in it, and that it works where the checkout is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LOAN = "1794267532472646144"
INSTALLED = Path("home", ".ansible", "collections", "ansible_collections", "treasury", "bybit")

NEEDED = {
    "LICENSE",
    "README.md",
    "changelogs/config.yaml",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "playbooks/demo.yml",
    "playbooks/repay.yml",
    "plugins/doc_fragments/connection.py",
    "plugins/modules/bybit_loan_repay.py",
    "requirements.txt",
    "roles/sandbox/files/bybit_sandbox/page.html",
    "roles/sandbox/files/bybit_sandbox/seed.json",
    "roles/sandbox/files/requirements.txt",
    "roles/sandbox/files/sandbox.py",
    "roles/sandbox/meta/argument_specs.yml",
    "roles/sandbox/tasks/start.yml",
    "roles/sandbox/tasks/stop.yml",
}
# What git does not know of stays at home, and so does what only serves development here.
UNWANTED_PARTS = {".ansible", ".cache", ".ci", ".coverage", ".git", ".pytest_cache", ".venv", "__pycache__", "build", "tools"}


@pytest.fixture(scope="session")
def tarball(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    command = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    [file] = folder.glob("*.tar.gz")
    return file


@pytest.fixture(scope="session")
def elsewhere(tarball, tmp_path_factory) -> Path:
    """Install the tarball beside a Python with nothing but Ansible and what the requirement files name."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    core = subprocess.run(
        [sys.executable, "-c", "from ansible.release import __version__ as v; print(v)"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"ansible-core=={core}"], check=True)
    run(folder, "ansible-galaxy", "collection", "install", "--offline", str(tarball))
    requirements = ["requirements.txt", "roles/sandbox/files/requirements.txt"]
    subprocess.run([*pip, *(f"--requirement={folder / INSTALLED / name}" for name in requirements)], check=True)
    return folder


def run(folder: Path, *command: str, env: dict[str, str] | None = None, code: int = 0) -> str:
    """Run a command of the other environment, far from the checkout and with a home of its own."""
    bin_folder = folder / "venv" / "bin"
    (folder / "home").mkdir(exist_ok=True)
    settings = {n: v for n, v in os.environ.items() if not n.startswith(("ANSIBLE_", "BYBIT_", "COVERAGE_"))}
    settings.update(HOME=str(folder / "home"), PATH=f"{bin_folder}{os.pathsep}{os.environ['PATH']}", ANSIBLE_NOCOLOR="1")
    ended = subprocess.run(
        [str(bin_folder / command[0]), *command[1:]],
        cwd=folder,
        env={**settings, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stdout
    return ended.stdout


def test_contents(tarball) -> None:
    assert tarball.name == "treasury-bybit-0.1.0.tar.gz"
    with tarfile.open(tarball) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    assert NEEDED <= names
    known = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)
    files = {name for name in known.stdout.decode().splitlines() if (CHECKOUT / name).is_file()}
    assert names - files - {"MANIFEST.json", "FILES.json"} == set()
    assert [name for name in names if UNWANTED_PARTS & set(Path(name).parts)] == []


def test_documentation(elsewhere) -> None:
    shown = run(elsewhere, "ansible-doc", "treasury.bybit.bybit_loan_repay")
    for part in ("order_id", "api_secret", "rate_limit_timeout", "repay_id", "EXAMPLES:", str(elsewhere)):
        assert part in shown


def test_demo(elsewhere) -> None:
    assert "Debt after:  900.4 USDT" in run(elsewhere, "ansible-playbook", "treasury.bybit.demo")


def test_demo_with_an_inventory_that_would_find_another_python(elsewhere) -> None:
    assert "Debt after:  900.4 USDT" in run(elsewhere, "ansible-playbook", "-i", "localhost,", "treasury.bybit.demo")


def test_repay(elsewhere) -> None:
    python, server = "python", elsewhere / INSTALLED / "roles" / "sandbox" / "files" / "sandbox.py"
    run(elsewhere, python, str(server), "start", "--run-dir", "run", "--lifetime", "120")
    try:
        env = {
            "BYBIT_API_URL": json.loads((elsewhere / "run" / "sandbox.json").read_text())["url"],
            "BYBIT_API_KEY": "sandbox-key",
            "BYBIT_API_SECRET": "sandbox-secret",
        }
        options = ("treasury.bybit.repay", "-e", f"order_id={LOAN}", "-e", "amount=100.5")
        assert "Debt before: 1000.4, now: 899.9." in run(elsewhere, "ansible-playbook", *options, env=env)
    finally:
        run(elsewhere, python, str(server), "stop", "--run-dir", "run")
