# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball for Galaxy: how to build it, what it must and must not contain, and a separate environment to test it in."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
THIS_PYTHON = "{0.major}.{0.minor}".format(sys.version_info)
INSTALLED = Path("home", ".ansible", "collections", "ansible_collections", "treasury", "bybit")
REQUIREMENTS = ("requirements.txt", "roles/sandbox/files/requirements.txt")

NEEDED = {
    "LICENSE",
    "LICENSES/GPL-3.0-or-later.txt",
    "README.md",
    "REUSE.toml",
    "changelogs/config.yaml",
    "extensions/execution-environment/execution-environment.yml",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "playbooks/demo.yml",
    "playbooks/repay.yml",
    "playbooks/tasks/check_variables.yml",
    "playbooks/tasks/one_cap.yml",
    "plugins/action/bybit.py",
    "plugins/callback/movements.py",
    "plugins/doc_fragments/connection.py",
    "plugins/module_utils/_engine/pay.py",
    "plugins/modules/bybit_loan_repay.py",
    "requirements.txt",
    "roles/sandbox/files/bybit_sandbox/__main__.py",
    "roles/sandbox/files/bybit_sandbox/page/page.css",
    "roles/sandbox/files/bybit_sandbox/page/page.html",
    "roles/sandbox/files/bybit_sandbox/page/page.js",
    "roles/sandbox/files/bybit_sandbox/seed.json",
    "roles/sandbox/files/pyproject.toml",
    "roles/sandbox/files/requirements.txt",
    "roles/sandbox/files/sandbox.py",
    "roles/sandbox/meta/argument_specs.yml",
    "roles/sandbox/tasks/start.yml",
    "roles/sandbox/tasks/stop.yml",
    # The tests that ansible-test runs, and the files that they read.
    "tests/config.yml",
    "tests/documented/README.md",
    "tests/integration/targets/bybit_loan_repay/tasks/main.yml",
    "tests/postgres/__init__.py",
    "tests/unit/plugins/test_arguments.py",
}
# Files that only serve development in the checkout.
UNWANTED_PARTS = {".ansible", ".cache", ".ci", ".coverage", ".git", ".pytest_cache", ".venv", "__pycache__", "build", "tools"}
# With only the collection, one can run the tests of ansible-test; the other tests need the checkout.
UNWANTED_PATHS = (
    "extensions/molecule/",
    "tests/browser.py",
    *(f"tests/{name}/" for name in ("benchmark", "checkout", "docs", "exchange", "faults", "install", "markets", "stepping")),
)
# ansible-galaxy adds these two files.
_WRITTEN = {"MANIFEST.json", "FILES.json"}


def known_files(tree: Path) -> set[str]:
    """Return the files that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    return {name for name in listed if name and (tree / name).is_file()}


def build(tree: Path, folder: Path) -> Path:
    """Build the tarball of a tree in a folder that does not have one yet."""
    command = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(folder)]
    subprocess.run(command, cwd=tree, stdout=subprocess.DEVNULL, check=True)
    [file] = folder.glob("*.tar.gz")
    return file


def names_in(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def contents_amiss(names: set[str], known: set[str]) -> list[str]:
    """Return what is missing from a tarball, and what does not belong in it."""
    return [
        *(f"{name} is missing" for name in sorted(NEEDED - names)),
        *(f"{name} is not known to git" for name in sorted(names - known - _WRITTEN)),
        *(f"{name} only serves development" for name in sorted(names) if UNWANTED_PARTS & set(Path(name).parts) or name.startswith(UNWANTED_PATHS)),
    ]


def install(tarball: Path, folder: Path) -> None:
    """Install a tarball in an environment that has only Ansible and the packages of the requirement files."""
    venv.create(folder / "venv", with_pip=True)
    core = subprocess.run(
        [sys.executable, "-c", "from ansible.release import __version__ as v; print(v)"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, f"ansible-core=={core}"], check=True)
    run(folder, "ansible-galaxy", "collection", "install", "--offline", str(tarball))
    subprocess.run([*pip, *(f"--requirement={folder / INSTALLED / name}" for name in REQUIREMENTS)], check=True)


def run(folder: Path, *command: str, env: dict[str, str] | None = None, code: int = 0) -> str:
    """Run a command of the separate environment, outside the checkout and with its own home directory."""
    bin_folder = folder / "venv" / "bin"
    (folder / "home").mkdir(exist_ok=True)
    settings = {n: v for n, v in os.environ.items() if not n.startswith(("ANSIBLE_", "BYBIT_", "COVERAGE_", "PYTHON"))}
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
    if ended.returncode != code:
        raise AssertionError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}")
    return ended.stdout
