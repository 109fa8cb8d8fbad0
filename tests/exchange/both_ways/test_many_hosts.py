# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts at once, each with its own key and items: each host pays exactly its own loans."""

from __future__ import annotations

import json

import pytest
from two_ways.running import IN_PROCESS, MODULE, Controller

PLAYBOOK = """
- name: Repay
  hosts: all
  gather_facts: false
  strategy: {strategy}
  tasks:
    - name: Repay
      treasury.bybit.bybit_loan_repay:
        api_key: "key-{{{{ number }}}}"
        api_secret: "secret-{{{{ number }}}}"
        order_id: "{{{{ order_id }}}}"
        amount: "{{{{ number }}}}.{{{{ item }}}}"
        recv_window: 20000
      loop: {items}
      register: told
    - name: Look
      treasury.bybit.bybit_loan_repayment_info:
        api_key: "key-{{{{ number }}}}"
        api_secret: "secret-{{{{ number }}}}"
        product: [legacy]
      register: seen
    - assert:
        that: seen.repayments | map(attribute='amount') | sort == told.results | map(attribute='amount') | sort
"""


@pytest.mark.parametrize(
    ("way", "strategy", "hosts", "items"),
    [(IN_PROCESS, "linear", 20, 5), (IN_PROCESS, "free", 20, 5), (MODULE, "free", 3, 2)],
)
def test_each_host_pays_exactly_its_own_loans(
    tmp_path, exchange, names, roomy, way: str, strategy: str, hosts: int, items: int
) -> None:
    seed = json.loads(json.dumps(roomy))
    loan = {
        "loan_coin": "USDT", "collateral_coin": "BTC", "principal": "1000", "collateral": "1", "hourly_rate": "0",
        "borrowed_at": "-3d",
    }
    orders = {number: f"17{number:017d}" for number in range(1, hosts + 1)}
    seed["accounts"] = [
        {
            "uid": str(9000 + number),
            "name": f"Account {number}",
            "wallet": {"USDT": "1000"},
            "keys": [{"key": f"key-{number}", "secret": f"secret-{number}", "permissions": ["SpotTrade", "Wallet"]}],
            "loans": [{**loan, "order_id": order_id}],
        }
        for number, order_id in orders.items()
    ]
    book = names.client(exchange(seed))
    controller = Controller(tmp_path / "run", book.url, way)
    controller.folder.mkdir()
    common = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    own = [f"host{number} number={number} order_id='\"{order_id}\"'" for number, order_id in orders.items()]
    (controller.folder / "hosts").write_text("".join(f"{line} {common}\n" for line in own))
    playbook = PLAYBOOK.format(strategy=strategy, items=list(range(1, items + 1)))
    told = controller.play(playbook, "-i", "hosts", "--forks", "20")
    assert told.status == 0, told.printed
    assert (told.here, told.there) == ((hosts * (items + 1), 0) if way == IN_PROCESS else (0, hosts * (items + 1)))
    paid = [sorted(entry["amount"] for entry in account["repayments"]) for account in book.state()["accounts"]]
    assert paid == [[f"{number}.{item}" for item in range(1, items + 1)] for number in orders]
