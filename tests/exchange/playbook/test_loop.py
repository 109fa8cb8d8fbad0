# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A loop of repayments at the exchange's own rate limits: one after the other, and without needless reads."""

from __future__ import annotations

import collections
import json
import re

LOOP = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Repay
      treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "{{ item }}"
      loop: ["1", "2", "3", "4"]
      register: repaid

    - name: Tell
      ansible.builtin.debug:
        msg: "RETRIES {{ repaid.results | map(attribute='details.gate_retries') | list | to_json }}"
"""


def test_a_loop_keeps_to_the_limit(sandbox, default_seed, play) -> None:
    sandbox.control("PUT", "seed", default_seed)
    old = {entry["repay_id"] for entry in sandbox.repayments()}
    sandbox.control("DELETE", "requests")
    played = play(LOOP)
    assert played.returncode == 0, played.stdout
    assert sorted(e["amount"] for e in sandbox.repayments() if e["repay_id"] not in old) == ["1", "2", "3", "4"]
    requests = sandbox.requests()["requests"]
    sent = [request["time"] for request in requests if request["method"] == "POST"]
    assert all(later - earlier >= 1000 for earlier, later in zip(sent, sent[1:]))
    retries = json.loads(re.search(r"RETRIES (\[.*\])", played.stdout)[1].replace('\\"', '"'))
    assert [each["rate_limits"] for each in retries] == [0, 0, 0, 0]
    counts = collections.Counter(f"{request['method']} {request['path'].rpartition('/')[2]}" for request in requests)
    # A repayment that is read within the millisecond of its execution is read once more.
    assert 8 <= counts.pop("GET repayment-history") <= 12
    assert counts == {
        "GET ongoing-orders": 8, "POST repay": 4,
        # Facts that do not change between items are read once.
        "GET query-api": 1, "GET loanable-data": 1, "GET query-account-coin-balance": 1,
    }
