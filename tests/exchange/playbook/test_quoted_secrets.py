# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in foreign texts that messages quote: an answer of the exchange, and unusable URLs."""

from __future__ import annotations

import json

import pytest

KEY = "NeedleOfTheKey0123456789"
# What a program may take for part of the host, and the text before and after it.
PASSWORDS = ["Needle/Needle", "Needle#Needle", "Needle@Needle", "Needle%2FNeedle", "1234/Needle", "Needle?Needle"]
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Have a message of the exchange cut in the middle of the key
      treasury.bybit.bybit_loan_info: {product: flexible}
      register: cut
      ignore_errors: true

    - name: That was the one
      ansible.builtin.assert: {that: cut.failure.ret_code == 10004}

    - name: Have a URL that cannot be used
      treasury.bybit.bybit_loan_info: {product: flexible, api_url: "{{ lookup('ansible.builtin.env', 'WRONG') }}"}
      ignore_errors: true
      register: wrong

    - name: That was refused
      ansible.builtin.assert: {that: "wrong.msg.startswith('api_url ')"}

    - name: Have a proxy that cannot be used
      treasury.bybit.bybit_loan_info: {product: flexible, api_url: "https://api.bybit.invalid"}
      ignore_errors: true
      register: proxied

    - name: That was not reached
      ansible.builtin.assert: {that: "'NO_PROXY' in proxied.msg"}
"""


@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_no_secret_is_quoted(play, sandbox, roomy_seed, tmp_path, number: int) -> None:
    next(key for key in roomy_seed["accounts"][0]["keys"] if key["key"] == "sandbox-key")["key"] = KEY
    sandbox.control("PUT", "seed", roomy_seed)
    message = f"error sign! {'w' * (265 + 3 * number)} origin_string[{KEY}5000] and more"
    sandbox.control("POST", "faults", {"method": "GET", "times": 0, "answer": {"ret_code": 10004, "ret_msg": message}})
    url = f"treasurer:{PASSWORDS[number]}@127.0.0.1:1"
    env = {
        "BYBIT_API_KEY": KEY,
        "BYBIT_IN_PROCESS": "false" if number % 2 else "true",
        "WRONG": ["https://", "https:/", "", "https//", "http://", "ftp://"][number] + url,
        "HTTPS_PROXY": f"http://{url}",
        "https_proxy": f"http://{url}",
        "NO_PROXY": "",
        "no_proxy": "",
        "ANSIBLE_LOG_PATH": str(tmp_path / "log"),
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
    }
    ended = play(PLAYBOOK, "-vvv", env=env)
    assert (ended.returncode, ended.stdout.count("...ignoring")) == (0, 3), ended.stdout
    for place in (ended.stdout, (tmp_path / "log").read_text()):
        assert "Needle" not in json.dumps(place)
        assert "treasurer" not in place.replace("treasury", "")
