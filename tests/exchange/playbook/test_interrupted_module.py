# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever ends a run while a module runs as its own process, no file with the secret is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

SECRET = "NeedleOfAnInterruption0123456789"
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars_files: secrets.yml
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    bybit_in_process: false
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        api_secret: "{{ secret }}"
        recv_window: 2000
        settle_margin: 0
"""


@pytest.fixture
def folders(tmp_path, temporary, sandbox, roomy_seed) -> dict[str, str]:
    """Give the key another secret, and return an environment in which Ansible and the modules write to one folder only."""
    next(key for key in roomy_seed["accounts"][0]["keys"] if key["key"] == "sandbox-key")["secret"] = SECRET
    sandbox.control("PUT", "seed", roomy_seed)
    (tmp_path / "secrets.yml").write_text(f"secret: {SECRET}\n")
    names = ("HOME", "TMPDIR", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TMP", "ANSIBLE_ASYNC_DIR")
    env = {name: str(temporary / name.lower()) for name in names}
    for folder in env.values():
        Path(folder).mkdir()
    return {**env, "BYBIT_API_SECRET": ""}


def with_secret(folder: Path) -> list[str]:
    found = []
    for file in folder.rglob("*"):
        try:
            found += [str(file)] if file.is_file() and SECRET.encode() in file.read_bytes() else []
        except FileNotFoundError:
            # Other processes may delete files meanwhile.
            continue
    return found


@pytest.fixture
def interrupt(command, sandbox, paid, until, temporary, folders):
    """Send a signal to a playbook while its module waits for an answer. Return the files with the secret at that time and after all processes ended."""

    def call(playbook: str, signal_number: int, **env: str) -> tuple[list[str], list[str]]:
        sandbox.fault(delay_answer_ms=2500)
        how = command(playbook, env={**folders, **env})
        begun = subprocess.Popen(**how, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: bool(paid()))
        seen = with_secret(temporary)
        os.kill(begun.pid, signal_number)
        begun.wait()
        until(lambda: not left_processes(str(temporary)))
        return seen, with_secret(temporary)

    return call


def left_processes(folder: str) -> list[int]:
    """Return the running processes that have this folder in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if folder.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            # It belongs to another user, or ended.
            continue
    return found


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_file_holds_the_secret(interrupt, paid, signal_number: int) -> None:
    assert interrupt(PLAYBOOK, signal_number) == ([], [])
    assert paid() == ["100"]


@pytest.mark.parametrize(
    ("playbook", "env"),
    [(PLAYBOOK, {"ANSIBLE_KEEP_REMOTE_FILES": "1"}), (PLAYBOOK + "      async: 60\n      poll: 1\n", {})],
    ids=["keep", "async"],
)
def test_where_a_file_is_needed_it_is_found(interrupt, playbook: str, env: dict[str, str]) -> None:
    """The guide names these cases. They prove that the search above finds files."""
    seen, left = interrupt(playbook, signal.SIGKILL, **env)
    assert [file.rpartition("/")[2] for file in seen] == ["AnsiballZ_bybit_loan_repay.py"]
    # A task with async removes the file at its end.
    assert left == (seen if env else [])
