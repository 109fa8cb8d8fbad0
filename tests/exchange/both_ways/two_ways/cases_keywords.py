# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks do with modules: loops, conditions, blocks, handlers, hosts, and strategies."""

from __future__ import annotations

_INFO = "{product: [fixed], loan_currency: ETH}"

CASES = {
    "loop_goes_on_after_a_failure": """
- treasury.bybit.bybit_loan_repay: {order_id: "{{ item }}", amount: "10"}
  loop: ["1", "1794267532472646144", "löan"]
  register: told
- debug: {var: told}
""",
    "warnings_of_one_item": """
- treasury.bybit.bybit_loan_repay: {order_id: "{{ item }}", max_debt: "0", at_most: "1", allow_partial: true}
  loop: ["1793120457719046144", "1794267532472646144", "1793569729874260992"]
  register: told
- debug: {var: told}
""",
    "options_of_one_item": """
- treasury.bybit.bybit_loan_info:
    product: "{{ item.product | default(omit) }}"
    ltv_above: "{{ item.ltv_above | default(omit) }}"
    environment: "{{ item.environment | default(omit) }}"
  loop:
    - {product: [fixed]}
    - {environment: mainnet}
    - {ltv_above: "0.9"}
    - {}
""",
    "until_and_retries": """
- stand_in: {path: faults, body: {path: /v5/crypto-loan/ongoing-orders, answer: {ret_code: 10016}, times: 2}}
- treasury.bybit.bybit_loan_info: {product: [legacy], loan_id: "1793401222384701440"}
  until: told is succeeded
  retries: 3
  delay: 0
  register: told
- debug: {var: told}
""",
    "failed_when_and_changed_when": f"""
- treasury.bybit.bybit_loan_info: {_INFO}
  register: told
  failed_when: told.loans | length == 1
- treasury.bybit.bybit_loan_info: {_INFO}
  changed_when: true
- treasury.bybit.bybit_loan_repay: {{order_id: "1", amount: "1"}}
  failed_when: false
- treasury.bybit.bybit_loan_repay: {{order_id: "1794267532472646144", amount: "1"}}
  register: told
  changed_when: told.amount == "2"
- treasury.bybit.bybit_loan_info: {_INFO}
  when: false
""",
    "check_mode_of_single_tasks": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ 1 if ansible_check_mode else 2 }}"}
  check_mode: true
  diff: false
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ 1 if ansible_check_mode else 2 }}"}
  check_mode: false
  diff: true
""",
    "check_mode_of_the_play": """
check_mode: true
tasks:
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ 1 if ansible_check_mode else 2 }}"}
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ 1 if ansible_check_mode else 2 }}"}
    check_mode: false
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ item }}"}
    loop: ["2000", "3"]
""",
    "blocks": """
- block:
    - treasury.bybit.bybit_loan_repay: {order_id: "1", amount: "1"}
      ignore_errors: false
  rescue:
    - debug: {var: ansible_failed_result}
    - debug: {var: ansible_failed_task.name}
  always:
    - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "3"}
""",
    "handlers": """
tasks:
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "3"}
    notify: look
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", max_debt: "5000"}
    notify: never
handlers:
  - name: look
    treasury.bybit.bybit_loan_info: {product: [fixed]}
  - name: never
    treasury.bybit.bybit_loan_info: {}
""",
    "delegation": f"""
hosts: first:second
tasks:
  - treasury.bybit.bybit_loan_info: {_INFO}
    delegate_to: localhost
  - treasury.bybit.bybit_loan_info: {_INFO}
    run_once: true
    register: told
  - debug: {{msg: "{{{{ told.loans | length }}}}"}}
  - local_action: treasury.bybit.bybit_loan_info product=fixed loan_currency=ETH
    run_once: true
  - treasury.bybit.bybit_loan_info: {_INFO}
    delegate_to: "{{{{ item }}}}"
    loop: [second, localhost]
    run_once: true
""",
    "short_name_and_role": f"""
collections: [treasury.bybit]
tasks:
  - bybit_loan_info: {_INFO}
  - action: bybit_loan_info product=fixed loan_currency=ETH
  - action: {{module: treasury.bybit.bybit_loan_info, product: fixed, loan_currency: ETH}}
  - ansible.builtin.include_role: {{name: looking}}
    vars: {{coin: ETH}}
  - ansible.builtin.import_role: {{name: looking}}
    vars: {{coin: usdt}}
""",
    "tags": f"""
tasks:
  - treasury.bybit.bybit_loan_info: {_INFO}
    tags: [always]
  - treasury.bybit.bybit_loan_info: {_INFO}
    tags: [never]
""",
    "free_strategy": """
hosts: first:second
strategy: free
serial: 1
tasks:
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ inventory_hostname | length }}"}
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "-1"}
""",
    "a_task_timeout_that_is_not_reached": f"""
- treasury.bybit.bybit_loan_info: {_INFO}
  timeout: 60
""",
}

# Each is a separate playbook, with its command-line arguments, because it would affect the plays after it.
PLAYBOOKS = {
    "any_errors_fatal": (
        [],
        """
hosts: first:second
ignore_errors: false
any_errors_fatal: true
tasks:
  - treasury.bybit.bybit_loan_repay: {order_id: "{{ '1' if inventory_hostname == 'first' else '1794267532472646144' }}", amount: "5"}
  - debug: {msg: nobody comes here}
""",
    ),
    "a_failure_ends_it": (
        ["-v"],
        """
hosts: first:second
ignore_errors: false
tasks:
  - treasury.bybit.bybit_loan_info: {product: [fixed], loan_id: "{{ '571' if inventory_hostname == 'first' else 'ö' }}"}
  - debug: {msg: "{{ inventory_hostname }} is left"}
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ nobody_knows }}"}
""",
    ),
    "told_on_the_command_line": (
        ["--check", "--diff", "-v", "--tags", "wanted", "-e", "amount=25"],
        """
ignore_errors: false
tasks:
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "{{ amount }}"}
    tags: [wanted]
  - treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, max_ltv: "0.5"}
    tags: [wanted]
    diff: false
  - treasury.bybit.bybit_fixed_loan_repay: {loan_currency: USDT, sweep: true}
    tags: [other]
""",
    ),
}
