# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks that are repeated by `until`, by a rescue, or by a person pay once."""

from __future__ import annotations

import json
import re
import time

import pytest

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  module_defaults:
    group/treasury.bybit.bybit:
      recv_window: 1000
      settle_margin: 0
  tasks:
"""

UNTIL = """
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        wait_timeout: %(wait_timeout)d
      until: repayment is succeeded
      retries: 4
      delay: 1
      register: repayment
    - copy:
        content: "{{ repayment | to_json }}"
        dest: "%(dest)s"
      check_mode: false
"""

TWICE = """
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        since: %(since)s
      loop: [1, 2]
      register: repayments
    - debug:
        msg: "{{ repayments.results | map(attribute='outcome') | join(' ') }}"
"""

RESCUE = """
    - block:
        - treasury.bybit.bybit_loan_repay:
            order_id: "1794267532472646144"
            amount: "100"
            wait_timeout: 0
      rescue:
        - treasury.bybit.bybit_loan_repay:
            order_id: "1794267532472646144"
            amount: "100"
          register: repayment
        - debug:
            msg: "{{ repayment.outcome }} {{ repayment.details.recovered }}"
"""


@pytest.mark.parametrize(
    ("fault", "wait_timeout", "attempts", "recovered"),
    [
        ({"answer": "reset"}, 60, 1, True),
        ({"answer": "html_502", "commit": False}, 60, 2, False),
        ({"answer": "reset", "history_delay_ms": 2500}, 0, 4, True),
        ({"answer": "close", "arrive_after_ms": 700}, 0, 4, True),
        ({"answer": {"ret_code": 10016}}, 0, 4, False),
    ],
)
def test_until_and_retries_pay_once(
    play, sandbox, paid, tmp_path, fault: dict, wait_timeout: int, attempts: int, recovered: bool
) -> None:
    sandbox.fault(**fault)
    dest = tmp_path / "result.json"
    ended = play(PLAYBOOK + UNTIL % {"wait_timeout": wait_timeout, "dest": dest})
    assert ended.returncode == 0, ended.stdout
    repayment = json.loads(dest.read_text())
    assert 1 <= repayment["attempts"] <= attempts
    assert (attempts == 1) == (repayment["attempts"] == 1)
    assert paid() == ["100"]
    assert repayment["repay_id"] == sandbox.repayments()[0]["repay_id"]
    assert (repayment["changed"], repayment["outcome"], repayment["details"]["recovered"]) == (True, "executed", recovered)
    assert sum(r["committed"] for r in sandbox.requests()["requests"] if r["method"] == "POST") == 1
    assert not list(tmp_path.glob(".local"))


def test_retries_give_up_on_a_lasting_doubt_and_say_how_to_go_on(play, sandbox, paid, tmp_path) -> None:
    sandbox.control("DELETE", "requests")
    sandbox.fault(answer="reset", history_delay_ms=600_000)
    ended = play((PLAYBOOK + UNTIL % {"wait_timeout": 0, "dest": tmp_path / "result.json"}).replace("delay: 1", "delay: 0"))
    assert ended.returncode == 2
    assert (paid(), sandbox.requests()["counts"]["POST /v5/crypto-loan/repay"]) == (["100"], 1)
    [found] = set(re.findall(r"acknowledge: '([0-9a-f-]{36})'", ended.stdout))
    settled = (PLAYBOOK + UNTIL % {"wait_timeout": 0, "dest": tmp_path / "result.json"}).replace('"100"', '"30"')
    ended = play(settled.replace("wait_timeout: 0", f"acknowledge: {found}\n        wait_timeout: 0"))
    assert ended.returncode == 0, ended.stdout
    forgotten = json.loads((tmp_path / "result.json").read_text())
    assert (forgotten["changed"], forgotten["outcome"]) == (False, "nothing_to_do")
    assert "is discarded, because acknowledge names it. Nothing was sent now" in forgotten["msg"]
    assert paid() == ["100"]
    assert play(settled).returncode == 0
    assert sorted(paid()) == ["100", "30"]


def test_a_rescue_reports_the_repayment_whose_answer_was_lost(play, sandbox, paid) -> None:
    sandbox.fault(answer="close", history_delay_ms=300)
    ended = play(PLAYBOOK + RESCUE)
    assert ended.returncode == 0, ended.stdout
    assert '"executed True"' in ended.stdout
    assert paid() == ["100"]


def test_a_second_run_of_a_declarative_play_changes_nothing(play, sandbox, paid) -> None:
    sandbox.fault(answer="reset")
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    first, second = (play(PLAYBOOK + TWICE % {"since": since}) for dummy in range(2))
    assert first.returncode == second.returncode == 0, first.stdout + second.stdout
    assert "executed nothing_to_do" in first.stdout
    assert "nothing_to_do nothing_to_do" in second.stdout
    assert ("changed=1" in first.stdout, "changed=0" in second.stdout) == (True, True)
    assert paid() == ["100"]
