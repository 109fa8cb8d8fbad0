# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Ansible processes options: types, templates, defaults, and the environment.

The unit tests of the plugin util compare refusals and their messages option by option.
"""

from __future__ import annotations

CASES = {
    "refused": """
- treasury.bybit.bybit_loan_repay:
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", since: "2026-01-01", max_debt: "5"}
- treasury.bybit.bybit_loan_info: {product: [legacy, "légère"]}
- treasury.bybit.bybit_loan_repay: {order_id: {a: 1}, amount: {b: [1, null, 2.5]}}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "1", frequency: "often"}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "1", loan_id: "1", lock_timeout: 99999999}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ item }}"}
  loop: ["-1", "", "١٢", "100.123456789012345678901234567890"]
- treasury.bybit.bybit_loan_repay: {order_id: "löan ☃ 🐍", amount: "1"}
- treasury.bybit.bybit_loan_info: {api_url: "http://bücher.example"}
- treasury.bybit.bybit_loan_info: {loan_id: "a\\tb\\nc"}
""",
    "yaml_types": """
- treasury.bybit.bybit_loan_repay: {order_id: 1794267532472646144, amount: 100}
- treasury.bybit.bybit_loan_repay: {order_id: 1794267532472646144, amount: 10.5, wait: "yes", wait_timeout: "60"}
- treasury.bybit.bybit_loan_repay: {order_id: 1794267532472646144, amount: 0.1234567890123456789}
- treasury.bybit.bybit_loan_repay: {order_id: 1794267532472646144, amount: true}
- treasury.bybit.bybit_loan_repay: {order_id: 1794267532472646144, amount: .inf}
- treasury.bybit.bybit_loan_repay: {order_id: 1794267532472646144, amount: 2026-11-22}
- treasury.bybit.bybit_fixed_loan_repay: {loan_id: 570}
- treasury.bybit.bybit_loan_info: {ltv_above: 0.4, product: legacy}
""",
    "templates": """
vars:
  wanted: {order: "1794267532472646144", amounts: ["100", "50"]}
  nothing: null
tasks:
  - treasury.bybit.bybit_loan_repay:
      order_id: "{{ wanted.order }}"
      amount: "{{ wanted.amounts[1] }}"
      since: "{{ omit }}"
      max_debt: "{{ undefined_here | default(omit) }}"
      wait: "{{ 1 == 1 }}"
      wait_timeout: "{{ 30 + 30 }}"
  - treasury.bybit.bybit_loan_repay: {order_id: "{{ wanted.order }}", amount: "{{ nothing }}"}
  - treasury.bybit.bybit_loan_repay: {order_id: "{{ undefined_here }}", amount: "1"}
  - treasury.bybit.bybit_loan_repay: "{{ {'order_id': wanted.order, 'amount': '1'} }}"
  - treasury.bybit.bybit_loan_repay: order_id={{ wanted.order }} amount=3
  - treasury.bybit.bybit_loan_repay:
    args: {order_id: "{{ wanted.order }}", amount: "4"}
""",
    "module_defaults_of_the_group": """
module_defaults:
  group/treasury.bybit.bybit: {api_key: sandbox-key-second-account, recv_window: 1000}
tasks:
  - treasury.bybit.bybit_loan_info: {}
  - treasury.bybit.bybit_loan_repayment_info: {}
  - treasury.bybit.bybit_loan_info: {api_key: sandbox-key, product: [legacy]}
""",
    "module_defaults_of_one_module": """
module_defaults:
  treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "20", settle_margin: 0}
  group/treasury.bybit.bybit: {api_timeout: 7}
tasks:
  - treasury.bybit.bybit_loan_info: {product: [legacy]}
  - treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT}
  - treasury.bybit.bybit_fixed_loan_repay: {loan_id: "570"}
    check_mode: true
  - treasury.bybit.bybit_loan_repayment_info: {}
  - treasury.bybit.bybit_loan_repay: {}
  - treasury.bybit.bybit_loan_repay: {amount: "5"}
    module_defaults: {treasury.bybit.bybit_loan_repay: {order_id: "1", settle_margin: 0}}
  - bybit_loan_repay: {amount: "6"}
    collections: [treasury.bybit]
""",
    "the_environment_of_the_controller": """
- treasury.bybit.bybit_loan_info: {api_url: "", api_key: "", api_secret: ""}
- treasury.bybit.bybit_loan_info: {environment: mainnet}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "1", journal: ""}
""",
}
