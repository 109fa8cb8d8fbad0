# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real playbooks, run by ansible-playbook against a sandbox with a fresh book."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


@pytest.fixture
def command(sandbox, tmp_path) -> t.Callable[..., dict[str, t.Any]]:
    """Return the command for a playbook, given by its name in the collection or as text, with the sandbox's key in the environment."""

    def call(playbook: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, t.Any]:
        if "\n" in playbook:
            file = tmp_path / "playbook.yml"
            file.write_text(playbook)
            playbook = str(file)
        settings = {n: v for n, v in os.environ.items() if not n.startswith(("ANSIBLE_", "BYBIT_", "COVERAGE_"))}
        given = {
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "BYBIT_API_URL": sandbox.url,
            "BYBIT_API_KEY": "sandbox-key",
            "BYBIT_API_SECRET": "sandbox-secret",
            # Do not write to the home directory of whoever runs the tests.
            "BYBIT_JOURNAL": str(tmp_path / "state" / "journal.sqlite"),
        }
        return {
            "args": [str(ANSIBLE_PLAYBOOK), playbook, *arguments],
            "cwd": tmp_path,
            "env": {**settings, **given, **(env or {})},
            "text": True,
        }

    return call


@pytest.fixture
def play(command) -> t.Callable[..., subprocess.CompletedProcess]:
    """Run a playbook to its end."""

    def call(
        playbook: str, *arguments: str, env: dict[str, str] | None = None, **options: t.Any
    ) -> subprocess.CompletedProcess:
        how = command(playbook, *arguments, env=env)
        return subprocess.run(
            **how, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180, check=False, **options
        )

    return call


@pytest.fixture
def temporary() -> t.Iterator[Path]:
    """An empty folder for a playbook's TMPDIR. Its path is short, because Ansible creates sockets there, whose paths are limited to 107 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def begin(command, tmp_path) -> t.Callable[..., subprocess.Popen]:
    """Start a playbook and do not wait for it."""

    def call(playbook: str, *arguments: str) -> subprocess.Popen:
        with (tmp_path / "begun.log").open("w") as log:
            return subprocess.Popen(**command(playbook, *arguments), stdout=log, stderr=log)

    return call
