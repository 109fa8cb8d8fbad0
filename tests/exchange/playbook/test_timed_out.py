# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in a separate process survives the timeout of its task, and nobody reads its result."""

from __future__ import annotations

import pytest

LOOP = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        recv_window: 1000
        settle_margin: 0
      loop: [1, 2]
      timeout: 4
      ignore_errors: true
      register: done
    - ansible.builtin.debug:
        msg: "{{ done.results | map(attribute='details.recovered', default='none') }}"
"""


@pytest.mark.parametrize("way", ["false", "true"], ids=["module", "here"])
@pytest.mark.parametrize("delay", [5000, 5800])
def test_the_next_run_reports_a_task_that_timed_out(play, sandbox, paid, way, delay) -> None:
    sandbox.fault(delay_answer_ms=delay)
    done = play(LOOP, "-e", f"bybit_in_process={way}")
    assert "Timed out" in done.stdout
    assert paid() == ["100"]


TASKS = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  module_defaults:
    treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100", recv_window: 1000, settle_margin: 0}
  tasks:
    - treasury.bybit.bybit_loan_repay:
      timeout: 4
      ignore_errors: true
    - treasury.bybit.bybit_loan_repay:
"""


@pytest.mark.parametrize("way", ["false", "true"], ids=["apart", "here"])
def test_the_next_task_reports_it(play, sandbox, paid, way) -> None:
    sandbox.fault(delay_answer_ms=5000)
    done = play(TASKS, "-e", f"bybit_in_process={way}")
    assert "Timed out" in done.stdout
    assert paid() == ["100"]
