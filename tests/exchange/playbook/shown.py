# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks whose output the tests read, and the callback that shows it."""

from __future__ import annotations

LOAN = "1794267532472646144"
HEAD = """
- hosts: localhost
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  module_defaults:
    treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", recv_window: 1000, settle_margin: 0}
  tasks:
"""
PLAYBOOK = f"""{HEAD}
    - name: Repay
      treasury.bybit.bybit_loan_repay:
        max_debt: "{{{{ item }}}}"
      loop: ["900.4", "900.4"]
"""
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "treasury.bybit.movements"}
TOLD = f"[localhost] Repaid 100 USDT on loan {LOAN} (repayment "
