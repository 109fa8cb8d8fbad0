# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a process relies on a wallet balance, and when the ID of a repayment is recorded."""

from __future__ import annotations

import pytest

# Between the two items, the account's owner withdraws money from the wallet.
WALLET = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    take_out: >-
      {{ ansible_playbook_python }} -c "import urllib.request as u;
      u.urlopen(u.Request('URL/sandbox/wallet', b'{\\"coin\\": \\"USDT\\", \\"balance\\": \\"50\\"}'))" && echo 200
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "{{ item }}"
        amount: "{{ 100 if item == '1794267532472646144' else (done is defined and done.attempts is defined) | ternary(200, lookup('pipe', take_out)) }}"
        since: "{{ lookup('pipe', 'date -u +%FT%TZ') }}"
        allow_partial: true
      loop: ["1794267532472646144", "1794288290015682560"]
      register: done
      until: done is succeeded
      retries: 1
      delay: 0
"""


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
def test_a_balance_that_fell_between_two_items_is_read_again(play, sandbox, paid, way) -> None:
    done = play(WALLET.replace("URL", sandbox.url), "-e", f"bybit_in_process={way}")
    assert done.returncode == 0
    assert sorted(paid(), key=float) == ["50", "100"]


LOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - treasury.bybit.bybit_loan_repay:
        order_id: "1794267532472646144"
        amount: "100"
        recv_window: 1000
        settle_margin: 2
      loop: [1, 2]
      timeout: 6
      ignore_errors: true
"""


@pytest.mark.parametrize("way", ["true", "false"], ids=["here", "module"])
def test_the_id_of_an_interrupted_repayment_is_known_to_the_next_run(play, sandbox, paid, way) -> None:
    """The exchange accepts with an ID. Then the first look at the history takes so long that the item times out."""
    sandbox.fault(history_delay_ms=60_000, debt_delay_ms=60_000)
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan/repayment-history", "skip": 1, "delay_ms": 8000})
    assert "Timed out" in play(LOOK, "-e", f"bybit_in_process={way}").stdout
    assert paid() == ["100"]
