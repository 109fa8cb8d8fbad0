# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules do and return: success, nothing to do, a plan, a refusal, and an unknown outcome."""

from __future__ import annotations

CASES = {
    "legacy_success": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100"}
  register: told
- debug: {var: told}
""",
    "flexible_success": """
- treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, amount: "100"}
  diff: true
""",
    "flexible_from_collateral": """
- treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, amount: "100", collateral: [BTC]}
""",
    "fixed_whole": """
- treasury.bybit.bybit_fixed_loan_repay: {loan_id: "570"}
""",
    "fixed_sweep_in_check_mode_with_diff": """
- treasury.bybit.bybit_fixed_loan_repay: {loan_currency: USDT, sweep: true}
  check_mode: true
  diff: true
""",
    "loan_info": """
- treasury.bybit.bybit_loan_info: {}
- treasury.bybit.bybit_loan_info: {product: [fixed], loan_currency: USDT}
  check_mode: true
  diff: true
""",
    "repayment_info": """
- treasury.bybit.bybit_loan_repayment_info: {}
- treasury.bybit.bybit_loan_repayment_info: {product: legacy, status: [success, failed], since: "2020-01-01"}
""",
    "nothing_to_do": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", max_debt: "5000"}
  register: told
- debug: {var: told}
- treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, max_ltv: "0.9"}
- treasury.bybit.bybit_fixed_loan_repay: {loan_currency: XRP, sweep: true}
- treasury.bybit.bybit_loan_repay: {order_id: "1793120457719046144", max_debt: "0"}
""",
    "goals": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", max_debt: "750"}
  diff: true
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", max_ltv: "0.2"}
  check_mode: true
  diff: true
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "300", since: "{{ now(utc=true).strftime('%Y-%m-%d') }}"}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", max_debt: "0", at_most: "10", allow_partial: true}
""",
    "check_mode_of_all": """
check_mode: true
diff: true
tasks:
  - treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100"}
  - treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, amount: "100"}
  - treasury.bybit.bybit_fixed_loan_repay: {loan_id: "570"}
  - treasury.bybit.bybit_loan_info: {}
  - treasury.bybit.bybit_loan_repayment_info: {}
""",
    "check_mode_of_a_refusal": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "5000"}
  check_mode: true
  diff: true
""",
    "refused_before_it_is_sent": """
- treasury.bybit.bybit_loan_repay: {order_id: "1", amount: "100"}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100.00001"}
- treasury.bybit.bybit_flexible_loan_repay: {loan_currency: DOGE, amount: "1"}
- treasury.bybit.bybit_fixed_loan_repay: {loan_id: "1"}
""",
    "refused_by_the_exchange": """
- stand_in: {path: faults, body: {method: POST, path: /v5/crypto-loan/repay, answer: {ret_code: 177011, ret_msg: "too much é"}}}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100"}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100", api_key: sandbox-key-readonly}
- treasury.bybit.bybit_loan_info: {api_key: sandbox-key-expired}
- treasury.bybit.bybit_loan_repayment_info: {api_key: sandbox-key-no-permission, product: [legacy]}
- treasury.bybit.bybit_flexible_loan_repay: {loan_currency: USDT, amount: "1", api_key: sandbox-key-other-ip}
""",
    "unavailable_product_is_a_warning": """
- treasury.bybit.bybit_loan_info: {api_key: sandbox-key-no-permission}
  register: told
- debug: {var: told.warnings}
- stand_in: {path: faults, body: {path: /v5/crypto-loan/ongoing-orders, answer: {ret_code: 10005}}}
- treasury.bybit.bybit_loan_info: {}
""",
    "lost_answer": """
- stand_in: {path: faults, body: {method: POST, path: /v5/crypto-loan/repay, answer: reset}}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100"}
  register: told
- debug: {var: told}
""",
    "unknown_then_recovered_then_told": """
- stand_in: {path: faults, body: {method: POST, path: /v5/crypto-loan/repay, answer: html_502}}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100", wait_timeout: 0, journal: "{{ playbook_dir }}/unknown/journal.sqlite"}
# Longer than recv_window, so that neither way has to wait for its end.
- ansible.builtin.wait_for: {timeout: 6}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "7", journal: "{{ playbook_dir }}/unknown/journal.sqlite"}
  register: told
- debug: {var: told}
""",
    "an_answer_that_is_no_json": """
- stand_in: {path: faults, body: {path: /v5/crypto-loan/ongoing-orders, answer: html_502, times: 0}}
- treasury.bybit.bybit_loan_info: {product: [legacy]}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100"}
""",
    "nobody_listens": """
- treasury.bybit.bybit_loan_repay: {api_url: "http://127.0.0.1:1", order_id: "1794267532472646144", amount: "100"}
- treasury.bybit.bybit_loan_info: {api_url: "https://127.0.0.1:1", validate_certs: false}
  register: told
- debug: {var: told}
""",
    "rate_limit_without_patience": """
- stand_in: {path: faults, body: {path: /v5/crypto-loan/ongoing-orders, answer: {ret_code: 10006}, times: 0}}
- treasury.bybit.bybit_loan_info: {rate_limit_timeout: 0, product: [legacy]}
""",
    "a_journal_that_cannot_be_used": """
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100", journal: /proc/nothing/here}
- treasury.bybit.bybit_loan_repay: {order_id: "1794267532472646144", amount: "100", journal: relative}
""",
}
