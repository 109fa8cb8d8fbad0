# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killing only ansible-playbook leaves a module behind whose result nobody sees. The next run still pays nothing more."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from pathlib import Path

import pytest

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        recv_window: 2000
        settle_margin: 0
      register: repayment
    - copy:
        content: "{{ repayment | to_json }}"
        dest: result.json
      check_mode: false
"""


def is_unlocked(folder: Path) -> bool:
    (lock,) = [path for path in folder.glob("*.lock") if "_ltv_" not in path.name]
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("fault", [{"delay_answer_ms": 2000}, {"answer": "reset"}], ids=["accepted", "lost"])
def test_a_second_run_pays_nothing_after_only_the_playbook_was_killed(play, begin, sandbox, paid, until, tmp_path, signal_number: int, fault: dict) -> None:
    sandbox.fault(**fault)
    playbook = begin(PLAYBOOK)
    until(lambda: bool(paid()))
    os.kill(playbook.pid, signal_number)
    playbook.wait()
    until(lambda: is_unlocked(tmp_path / "state"))
    assert not (tmp_path / "result.json").exists()
    assert play(PLAYBOOK).returncode == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert paid() == ["100"]
    assert (result["outcome"], result["details"]["recovered"], result["amount"]) == ("executed", True, "100")
    assert result["repay_id"] == sandbox.repayments()[0]["repay_id"]
    # The result has been reported now, so another run is a new step.
    assert play(PLAYBOOK).returncode == 0
    assert paid() == ["100", "100"]
