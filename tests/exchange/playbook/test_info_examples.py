# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples in the documentation of the query modules run unchanged."""

from __future__ import annotations

import textwrap

from ansible_collections.treasury.bybit.plugins.modules import bybit_loan_info, bybit_loan_repayment_info

PLAY = """\
- name: Run the examples
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
"""


def as_play(examples: str) -> str:
    """Make a play of the examples, for the exchange that the environment names."""
    tasks = examples.replace("---\n", "", 1).replace("environment: testnet", "validate_certs: true")
    return PLAY + textwrap.indent(tasks, "    ")


def test_the_examples_of_loans_run(play, sandbox) -> None:
    ltv = sandbox.account()["ltv"]
    ended = play(as_play(bybit_loan_info.EXAMPLES), "-i", "localhost,")
    assert ended.returncode == 0, ended.stdout
    assert "'BTC': '0.02000034', 'ETH': '1.7345932', 'USDT': '13020." in ended.stdout
    assert f", LTV {ltv}" in ended.stdout
    repaid = [entry for entry in sandbox.account()["repayments"] if entry["origin"] == "api"]
    assert {detail["loan_id"] for entry in repaid for detail in entry["details"]} == {"571", "570", "568"}
    for loan_id in ("571", "570", "568"):
        assert f"changed: [localhost] => (item={loan_id}, " in ended.stdout


def test_the_examples_of_repayments_run(play) -> None:
    ended = play(as_play(bybit_loan_repayment_info.EXAMPLES), "-i", "localhost,")
    assert ended.returncode == 0, ended.stdout
    assert "ok=4 " in ended.stdout and "changed=0" in ended.stdout
