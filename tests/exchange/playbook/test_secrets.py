# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is shown anywhere, however a run ends and however verbose it is."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

SECRET = "NeedleNeedleNeedle0123456789"
# The shell through which Ansible pipes a module to Python.
MODULE_PROCESS = f"/bin/sh\0-c\0{sys.executable}".encode()

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars_files: secrets.yml
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  module_defaults:
    group/treasury.bybit.bybit:
      api_key: sandbox-key
      order_id: "1794267532472646144"
      amount: "1"
  tasks:
    - name: Succeed
      treasury.bybit.bybit_loan_repay:
        api_secret: "{{ secret }}"

    - name: Be refused after signing with a secret that is not the key's
      treasury.bybit.bybit_loan_repay:
        api_secret: "{{ secret }}x"
      ignore_errors: true

    - name: Have a secret that cannot be used
      treasury.bybit.bybit_loan_repay:
        api_secret: "{{ secret }} "
      ignore_errors: true

    - name: Give two secrets
      treasury.bybit.bybit_loan_repay:
        api_secret: "{{ secret }}"
        rsa_private_key: "{{ private_key }}"
      ignore_errors: true

    - name: Give a secret where the key belongs
      treasury.bybit.bybit_loan_repay:
        api_key: "{{ secret }}"
        api_secret: "{{ secret }}"
      ignore_errors: true

    - name: Miss an option
      treasury.bybit.bybit_loan_repay:
        api_secret: "{{ secret }}"
        order_id: "{{ omit }}"
      ignore_errors: true

    - name: Succeed with a private key
      treasury.bybit.bybit_loan_repay:
        api_key: sandbox-rsa-key
        rsa_private_key: "{{ private_key }}"

    - name: Succeed with a private key in a file
      treasury.bybit.bybit_loan_repay:
        api_key: sandbox-rsa-key
        rsa_private_key: "{{ playbook_dir }}/key.pem"

    - name: Have a damaged private key
      treasury.bybit.bybit_loan_repay:
        rsa_private_key: "{{ private_key[:-100] }}"
      ignore_errors: true

    - name: Be left in doubt
      treasury.bybit.bybit_loan_repay:
        api_secret: "{{ secret }}"
        api_timeout: 1
        wait_timeout: 0
      register: last
      ignore_errors: true

    - name: That was the end
      ansible.builtin.assert:
        that: last.outcome == 'unknown'
"""


class ProcessList(threading.Thread):
    """Reads the command lines of all processes repeatedly."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.02):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(file.read_bytes())
                except OSError:
                    # The process ended after the folder was listed.
                    continue

    def end(self) -> bytes:
        self._ended.set()
        self.join()
        return b"\n".join(self.seen)


@pytest.mark.parametrize("verbosity", ["-v", "-vvvv"])
@pytest.mark.parametrize(("in_process", "seen"), [("true", b"ansible-playbook"), ("false", MODULE_PROCESS)])
def test_no_secret_is_seen(
    play, sandbox, roomy_seed, rsa_keys, temporary, tmp_path, verbosity: str, in_process: str, seen: bytes
) -> None:
    next(key for key in roomy_seed["accounts"][0]["keys"] if key["key"] == "sandbox-key")["secret"] = SECRET
    sandbox.control("PUT", "seed", roomy_seed)
    path = "/v5/crypto-loan/repay"
    fault = {"method": "POST", "path": path, "skip": 3, "delay_answer_ms": 1500, "answer": "close", "commit": False}
    sandbox.control("POST", "faults", fault)
    (tmp_path / "secrets.yml").write_text(json.dumps({"secret": SECRET, "private_key": rsa_keys.private_pem}))
    (tmp_path / "key.pem").write_text(rsa_keys.private_pem)
    home = temporary
    processes = ProcessList()
    processes.start()
    env = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "BYBIT_API_SECRET": "",
        "BYBIT_IN_PROCESS": in_process,
        "BYBIT_JOURNAL": str(home / "state" / "journal.sqlite"),
        "ANSIBLE_LOG_PATH": str(home / "log"),
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
    }
    ended = play(PLAYBOOK, "--diff", verbosity, env=env)
    commands = processes.end()
    assert ended.returncode == 0, ended.stdout
    assert "failed=0" in ended.stdout
    assert ended.stdout.count("...ignoring") == 7
    assert ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in ended.stdout) == (verbosity == "-vvvv")
    assert seen in commands

    left = {str(file): file.read_bytes() for file in home.rglob("*") if file.is_file()}
    assert str(home / "log") in left
    assert [name for name in left if name == str(home / "state" / "journal.sqlite")]
    places = {"output": ended.stdout.encode(), "process list": commands, **left}
    needles = [SECRET, *(line for line in rsa_keys.private_pem.splitlines() if "-----" not in line)]
    assert len(needles) > 20
    found = [(place, needle) for place, text in places.items() for needle in needles if needle.encode() in text]
    assert found == []
