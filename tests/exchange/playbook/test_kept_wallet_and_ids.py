# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process believes of the wallet, and when the id of a repayment reaches the disk."""

from __future__ import annotations

import pytest

# Between the two items, the owner of the account takes money out of the wallet.
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
def test_what_can_be_paid_is_paid(play, sandbox, paid, way) -> None:
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
def test_an_id_that_was_given_is_known_to_the_next_run(play, sandbox, paid, way) -> None:
    """The exchange accepts and gives an id; the first look at the history then takes long, and the time of the item is over."""
    sandbox.fault(history_delay_ms=60_000, debt_delay_ms=60_000)
    sandbox.control("POST", "faults", {"method": "GET", "path": "/v5/crypto-loan/repayment-history", "skip": 1, "delay_ms": 8000})
    assert "Timed out" in play(LOOK, "-e", f"bybit_in_process={way}").stdout
    assert paid() == ["100"]
