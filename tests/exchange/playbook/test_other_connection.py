# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection plugin derived from the local one, which runs each command elsewhere: for example in a network namespace."""

from __future__ import annotations

PLUGIN = """
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = '''
name: netns
short_description: Runs commands in a network namespace
description: [Serves the tests.]
options: {}
'''


class Connection(Local):
    def exec_command(self, cmd, in_data=None, sudoable=True):
        return super().exec_command("BYBIT_API_KEY=sandbox-key-no-permission " + cmd, in_data=in_data, sudoable=sudoable)
"""
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  connection: netns
  vars:
    ansible_connection: netns
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_info: {}
"""


def test_a_connection_derived_from_the_local_one_is_used(play, sandbox, tmp_path) -> None:
    (tmp_path / "connection_plugins").mkdir()
    (tmp_path / "connection_plugins" / "netns.py").write_text(PLUGIN)
    env = {"ANSIBLE_CONNECTION_PLUGINS": str(tmp_path / "connection_plugins"), "ANSIBLE_PIPELINING": "1"}
    told = {way: play(PLAYBOOK, "-vvv", "-e", f"bybit_in_process={way}", env=env) for way in ("false", "true")}
    assert told["true"].returncode == told["false"].returncode
