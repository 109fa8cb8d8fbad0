# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy does and returns: a plan, its execution, check mode, a refusal, and an unknown outcome."""

from __future__ import annotations

_CAP = """{name: at most 4000, loans: {product: flexible, coin: USDT}, max_debt: "4000"}"""
_INSTALLMENT = """{name: monthly, loans: {product: legacy, id: "1794267532472646144", coin: USDT}, installment: {amount: "100", per: month}}"""
_LTV = """{name: safe, ltv: {above: "0.30", down_to: "0.28"}, using: [{add_collateral: [ETH]}, repay]}"""
_DUE = """{name: due, before_maturity: 1d}"""
_LIMITS = """{per_run: {USDT: "900", usd: "5000"}}"""

# No two plans of a case are alike, because in the same second they would have the same digest.
CASES = {
    "policy_plan_without_a_file": f"""
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{_DUE}, {_INSTALLMENT}, {_CAP}, {_LTV}], limits: {_LIMITS}}}
  register: told
- debug: {{var: told}}
""",
    "policy_plan_with_a_file_then_applied_twice": f"""
vars:
  plan_file: "{{{{ playbook_dir }}}}/plan.json"
tasks:
  - treasury.bybit.bybit_loan_policy: {{mode: plan, plan_file: "{{{{ plan_file }}}}", plan_expires_after: 12h, rules: [{_INSTALLMENT}, {_CAP}]}}
    diff: true
  - treasury.bybit.bybit_loan_policy: {{mode: apply, plan_file: "{{{{ plan_file }}}}", rules: [{_INSTALLMENT}]}}
  - treasury.bybit.bybit_loan_policy: {{mode: apply, plan_file: plan.json, rules: [{_INSTALLMENT}, {_CAP}]}}
    diff: true
  - treasury.bybit.bybit_loan_policy: {{mode: apply, plan_file: "{{{{ plan_file }}}}", rules: [{_INSTALLMENT}, {_CAP}]}}
""",
    "policy_executed_and_kept": f"""
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}, {_CAP}]}}
  diff: true
  register: told
- debug: {{var: told}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}, {_CAP}]}}
""",
    "policy_from_unified_within_limits": f"""
- stand_in: {{path: wallet, body: {{coin: USDT, balance: "300"}}}}
- treasury.bybit.bybit_loan_policy:
    {{mode: apply, rules: [{_CAP}], funds: {{from: [funding, unified], keep: {{USDT: "200"}}}}, limits: {_LIMITS}}}
""",
    "policy_check_mode_with_diff": f"""
check_mode: true
diff: true
tasks:
  - treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_CAP}, {_LTV}], stress: {{BTC: "-20%"}}}}
  - treasury.bybit.bybit_loan_policy: {{mode: plan, plan_file: unwritten.json, rules: [{_CAP}]}}
  - treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{{name: enough, loans: {{coin: USDT}}, max_debt: "100000"}}]}}
""",
    "policy_refused": f"""
- treasury.bybit.bybit_loan_policy:
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: []}}
- treasury.bybit.bybit_loan_policy: {{mode: often, rules: [{_CAP}]}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{{name: both, max_debt: "1", before_maturity: 3d, loans: {{coin: USDT}}}}]}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{{name: unquoted, max_debt: 0.1, loans: {{coin: USDT}}}}]}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{{max_debt: "1", unheard: "é"}}]}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{{name: high, ltv: {{above: liquidation + 0.05, down_to: "0.1"}}}}]}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{_CAP}, {_CAP}]}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{_CAP}], limits: {{per_run: {{usd: "{{{{ 1 / 3 }}}}"}}}}}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_CAP}], plan_file: ""}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_CAP}], plan_file: nowhere.json}}
- treasury.bybit.bybit_loan_policy: {{mode: plan, rules: [{_CAP}], plan_file: /proc/nothing/plan.json}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}], api_key: sandbox-key-readonly}}
""",
    "policy_refused_by_the_exchange": f"""
- stand_in: {{path: faults, body: {{method: POST, path: /v5/crypto-loan/repay, answer: {{ret_code: 177011, ret_msg: "too much é"}}}}}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}, {_CAP}]}}
  register: told
- debug: {{var: told}}
""",
    "policy_lost_answer": f"""
- stand_in: {{path: faults, body: {{method: POST, path: /v5/crypto-loan-flexible/repay, answer: reset}}}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}, {_CAP}]}}
  register: told
- debug: {{var: told}}
""",
    "policy_unknown_then_recovered": f"""
- stand_in:
    path: faults
    body: {{method: POST, path: /v5/crypto-loan/repay, answer: html_502, history_delay_ms: 1500, debt_delay_ms: 1500, wallet_delay_ms: 1500}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}, {_CAP}], wait_timeout: 0}}
# Longer than recv_window and the delays, so that neither way has to wait for their end.
- ansible.builtin.wait_for: {{timeout: 3}}
- treasury.bybit.bybit_loan_policy: {{mode: apply, rules: [{_INSTALLMENT}, {_CAP}]}}
  register: told
- debug: {{var: told}}
""",
    "policy_defaults": f"""
module_defaults:
  group/treasury.bybit.bybit: {{recv_window: 1000}}
  treasury.bybit.bybit_loan_policy: {{mode: apply, settle_margin: 0, rules: [{_CAP}]}}
tasks:
  - treasury.bybit.bybit_loan_policy: {{mode: plan}}
  - treasury.bybit.bybit_loan_policy: {{rules: [{_INSTALLMENT}]}}
  - treasury.bybit.bybit_loan_policy: {{}}
""",
}
