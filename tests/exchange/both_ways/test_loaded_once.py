# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules' imports happen once, before Ansible forks its workers."""

from __future__ import annotations

from two_ways.running import IN_PROCESS, Controller

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - treasury.bybit.bybit_loan_info: {product: [fixed]}
    - treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, amount: "1"}
"""
NEEDED = (
    "requests",
    "urllib3",
    "ansible.module_utils.basic",
    "ansible_collections.treasury.bybit.plugins.module_utils._info.loans",
    "ansible_collections.treasury.bybit.plugins.module_utils._engine.run",
)
WATCH = """
import os
import sys


def watch(event, given):
    if event == "import":
        with open(os.environ["WATCH_FILE"], "a") as file:
            file.write(f"{os.getpid()} {given[0]}\\n")


sys.addaudithook(watch)
"""


def test_everything_is_imported_before_the_fork(tmp_path, exchange, roomy) -> None:
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    seen = tmp_path / "imports"
    controller = Controller(tmp_path / "here", exchange(roomy), IN_PROCESS)
    process = controller.start(PLAYBOOK, PYTHONPATH=str(tmp_path / "watch"), WATCH_FILE=str(seen))
    told = controller.end(process)
    assert told.status == 0, told.printed
    assert told.here == 2
    imports = {(int(pid), name) for pid, name in map(str.split, seen.read_text().splitlines())}
    for name in NEEDED:
        assert {pid for pid, imported in imports if imported == name} == {process.pid}
    # A worker reads the action that it is told to run, and the action reads one more file.
    in_workers = {name for pid, name in imports if pid != process.pid and "bybit" in name}
    assert in_workers == {"ansible_collections.treasury.bybit.plugins.plugin_utils._eligible"}
    assert len([name for pid, name in imports if pid != process.pid]) < 10
