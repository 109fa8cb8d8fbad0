# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timeout of a task ends a policy in the middle of several repayments: the next run reports those, and pays only the rest."""

from __future__ import annotations

import base64
import json
import re

import pytest
from shown import ENABLED

LOANS = {"1794267532472646144": "100", "1793683005081680384": "200", "1794288290015682560": "300"}
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    rules:
RULES
  module_defaults:
    treasury.bybit.bybit_loan_policy: {mode: apply, rules: "{{ rules }}", recv_window: 1000, settle_margin: 0}
  tasks:
    - name: Run out of time
      treasury.bybit.bybit_loan_policy:
      timeout: "{{ seconds }}"
      ignore_errors: true
      register: cut_off

    - name: Go on
      treasury.bybit.bybit_loan_policy:
      register: told

    - name: Keep
      treasury.bybit.bybit_loan_policy:
      register: kept

    - name: Show
      ansible.builtin.debug:
        msg: "TOLD {{ [cut_off, told, kept] | to_json | b64encode }} END"
""".replace("RULES\n", "".join(
    f'      - {{name: "{amount} a month", loans: {{product: legacy, id: "{loan}", coin: USDT}}, installment: {{amount: "{amount}", per: month}}}}\n'
    for loan, amount in LOANS.items()
))


@pytest.mark.parametrize(
    ("way", "at", "seconds"),
    # A separate process needs more time to begin.
    [("true", 2, 5), ("true", 3, 5), ("false", 2, 8)],
    ids=["here at the second", "here at the last", "module at the second"],
)
def test_the_next_run_reports_what_was_moved_and_pays_the_rest(play, sandbox, paid, way: str, at: int, seconds: int) -> None:
    sandbox.fault(delay_answer_ms=9000, skip=at - 1)
    shown = play(PLAYBOOK, "-e", f"bybit_in_process={way}", "-e", f"seconds={seconds}", env=ENABLED).stdout
    assert sorted(paid()) == sorted(LOANS.values())
    cut_off, told, kept = json.loads(base64.b64decode(re.findall(r"TOLD (\S+) END", shown)[0]))
    assert "operations" not in cut_off and cut_off["timedout"]
    moved, rest = list(LOANS.items())[:at], list(LOANS.items())[at:]
    ids = {entry["repay_id"]: (entry["order_id"], entry["amount"]) for entry in sandbox.account()["repayments"]}
    assert sorted(ids[entry["repay_id"]] for entry in told["earlier"]) == sorted(moved)
    assert [(entry["move"], entry["outcome"]) for entry in told["earlier"]] == [("repay", "executed")] * at
    assert [ids[entry["id"]] for entry in told["operations"]] == rest
    assert (told["changed"], {rule["state"] for rule in told["rules"]}) == (True, {"reached"})
    assert (kept["changed"], kept["earlier"], kept["operations"]) == (False, [], [])
    done = f"done={sum(int(amount) for dummy, amount in rest)}  " if rest else ""
    assert f"localhost                  : USDT repaid:  {done}recovered={sum(int(amount) for dummy, amount in moved)}\n" in shown
