# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that times out while lists are read in parallel."""

from __future__ import annotations

import time

import pytest

INFO = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_info: {}
      timeout: 2
      ignore_errors: true
      loop: [1, 2]
    - ansible.builtin.debug:
        msg: the end
"""


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
def test_a_query_ends_when_its_time_is_over(play, sandbox, way) -> None:
    """Two of the three lists that are read in parallel must wait for the exchange's rate limit."""
    reset_ms = (time.time_ns() // 1_000_000) + 29_000
    answer = {"ret_code": 10006, "ret_msg": "Too many visits", "headers": {"X-Bapi-Limit-Reset-Timestamp": str(reset_ms)}}
    for path in ("/v5/crypto-loan-flexible/ongoing-coin", "/v5/crypto-loan-fixed/borrow-contract-info"):
        sandbox.control("POST", "faults", {"method": "GET", "path": path, "answer": answer, "commit": False})
    begun = time.monotonic()
    done = play(INFO, "-e", f"bybit_in_process={way}", env={"ANSIBLE_CALLBACKS_ENABLED": "profile_tasks"})
    assert "Timed out after 2 second(s)" in done.stdout
    assert time.monotonic() - begun < 15
