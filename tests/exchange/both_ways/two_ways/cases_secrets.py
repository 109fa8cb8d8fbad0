# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets wherever they could get into a result, an error, or an invocation."""

from __future__ import annotations

# They come from the environment, so that no line of the playbook that Ansible quotes shows them.
_TEXTS = {
    "secrets_as_options": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "1", api_secret: "{{ secret }}"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", product: [fixed]}
- treasury.bybit.bybit_loan_repayment_info: {api_secret: "{{ secret }}", loan_currency: ETH}
- treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, amount: "1", api_secret: "{{ secret }}"}
- treasury.bybit.bybit_fixed_loan_repay: {loan_id: "570", api_secret: "{{ secret }}"}
""",
    "secrets_that_are_refused": """
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}x"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }} "}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", rsa_private_key: "{{ secret }}"}
- treasury.bybit.bybit_loan_info: {api_key: "{{ secret }}", api_secret: "{{ secret }}"}
- treasury.bybit.bybit_loan_info: {api_secret: "", rsa_private_key: "/nowhere/{{ secret }}"}
""",
    "secrets_in_other_options": """
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", environment: "{{ secret }}"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", product: ["{{ secret }}"]}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", recv_window: "{{ secret }}"}
- treasury.bybit.bybit_loan_repay: {api_secret: "{{ secret }}", order_id: "{{ secret }}", amount: "1"}
- treasury.bybit.bybit_loan_repay: {api_secret: "{{ secret }}", order_id: "1794267532472646144", amount: "{{ secret }}"}
- treasury.bybit.bybit_loan_repay: {api_secret: "{{ secret }}", order_id: "1794267532472646144", journal: "/proc/{{ secret }}", amount: "1"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ [secret, secret] }}"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", ca_path: "/nowhere/{{ secret }}"}
""",
    "secrets_in_addresses": """
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", api_url: "http://user:{{ secret }}@127.0.0.1:1"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", api_url: "https://127.0.0.1:1/{{ secret }}", validate_certs: false}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", api_url: "ftp://{{ secret }}"}
- treasury.bybit.bybit_loan_info: {api_secret: 127.0.0.1, api_url: "https://127.0.0.1:2", validate_certs: false}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", api_url: "http://{{ secret }}.example"}
""",
    "secrets_told_by_the_exchange": """
- stand_in:
    path: faults
    body: {path: /v5/crypto-loan/ongoing-orders, answer: {ret_code: 10004, ret_msg: "your secret is {{ secret }}"}, times: 0}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", product: [legacy]}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}"}
- treasury.bybit.bybit_loan_repay: {api_secret: "{{ secret }}", order_id: "1794267532472646144", amount: "1"}
""",
    "no_log_tasks": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "1", api_secret: "{{ secret }}"}
  no_log: true
  register: told
- debug: {msg: "{{ told.outcome }} {{ told.repay_id }}"}
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", environment: "{{ secret }}"}
  no_log: true
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", environment: "{{ item }}"}
  no_log: true
  loop: ["x{{ secret }}x", testnet]
- treasury.bybit.bybit_loan_info: {api_secret: "{{ secret }}", product: [legacy]}
  no_log: false
""",
    "one_item_knows_no_secret_of_another": """
- treasury.bybit.bybit_loan_info:
    api_secret: "{{ [secret, 'usdt', secret][item] }}"
    loan_currency: "{{ ['usdt', 'USDT', 'usdc'][item] }}"
  loop: [0, 1, 2]
""",
}
# Each task in these fails.
FAILURES = ("secrets_that_are_refused", "secrets_in_other_options", "secrets_told_by_the_exchange")
_VARIABLES = """
vars:
  secret: "{{ lookup('env', 'NEEDLE') }}"
module_defaults:
  group/treasury.bybit.bybit: {recv_window: 1000}
tasks:
"""
CASES = {
    name: _VARIABLES + "".join(f"  {line}\n" for line in text.strip("\n").splitlines()) for name, text in _TEXTS.items()
}
