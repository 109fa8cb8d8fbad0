#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bybit_loan_info
short_description: List the open crypto loans on Bybit
version_added: 0.1.0
author:
  - The treasury.bybit contributors (!UNKNOWN)
description:
  - Returns the open legacy, flexible and fixed crypto loans of an account in one list with the same fields, their totals for each coin, and
    the position of the account.
  - Filters can be combined. A loan is returned if it matches all of them.
  - Uses the calls C(GET /v5/crypto-loan/ongoing-orders), C(GET /v5/crypto-loan/collateral-data),
    C(GET /v5/crypto-loan-flexible/ongoing-coin), C(GET /v5/crypto-loan-fixed/borrow-contract-info),
    C(GET /v5/crypto-loan-common/position) and C(GET /v5/market/time).
extends_documentation_fragment:
  - treasury.bybit.attributes
  - treasury.bybit.attributes.group
  - treasury.bybit.connection
  - treasury.bybit.query
options:
  ltv_above:
    description:
      - Only loans with an LTV above this fraction, such as V("0.7"), as the exchange displays it. The LTV of a legacy loan is its own.
        The LTV of flexible and fixed loans is that of the account, so either all of them match or none.
      - If the LTV of the account cannot be read, flexible and fixed loans are treated as unavailable products.
      - A quoted decimal number, at least V(0) and less than V(1).
    type: raw
  matures_within:
    description:
      - Only loans that are due within this time from now, or are overdue, as whole days such as V(3d), or hours such as V(36h).
        V(0d) means only overdue loans.
      - Loans without a term, such as flexible loans, are never due.
    type: str
seealso:
  - module: treasury.bybit.bybit_loan_repayment_info
  - module: treasury.bybit.bybit_loan_repay
  - module: treasury.bybit.bybit_flexible_loan_repay
  - module: treasury.bybit.bybit_fixed_loan_repay
  - name: Crypto loans of the new generation
    description: The exchange's documentation of flexible and fixed loans.
    link: https://bybit-exchange.github.io/docs/v5/new-crypto-loan/loan-coin
  - name: Legacy crypto loans
    description: The exchange's documentation of the list of open loans.
    link: https://bybit-exchange.github.io/docs/v5/crypto-loan/unpaid-loan-order
"""

EXAMPLES = r"""
---
- name: Show what is owed
  block:
    - name: List all open loans
      treasury.bybit.bybit_loan_info:
        environment: testnet
      register: owed

    - name: Show the debt in each coin and the LTV of the account
      ansible.builtin.debug:
        msg: "{{ owed.totals | items2dict(key_name='coin', value_name='debt') }}, LTV {{ owed.position.ltv | default('unknown') }}"

- name: List loans that are close to a margin call
  treasury.bybit.bybit_loan_info:
    environment: testnet
    ltv_above: "0.75"

- name: Repay the fixed loans that are due within three days
  block:
    - name: List them
      treasury.bybit.bybit_loan_info:
        environment: testnet
        product: fixed
        matures_within: 3d
      register: due

    - name: Repay each of them
      treasury.bybit.bybit_fixed_loan_repay:
        environment: testnet
        loan_id: "{{ item.id }}"
      loop: "{{ due.loans }}"
      loop_control:
        label: "{{ item.id }}, {{ item.debt }} {{ item.coin }}, due {{ item.maturity_time }}"

- name: Read one legacy loan
  treasury.bybit.bybit_loan_info:
    environment: testnet
    product: legacy
    loan_id: "1794267532472646144"
"""

RETURN = r"""
msg:
  description: How many loans were found for each product. On failure, what went wrong and what to do about it.
  returned: always
  type: str
  sample: "11 open loans (5 legacy, 2 flexible, 4 fixed)."
loans:
  description: The open loans, with amounts as decimal strings in the loan's coin. Legacy loans first, then flexible, then fixed loans.
  returned: success
  type: list
  elements: dict
  contains:
    product:
      description: V(legacy), V(flexible) or V(fixed).
      type: str
      returned: always
      sample: legacy
    id:
      description: The exchange's ID of the loan, as the repay modules expect it; V(none) for a flexible loan.
      type: str
      returned: always
      sample: "1793401222384701440"
    status:
      description: Always V(open).
      type: str
      returned: always
      sample: open
    coin:
      description: The coin that was borrowed.
      type: str
      returned: always
      sample: USDT
    debt:
      description: The total of unpaid principal, interest and penalty interest.
      type: str
      returned: always
      sample: "501.84305840"
    principal:
      description: Unpaid principal.
      type: str
      returned: always
      sample: "500"
    interest:
      description: Unpaid interest. The interest of a fixed loan is paid when the loan is taken out.
      type: str
      returned: always
      sample: "1.5178128"
    penalty_interest:
      description: Unpaid penalty interest of an overdue loan.
      type: str
      returned: always
      sample: "0.3252456"
    hourly_rate:
      description: The hourly interest rate, as a fraction of the principal; V(none) if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.0000180692"
    annual_rate:
      description: The interest rate for 365 days, as a fraction without compounding; V(none) if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.158286192"
    collateral_coin:
      description: The coin of the loan's own collateral; V(none) if the account's collateral secures it.
      type: str
      returned: always
      sample: ETH
    collateral_amount:
      description: The loan's own collateral, in its coin; V(none) if it has none, or if the exchange does not provide it.
      type: str
      returned: always
      sample: "0.4"
    ltv:
      description:
        - Debt divided by collateral, as a fraction. A legacy loan has its own, with four decimal places. Flexible and fixed loans have
          that of the account, with six decimal places; V(none) if it cannot be read.
      type: str
      returned: always
      sample: "0.4182"
    margin_call_ltv:
      description:
        - The LTV that triggers a margin call; V(none) for flexible and fixed loans, for which the exchange provides none. If it depends on
          the level of the account, the lowest one.
      type: str
      returned: always
      sample: "0.87"
    liquidation_ltv:
      description: The LTV that triggers liquidation; otherwise like RV(loans[].margin_call_ltv).
      type: str
      returned: always
      sample: "0.95"
    maturity_time_ms:
      description: When the loan is due, in milliseconds since 1970 (UTC); V(none) for a loan without a term.
      type: int
      returned: always
      sample: 1793448000000
    maturity_time:
      description: The same as ISO 8601 in UTC.
      type: str
      returned: always
      sample: "2026-10-31T12:00:00Z"
    is_overdue:
      description: Whether the loan is past its due date.
      type: bool
      returned: always
      sample: true
totals:
  description: The totals of RV(loans) for each coin.
  returned: success
  type: list
  elements: dict
  contains:
    coin:
      description: The coin.
      type: str
      returned: always
      sample: USDT
    debt: &debt
      description: The total of unpaid principal, interest and penalty interest.
      type: str
      returned: always
      sample: "501.8430584"
    principal: &principal
      description: Unpaid principal.
      type: str
      returned: always
      sample: "500"
    interest: &interest
      description: Unpaid interest.
      type: str
      returned: always
      sample: "1.5178128"
    penalty_interest: &penalty_interest
      description: Unpaid penalty interest.
      type: str
      returned: always
      sample: "0.3252456"
    loans: &loans
      description: The number of loans.
      type: int
      returned: always
      sample: 1
    by_product:
      description: The same totals for each product.
      type: dict
      returned: always
      contains:
        legacy: &sums
          description: The totals for this product.
          type: dict
          returned: if it has loans in this coin
          contains:
            debt: *debt
            principal: *principal
            interest: *interest
            penalty_interest: *penalty_interest
            loans: *loans
        flexible: *sums
        fixed: *sums
position:
  description:
    - Debt and collateral of all flexible and fixed loans of the account, without legacy loans. The filters do not affect it.
    - V(none) if only legacy loans were requested, or if the account cannot use it.
  returned: success
  type: dict
  contains:
    ltv:
      description: Debt divided by collateral, as a fraction with six decimal places.
      type: str
      returned: if the position is known
      sample: "0.584023"
    total_debt_usd:
      description: The debt in USD.
      type: str
      returned: if the position is known
      sample: "10630.79"
    total_collateral_usd:
      description: The value of the collateral in USD, after the exchange's collateral ratios.
      type: str
      returned: if the position is known
      sample: "18240"
    debts:
      description: The debt in each coin.
      type: list
      elements: dict
      returned: if the position is known
      contains:
        coin:
          description: The coin.
          type: str
          returned: always
          sample: USDT
        flexible:
          description: The debt of the flexible loan, in the coin.
          type: str
          returned: always
          sample: "4988.88888939"
        flexible_usd:
          description: The same in USD.
          type: str
          returned: always
          sample: "4988.89"
        fixed:
          description: The debt of the fixed contracts, in the coin.
          type: str
          returned: always
          sample: "2300.0856"
        fixed_usd:
          description: The same in USD.
          type: str
          returned: always
          sample: "2300.09"
    collateral:
      description: The collateral in each coin.
      type: list
      elements: dict
      returned: if the position is known
      contains:
        coin:
          description: The coin.
          type: str
          returned: always
          sample: BTC
        amount:
          description: The amount, in the coin.
          type: str
          returned: always
          sample: "0.25"
        amount_usd:
          description: Its value in USD, after the exchange's collateral ratio.
          type: str
          returned: always
          sample: "12000"
unavailable:
  description:
    - The products that the account cannot use, for example because the key lacks a permission, or because the exchange does not serve
      the call any more. If O(product) lists such a product, the module fails instead.
    - The module also fails if a read fails for another reason, such as the network.
  returned: success
  type: list
  elements: dict
  contains:
    product:
      description: V(legacy), V(flexible) or V(fixed).
      type: str
      returned: always
      sample: legacy
    reason:
      description: What the exchange answered, what that means, and what to do about it.
      type: str
      returned: always
      sample: >-
        Bybit refused GET /v5/crypto-loan/ongoing-orders: the host does not serve this call (HTTP 404). Check environment or api_url.
    failure:
      description: The request that was refused; like RV(failure).
      type: dict
      returned: always
      sample: &failure
        ret_code: 10005
        ret_msg: Permission denied
        http_status: 200
        request_id: 4a1f0c3e-8f1b-4a59-9f0e-0d6d6c0a6a55
        outcome: not_executed
api_host:
  description: The host that was used, with the port if the URL has one.
  returned: when the connection options are valid
  type: str
  sample: api-testnet.bybit.com
failure:
  description:
    - The request that failed; V(none) if the module failed for another reason.
    - C(ret_code) and C(ret_msg) are the exchange's return code and message; C(ret_code) is V(none) without a usable answer.
    - C(http_status) is V(none) without an answer. C(request_id) was sent with the request; the exchange's support asks for it.
    - C(outcome) is always V(not_executed), because the module only reads.
  returned: failure, unless Ansible itself refuses the options or a Python library is missing
  type: dict
  sample: *failure
details:
  description: What helps to investigate a run.
  returned: when the options are valid
  type: dict
  contains:
    waits:
      description: One sentence for each wait of two seconds or more. It is also written to the system's log when the wait begins.
      type: list
      elements: str
      returned: always
      sample: []
    gate_retries:
      description:
        - How often a request was sent again because the exchange had rejected it before processing it, for its timestamp
          (C(clock_syncs)) or for the rate limit (C(rate_limits)), and how long it waited for the rate limit in total.
      type: dict
      returned: always
      sample:
        clock_syncs: 0
        rate_limits: 0
        rate_limit_wait_ms: 0
"""

from ansible_collections.treasury.bybit.plugins.module_utils._clock import Clock
from ansible_collections.treasury.bybit.plugins.module_utils._info.loans import list_loans
from ansible_collections.treasury.bybit.plugins.module_utils._module.info import run_query
from ansible_collections.treasury.bybit.plugins.module_utils._module.interface import Module, Spec, run_as_process
from ansible_collections.treasury.bybit.plugins.module_utils._options.connection import connection_argument_spec
from ansible_collections.treasury.bybit.plugins.module_utils._options.info import loan_argument_spec, parse_loan_query

SPEC = Spec({**connection_argument_spec(), **loan_argument_spec()}, {})


def run(module: Module, clock: Clock | None = None) -> None:
    run_query(module, parse_loan_query, list_loans, clock)


def main(clock: Clock | None = None) -> None:
    run_as_process(SPEC, lambda module: run(module, clock))


if __name__ == "__main__":
    main()
