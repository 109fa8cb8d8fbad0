# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key in the keyword `environment` would be part of a command line: it is refused before anything else, wherever it is set."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

SECRET = "NeedleOfTheEnvironment0123456789"
HEAD = """
- hosts: localhost
  gather_facts: false
  vars_files: secrets.yml
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    wanted: {BYBIT_API_SECRET: "{{ secret }}"}
"""
REPAY = 'treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100"}'
INFO = "treasury.bybit.bybit_loan_info:"
PLAYS = {
    "play": '  environment: {BYBIT_API_SECRET: "{{ secret }}"}\n  tasks:\n    - %s',
    "block": '  tasks:\n    - block:\n        - %s\n      environment: {BYBIT_API_SECRET: "{{ secret }}"}',
    "task": '  tasks:\n    - %s\n      environment: {BYBIT_API_SECRET: "{{ secret }}"}',
    "variable": '  tasks:\n    - %s\n      environment: "{{ wanted }}"',
    "loop": '  tasks:\n    - %s\n      environment: {BYBIT_API_SECRET: "{{ lookup(\'ansible.builtin.vars\', item) }}"}\n      loop: [secret]',
    "role": '  roles:\n    - {role: repaying, environment: {BYBIT_API_SECRET: "{{ secret }}"}}\n',
}


def command_lines(ended: threading.Event, seen: set[bytes]) -> None:
    """Collect the command lines of all processes during a test."""
    while not ended.wait(0.02):
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(file.read_bytes())
            except OSError:
                # The process ended after the folder was listed.
                continue


@pytest.fixture
def refused(play, sandbox, tmp_path):
    """Run a playbook, and return its output. Assert that nothing was sent and the secret was shown nowhere."""
    (tmp_path / "secrets.yml").write_text(f"secret: {SECRET}\nkey_text: |\n  -----BEGIN PRIVATE KEY-----\n  {SECRET}\n  -----END PRIVATE KEY-----\n")

    def call(text: str, *arguments: str, **env: str) -> str:
        sandbox.control("DELETE", "requests")
        ended, seen = threading.Event(), set()
        looking = threading.Thread(target=command_lines, args=(ended, seen), daemon=True)
        looking.start()
        played = play(HEAD + text, *arguments, env={"ANSIBLE_LOG_PATH": str(tmp_path / "log"), **env})
        ended.set()
        looking.join()
        commands = b"\n".join(seen)
        assert played.returncode == 2, played.stdout
        assert b"ansible-playbook" in commands
        assert SECRET.encode() not in commands
        assert SECRET not in played.stdout
        assert SECRET not in (tmp_path / "log").read_text()
        assert sandbox.requests()["counts"] == {}
        return played.stdout

    return call


@pytest.mark.parametrize(("level", "task"), [*((level, REPAY) for level in PLAYS), ("task", INFO)])
def test_it_is_refused_at_every_level(refused, tmp_path, level: str, task: str) -> None:
    if level == "role":
        tasks = tmp_path / "roles" / "repaying" / "tasks" / "main.yml"
        tasks.parent.mkdir(parents=True)
        tasks.write_text(f"- {task}\n")
    shown = refused(PLAYS[level] if level == "role" else PLAYS[level] % task, "-vvv")
    assert (
        "The keyword environment sets BYBIT_API_SECRET, which Ansible would write to a command line that every user of the machine can read, and show at "
        "-vvv: set the option api_secret from a vault instead, or export BYBIT_API_SECRET before you start ansible-playbook."
    ) in shown


@pytest.mark.parametrize(
    ("variable", "value", "option"),
    [("BYBIT_API_KEY", "{{ secret }}", "api_key"), ("BYBIT_RSA_PRIVATE_KEY", "{{ key_text }}", "rsa_private_key")],
)
def test_each_part_of_a_key_is_refused(refused, variable: str, value: str, option: str) -> None:
    shown = refused(f"  environment:\n    {variable}: \"{value}\"\n  tasks:\n    - {REPAY}\n      async: 60\n      poll: 1")
    assert f"The keyword environment sets {variable}, " in shown
    assert f"set the option {option} from a vault instead" in shown


@pytest.mark.parametrize(
    "environment", ['BYBIT_API_SECRET: ""', "BYBIT_RSA_PRIVATE_KEY: /nowhere/key.pem", "BYBIT_API_URL: http://127.0.0.1:1", "OTHER: x"]
)
def test_other_variables_reach_the_module(play, tmp_path, environment: str) -> None:
    (tmp_path / "secrets.yml").write_text("secret: none\n")
    shown = play(f"{HEAD}  environment: {{{environment}}}\n  tasks:\n    - {INFO}\n").stdout
    reached = {
        "BYBIT_API_SECRET": "api_secret", "BYBIT_RSA_PRIVATE_KEY": "rsa_private_key", "BYBIT_API_URL": "127.0.0.1:1", "OTHER": "failed=0",
    }
    assert "which Ansible would write into a command line" not in shown
    assert reached[environment.partition(":")[0]] in shown
