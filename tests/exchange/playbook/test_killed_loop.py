# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killing ansible-playbook in the middle of a loop leaves a worker behind. The next run must pay nothing twice."""

from __future__ import annotations

import os
import signal

import pytest

LOANS = {"1794267532472646144": "100", "1794300811046633472": "0.01", "1794288290015682560": "1"}
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "{{ item.id }}"
        amount: "{{ item.amount }}"
        recv_window: 2000
        settle_margin: 0
      loop:
%s
""" % "".join(f"        - {{id: '{name}', amount: '{amount}'}}\n" for name, amount in LOANS.items())


def workers(marker: str) -> list[int]:
    """Return the processes with a marker in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if marker.encode() in file.read():
                    found.append(int(name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_loop_pays_once_after_only_the_playbook_was_killed(play, begin, sandbox, paid, until, tmp_path, signal_number, way) -> None:
    sandbox.fault(delay_answer_ms=2000)
    playbook = begin(PLAYBOOK, "-e", f"bybit_in_process={way}")
    marker = f"BYBIT_JOURNAL={tmp_path}"
    until(lambda: bool(paid()), seconds=60)
    os.kill(playbook.pid, signal_number)
    playbook.wait()
    until(lambda: not workers(marker), seconds=60)
    done = play(PLAYBOOK, "-e", f"bybit_in_process={way}")
    assert done.returncode == 0
    assert sorted(paid()) == sorted(LOANS.values())


ONE = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "{{ lookup('pipe', 'touch MARK; sleep 3; echo 100') }}"
"""


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
def test_only_the_second_run_pays_if_the_playbook_was_killed_before_its_module_began(play, begin, sandbox, paid, until, tmp_path, way) -> None:
    """For example while a key is read from a vault, or between two attempts of until/retries."""
    mark = tmp_path / "mark"
    playbook = begin(ONE.replace("MARK", str(mark)), "-e", f"bybit_in_process={way}")
    until(mark.exists, seconds=60)
    os.kill(playbook.pid, signal.SIGKILL)
    playbook.wait()
    until(lambda: not workers(f"BYBIT_JOURNAL={tmp_path}"), seconds=60)
    assert play(ONE.replace("MARK", str(mark)), "-e", f"bybit_in_process={way}").returncode == 0
    assert paid() == ["100"]
